r"""Student's t: a normal of unknown precision; the mean of few normals over its estimated error.

.. math:: f(x) = \frac{\Gamma(\frac{\nu+1}2)}{\Gamma(\frac\nu2)\sqrt{\pi\nu}\,\sigma}
          \Bigl(1 + \frac{t^2}\nu\Bigr)^{-(\nu+1)/2}, \quad t = \frac{x - \mu}{\sigma}

All functions take the value first, then the degrees of freedom ``df``, the centre ``loc`` and the unit of length
``scale``, positive but for ``loc``, and broadcast; results keep the floating dtype. ``nan`` for invalid parameters,
missing values stay ``nan``. One degree of freedom is the Cauchy distribution, infinitely many are the normal one. The
scale is not the standard deviation, which is larger, or infinite.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, vol. 2, chapter 28.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.density import _uniforms, _variates
from jprob.density._moments import quartiles
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Tails, log_student_t, student_t_half_step, student_t_quantile, student_t_tails

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

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def _valid(df: Array, loc: Array, scale: Array) -> Array:
    return positive(df) & (jnp.abs(loc) < jnp.inf) & positive(scale)


@elementwise
def logpdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: \log\Gamma(\tfrac{\nu+1}2) - \log\Gamma(\tfrac\nu2) - \tfrac12\log(\pi\nu) - \log\sigma
              - \tfrac{\nu+1}2\log(1 + t^2/\nu)

    with the terms that cancel taken together. A density may exceed one: it is a relative likelihood, not a probability.

    Args:
        x: points, shape ``(...)``. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, in nats.

    Example:
        >>> round(float(logpdf(1.0, 1.0, 0.0, 1.0)), 6)  # Cauchy: -log 2 pi
        -1.837877
    """
    x, df, loc, scale = jnp.broadcast_arrays(*promote(x, df, loc, scale))
    return jnp.where(_valid(df, loc, scale), log_student_t(x, df, loc, scale), jnp.nan)


@elementwise
def pdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``.

    Example:
        >>> round(float(pdf(3.0, 1.0, 3.0, 2.0)), 6)  # 1 / 2 pi
        0.159155
    """
    return jnp.exp(logpdf(x, df, loc, scale))


def _tails(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    x, df, loc, scale = jnp.broadcast_arrays(*promote(x, df, loc, scale))
    valid = _valid(df, loc, scale)
    tails = student_t_tails(x, safe(valid, df, 1.0), safe(valid, loc, 0.0), safe(valid, scale, 1.0))
    return Tails(*(jnp.where(valid, t, jnp.nan) for t in tails))


@elementwise
def cdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, with relative accuracy however small; differentiable in all four.

    Example:
        >>> round(float(cdf(-1.0, 1.0, 0.0, 1.0)), 6)  # Cauchy
        0.25
    """
    return _tails(x, df, loc, scale).lower


@elementwise
def sf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``: the one-sided p-value of a t test.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, with relative accuracy however small; differentiable in all four.

    Example:
        >>> round(1e20 * float(sf(1e10, 2.0, 0.0, 1.0)), 6)  # about 1 / 2 t^2
        0.5
    """
    return _tails(x, df, loc, scale).upper


@elementwise
def logcdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`, finite also where that underflows.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, in nats.

    Example:
        >>> round(float(logcdf(-20.0, 1e9, 0.0, 1.0)), 3)  # the normal one
        -203.917
    """
    return _tails(x, df, loc, scale).log_lower


