r"""Weibull: a lifetime whose hazard grows or falls as a power of age.

.. math:: f(x) = \frac{k}{s} \left(\frac{x}{s}\right)^{k-1} e^{-(x/s)^k}, \quad x \ge 0

All functions take the value first, then ``concentration`` k and ``scale`` s, positive, and broadcast; results keep the
floating dtype. ``nan`` for invalid parameters, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 21.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.density._hazard import (
    cdf_of,
    drawn_hazard,
    extended,
    finite,
    hazard_at_cdf,
    hazard_at_sf,
    logcdf_of,
    logsf_of,
    sf_of,
    with_rest,
)
from jprob.density._moments import moments
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Pair, digamma, lgamma1p, lgamma_difference, parts
from jprob.special import pair as pairs
from jprob.special.power import exp_parts, expm1_parts, log_quotient_parts, log_ratio_parts, product, scaled_exp
from jprob.special.stirling import stirling_series

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

# Riemann's zeta function at 2, 3, ...
_ZETA = (
    1.6449340668482264,
    1.2020569031595943,
    1.0823232337111382,
    1.0369277551433699,
    1.0173430619844491,
    1.0083492773819228,
    1.0040773561979443,
    1.0020083928260822,
    1.0009945751278181,
    1.0004941886041195,
    1.0002460865533080,
    1.0001227133475785,
    1.0000612481350587,
    1.0000305882363070,
    1.0000152822594086,
    1.0000076371976379,
)


def _valid(k: Array, scale: Array) -> Array:
    return positive(k) & positive(scale)


_log_ratio = with_rest(lambda x, scale: (1.0 / x, -1.0 / scale))(log_ratio_parts)


@with_rest(lambda x, k, scale: (k / x, pairs.total(_log_ratio(x, scale)), -k / scale))
def _log_hazard(x: Array, k: Array, scale: Array) -> Pair:
    return product(k, log_ratio_parts(x, scale))


def _growth(x: Array, k: Array, scale: Array) -> tuple[Array, Array, Array]:
    """``(u, t − 1, t)`` with u the log and t the value of the hazard."""
    u = _log_hazard(x, k, scale).hi
    return u, jnp.expm1(u), jnp.exp(u)


def _by_x_slopes(x: Array, k: Array, scale: Array) -> tuple[Array, Array, Array]:
    u, e, t = _growth(x, k, scale)
    return (k * e + 1.0 - k * k * t) / x / x, -(e + u * t) / x, k * (k / x) * (t / scale)


@closed_form(_by_x_slopes)
def _by_x(x: Array, k: Array, scale: Array) -> Array:
    """``(k − 1 − k t) / x``, which cancels near the mode."""
    change = product(k, expm1_parts(_log_hazard(x, k, scale)))
    return -((1.0 + change.hi) + change.lo) / x


def _by_k_slopes(x: Array, k: Array, scale: Array) -> tuple[Array, Array, Array]:
    u, e, t = _growth(x, k, scale)
    return -(e + u * t) / x, -(1.0 + u * u * t) / k / k, (e + u * t) / scale


@closed_form(_by_k_slopes)
def _by_k(x: Array, k: Array, scale: Array) -> Array:
    """``1 / k + log(x / scale) (1 − t)``."""
    u = _log_hazard(x, k, scale)
    change = pairs.mul(u, expm1_parts(u))
    return ((1.0 - change.hi) - change.lo) / k


def _slopes(x: Array, k: Array, scale: Array) -> tuple[Array, Array, Array]:
    at_zero = jnp.where((x == 0) & (k == 1), -1.0 / scale, 0.0)
    inside = (x >= finfo(x).tiny) & (x < jnp.inf)
    x = safe(inside, x, 1.0)
    u, e, _ = _growth(x, k, scale)
    inside &= u < 0.9 * math.log(finfo(x).max)  # beyond, nothing of the density is left
    return (
        jnp.where(inside, finite(_by_x(x, k, scale)), at_zero),
        jnp.where(inside, _by_k(x, k, scale), 0.0),
        jnp.where(inside, finite(k / scale * e), at_zero),
    )


@closed_form(_slopes)
def _log_density(x: Array, k: Array, scale: Array) -> Array:
    u = product(k, log_ratio_parts(x, scale))
    hazard = exp_parts(u)
    value = parts.collected((log_quotient_parts(k, x), u, parts.negative(hazard)))
    inside = (x >= finfo(x).tiny) & (hazard.hi < jnp.inf)
    at_zero = jnp.where(k < 1, jnp.inf, jnp.where(k > 1, -jnp.inf, -jnp.log(scale)))
    out = jnp.where(inside, value, jnp.where(x == 0, at_zero, -jnp.inf))
    return jnp.where(_valid(k, scale) & (x == x), out, jnp.nan)


@elementwise
def logpdf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: \log k - \log x + k \log(x/s) - (x/s)^k

    −inf below 0. At 0 the limit: +inf for a concentration below one, −log s at one, −inf above. A density may exceed
    one: it is a relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``, in nats.

    Example:
        >>> round(float(logpdf(1.0, 2.0, 1.0)), 6)  # log 2 - 1
        -0.306853
    """
    return _log_density(*promote(x, concentration, scale))


