r"""Beta-binomial: successes in ``n`` trials whose common probability is drawn from Beta(a, b).

.. math:: P(X = k) = \binom{n}{k} \frac{B(a + k,\, b + n - k)}{B(a, b)}, \quad k = 0, \dots, n

It is what a beta posterior predicts. All functions take the value first, then ``n`` (a whole number, 0 allowed) and the
shapes ``a`` and ``b``, positive, and broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing
values stay ``nan``; a value that is no whole number in 0..n has probability 0. Tails, quantiles and entropy cost the same
for a billion trials as for a hundred.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, section 6.2.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe, whole
from jprob.density import beta, binomial
from jprob.density._discrete import smallest_count
from jprob.density._moments import moments
from jprob.density.family import family_of
from jprob.special import Tails, beta_binomial_entropy, beta_binomial_tails, betaincinv, log_beta_binomial

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


def _valid(n: Array, a: Array, b: Array) -> Array:
    return (n >= 0) & whole(n) & (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b)


@elementwise
def logpmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log probability of ``k`` successes; −inf off 0..n.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, in nats.

    Example:
        >>> round(float(logpmf(8, 10, 2.0, 2.0)), 4)
        -2.3602
    """
    k, n, a, b = jnp.broadcast_arrays(*promote(k, n, a, b))
    possible = (k >= 0) & (k <= n) & (k == jnp.floor(k))
    value = jnp.where(possible, log_beta_binomial(k, n, a, b), -jnp.inf)
    return jnp.where(_valid(n, a, b) & ~jnp.isnan(k), value, jnp.nan)


@elementwise
def pmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of ``k`` successes.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``.

    Example:
        >>> round(float(pmf(3, 9, 1.0, 1.0)), 6)  # uniform on 0..9
        0.1
    """
    return jnp.exp(logpmf(k, n, a, b))


def _tails(k: Array, n: Array, a: Array, b: Array) -> Tails:
    """Both tails at whole ``k``."""
    inside = (k >= 0) & (k < n)
    t = beta_binomial_tails(safe(inside, k, 0.0), safe(inside, n, 1.0), safe(inside, a, 1.0), safe(inside, b, 1.0))
    all_below = k >= n
    return Tails(
        jnp.where(inside, t.lower, jnp.where(all_below, 1.0, 0.0)),
        jnp.where(inside, t.upper, jnp.where(all_below, 0.0, 1.0)),
        jnp.where(inside, t.log_lower, jnp.where(all_below, 0.0, -jnp.inf)),
        jnp.where(inside, t.log_upper, jnp.where(all_below, -jnp.inf, 0.0)),
    )


def _checked_tails(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Tails:
    k, n, a, b = jnp.broadcast_arrays(*promote(k, n, a, b))
    known = _valid(n, a, b) & ~jnp.isnan(k)
    tails = _tails(*(safe(known, v, 1.0) for v in (jnp.floor(k), n, a, b)))
    return Tails(*(jnp.where(known, t, jnp.nan) for t in tails))


@elementwise
def cdf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of at most ``k`` successes.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, with relative accuracy however small; differentiable in ``a`` and ``b``.

    Example:
        >>> round(float(cdf(3, 9, 1.0, 1.0)), 6)  # uniform on 0..9
        0.4
    """
    return _checked_tails(k, n, a, b).lower


@elementwise
def sf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of more than ``k`` successes.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, with relative accuracy however small; differentiable in ``a`` and ``b``.

    Example:
        >>> round(float(sf(3, 9, 1.0, 1.0)), 6)
        0.6
    """
    return _checked_tails(k, n, a, b).upper


@elementwise
def logcdf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, in nats.

    Example:
        >>> round(float(logcdf(0, 99, 1.0, 1.0)), 5)  # log 1/100
        -4.60517
    """
    return _checked_tails(k, n, a, b).log_lower


@elementwise
def logsf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, in nats.

    Example:
        >>> round(float(logsf(98, 99, 1.0, 1.0)), 5)
        -4.60517
    """
    return _checked_tails(k, n, a, b).log_upper


def _quantile(lower: Array, upper: Array, n: Array, a: Array, b: Array, *, given_lower: bool) -> Array:
    """Smallest count with cdf >= lower, sf <= upper, for ``lower + upper = 1``."""
    lower, upper, n, a, b = jnp.broadcast_arrays(lower, upper, n, a, b)
    valid = _valid(n, a, b) & (lower >= 0) & (upper >= 0)
    inner = valid & (lower > 0) & (upper > 0) & (n > 0)
    n_, a_, b_ = safe(inner, n, 1.0), safe(inner, a, 1.0), safe(inner, b, 1.0)
    low_, up_ = safe(inner, lower, 0.5), safe(inner, upper, 0.5)
    k = smallest_count(
        lambda k: _tails(k, n_, a_, b_),
        low_,
        up_,
        given_lower=given_lower,
        guess=_guess(low_, up_, n_, a_, b_),
        low=jnp.zeros_like(n_),
        high=n_,
    )
    edge = jnp.where(lower <= 0, -1.0, n)
    return jax.lax.stop_gradient(jnp.where(inner, k, jnp.where(valid, edge, jnp.nan)))


def _guess(lower: Array, upper: Array, n: Array, a: Array, b: Array) -> Array:
    """The quantile of the beta with the mean and variance of the share of successes."""
    m = a + b
    total = jnp.maximum((n - 1.0) * (m / (m + n)), 1e-2)
    from_below = lower <= upper
    near, far = jnp.where(from_below, a, b) / m * total, jnp.where(from_below, b, a) / m * total
    share = betaincinv(near, far, jnp.minimum(lower, upper))
    return jnp.where(from_below, n * share, n - n * share) - 0.5


@elementwise
def ppf(q: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Smallest count with cdf at least ``q``, exactly; −1 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(q, n, a, b)``, whole numbers.

    Example:
        >>> float(ppf(0.45, 9, 1.0, 1.0))
        4.0
    """
    q, n, a, b = promote(q, n, a, b)
    return _quantile(q, 1.0 - q, n, a, b, given_lower=True)