@elementwise
def logsf(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, finite also where that underflows.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, in nats.

    Example:
        >>> round(float(logsf(20.0, 1e9, 0.0, 1.0)), 3)
        -203.917
    """
    return _tails(x, df, loc, scale).log_upper


def _quantile(p: Array, q: Array, df: Array, loc: Array, scale: Array) -> Array:
    valid = _valid(df, loc, scale)
    return jnp.where(valid, loc + student_t_quantile(p, q, safe(valid, df, 1.0), safe(valid, scale, 1.0)), jnp.nan)


@elementwise
def ppf(q: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(q, df, loc, scale)``; its distance from ``loc`` has relative accuracy. Differentiable in all
        four.

    Example:
        >>> round(float(ppf(0.75, 1.0, 3.0, 2.0)), 5)  # Cauchy
        5.0
    """
    q, df, loc, scale = jnp.broadcast_arrays(*promote(q, df, loc, scale))
    return _quantile(q, 1.0 - q, df, loc, scale)


@elementwise
def isf(q: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, accurate for tiny ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(q, df, loc, scale)``; its distance from ``loc`` has relative accuracy. Differentiable in all
        four.

    Example:
        >>> round(float(isf(0.025, 10.0, 0.0, 1.0)), 4)
        2.2281
    """
    q, df, loc, scale = jnp.broadcast_arrays(*promote(q, df, loc, scale))
    return _quantile(1.0 - q, q, df, loc, scale)


@elementwise
def mean(df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Mean: ``loc`` for more than one degree of freedom, else there is none.

    Args:
        df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(df, loc, scale)``; ``nan`` for df ≤ 1.

    Example:
        >>> float(mean(3.0, 1.5, 2.0)), float(mean(1.0, 1.5, 2.0))
        (1.5, nan)
    """
    df, loc, scale = promote(df, loc, scale)
    return jnp.where(_valid(df, loc, scale) & (df > 1), loc, jnp.nan)


@elementwise
def variance(df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Variance: σ² ν / (ν − 2) for more than two degrees of freedom.

    Args:
        df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(df, loc, scale)``; ``inf`` for 1 < df ≤ 2, ``nan`` where there is no mean.

    Example:
        >>> float(variance(4.0, 1.5, 2.0)), float(variance(2.0, 1.5, 2.0))
        (8.0, inf)
    """
    df, loc, scale = jnp.broadcast_arrays(*promote(df, loc, scale))
    finite = df > 2
    value = jnp.where(finite, scale * scale * (df / safe(finite, df - 2.0, 1.0)), jnp.inf)
    return jnp.where(_valid(df, loc, scale) & (df > 1), value, jnp.nan)


@elementwise
def mode(df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, ``loc``.

    Args:
        df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(df, loc, scale)``.

    Example:
        >>> float(mode(1.0, 1.5, 2.0))
        1.5
    """
    df, loc, scale = jnp.broadcast_arrays(*promote(df, loc, scale))
    return jnp.where(_valid(df, loc, scale), loc, jnp.nan)


@elementwise
def entropy(df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    r"""Differential entropy.

    .. math:: \tfrac12\log(2\pi e) + \log\sigma + \frac1{2\nu} - h(n) + (n + \tfrac12)\,h'(n),\quad n = \nu/2

    with :math:`h(n) = \log\Gamma(n + \frac12) - \log\Gamma(n) - \frac12\log n`, which vanishes for large n: the usual
    formula less what cancels in it.

    Args:
        df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(df, loc, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy(1.0, 0.0, 1.0)), 5)  # Cauchy: log 4 pi
        2.53102
    """
    df, loc, scale = jnp.broadcast_arrays(*promote(df, loc, scale))
    valid = _valid(df, loc, scale)
    n = 0.5 * safe(valid, df, 1.0)
    h, slope = student_t_half_step(n)
    shape = 0.25 / n - h + (n + 0.5) * slope
    return jnp.where(valid, (_LOG_SQRT_2PI + 0.5) + jnp.log(safe(valid, scale, 1.0)) + shape, jnp.nan)


def sample(key: Array, df: ArrayLike, loc: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws: a normal one over the root of a gamma one, whose logarithm stays finite however few degrees of freedom.

    Args:
        key: a JAX random key. df: degrees of freedom. loc: centre. scale: unit of length.
        shape: of the draws, in front of ``broadcast(df, loc, scale)``.

    Returns:
        Shape ``shape + broadcast(df, loc, scale)``; ``nan`` for invalid parameters. Infinite where they overflow: of
        float32 draws with df = 0.001 nine in ten do.

    Example:
        >>> sample(jax.random.key(0), 3.0, 1.5, 2.0, shape=(4,)).shape
        (4,)
    """
    df, loc, scale = jnp.broadcast_arrays(*promote(df, loc, scale))
    valid = _valid(df, loc, scale)
    n = jnp.broadcast_to(0.5 * safe(valid, df, 1.0), shape + df.shape)
    normal_key, gamma_key = jax.random.split(key)
    p, lower = _uniforms.tail(normal_key, n.shape, n.dtype)
    z = jnp.where(lower, 1.0, -1.0) * ndtri(p)
    ratio = jnp.exp(0.5 * (jnp.log(n) - _variates.log_gamma(gamma_key, n)))
    return jnp.where(valid, loc + (scale * z) * jnp.minimum(ratio, finfo(n).max), jnp.nan)  # a zero must not meet inf


def _start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Median and quartiles of one with four degrees of freedom."""
    low, middle, high = quartiles(x, weights)
    scale = (high - low) / 1.4814 + finfo(low).eps * jnp.abs(middle)
    return {"df": jnp.full_like(middle, 4.0), "loc": middle, "scale": scale}


family = family_of(
    globals(),
    "student_t",
    constraints={"df": "positive", "loc": "real", "scale": "positive"},
    support=lambda df, loc, scale: (jnp.full((), -jnp.inf), jnp.full((), jnp.inf)),
    example_params={"df": 5.0, "loc": 1.5, "scale": 2.0},
)
