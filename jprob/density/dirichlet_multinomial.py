r"""Dirichlet-multinomial: counts of k labels in n trials whose probabilities are themselves Dirichlet.

.. math:: P(x) = \frac{n!\,\Gamma(A)}{\Gamma(n + A)} \prod_i \frac{\Gamma(x_i + a_i)}{x_i!\,\Gamma(a_i)},
    \quad A = \sum_i a_i

All functions take the counts first, labels along the last axis, then ``n`` and ``concentration``, positive; all other axes
broadcast, results keep the floating dtype. Computed as negative binomial counts given their total.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1997). Discrete Multivariate Distributions, chapter 35.13.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe, whole
from jprob.density import _expectation, beta, dirichlet, multinomial
from jprob.density._derived import Level
from jprob.density._discrete import mean_over_counts
from jprob.density.family import family_of
from jprob.special import log_binomial, log_negative_binomial

__all__ = ["covariance", "entropy", "family", "logpmf", "mean", "pmf", "sample", "variance"]


def _valid(n: Array, concentration: Array) -> Array:
    return (n >= 0) & whole(n) & jnp.all((concentration > 0) & (concentration < jnp.inf), -1)


def _chance(n: Array, total: Array) -> Array:
    """A probability of success at which the total of the negative binomials is near ``n``; any will do, it cancels."""
    return lax.stop_gradient(total / (total + jnp.maximum(n, 1.0)))


@elementwise
def logpmf(x: ArrayLike, n: ArrayLike, concentration: ArrayLike) -> Array:
    """Log probability of the counts ``x``.

    Args:
        x: counts, shape ``(..., k)``. n: trials, shape ``(...)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], n, concentration[..., 0])``, in nats; −inf for counts that are not whole, negative or do
        not sum to ``n``.

    Example:
        >>> round(float(logpmf([3, 6], 9, [1.0, 1.0])), 6)  # uniform on 0..9: -log 10
        -2.302585
    """
    x, n, concentration = promote(x, n, concentration)
    possible = jnp.all((x >= 0) & whole(x), -1) & (jnp.sum(x, -1) == n)
    valid = _valid(n, concentration)
    a = safe(valid[..., None], concentration, 1.0)
    total, n_ = jnp.sum(a, -1), safe(valid, n, 0.0)
    p = _chance(n_, total)
    x_ = jnp.where((possible & valid)[..., None], x, 0.0)
    value = jnp.sum(log_negative_binomial(x_, a, p[..., None]), -1) - log_negative_binomial(n_, total, p)
    value = jnp.where(possible, jnp.minimum(value, 0.0), -jnp.inf)
    return jnp.where(valid & ~jnp.any(jnp.isnan(x), -1), value, jnp.nan)


@elementwise
def pmf(x: ArrayLike, n: ArrayLike, concentration: ArrayLike) -> Array:
    """Probability of the counts ``x``.

    Args:
        x: counts, shape ``(..., k)``. n: trials. concentration: shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], n, concentration[..., 0])``.

    Example:
        >>> round(float(pmf([3, 6], 9, [1.0, 1.0])), 5)
        0.1
    """
    return jnp.exp(logpmf(x, n, concentration))


def _parts(n: ArrayLike, concentration: ArrayLike) -> tuple[Array, Array, Array]:
    n, a = promote(n, concentration)
    n = jnp.where(_valid(n, a), n, jnp.nan)[..., None]
    total = jnp.sum(a, -1, keepdims=True)
    return n, a / total, (n + total) / (1.0 + total)


@elementwise
def mean(n: ArrayLike, concentration: ArrayLike) -> Array:
    """Mean counts, n a / A.

    Args:
        n: trials, shape ``(...)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mean(4, [1.0, 3.0]).tolist()
        [1.0, 3.0]
    """
    n, m, _ = _parts(n, concentration)
    return n * m


@elementwise
def variance(n: ArrayLike, concentration: ArrayLike) -> Array:
    """Variance of each count, n m (1 − m) (n + A) / (1 + A) with m = a / A.

    Args:
        n: trials, shape ``(...)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> variance(1, [1.0, 1.0]).tolist()
        [0.25, 0.25]
    """
    n, m, inflation = _parts(n, concentration)
    return n * m * (1.0 - m) * inflation


@elementwise
def covariance(n: ArrayLike, concentration: ArrayLike) -> Array:
    """Covariance matrix of the counts: that of the multinomial of mean probabilities, times (n + A) / (1 + A).

    Args:
        n: trials, shape ``(...)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k, k)``; singular, as the counts have a fixed sum.

    Example:
        >>> covariance(1, [1.0, 1.0]).tolist()
        [[0.25, -0.25], [-0.25, 0.25]]
    """
    n, m, inflation = _parts(n, concentration)
    off = -m[..., :, None] * m[..., None, :]
    single = jnp.where(jnp.eye(m.shape[-1], dtype=bool), (m * (1.0 - m))[..., None], off)
    return (n * inflation)[..., None] * single


@elementwise
def entropy(n: ArrayLike, concentration: ArrayLike) -> Array:
    """Entropy, by sums over each label's count: binomial given a probability, over the quantiles of that.

    Args:
        n: trials, shape ``(...)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(entropy(9, [1.0, 1.0])), 4)  # log 10
        2.3026
    """
    n, a = promote(n, concentration)
    valid = _valid(n, a) & (n > 0)
    n_, a_ = safe(valid, n, 1.0), safe(valid[..., None], a, 1.0)
    total = jnp.sum(a_, -1)
    chance = _chance(n_, total)
    trials, of_label, p = jnp.broadcast_arrays(n_[..., None], a_, chance[..., None])
    params = {"a": of_label, "b": total[..., None] - of_label}

    def surprise(share: Array) -> Array:
        share = jnp.clip(share, jnp.finfo(share.dtype).tiny, 1.0 - jnp.finfo(share.dtype).epsneg)
        mean_, variance_ = trials * share, trials * share * (1.0 - share)
        return mean_over_counts(
            lambda k, _: -log_negative_binomial(k, of_label, p),
            lambda k: log_binomial(k, trials, share),
            mean_,
            variance_,
            trials,
        )

    def quantile(level: Level, params) -> Array:
        return jnp.where(level.by_lower, beta.ppf(level.lower, **params), beta.isf(level.upper, **params))

    parts = _expectation.expectation(surprise, False, beta.family.logdensity, quantile, params)
    value = jnp.sum(parts, -1) + log_negative_binomial(n_, total, chance)
    return jnp.where(valid, value, jnp.where(_valid(n, a), 0.0, jnp.nan))


def sample(key: Array, n: ArrayLike, concentration: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats: multinomial of Dirichlet probabilities.

    Args:
        key: a JAX random key. n: trials, shape ``(...)``. concentration: shape ``(..., k)``.
        shape: of the draws, in front of ``broadcast(n, concentration[..., 0])``.

    Returns:
        Shape ``shape + broadcast(n, concentration[..., 0]) + (k,)``; ``nan`` for invalid parameters.

    Example:
        >>> float(sample(jax.random.key(0), 5, [0.1, 0.1]).sum())
        5.0
    """
    n, a = promote(n, concentration)
    probs_key, counts_key = jax.random.split(key)
    batch = jnp.broadcast_shapes(n.shape, a.shape[:-1])
    probs = dirichlet.sample(probs_key, jnp.broadcast_to(a, (*batch, a.shape[-1])), shape=shape)
    return multinomial.sample(counts_key, n, probs)


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """That of the Dirichlet for the shares, each with a little of the mean."""
    x, weights = promote(x, 1.0 if weights is None else weights)
    n = jnp.sum(x, -1, keepdims=True)
    centre = jnp.sum(x, -2, keepdims=True) / jnp.sum(n, -2, keepdims=True)
    return dirichlet.start((x + centre) / (n + 1.0), weights)


family = family_of(
    globals(),
    "dirichlet_multinomial",
    constraints={"n": "count", "concentration": "positive_vector"},
    support=lambda n, concentration: (
        jnp.zeros(np.shape(concentration)),
        jnp.asarray(n)[..., None] + jnp.zeros(np.shape(concentration)),
    ),
    example_params={"n": 12.0, "concentration": (1.5, 3.0, 2.0)},
    event_ndim=1,
)