@elementwise
def pdf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``.

    Example:
        >>> round(float(pdf(0.0, 1.0, 0.5)), 6)
        2.0
    """
    log = logpdf(x, concentration, scale)
    pole = log == jnp.inf
    return jnp.where(pole, jnp.inf, jnp.exp(safe(~pole, log, 0.0)))


def _hazard_slopes(x: Array, k: Array, scale: Array) -> tuple[Array, Array, Array]:
    t = pairs.total(_positive_hazard(x, k, scale))
    ratio = pairs.total(_log_ratio(x, scale))
    return finite(k * (t / x)), finite(jnp.where(ratio == 0, 0.0, t * ratio)), finite(-k * (t / scale))


@with_rest(_hazard_slopes)
def _positive_hazard(x: Array, k: Array, scale: Array) -> Pair:
    return exp_parts(product(k, log_ratio_parts(x, scale)))


def _hazard(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Pair:
    x, k, scale = promote(x, concentration, scale)
    valid = _valid(k, scale) & (x == x)
    inside = valid & (x >= finfo(x).tiny) & (x < jnp.inf)
    # the slope at 0 is 0, or 1/s for an exponential
    exponential = valid & (k == 1) & (x == 0)
    at_zero = safe(exponential, x, 0.0) / safe(exponential, scale, 1.0)
    outside = jnp.where(valid, jnp.where(x > 1, jnp.inf, at_zero), jnp.nan)
    return extended(inside, _positive_hazard(*_harmless(inside, x, k, scale)), outside)


def _harmless(inside: Array, *args: Array) -> tuple[Array, ...]:
    return tuple(safe(inside, arg, 1.0) for arg in args)


@elementwise
def cdf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(3.0, 2.0, 3.0)), 6)  # 1 - 1/e
        0.632121
    """
    return cdf_of(_hazard(x, concentration, scale))


@elementwise
def sf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``, exp(−(x/s)ᵏ).

    Args:
        x: points. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(3.0, 2.0, 3.0)), 6)  # 1/e
        0.367879
    """
    return sf_of(_hazard(x, concentration, scale))


@elementwise
def logcdf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``, in nats.

    Example:
        >>> round(float(logcdf(0.5, 1000.0, 1.0)), 3)  # 1000 log 1/2
        -693.147
    """
    x, k, scale = promote(x, concentration, scale)
    valid = _valid(k, scale) & (x == x)
    inside = valid & (x >= finfo(x).tiny) & (x < jnp.inf)
    value = logcdf_of(pairs.total(_log_hazard(*_harmless(inside, x, k, scale))))
    return jnp.where(inside, value, jnp.where(valid, jnp.where(x > 1, 0.0, -jnp.inf), jnp.nan))


