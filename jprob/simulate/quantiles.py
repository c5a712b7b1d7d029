r"""Quantiles of a stream: k points of equal mass, merged and thinned.

Two sketches merge into their 2k weighted points, of which every second one is kept, the upper and the lower in turn. As
tiles merge in a tree, thinning happens log₂(tiles) times, each moving a rank by at most 1 / 2k.

References:
    Munro, J. I. and Paterson, M. S. (1980). Selection and sorting with limited storage. Theoretical Computer Science 12.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import check_positive_int, from_sort_keys, safe, sort_keys
from jprob.simulate.counts import Count, added, as_float, counted
from jprob.simulate.reducers import Reducer, per_leaf

__all__ = ["Quantiles", "quantiles"]


class Quantiles(NamedTuple):
    """Quantiles over replicates.

    Attributes:
        value: shape ``(probs, ...)``; ``nan`` where there is no replicate.
        value_error: Monte Carlo standard error, half the distance between the quantiles one standard error of the rank
            to either side.
        rank_error: bound on \\|F(value) − p\\| that comes from thinning; beyond it there is only Monte Carlo error.
        num_values: replicates that are not ``nan``, uint64.
    """

    value: Array
    value_error: Array
    rank_error: Array
    num_values: Count


class _Sketch(NamedTuple):
    """Sorted ``points`` of shape ``(k, ...)``, each worth ``number / k``, after ``depth`` thinnings."""

    number: Count
    points: Array
    depth: Array


@functools.lru_cache(maxsize=256)
def quantiles(probs: tuple[float, ...] = (0.025, 0.25, 0.5, 0.75, 0.975), size: int = 2048) -> Reducer:
    """A reducer to :class:`Quantiles` of every array of a draw; ``nan`` replicates are left out.

    Exact up to ``size`` replicates in a tile of a power of two; costs a sort of every tile.

    Args:
        probs: between 0 and 1, as a tuple.
        size: points kept of each number in a draw.

    Raises:
        ValueError: probabilities outside [0, 1]; a size that is none.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> reduce = simulate.quantiles((0.5,))
        >>> median = simulate.replicate(jax.random.key(0), jax.random.uniform, 5000, reduce=reduce).reduced
        >>> bool(abs(median.value[0] - 0.5) < 4 * median.value_error[0])
        True
    """
    check_positive_int(size, "size", 2)
    if not probs or not all(0.0 <= p <= 1.0 for p in probs):
        raise ValueError(f"`probs` must be a tuple of probabilities from 0 to 1; got {probs!r}.")

    def init(shape: tuple[int, ...], dtype: jnp.dtype) -> _Sketch:
        none = counted(jnp.zeros(shape, jnp.uint32))
        return _Sketch(none, jnp.full((size, *shape), jnp.inf, dtype), jnp.zeros(shape, jnp.int32))

    def of_tile(x: Array, keep: Array) -> _Sketch:
        number = jnp.sum(keep, 0, dtype=jnp.uint32)
        ordered = _sorted(jnp.where(keep, x, jnp.inf))
        n = number.astype(x.dtype)
        middle = (jnp.arange(size, dtype=x.dtype) + 0.5).reshape(-1, *(1,) * n.ndim) / size
        rank = jnp.clip(jnp.floor(middle * n).astype(jnp.int32), 0, jnp.maximum(number.astype(jnp.int32) - 1, 0))
        return _Sketch(counted(number), jnp.take_along_axis(ordered, rank, 0), jnp.zeros(n.shape, jnp.int32))

    def merge(a: _Sketch, b: _Sketch) -> _Sketch:
        number = [as_float(s.number, a.points.dtype) for s in (a, b)]
        total = number[0] + number[1]
        depth = jnp.maximum(a.depth, b.depth) + ((number[0] > 0) & (number[1] > 0))
        share = [jnp.broadcast_to(n / jnp.maximum(total, 1.0), a.points.shape) for n in number]
        values, weights = jnp.concatenate([a.points, b.points]), jnp.concatenate(share)
        flat = values.reshape(2 * size, -1)
        points = jax.vmap(_thinned, (1, 1, 0), 1)(flat, weights.reshape(2 * size, -1), depth.reshape(-1))
        return _Sketch(added(a.number, b.number), points.reshape(a.points.shape), depth)

    def finish(state: _Sketch) -> Quantiles:
        n = as_float(state.number, state.points.dtype)
        p = jnp.asarray(np.asarray(probs), n.dtype).reshape(-1, *(1,) * n.ndim)
        step = jnp.sqrt(p * (1.0 - p) / safe(n > 0, n, 1.0))

        def at(q: Array) -> Array:
            rank = jnp.clip(jnp.floor(q * size), 0, size - 1).astype(jnp.int32)
            return jnp.where(n > 0, jnp.take_along_axis(state.points, rank, 0), jnp.nan)

        half = (at(jnp.broadcast_to(p + step, step.shape)) - at(jnp.broadcast_to(p - step, step.shape))) / 2.0
        rank_error = (state.depth + 1).astype(n.dtype) / (2.0 * size)
        return Quantiles(at(jnp.broadcast_to(p, step.shape)), half, rank_error, state.number)

    return per_leaf(init, of_tile, merge, finish, _Sketch)


def _thinned(values: Array, weights: Array, depth: Array) -> Array:
    """Half of the points, at equal steps of the cumulated weight."""
    values, weights = lax.sort((values, weights), num_keys=1)
    size = values.size // 2
    lean = jnp.where(depth % 2 == 1, 0.125, -0.125).astype(values.dtype)
    target = (jnp.arange(size, dtype=values.dtype) + 0.5 + lean) * (jnp.sum(weights) / size)
    return values[jnp.minimum(jnp.searchsorted(jnp.cumsum(weights), target), 2 * size - 1)]


def _sorted(x: Array) -> Array:
    """Sorted along axis 0."""
    return from_sort_keys(lax.sort(sort_keys(x), dimension=0), x.dtype)
