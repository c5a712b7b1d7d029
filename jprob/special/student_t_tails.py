r"""Both tails of Student's t, by the log density: a series in the centre, a series far out, an integral between.

For t > 0 and :math:`x = t^2/(\nu+t^2)`, :math:`y = 1 - x`, all are t f(t) times a smooth function of positive terms:

.. math::
    P(T > t) &= \frac1\nu\, {}_2F_1(\tfrac{\nu+1}2, 1; \tfrac\nu2+1; y) && y \le \tfrac12 \\
    P(0 < T < t) &= {}_2F_1(\tfrac{\nu+1}2, 1; \tfrac32; x) && t^2 \le 2,\; y > \tfrac12 \\
    P(T > t) &= \tfrac12\int_0^\infty (1 + x(e^v - 1))^{-(\nu+1)/2}\, e^{v/2}\,dv && \text{between}

so only the log density needs more digits than the dtype has. The half that the centre leaves, over one tenth, cancels
little.

References:
    NIST Digital Library of Mathematical Functions, 8.17.8.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, is_float64, promote, safe
from jprob.special import pair as pairs
from jprob.special.elementary import log1pmx
from jprob.special.pair import Pair, two_sum
from jprob.special.parts import log_parts
from jprob.special.student_t import LARGEST_DF, density_terms, df_slope, log_student_t, tail_slope
from jprob.special.tails import Tails

__all__ = ["student_t_tails"]

_NUM_TERMS = {32: 27, 64: 55}
_NUM_NODES = {32: 16, 64: 36}
_LEFT_OUT = {32: 17.0, 64: 34.0}  # the exponent beyond which the integrand is dropped
_CENTRE = 2.0  # t² up to which the mass about zero is summed


def _bits(x: Array) -> int:
    return 64 if is_float64(x) else 32


def _log_kernel(d: Pair, df: Array, scale: Array) -> Pair:
    """Log of |t| f(t), for ``t = d / scale``."""
    (growth, log_scale), rest = density_terms(d, df, scale)
    log_d = log_parts(jnp.abs(d.hi))
    rest += log_d.lo + log_scale.lo + d.lo / jnp.where(d.hi == 0.0, 1.0, d.hi)
    ratio = two_sum(log_d.hi, log_scale.hi)
    return pairs.add(growth, two_sum(ratio.hi, ratio.lo + rest))


def _series(df: Array, square: Array, far: Array) -> Array:
    """The hypergeometric factor of the far tail, or of the mass about zero."""
    # (df + 1) x / 2 with a slope in df that does not cancel
    rise = 0.5 * square * (1.0 - (square - 1.0) / (df + square))
    z = jnp.where(far, df, square) / (df + square)
    first = jnp.where(far, 0.5 * (df + 1.0) * z, rise)
    below = jnp.where(far, 0.5 * df + 1.0, 1.5)

    def add_term(j: int, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        total, term = carry
        k = jnp.asarray(j, df.dtype)
        term = term * ((first + k * z) / (below + k))
        return total + term, term

    one = jnp.ones_like(df)
    return lax.fori_loop(0, _NUM_TERMS[_bits(df)], add_term, (one, one))[0]


def _exponent_slopes(v: Array, df: Array, square: Array) -> tuple[Array, ...]:
    odds = square / (df + square) * jnp.expm1(v)
    share = odds / (1.0 + odds)
    small = odds < 1.0
    bent = jnp.where(small, -log1pmx(-safe(small, share, 0.0)), jnp.log1p(odds) - share)
    by_df = 0.5 * (bent + share * (square - 1.0) / (df + square))
    return jnp.zeros_like(v), by_df, jnp.zeros_like(v)


@closed_form(_exponent_slopes)
def _exponent(v: Array, df: Array, square: Array) -> Array:
    return 0.5 * ((df + 1.0) * jnp.log1p(square / (df + square) * jnp.expm1(v)) - v)


def _integral(df: Array, square: Array) -> Array:
    """Half the integral for ``2 < t² < df``."""
    n, x, most = lax.stop_gradient((0.5 * (df + 1.0), square / (df + square), _LEFT_OUT[_bits(df)]))
    end = jnp.zeros_like(df)
    for _ in range(3):  # climbs to where the exponent is `most`
        end = jnp.log1p(jnp.expm1((most + 0.5 * end) / n) / x)
    nodes, weights = np.polynomial.legendre.leggauss(_NUM_NODES[_bits(df)])
    nodes, weights = jnp.asarray(0.5 * (nodes + 1.0), df.dtype), jnp.asarray(0.25 * weights, df.dtype)

    def add_node(i: int, total: Array) -> Array:
        return total + weights[i] * jnp.exp(-_exponent(nodes[i] * end, df, square))

    return end * lax.fori_loop(0, len(nodes), add_node, jnp.zeros_like(df))


def _beside(df: Array, square: Array) -> Array:
    """What multiplies the kernel: for the tail, far out df times it, or for the mass about zero."""
    far, centre = square >= df, square <= _CENTRE
    between = ~far & ~centre
    series = _series(safe(~between, df, 1.0), safe(~between, square, 1.0), far)
    return jnp.where(between, _integral(safe(between, df, 10.0), safe(between, square, 3.0)), series)


class _Mass(NamedTuple):
    """The mass beyond ``|t|`` or, about zero, that between 0 and ``|t|``.

    Attributes:
        mass: the one that is accurate. log_mass: its log. about_zero: which of the two. log_kernel: log |t| f(t).
    """

    mass: Array
    log_mass: Array
    about_zero: Array
    log_kernel: Array


def _square(d: Array, scale: Array) -> Array:
    return jnp.minimum(jnp.abs(d) / scale, float(finfo(d).max) ** 0.45) ** 2


def _mass(d: Pair, df: Array, scale: Array) -> _Mass:
    square, kernel = _square(d.hi, scale), _log_kernel(d, df, scale)
    far = square >= df
    beside = _beside(df, square) / jnp.where(far, df, 1.0)
    mass = jnp.exp(kernel.hi) * (beside * (1.0 + kernel.lo))
    return _Mass(mass, kernel.hi + (kernel.lo + jnp.log(beside)), ~far & (square <= _CENTRE), pairs.total(kernel))


def _by_sign(m: _Mass, negative: Array) -> Tails:
    beyond = jnp.where(m.about_zero, 0.5 - m.mass, m.mass)
    log_beyond = jnp.where(m.about_zero, jnp.log(safe(m.about_zero, beyond, 0.5)), m.log_mass)
    within, log_within = jnp.where(m.about_zero, 0.5 + m.mass, 1.0 - m.mass), jnp.log1p(-beyond)
    return Tails(
        jnp.where(negative, beyond, within),
        jnp.where(negative, within, beyond),
        jnp.where(negative, log_beyond, log_within),
        jnp.where(negative, log_within, log_beyond),
    )


def _log_slope(d: Array, df: Array, scale: Array) -> Array:
    """Slope in ``df`` of the log of the mass."""
    square = _square(d, scale)
    beside, slope = jax.jvp(lambda df: _beside(df, square), (df,), (jnp.ones_like(df),))
    return jnp.where(square >= df, tail_slope(d, df, scale), df_slope(d, df, scale)) + slope / beside


@jax.custom_jvp
def _tails(x: Array, df: Array, loc: Array, scale: Array) -> Tails:
    d = two_sum(x, -loc)
    return _by_sign(_mass(d, df, scale), d.hi < 0)


@_tails.defjvp
def _(primals, tangents):
    (x, df, loc, scale), (dx, ddf, dloc, dscale) = primals, tangents
    d = two_sum(x, -loc)
    m, sign = _mass(d, df, scale), jnp.where(d.hi < 0, -1.0, 1.0).astype(x.dtype)
    out = _by_sign(m, d.hi < 0)
    by_df = sign * jnp.where(m.about_zero, -1.0, 1.0) * _log_slope(d.hi, df, scale)
    terms = (
        (m.log_mass, by_df * ddf),
        (log_student_t(x, df, loc, scale), dloc - dx),
        (m.log_kernel, sign / scale * dscale),  # the kernel is |t| f(t)
    )

    def of_upper(log_tail: Array | float) -> Array:
        return sum((jnp.exp(log - log_tail) * slope for log, slope in terms), jnp.zeros_like(x))

    moved = of_upper(0.0)
    return out, Tails(-moved, moved, -of_upper(out.log_lower), of_upper(out.log_upper))


@elementwise
def student_t_tails(x: ArrayLike, df: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> Tails:
    """Both tails of Student's t at ``x`` and their logarithms, for positive ``df`` and ``scale``, unchecked.

    Args:
        x: points. df: degrees of freedom. loc: centre. scale: unit of length.

    Returns:
        :class:`Tails` of shape ``broadcast(x, df, loc, scale)``, each with its relative accuracy; differentiable in
        all four.

    Example:
        >>> tails = student_t_tails(1.0, 1.0, 0.0, 1.0)  # Cauchy
        >>> round(float(tails.lower), 6), round(float(tails.upper), 6)
        (0.75, 0.25)
    """
    x, df, loc, scale = jnp.broadcast_arrays(*promote(x, df, loc, scale))
    finite = jnp.abs(x - loc) < jnp.inf
    tails = _tails(safe(finite, x, 0.0), jnp.minimum(df, LARGEST_DF), safe(finite, loc, 0.0), scale)
    below = x < 0
    ends = (below, 0.0, 1.0), (below, 1.0, 0.0), (below, -jnp.inf, 0.0), (below, 0.0, -jnp.inf)
    known = ~jnp.isnan(x)
    return Tails(
        *(
            jnp.where(finite, t, jnp.where(known, jnp.where(*end), jnp.nan).astype(x.dtype))
            for t, end in zip(tails, ends, strict=True)
        )
    )
