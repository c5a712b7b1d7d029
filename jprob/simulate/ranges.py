"""Tallies, extremes and histograms of a stream."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import check_positive_int
from jprob.simulate.counts import Count, added, as_float, counted
from jprob.simulate.reducers import Reducer, per_leaf

__all__ = ["Extremes", "Histogram", "extremes", "histogram", "tally"]


class Extremes(NamedTuple):
    """The smallest and the largest replicate, each of the shape of one draw; ``inf`` and ``-inf`` of none."""

    minimum: Array
    maximum: Array


class Histogram(NamedTuple):
    """Counts over equal bins, closed on the left.

    Attributes:
        counts: replicates in each bin, uint64, shape ``(..., num_bins)``.
        below: replicates below the first bin. above: at its upper end or beyond the last one.
        density: per unit of the draw, of all replicates that are not ``nan``, shape ``(..., num_bins)``.
        density_error: its Monte Carlo standard error; zero in an empty bin, where it means nothing.
        edges: shape ``(num_bins + 1,)``.
    """

    counts: Count
    below: Count
    above: Count
    density: Array
    density_error: Array
    edges: Array


def tally() -> Reducer:
    """A reducer to the number of replicates in which each element of a draw is true, or not zero; exact, as uint64.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> result = simulate.replicate(jax.random.key(0), lambda key: True, 70_000, reduce=simulate.tally())
        >>> int(result.reduced)
        70000
    """
    return _TALLY


def extremes() -> Reducer:
    """A reducer to :class:`Extremes` of every array of a draw; ``nan`` replicates are left out.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> result = simulate.replicate(jax.random.key(0), jax.random.uniform, 5000, reduce=simulate.extremes())
        >>> bool(result.reduced.minimum < 0.01), bool(result.reduced.maximum > 0.99)
        (True, True)
    """
    return _EXTREMES


@functools.lru_cache(maxsize=256)
def histogram(low: float, high: float, num_bins: int = 100) -> Reducer:
    """A reducer to a :class:`Histogram` of every array of a draw; ``nan`` replicates are left out.

    Args:
        low: the left end of the first bin. high: the right end of the last one.
        num_bins: equal bins between them.

    Raises:
        ValueError: ends that are not finite or not in order; a number of bins that is none.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> reduce = simulate.histogram(0.0, 1.0, 4)
        >>> int(simulate.replicate(jax.random.key(0), jax.random.uniform, 500, reduce=reduce).reduced.counts.sum())
        500
    """
    check_positive_int(num_bins, "num_bins")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"`low` and `high` must be finite and in order; got {low} and {high}.")

    def of_tile(x: Array, keep: Array) -> _Bins:
        place = jnp.floor((x - low) * (num_bins / (high - low)))
        slot = jnp.where(keep, jnp.clip(place, -1, num_bins) + 1, num_bins + 2).astype(jnp.int32)
        ones = jnp.ones(slot.shape[0], jnp.uint32)
        count = functools.partial(jax.ops.segment_sum, ones, num_segments=num_bins + 3)
        flat = jax.vmap(count, 1)(slot.reshape(slot.shape[0], -1))
        return _Bins(counted(flat.reshape(*x.shape[1:], -1)[..., :-1]), jnp.zeros((), x.dtype))

    def finish(state: _Bins) -> Histogram:
        dtype = state.like.dtype
        number = as_float(state.counts, dtype)
        n = jnp.sum(number, -1, keepdims=True)
        share = jnp.where(n > 0, number / jnp.maximum(n, 1.0), jnp.nan)[..., 1:-1]
        width = (high - low) / num_bins
        below, inside, above = (
            Count(state.counts.high[cut], state.counts.low[cut]) for cut in ((..., 0), (..., slice(1, -1)), (..., -1))
        )
        error = jnp.sqrt(share * (1.0 - share) / jnp.maximum(n, 1.0))
        edges = jnp.asarray(np.linspace(low, high, num_bins + 1), dtype)
        return Histogram(inside, below, above, share / width, error / width, edges)

    def init(shape: tuple[int, ...], dtype: jnp.dtype) -> _Bins:
        return _Bins(counted(jnp.zeros((*shape, num_bins + 2), jnp.uint32)), jnp.zeros((), dtype))

    return per_leaf(init, of_tile, lambda a, b: _Bins(added(a.counts, b.counts), a.like), finish, _Bins)


class _Bins(NamedTuple):
    """Counts with the open bins at both ends, and a zero of the dtype of the draws."""

    counts: Count
    like: Array


def _ends(x: Array, keep: Array) -> Extremes:
    return Extremes(jnp.min(jnp.where(keep, x, jnp.inf), 0), jnp.max(jnp.where(keep, x, -jnp.inf), 0))


_EXTREMES = per_leaf(
    lambda shape, dtype: Extremes(jnp.full(shape, jnp.inf, dtype), jnp.full(shape, -jnp.inf, dtype)),
    _ends,
    lambda a, b: Extremes(jnp.minimum(a.minimum, b.minimum), jnp.maximum(a.maximum, b.maximum)),
    lambda state: state,
    Extremes,
)
_TALLY = per_leaf(
    lambda shape, dtype: counted(jnp.zeros(shape, jnp.uint32)),
    lambda x, keep: counted(jnp.sum((x != 0) & keep, 0, dtype=jnp.uint32)),
    added,
    lambda state: state,
    Count,
)
