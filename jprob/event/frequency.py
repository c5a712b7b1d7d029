r"""The probability of an event by trying: a relative frequency with what it is worth.

.. math:: \hat p = \frac{k}{n}, \qquad
    \left|\,\hat p - p\,\right| \le z \sqrt{p (1 - p) / n} \quad \text{(Wilson: solved for } p)

References:
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import check_level, check_positive_int, safe
from jprob.special import betainccinv, betaincinv, normal_quantile

__all__ = ["Empirical", "empirical"]

_MOST = 2**32 - 1  # indices that `fold_in` tells apart


class Empirical(NamedTuple):
    """A relative frequency and how far to trust it.

    Attributes:
        estimate: hits over samples, shape ``()``.
        standard_error: of the estimate; zero without a hit or without a miss, where it means nothing.
        wilson: interval, shape ``(2,)``; holds its level on average.
        clopper_pearson: interval, shape ``(2,)``; holds at least its level.
        hits: samples in the event, a whole number. num_samples: all of them.
    """

    estimate: Array
    standard_error: Array
    wilson: Array
    clopper_pearson: Array
    hits: Array
    num_samples: Array


def empirical(
    key: Array,
    sampler: Callable[[Array], object],
    predicate: Callable[..., object],
    num_samples: int,
    *,
    level: float = 0.95,
    tile: int = 4096,
) -> Empirical:
    """Probability of an event by independent trials.

    Trial i draws with ``fold_in(key, i)`` and nothing else, ``tile`` trials at a time: memory is that of one tile, and the
    count is the same whatever the tile. Compiled once for each pair of functions; ``num_samples`` may change freely.

    Args:
        key: a JAX random key.
        sampler: ``sampler(key)`` draws one outcome, any pytree. predicate: ``predicate(outcome)`` is a scalar truth.
        num_samples: from 1 to 2³² − 1.
        level: of the intervals.
        tile: trials in memory at once.

    Returns:
        :class:`Empirical`.

    Raises:
        ValueError: sizes that are no positive integers or too large; a level outside (0, 1).

    Example:
        >>> from jax import random
        >>> result = empirical(random.key(1), random.uniform, lambda u: u < 0.25, 10_000)
        >>> bool(result.clopper_pearson[0] < 0.25 < result.clopper_pearson[1])
        True
    """
    check_positive_int(num_samples, "num_samples")
    check_positive_int(tile, "tile")
    check_level(level)
    if num_samples > _MOST:
        raise ValueError(f"`num_samples` must not exceed 2**32 - 1; got {num_samples}.")
    hits = _hits(key, np.uint32(num_samples), sampler, predicate, int(tile))
    return _trusted(hits, np.uint32(num_samples), float(level))


@functools.partial(jax.jit, static_argnames=("predicate", "sampler", "tile"))
def _hits(key: Array, num_samples: Array, sampler: Callable, predicate: Callable, tile: int) -> Array:
    within = jnp.arange(tile, dtype=jnp.uint32)

    def trial(index: Array) -> Array:
        return jnp.asarray(predicate(sampler(jax.random.fold_in(key, index))), bool)

    def one_tile(i: Array, count: Array) -> Array:
        start = i * jnp.uint32(tile)
        counted = within < num_samples - start  # the last tile is padded; indices beyond the last may wrap
        return count + jnp.sum(jax.vmap(trial)(start + within) & counted, dtype=jnp.uint32)

    num_tiles = (num_samples - 1) // jnp.uint32(tile) + 1
    return lax.fori_loop(jnp.uint32(0), num_tiles, one_tile, jnp.uint32(0))


@functools.partial(jax.jit, static_argnames="level")
def _trusted(hits: Array, num_samples: Array, level: float) -> Empirical:
    dtype = jnp.result_type(float)
    misses = (num_samples - hits).astype(dtype)
    k, n = hits.astype(dtype), jnp.asarray(num_samples).astype(dtype)
    tail = jnp.asarray((1.0 - level) / 2.0, dtype)
    squared = normal_quantile(tail, 1.0 - tail) ** 2
    # the larger root without cancellation, the smaller from their product k² / (n (n + z²))
    spread = jnp.sqrt(squared * (k * (misses / n) + squared / 4.0))

    def lower(k: Array) -> Array:
        return k * (k / n) / (k + squared / 2.0 + spread)

    exact_low = jnp.where(k > 0, betaincinv(safe(k > 0, k, 1.0), misses + 1.0, tail), 0.0)
    exact_high = jnp.where(misses > 0, betainccinv(k + 1.0, safe(misses > 0, misses, 1.0), tail), 1.0)
    return Empirical(
        estimate=k / n,
        standard_error=jnp.sqrt(k / n * (misses / n) / n),
        wilson=jnp.stack([lower(k), 1.0 - lower(misses)]),
        clopper_pearson=jnp.stack([exact_low, exact_high]),
        hits=hits,
        num_samples=jnp.asarray(num_samples),
    )
