r"""Beta: a proportion.

.. math:: f(x) = \frac{x^{a-1} (1-x)^{b-1}}{B(a, b)}, \quad 0 \le x \le 1

All functions take the value first, then the shapes ``a`` and ``b``, positive, and broadcast; results keep the floating
dtype. ``nan`` for invalid shapes, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, vol. 2, chapter 25.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.density._moments import moments
from jprob.density._variates import log_gamma_ratio
from jprob.density.family import family_of
from jprob.special import (
    beta_tails,
    betainccinv,
    betaincinv,
    digamma_less_log,
    log_beta_density,
)

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
    "sample_logit",
    "sf",
    "variance",
]


def _valid(a: Array, b: Array) -> Array:
    return (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b)


@elementwise
def logpdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: (a - 1) \log x + (b - 1) \log(1 - x) - \log B(a, b)

    −inf outside [0, 1]; at its ends the limit, which is +inf for a shape below one. A density may exceed one: it is a
    relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``, in nats.

    Example:
        >>> round(float(logpdf(0.5, 2.0, 2.0)), 6)  # log 3/2
        0.405465
    """
    x, a, b = jnp.broadcast_arrays(*promote(x, a, b))
    valid = _valid(a, b)
    inside = valid & (x > 0) & (x < 1)
    value = log_beta_density(safe(inside, a, 1.0), safe(inside, b, 1.0), safe(inside, x, 0.5))
    at_zero, at_one = valid & (x == 0), valid & (x == 1)
    out = jnp.where(at_zero, _limit(a, b, x, at_zero), jnp.where(at_one, _limit(b, a, 1.0 - x, at_one), -jnp.inf))
    return jnp.where(valid & ~jnp.isnan(x), jnp.where(inside, value, out), jnp.nan)


def _limit(a: Array, b: Array, x: Array, here: Array) -> Array:
    """Log density at ``x = 0``: a pole, nothing, or for a = 1 the height b with its slope."""
    b = safe(here, b, 1.0)
    height = jnp.log(b) - (b - 1.0) * safe(here, x, 0.0)
    return jnp.where(a < 1, jnp.inf, jnp.where(a > 1, -jnp.inf, height))


@elementwise
def pdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``.

    Example:
        >>> round(float(pdf(0.5, 2.0, 2.0)), 6)
        1.5
    """
    return jnp.exp(logpdf(x, a, b))


@elementwise
def cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(cdf(0.25, 2.0, 1.0)), 6)  # x^2
        0.0625
    """
    return beta_tails(a, b, x).lower


@elementwise
def sf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``, with relative accuracy however small; differentiable in all three.

    Example:
        >>> round(float(sf(0.75, 1.0, 2.0)), 6)  # (1 - x)^2
        0.0625
    """
    return beta_tails(a, b, x).upper


@elementwise
def logcdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``, in nats.

    Example:
        >>> round(float(logcdf(0.5, 1000.0, 1.0)), 3)  # 1000 log 1/2
        -693.147
    """
    return beta_tails(a, b, x).log_lower


@elementwise
def logsf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(x, a, b)``, in nats.

    Example:
        >>> round(float(logsf(0.5, 1.0, 1000.0)), 3)
        -693.147
    """
    return beta_tails(a, b, x).log_upper


@elementwise
def ppf(q: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(q, a, b)``, relative accuracy in ``x``; differentiable in all three.

    Example:
        >>> round(float(ppf(0.25, 2.0, 1.0)), 6)
        0.5
    """
    return betaincinv(a, b, q)


