r"""Inverse gamma: the reciprocal of a gamma variate; the conjugate law of a normal's variance.

.. math:: f(x) = \frac{\beta^a x^{-a-1} e^{-\beta/x}}{\Gamma(a)}, \quad x > 0

All functions take the value first, then ``concentration`` (the shape a) and ``rate`` β (the rate of the gamma, hence the
scale of ``x``), positive, and broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing values
stay ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., appendix A.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density import _variates
from jprob.density._hazard import with_rest
from jprob.density._moments import moments
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import (
    Pair,
    Tails,
    digamma,
    digamma_less_log,
    gamma_excess,
    gamma_tails_of_pairs,
    gammainccinv,
    gammaincinv,
    log_gamma_density,
    log_inverse_gamma_density,
)
from jprob.special import pair as pairs

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpdf",
    "logsf",
    "mean",
    "mode",
    "pdf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


def _valid(a: Array, rate: Array) -> Array:
    return positive(a) & positive(rate)


def _slopes(x: Array, a: Array, rate: Array) -> tuple[Array, Array, Array]:
    inside = (x > 0) & (x < jnp.inf)
    x = jnp.where(inside, x, 1.0)
    by_x = -gamma_excess(rate, x, a + 1.0) / x / x
    by_a = jnp.log(rate) - jnp.log(x) - digamma(a)
    by_rate = gamma_excess(rate, x, a) / x / rate
    return jnp.where(inside, by_x, 0.0), jnp.where(inside, by_a, 0.0), jnp.where(inside, by_rate, 0.0)


@closed_form(_slopes)
def _log_density(x: Array, a: Array, rate: Array) -> Array:
    value = log_inverse_gamma_density(a, x, rate)
    value = jnp.where((x > 0) & (x < jnp.inf) & (rate < x * finfo(x).max), value, -jnp.inf)
    return jnp.where(_valid(a, rate) & (x == x), value, jnp.nan)


@elementwise
def logpdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: a\log\beta - (a + 1)\log x - \beta/x - \log\Gamma(a)

    in Loader's saddle-point form, which has no large terms to cancel. −inf at 0 and below. A density may exceed one: it
    is a relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logpdf(1.0, 1.0, 2.0)), 6)  # log 2 - 2
        -1.306853
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, concentration, rate)))


@elementwise
def pdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``.

    Example:
        >>> round(float(pdf(1.0, 2.0, 1.0)), 6)  # 1/e
        0.367879
    """
    return jnp.exp(logpdf(x, concentration, rate))


@with_rest(lambda x, rate: (-rate / x / x, 1.0 / x))
def _quotient(x: Array, rate: Array) -> Pair:
    return pairs.div(pairs.pair(rate), pairs.pair(x))


def _tails(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Tails:
    """Both tails: P(X <= x) is the upper tail of the gamma at 1 / x."""
    x, a, rate = jnp.broadcast_arrays(*promote(x, concentration, rate))
    known = _valid(a, rate) & ~jnp.isnan(x)
    inside = known & (x > 0) & (x < jnp.inf) & (rate < x * finfo(x).max)
    z = _quotient(safe(inside, x, 1.0), safe(inside, rate, 1.0))
    z = Pair(jnp.where(inside, z.hi, jnp.where(x < jnp.inf, jnp.inf, 0.0)), jnp.where(inside, z.lo, 0.0))
    lower, upper, log_lower, log_upper = gamma_tails_of_pairs(pairs.pair(a), z)
    return Tails(*(jnp.where(known, t, jnp.nan) for t in (upper, lower, log_upper, log_lower)))


@elementwise
def cdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(cdf(1.0, 1.0, 2.0)), 6)  # e^-2
        0.135335
    """
    return _tails(x, concentration, rate).lower


@elementwise
def sf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(sf(1.0, 1.0, 2.0)), 6)  # 1 - e^-2
        0.864665
    """
    return _tails(x, concentration, rate).upper


@elementwise
def logcdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logcdf(0.001, 1.0, 1.0)), 3)
        -1000.0
    """
    return _tails(x, concentration, rate).log_lower


@elementwise
def logsf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logsf(1000.0, 100.0, 1.0)), 3)  # about -100 log x - log 100!
        -1054.516
    """
    return _tails(x, concentration, rate).log_upper


