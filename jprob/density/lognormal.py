r"""Lognormal: the exponential of a normal.

.. math:: f(x) = \frac{1}{x \sigma\sqrt{2\pi}} e^{-z^2/2}, \quad z = \frac{\log x - \mu}{\sigma}, \quad x > 0

All functions take the value first, then mean ``loc`` and standard deviation ``scale``, positive, of the *logarithm*, and
broadcast; results keep the floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``. Digits of
:math:`\log x - \mu` that one float would lose are kept, as a small ``scale`` magnifies them.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 14.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, is_float64, promote, safe
from jprob.density import normal
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import (
    Pair,
    Tails,
    normal_quantile,
    normal_tails_of_score,
    standard_score,
    two_difference,
    two_product,
)
from jprob.special import pair as pairs
from jprob.special.parts import half_square, log_parts, log_terms, octaves_and_log, short_quotient

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
# ln 2 in parts whose products with an exponent are exact, but for the last
_LN2 = {
    32: (0.693138122558593750, 9.056180715560913e-06, 1.82063599850415e-09),
    64: (0.69314718036912381649, 1.9082149292705877e-10, 0.0),
}


def _valid(loc: Array, scale: Array) -> Array:
    return positive(scale) & (jnp.abs(loc) < jnp.inf)


@jax.custom_jvp
def _distance(x: Array, loc: Array) -> Pair:
    """``log x − loc`` as a pair; the slope is with the head."""
    k, first, second, rest = log_terms(x)
    head, middle, low = (k * part for part in _LN2[64 if is_float64(k) else 32])
    lost = low + rest
    for term in (first, second, middle):  # each below those before it, or all of those are zero
        log = head + term
        head, lost = log, lost + (term - (log - head))
    d = two_difference(head, loc)
    return Pair(d.hi, d.lo + lost)


@_distance.defjvp
def _(primals, tangents):
    (x, _), (dx, dloc) = primals, tangents
    moved = dx / x - dloc
    return _distance(*primals), Pair(moved, jnp.zeros_like(moved))


@closed_form(lambda x, loc, scale: (1.0 / x / scale / scale, -1.0 / scale / scale, -2.0 * _z(x, loc, scale) / scale**2))
def _tilt(x: Array, loc: Array, scale: Array) -> Array:
    """``1 + z / scale``, which vanishes at the mode."""
    return pairs.total(pairs.add(two_product(scale, scale), _distance(x, loc))) / scale / scale


def _z(x: Array, loc: Array, scale: Array) -> Array:
    return pairs.total(_distance(x, loc)) / scale


def _slopes(x: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    on, inverse = (x > 0) & (x < jnp.inf), 1.0 / scale
    d = _distance(x, loc)
    # (z^2 - 1) / scale, without its cancellation
    by_scale = ((d.hi - scale) + d.lo) * inverse * (((d.hi + scale) + d.lo) * inverse) * inverse
    by_x, by_loc = -_tilt(x, loc, scale) / safe(on, x, 1.0), pairs.total(d) * inverse * inverse
    return _kept(by_x, on), _kept(by_loc, on), _kept(by_scale, on)


def _kept(slope: Array, on: Array) -> Array:
    """A slope on the support, finite for a density of 0 beside it."""
    largest = finfo(slope).max
    return jnp.where(on, jnp.clip(slope, -largest, largest), 0.0)


@closed_form(_slopes)
def _log_density(x: Array, loc: Array, scale: Array) -> Array:
    multiple, log_m = octaves_and_log(x)  # the digits of _distance that a density needs
    d, below = two_difference(multiple.hi + log_m.hi, loc), multiple.lo + log_m.lo
    z, log_scale = short_quotient(Pair(d.hi, d.lo + below), scale), log_parts(scale)
    half = half_square(z)
    head = -half.hi - (log_scale.hi + multiple.hi)  # where they cancel their sum is exact
    value = head - (half.lo + (log_scale.lo + (log_m.hi + below) + _LOG_SQRT_2PI))
    dense = positive(x) & (head > -jnp.inf)  # the square may overflow
    value = jnp.where(dense, value, (0.0 * loc - jnp.inf) - x * x)  # missing data stay visible
    return jnp.where(positive(scale), value, jnp.nan)  # an infinite loc has made it nan


@elementwise
def logpdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: -z^2/2 - \log x - \log\sigma - \tfrac12\log 2\pi

    whose terms may cancel: each is an exact head and a small rest. −inf at 0 and below.

    Args:
        x: points, shape ``(...)``. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logpdf(1.0, 0.0, 1.0)), 6)  # -log(2 pi) / 2
        -0.918939
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, loc, scale)))


@elementwise
def pdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``.

    Example:
        >>> round(float(pdf(1.0, 0.0, 1.0)), 6)
        0.398942
    """
    return jnp.exp(logpdf(x, loc, scale))