@elementwise
def isf(q: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(q, a, b)``; differentiable in all three.

    Example:
        >>> round(float(isf(0.25, 1.0, 2.0)), 6)
        0.5
    """
    return betainccinv(a, b, q)


@elementwise
def mean(a: ArrayLike, b: ArrayLike) -> Array:
    """Mean, a / (a + b).

    Args:
        a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(a, b)``.

    Example:
        >>> float(mean(1.0, 3.0))
        0.25
    """
    a, b = promote(a, b)
    return jnp.where(_valid(a, b), a / (a + b), jnp.nan)


@elementwise
def variance(a: ArrayLike, b: ArrayLike) -> Array:
    """Variance, a b / ((a + b)² (a + b + 1)).

    Args:
        a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(a, b)``.

    Example:
        >>> round(float(variance(1.0, 1.0)), 6)  # 1/12
        0.083333
    """
    a, b = promote(a, b)
    n = a + b
    return jnp.where(_valid(a, b), (a / n) * (b / n) / (n + 1.0), jnp.nan)


@elementwise
def mode(a: ArrayLike, b: ArrayLike) -> Array:
    """Point of highest density.

    (a − 1) / (a + b − 2) if both shapes exceed one; else the end with the smaller shape. With equal shapes at or below
    one there is no single mode: 1/2 for the uniform, 0 (of 0 and 1) below.

    Args:
        a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(a, b)``.

    Example:
        >>> round(float(mode(3.0, 2.0)), 4), float(mode(0.5, 2.0))
        (0.6667, 0.0)
    """
    a, b = jnp.broadcast_arrays(*promote(a, b))
    inner = (a > 1) & (b > 1)
    peak = safe(inner, a - 1.0, 1.0) / safe(inner, (a - 1.0) + (b - 1.0), 2.0)
    end = jnp.where((a == 1) & (b == 1), 0.5, (a > b).astype(a.dtype))
    return jnp.where(_valid(a, b), jnp.where(inner, peak, end), jnp.nan)


@elementwise
def entropy(a: ArrayLike, b: ArrayLike) -> Array:
    r"""Differential entropy.

    .. math:: -\log f(m) - (a-1)[r(a) - r(n)] - (b-1)[r(b) - r(n)],\quad r(z) = \psi(z) - \log z

    with m the mean and n = a + b: the usual formula about the mean, where nothing large is left to cancel.

    Args:
        a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(a, b)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0, 1.0)), 6) + 0.0
        0.0
    """
    a, b = jnp.broadcast_arrays(*promote(a, b))
    valid = _valid(a, b)
    # even under the swap of the shapes: the smaller mean is the one known to all digits
    a_, b_ = (
        jnp.minimum(safe(valid, a, 1.0), safe(valid, b, 1.0)),
        jnp.maximum(safe(valid, a, 1.0), safe(valid, b, 1.0)),
    )
    n = a_ + b_
    m = jnp.clip(a_ / n, jnp.finfo(a.dtype).tiny * 2.0**24, 1.0 - jnp.finfo(a.dtype).epsneg)
    about = digamma_less_log(n)
    spread = (a_ - 1.0) * (digamma_less_log(a_) - about) + (b_ - 1.0) * (digamma_less_log(b_) - about)
    return jnp.where(valid, -log_beta_density(a_, b_, m) - spread, jnp.nan)


def sample_logit(key: Array, a: ArrayLike, b: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Log odds of draws, by log gamma variates: finite where the draw itself rounds to 0 or 1.

    Draws have no derivative in the shapes; to differentiate around them, stop the gradient of the shapes.

    Args:
        key: a JAX random key. a: first shape. b: second shape.
        shape: of the draws, in front of ``broadcast(a, b)``.

    Returns:
        Shape ``shape + broadcast(a, b)``; ``nan`` for invalid shapes.

    Example:
        >>> bool(jnp.isfinite(sample_logit(jax.random.key(0), 0.01, 0.01, shape=(1000,))).all())
        True
    """
    a, b = jnp.broadcast_arrays(*promote(a, b))
    valid = _valid(a, b)
    a, b = (jnp.broadcast_to(safe(valid, v, 1.0), shape + valid.shape) for v in (a, b))
    return jnp.where(valid, log_gamma_ratio(key, a, b), jnp.nan)


def sample(key: Array, a: ArrayLike, b: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws in [0, 1]; tiny shapes may round to the ends, :func:`sample_logit` does not.

    Args:
        key: a JAX random key. a: first shape. b: second shape.
        shape: of the draws, in front of ``broadcast(a, b)``.

    Returns:
        Shape ``shape + broadcast(a, b)``; ``nan`` for invalid shapes.

    Example:
        >>> sample(jax.random.key(0), 2.0, 3.0, shape=(4,)).shape
        (4,)
    """
    return jax.nn.sigmoid(sample_logit(key, a, b, shape=shape))


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From mean and variance."""
    mean, variance = moments(x, weights)
    size = jnp.maximum(mean * (1.0 - mean) / variance - 1.0, 0.05)
    return {"a": mean * size, "b": (1.0 - mean) * size}


family = family_of(
    globals(),
    "beta",
    constraints={"a": "positive", "b": "positive"},
    support=lambda a, b: (jnp.zeros(()), jnp.ones(())),
    example_params={"a": 2.5, "b": 4.0},
)
