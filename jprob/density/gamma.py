r"""Gamma: the waiting time for ``concentration`` events that happen ``rate`` times per unit of time.

.. math:: f(x) = \frac{\lambda^a x^{a-1} e^{-\lambda x}}{\Gamma(a)}, \quad x > 0

All functions take the value first, then ``concentration`` (the shape a) and ``rate`` λ, positive, and broadcast; results
keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 17.
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
)
from jprob.special import pair as pairs
from jprob.special.power import product

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
    inside = (x >= 0) & (x < jnp.inf)
    at_zero = x == 0
    by_x = jnp.where(at_zero, jnp.where(a == 1, -rate, jnp.copysign(jnp.inf, a - 1.0)), 0.0)
    by_x = jnp.where(inside & ~at_zero, -gamma_excess(a - 1.0, x, rate) / jnp.where(at_zero, 1.0, x), by_x)
    by_a = jnp.log(jnp.where(inside, x, 1.0)) + jnp.log(rate) - digamma(a)
    by_rate = -gamma_excess(a, jnp.where(inside, x, 0.0), rate) / rate
    return by_x, jnp.where(inside, by_a, 0.0), jnp.where(inside, by_rate, 0.0)


@closed_form(_slopes)
def _log_density(x: Array, a: Array, rate: Array) -> Array:
    value = log_gamma_density(a, x, rate)
    at_zero = jnp.where(a == 1, jnp.log(rate), jnp.where(a < 1, jnp.inf, -jnp.inf))
    edge = jnp.where(x == 0, at_zero, -jnp.inf)
    value = jnp.where((x > 0) & (x * rate < jnp.inf), value, edge)
    return jnp.where(_valid(a, rate) & (x == x), value, jnp.nan)


@elementwise
def logpdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: a\log\lambda + (a - 1)\log x - \lambda x - \log\Gamma(a)

    in Loader's saddle-point form, which has no large terms to cancel. −inf below 0; at 0 the limit, which is +inf for a
    shape below one and log λ for one. A density may exceed one: it is a relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logpdf(2.0, 1.0, 3.0)), 6)  # log 3 - 6
        -4.901388
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, concentration, rate)))


@elementwise
def pdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``.

    Example:
        >>> round(float(pdf(1.0, 2.0, 1.0)), 6)  # 1/e
        0.367879
    """
    return jnp.exp(logpdf(x, concentration, rate))


@with_rest(lambda x, rate: (rate, x))
def _product(x: Array, rate: Array) -> Pair:
    return product(rate, pairs.pair(x))


def _tails(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Tails:
    x, a, rate = jnp.broadcast_arrays(*promote(x, concentration, rate))
    known = _valid(a, rate) & ~jnp.isnan(x)
    inside = known & (x > 0) & (x < jnp.inf)
    z = _product(safe(inside, x, 1.0), safe(inside, rate, 1.0))
    z = Pair(jnp.where(inside, z.hi, x), jnp.where(inside, z.lo, 0.0))  # the ends as they are
    return Tails(*(jnp.where(known, t, jnp.nan) for t in gamma_tails_of_pairs(pairs.pair(a), z)))


@elementwise
def cdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(cdf(2.0, 1.0, 0.5)), 6)  # 1 - 1/e
        0.632121
    """
    return _tails(x, concentration, rate).lower


@elementwise
def sf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(sf(1.0, 2.0, 1.0)), 6)  # 2/e
        0.735759
    """
    return _tails(x, concentration, rate).upper


@elementwise
def logcdf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logcdf(1e-3, 100.0, 1.0)), 3)  # about 100 log x - log 100!
        -1054.516
    """
    return _tails(x, concentration, rate).log_lower


@elementwise
def logsf(x: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(x, concentration, rate)``, in nats.

    Example:
        >>> round(float(logsf(500.0, 1.0, 2.0)), 3)
        -1000.0
    """
    return _tails(x, concentration, rate).log_upper


