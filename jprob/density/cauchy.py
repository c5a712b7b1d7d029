r"""Cauchy: the quotient of two normals; Student's t with one degree of freedom.

.. math:: f(x) = \frac{1}{\pi s (1 + z^2)}, \quad z = \frac{x - \mu}{s}

All functions take the value first, then the median ``loc`` and the half width at half height ``scale``, positive, and
broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``. Its tails are so
heavy that it has neither mean nor variance, and the average of draws is no better than one draw.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 16.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density import _uniforms
from jprob.density._moments import quartiles
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Tails, two_difference

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
    "sf",
    "variance",
]

_LOG_PI = math.log(math.pi)


def _valid(loc: Array, scale: Array) -> Array:
    return positive(scale) & (jnp.abs(loc) < jnp.inf)


def _slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    d = two_difference(x, loc)
    side = jnp.where(d.hi < 0, -1.0, 1.0)  # not abs and sign: both have the slope 0 at loc, where curvature is largest
    size = side * d.hi
    rest = lax.stop_gradient(jnp.where(size < jnp.inf, jnp.where(d.hi < 0, -d.lo, d.lo), 0.0))
    # z / (1 + z^2) is even under z -> 1 / z; the ratio below one does not overflow
    large = jnp.maximum(size, scale)
    t = jnp.minimum(size, scale) / large
    bend = 1.0 / (1.0 + t * t) / scale
    by_loc = side * (2.0 * t * bend)
    away = jnp.where(size < jnp.inf, ((size - scale) + rest) / large, 1.0)
    return -by_loc, by_loc, away * (jnp.where(size < scale, size / scale, 1.0) + jnp.where(size < scale, 1.0, t)) * bend


@closed_form(_slopes)
def _log_density(x: Array, loc: Array, scale: Array) -> Array:
    d, inverse = jnp.abs(x - loc), 1.0 / scale
    product = scale + d * (d * inverse)
    # where it would overflow, the log of its root, from a factor scaled down
    half = finfo(x).maxexp // 2
    far = ~(product < 2.0 ** (2 * half - 2))
    log = jnp.log(jnp.where(far, (d * 2.0**-half) * jnp.sqrt(inverse), product))
    value = -(jnp.where(far, 2.0 * log + (2 * half * math.log(2.0) + 0.0 * loc), log) + _LOG_PI)
    return jnp.where(positive(scale), value, jnp.nan)  # an infinite loc has made it nan


@elementwise
def logpdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: -\log(\pi s (1 + z^2))

    as one logarithm of a product that does not overflow.

    Args:
        x: points, shape ``(...)``. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logpdf(2.0, 1.0, 1.0)), 6)  # -log 2 pi
        -1.837877
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, loc, scale)))


@elementwise
def pdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``.

    Example:
        >>> round(float(pdf(1.0, 1.0, 2.0)), 6)  # 1 / 2 pi
        0.159155
    """
    return jnp.exp(logpdf(x, loc, scale))


def _by_side(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    """-1 below the median and 1 above it; the smaller over the larger of distance and scale; one over the larger."""
    size = jnp.abs(x - loc)
    large = jnp.maximum(size, scale)
    return jnp.where(x < loc, -1.0, 1.0), jnp.minimum(size, scale) / large, 1.0 / large


def _near_slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    side, t, inverse = _by_side(x, loc, scale)
    inner = jnp.abs(x - loc) < scale
    common = inverse / (jnp.pi * (1.0 + t * t))
    by_loc = side * common * jnp.where(inner, 1.0, t)
    return -by_loc, by_loc, common * jnp.where(inner, t, 1.0)


@closed_form(_near_slopes)
def _near(x: Array, loc: Array, scale: Array) -> Array:
    """The tail on the side of ``x``, at most 1/2."""
    return jnp.arctan2(scale, jnp.abs(x - loc)) * (1.0 / math.pi)


def _log_near_slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    side, t, inverse = _by_side(x, loc, scale)
    inner = jnp.abs(x - loc) < scale
    angle = jnp.arctan2(scale, jnp.abs(x - loc))
    ratio = jnp.where(t > 0, t / safe(t > 0, angle, 1.0), 1.0)  # of the tangent to the angle
    bend = 1.0 / (1.0 + t * t)
    by_loc = side * bend * inverse * jnp.where(inner, 1.0 / angle, ratio)
    return -by_loc, by_loc, bend / scale * ratio


@closed_form(_log_near_slopes)
def _log_near(x: Array, loc: Array, scale: Array) -> Array:
    angle, far = jnp.arctan2(scale, jnp.abs(x - loc)), jnp.log(scale) - jnp.log(jnp.abs(x - loc))
    return jnp.where(angle > float(finfo(x).tiny) ** 0.5, jnp.log(angle), far) - _LOG_PI


def _tails(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    x, loc, scale = jnp.broadcast_arrays(*promote(x, loc, scale))
    near, log_near, above = _near(x, loc, scale), _log_near(x, loc, scale), x >= loc
    far, log_far = 1.0 - near, jnp.log1p(-near)
    tails = (
        jnp.where(above, far, near),
        jnp.where(above, near, far),
        jnp.where(above, log_far, log_near),
        jnp.where(above, log_near, log_far),
    )
    return Tails(*(jnp.where(_valid(loc, scale), t, jnp.nan) for t in tails))


@elementwise
def cdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> float(cdf(3.0, 3.0, 2.0))
        0.5
    """
    return _tails(x, loc, scale).lower


@elementwise
def sf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(2.0, 0.0, 2.0)), 6)
        0.25
    """
    return _tails(x, loc, scale).upper


@elementwise
def logcdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logcdf(-2.0, 0.0, 2.0)), 6)  # log 1/4
        -1.386294
    """
    return _tails(x, loc, scale).log_lower


@elementwise
def logsf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logsf(2.0, 0.0, 2.0)), 6)
        -1.386294
    """
    return _tails(x, loc, scale).log_upper


