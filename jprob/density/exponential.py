r"""Exponential: the waiting time for an event that happens ``rate`` times per unit of time.

.. math:: f(x) = \lambda e^{-\lambda x}, \quad x \ge 0

All functions take the value first, then ``rate``, positive, and broadcast; results keep the floating dtype. ``nan`` for
an invalid rate, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 19.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe
from jprob.density._hazard import (
    cdf_of,
    drawn_hazard,
    extended,
    hazard_at_cdf,
    hazard_at_sf,
    logcdf_of,
    logsf_of,
    sf_of,
    with_rest,
)
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Pair, parts
from jprob.special import pair as pairs
from jprob.special.pair import halves
from jprob.special.power import one_less_product, product, short_product

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpdf",
    "logsf",
    "mean",
    "mle",
    "mode",
    "pdf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


@closed_form(lambda x, rate: (-jnp.ones_like(x), -1.0 / rate / rate))
def _by_rate(x: Array, rate: Array) -> Array:
    """``1 / rate − x``, which cancels near the mean."""
    return jnp.where(rate * x < jnp.inf, one_less_product(rate, x) / rate, -x)


def _slopes(x: Array, rate: Array) -> tuple[Array, Array]:
    inside = (x >= 0) & (x < jnp.inf)
    return jnp.where(inside, -rate, 0.0), jnp.where(inside, _by_rate(x, rate), 0.0)


@closed_form(_slopes)
def _log_density(x: Array, rate: Array) -> Array:
    log, hazard = parts.log_parts(rate), short_product(rate, halves(x))
    head = log.hi - hazard.hi  # both are exact
    outside = (x < 0) | (head == -jnp.inf)  # false for nan, so missing data stay visible
    return jnp.where(positive(rate), jnp.where(outside, -jnp.inf, head + (log.lo - hazard.lo)), jnp.nan)


@elementwise
def logpdf(x: ArrayLike, rate: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: \log\lambda - \lambda x

    −inf below 0; at 0 it is log λ. A density may exceed one: it is a relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``, in nats.

    Example:
        >>> float(logpdf(3.0, 1.0))
        -3.0
    """
    return _log_density(*promote(x, rate))


@elementwise
def pdf(x: ArrayLike, rate: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``.

    Example:
        >>> round(float(pdf(0.0, 2.0)), 6)
        2.0
    """
    return jnp.exp(logpdf(x, rate))


@with_rest(lambda x, rate: (rate, x))
def _product(x: Array, rate: Array) -> Pair:
    return product(rate, pairs.pair(x))


def _hazard(x: ArrayLike, rate: ArrayLike) -> Pair:
    x, rate = promote(x, rate)
    valid = positive(rate) & (x == x)
    inside = valid & (x >= 0) & (x < jnp.inf)
    outside = jnp.where(valid, jnp.where(x > 0, jnp.inf, 0.0), jnp.nan)
    return extended(inside, _product(safe(inside, x, 0.0), safe(inside, rate, 1.0)), outside)


@elementwise
def cdf(x: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of at most ``x``, 1 − exp(−λx).

    Args:
        x: points. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(1.0, 1.0)), 6)  # 1 - 1/e
        0.632121
    """
    return cdf_of(_hazard(x, rate))


@elementwise
def sf(x: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of more than ``x``, exp(−λx).

    Args:
        x: points. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(1.0, 1.0)), 6)  # 1/e
        0.367879
    """
    return sf_of(_hazard(x, rate))


@elementwise
def logcdf(x: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``, in nats.

    Example:
        >>> round(float(logcdf(1.0, 1.0)), 6)
        -0.458675
    """
    x, rate = promote(x, rate)
    valid = positive(rate) & (x == x)
    inside = valid & (x > 0) & (x < jnp.inf)
    value = logcdf_of(jnp.log(safe(inside, rate, 1.0)) + jnp.log(safe(inside, x, 1.0)))
    return jnp.where(inside, value, jnp.where(valid, jnp.where(x > 0, 0.0, -jnp.inf), jnp.nan))


