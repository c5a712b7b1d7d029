"""Predictions and labels at the door: what they must look like, and one sentence where they do not."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote

__all__ = ["Rows", "check_choice", "scored", "top_label"]


class Rows(NamedTuple):
    """What was predicted, what came, and how much a row counts.

    Attributes:
        scores: probabilities or logits, shape ``(n,)`` or ``(n, k)``.
        labels: 0 and 1 in the dtype of the scores, or classes as integers; shape ``(n,)``.
        weights: shape ``(n,)``, or a single one for all.
    """

    scores: Array
    labels: Array
    weights: Array


def scored(
    scores: ArrayLike,
    labels: ArrayLike | None,
    weights: ArrayLike | None = None,
    *,
    logits: bool = False,
    least: int = 1,
    cast: bool = True,
) -> Rows:
    """Checked rows: of probabilities, or of ``logits``; at least so many. Without ``cast`` labels keep their type."""
    name = "logits" if logits else "probs"
    if np.ndim(scores) not in (1, 2):
        raise ValueError(f"`{name}` must have shape (n,) or (n, k); got {np.shape(scores)}.")
    if np.ndim(scores) == 2 and np.shape(scores)[1] < 2:
        raise ValueError(f"`{name}` must have at least two columns, or one axis; got shape {np.shape(scores)}.")
    if labels is None:
        raise ValueError(f"`labels` must come with `{name}`; got none.")
    n = np.shape(scores)[0]
    if np.shape(labels) != (n,):
        raise ValueError(f"`labels` must have shape ({n},), one for each row; got {np.shape(labels)}.")
    if n < least:
        raise ValueError(f"`{name}` must have at least {least} row{'s' * (least > 1)}; got {n}.")
    _check_numbers(name, scores)
    if concrete(scores):
        (_check_logits if logits else _check_probs)(np.asarray(scores))
    if weights is not None and np.ndim(weights) and np.shape(weights) != (n,):
        raise ValueError(f"`weights` must have shape ({n},), one for each row; got {np.shape(weights)}.")
    z, w = promote(scores, 1.0 if weights is None else weights)
    if weights is not None and concrete(w):
        _check_weights(np.asarray(w))
    return Rows(z, _labels(labels, z, cast), w)


def top_label(rows: Rows) -> Rows:
    """Probability of the class that was predicted, and whether it came."""
    if rows.scores.ndim == 1:
        return rows
    hit = jnp.argmax(rows.scores, -1) == rows.labels
    return Rows(jnp.max(rows.scores, -1), hit.astype(rows.scores.dtype), rows.weights)


def check_choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Raise ``ValueError`` unless an option is one of those there are."""
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")


def _check_numbers(name: str, values: Any) -> None:
    kind = getattr(values, "dtype", np.asarray(values).dtype if concrete(values) else np.dtype(float)).kind
    if kind not in "biufV":  # V: bfloat16
        raise ValueError(f"`{name}` must be numbers; got {np.asarray(values).dtype}.")


def _check_probs(p: np.ndarray) -> None:
    eps = float(np.finfo(p.dtype).eps) if p.dtype.kind == "f" else 0.0
    if not _plainly_inside(p) and not (p.min() >= -4.0 * eps and p.max() <= 1.0 + 4.0 * eps):
        bad = ~((p >= -4.0 * eps) & (p <= 1.0 + 4.0 * eps))
        place = np.argwhere(bad)[0]
        raise ValueError(f"`probs` must lie in [0, 1]; got {p[tuple(place)]} in row {place[0]}.")
    if p.ndim == 2:
        gaps = p.sum(1, dtype=np.result_type(p.dtype, np.float32)) - 1.0
        if np.max(np.abs(gaps)) > 1e-6 + 4.0 * p.shape[1] * eps:
            row = int(np.argmax(np.abs(gaps)))
            raise ValueError(f"`probs` must sum to 1 in each row; got a sum off by {gaps[row]:+.3g} in row {row}.")


def _plainly_inside(p: np.ndarray) -> bool:
    """Whether all lie in [0, 1], in one pass: as whole numbers, bits of what is negative or no number are larger than 1's."""
    if p.dtype not in (np.float32, np.float64) or not p.flags.c_contiguous:
        return False
    bits = np.dtype(f"u{p.dtype.itemsize}")
    return bool(p.view(bits).max() <= np.ones(1, p.dtype).view(bits)[0])


def _check_logits(z: np.ndarray) -> None:
    if not np.isfinite(z.min() + z.max()):
        bad = ~np.isfinite(z)
        if bad.any():
            place = np.argwhere(bad)[0]
            raise ValueError(f"`logits` must be finite; got {z[tuple(place)]} in row {place[0]}.")


def _check_weights(w: np.ndarray) -> None:
    if not (np.isfinite(w).all() and w.min() >= 0 and w.sum() > 0):
        raise ValueError("`weights` must be finite, not negative and not all zero; got others.")


def _labels(labels: Any, scores: Array, cast: bool) -> Array:
    binary = scores.ndim == 1
    expected = "0 or 1" if binary else f"whole numbers from 0 to {scores.shape[1] - 1}"
    if concrete(labels):
        y = np.asarray(labels)
        if y.dtype.kind not in "biuf":
            raise ValueError(
                f"`labels` must be {expected}; got {y.ravel()[0]!r}: say which class counts, as in labels == 'yes'."
            )
        top = 1 if binary else scores.shape[1] - 1
        if y.dtype.kind == "i" and y.flags.c_contiguous:
            fine = y.view(y.dtype.str.replace("i", "u")).max() <= top  # what is negative is large
        else:
            fine = y.min() >= 0 and y.max() <= top and (y.dtype.kind in "bu" or (y == np.floor(y)).all())
        if not fine:
            bad = ~((y >= 0) & (y <= top) & (y == np.floor(y)))
            row = int(np.argmax(bad))
            raise ValueError(f"`labels` must be {expected}; got {y[row]} in row {row}.")
        labels = y if isinstance(labels, np.ndarray | list | tuple) else labels
    found = jnp.asarray(labels)
    return found.astype(scores.dtype if binary else jnp.int32) if cast else found