def _score_slopes(p: Array, q: Array) -> tuple[Array, Array]:
    slope = jnp.pi * (1.0 + _score(p, q) ** 2)
    return jnp.where(p <= q, slope, 0.0), jnp.where(p <= q, 0.0, -slope)


@closed_form(_score_slopes)
def _score(p: Array, q: Array) -> Array:
    """The cotangent of pi times the smaller tail, by the tangent of an angle within an eighth of a turn."""
    tail = jnp.minimum(p, q)
    outer = tail < 0.25
    tangent = jnp.tan(jnp.pi * jnp.where(outer, tail, 0.5 - tail))
    z = jnp.where(outer, 1.0 / tangent, tangent)
    return jnp.where(p <= q, -z, z)


def _quantile(p: Array, q: Array, loc: Array, scale: Array) -> Array:
    """The point with lower tail ``p`` and upper tail ``q``, from the smaller, which is exact."""
    return jnp.where(_valid(loc, scale) & (p >= 0) & (q >= 0), loc + scale * _score(p, q), jnp.nan)


@elementwise
def ppf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> round(float(ppf(0.25, 3.0, 1.0)), 6)
        2.0
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(q, 1.0 - q, loc, scale)


@elementwise
def isf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> round(float(isf(0.25, 3.0, 1.0)), 6)
        4.0
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(1.0 - q, q, loc, scale)


@elementwise
def mean(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Mean: there is none, ``nan``.

    Args:
        loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(mean(3.0, 2.0))
        nan
    """
    return jnp.full(jnp.broadcast_shapes(jnp.shape(loc), jnp.shape(scale)), jnp.nan, jnp.result_type(loc, scale))


@elementwise
def variance(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Variance: there is none, ``nan``.

    Args:
        loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(variance(3.0, 2.0))
        nan
    """
    return mean(loc, scale)


@elementwise
def mode(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, ``loc``.

    Args:
        loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(mode(3.0, 2.0))
        3.0
    """
    loc, scale = jnp.broadcast_arrays(*promote(loc, scale))
    return jnp.where(_valid(loc, scale), loc, jnp.nan)


@elementwise
def entropy(loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\log 4\pi s`.

    Args:
        loc: median. scale: half width at half height.

    Returns:
        Shape ``broadcast(loc, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(3.0, 0.25)), 6)  # log pi
        1.14473
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), (_LOG_PI + 2.0 * math.log(2.0)) + jnp.log(scale), jnp.nan)


def sample(key: Array, loc: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion.

    Args:
        key: a JAX random key. loc: median. scale: half width at half height.
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
    z = 1.0 / jnp.tan(math.pi * p)
    return jnp.where(_valid(loc, scale), loc + scale * jnp.where(lower, -z, z), jnp.nan)


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Median and half the distance between the quartiles."""
    low, middle, high = quartiles(x, weights)
    return {"loc": middle, "scale": (high - low) / 2.0 + finfo(low).eps * jnp.abs(middle)}


family = family_of(
    globals(),
    "cauchy",
    constraints={"loc": "real", "scale": "positive"},
    support=lambda loc, scale: (jnp.full((), -jnp.inf), jnp.full((), jnp.inf)),
    example_params={"loc": 1.5, "scale": 2.0},
)
