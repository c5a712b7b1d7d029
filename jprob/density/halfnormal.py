r"""Half normal: the distance of a normal from its mean.

.. math:: f(x) = \frac{2}{\sigma\sqrt{2\pi}} e^{-x^2/2\sigma^2}, \quad x \ge 0

All functions take the value first, then ``scale``, the standard deviation of that normal, positive, and broadcast;
results keep the floating dtype. ``nan`` for an invalid scale, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 13.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density import _uniforms
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import normal_quantile, normal_tails_of_score, standard_score
from jprob.special.pair import Pair, pair
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

_LOG_SQRT_HALF_PI = 0.5 * math.log(0.5 * math.pi)
_SQRT_2 = math.sqrt(2.0)


def _valid(scale: Array) -> Array:
    return positive(scale)


def _slopes(x: Array, scale: Array) -> tuple[Array, Array]:
    inverse, on, largest = 1.0 / scale, x >= 0, finfo(x).max
    # (z^2 - 1) / scale, without its cancellation
    by_scale = (x - scale) * inverse * ((x + scale) * inverse) * inverse
    by_x = jnp.maximum(-x * inverse * inverse, -largest)  # finite, for a density of 0 beside it
    return jnp.where(on, by_x, 0.0), jnp.where(on, jnp.minimum(by_scale, largest), 0.0)


@closed_form(_slopes)
def _log_density(x: Array, scale: Array) -> Array:
    z = short_quotient(pair(x), scale)
    half, log = half_square(z), log_parts(scale)
    head = -half.hi - log.hi  # where they cancel their sum is exact
    value = head - (half.lo + log.lo + _LOG_SQRT_HALF_PI)
    value = jnp.where(
        (x >= 0) & (head > -jnp.inf), value, -jnp.inf - x * x
    )  # it may overflow; missing data stay visible
    return jnp.where(_valid(scale), value, jnp.nan)


@elementwise
def logpdf(x: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: -z^2/2 - \log\sigma + \tfrac12\log(2/\pi), \quad z = x/\sigma

    whose terms may cancel: each is an exact head and a small rest. −inf below 0; at 0 the peak, which is finite.

    Args:
        x: points, shape ``(...)``. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``, in nats.

    Example:
        >>> round(float(logpdf(0.0, 1.0)), 6)  # log(2 / pi) / 2
        -0.225791
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, scale)))


@elementwise
def pdf(x: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``.

    Example:
        >>> round(float(pdf(0.0, 1.0)), 6)  # sqrt(2 / pi)
        0.797885
    """
    return jnp.exp(logpdf(x, scale))


def _score(x: Array, scale: Array, on: Array) -> Pair:
    return standard_score(pair(safe(on, x, 1.0)), safe(on, scale, 1.0))


def _upper(x: Array, scale: Array, on: Array) -> Array:
    return 2.0 * normal_tails_of_score(_score(x, scale, on)).upper


def _lower(x: Array, scale: Array, on: Array) -> Array:
    """By the error function where it is small, by the other tail where that is."""
    z = _score(x, scale, on)
    size = z.hi + z.lo
    small = size < 0.7
    return jnp.where(small, lax.erf(safe(small, size, 0.5) * (1.0 / _SQRT_2)), 1.0 - _upper(x, scale, on))


def _continued(x: Array, scale: Array, on: Array, value: Array, below: float) -> Array:
    """A tail on the support, continued to its left."""
    known = _valid(scale) & ~jnp.isnan(x)
    return jnp.where(known, jnp.where(on, value, below), jnp.nan)


@elementwise
def cdf(x: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(2.0, 2.0)), 6)  # one standard deviation
        0.682689
    """
    x, scale = jnp.broadcast_arrays(*promote(x, scale))
    on = x >= 0
    return _continued(x, scale, on, _lower(x, scale, on), 0.0)


@elementwise
def sf(x: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``, with relative accuracy however small.

    Example:
        >>> round(1e6 * float(sf(5.0, 1.0)), 6)
        0.573303
    """
    x, scale = jnp.broadcast_arrays(*promote(x, scale))
    on = x >= 0
    return _continued(x, scale, on, _upper(x, scale, on), 1.0)