@elementwise
def ppf(q: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(q, concentration, rate)``, relative accuracy in ``x``; 0 where that underflows; differentiable
        in all three.

    Example:
        >>> round(float(ppf(0.5, 1.0, 1.0)), 6)  # log 2
        0.693147
    """
    q, a, rate = promote(q, concentration, rate)
    return _quantile(gammaincinv(a, q), jnp.where(q > 0, jnp.log(safe(q > 0, q, 0.5)), -jnp.inf), a, rate)


def _quantile(z: Array, log_mass: Array, a: Array, rate: Array) -> Array:
    """``z / rate``, by the power law ``z^a = Γ(a + 1) mass`` where z nearly underflows and the quotient need not."""
    z, log_mass, a, rate = jnp.broadcast_arrays(z, log_mass, a, rate)
    valid, small = _valid(a, rate), (z < 1e3 * finfo(z).tiny) & (log_mass > -jnp.inf)
    by_power = (log_mass + gammaln(safe(small & valid, a, 1.0) + 1.0)) / safe(valid, a, 1.0)
    far = jnp.exp(safe(small, by_power, 0.0) - jnp.log(safe(valid, rate, 1.0)))
    return jnp.where(valid, jnp.where(small, far, z / safe(valid, rate, 1.0)), jnp.nan)


@elementwise
def isf(q: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(q, concentration, rate)``; differentiable in all three.

    Example:
        >>> round(float(isf(1e-20, 1.0, 1.0)), 4)  # 20 log 10
        46.0517
    """
    q, a, rate = promote(q, concentration, rate)
    return _quantile(gammainccinv(a, q), jnp.where(q < 1, jnp.log1p(-safe(q < 1, q, 0.5)), -jnp.inf), a, rate)


@elementwise
def mean(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Mean, a / λ.

    Args:
        concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(mean(3.0, 2.0))
        1.5
    """
    a, rate = promote(concentration, rate)
    return jnp.where(_valid(a, rate), a / rate, jnp.nan)


@elementwise
def variance(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Variance, a / λ².

    Args:
        concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(variance(3.0, 2.0))
        0.75
    """
    a, rate = promote(concentration, rate)
    return jnp.where(_valid(a, rate), a / rate / rate, jnp.nan)


@elementwise
def mode(concentration: ArrayLike, rate: ArrayLike) -> Array:
    """Point of highest density, (a − 1) / λ, or 0 for a shape of at most one.

    Args:
        concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(concentration, rate)``.

    Example:
        >>> float(mode(3.0, 2.0))
        1.0
    """
    a, rate = promote(concentration, rate)
    return jnp.where(_valid(a, rate), jnp.maximum(a - 1.0, 0.0) / rate, jnp.nan)


@elementwise
def entropy(concentration: ArrayLike, rate: ArrayLike) -> Array:
    r"""Differential entropy.

    .. math:: -\log f(m) - (a - 1)[\psi(a) - \log a]

    with m the mean: the usual formula about the mean, where nothing large is left to cancel.

    Args:
        concentration: shape. rate: inverse scale.

    Returns:
        Shape ``broadcast(concentration, rate)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0, 1.0)), 6)
        1.0
    """
    a, rate = promote(concentration, rate)
    valid = _valid(a, rate)
    a_, rate_ = safe(valid, a, 1.0), safe(valid, rate, 1.0)
    at_mean = log_gamma_density(a_, a_, 1.0) + jnp.log(rate_)
    return jnp.where(valid, -at_mean - (a_ - 1.0) * digamma_less_log(a_), jnp.nan)


def sample(key: Array, concentration: ArrayLike, rate: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws; those of a tiny shape may underflow to 0.

    Args:
        key: a JAX random key. concentration: shape. rate: inverse scale.
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
    draws = _variates.gamma(key, jnp.broadcast_to(safe(valid, a, 1.0), shape + a.shape))
    return jnp.where(valid, draws / rate, jnp.nan)


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From mean and variance."""
    mean, variance = moments(x, weights)
    return {"concentration": mean * mean / variance, "rate": mean / variance}


family = family_of(
    globals(),
    "gamma",
    constraints={"concentration": "positive", "rate": "positive"},
    support=lambda concentration, rate: (jnp.zeros(jnp.shape(rate)), jnp.full(jnp.shape(rate), jnp.inf)),
    example_params={"concentration": 2.5, "rate": 0.8},
)
