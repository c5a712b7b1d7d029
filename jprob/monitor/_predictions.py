"""Predictions and labels at the door of diagnosis: shapes, values, and one sentence where they do not fit."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, finfo, promote
from jprob.monitor._inputs import numbers

__all__ = [
    "checked_labels",
    "checked_probs",
    "each_class",
    "log_odds",
    "logs",
    "of_classes",
    "predicted",
    "same_classes",
]

_SLACK = 1e-5  # of a row's sum, in single precision


def checked_probs(name: str, probs: ArrayLike) -> Array:
    """Probabilities of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``; of two columns, the second.

    Raises:
        ValueError: another shape, no rows, rows that are no probabilities.
    """
    numbers(name, probs)
    (p,) = promote(probs)
    if p.ndim not in (1, 2) or (p.ndim == 2 and p.shape[1] < 2):
        raise ValueError(f"`{name}` must have shape (n,) or (n, k), k at least 2; got {p.shape}.")
    if not p.shape[0]:
        raise ValueError(f"`{name}` must have at least one row; got none.")
    if concrete(p):
        _check(name, np.asarray(p))
    return p[:, 1] if p.ndim == 2 and p.shape[1] == 2 else p


def checked_labels(name: str, labels: ArrayLike, probs: Array) -> Array:
    """Labels 0 and 1, or classes, as integers, one for each row of the probabilities.

    Raises:
        ValueError: another number of them, or others.
    """
    if np.shape(labels) != probs.shape[:1]:
        raise ValueError(f"`{name}` must have shape {probs.shape[:1]}, one for each row; got {np.shape(labels)}.")
    top = 1 if probs.ndim == 1 else probs.shape[1] - 1
    if concrete(labels):
        y = np.asarray(labels)
        if y.dtype.kind not in "biuf":
            raise ValueError(f"`{name}` must be whole numbers from 0 to {top}; got {y.ravel()[0].item()!r}.")
        bad = ~((y >= 0) & (y <= top) & (y == np.floor(y)))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"`{name}` must be whole numbers from 0 to {top}; got {y[row]} in row {row}.")
        return jnp.asarray(y.astype(np.int32))
    return jnp.asarray(labels).astype(jnp.int32)


def same_classes(reference: Array, current: Array, names: tuple[str, str]) -> None:
    """Raise ``ValueError`` unless both samples are predictions of the same classes."""
    if reference.shape[1:] != current.shape[1:]:
        shape = "(n,)" if reference.ndim == 1 else f"(n, {reference.shape[1]})"
        raise ValueError(f"`{names[1]}` must have shape {shape}, the classes of `{names[0]}`; got {current.shape}.")


def each_class(name: str, labels: Array, num_classes: int) -> None:
    """Raise ``ValueError`` unless every class has a row."""
    if concrete(labels):
        absent = np.setdiff1d(np.arange(num_classes), np.asarray(labels))
        if absent.size:
            raise ValueError(f"`{name}` must hold each class at least once; got none of {absent[0]}.")


def of_classes(probs: Array) -> Array:
    """Shape ``(n, k)``, also of two classes."""
    return jnp.stack([1.0 - probs, probs], -1) if probs.ndim == 1 else probs


def predicted(probs: Array) -> Array:
    """The class of the largest probability; label 1 where it is above one half."""
    return (probs > 0.5).astype(jnp.int32) if probs.ndim == 1 else jnp.argmax(probs, -1).astype(jnp.int32)


def logs(probs: Array) -> Array:
    """Logits of classes, shape ``(n, k)``: of two from log odds, and 0 as the smallest step from 1, which has a log."""
    if probs.ndim == 1:
        return jnp.stack([jnp.zeros_like(probs), log_odds(probs)], -1)
    return jnp.log(jnp.maximum(probs, 0.5 * finfo(probs).eps))


def log_odds(probs: Array) -> Array:
    """Log odds; 0 and 1, which have none, as their nearest neighbours that have."""
    step = 0.5 * finfo(probs).eps
    held = jnp.clip(probs, step, 1.0 - step)
    return jnp.log(held) - jnp.log1p(-held)


def _check(name: str, p: Any) -> None:
    slack = 4.0 * float(np.finfo(p.dtype).eps) if p.dtype.kind == "f" else 1e-2
    bad = ~((p >= -slack) & (p <= 1.0 + slack))
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        raise ValueError(f"`{name}` must lie in [0, 1]; got {p[place]} in row {place[0]}.")
    if p.ndim == 2:
        gaps = p.sum(1) - 1.0
        if np.abs(gaps).max() > _SLACK + p.shape[1] * slack:
            row = int(np.argmax(np.abs(gaps)))
            raise ValueError(f"`{name}` must sum to 1 in each row; got a sum off by {gaps[row]:+.3g} in row {row}.")
