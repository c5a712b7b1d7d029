"""Bins that the reference freezes: open at both ends, missing values apart, and atoms in bins of their own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob.monitor._pooled import on_host, ordered

__all__ = ["cell_counts", "frozen_cuts", "untied"]

MOST = 2**14  # rows that quantiles are taken of; beyond, every so many-th row


def frozen_cuts(x: Array, num_bins: int) -> Array:
    """Cuts between bins of about equal shares of the reference, shape ``(columns, num_bins − 1)``.

    A value v belongs to the bin of the first cut ``c ≥ v``. Where several quantiles are one value, that value is an atom:
    the first of them becomes the next smaller number, so that what is below, at and above the atom are three bins.
    """
    n = x.shape[1]
    num_bins = min(num_bins, max(2, n // 2))
    x = ordered(x[:, :: max(1, n // MOST)])
    return _cuts(x, num_bins)


@jax.jit(static_argnums=1)
def _cuts(x: Array, num_bins: int) -> Array:
    present = jnp.sum(~jnp.isnan(x), 1, keepdims=True)
    rank = (jnp.arange(1, num_bins) * present) // num_bins - 1
    at = jnp.clip(rank, 0, x.shape[1] - 1)
    cuts = jnp.take_along_axis(x, at, 1)
    cuts = jnp.where(present > 0, cuts, 0.0)
    again = cuts[:, 1:] == cuts[:, :-1]
    none = jnp.zeros((x.shape[0], 1), bool)
    opens = jnp.concatenate([again, none], 1) & ~jnp.concatenate([none, again], 1)
    return jnp.where(opens, _below(cuts), cuts)


def _below(x: Array) -> Array:
    """The next smaller number that is not subnormal."""
    tiny = jnp.finfo(x.dtype).tiny
    return jnp.where((x > -tiny) & (x <= tiny), jnp.where(x > 0, 0.0, -tiny), jnp.nextafter(x, -jnp.inf)).astype(
        x.dtype
    )


def cell_counts(x: Array, cuts: Array) -> Array:
    """Values in each bin, those that are missing last, shape ``(columns, num_bins + 1)``, as integers."""
    if not on_host(x, cuts):
        return _cells(_exceeding(x, cuts), x.shape[1])
    above = np.empty((x.shape[0], cuts.shape[1] + 1), np.int32)
    for at, (column, edges) in enumerate(zip(np.asarray(x), np.asarray(cuts), strict=True)):
        above[at, 1:] = [np.count_nonzero(column > edge) for edge in edges]
        above[at, 0] = np.count_nonzero(column == column)
    return _cells(jnp.asarray(above), x.shape[1])


@jax.jit
def _exceeding(x: Array, cuts: Array) -> Array:
    """Values that are present, and values above each cut, one column after another."""

    def column(pair: tuple[Array, Array]) -> Array:
        x, cuts = pair
        present = jnp.sum(~jnp.isnan(x), dtype=jnp.int32)
        return jnp.stack([present, *(jnp.sum(x > cut, dtype=jnp.int32) for cut in cuts)])

    return lax.map(column, (x, cuts))


@jax.jit(static_argnums=1)
def _cells(above: Array, num: int) -> Array:
    rest = jnp.concatenate([above[:, 1:], jnp.zeros_like(above[:, :1])], 1)
    return jnp.concatenate([above - rest, num - above[:, :1]], 1)


def untied(cuts: Array, counts: Array, num: int) -> Array:
    """Whether the reference is as counts of a continuous law are: every bin holds its share, nothing is missing."""
    distinct = jnp.all(cuts[:, 1:] > cuts[:, :-1], 1)
    share = num / (cuts.shape[1] + 1.0)
    even = jnp.all(jnp.abs(counts[:, :-1] - share) <= 1.0, 1)
    return distinct & even & (counts[:, -1] == 0)