@elementwise
def isf(q: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Smallest count with sf at most ``q``, exactly; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(q, n, a, b)``, whole numbers.

    Example:
        >>> float(isf(0.45, 9, 1.0, 1.0))
        5.0
    """
    q, n, a, b = promote(q, n, a, b)
    return _quantile(1.0 - q, q, n, a, b, given_lower=False)


@elementwise
def mean(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Mean, n a / (a + b).

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``.

    Example:
        >>> float(mean(9, 1.0, 2.0))
        3.0
    """
    n, a, b = promote(n, a, b)
    return jnp.where(_valid(n, a, b), n * (a / (a + b)), jnp.nan)


@elementwise
def variance(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Variance, n a b (a + b + n) / ((a + b)² (a + b + 1)): wider than the binomial's.

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``.

    Example:
        >>> float(variance(1, 1.0, 1.0))
        0.25
    """
    n, a, b = promote(n, a, b)
    s = a + b
    return jnp.where(_valid(n, a, b), n * (a / s) * (b / s) * ((s + n) / (s + 1.0)), jnp.nan)


@elementwise
def mode(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Most probable count.

    ⌊(n + 1)(a − 1) / (a + b − 2)⌋ if both shapes exceed one, the larger where two counts are equally so; else the end on
    the side of the smaller shape: 0 if they are equal, one of two ends below one, any count at one.

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``.

    Example:
        >>> float(mode(10, 3.0, 2.0)), float(mode(10, 0.5, 2.0))
        (7.0, 0.0)
    """
    n, a, b = jnp.broadcast_arrays(*promote(n, a, b))
    inner = (a > 1) & (b > 1)
    share = safe(inner, a - 1.0, 1.0) / safe(inner, (a - 1.0) + (b - 1.0), 2.0)
    peak = jnp.minimum(jnp.floor((n + 1.0) * share), n)
    return jnp.where(_valid(n, a, b), jnp.where(inner, peak, jnp.where(a > b, n, 0.0)), jnp.nan)


@elementwise
def entropy(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Entropy, by a fixed number of terms whatever ``n``.

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``, in nats; differentiable in ``a`` and ``b``.

    Example:
        >>> round(float(entropy(9, 1.0, 1.0)), 6)  # log 10
        2.302585
    """
    n, a, b = jnp.broadcast_arrays(*promote(n, a, b))
    valid = _valid(n, a, b)
    value = beta_binomial_entropy(*(safe(valid, v, 1.0) for v in (n, a, b)))
    return jnp.where(valid, value, jnp.nan)


def sample(key: Array, n: ArrayLike, a: ArrayLike, b: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws: log odds from the beta, then the rarer outcome from the binomial, so that neither chance rounds to one.

    Args:
        key: a JAX random key. n: trials. a: first shape. b: second shape.
        shape: of the draws, in front of ``broadcast(n, a, b)``.

    Returns:
        Shape ``shape + broadcast(n, a, b)``, as floats; ``nan`` for invalid parameters.

    Example:
        >>> sample(jax.random.key(0), 5, 2.0, 3.0, shape=(4,)).shape
        (4,)
    """
    n, a, b = jnp.broadcast_arrays(*promote(n, a, b))
    key_odds, key_count = jax.random.split(key)
    log_odds = beta.sample_logit(key_odds, a, b, shape=shape)
    rarer = binomial.sample(key_count, n, jax.nn.sigmoid(-jnp.abs(log_odds)))
    return jnp.where(log_odds > 0, n - rarer, rarer)


def _start(k: ArrayLike, n: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From mean and variance of the shares; without overdispersion, nearly binomial."""
    k, n = jnp.broadcast_arrays(*promote(k, n))
    mean, variance = moments(k / n, weights)
    mean = jnp.clip(mean, 1e-3, 1.0 - 1e-3)
    alike = variance / (mean * (1.0 - mean)) - moments(1.0 / n, weights)[0]  # correlation of trials, nearly
    size = 1.0 / jnp.clip(alike, 1e-2, 0.9) - 1.0
    return {"a": mean * size, "b": (1.0 - mean) * size}


family = family_of(
    globals(),
    "beta_binomial",
    constraints={"n": "count", "a": "positive", "b": "positive"},
    support=lambda n, a, b: (jnp.zeros_like(jnp.asarray(n)), jnp.asarray(n)),
    example_params={"n": 20.0, "a": 2.5, "b": 4.0},
)
