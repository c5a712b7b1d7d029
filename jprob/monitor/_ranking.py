"""Rows by falling score, and how many of them and of the positives lie at or above each: ties are one threshold."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.monitor._inputs import numbers
from jprob.monitor._pooled import on_host

__all__ = ["Ranking", "binary_rows", "ranked"]


class Ranking(NamedTuple):
    """Rows in falling order of their scores, each of shape ``(n,)``.

    Attributes:
        score: nan in every row where one is missing. label: 0 or 1, as integers.
        alerts: rows that score at least as much. hits: positives among them; both integers.
        first: place of the first row with the same score. last: whether this is the last of them.
    """

    score: Array
    label: Array
    alerts: Array
    hits: Array
    first: Array
    last: Array


def ranked(scores: ArrayLike, labels: ArrayLike) -> Ranking:
    """Checked rows, ranked.

    Raises:
        ValueError: other shapes, scores that are not numbers or are missing, labels other than 0 and 1.
    """
    s, y = binary_rows(scores, labels)
    if on_host(s, y):
        order = np.argsort(-np.asarray(s), kind="stable")
        return _grouped(jnp.asarray(np.asarray(s)[order]), jnp.asarray(np.asarray(y)[order]))
    order = jnp.argsort(-s)
    return _grouped(s[order], y[order])


def binary_rows(scores: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Scores as floats and labels as integers, checked where they are known."""
    numbers("scores", scores)
    if np.ndim(scores) != 1 or np.shape(scores)[0] == 0:
        raise ValueError(f"`scores` must have shape (n,), n at least 1; got {np.shape(scores)}.")
    if np.shape(labels) != np.shape(scores):
        raise ValueError(f"`labels` must have shape {np.shape(scores)}, one for each row; got {np.shape(labels)}.")
    if concrete(scores):
        missing = np.isnan(np.asarray(scores, float))
        if missing.any():
            raise ValueError(f"`scores` must not be missing; got nan in row {int(np.argmax(missing))}.")
    if concrete(labels):
        y = np.asarray(labels)
        if y.dtype.kind not in "biuf":
            raise ValueError(f"`labels` must be 0 or 1; got {y[0]!r}: say which class counts, as in labels == 'yes'.")
        bad = (y != 0) & (y != 1)
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"`labels` must be 0 or 1; got {y[row]} in row {row}.")
        return promote(scores)[0], jnp.asarray(y.astype(np.int32))
    return promote(scores)[0], jnp.asarray(labels).astype(jnp.int32)


@jax.jit
def _grouped(s: Array, y: Array) -> Ranking:
    n = s.shape[0]
    s = jnp.where(jnp.any(jnp.isnan(s)), jnp.nan, s)
    place = jnp.arange(n, dtype=jnp.int32)
    new = s[1:] != s[:-1]
    opens = jnp.concatenate([jnp.ones(1, bool), new])
    last = jnp.concatenate([new, jnp.ones(1, bool)])
    first = lax.cummax(jnp.where(opens, place, 0))
    end = lax.cummin(jnp.where(last, place, n - 1), reverse=True)
    return Ranking(s, y, end + 1, jnp.cumsum(y)[end], first, last)
