r"""Geometric: trials up to and including the first success, each with probability ``p``.

.. math:: P(X = k) = p (1-p)^{k-1}, \quad k = 1, 2, \dots

All functions take the value first, then ``p`` in (0, 1], and broadcast; results keep the floating dtype. At ``p = 1``
all mass is at 1; ``p = 0``, where no success ever comes, is invalid. ``nan`` for invalid ``p``, missing values stay
``nan``, and a value that is no whole number from 1 on has probability 0. float32 holds every count up to 2²⁴ and counts
beyond with gaps.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, 3rd ed., chapter 5.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density._hazard import (
    cdf_of,
    drawn_hazard,
    extended,
    hazard_at_cdf,
    hazard_at_sf,
    logcdf_at,
    logsf_of,
    minus_log1m,
    sf_of,
    with_rest,
)
from jprob.density.family import family_of
from jprob.special import Pair
from jprob.special import pair as pairs
from jprob.special.power import one_less_product, product

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


def _valid(p: Array) -> Array:
    return (p > 0) & (p <= 1)


def _by_p_slopes(k: Array, p: Array) -> tuple[Array, Array]:
    failure = safe(k > 1, 1.0 - p, 1.0)
    return -1.0 / failure, -1.0 / p / p - (k - 1.0) / failure / failure


@closed_form(_by_p_slopes)
def _by_p(k: Array, p: Array) -> Array:
    """``1 / p − (k − 1) / (1 − p)``, which cancels near the mean."""
    first = k == 1
    excess = one_less_product(k, p) / safe(~first, 1.0 - p, 1.0)
    return jnp.where(first, 1.0, excess) / p


def _possible(k: Array, p: Array) -> Array:
    return (k >= 1) & (k < jnp.inf) & (k == jnp.floor(k)) & ((p < 1) | (k == 1))


def _slopes(k: Array, p: Array) -> tuple[Array, Array]:
    possible = _possible(k, p)
    inner = safe(possible, k, 1.0)
    return jnp.where(possible & (p < 1), jnp.log1p(-p), 0.0), jnp.where(possible, _by_p(inner, p), 0.0)


@closed_form(_slopes)
def _log_mass(k: Array, p: Array) -> Array:
    # two negative terms: nothing cancels
    value = jnp.where(k == 1, 0.0, (k - 1.0) * jnp.log1p(-p)) + jnp.log(p)
    possible = (k >= 1) & (k < jnp.inf) & (k == jnp.floor(k))
    return jnp.where(_valid(p) & (k == k), jnp.where(possible, value, -jnp.inf), jnp.nan)


@elementwise
def logpmf(k: ArrayLike, p: ArrayLike) -> Array:
    r"""Log probability that the first success comes at trial ``k``.

    .. math:: \log p + (k - 1)\log(1 - p)

    Args:
        k: trials, shape ``(...)``. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``, in nats; −inf unless ``k`` is 1, 2, ...

    Example:
        >>> round(float(logpmf(2, 0.5)), 6)  # log 1/4
        -1.386294
    """
    return _log_mass(*promote(k, p))


@elementwise
def pmf(k: ArrayLike, p: ArrayLike) -> Array:
    """Probability that the first success comes at trial ``k``.

    Args:
        k: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``.

    Example:
        >>> round(float(pmf(2, 0.5)), 6)
        0.25
    """
    return jnp.exp(logpmf(k, p))


@with_rest(lambda k, p: (pairs.total(minus_log1m(p)), k / (1.0 - p)))
def _inner_hazard(k: Array, p: Array) -> Pair:
    return product(k, minus_log1m(p))


def _hazard(k: ArrayLike, p: ArrayLike) -> Pair:
    k, p = promote(k, p)
    k, valid = jnp.floor(k), _valid(p) & (k == k)
    inside = valid & (k >= 1) & (k < jnp.inf) & (p < 1)
    outside = jnp.where(valid, jnp.where(k >= 1, jnp.inf, 0.0), jnp.nan)
    return extended(inside, _inner_hazard(safe(inside, k, 1.0), safe(inside, p, 0.5)), outside)


@elementwise
def cdf(k: ArrayLike, p: ArrayLike) -> Array:
    """Probability of a success within ``k`` trials, 1 − (1 − p)ᵏ.

    Args:
        k: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(2, 0.5)), 6)
        0.75
    """
    return cdf_of(_hazard(k, p))


@elementwise
def sf(k: ArrayLike, p: ArrayLike) -> Array:
    """Probability of no success within ``k`` trials, (1 − p)ᵏ.

    Args:
        k: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(2, 0.5)), 6)
        0.25
    """
    return sf_of(_hazard(k, p))


@elementwise
def logcdf(k: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        k: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``, in nats.

    Example:
        >>> round(float(logcdf(1, 0.5)), 6)  # log 1/2
        -0.693147
    """
    return logcdf_at(_hazard(k, p))