@elementwise
def logcdf(x: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        x: points. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``, in nats.

    Example:
        >>> round(float(logcdf(2.0, 2.0)), 6)  # log 0.682689
        -0.381715
    """
    x, scale = jnp.broadcast_arrays(*promote(x, scale))
    on = x > 0
    lower, upper = _lower(x, scale, on), _upper(x, scale, on)
    small = lower < 0.5
    value = jnp.where(small, jnp.log(safe(small, lower, 0.5)), jnp.log1p(-safe(~small, upper, 0.5)))
    return _continued(x, scale, on, value, -jnp.inf)


@elementwise
def logsf(x: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. scale: of the normal.

    Returns:
        Shape ``broadcast(x, scale)``, in nats.

    Example:
        >>> round(float(logsf(20.0, 1.0)), 3)  # twice the tail of the normal
        -203.224
    """
    x, scale = jnp.broadcast_arrays(*promote(x, scale))
    on = x > 0
    value = normal_tails_of_score(_score(x, scale, on)).log_upper + math.log(2.0)
    lower = _lower(x, scale, on)
    near = lower < 0.5
    return _continued(x, scale, on, jnp.where(near, jnp.log1p(-safe(near, lower, 0.5)), value), 0.0)


def _quantile(p: Array, q: Array, scale: Array) -> Array:
    """The point with lower tail ``p`` and upper tail ``q``, from the smaller, which is exact."""
    below = p <= q
    near = _SQRT_2 * lax.erf_inv(safe(below, p, 0.5))
    far = normal_quantile(1.0 - 0.5 * q, 0.5 * q)
    return jnp.where(_valid(scale) & (p >= 0) & (q >= 0), scale * jnp.where(below, near, far), jnp.nan)


@elementwise
def ppf(q: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. scale: of the normal.

    Returns:
        Shape ``broadcast(q, scale)``, with relative accuracy.

    Example:
        >>> round(float(ppf(0.95, 1.0)), 5)
        1.95996
    """
    q, scale = jnp.broadcast_arrays(*promote(q, scale))
    return _quantile(q, 1.0 - q, scale)


@elementwise
def isf(q: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. scale: of the normal.

    Returns:
        Shape ``broadcast(q, scale)``, with relative accuracy.

    Example:
        >>> round(float(isf(0.05, 1.0)), 5)
        1.95996
    """
    q, scale = jnp.broadcast_arrays(*promote(q, scale))
    return _quantile(1.0 - q, q, scale)


@elementwise
def mean(scale: ArrayLike) -> Array:
    """Mean, √(2/π) ``scale``.

    Args:
        scale: of the normal.

    Returns:
        Shape of ``scale``.

    Example:
        >>> round(float(mean(1.0)), 6)
        0.797885
    """
    (scale,) = promote(scale)
    return jnp.where(_valid(scale), math.sqrt(2.0 / math.pi) * scale, jnp.nan)


@elementwise
def variance(scale: ArrayLike) -> Array:
    """Variance, (1 − 2/π) times the square of ``scale``.

    Args:
        scale: of the normal.

    Returns:
        Shape of ``scale``.

    Example:
        >>> round(float(variance(1.0)), 6)
        0.36338
    """
    (scale,) = promote(scale)
    return jnp.where(_valid(scale), (1.0 - 2.0 / math.pi) * scale * scale, jnp.nan)


@elementwise
def mode(scale: ArrayLike) -> Array:
    """Point of highest density, 0.

    Args:
        scale: of the normal.

    Returns:
        Shape of ``scale``.

    Example:
        >>> float(mode(2.0))
        0.0
    """
    (scale,) = promote(scale)
    return jnp.where(_valid(scale), jnp.zeros_like(scale), jnp.nan)


@elementwise
def entropy(scale: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\tfrac12\log(\pi e/2) + \log\sigma`.

    Args:
        scale: of the normal.

    Returns:
        Shape of ``scale``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0)), 6)
        0.725791
    """
    (scale,) = promote(scale)
    return jnp.where(_valid(scale), (_LOG_SQRT_HALF_PI + 0.5) + jnp.log(scale), jnp.nan)


def sample(key: Array, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, out to 6.3 standard deviations in float32.

    Args:
        key: a JAX random key. scale: of the normal.
        shape: of the draws, in front of the shape of ``scale``.

    Returns:
        Shape ``shape + scale.shape``; ``nan`` for an invalid scale.

    Example:
        >>> import jax
        >>> bool((sample(jax.random.key(0), 2.0, shape=(100,)) >= 0).all())
        True
    """
    (scale,) = promote(scale)
    p, _ = _uniforms.tail(key, shape + scale.shape, scale.dtype)
    return jnp.where(_valid(scale), -scale * ndtri(p), jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: the root mean square.

    Args:
        x: non-negative values, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"scale": estimate}`` of shape ``(...)``; a scale of 0 is no density.

    Example:
        >>> float(mle([1.0, 7.0])["scale"])
        5.0
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    return {"scale": jnp.sqrt(jnp.sum(weights * x * x, -1) / jnp.sum(weights, -1))}


family = family_of(
    globals(),
    "halfnormal",
    constraints={"scale": "positive"},
    support=lambda scale: (jnp.zeros(()), jnp.full((), jnp.inf)),
    example_params={"scale": 2.0},
)
