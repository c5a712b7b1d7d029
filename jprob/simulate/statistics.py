"""Statistics of weighted rows, ready for the bootstrap: with weights of one they are those of NumPy.

Each is ``statistic(data, weights)``, does not depend on the weights' scale, and can be differentiated in them where it has a
slope; a quantile has none (its influence has two values, and no skewness at the median).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from jprob._array import check_level, finfo

__all__ = [
    "correlation",
    "difference",
    "lift",
    "mean",
    "median",
    "quantile",
    "quantile_level",
    "ratio",
    "slope",
    "standard_deviation",
    "variance",
]

type Pair = tuple[Array, Array]


def mean(data: Array, weights: Array) -> Array:
    """Weighted mean over the first axis.

    >>> float(mean(jnp.array([1.0, 2.0]), jnp.array([1.0, 3.0])))
    1.75
    """
    each = weights.reshape(-1, *(1,) * (data.ndim - 1))
    return jnp.sum(each * data, 0) / jnp.sum(weights)  # fused with what makes the weights or gathers the rows


def variance(data: Array, weights: Array) -> Array:
    """Variance over the first axis, with n − 1 in the denominator for n rows.

    >>> float(variance(jnp.array([1.0, 2.0, 3.0]), jnp.ones(3)))
    1.0
    """
    n = weights.shape[0]
    return mean((data - mean(data, weights)) ** 2, weights) * (n / max(n - 1, 1))


def standard_deviation(data: Array, weights: Array) -> Array:
    """Root of :func:`variance`.

    >>> float(standard_deviation(jnp.array([1.0, 2.0, 3.0]), jnp.ones(3)))
    1.0
    """
    return jnp.sqrt(variance(data, weights))


def correlation(data: Pair, weights: Array) -> Array:
    """Pearson's correlation of two columns.

    >>> round(float(correlation((jnp.array([1.0, 2.0, 3.0]), jnp.array([2.0, 4.0, 7.0])), jnp.ones(3))), 4)
    0.9934
    """
    a, b = (column - mean(column, weights) for column in data)
    return mean(a * b, weights) / jnp.sqrt(mean(a * a, weights) * mean(b * b, weights))


def slope(data: Pair, weights: Array) -> Array:
    """Least-squares slope of the second column on the first.

    >>> float(slope((jnp.array([0.0, 1.0, 2.0]), jnp.array([1.0, 3.0, 5.0])), jnp.ones(3)))
    2.0
    """
    a, b = (column - mean(column, weights) for column in data)
    return mean(a * b, weights) / mean(a * a, weights)


def ratio(data: Pair, weights: Array) -> Array:
    """The first column's total over the second's.

    >>> float(ratio((jnp.array([1.0, 2.0]), jnp.array([2.0, 2.0])), jnp.ones(2)))
    0.75
    """
    top, bottom = data
    return mean(top, weights) / mean(bottom, weights)


def difference(data: Pair, weights: Pair) -> Array:
    """Mean of the second sample less that of the first, for scheme ``"samples"``.

    >>> float(difference((jnp.array([1.0, 2.0]), jnp.array([3.0])), (jnp.ones(2), jnp.ones(1))))
    1.5
    """
    (a, b), (of_a, of_b) = data, weights
    return mean(b, of_b) - mean(a, of_a)


def lift(data: Pair, weights: Pair) -> Array:
    """Mean of the second sample over that of the first, less one, for scheme ``"samples"``.

    >>> float(lift((jnp.array([1.0, 3.0]), jnp.array([3.0])), (jnp.ones(2), jnp.ones(1))))
    0.5
    """
    (a, b), (of_a, of_b) = data, weights
    return mean(b, of_b) / mean(a, of_a) - 1.0


@functools.lru_cache(maxsize=256)
def quantile(level: float) -> Callable[[Array, Array], Array]:
    """The quantile at a level: the middle of all points with that share below, of n equal weights NumPy's
    ``averaged_inverted_cdf``.

    Args:
        level: strictly between 0 and 1.

    Returns:
        ``statistic(data, weights)`` of one column; the same function for the same level.

    Raises:
        ValueError: a level outside (0, 1).

    Example:
        >>> float(quantile(0.5)(jnp.array([4.0, 1.0, 3.0, 2.0]), jnp.ones(4)))
        2.5
    """
    check_level(level)

    def statistic(data: Array, weights: Array) -> Array:
        order = jnp.argsort(data)
        ordered = data[order]
        below = jnp.cumsum(weights[order])
        aim, slack = level * below[-1], 8.0 * finfo(below).eps * below[-1]
        low = jnp.searchsorted(below, aim - slack)
        high = jnp.searchsorted(below, aim + slack, side="right")
        last = data.shape[0] - 1
        return 0.5 * (ordered[jnp.minimum(low, last)] + ordered[jnp.minimum(high, last)])

    _LEVELS[statistic] = level
    return statistic


def quantile_level(statistic: Callable) -> float | None:
    """The level of a statistic made by :func:`quantile`; ``None`` for another.

    >>> quantile_level(median)
    0.5
    """
    return _LEVELS.get(statistic)


_LEVELS: dict[Callable, float] = {}
median = quantile(0.5)
