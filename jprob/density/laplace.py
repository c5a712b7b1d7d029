r"""Laplace: a double exponential about ``loc``.

.. math:: f(x) = \frac{1}{2 s} e^{-|x - \mu| / s}

All functions take the value first, then the median ``loc`` and the mean absolute deviation ``scale``, positive, and
broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, vol. 2, chapter 24.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density import _uniforms
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Tails, two_difference
from jprob.special.parts import log_parts, short_quotient

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

_LOG2 = math.log(2.0)


def _valid(loc: Array, scale: Array) -> Array:
    return positive(scale) & (jnp.abs(loc) < jnp.inf)


def _slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    d, inverse = two_difference(x, loc), 1.0 / scale
    away = jnp.sign(d.hi)
    rest = lax.stop_gradient(jnp.where(jnp.abs(d.hi) < jnp.inf, d.lo, 0.0))
    by_scale = ((away * d.hi - scale) + away * rest) * inverse * inverse
    return -away * inverse, away * inverse, jnp.minimum(by_scale, finfo(x).max)  # finite, for a density of 0 beside it


@closed_form(_slopes)
def _log_density(x: Array, loc: Array, scale: Array) -> Array:
    z = short_quotient(two_difference(x, loc), jnp.where(x < loc, -scale, scale))  # not negative
    log = log_parts(scale)
    head = -z.hi - log.hi  # where they cancel their sum is exact
    value = jnp.where(head > -jnp.inf, head - (z.lo + log.lo + _LOG2), head + 0.0 * loc)
    return jnp.where(scale > 0, value, jnp.nan)  # infinite parameters have made it nan


@elementwise
def logpdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: -|x - \mu| / s - \log 2s

    whose terms may cancel: each is an exact head and a small rest. The slope at ``loc``, a corner, is taken as 0.

    Args:
        x: points, shape ``(...)``. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logpdf(2.0, 1.0, 1.0)), 6)  # -1 - log 2
        -1.693147
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, loc, scale)))


@elementwise
def pdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``.

    Example:
        >>> round(float(pdf(1.0, 1.0, 2.0)), 6)
        0.25
    """
    return jnp.exp(logpdf(x, loc, scale))


def _score_slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    away = jnp.where(x < loc, -1.0, 1.0) / scale
    return away, -away, -jnp.minimum(jnp.abs(x - loc) / scale / scale, finfo(x).max)


@closed_form(_score_slopes)
def _score(x: Array, loc: Array, scale: Array) -> Array:
    return jnp.abs(x - loc) / scale


def _tails(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    x, loc, scale = jnp.broadcast_arrays(*promote(x, loc, scale))
    z, above = _score(x, loc, scale), x >= loc
    near = 0.5 * jnp.exp(-z)
    far, log_near, log_far = 1.0 - near, -z - _LOG2, jnp.log1p(-near)
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
        x: points. loc: median. scale: mean absolute deviation.

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
        x: points. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(2.0, 0.0, 2.0)), 6)  # 1 / 2e
        0.18394
    """
    return _tails(x, loc, scale).upper


@elementwise
def logcdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logcdf(-1000.0, 0.0, 1.0)), 3)  # -1000 - log 2
        -1000.693
    """
    return _tails(x, loc, scale).log_lower


@elementwise
def logsf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logsf(1000.0, 0.0, 1.0)), 3)
        -1000.693
    """
    return _tails(x, loc, scale).log_upper


def _quantile(p: Array, q: Array, loc: Array, scale: Array) -> Array:
    """The point with lower tail ``p`` and upper tail ``q``, from the smaller, which is exact."""
    below = p <= q
    z = jnp.where(below, jnp.log(2.0 * safe(below, p, 0.5)), -jnp.log(2.0 * safe(~below, q, 0.5)))
    return jnp.where(_valid(loc, scale) & (p >= 0) & (q >= 0), loc + scale * z, jnp.nan)


@elementwise
def ppf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> round(float(ppf(0.25, 3.0, 1.0)), 6)  # 3 - log 2
        2.306853
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(q, 1.0 - q, loc, scale)


@elementwise
def isf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its distance from ``loc`` has relative accuracy.

    Example:
        >>> round(float(isf(0.25, 3.0, 1.0)), 6)
        3.693147
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(1.0 - q, q, loc, scale)


@elementwise
def mean(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Mean, ``loc``.

    Args:
        loc: median. scale: mean absolute deviation.

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
    """Variance, twice the square of ``scale``.

    Args:
        loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(variance(3.0, 2.0))
        8.0
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), 2.0 * scale * scale, jnp.nan)


@elementwise
def mode(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, ``loc``.

    Args:
        loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> float(mode(3.0, 2.0))
        3.0
    """
    return mean(loc, scale)


@elementwise
def entropy(loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Differential entropy, :math:`1 + \log 2s`.

    Args:
        loc: median. scale: mean absolute deviation.

    Returns:
        Shape ``broadcast(loc, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(3.0, 0.5)), 6)
        1.0
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), (1.0 + _LOG2) + jnp.log(scale), jnp.nan)


def sample(key: Array, loc: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion.

    Args:
        key: a JAX random key. loc: median. scale: mean absolute deviation.
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
    z = jnp.log(2.0 * p)
    return jnp.where(_valid(loc, scale), loc + scale * jnp.where(lower, z, -z), jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimates over the last axis: the median, and the mean absolute deviation from it.

    Where half of the weight lies on either side of a gap, every point of the gap is a median; its middle is taken.

    Args:
        x: values, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"loc": ..., "scale": ...}`` of shape ``(...)``; a scale of 0 is no density.

    Example:
        >>> {name: float(value) for name, value in mle([1.0, 2.0, 6.0]).items()}["loc"]
        2.0
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    order = jnp.argsort(x, -1)
    ordered, below = (jnp.take_along_axis(v, order, -1) for v in (x, weights))
    below = jnp.cumsum(below, -1)
    total = below[..., -1:]
    middle = [jnp.argmax(reached, -1, keepdims=True) for reached in (2.0 * below >= total, 2.0 * below > total)]
    low, high = (jnp.take_along_axis(ordered, i, -1) for i in middle)
    loc = low + 0.5 * (high - low)
    return {"loc": loc[..., 0], "scale": jnp.sum(weights * jnp.abs(x - loc), -1) / total[..., 0]}


family = family_of(
    globals(),
    "laplace",
    constraints={"loc": "real", "scale": "positive"},
    support=lambda loc, scale: (jnp.full((), -jnp.inf), jnp.full((), jnp.inf)),
    example_params={"loc": 1.5, "scale": 2.0},
)
