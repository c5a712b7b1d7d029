r"""Normal: the Gaussian.

.. math:: f(x) = \frac{1}{\sigma\sqrt{2\pi}} e^{-z^2/2}, \quad z = \frac{x - \mu}{\sigma}

All functions take the value first, then the mean ``loc`` and the standard deviation ``scale``, positive, and broadcast;
results keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 13.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote
from jprob.density import _uniforms
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Tails, normal_quantile, normal_tails_of_score, standard_score, two_difference
from jprob.special.parts import half_square, log_parts, short_quotient

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

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def _valid(loc: Array, scale: Array) -> Array:
    return positive(scale) & (jnp.abs(loc) < jnp.inf)


def _slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    d, inverse = two_difference(x, loc), 1.0 / scale
    rest = lax.stop_gradient(jnp.where(jnp.abs(d.hi) < jnp.inf, d.lo, 0.0))
    # (z^2 - 1) / scale, without its cancellation
    by_scale = ((d.hi - scale) + rest) * inverse * (((d.hi + scale) + rest) * inverse) * inverse
    largest = finfo(x).max
    by_loc = jnp.clip(d.hi * inverse * inverse, -largest, largest)  # finite, for a density of 0 beside it
    return -by_loc, by_loc, jnp.minimum(by_scale, largest)


@closed_form(_slopes)
def _log_density(x: Array, loc: Array, scale: Array) -> Array:
    z = short_quotient(two_difference(x, loc), scale)
    half, log = half_square(z), log_parts(scale)
    head = -half.hi - log.hi  # where they cancel their sum is exact
    value = head - (half.lo + log.lo + _LOG_SQRT_2PI)
    value = jnp.where(head > -jnp.inf, value, head + 0.0 * loc)  # the square may overflow
    return jnp.where(scale > 0, value, jnp.nan)  # infinite parameters have made it nan


@elementwise
def logpdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: -z^2/2 - \log\sigma - \tfrac12\log 2\pi

    whose terms may cancel: each is an exact head and a small rest. A density may exceed one: it is a relative
    likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logpdf(1.0, 1.0, 1.0)), 6)  # -log(2 pi) / 2
        -0.918939
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, loc, scale)))


@elementwise
def pdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``.

    Example:
        >>> round(float(pdf(1.0, 1.0, 2.0)), 6)  # 1 / (2 sqrt(2 pi))
        0.199471
    """
    return jnp.exp(logpdf(x, loc, scale))


def _tails(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    x, loc, scale = jnp.broadcast_arrays(*promote(x, loc, scale))
    tails = normal_tails_of_score(standard_score(two_difference(x, loc), scale))
    return Tails(*(jnp.where(_valid(loc, scale), t, jnp.nan) for t in tails))


@elementwise
def cdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(3.0, 3.0, 2.0)), 6)
        0.5
    """
    return _tails(x, loc, scale).lower


@elementwise
def sf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(1e6 * float(sf(3.0, -2.0, 1.0)), 6)  # five sigma
        0.286652
    """
    return _tails(x, loc, scale).upper


@elementwise
def logcdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logcdf(-20.0, 0.0, 1.0)), 3)  # about -20^2 / 2 - log(20 sqrt(2 pi))
        -203.917
    """
    return _tails(x, loc, scale).log_lower


@elementwise
def logsf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logsf(20.0, 0.0, 1.0)), 3)
        -203.917
    """
    return _tails(x, loc, scale).log_upper


def _quantile(p: Array, q: Array, loc: Array, scale: Array) -> Array:
    return jnp.where(_valid(loc, scale), loc + scale * normal_quantile(p, q), jnp.nan)


@elementwise
def ppf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> float(ppf(0.5, 3.0, 2.0))
        3.0
    """
    q, loc, scale = promote(q, loc, scale)
    return _quantile(q, 1.0 - q, loc, scale)


@elementwise
def isf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> round(float(isf(0.025, 0.0, 1.0)), 5)
        1.95996
    """
    q, loc, scale = promote(q, loc, scale)
    return _quantile(1.0 - q, q, loc, scale)


@elementwise
def mean(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Mean, ``loc``.

    Args:
        loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(mean(3.0, 2.0))
        3.0
    """
    loc, scale = jnp.broadcast_arrays(*promote(loc, scale))
    return jnp.where(_valid(loc, scale), loc, jnp.nan)


@elementwise
def variance(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Variance, the square of ``scale``.

    Args:
        loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(variance(3.0, 2.0))
        4.0
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), scale * scale, jnp.nan)


@elementwise
def mode(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, ``loc``.

    Args:
        loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(mode(3.0, 2.0))
        3.0
    """
    return mean(loc, scale)


@elementwise
def entropy(loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\tfrac12\log(2\pi e) + \log\sigma`.

    Args:
        loc: mean. scale: standard deviation.

    Returns:
        Shape ``broadcast(loc, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(3.0, 1.0)), 6)
        1.418939
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), (_LOG_SQRT_2PI + 0.5) + jnp.log(scale), jnp.nan)


def sample(key: Array, loc: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, out to 6.3 standard deviations in float32; ``jax.random.normal`` ends at 5.4.

    Args:
        key: a JAX random key. loc: mean. scale: standard deviation.
        shape: of the draws, in front of ``broadcast(loc, scale)``.

    Returns:
        Shape ``shape + broadcast(loc, scale)``; ``nan`` for invalid parameters.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 3.0, 2.0, shape=(4,)).shape
        (4,)
    """
    loc, scale = jnp.broadcast_arrays(*promote(loc, scale))
    p, lower = _uniforms.tail(key, shape + loc.shape, loc.dtype)
    z = ndtri(p)
    return jnp.where(_valid(loc, scale), loc + scale * jnp.where(lower, z, -z), jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimates over the last axis: the mean, and the root mean square deviation from it.

    Args:
        x: values, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"loc": ..., "scale": ...}`` of shape ``(...)``; a scale of 0 is no density.

    Example:
        >>> {name: float(value) for name, value in mle([1.0, 3.0]).items()}
        {'loc': 2.0, 'scale': 1.0}
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    share = weights / jnp.sum(weights, -1, keepdims=True)
    loc = jnp.sum(share * x, -1, keepdims=True)
    loc += jnp.sum(share * (x - loc), -1, keepdims=True)  # what the rounding of a large mean left
    return {"loc": loc[..., 0], "scale": jnp.sqrt(jnp.sum(share * (x - loc) ** 2, -1))}


family = family_of(
    globals(),
    "normal",
    constraints={"loc": "real", "scale": "positive"},
    support=lambda loc, scale: (jnp.full((), -jnp.inf), jnp.full((), jnp.inf)),
    example_params={"loc": 1.5, "scale": 2.0},
)