def _tails(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    x, loc, scale = jnp.broadcast_arrays(*promote(x, loc, scale))
    on, below = (x > 0) & (x < jnp.inf), x <= 0
    tails = normal_tails_of_score(standard_score(_distance(safe(on, x, 1.0), loc), scale))
    edges = (
        jnp.where(below, 0.0, 1.0),
        jnp.where(below, 1.0, 0.0),
        jnp.where(below, -jnp.inf, 0.0),
        jnp.where(below, 0.0, -jnp.inf),
    )
    known = _valid(loc, scale) & ~jnp.isnan(x)
    return Tails(*(jnp.where(known, jnp.where(on, t, e), jnp.nan) for t, e in zip(tails, edges, strict=True)))


@elementwise
def cdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(1.0, 0.0, 2.0)), 6)
        0.5
    """
    return _tails(x, loc, scale).lower


@elementwise
def sf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(1.0, -2.0, 2.0)), 6)  # one sigma
        0.158655
    """
    return _tails(x, loc, scale).upper


@elementwise
def logcdf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logcdf(1.0, 20.0, 1.0)), 3)  # twenty sigma
        -203.917
    """
    return _tails(x, loc, scale).log_lower


@elementwise
def logsf(x: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(x, loc, scale)``, in nats.

    Example:
        >>> round(float(logsf(1.0, -20.0, 1.0)), 3)
        -203.917
    """
    return _tails(x, loc, scale).log_upper


def _quantile(p: Array, q: Array, loc: Array, scale: Array) -> Array:
    inner, possible = (p > 0) & (q > 0), (p >= 0) & (q >= 0)
    log = loc + scale * normal_quantile(safe(inner, p, 0.5), safe(inner, q, 0.5))
    inner &= log < math.log(float(finfo(p).max))
    end = jnp.where(p > 0, jnp.inf, 0.0)
    return jnp.where(_valid(loc, scale) & possible, jnp.where(inner, jnp.exp(safe(inner, log, 0.0)), end), jnp.nan)


@elementwise
def ppf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its log has the accuracy of ``loc`` and ``scale``.

    Example:
        >>> float(ppf(0.5, 0.0, 2.0))
        1.0
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(q, 1.0 - q, loc, scale)


@elementwise
def isf(q: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(q, loc, scale)``; its log has the accuracy of ``loc`` and ``scale``.

    Example:
        >>> round(float(isf(0.025, 0.0, 1.0)), 4)  # exp 1.95996
        7.0991
    """
    q, loc, scale = jnp.broadcast_arrays(*promote(q, loc, scale))
    return _quantile(1.0 - q, q, loc, scale)


@elementwise
def mean(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Mean, exp(μ + σ²/2).

    Args:
        loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> round(float(mean(0.0, 1.0)), 6)  # sqrt e
        1.648721
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), jnp.exp(loc + 0.5 * scale * scale), jnp.nan)


@elementwise
def variance(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Variance, (exp(σ²) − 1) exp(2μ + σ²).

    Args:
        loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> round(float(variance(0.0, 1.0)), 5)  # e (e - 1)
        4.67077
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), jnp.expm1(scale * scale) * jnp.exp(2.0 * loc + scale * scale), jnp.nan)


@elementwise
def mode(loc: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, exp(μ − σ²).

    Args:
        loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(loc, scale)``.

    Example:
        >>> round(float(mode(0.0, 1.0)), 6)
        0.367879
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), jnp.exp(loc - scale * scale), jnp.nan)


@elementwise
def entropy(loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\mu + \log\sigma + \tfrac12\log(2\pi e)`.

    Args:
        loc: mean of the log. scale: standard deviation of the log.

    Returns:
        Shape ``broadcast(loc, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(3.0, 1.0)), 6)
        4.418939
    """
    loc, scale = promote(loc, scale)
    return jnp.where(_valid(loc, scale), loc + ((_LOG_SQRT_2PI + 0.5) + jnp.log(scale)), jnp.nan)


def sample(key: Array, loc: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, exponentials of those of the normal.

    Args:
        key: a JAX random key. loc: mean of the log. scale: standard deviation of the log.
        shape: of the draws, in front of ``broadcast(loc, scale)``.

    Returns:
        Shape ``shape + broadcast(loc, scale)``; ``nan`` for invalid parameters.

    Example:
        >>> bool((sample(jax.random.key(0), 3.0, 2.0, shape=(100,)) > 0).all())
        True
    """
    return jnp.exp(normal.sample(key, loc, scale, shape=shape))


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimates over the last axis: those of the normal from the logs.

    Args:
        x: positive values, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"loc": ..., "scale": ...}`` of shape ``(...)``; a scale of 0 is no density.

    Example:
        >>> {name: round(float(value), 6) for name, value in mle([1.0, 4.0]).items()}  # log 2 for both
        {'loc': 0.693147, 'scale': 0.693147}
    """
    x, weights = promote(x, 1.0 if weights is None else weights)
    return normal.mle(jnp.log(x), weights)


family = family_of(
    globals(),
    "lognormal",
    constraints={"loc": "real", "scale": "positive"},
    support=lambda loc, scale: (jnp.zeros(()), jnp.full((), jnp.inf)),
    example_params={"loc": 0.5, "scale": 0.75},
)
