r"""Both tails of Student's t: the log density as a pair, and the smooth factor beside it.

Of t f(t), for t > 0, the tail and the mass between 0 and t are multiples that vary little, given in
``_student_t_factors.py``: only the log density needs more digits than the dtype has. Where the mass about zero is the
one that is summed, half less it is over one tenth and cancels little.

References:
    NIST Digital Library of Mathematical Functions, 8.17.8.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.special import pair as pairs
from jprob.special._student_t_factors import CENTRE, beside
from jprob.special.pair import Pair, two_difference, two_sum
from jprob.special.parts import log_parts
from jprob.special.student_t import LARGEST_DF, density_terms, df_slope, log_student_t, tail_slope
from jprob.special.tails import Tails

__all__ = ["student_t_tails"]


def _log_kernel(d: Pair, df: Array, scale: Array) -> Pair:
    """Log of |t| f(t), for ``t = d / scale``."""
    (growth, log_scale), rest = density_terms(d, df, scale)
    log_d = log_parts(jnp.abs(d.hi))
    rest += log_d.lo + log_scale.lo + d.lo / jnp.where(d.hi == 0.0, 1.0, d.hi)
    ratio = two_sum(log_d.hi, log_scale.hi)
    return pairs.add(growth, two_sum(ratio.hi, ratio.lo + rest))


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
    factor = beside(df, square) / jnp.where(far, df, 1.0)
    mass = jnp.exp(kernel.hi) * (factor * (1.0 + kernel.lo))
    return _Mass(mass, kernel.hi + (kernel.lo + jnp.log(factor)), ~far & (square <= CENTRE), pairs.total(kernel))


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
    factor, slope = jax.jvp(lambda df: beside(df, square), (df,), (jnp.ones_like(df),))
    return jnp.where(square >= df, tail_slope(d, df, scale), df_slope(d, df, scale)) + slope / factor


@jax.custom_jvp
def _tails(x: Array, df: Array, loc: Array, scale: Array) -> Tails:
    d = two_difference(x, loc)
    return _by_sign(_mass(d, df, scale), d.hi < 0)


@_tails.defjvp
def _(primals, tangents):
    (x, df, loc, scale), (dx, ddf, dloc, dscale) = primals, tangents
    d = two_difference(x, loc)
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
