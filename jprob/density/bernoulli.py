r"""Bernoulli: one trial with probability ``p`` of success.

.. math:: P(X = x) = p^x (1-p)^{1-x}, \quad x \in \{0, 1\}

All functions take the value first, then ``p`` in [0, 1] (both ends valid), and broadcast; results keep the floating
dtype. ``nan`` for invalid ``p``, missing values stay ``nan``, and a value that is neither 0 nor 1 has probability 0.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import xlogy
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe
from jprob.density.family import family_of

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
    return (p >= 0) & (p <= 1)


def _slopes(x: Array, p: Array) -> tuple[Array, ...]:
    possible = jnp.where(x == 1, p > 0, (x == 0) & (p < 1))
    by_p = jnp.where(possible, 1.0 / jnp.where(x == 1, p, p - 1.0), 0.0)  # one-sided at p = 0 and 1
    return jnp.zeros_like(x), by_p


@closed_form(_slopes)
def _log_probability(x: Array, p: Array) -> Array:
    mass = jnp.where(x == 1, p, 1.0 - p)
    lost = jnp.where(x == 1, 0.0, (1.0 - mass) - p)  # by rounding
    value = jnp.where(mass > 0, jnp.log(mass) + lost / mass, -jnp.inf)
    return jnp.where((x == 0) | (x == 1), value, -jnp.inf)


@elementwise
def logpmf(x: ArrayLike, p: ArrayLike) -> Array:
    """Log probability of ``x``: log p at 1, log(1 − p) at 0, −inf elsewhere.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``, in nats.

    Example:
        >>> round(float(logpmf(0, 0.75)), 6)  # log 1/4
        -1.386294
    """
    x, p = jnp.broadcast_arrays(*promote(x, p))
    return jnp.where(_valid(p) & ~jnp.isnan(x), _log_probability(x, p), jnp.nan)


@elementwise
def pmf(x: ArrayLike, p: ArrayLike) -> Array:
    """Probability of ``x``.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``.

    Example:
        >>> float(pmf(1, 0.75))
        0.75
    """
    x, p = promote(x, p)
    mass = jnp.where(x == 1, p, jnp.where(x == 0, 1.0 - p, 0.0))
    return jnp.where(_valid(p) & ~jnp.isnan(x), mass, jnp.nan)


@elementwise
def cdf(x: ArrayLike, p: ArrayLike) -> Array:
    """Probability of at most ``x``: a step at 0 and a step at 1.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``.

    Example:
        >>> float(cdf(0.5, 0.75))
        0.25
    """
    x, p = promote(x, p)
    below = jnp.where(x < 0, 0.0, jnp.where(x < 1, 1.0 - p, 1.0))
    return jnp.where(_valid(p) & ~jnp.isnan(x), below, jnp.nan)


@elementwise
def sf(x: ArrayLike, p: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``, accurate also for tiny ``p``.

    Example:
        >>> float(sf(0, 0.75))
        0.75
    """
    x, p = promote(x, p)
    above = jnp.where(x < 0, 1.0, jnp.where(x < 1, p, 0.0))
    return jnp.where(_valid(p) & ~jnp.isnan(x), above, jnp.nan)


