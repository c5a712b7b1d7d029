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

__all__ = ["Ranking", "binary_rows", "ranked", "row_counts"]


class Ranking(NamedTuple):
    """Rows in falling order of their scores, each of shape ``(n,)``.

    Attributes:
        score: nan in every row where one is missing. label: 0 or 1, as integers. times: how often the row came.
        alerts: rows that score at least as much. hits: positives among them; both integers.
        first: place of the first row with the same score. last: whether this is the last of them.
    """

    score: Array
    label: Array
    times: Array
    alerts: Array
    hits: Array
    first: Array
    last: Array


def ranked(scores: ArrayLike, labels: ArrayLike, counts: ArrayLike | None = None) -> Ranking:
    """Checked rows, ranked.

    Raises:
        ValueError: other shapes, scores that are not numbers or are missing, labels other than 0 and 1, counts below 0.
    """
    rows = (*binary_rows(scores, labels), row_counts(scores, counts))
    if on_host(*rows):
        order = np.argsort(-np.asarray(rows[0]), kind="stable")
        return _grouped(*(v if v.ndim == 0 else jnp.asarray(np.asarray(v)[order]) for v in rows))
    order = jnp.argsort(-rows[0])
    return _grouped(*(v if v.ndim == 0 else v[order] for v in rows))


def row_counts(scores: ArrayLike, counts: ArrayLike | None) -> Array:
    """How often each row came, as integers: one for all where nothing is said."""
    if counts is None:
        return jnp.ones((), jnp.int32)
    if np.shape(counts) != np.shape(scores):
        raise ValueError(f"`counts` must have shape {np.shape(scores)}, one for each row; got {np.shape(counts)}.")
    if concrete(counts):
        times = np.asarray(counts)
        if times.dtype.kind not in "biuf" or not ((times >= 0) & (times == np.floor(times))).all() or not times.any():
            raise ValueError("`counts` must be whole numbers, not negative and not all zero; got others.")
    return jnp.asarray(counts).astype(int)


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
def _grouped(s: Array, y: Array, times: Array) -> Ranking:
    n, once = s.shape[0], times.ndim == 0
    times = jnp.broadcast_to(times, s.shape)
    s = jnp.where(jnp.any(jnp.isnan(s)), jnp.nan, s)
    place = jnp.arange(n, dtype=jnp.int32)
    new = s[1:] != s[:-1]
    opens = jnp.concatenate([jnp.ones(1, bool), new])
    last = jnp.concatenate([new, jnp.ones(1, bool)])
    first = lax.cummax(jnp.where(opens, place, 0))
    end = lax.cummin(jnp.where(last, place, n - 1), reverse=True)
    alerts = end + 1 if once else jnp.cumsum(times)[end]
    return Ranking(s, y, times, alerts, jnp.cumsum(y * times)[end], first, last)