@elementwise
def ppf(q: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(q, concentration, rate)``, relative accuracy in ``x``; inf where that overflows;
    differentiable     in all three.

    Example:
        >>> round(float(ppf(0.5, 1.0, 1.0)), 6)  # 1 / log 2
        1.442695
    """
    q, a, rate = promote(q, concentration, rate)
    return _quantile(gammainccinv(a, q), jnp.where(q < 1, jnp.log1p(-safe(q < 1, q, 0.5)), -jnp.inf), a, rate)


def _quantile(z: Array, log_mass: Array, a: Array, rate: Array) -> Array:
    """``rate / z``, by the power law ``z^a = Γ(a + 1) mass`` where z nearly underflows and its reciprocal need not."""
    z, log_mass, a, rate = jnp.broadcast_arrays(z, log_mass, a, rate)
    valid, small = _valid(a, rate), (z < 1e3 * finfo(z).tiny) & (log_mass > -jnp.inf)
    by_power = (log_mass + gammaln(safe(small & valid, a, 1.0) + 1.0)) / safe(valid, a, 1.0)
    far = jnp.exp(jnp.log(safe(valid, rate, 1.0)) - safe(small, by_power, 0.0))
    return jnp.where(valid, jnp.where(small, far, rate / safe(~small, z, 1.0)), jnp.nan)


@elementwise
def isf(q: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(q, concentration, rate)``; differentiable in all three.

    Example:
        >>> round(float(isf(0.5, 1.0, 1.0)), 6)  # 1 / log 2
        1.442695
    """
    q, a, rate = promote(q, concentration, rate)
    return _quantile(gammaincinv(a, q), jnp.where(q > 0, jnp.log(safe(q > 0, q, 0.5)), -jnp.inf), a, rate)


@elementwise
def mean(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Mean, β / (a − 1); infinite for a shape of at most one.

    Args:
        concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(mean(3.0, 2.0))
        1.0
    """
    a, rate = promote(concentration, rate)
    finite = a > 1
    return jnp.where(_valid(a, rate), jnp.where(finite, rate / safe(finite, a - 1.0, 1.0), jnp.inf), jnp.nan)


@elementwise
def variance(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Variance, β² / ((a − 1)² (a − 2)); infinite for a shape of at most two.

    Args:
        concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(variance(3.0, 2.0))
        1.0
    """
    a, rate = promote(concentration, rate)
    finite = a > 2
    a_ = safe(finite, a, 3.0)
    value = (rate / (a_ - 1.0)) ** 2 / (a_ - 2.0)
    return jnp.where(_valid(a, rate), jnp.where(finite, value, jnp.inf), jnp.nan)


@elementwise
def mode(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Point of highest density, β / (a + 1).

    Args:
        concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(mode(3.0, 2.0))
        0.5
    """
    a, rate = promote(concentration, rate)
    return jnp.where(_valid(a, rate), rate / (a + 1.0), jnp.nan)


@elementwise
def entropy(concentration: ArrayLike, rate: ArrayLike) -> Array:
    r"""Differential entropy.

    .. math:: \log\beta - \log g(a) - (a + 1)[\psi(a) - \log a] - 2 \log a

    with g the density of Gamma(a, 1): the usual formula about the mean of 1/X, where nothing large is left to cancel.

    Args:
        concentration: shape. rate: scale of ``x``.

    Returns:
        Shape ``broadcast(concentration, rate)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0, 1.0)), 6)  # 1 + 2 * Euler's constant
        2.154431
    """
    a, rate = promote(concentration, rate)
    valid = _valid(a, rate)
    a_, rate_ = safe(valid, a, 1.0), safe(valid, rate, 1.0)
    at_mean = log_gamma_density(a_, a_, 1.0) + 2.0 * jnp.log(a_)
    return jnp.where(valid, jnp.log(rate_) - at_mean - (a_ + 1.0) * digamma_less_log(a_), jnp.nan)


def sample(key: Array, concentration: ArrayLike, rate: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws; those of a tiny shape may overflow to infinity.

    Args:
        key: a JAX random key. concentration: shape. rate: scale of ``x``.
        shape: of the draws, in front of ``broadcast(concentration, rate)``.

    Returns:
        Shape ``shape + broadcast(concentration, rate)``; ``nan`` for invalid parameters.

    Example:
        >>> import jax
        >>> bool((sample(jax.random.key(0), 2.0, 3.0, shape=(5,)) > 0).all())
        True
    """
    a, rate = jnp.broadcast_arrays(*promote(concentration, rate))
    valid = _valid(a, rate)
    draws = _variates.log_gamma(key, jnp.broadcast_to(safe(valid, a, 1.0), shape + a.shape))
    return jnp.where(valid, rate * jnp.exp(-draws), jnp.nan)


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From the moments of 1/x, which is gamma distributed."""
    mean, variance = moments(1.0 / promote(x)[0], weights)
    return {"concentration": mean * mean / variance, "rate": mean / variance}


family = family_of(
    globals(),
    "inverse_gamma",
    constraints={"concentration": "positive", "rate": "positive"},
    support=lambda concentration, rate: (jnp.zeros(jnp.shape(rate)), jnp.full(jnp.shape(rate), jnp.inf)),
    example_params={"concentration": 2.5, "rate": 0.8},
)