@elementwise
def logsf(x: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, −(x/s)ᵏ.

    Args:
        x: points. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(x, concentration, scale)``, in nats.

    Example:
        >>> round(float(logsf(2.0, 10.0, 1.0)), 3)  # -2^10
        -1024.0
    """
    return logsf_of(_hazard(x, concentration, scale))


def _root_slopes(hi: Array, lo: Array, k: Array, scale: Array) -> tuple[Array, ...]:
    x = _root(hi, lo, k, scale)
    return finite(x / (k * hi)), jnp.zeros_like(lo), finite(-x * (jnp.log(hi) / k / k)), x / scale


@closed_form(_root_slopes)
def _root(hi: Array, lo: Array, k: Array, scale: Array) -> Array:
    """``scale hazard^(1/k)``."""
    return scaled_exp(scale, pairs.div(pairs.once(pairs.log(Pair(hi, lo))), pairs.pair(jnp.maximum(k, 1e-30))))


def _quantile(hazard: Pair, concentration: ArrayLike, scale: ArrayLike) -> Array:
    k, scale = promote(concentration, scale)
    valid = _valid(k, scale)
    inside = valid & (hazard.hi > 0) & (hazard.hi < jnp.inf)
    x = _root(safe(inside, hazard.hi, 1.0), jnp.where(inside, hazard.lo, 0.0), *_harmless(inside, k, scale))
    # the slope at 0 is 0, or s for an exponential
    at_zero = jnp.where(k == 1, scale, 0.0) * safe(hazard.hi == 0, hazard.hi, 0.0)
    edge = jnp.where(hazard.hi == 0, at_zero, hazard.hi)
    return jnp.where(inside, x, jnp.where(valid, edge, jnp.nan))


@elementwise
def ppf(q: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(q, concentration, scale)``; differentiable in all three.

    Example:
        >>> round(float(ppf(0.5, 1.0, 2.0)), 6)  # 2 log 2
        1.386294
    """
    q, concentration, scale = promote(q, concentration, scale)
    return _quantile(hazard_at_cdf(q), concentration, scale)


@elementwise
def isf(q: ArrayLike, concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(q, concentration, scale)``; differentiable in all three.

    Example:
        >>> round(float(isf(1e-30, 2.0, 1.0)), 5)  # sqrt(30 log 10)
        8.31129
    """
    q, concentration, scale = promote(q, concentration, scale)
    return _quantile(hazard_at_sf(q), concentration, scale)


def _root_gamma_slopes(k: Array) -> tuple[Array]:
    return (-0.5 * _root_gamma(k) * digamma(1.0 + 1.0 / k) / k / k,)


@closed_form(_root_gamma_slopes)
def _root_gamma(k: Array) -> Array:
    """``√Γ(1 + 1/k)``: beyond k = 1 by Stirling's formula, whose exponent needs the digits that it magnifies."""
    s = pairs.div(pairs.pair(jnp.ones_like(k)), pairs.pair(jnp.clip(k, 1e-4, 1e30)))
    wide = s.hi > 1
    n = Pair(safe(wide, s.hi, 2.0), jnp.where(wide, s.lo, 0.0))
    power = pairs.mul(n, pairs.add(pairs.log(n), pairs.pair(-jnp.ones_like(k))))
    factor = jnp.sqrt(jnp.sqrt(2.0 * math.pi * n.hi)) * jnp.exp(0.5 * stirling_series(n.hi))
    near = jnp.exp(0.5 * lgamma1p(safe(~wide, s.hi, 0.5)))
    return jnp.where(wide, pairs.total(exp_parts(pairs.scale(power, 0.5))) * factor, near)


@elementwise
def mean(concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Mean, s Γ(1 + 1/k).

    Args:
        concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(concentration, scale)``; inf where that overflows.

    Example:
        >>> round(float(mean(0.5, 3.0)), 4)  # 3 · 2!
        6.0
    """
    k, scale = promote(concentration, scale)
    valid = _valid(k, scale)
    root = _root_gamma(safe(valid, k, 1.0))
    return jnp.where(valid, scale * root * root, jnp.nan)


def _log_second_moment_ratio(s: Array) -> Array:
    """log Γ(1 + 2s) − 2 log Γ(1 + s): its series, its definition, or by Legendre's duplication."""
    terms = [(-1) ** n * zeta * (2**n - 2) / n for n, zeta in enumerate(_ZETA, start=2)]
    small, large = s < 0.05, s > 0.5
    series = jnp.polyval(jnp.asarray(terms[::-1], s.dtype), safe(small, s, 0.0)) * s * s
    middle = safe(~small & ~large, s, 0.25)
    direct = lgamma1p(2.0 * middle) - 2.0 * lgamma1p(middle)
    above = safe(large, s, 1.0)
    doubled = 2.0 * math.log(2.0) * above - 0.5 * math.log(math.pi) - lgamma_difference(above + 0.5, 0.5)
    return jnp.where(small, series, jnp.where(large, doubled, direct))


@elementwise
def variance(concentration: ArrayLike, scale: ArrayLike) -> Array:
    r"""Variance, :math:`s^2 [\Gamma(1 + 2/k) - \Gamma(1 + 1/k)^2]`, by the log of the ratio of the two.

    About (π s / k)²/6 for a large concentration.

    Args:
        concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(concentration, scale)``; inf where that overflows.

    Example:
        >>> round(float(variance(1.0, 3.0)), 4)
        9.0
    """
    k, scale = promote(concentration, scale)
    valid = _valid(k, scale)
    k = safe(valid, k, 1.0)
    deviation = mean(k, scale) * jnp.sqrt(jnp.expm1(_log_second_moment_ratio(1.0 / k)))
    return jnp.where(valid, deviation * deviation, jnp.nan)


@elementwise
def mode(concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, s (1 − 1/k)^(1/k), or 0 for a concentration of at most one.

    Args:
        concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(concentration, scale)``.

    Example:
        >>> round(float(mode(2.0, 1.0)), 6)  # sqrt(1/2)
        0.707107
    """
    k, scale = promote(concentration, scale)
    k_ = safe(k > 1, k, 2.0)
    peak = scale * jnp.exp(jnp.log((k_ - 1.0) / k_) / k_)
    return jnp.where(_valid(k, scale), jnp.where(k > 1, peak, 0.0), jnp.nan)


@elementwise
def entropy(concentration: ArrayLike, scale: ArrayLike) -> Array:
    """Differential entropy, γ (1 − 1/k) + log(s / k) + 1 with γ Euler's constant.

    Args:
        concentration: the shape. scale: the point with sf 1/e.

    Returns:
        Shape ``broadcast(concentration, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0, 1.0)), 6)
        1.0
    """
    k, scale = promote(concentration, scale)
    valid = _valid(k, scale)
    k_, scale_ = _harmless(valid, k, scale)
    return jnp.where(valid, np.euler_gamma * (1.0 - 1.0 / k_) + (jnp.log(scale_) - jnp.log(k_)) + 1.0, jnp.nan)


def sample(key: Array, concentration: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, differentiable in both parameters; concentrations below .1 may leave the range of float32.

    Args:
        key: a JAX random key. concentration: the shape. scale: the point with sf 1/e.
        shape: of the draws, in front of ``broadcast(concentration, scale)``.

    Returns:
        Shape ``shape + broadcast(concentration, scale)``; ``nan`` for invalid parameters.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 2.0, [1.0, 5.0], shape=(4,)).shape
        (4, 2)
    """
    k, scale = jnp.broadcast_arrays(*promote(concentration, scale))
    return _quantile(drawn_hazard(key, shape + k.shape, k.dtype), k, scale)


def _support(concentration: ArrayLike, scale: ArrayLike) -> tuple[Array, Array]:
    shape = jnp.broadcast_shapes(jnp.shape(concentration), jnp.shape(scale))
    return jnp.zeros(shape), jnp.full(shape, jnp.inf)


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """From mean and variance of log x, which is Gumbel distributed."""
    mean, variance = moments(jnp.log(promote(x)[0]), weights)
    k = math.pi / jnp.sqrt(6.0 * variance)
    return {"concentration": k, "scale": jnp.exp(mean + np.euler_gamma / k)}


family = family_of(
    globals(),
    "weibull",
    constraints={"concentration": "positive", "scale": "positive"},
    support=_support,
    example_params={"concentration": 1.8, "scale": 3.0},
)
