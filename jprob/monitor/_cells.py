"""Bins that the reference freezes: open at both ends, missing values apart, and atoms in bins of their own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob.monitor._pooled import each_column, in_order, on_host, ordered

__all__ = ["both_counts", "cell_counts", "frozen_cuts", "untied"]

ALL = 2**15  # rows up to which quantiles are those of every row
SOME = 2**12  # rows that they are taken of beyond: shares of bins are then even to half a percent
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)
_THREADED = 2**21  # values from which two threads pay
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
    if on_host(x):
        return _apart(jnp.asarray(_quantiles(in_order(_taken(np.asarray(x)).T), num_bins, np)))
    return _apart(_quantiles(ordered(_taken(x).T), num_bins, jnp))


def _taken(x: Any) -> Any:
    """All rows, or one of each of many stretches, not always at one place: periods are met in all their phases."""
    n, at = x.shape[0], np.arange(SOME)
    return x if n < ALL else x[((at + at * _GOLDEN % 1.0) * (n / SOME)).astype(np.int32)]


def _quantiles(x: Any, num_bins: int, xp: Any) -> Any:
    """Of rows in order; 0 where a row is all missing."""
    present = xp.sum(~xp.isnan(x), 1, keepdims=True)
    rank = (xp.arange(1, num_bins) * present) // num_bins - 1
    cuts = xp.take_along_axis(x, xp.clip(rank, 0, x.shape[1] - 1), 1)
    return xp.where(present > 0, cuts, xp.zeros_like(cuts))


@jax.jit
def _apart(cuts: Array) -> Array:
    again = cuts[:, 1:] == cuts[:, :-1]
    none = jnp.zeros((cuts.shape[0], 1), bool)
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


def both_counts(x: Array, y: Array, cuts: Array) -> tuple[Array, Array]:
    """Those of two samples, side by side where they are large."""
    if not on_host(x, y, cuts) or x.size + y.size < _THREADED:
        return cell_counts(x, cuts), cell_counts(y, cuts)
    wide = bool(jax.config.jax_enable_x64)  # which a thread would not inherit

    def one(at: int) -> Array:
        with jax.enable_x64(wide):
            return cell_counts((x, y)[at], cuts).block_until_ready()

    first, second = each_column(one, 2, x.size + y.size)
    return first, second


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


@jax.jit
def untied(cuts: Array, counts: Array, num: Array | int) -> Array:
    """Whether the reference is as counts of a continuous law are: every bin holds its share, nothing is missing."""
    distinct = jnp.all(cuts[:, 1:] > cuts[:, :-1], 1)
    share = num / (cuts.shape[1] + 1.0)
    even = jnp.all(jnp.abs(counts[:, :-1] - share) <= 1.0, 1)
    return distinct & even & (counts[:, -1] == 0)
