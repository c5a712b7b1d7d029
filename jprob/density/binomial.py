r"""Binomial: successes in ``n`` independent trials with probability ``p`` each.

.. math:: P(X = k) = \binom{n}{k} p^k (1-p)^{n-k}, \quad k = 0, \dots, n

All functions take the value first, then ``n`` (a whole number, 0 allowed) and ``p`` in [0, 1] (both ends valid), and
broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``; a value that is
no whole number in 0..n has probability 0. float32 holds every count up to 2²⁴ and every other one beyond.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe, whole
from jprob.density._discrete import entropy_of_counts, smallest_count
from jprob.density._variates import binomial as draw_binomial
from jprob.density.family import family_of
from jprob.special import Tails, log_binomial, tails_of_pairs, two_difference, two_sum

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


def _valid(n: Array, p: Array) -> Array:
    return (n >= 0) & whole(n) & (p >= 0) & (p <= 1)


@elementwise
def logpmf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    r"""Log probability of ``k`` successes.

    .. math:: \log\binom{n}{k} + k\log p + (n-k)\log(1-p)

    in Loader's saddle-point form, which has no large terms to cancel. −inf off 0..n.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, in nats.

    Example:
        >>> round(float(logpmf(1, 2, 0.5)), 6)  # log 1/2
        -0.693147
    """
    k, n, p = jnp.broadcast_arrays(*promote(k, n, p))
    possible = (k >= 0) & (k <= n) & (k == jnp.floor(k))
    return jnp.where(_valid(n, p) & ~jnp.isnan(k), jnp.where(possible, log_binomial(k, n, p), -jnp.inf), jnp.nan)


@elementwise
def pmf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Probability of ``k`` successes.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``.

    Example:
        >>> round(float(pmf(1, 2, 0.5)), 6)
        0.5
    """
    return jnp.exp(logpmf(k, n, p))


def _tails(k: Array, n: Array, p: Array) -> Tails:
    """Both tails at whole ``k``: P(X > k) is the lower tail of Beta(k + 1, n - k) at p."""
    k, n, p = jnp.broadcast_arrays(k, n, p)
    inside = (k >= 0) & (k < n)
    one, count, total = jnp.ones_like(p), safe(inside, k, 0.0), safe(inside, n, 1.0)
    t = tails_of_pairs(two_sum(count, one), two_difference(total, count), p)
    all_below = k >= n
    return Tails(
        jnp.where(inside, t.upper, jnp.where(all_below, 1.0, 0.0)),
        jnp.where(inside, t.lower, jnp.where(all_below, 0.0, 1.0)),
        jnp.where(inside, t.log_upper, jnp.where(all_below, 0.0, -jnp.inf)),
        jnp.where(inside, t.log_lower, jnp.where(all_below, -jnp.inf, 0.0)),
    )


def _checked_tails(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Tails:
    k, n, p = promote(k, n, p)
    known = _valid(n, p) & ~jnp.isnan(k)
    return Tails(*(jnp.where(known, t, jnp.nan) for t in _tails(jnp.floor(k), n, p)))


@elementwise
def cdf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Probability of at most ``k`` successes.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(1, 2, 0.5)), 6)
        0.75
    """
    return _checked_tails(k, n, p).lower


@elementwise
def sf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Probability of more than ``k`` successes.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(1, 2, 0.5)), 6)
        0.25
    """
    return _checked_tails(k, n, p).upper


@elementwise
def logcdf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, in nats.

    Example:
        >>> round(float(logcdf(0, 1000, 0.5)), 3)  # 1000 log 1/2
        -693.147
    """
    return _checked_tails(k, n, p).log_lower


@elementwise
def logsf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, in nats.

    Example:
        >>> round(float(logsf(999, 1000, 0.5)), 3)
        -693.147
    """
    return _checked_tails(k, n, p).log_upper


def _quantile(lower: Array, upper: Array, n: Array, p: Array, *, given_lower: bool = True) -> Array:
    """Smallest count with cdf >= lower, sf <= upper, for ``lower + upper = 1``."""
    lower, upper, n, p = jnp.broadcast_arrays(lower, upper, n, p)
    valid = _valid(n, p) & (lower >= 0) & (upper >= 0)
    inner = valid & (lower > 0) & (upper > 0)
    n_, p_ = safe(inner, n, 1.0), safe(inner, p, 0.5)
    low_, up_ = safe(inner, lower, 0.5), safe(inner, upper, 0.5)
    z = jnp.where(low_ <= up_, ndtri(jnp.minimum(low_, up_)), -ndtri(jnp.minimum(low_, up_)))
    guess = n_ * p_ + z * jnp.sqrt(n_ * p_ * (1.0 - p_)) + (1.0 - 2.0 * p_) * (z * z - 1.0) / 6.0  # Cornish and Fisher
    k = smallest_count(
        lambda k: _tails(k, n_, p_), low_, up_, given_lower=given_lower, guess=guess, low=jnp.zeros_like(n_), high=n_
    )
    edge = jnp.where(lower <= 0, -1.0, n)
    return jnp.where(inner, k, jnp.where(valid, edge, jnp.nan))


