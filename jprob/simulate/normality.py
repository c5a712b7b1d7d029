r"""Is a sampling distribution normal? Quantile plots with bands, Shapiro and Wilk, Anderson and Darling.

.. math:: W = \frac{(\sum_i a_i x_{(i)})^2}{\sum_i (x_i - \bar x)^2}, \qquad
    A^2 = -n - \frac1n \sum_i (2i - 1) \left[ \log\Phi(z_{(i)}) + \log\Phi(-z_{(n+1-i)}) \right]

A test of many replicates finds departures that no interval would feel: look at the sizes too.

References:
    Royston, P. (1995). Remark AS R94: the W-test for normality. Applied Statistics 44.
    D'Agostino, R. B. and Stephens, M. A. (1986). Goodness-of-Fit Techniques, table 4.9.
    Blom, G. (1958). Statistical Estimates and Transformed Beta-Variables: the plotting positions.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import log_ndtr, ndtr
from jax.typing import ArrayLike

from jprob._array import check_level, elementwise, promote, safe
from jprob.special import betaincinv, normal_quantile

__all__ = ["QQ", "NormalityTest", "anderson_darling", "qq_normal", "shapiro_wilk"]


class NormalityTest(NamedTuple):
    """A test of normality with mean and variance unknown; each of shape ``(...)``.

    Attributes:
        statistic: W or A².
        p_value: probability of a statistic so extreme under normality; ``nan`` for constant data.
    """

    statistic: Array
    p_value: Array


class QQ(NamedTuple):
    """A quantile plot.

    Attributes:
        theoretical: normal quantiles, shape ``(n,)``.
        observed: standardised and sorted data, shape ``(..., n)``.
        lower: where the i-th of n normal values would be, pointwise, shape ``(n,)``. upper: likewise.
        outside: share of the points outside the band, shape ``(...)``.
    """

    theoretical: Array
    observed: Array
    lower: Array
    upper: Array
    outside: Array


def shapiro_wilk(x: ArrayLike) -> NormalityTest:
    """Shapiro and Wilk's W with Royston's p-value, from 3 to 5,000 values.

    Args:
        x: data, shape ``(..., n)``.

    Returns:
        :class:`NormalityTest`.

    Raises:
        ValueError: fewer than 3 values or more than 5,000.

    Example:
        >>> test = shapiro_wilk([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 40.0])
        >>> bool(test.p_value < 0.001)
        True
    """
    (x,) = promote(x)
    n = _length(x, 3, 5000)
    return NormalityTest(*_shapiro_wilk(x, jnp.asarray(_weights(n), x.dtype)))


def anderson_darling(x: ArrayLike) -> NormalityTest:
    """Anderson and Darling's A² with Stephens's p-value, from 8 values on.

    Args:
        x: data, shape ``(..., n)``.

    Returns:
        :class:`NormalityTest`; the p-value is accurate to about 0.001 where it is not tiny.

    Raises:
        ValueError: fewer than 8 values.

    Example:
        >>> test = anderson_darling([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 40.0])
        >>> bool(test.p_value < 0.001)
        True
    """
    (x,) = promote(x)
    _length(x, 8, math.inf)
    return NormalityTest(*_anderson_darling(x))


def qq_normal(x: ArrayLike, *, level: float = 0.95) -> QQ:
    """Normal quantile plot, with the band that each point keeps to with probability ``level``.

    Args:
        x: data, shape ``(..., n)``.
        level: of the band, point by point; about 1 − level of the points of normal data lie outside.

    Returns:
        :class:`QQ`.

    Raises:
        ValueError: fewer than 3 values; a level outside (0, 1).

    Example:
        >>> plot = qq_normal([1.0, 2.0, 3.0])
        >>> [round(float(v), 3) for v in plot.theoretical], [round(float(v), 3) for v in plot.observed]
        ([-0.869, 0.0, 0.869], [-1.0, 0.0, 1.0])
    """
    check_level(level)
    (x,) = promote(x)
    n = _length(x, 3, math.inf)
    theoretical, lower, upper = _bands(*promote(jnp.arange(1, n + 1, dtype=x.dtype), level))
    observed = jnp.sort(_standardised(x), -1)
    outside = jnp.mean((observed < lower) | (observed > upper), -1, dtype=x.dtype)
    return QQ(theoretical, observed, lower, upper, outside)


@elementwise
def _shapiro_wilk(x: Array, weights: Array) -> tuple[Array, Array]:
    n = x.shape[-1]
    ordered = jnp.sort(_standardised(x), -1)
    total = jnp.sum(ordered**2, -1)
    # 1 − W from the residuals: W itself is 1 up to rounding
    slope = jnp.sum(weights * ordered, -1, keepdims=True)
    lack = jnp.sum((ordered - slope * weights) ** 2, -1) / total
    known = total > 0
    lack = safe(known, jnp.clip(lack, 1e-30, 1.0), 0.5)
    if n == 3:
        p = 6.0 / math.pi * (jnp.arcsin(jnp.sqrt(1.0 - lack)) - math.asin(math.sqrt(0.75)))
        p = jnp.clip(p, 0.0, 1.0)
    else:
        p = ndtr(-_royston(jnp.log(lack), n))
    return jnp.where(known, 1.0 - lack, jnp.nan), jnp.where(known, p, jnp.nan)


@elementwise
def _anderson_darling(x: Array) -> tuple[Array, Array]:
    n = x.shape[-1]
    z = jnp.sort(_standardised(x), -1)
    odd = jnp.arange(1, 2 * n, 2, dtype=x.dtype)
    squared = -n - jnp.sum(odd * (log_ndtr(z) + log_ndtr(-z[..., ::-1])), -1) / n
    a = squared * (1.0 + 0.75 / n + 2.25 / n**2)
    tail = jnp.minimum(a, 13.0)  # beyond, the parabola of the last piece turns upwards
    p = jnp.exp(1.2937 - 5.709 * tail + 0.0186 * tail**2)
    p = jnp.where(a < 0.6, jnp.exp(0.9177 - 4.279 * a - 1.38 * a**2), p)
    p = jnp.where(a < 0.34, -jnp.expm1(-8.318 + 42.796 * a - 59.938 * a**2), p)
    p = jnp.where(a < 0.2, -jnp.expm1(-13.436 + 101.14 * a - 223.73 * a**2), p)
    return squared, jnp.where(jnp.isnan(squared), jnp.nan, jnp.clip(p, 0.0, 1.0))


@elementwise
def _bands(rank: Array, level: Array) -> tuple[Array, Array, Array]:
    n, tail = rank.shape[0], (1.0 - level) / 2.0
    low = betaincinv(rank, n + 1.0 - rank, tail)
    high = betaincinv(rank, n + 1.0 - rank, 1.0 - tail)
    middle = (rank - 0.375) / (n + 0.25)
    return normal_quantile(middle, 1.0 - middle), normal_quantile(low, 1.0 - low), normal_quantile(high, 1.0 - high)


def _standardised(x: Array) -> Array:
    """By mean and standard deviation; ``nan`` for constant data."""
    away = x - jnp.mean(x, -1, keepdims=True)
    away = away - jnp.mean(away, -1, keepdims=True)
    sd = jnp.sqrt(jnp.sum(away**2, -1, keepdims=True) / (x.shape[-1] - 1))
    return jnp.where(sd > 0, away / safe(sd > 0, sd, 1.0), jnp.nan)


def _royston(log_lack: Array, n: int) -> Array:
    """A standard normal score of log(1 − W)."""
    if n <= 11:
        gamma = -2.273 + 0.459 * n
        w = -jnp.log(jnp.maximum(gamma - log_lack, 1e-30))
        mean = np.polyval([-0.0006714, 0.025054, -0.39978, 0.5440], n)
        sd = np.exp(np.polyval([-0.0020322, 0.062767, -0.77857, 1.3822], n))
        return (w - mean) / sd
    y = math.log(n)
    mean = np.polyval([0.0038915, -0.083751, -0.31082, -1.5861], y)
    sd = np.exp(np.polyval([0.0030302, -0.082676, -0.4803], y))
    return (log_lack - mean) / sd


def _weights(n: int) -> np.ndarray:
    """Royston's approximation to the best linear estimate of the slope, of unit length, antisymmetric."""
    if n == 3:
        return np.array([-(0.5**0.5), 0.0, 0.5**0.5])
    score = np.array([NormalDist().inv_cdf((i - 0.375) / (n + 0.25)) for i in range(1, n + 1)])
    total, u = float(score @ score), n**-0.5
    last = np.polyval([-2.706056, 4.434685, -2.071190, -0.147981, 0.221157, score[-1] / total**0.5], u)
    ends = [last]
    if n > 5:
        ends.append(np.polyval([-3.582633, 5.682633, -1.752461, -0.293762, 0.042981, score[-2] / total**0.5], u))
    num = len(ends)
    rest = (total - 2.0 * sum(score[-1 - i] ** 2 for i in range(num))) / (1.0 - 2.0 * sum(end**2 for end in ends))
    weights = score / rest**0.5
    for i, end in enumerate(ends):
        weights[-1 - i], weights[i] = end, -end
    return weights


def _length(x: Array, least: int, most: float) -> int:
    if x.ndim == 0 or not least <= x.shape[-1] <= most:
        bound = f"from {least} to {most:.0f}" if most < math.inf else f"at least {least}"
        raise ValueError(f"`x` must have {bound} values on its last axis; got shape {x.shape}.")
    return x.shape[-1]
