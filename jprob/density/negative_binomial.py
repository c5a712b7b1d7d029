r"""Negative binomial: failures before the ``r``-th success; a Poisson count whose rate is gamma distributed.

.. math:: P(X = k) = \frac{\Gamma(k + r)}{\Gamma(r)\, k!} p^r (1-p)^k, \quad k = 0, 1, \dots

All functions take the value first, then ``r``, positive and not necessarily whole, and the probability of success ``p`` in
(0, 1], and broadcast; results keep the floating dtype. ``nan`` for invalid parameters (at ``p = 0`` there is no such
distribution), missing values stay ``nan``; a value that is no whole number has probability 0. The mean is r (1 − p) / p.
float32 holds every count up to 2²⁴ and some beyond: quantiles are the smallest such count.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, 3rd ed., chapter 5.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, is_float64, promote, safe
from jprob.density import _variates
from jprob.density._discrete import smallest_count
from jprob.density._long_tail import entropy_of_long_tail
from jprob.density._moments import moments
from jprob.density.family import family_of
from jprob.special import Tails, log_negative_binomial, tails_of_pairs, two_sum
from jprob.special.pair import pair

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpmf",
    "logsf",
    "mean",
    "mode",
    "pmf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


def _valid(r: Array, p: Array) -> Array:
    return (r > 0) & (r < jnp.inf) & (p > 0) & (p <= 1)


@elementwise
def logpmf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    r"""Log probability of ``k`` failures.

    .. math:: \log\frac{\Gamma(k + r)}{\Gamma(r)\, k!} + r\log p + k\log(1-p)

    in Loader's saddle-point form, which has no large terms to cancel. −inf off 0, 1, ….

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, in nats.

    Example:
        >>> round(float(logpmf(1, 2.0, 0.5)), 6)  # log 1/4
        -1.386294
    """
    k, r, p = jnp.broadcast_arrays(*promote(k, r, p))
    possible = (k >= 0) & (k < jnp.inf) & (k == jnp.floor(k))
    value = jnp.where(possible, log_negative_binomial(k, r, p), -jnp.inf)
    return jnp.where(_valid(r, p) & ~jnp.isnan(k), value, jnp.nan)


@elementwise
def pmf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Probability of ``k`` failures.

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``.

    Example:
        >>> round(float(pmf(1, 2.0, 0.5)), 6)
        0.25
    """
    return jnp.exp(logpmf(k, r, p))


def _tails(k: Array, r: Array, p: Array) -> Tails:
    """Both tails at whole ``k`` for valid parameters: P(X <= k) is the lower tail of Beta(r, k + 1) at p."""
    inside = k >= 0
    most = jnp.minimum(2.0**62 / p, finfo(k).max ** 0.75)  # a tail of nothing, in products that do not overflow
    t = tails_of_pairs(pair(r), two_sum(jnp.clip(k, 0.0, most), jnp.ones_like(k)), p)
    ends = (0.0, 1.0, -jnp.inf, 0.0)
    return Tails(*(jnp.where(inside, v, end) for v, end in zip(t, ends, strict=True)))


