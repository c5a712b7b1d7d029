"""Priors from what a person knows: a mean and an interval, or two quantiles.

Each is found by bisection of a monotone function, so there is one answer or none.

References:
    O'Hagan, A. et al. (2006). Uncertain Judgements: Eliciting Experts' Probabilities.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import expit, ndtri
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, elementwise, is_float64, promote
from jprob.bayes.conjugate.beta_binomial import BetaParams
from jprob.bayes.conjugate.gamma_poisson import GammaParams
from jprob.bayes.conjugate.normal_known_scale import NormalParams
from jprob.special import betainc, gammainc, gammaincinv

__all__ = [
    "beta_from_mean_interval",
    "beta_from_quantiles",
    "gamma_from_mean_interval",
    "gamma_from_quantiles",
    "normal_from_quantiles",
]

_STRENGTHS = (-14.0, 28.0)  # logarithms
_MISSED = 1e-3  # a mass further than this from the one asked for was not reached


def beta_from_mean_interval(mean: ArrayLike, interval: tuple[ArrayLike, ArrayLike], level: float = 0.95) -> BetaParams:
    """The beta prior of a probability with this mean and this mass in the interval.

    Args:
        mean: in (0, 1). interval: low and high end around it, in [0, 1]. level: mass inside.

    Returns:
        :class:`BetaParams` of the common shape; the mean is exact, the tails need not be equal.

    Raises:
        ValueError: an interval that does not hold the mean or cannot hold the mass, as far as values are known.

    Example:
        >>> from jprob.density import beta
        >>> prior = beta_from_mean_interval(0.05, (0.02, 0.09))  # conversion: about 5 %, surely within 2 to 9 %
        >>> round(float(prior.a / (prior.a + prior.b)), 4), round(float(beta.cdf(0.09, *prior) - beta.cdf(0.02, *prior)), 3)
        (0.05, 0.95)
    """
    low, high = _check_interval(mean, interval, level, most=1.0)
    strength, mass = _beta_strength(mean, low, high, level)
    m, strength = promote(mean, strength)
    return BetaParams(*_reached(mass, level, (m * strength, (1.0 - m) * strength)))


def beta_from_quantiles(probs: tuple[ArrayLike, ArrayLike], values: tuple[ArrayLike, ArrayLike]) -> BetaParams:
    """The beta prior of a probability with two given quantiles.

    Args:
        probs: two probabilities, increasing. values: where the prior has that much below, increasing, in (0, 1).

    Returns:
        :class:`BetaParams` of the common shape.

    Raises:
        ValueError: probabilities or values that do not increase or leave (0, 1), as far as values are known.

    Example:
        >>> prior = beta_from_quantiles((0.25, 0.75), (0.25, 0.75))  # uniform
        >>> [round(float(p), 2) for p in prior]
        [1.0, 1.0]
    """
    _check_quantiles(probs, values, 0.0, 1.0)
    a, b, mass = _beta_quantiles(*probs, *values)
    return BetaParams(*_reached(mass, probs[1], (a, b)))


def gamma_from_mean_interval(
    mean: ArrayLike, interval: tuple[ArrayLike, ArrayLike], level: float = 0.95
) -> GammaParams:
    """The gamma prior of a rate with this mean and this mass in the interval.

    Args:
        mean: positive. interval: low and high end around it, non-negative. level: mass inside.

    Returns:
        :class:`GammaParams` of the common shape; the mean is exact, the tails need not be equal.

    Raises:
        ValueError: an interval that does not hold the mean or cannot hold the mass, as far as values are known.

    Example:
        >>> from jprob.density import gamma
        >>> prior = gamma_from_mean_interval(2.0, (0.5, 5.0))
        >>> round(float(prior.a / prior.b), 4), round(float(gamma.cdf(5.0, *prior) - gamma.cdf(0.5, *prior)), 3)
        (2.0, 0.95)
    """
    low, high = _check_interval(mean, interval, level, most=np.inf)
    a, mass = _gamma_shape(mean, low, high, level)
    (m,) = promote(mean)
    return GammaParams(*_reached(mass, level, (a, a / m)))


def gamma_from_quantiles(probs: tuple[ArrayLike, ArrayLike], values: tuple[ArrayLike, ArrayLike]) -> GammaParams:
    """The gamma prior of a rate with two given quantiles: their ratio gives the shape, then either the scale.

    Args:
        probs: two probabilities, increasing. values: where the prior has that much below, positive, increasing.

    Returns:
        :class:`GammaParams` of the common shape.

    Raises:
        ValueError: probabilities or values that do not increase or leave their range, as far as values are known.

    Example:
        >>> prior = gamma_from_quantiles((0.5, 0.75), (0.6931472, 1.3862944))  # exponential: log 2, log 4
        >>> [round(float(p), 3) for p in prior]
        [1.0, 1.0]
    """
    _check_quantiles(probs, values, 0.0, np.inf)
    a, b, mass = _gamma_quantiles(*probs, *values)
    return GammaParams(*_reached(mass, probs[1], (a, b)))


def normal_from_quantiles(probs: tuple[ArrayLike, ArrayLike], values: tuple[ArrayLike, ArrayLike]) -> NormalParams:
    """The normal prior of a mean with two given quantiles.

    Args:
        probs: two probabilities, increasing. values: where the prior has that much below, increasing.

    Returns:
        :class:`NormalParams` of the common shape.

    Raises:
        ValueError: probabilities or values that do not increase, as far as values are known.

    Example:
        >>> [round(float(p), 3) for p in normal_from_quantiles((0.025, 0.975), (-1.96, 3.92))]
        [0.98, 1.5]
    """
    _check_quantiles(probs, values, -np.inf, np.inf)
    p, q, x, y = promote(*probs, *values)
    low, high = ndtri(p), ndtri(q)
    scale = (y - x) / (high - low)
    return NormalParams(x - low * scale, scale)


def _bisected(above: Callable[[Array], Array], low: ArrayLike, high: ArrayLike, like: Array) -> Array:
    """Where an increasing condition turns true, lane by lane."""

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        middle = 0.5 * (ends[0] + ends[1])
        over = above(middle)
        return jnp.where(over, ends[0], middle), jnp.where(over, middle, ends[1])

    start = (
        jnp.broadcast_to(jnp.asarray(low, like.dtype), like.shape),
        jnp.broadcast_to(jnp.asarray(high, like.dtype), like.shape),
    )
    ends = lax.fori_loop(0, 58 if is_float64(like) else 30, halve, start)
    return 0.5 * (ends[0] + ends[1])


@elementwise
def _beta_strength(mean: ArrayLike, low: ArrayLike, high: ArrayLike, level: ArrayLike) -> tuple[Array, Array]:
    mean, low, high, level = jnp.broadcast_arrays(*promote(mean, low, high, level))

    def inside(log_strength: Array) -> Array:
        s = jnp.exp(log_strength)
        below = betainc(s * mean, s * (1.0 - mean), jnp.stack([low, high]))
        return below[1] - below[0]

    found = _bisected(lambda u: inside(u) > level, *_STRENGTHS, mean)
    return jnp.exp(found), inside(found)


@elementwise
def _gamma_shape(mean: ArrayLike, low: ArrayLike, high: ArrayLike, level: ArrayLike) -> tuple[Array, Array]:
    mean, low, high, level = jnp.broadcast_arrays(*promote(mean, low, high, level))

    def inside(log_shape: Array) -> Array:
        a = jnp.exp(log_shape)
        below = gammainc(a, a / mean * jnp.stack([low, high]))
        return below[1] - below[0]

    found = _bisected(lambda u: inside(u) > level, *_STRENGTHS, mean)
    return jnp.exp(found), inside(found)


@elementwise
def _gamma_quantiles(p: ArrayLike, q: ArrayLike, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Array]:
    p, q, x, y = jnp.broadcast_arrays(*promote(p, q, x, y))

    def second(log_shape: Array) -> tuple[Array, Array, Array]:
        """Shape, rate and the mass below the second value, if the first is right."""
        a = jnp.exp(log_shape)
        rate = gammaincinv(a, p) / x
        return a, rate, gammainc(a, rate * y)

    return second(_bisected(lambda u: second(u)[2] > q, -4.0, 28.0, x))


@elementwise
def _beta_quantiles(p: ArrayLike, q: ArrayLike, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Array]:
    p, q, x, y = jnp.broadcast_arrays(*promote(p, q, x, y))

    def second(log_strength: Array) -> tuple[Array, Array, Array]:
        """Shapes and the mass below the second value, if the first is right."""
        s = jnp.exp(log_strength)
        m = _bisected(lambda m: betainc(s * expit(m), s * expit(-m), x) < p, -30.0, 30.0, x)
        a, b = s * expit(m), s * expit(-m)
        return a, b, betainc(a, b, y)

    return second(_bisected(lambda u: second(u)[2] > q, -4.0, 20.0, x))


def _reached(mass: Array, wanted: ArrayLike, params: tuple[Array, ...]) -> tuple[Array, ...]:
    good = jnp.abs(mass - promote(wanted, mass)[0]) < _MISSED
    if concrete(good) and not np.asarray(good).all():
        raise ValueError("`interval` or `values` must be what such a prior can have; got none that does.")
    return tuple(jnp.where(good, p, jnp.nan) for p in params)


def _check_interval(
    mean: ArrayLike, interval: tuple[ArrayLike, ArrayLike], level: float, *, most: float
) -> tuple[ArrayLike, ArrayLike]:
    check_level(level)
    if len(interval) != 2:
        raise ValueError(f"`interval` must be a pair (low, high); got {len(interval)} values.")
    low, high = interval
    if concrete(mean, low, high):
        m, x, y = (np.asarray(v, float) for v in (mean, low, high))
        if not ((x >= 0) & (x < m) & (m < y) & (y <= most)).all():
            raise ValueError(
                f"`interval` must lie in [0, {most:g}] with `mean` strictly inside; got {low} to {high} and {mean}."
            )
    return low, high


def _check_quantiles(probs: tuple, values: tuple, least: float, most: float) -> None:
    for name, two, low, high in (("probs", probs, 0.0, 1.0), ("values", values, least, most)):
        if len(two) != 2:
            raise ValueError(f"`{name}` must be two; got {len(two)}.")
        if concrete(*two):
            x, y = (np.asarray(v, float) for v in two)
            if not ((low < x) & (x < y) & (y < high)).all():
                raise ValueError(
                    f"`{name}` must increase strictly between {low:g} and {high:g}; got {two[0]} and {two[1]}."
                )
