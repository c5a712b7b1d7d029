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
from jax import Array

from jprob import simulate
from jprob._array import check_level, check_positive_int
from jprob.special.proportion import clopper_pearson_ends, wilson_ends

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

    The trials are replicates of :func:`jprob.simulate.replicate`, in tiles of at most ``tile``: trial i draws with
    ``fold_in(key, i)`` and nothing else, memory is that of some tiles, and the count is the same whatever the tile.
    Compiled once for each pair of functions; ``num_samples`` may change freely.

    Args:
        key: a JAX random key.
        sampler: ``sampler(key)`` draws one outcome, any pytree. predicate: ``predicate(outcome)`` is a scalar truth.
        num_samples: from 1 to 2³² − 1.
        level: of the intervals.
        tile: trials that are counted at once, rounded down to a power of two.

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
    size = 2 ** min(16, int(tile).bit_length() - 1)
    tried = simulate.replicate(key, _trial(sampler, predicate), num_samples, reduce=simulate.tally(), tile=size)
    return _trusted(np.uint32(tried.reduced), np.uint32(tried.num_replicates), float(level))


@functools.lru_cache(maxsize=256)
def _trial(sampler: Callable, predicate: Callable) -> Callable[[Array], Array]:
    return lambda key: jnp.asarray(predicate(sampler(key)), bool)


@functools.partial(jax.jit, static_argnames="level")
def _trusted(hits: Array, num_samples: Array, level: float) -> Empirical:
    dtype = jnp.result_type(float)
    k, n = hits.astype(dtype), num_samples.astype(dtype)
    misses = (num_samples - hits).astype(dtype)
    return Empirical(
        estimate=k / n,
        standard_error=jnp.sqrt(k / n * (misses / n) / n),
        wilson=wilson_ends(k, misses, level),
        clopper_pearson=clopper_pearson_ends(k, misses, level),
        hits=hits,
        num_samples=num_samples,
    )