def _checked_tails(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Tails:
    k, r, p = jnp.broadcast_arrays(*promote(k, r, p))
    known = _valid(r, p) & ~jnp.isnan(k)
    tails = _tails(jnp.floor(safe(known, k, 0.0)), safe(known, r, 1.0), safe(known, p, 0.5))
    ends = (1.0, 0.0, 0.0, -jnp.inf)
    return Tails(
        *(jnp.where(known, jnp.where(k == jnp.inf, end, t), jnp.nan) for t, end in zip(tails, ends, strict=True))
    )


@elementwise
def cdf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Probability of at most ``k`` failures.

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, with relative accuracy however small; differentiable in ``r`` and ``p``.

    Example:
        >>> round(float(cdf(1, 2.0, 0.5)), 6)
        0.5
    """
    return _checked_tails(k, r, p).lower


@elementwise
def sf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Probability of more than ``k`` failures.

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, with relative accuracy however small; differentiable in ``r`` and ``p``.

    Example:
        >>> round(float(sf(0, 2.0, 0.5)), 6)  # 1 - p^r
        0.75
    """
    return _checked_tails(k, r, p).upper


@elementwise
def logcdf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, in nats.

    Example:
        >>> round(float(logcdf(0, 1000.0, 0.5)), 3)  # 1000 log 1/2
        -693.147
    """
    return _checked_tails(k, r, p).log_lower


@elementwise
def logsf(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, in nats.

    Example:
        >>> round(float(logsf(999, 1.0, 0.5)), 3)
        -693.147
    """
    return _checked_tails(k, r, p).log_upper


def _highest(r: Array, p: Array, nats: float) -> Array:
    """A count beyond which less than ``2 exp(-nats)`` lies: Chernoff's bounds for the gamma rate and its Poisson count."""
    rate = (r + jnp.sqrt(2.0 * nats * r) + nats) / p * (1.0 - p)
    return jnp.minimum(rate + jnp.sqrt(2.0 * nats * rate) + nats, finfo(p).max / 64.0)


def _quantile(lower: Array, upper: Array, r: Array, p: Array, *, given_lower: bool = True) -> Array:
    """Smallest count with cdf >= lower, sf <= upper, for ``lower + upper = 1``."""
    lower, upper, r, p = jnp.broadcast_arrays(lower, upper, r, p)
    valid = _valid(r, p) & (lower >= 0) & (upper >= 0)
    inner = valid & (lower > 0) & (upper > 0) & (p < 1)
    r_, p_ = safe(inner, r, 1.0), safe(inner, p, 0.5)
    low_, up_ = safe(inner, lower, 0.5), safe(inner, upper, 0.5)
    z, q = jnp.where(low_ <= up_, 1.0, -1.0) * ndtri(jnp.minimum(low_, up_)), 1.0 - p_
    sd = jnp.sqrt(r_ * q) / p_
    guess = r_ * q / p_ + z * sd + (1.0 + q) / p_ * (z * z - 1.0) / 6.0  # Cornish and Fisher
    high = jnp.floor(_highest(r_, p_, 800.0))  # e^-800 is below any float
    k = smallest_count(
        lambda k: _tails(k, r_, p_), low_, up_, given_lower=given_lower, guess=guess, low=jnp.zeros_like(r_), high=high
    )
    edge = jnp.where(lower <= 0, -1.0, jnp.where(p < 1, jnp.inf, 0.0))
    return jnp.where(inner, k, jnp.where(valid, edge, jnp.nan))


@elementwise
def ppf(q: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with cdf at least ``q``, exactly; −1 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(q, r, p)``, whole numbers; ``inf`` at ``q = 1``.

    Example:
        >>> float(ppf(0.6, 2.0, 0.5))  # 1/4, 1/2, 11/16, ...
        2.0
    """
    q, r, p = promote(q, r, p)
    return _quantile(q, 1.0 - q, r, p)


@elementwise
def isf(q: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with sf at most ``q``, exactly; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(q, r, p)``, whole numbers; ``inf`` at ``q = 0``.

    Example:
        >>> float(isf(1e-9, 1.0, 0.5))  # 2^-30 < 1e-9
        29.0
    """
    q, r, p = promote(q, r, p)
    return _quantile(1.0 - q, q, r, p, given_lower=False)


@elementwise
def mean(r: ArrayLike, p: ArrayLike) -> Array:
    """Mean, r (1 − p) / p.

    Args:
        r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(r, p)``.

    Example:
        >>> float(mean(3.0, 0.25))
        9.0
    """
    r, p = promote(r, p)
    return jnp.where(_valid(r, p), r * (1.0 - p) / p, jnp.nan)


@elementwise
def variance(r: ArrayLike, p: ArrayLike) -> Array:
    """Variance, r (1 − p) / p².

    Args:
        r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(r, p)``.

    Example:
        >>> float(variance(3.0, 0.25))
        36.0
    """
    r, p = promote(r, p)
    return jnp.where(_valid(r, p), r * (1.0 - p) / p / p, jnp.nan)


@elementwise
def mode(r: ArrayLike, p: ArrayLike) -> Array:
    """Most probable count, ⌊(r − 1) (1 − p) / p⌋ or 0; the larger where two are equally so.

    Args:
        r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(r, p)``.

    Example:
        >>> float(mode(3.0, 0.5)), float(mode(0.5, 0.25))
        (2.0, 0.0)
    """
    r, p = promote(r, p)
    return jnp.where(_valid(r, p), jnp.maximum(jnp.floor((r - 1.0) * (1.0 - p) / p), 0.0), jnp.nan)


@elementwise
def entropy(r: ArrayLike, p: ArrayLike) -> Array:
    r"""Entropy, by a fixed number of terms; for very many successes by its expansion in the skewness.

    .. math:: \tfrac12\log(2\pi e\, r q / p^2) - \frac{(1 + q)^2}{12\, r q} + O((rq)^{-2}), \quad q = 1 - p

    Args:
        r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(r, p)``, in nats.

    Example:
        >>> round(float(entropy(1.0, 0.5)), 5)  # geometric: 2 log 2
        1.38629
    """
    r, p = jnp.broadcast_arrays(*promote(r, p))
    inner = _valid(r, p) & (p < 1)
    r_, p_ = safe(inner, r, 1.0), safe(inner, p, 0.5)
    spread = r_ * (1.0 - p_)
    many = spread > (1e6 if is_float64(p) else 3e3)
    expansion = 0.5 * (1.0 + jnp.log(2.0 * math.pi * spread)) - jnp.log(p_) - (2.0 - p_) ** 2 / (12.0 * spread)
    r_, spread = safe(~many, r_, 1.0), safe(~many, spread, 0.5)
    low = (spread - 11.0 * jnp.sqrt(spread)) / p_
    value = entropy_of_long_tail(lambda k: log_negative_binomial(k, r_, p_), low, _highest(r_, p_, 40.0))
    return jnp.where(inner, jnp.where(many, expansion, value), jnp.where(_valid(r, p), 0.0, jnp.nan))


def sample(key: Array, r: ArrayLike, p: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats: Poisson counts whose rates are gamma variates, exact in law.

    Args:
        key: a JAX random key. r: successes. p: probability of success.
        shape: of the draws, in front of ``broadcast(r, p)``.

    Returns:
        Shape ``shape + broadcast(r, p)``; ``nan`` for invalid parameters.

    Example:
        >>> sample(jax.random.key(0), 2.5, 1.0, shape=(3,)).tolist()
        [0.0, 0.0, 0.0]
    """
    r, p = jnp.broadcast_arrays(*promote(r, p))
    valid = _valid(r, p)
    gamma_key, poisson_key = jax.random.split(key)
    rate = _variates.gamma(gamma_key, jnp.broadcast_to(safe(valid, r, 1.0), shape + r.shape))
    odds = (1.0 - p) / safe(valid, p, 0.5)
    counts = _variates.poisson(poisson_key, jnp.minimum(rate * safe(valid, odds, 1.0), finfo(p).max / 64.0))
    return jnp.where(valid, counts, jnp.nan)


def _start(k: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From mean and variance; without overdispersion, nearly Poisson."""
    mean, variance = moments(k, weights)
    mean = jnp.maximum(mean, 1e-3)
    r = mean * mean / jnp.maximum(variance - mean, 1e-2 * mean * mean)
    return {"r": r, "p": r / (r + mean)}


family = family_of(
    globals(),
    "negative_binomial",
    constraints={"r": "positive", "p": "unit_interval"},
    support=lambda r, p: (jnp.zeros(()), jnp.full((), jnp.inf)),
    example_params={"r": 2.5, "p": 0.6},
)