@elementwise
def ppf(q: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with cdf at least ``q``, exactly; −1 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(q, n, p)``, whole numbers.

    Example:
        >>> float(ppf(0.5, 10, 0.3))
        3.0
    """
    q, n, p = promote(q, n, p)
    return _quantile(q, 1.0 - q, n, p)


@elementwise
def isf(q: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Smallest count with sf at most ``q``, exactly; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(q, n, p)``, whole numbers.

    Example:
        >>> float(isf(1e-9, 10, 0.5))
        10.0
    """
    q, n, p = promote(q, n, p)
    return _quantile(1.0 - q, q, n, p, given_lower=False)


@elementwise
def mean(n: ArrayLike, p: ArrayLike) -> Array:
    """Mean, n p.

    Args:
        n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(n, p)``.

    Example:
        >>> float(mean(10, 0.5))
        5.0
    """
    n, p = promote(n, p)
    return jnp.where(_valid(n, p), n * p, jnp.nan)


@elementwise
def variance(n: ArrayLike, p: ArrayLike) -> Array:
    """Variance, n p (1 − p).

    Args:
        n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(n, p)``.

    Example:
        >>> float(variance(10, 0.5))
        2.5
    """
    n, p = promote(n, p)
    return jnp.where(_valid(n, p), n * p * (1.0 - p), jnp.nan)


@elementwise
def mode(n: ArrayLike, p: ArrayLike) -> Array:
    """Most probable count, ⌊(n + 1) p⌋; the larger where two are equally so.

    Args:
        n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(n, p)``.

    Example:
        >>> float(mode(10, 0.3))
        3.0
    """
    n, p = promote(n, p)
    return jnp.where(_valid(n, p), jnp.minimum(jnp.floor((n + 1.0) * p), n), jnp.nan)


@elementwise
def entropy(n: ArrayLike, p: ArrayLike) -> Array:
    """Entropy, by 256 terms whatever ``n``.

    Args:
        n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(n, p)``, in nats.

    Example:
        >>> round(float(entropy(1, 0.5)), 6)  # log 2
        0.693147
    """
    n, p = jnp.broadcast_arrays(*promote(n, p))
    inner = _valid(n, p) & (p > 0) & (p < 1) & (n > 0)
    n_, p_ = safe(inner, n, 1.0), safe(inner, p, 0.5)
    p_ = jnp.minimum(p_, 1.0 - p_)  # entropy is even about 1/2; a small mean keeps zero in the window
    value = entropy_of_counts(lambda k: log_binomial(k, n_, p_), n_ * p_, n_ * p_ * (1.0 - p_), n_)
    return jnp.where(inner, value, jnp.where(_valid(n, p), 0.0, jnp.nan))


def sample(key: Array, n: ArrayLike, p: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws as floats, exact in law for any ``n`` the dtype holds: by inversion below a mean of 10, else by rejection.

    ``jax.random.binomial`` has the variance 22 % too large at n = 10⁹, p = .3 in float32. Draws are constant between
    their jumps: the derivative in ``p`` is zero.

    Args:
        key: a JAX random key. n: trials. p: probability of success.
        shape: of the draws, in front of ``broadcast(n, p)``.

    Returns:
        Shape ``shape + broadcast(n, p)``; ``nan`` for invalid parameters.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 5, 1.0, shape=(3,)).tolist()
        [5.0, 5.0, 5.0]
    """
    n, p = jnp.broadcast_arrays(*promote(n, p))
    valid = _valid(n, p)
    n, p = (jnp.broadcast_to(safe(valid, v, 0.0), shape + valid.shape) for v in (n, p))
    return jnp.where(valid, draw_binomial(key, n, p), jnp.nan)


def mle(k: ArrayLike, n: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate of ``p`` over the last axis, ``n`` known: all successes over all trials.

    Args:
        k: successes, shape ``(..., m)``. n: trials, broadcast against ``k``.
        weights: non-negative, broadcast against ``k``; one each by default.

    Returns:
        ``{"p": estimate}`` of shape ``(...)``; ``nan`` without trials.

    Example:
        >>> float(mle([1, 2], 4)["p"])
        0.375
    """
    k, n, weights = jnp.broadcast_arrays(*promote(k, n, 1.0 if weights is None else weights))
    return {"p": jnp.sum(weights * k, -1) / jnp.sum(weights * n, -1)}


family = family_of(
    globals(),
    "binomial",
    constraints={"n": "count", "p": "unit_interval"},
    support=lambda n, p: (jnp.zeros_like(jnp.asarray(n)), jnp.asarray(n)),
    example_params={"n": 20.0, "p": 0.3},
)
