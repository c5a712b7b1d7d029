r"""Poisson: the number of events in a stretch where ``rate`` are expected.

.. math:: P(X = k) = \frac{\lambda^k e^{-\lambda}}{k!}, \quad k = 0, 1, \dots

All functions take the value first, then ``rate``, non-negative (0 puts all mass at 0), and broadcast; results keep the
floating dtype. ``nan`` for an invalid rate, missing values stay ``nan``; a value that is no whole number has probability
0. float32 holds every count up to 2²⁴ and some beyond: quantiles are the smallest such count.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe, whole
from jprob.density import _variates
from jprob.density._discrete import entropy_of_counts, smallest_count
from jprob.density.family import family_of
from jprob.special import Pair, Tails, gamma_tails_of_pairs, log_poisson, two_sum

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpmf",
    "logsf",
    "mean",
    "mle",
    "mode",
    "pmf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


def _valid(rate: Array) -> Array:
    return (rate >= 0) & (rate < jnp.inf)


def _slopes(k: Array, rate: Array) -> tuple[Array, Array]:
    # a count has no slope; at rate = 0 that in the rate is one-sided
    gap = (k - rate) / safe(rate > 0, rate, 1.0)
    by_rate = jnp.where(rate > 0, gap, jnp.where(k == 0, -1.0, jnp.inf))
    return jnp.zeros_like(k), jnp.where((k >= 0) & whole(k), by_rate, 0.0)


@closed_form(_slopes)
def _log_probability(k: Array, rate: Array) -> Array:
    possible = (k >= 0) & (k == jnp.floor(k)) & (k < jnp.inf)
    value = jnp.where(rate > 0, log_poisson(k, rate), jnp.where(k == 0, 0.0, -jnp.inf))
    return jnp.where(_valid(rate) & (k == k), jnp.where(possible, value, -jnp.inf), jnp.nan)


@elementwise
def logpmf(k: ArrayLike, rate: ArrayLike) -> Array:
    r"""Log probability of ``k`` events.

    .. math:: k\log\lambda - \lambda - \log k!

    in Loader's saddle-point form, which has no large terms to cancel. −inf off 0, 1, ….

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, in nats.

    Example:
        >>> round(float(logpmf(1e9, 1e9)), 3)  # -log(2 pi 1e9) / 2
        -11.281
    """
    return _log_probability(*jnp.broadcast_arrays(*promote(k, rate)))


@elementwise
def pmf(k: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of ``k`` events.

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``.

    Example:
        >>> round(float(pmf(2, 1.0)), 6)  # 1 / 2e
        0.18394
    """
    return jnp.exp(logpmf(k, rate))


def _tails(k: Array, rate: Array) -> Tails:
    """Both tails at whole ``k`` for positive rates: P(X > k) is the lower tail of Gamma(k + 1, 1) at the rate."""
    k, rate = jnp.broadcast_arrays(k, rate)
    inside = k >= 0
    t = gamma_tails_of_pairs(two_sum(safe(inside, k, 0.0), jnp.ones_like(k)), Pair(rate, jnp.zeros_like(rate)))
    return Tails(
        jnp.where(inside, t.upper, 0.0),
        jnp.where(inside, t.lower, 1.0),
        jnp.where(inside, t.log_upper, -jnp.inf),
        jnp.where(inside, t.log_lower, 0.0),
    )


def _checked_tails(k: ArrayLike, rate: ArrayLike) -> Tails:
    k, rate = promote(k, rate)
    known = _valid(rate) & ~jnp.isnan(k)
    finite = jnp.clip(jnp.floor(k), -1.0, finfo(k).max / 4.0)
    tails = _tails(finite, safe(known, rate, 1.0))
    ends = (1.0, 0.0, 0.0, -jnp.inf)
    return Tails(
        *(jnp.where(known, jnp.where(k == jnp.inf, end, t), jnp.nan) for t, end in zip(tails, ends, strict=True))
    )