@elementwise
def logcdf(x: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``, in nats.

    Example:
        >>> round(float(logcdf(0, 0.75)), 6)
        -1.386294
    """
    x, p = promote(x, p)
    middle = (x >= 0) & (x < 1)
    log_q = jnp.where(p < 1, jnp.log1p(-safe(middle & (p < 1), p, 0.0)), -jnp.inf)
    out = jnp.where(middle, log_q, jnp.where(x < 0, -jnp.inf, 0.0))
    return jnp.where(_valid(p) & ~jnp.isnan(x), out, jnp.nan)


@elementwise
def logsf(x: ArrayLike, p: ArrayLike) -> Array:
    """Log of :func:`sf`.

    Args:
        x: values. p: probability of success.

    Returns:
        Shape ``broadcast(x, p)``, in nats.

    Example:
        >>> float(logsf(-1, 0.75))
        0.0
    """
    x, p = promote(x, p)
    middle = (x >= 0) & (x < 1)
    log_p = jnp.where(p > 0, jnp.log(safe(middle & (p > 0), p, 1.0)), -jnp.inf)
    out = jnp.where(middle, log_p, jnp.where(x < 0, 0.0, -jnp.inf))
    return jnp.where(_valid(p) & ~jnp.isnan(x), out, jnp.nan)


@elementwise
def ppf(q: ArrayLike, p: ArrayLike) -> Array:
    """Smallest value with cdf at least ``q``; −1 at ``q = 0``, below the support, as in scipy.

    Args:
        q: probabilities in [0, 1]. p: probability of success.

    Returns:
        Shape ``broadcast(q, p)``.

    Example:
        >>> [float(ppf(q, 0.75)) for q in (0.25, 0.26)]
        [0.0, 1.0]
    """
    q, p = promote(q, p)
    value = jnp.where(q <= 0, -1.0, jnp.where(q <= 1.0 - p, 0.0, 1.0))
    return jnp.where(_valid(p) & (q >= 0) & (q <= 1), value.astype(p.dtype), jnp.nan)


@elementwise
def isf(q: ArrayLike, p: ArrayLike) -> Array:
    """Smallest value with sf at most ``q``; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. p: probability of success.

    Returns:
        Shape ``broadcast(q, p)``.

    Example:
        >>> [float(isf(q, 0.75)) for q in (0.75, 0.74)]
        [0.0, 1.0]
    """
    q, p = promote(q, p)
    value = jnp.where(q >= 1, -1.0, jnp.where(q >= p, 0.0, 1.0))
    return jnp.where(_valid(p) & (q >= 0) & (q <= 1), value.astype(p.dtype), jnp.nan)


@elementwise
def mean(p: ArrayLike) -> Array:
    """Mean, p.

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(mean(0.75))
        0.75
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), p, jnp.nan)


@elementwise
def variance(p: ArrayLike) -> Array:
    """Variance, p(1 − p).

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(variance(0.75))
        0.1875
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), p * (1.0 - p), jnp.nan)


@elementwise
def mode(p: ArrayLike) -> Array:
    """Most probable value; 0 of the two at p = 1/2.

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``.

    Example:
        >>> float(mode(0.75))
        1.0
    """
    (p,) = promote(p)
    return jnp.where(_valid(p), (p > 0.5).astype(p.dtype), jnp.nan)


@elementwise
def entropy(p: ArrayLike) -> Array:
    """Entropy, −p log p − (1 − p) log(1 − p).

    Args:
        p: probability of success.

    Returns:
        Shape of ``p``, in nats.

    Example:
        >>> round(float(entropy(0.5)), 6)  # log 2
        0.693147
    """
    (p,) = promote(p)
    inner = safe((p > 0) & (p < 1), p, 0.5)
    value = -xlogy(inner, inner) - (1.0 - inner) * jnp.log1p(-inner)
    return jnp.where(_valid(p), jnp.where((p > 0) & (p < 1), value, 0.0), jnp.nan)


def sample(key: Array, p: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats 0 and 1.

    Args:
        key: a JAX random key. p: probability of success.
        shape: of the draws, in front of the shape of ``p``.

    Returns:
        Shape ``shape + p.shape``; ``nan`` for invalid ``p``.

    Example:
        >>> sample(jax.random.key(0), 1.0, shape=(3,)).tolist()
        [1.0, 1.0, 1.0]
    """
    (p,) = promote(p)
    draws = jax.random.uniform(key, shape + p.shape, p.dtype) < p
    return jnp.where(_valid(p), draws.astype(p.dtype), jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: the share of successes.

    Args:
        x: zeros and ones, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"p": estimate}`` of shape ``(...)``.

    Example:
        >>> float(mle([0, 1, 1, 1])["p"])
        0.75
    """
    x, weights = promote(x, 1.0 if weights is None else weights)
    weights = jnp.broadcast_to(weights, x.shape)
    return {"p": jnp.sum(weights * x, -1) / jnp.sum(weights, -1)}


family = family_of(
    globals(),
    "bernoulli",
    constraints={"p": "unit_interval"},
    support=lambda p: (jnp.zeros(jnp.shape(p)), jnp.ones(jnp.shape(p))),
    example_params={"p": 0.3},
)
