"""Bins that the reference freezes: open at both ends, missing values apart, and atoms in bins of their own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob.monitor._pooled import ordered

__all__ = ["cell_counts", "frozen_cuts", "untied"]

MOST = 2**14  # rows that quantiles are taken of; beyond, every so many-th row
_WIDE = 64  # values compared side by side
_DEEP = 125  # rows that a byte can count
_SHALLOW = 16
_IN_CACHE = 2**13  # values of a block


def frozen_cuts(x: Array, num_bins: int) -> Array:
    """Cuts between bins of about equal shares of the reference, ``(n, columns)``: shape ``(columns, num_bins − 1)``.

    A value v belongs to the bin of the first cut ``c ≥ v``. Where several quantiles are one value, that value is an atom:
    the first of them becomes the next smaller number, so that what is below, at and above the atom are three bins.
    """
    n = x.shape[0]
    num_bins = min(num_bins, max(2, n // 2))
    x = ordered(x[:: max(1, n // MOST)].T)
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
    """Values of ``x``, shape ``(n, columns)``, in each bin, those that are missing last: ``(columns, num_bins + 1)``, whole."""
    above = _exceeding(x, cuts) if jax.default_backend() == "cpu" else _exceeding_at_once(x, cuts)
    return _cells(above, x.shape[0])


@jax.jit
def _exceeding_at_once(x: Array, cuts: Array) -> Array:
    """Values that are present, and values above each cut, shape ``(columns, num_bins)``."""
    present = jnp.sum(~jnp.isnan(x), 0, dtype=jnp.int32)
    return jnp.stack([present, *lax.map(lambda cut: jnp.sum(x > cut, 0, dtype=jnp.int32), cuts.T)], 1)


@jax.jit
def _exceeding(x: Array, cuts: Array) -> Array:
    """The same for a CPU: blocks that stay in the cache, read in the order of memory, counted in bytes side by side."""
    columns = x.shape[1]
    lanes = max(1, _WIDE // columns)  # rows side by side where columns are few
    width = lanes * columns
    depth = max(_SHALLOW, min(_DEEP, _IN_CACHE // width))
    edges = jnp.tile(cuts.T, (1, lanes))
    flat, size = x.reshape(-1), depth * width

    def count(block: Array) -> Array:
        def rows(holds: Array) -> Array:
            return jnp.sum(holds.astype(jnp.int8), 0, dtype=jnp.int8).astype(jnp.int32)

        block = block.reshape(depth, width)
        return jnp.concatenate([rows(block == block)[None], jax.vmap(lambda edge: rows(block > edge))(edges)])

    whole = flat.size // size
    total = jnp.zeros((cuts.shape[1] + 1, width), jnp.int32)
    if whole:
        total = lax.fori_loop(
            0, whole, lambda i, total: total + count(lax.dynamic_slice_in_dim(flat, i * size, size)), total
        )
    rest = flat[whole * size :]
    if rest.size:
        total += count(jnp.concatenate([rest, jnp.full(size - rest.size, jnp.nan, x.dtype)]))
    return jnp.sum(total.reshape(-1, lanes, columns), 1, dtype=jnp.int32).T


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