@elementwise
def logsf(x: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`sf`, −λx.

    Args:
        x: points. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(x, rate)``, in nats.

    Example:
        >>> float(logsf(1000.0, 2.0))
        -2000.0
    """
    return logsf_of(_hazard(x, rate))


def _quantile(hazard: Pair, rate: Array) -> Array:
    return jnp.where(positive(rate), pairs.total(hazard) / safe(positive(rate), rate, 1.0), jnp.nan)


@elementwise
def ppf(q: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(q, rate)``; differentiable in both.

    Example:
        >>> round(float(ppf(0.5, 1.0)), 6)  # log 2
        0.693147
    """
    q, rate = promote(q, rate)
    return _quantile(hazard_at_cdf(q), rate)


@elementwise
def isf(q: ArrayLike, rate: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, −log(q) / λ.

    Args:
        q: upper-tail probabilities in [0, 1]. rate: events per unit of ``x``.

    Returns:
        Shape ``broadcast(q, rate)``; differentiable in both.

    Example:
        >>> round(float(isf(1e-30, 1.0)), 4)  # 30 log 10
        69.0776
    """
    q, rate = promote(q, rate)
    return _quantile(hazard_at_sf(q), rate)


@elementwise
def mean(rate: ArrayLike) -> Array:
    """Mean, 1 / λ.

    Args:
        rate: events per unit of ``x``.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(mean(4.0))
        0.25
    """
    (rate,) = promote(rate)
    return jnp.where(positive(rate), 1.0 / rate, jnp.nan)


@elementwise
def variance(rate: ArrayLike) -> Array:
    """Variance, 1 / λ².

    Args:
        rate: events per unit of ``x``.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(variance(4.0))
        0.0625
    """
    (rate,) = promote(rate)
    return jnp.where(positive(rate), 1.0 / rate / rate, jnp.nan)


@elementwise
def mode(rate: ArrayLike) -> Array:
    """Point of highest density, 0.

    Args:
        rate: events per unit of ``x``.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(mode(4.0))
        0.0
    """
    (rate,) = promote(rate)
    return jnp.where(positive(rate), jnp.zeros_like(rate), jnp.nan)


@elementwise
def entropy(rate: ArrayLike) -> Array:
    """Differential entropy, 1 − log λ: the largest of any law on the half-line with this mean.

    Args:
        rate: events per unit of ``x``.

    Returns:
        Shape of ``rate``, in nats; negative for large rates.

    Example:
        >>> float(entropy(1.0))
        1.0
    """
    (rate,) = promote(rate)
    return jnp.where(positive(rate), 1.0 - jnp.log(safe(positive(rate), rate, 1.0)), jnp.nan)


def sample(key: Array, rate: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, differentiable in ``rate``; never 0, down to 1e-15 of the mean.

    Args:
        key: a JAX random key. rate: events per unit of ``x``.
        shape: of the draws, in front of the shape of ``rate``.

    Returns:
        Shape ``shape + rate.shape``; ``nan`` for an invalid rate.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 2.0, shape=(4,)).shape
        (4,)
    """
    (rate,) = promote(rate)
    return _quantile(drawn_hazard(key, shape + rate.shape, rate.dtype), rate)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: one over the mean.

    Args:
        x: non-negative, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"rate": estimate}`` of shape ``(...)``; inf if every ``x`` is 0, ``nan`` without data.

    Example:
        >>> float(mle([1.0, 2.0, 5.0])["rate"])
        0.375
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    return {"rate": jnp.sum(weights, -1) / jnp.sum(weights * x, -1)}


family = family_of(
    globals(),
    "exponential",
    constraints={"rate": "positive"},
    support=lambda rate: (jnp.zeros(jnp.shape(rate)), jnp.full(jnp.shape(rate), jnp.inf)),
    example_params={"rate": 0.5},
)
