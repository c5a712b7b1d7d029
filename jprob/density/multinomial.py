r"""Multinomial: how often each of k labels comes up in n independent trials.

.. math:: P(x) = \frac{n!}{\prod_i x_i!} \prod_i p_i^{x_i}, \quad x_i = 0, 1, \dots, \ \sum_i x_i = n

All functions take the counts first, labels along the last axis, then ``n`` and ``probs``; all other axes broadcast, results
keep the floating dtype. Probabilities are taken relative to their sum, which must be one up to rounding: ``nan`` if it is
not. Computed as Poisson counts given their total, in Loader's saddle-point form.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1997). Discrete Multivariate Distributions, chapter 35.
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe, whole
from jprob.density import binomial
from jprob.density._discrete import mean_over_counts
from jprob.density._simplex import excess_of_sum, sums_to_one
from jprob.density.family import family_of
from jprob.special import log_binomial, log_poisson, two_product
from jprob.special.saddle import plain_deviance

__all__ = ["covariance", "entropy", "family", "logpmf", "mean", "mle", "mode", "pmf", "sample", "variance"]


def _distance(x: Array, n: Array, p: Array, excess: Array) -> Array:
    """``x − n p / (1 + excess)``, where it cancels too."""
    product = two_product(n, p)
    return ((x - product.hi) - product.lo) + n * p * (excess / (1.0 + excess))


def _slopes(x: Array, n: Array, p: Array, excess: Array) -> tuple[Array, ...]:
    zero = jnp.zeros_like(x)
    possible = p > 0
    by_p = jnp.where(possible, _distance(x, n, p, excess) / safe(possible, p, 1.0), jnp.where(x > 0, jnp.inf, -n))
    return zero, zero, by_p, zero  # at the same total; what the sum of p moves cancels over the labels


@closed_form(_slopes)
def _log_part(x: Array, n: Array, p: Array, excess: Array) -> Array:
    """Log probability of a Poisson count of mean ``n p / (1 + excess)``, formed without the rounding of that mean."""
    mean = n * p / (1.0 + excess)
    possible, there = mean > 0, x > 0
    mean_, x_ = jnp.where(possible, mean, 1.0), jnp.where(there, x, 1.0)
    height = log_poisson(x_, x_)  # of a count at its own mean
    value = height - plain_deviance(x_, mean_, jnp.where(possible & there, _distance(x, n, p, excess), x_ - mean_))
    return jnp.where(possible, jnp.where(there, value, -mean), jnp.where(there, -jnp.inf, 0.0))


def _valid(n: Array, probs: Array) -> Array:
    return (n >= 0) & whole(n) & sums_to_one(probs)


@elementwise
def logpmf(x: ArrayLike, n: ArrayLike, probs: ArrayLike) -> Array:
    r"""Log probability of the counts ``x``.

    .. math:: \log n! - \sum_i \log x_i! + \sum_i x_i \log p_i

    without its large terms. −inf for counts that are not whole, negative or do not sum to ``n``.

    Args:
        x: counts, shape ``(..., k)``. n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], n, probs[..., 0])``, in nats.

    Example:
        >>> round(float(logpmf([1, 1], 2, [0.5, 0.5])), 6)  # log 1/2
        -0.693147
    """
    x, n, probs = promote(x, n, probs)
    possible = jnp.all((x >= 0) & whole(x), -1) & (jnp.sum(x, -1) == n)
    n_, excess = n[..., None], lax.stop_gradient(excess_of_sum(probs))[..., None]
    parts = _log_part(*jnp.broadcast_arrays(safe(possible[..., None], x, 0.0), n_, probs, excess))
    total = -jnp.where(n > 0, log_poisson(safe(n > 0, n, 1.0), safe(n > 0, n, 1.0)), 0.0)
    value = jnp.where(possible, jnp.sum(parts, -1) + total, -jnp.inf)
    return jnp.where(_valid(n, probs) & ~jnp.any(jnp.isnan(x), -1), value, jnp.nan)


@elementwise
def pmf(x: ArrayLike, n: ArrayLike, probs: ArrayLike) -> Array:
    """Probability of the counts ``x``.

    Args:
        x: counts, shape ``(..., k)``. n: trials. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], n, probs[..., 0])``.

    Example:
        >>> round(float(pmf([2, 0], 2, [0.5, 0.5])), 6)
        0.25
    """
    return jnp.exp(logpmf(x, n, probs))


def _shares(n: Array, probs: Array) -> tuple[Array, Array]:
    p = probs / jnp.sum(probs, -1, keepdims=True)
    return jnp.where(_valid(n, probs), n, jnp.nan)[..., None], p


@elementwise
def mean(n: ArrayLike, probs: ArrayLike) -> Array:
    """Mean counts, n p.

    Args:
        n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mean(4, [0.25, 0.75]).tolist()
        [1.0, 3.0]
    """
    n, p = _shares(*promote(n, probs))
    return n * p


@elementwise
def variance(n: ArrayLike, probs: ArrayLike) -> Array:
    """Variance of each count, n p (1 − p).

    Args:
        n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> variance(4, [0.25, 0.75]).tolist()
        [0.75, 0.75]
    """
    n, p = _shares(*promote(n, probs))
    return n * p * (1.0 - p)


@elementwise
def covariance(n: ArrayLike, probs: ArrayLike) -> Array:
    r"""Covariance matrix of the counts, :math:`n (\operatorname{diag} p - p p^\top)`.

    Args:
        n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(..., k, k)``; singular, as the counts have a fixed sum.

    Example:
        >>> covariance(4, [0.25, 0.75]).tolist()
        [[0.75, -0.75], [-0.75, 0.75]]
    """
    n, p = _shares(*promote(n, probs))
    off = -n[..., None] * p[..., :, None] * p[..., None, :]
    return jnp.where(jnp.eye(p.shape[-1], dtype=bool), (n * p * (1.0 - p))[..., None], off)


@elementwise
def mode(n: ArrayLike, probs: ArrayLike) -> Array:
    """Most probable counts, exactly: whole shares, then one trial at a time to the label that gains most by it.

    Args:
        n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mode(5, [0.5, 0.3, 0.2]).tolist()
        [3.0, 1.0, 1.0]

    References:
        Finucan, H. M. (1964). The mode of a multinomial distribution. Biometrika 51. It is Jefferson's apportionment.
    """
    n, probs = promote(n, probs)
    trials, p = _shares(n, probs)
    # a rounded share must not be one too many: what is lacking is given out below, one a label at most
    counts = jnp.maximum(jnp.floor(trials * p * (1.0 - 4.0 * jnp.finfo(p.dtype).eps)), 0.0)

    def give(_: int, counts: Array) -> Array:
        best = jnp.argmax(p / (counts + 1.0), -1)
        short = jnp.sum(counts, -1) < n
        return counts + jnp.where(short[..., None], jax.nn.one_hot(best, p.shape[-1], dtype=p.dtype), 0.0)

    return lax.fori_loop(0, 2 * p.shape[-1], give, counts)


@elementwise
def entropy(n: ArrayLike, probs: ArrayLike) -> Array:
    """Entropy, by 256 terms a label whatever ``n``.

    Args:
        n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(entropy(1, [0.5, 0.25, 0.25])), 4)  # of one trial: 1.5 log 2
        1.0397
    """
    n, probs = promote(n, probs)
    trials, p = jnp.broadcast_arrays(*_shares(n, probs))
    inner = (p > 0) & (p < 1) & (trials > 0)
    n_, p_ = safe(inner, trials, 1.0), safe(inner, p, 0.5)
    mean_ = n_ * p_
    part = mean_over_counts(
        lambda k, _: -log_poisson(k, mean_), lambda k: log_binomial(k, n_, p_), mean_, mean_ * (1.0 - p_), n_
    )
    sure = -log_poisson(safe(trials > 0, trials, 1.0), safe(trials > 0, trials, 1.0))
    part = jnp.where(inner, part, jnp.where((p == 1) & (trials > 0), sure, 0.0))
    value = jnp.sum(part, -1) - jnp.where(n > 0, sure[..., 0], 0.0)
    return jnp.where(_valid(n, probs), jnp.maximum(value, 0.0), jnp.nan)


def sample(key: Array, n: ArrayLike, probs: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats: a binomial for each label from what the labels before it have left.

    Args:
        key: a JAX random key. n: trials, shape ``(...)``. probs: probabilities, shape ``(..., k)``.
        shape: of the draws, in front of ``broadcast(n, probs[..., 0])``.

    Returns:
        Shape ``shape + broadcast(n, probs[..., 0]) + (k,)``; ``nan`` for invalid parameters.

    Example:
        >>> sample(jax.random.key(0), 5, [0.0, 1.0, 0.0]).tolist()
        [0.0, 5.0, 0.0]
    """
    n, probs = promote(n, probs)
    batch = shape + jnp.broadcast_shapes(n.shape, probs.shape[:-1])
    valid = jnp.broadcast_to(_valid(n, probs), batch)
    p = jnp.moveaxis(jnp.where(valid[..., None], jnp.broadcast_to(probs, (*batch, probs.shape[-1])), 1.0), -1, 0)
    rest = jnp.flip(jnp.cumsum(jnp.flip(p, 0), 0), 0)
    share = jnp.clip(p / jnp.where(rest > 0, rest, 1.0), 0.0, 1.0).at[-1].set(1.0)

    def draw(left: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        count = binomial.sample(step[0], left, step[1])
        return left - count, count

    keys = jax.random.split(key, probs.shape[-1])
    left = jnp.broadcast_to(jnp.where(valid, n, 0.0), batch)
    counts = jnp.moveaxis(lax.scan(draw, left, (keys, share))[1], 0, -1)
    return jnp.where(valid[..., None], counts, jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate of ``probs``: all counts of a label over all counts; ``n`` is known.

    Args:
        x: counts, shape ``(..., m, k)``. weights: non-negative, shape ``(..., m)``; one each by default.

    Returns:
        ``{"probs": estimate}`` of shape ``(..., k)``; ``nan`` without trials.

    Example:
        >>> mle([[1, 3], [1, 3]])["probs"].tolist()
        [0.25, 0.75]
    """
    x, weights = promote(x, 1.0 if weights is None else weights)
    total = jnp.sum(x * weights[..., None], -2)
    return {"probs": total / jnp.sum(total, -1, keepdims=True)}


family = family_of(
    globals(),
    "multinomial",
    constraints={"n": "count", "probs": "simplex"},
    support=lambda n, probs: (jnp.zeros(np.shape(probs)), jnp.asarray(n)[..., None] + jnp.zeros(np.shape(probs))),
    example_params={"n": 12.0, "probs": (0.2, 0.5, 0.3)},
    event_ndim=1,
)