@elementwise
def logsf(k: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`sf`, k log(1 − p), finite also where that underflows.

    Args:
        k: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, p)``, in nats.

    Example:
        >>> round(float(logsf(1000, 0.5)), 3)  # 1000 log 1/2
        -693.147
    """
    return logsf_of(_hazard(k, p))


def _reached(hazard: Pair, p: Array) -> Array:
    """The smallest count that the dtype holds with at least this hazard; 0 only where that is 0."""
    hazard, p = lax.stop_gradient((hazard, p))  # a step function
    valid = _valid(p)
    inside = valid & (p < 1) & (hazard.hi > 0) & (hazard.hi < jnp.inf)
    total = Pair(safe(inside, hazard.hi, 1.0), jnp.where(inside, hazard.lo, 0.0))
    trials = pairs.div(total, minus_log1m(safe(inside, p, 0.5)))
    whole = jnp.ceil(trials.hi)
    after = jnp.maximum(whole + 1.0, jnp.nextafter(whole, jnp.inf))
    count = jnp.maximum(jnp.where((whole == trials.hi) & (trials.lo > 0), after, whole), 1.0)
    edge = jnp.where(p == 1, jnp.minimum(jnp.ceil(hazard.hi), 1.0), hazard.hi)
    return jnp.where(inside, count, jnp.where(valid, edge, jnp.nan))


@elementwise
def ppf(q: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with cdf at least ``q``, as the dtype rounds it; 0 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. p: probability of success.

    Returns:
        Shape ``broadcast(q, p)``, whole numbers.

    Example:
        >>> [float(ppf(q, 0.5)) for q in (0.75, 0.76)]
        [2.0, 3.0]
    """
    q, p = promote(q, p)
    k = _reached(hazard_at_cdf(q), p)
    return jnp.where((cdf(k - 1.0, p) >= q) & _told_apart(q, k, p), k - 1.0, k)


@elementwise
def isf(q: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with sf at most ``q``, as the dtype rounds it; 0 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. p: probability of success.

    Returns:
        Shape ``broadcast(q, p)``, whole numbers.

    Example:
        >>> [float(isf(q, 0.5)) for q in (0.25, 0.24)]
        [2.0, 3.0]
    """
    q, p = promote(q, p)
    k = _reached(hazard_at_sf(q), p)
    return jnp.where((sf(k - 1.0, p) <= q) & _told_apart(q, k, p), k - 1.0, k)


def _told_apart(q: Array, k: Array, p: Array) -> Array:
    """Whether counts differ by many ulps of ``q``, which may then be the rounded tail of the count before ``k``."""
    return (k > 1) & (pmf(k, p) > 16.0 * finfo(q).eps * q)


@elementwise
def mean(p: ArrayLike) -> Array:
    """Mean, 1 / p.

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(mean(0.25))
        4.0
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), 1.0 / p, jnp.nan)


@elementwise
def variance(p: ArrayLike) -> Array:
    """Variance, (1 − p) / p².

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(variance(0.25))
        12.0
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), (1.0 - p) / p / p, jnp.nan)


@elementwise
def mode(p: ArrayLike) -> Array:
    """Most probable count, 1.

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(mode(0.25))
        1.0
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), jnp.ones_like(p), jnp.nan)


@elementwise
def entropy(p: ArrayLike) -> Array:
    """Entropy, −log p − (1 − p) log(1 − p) / p.

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``, in nats.

    Example:
        >>> round(float(entropy(0.5)), 6)  # 2 log 2
        1.386294
    """
    (p,) = promote(p)
    inner = safe((p > 0) & (p < 1), p, 0.5)
    value = -jnp.log(inner) - (1.0 - inner) * (jnp.log1p(-inner) / inner)
    return jnp.where(_valid(p), jnp.where(p < 1, value, 0.0), jnp.nan)


def sample(key: Array, p: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, as floats: the law rounded up to the counts that the dtype holds, however small ``p``.

    Args:
        key: a JAX random key. p: probability of success.
        shape: of the draws, in front of the shape of ``p``.

    Returns:
        Shape ``shape + p.shape``; ``nan`` for invalid ``p``.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 1.0, shape=(3,)).tolist()
        [1.0, 1.0, 1.0]
    """
    (p,) = promote(p)
    return _reached(drawn_hazard(key, shape + p.shape, p.dtype), p)


def mle(k: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: successes over trials, one over the mean.

    Args:
        k: trials, shape ``(..., n)``. weights: non-negative, broadcast against ``k``; one each by default.

    Returns:
        ``{"p": estimate}`` of shape ``(...)``; ``nan`` without data.

    Example:
        >>> float(mle([1, 2, 5])["p"])
        0.375
    """
    k, weights = jnp.broadcast_arrays(*promote(k, 1.0 if weights is None else weights))
    return {"p": jnp.sum(weights, -1) / jnp.sum(weights * k, -1)}


family = family_of(
    globals(),
    "geometric",
    constraints={"p": "unit_interval"},
    support=lambda p: (jnp.ones(jnp.shape(p)), jnp.full(jnp.shape(p), jnp.inf)),
    example_params={"p": 0.35},
)