@elementwise
def cdf(k: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of at most ``k`` events.

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, with relative accuracy however small; differentiable in the rate.

    Example:
        >>> round(float(cdf(1, 1.0)), 6)  # 2 / e
        0.735759
    """
    return _checked_tails(k, rate).lower


@elementwise
def sf(k: ArrayLike, rate: ArrayLike) -> Array:
    """Probability of more than ``k`` events.

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, with relative accuracy however small; differentiable in the rate.

    Example:
        >>> round(float(sf(0, 1.0)), 6)  # 1 - 1 / e
        0.632121
    """
    return _checked_tails(k, rate).upper


@elementwise
def logcdf(k: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, in nats.

    Example:
        >>> round(float(logcdf(0, 1000.0)), 3)
        -1000.0
    """
    return _checked_tails(k, rate).log_lower


@elementwise
def logsf(k: ArrayLike, rate: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, in nats.

    Example:
        >>> round(float(logsf(99, 1e-3)), 3)  # about 100 log rate - log 100!
        -1054.516
    """
    return _checked_tails(k, rate).log_upper


def _quantile(lower: Array, upper: Array, rate: Array, *, given_lower: bool = True) -> Array:
    """Smallest count with cdf >= lower, sf <= upper, for ``lower + upper = 1``."""
    lower, upper, rate = jnp.broadcast_arrays(lower, upper, rate)
    valid = _valid(rate) & (lower >= 0) & (upper >= 0)
    inner = valid & (lower > 0) & (upper > 0) & (rate > 0)
    rate_, low_, up_ = safe(inner, rate, 1.0), safe(inner, lower, 0.5), safe(inner, upper, 0.5)
    z = jnp.where(low_ <= up_, 1.0, -1.0) * ndtri(jnp.minimum(low_, up_))
    guess = rate_ + z * jnp.sqrt(rate_) + (z * z - 1.0) / 6.0  # Cornish and Fisher
    low, high = jnp.zeros_like(rate_), jnp.full_like(rate_, finfo(rate_).max / 8.0)
    k = smallest_count(lambda k: _tails(k, rate_), low_, up_, given_lower=given_lower, guess=guess, low=low, high=high)
    edge = jnp.where(lower <= 0, -1.0, jnp.where(rate > 0, jnp.inf, 0.0))
    return jnp.where(inner, k, jnp.where(valid, edge, jnp.nan))


@elementwise
def ppf(q: ArrayLike, rate: ArrayLike) -> Array:
    """Smallest count with cdf at least ``q``, exactly; −1 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. rate: mean.

    Returns:
        Shape ``broadcast(q, rate)``, whole numbers; ``inf`` at ``q = 1``.

    Example:
        >>> float(ppf(0.5, 3.0))
        3.0
    """
    q, rate = promote(q, rate)
    return _quantile(q, 1.0 - q, rate)


@elementwise
def isf(q: ArrayLike, rate: ArrayLike) -> Array:
    """Smallest count with sf at most ``q``, exactly; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. rate: mean.

    Returns:
        Shape ``broadcast(q, rate)``, whole numbers; ``inf`` at ``q = 0``.

    Example:
        >>> float(isf(1e-9, 1.0))
        11.0
    """
    q, rate = promote(q, rate)
    return _quantile(1.0 - q, q, rate, given_lower=False)


@elementwise
def mean(rate: ArrayLike) -> Array:
    """Mean, λ.

    Args:
        rate: mean.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(mean(3.0))
        3.0
    """
    (rate,) = promote(rate)
    return jnp.where(_valid(rate), rate, jnp.nan)


@elementwise
def variance(rate: ArrayLike) -> Array:
    """Variance, λ.

    Args:
        rate: mean.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(variance(3.0))
        3.0
    """
    return mean(rate)


@elementwise
def mode(rate: ArrayLike) -> Array:
    """Most probable count, ⌊λ⌋; the larger of two for a whole rate.

    Args:
        rate: mean.

    Returns:
        Shape of ``rate``.

    Example:
        >>> float(mode(3.7))
        3.0
    """
    (rate,) = promote(rate)
    return jnp.where(_valid(rate), jnp.floor(rate), jnp.nan)


@elementwise
def entropy(rate: ArrayLike) -> Array:
    """Entropy, by 256 terms whatever the rate.

    Args:
        rate: mean.

    Returns:
        Shape of ``rate``, in nats.

    Example:
        >>> round(float(entropy(1.0)), 4)
        1.3048
    """
    (rate,) = promote(rate)
    inner = _valid(rate) & (rate > 0)
    rate_ = safe(inner, rate, 1.0)
    value = entropy_of_counts(lambda k: log_poisson(k, rate_), rate_, rate_, jnp.full_like(rate_, jnp.inf))
    return jnp.where(inner, value, jnp.where(_valid(rate), 0.0, jnp.nan))


def sample(key: Array, rate: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats: exact in law for any rate, and they neither saturate nor wrap.

    Args:
        key: a JAX random key. rate: mean.
        shape: of the draws, in front of the shape of ``rate``.

    Returns:
        Shape ``shape + rate.shape``; ``nan`` for an invalid rate.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 0.0, shape=(3,)).tolist()
        [0.0, 0.0, 0.0]
    """
    (rate,) = promote(rate)
    valid = _valid(rate)
    draws = _variates.poisson(key, jnp.broadcast_to(safe(valid, rate, 1.0), shape + rate.shape))
    return jnp.where(valid, draws, jnp.nan)


def mle(k: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: the mean count.

    Args:
        k: counts, shape ``(..., n)``. weights: non-negative, broadcast against ``k``; one each by default.

    Returns:
        ``{"rate": estimate}`` of shape ``(...)``.

    Example:
        >>> float(mle([1, 2, 3])["rate"])
        2.0
    """
    k, weights = jnp.broadcast_arrays(*promote(k, 1.0 if weights is None else weights))
    return {"rate": jnp.sum(weights * k, -1) / jnp.sum(weights, -1)}


family = family_of(
    globals(),
    "poisson",
    constraints={"rate": "positive"},
    support=lambda rate: (jnp.zeros(jnp.shape(rate)), jnp.full(jnp.shape(rate), jnp.inf)),
    example_params={"rate": 4.2},
)
