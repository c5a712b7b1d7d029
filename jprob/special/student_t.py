r"""Student's t: log density, both tails, quantile, from few degrees of freedom to the normal limit.

With ``t = (x - loc) / scale`` and ``nu`` degrees of freedom the log density is

.. math:: h(\nu/2) - \tfrac12\log 2\pi - \log\sigma - \tfrac{\nu+1}{2}\log(1 + t^2/\nu),
          \quad h(n) = \log\Gamma(n+\tfrac12) - \log\Gamma(n) - \tfrac12\log n

whose terms cancel for a small scale and magnify the rounding of t for many degrees of freedom: they are formed as pairs.
``h``, which is small where n is large, is that of ``_half_step.py``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, vol. 2, chapter 28.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.special import pair as pairs
from jprob.special import parts
from jprob.special._half_step import student_t_half_step, tabulated
from jprob.special.elementary import log1pmx
from jprob.special.pair import Pair, two_difference, two_sum

__all__ = ["log_student_t"]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
LARGEST_DF = 2.0**64  # normal to any dtype's last digit, and its square still a float32


def log_growth(d: Pair, df: Array, scale: Array) -> Pair:
    """``log(1 + t²/df)`` with ``t = d / scale``, also where the square of ``t`` is no float."""
    (k, m), (j, s) = pairs.exponent(jnp.abs(d.hi)), pairs.exponent(scale)
    q = pairs.div(Pair(m, jnp.sign(d.hi) * d.lo * pairs.power_of_two(-k)), pairs.pair(s))
    w = pairs.div(pairs.mul(q, q), pairs.pair(df))
    power = 2.0 * (k - j)
    held = jnp.clip(power, -126.0, 60.0 - pairs.exponent(w.hi)[0])  # beyond 2^60 the one is below all digits
    up = pairs.power_of_two(held)
    over = pairs.ln2_multiple(jnp.maximum(power - held, 0.0))
    return pairs.add(pairs.log1p(Pair(w.hi * up, w.lo * up)), over)


def density_terms(d: Pair, df: Array, scale: Array) -> tuple[tuple[Pair, Pair], Array]:
    """The large terms of the log density and the small rest."""
    n = 0.5 * df
    # the root of the recurrence's quotient shares the logarithm of the scale
    log_scale = parts.log_parts(scale * ((n + 0.5) / jnp.sqrt(n * (n + 1.0))))
    growth = pairs.scale(pairs.mul(log_growth(d, df, scale), two_sum(df, jnp.ones_like(df))), 0.5)
    return (parts.negative(growth), parts.negative(log_scale)), tabulated(n + 1.0)[0] - _LOG_SQRT_2PI


class _Place(NamedTuple):
    """Where t = d / scale lies, without a square that overflows.

    Attributes:
        u: t or 1/t, at most one in size. far: whether it is the latter. height: ``df + t²``, far out over t².
        large: the larger of ``d``, with its sign, and the scale.
    """

    u: Array
    far: Array
    height: Array
    large: Array


def _place(d: Array, df: Array, scale: Array) -> _Place:
    far = jnp.abs(d) > scale
    large = jnp.where(far, d, scale)
    u = jnp.where(far, scale, d) / large
    return _Place(u, far, jnp.where(far, 1.0, df) + jnp.where(far, df, 1.0) * (u * u), large)


def _bent(d: Array, df: Array, scale: Array) -> tuple[Array, Array]:
    """``x + log(1 - x)`` for the share ``x = t² / (df + t²)``, about ``-x²/2``; and ``x``."""
    at = _place(d, df, scale)
    x = jnp.where(at.far, 1.0, at.u * at.u) / at.height
    small = x < 0.5
    log_square = 4.0 * jnp.log(jnp.sqrt(scale) / jnp.sqrt(safe(at.far, jnp.abs(d), 1.0)))
    log_rest = jnp.log(df / at.height) + jnp.where(at.far, log_square, 0.0)
    return jnp.where(small, log1pmx(-safe(small, x, 0.0)), x + log_rest), x


def df_slope(d: Array, df: Array, scale: Array) -> Array:
    """Slope of the log density in ``df``; each of its terms vanishes like its square."""
    bent, x = _bent(d, df, scale)
    return 0.5 * (student_t_half_step(0.5 * df)[1] + x / df + bent)


def tail_slope(d: Array, df: Array, scale: Array) -> Array:
    """``df_slope`` less ``1/df``, that of the kernel far out, where both are large for tiny ``df``."""
    n, at = 0.5 * df, _place(d, df, scale)
    h = tabulated(n + 1.0)[1] - 0.5 * (n + 1.5) / ((n + 0.5) * (n + 1.0))  # h'(n) - 1/(2n)
    return 0.5 * (h - jnp.where(at.far, at.u * at.u, 1.0) / at.height + _bent(d, df, scale)[0])


def _slopes(x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
    distance = two_difference(x, loc)
    within = jnp.abs(distance.hi) < jnp.inf
    d, rest = jnp.where(within, distance.hi, 0.25 * finfo(x).max), jnp.where(within, distance.lo, 0.0)
    at = _place(d, df, scale)
    weight = 1.0 / (at.height * scale)
    by_x = -(df + 1.0) * at.u * weight
    # (t² - 1) / max(t², 1), without its cancellation
    excess = ((d - scale) + rest) / at.large * (((d + scale) + rest) / at.large)
    return by_x, df_slope(d, df, scale), -by_x, df * excess * weight


@closed_form(_slopes)
def _log_density(x: Array, df: Array, loc: Array, scale: Array) -> Array:
    d = two_difference(x, loc)
    terms, rest = density_terms(d, jnp.minimum(df, LARGEST_DF), scale)
    return jnp.where(jnp.abs(d.hi) < jnp.inf, parts.collected(terms, rest), -jnp.abs(d.hi))


@elementwise
def log_student_t(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Array:
    """Log density of Student's t for positive ``df`` and ``scale``, unchecked.

    The checked one is ``jprob.density.student_t.logpdf``.

    Args:
        x: points; at ±inf the density is 0. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        Shape ``broadcast(x, df, loc, scale)``, in nats.

    Example:
        >>> round(float(log_student_t(1.0, 1.0, 0.0, 1.0)), 6)  # Cauchy: log 1/2π
        -1.837877
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, df, loc, scale)))
