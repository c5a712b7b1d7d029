r"""Quantiles of Student's t, from either tail: those of a beta distribution on the scale of log odds.

Twice the mass beyond :math:`|t|` is that of Beta(ν/2, 1/2) below :math:`y = \nu/(\nu+t^2)`, and :math:`t^2/\nu` are the
odds against y, so :math:`|t| = \sqrt\nu\,e^{-s/2}` with s the log odds of y. Far out the mass is a power of y, which
is solved for where y underflows and t does not overflow.

References:
    NIST Digital Library of Mathematical Functions, section 8.17.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe
from jprob.special import pair as pairs
from jprob.special._beta_integral import power_series
from jprob.special._half_step import student_t_half_step
from jprob.special.beta_inverse import log_odds_of_mass
from jprob.special.pair import Pair, two_sum
from jprob.special.power import scaled_exp
from jprob.special.student_t import LARGEST_DF, log_student_t
from jprob.special.student_t_tails import student_t_tails

__all__ = ["student_t_quantile"]


def _size(small: Array, df: Array, scale: Array) -> Array:
    """The ``scale t > 0`` beyond which the mass is ``small < 1/2``; infinite where it overflows."""
    a, half = 0.5 * df, jnp.full_like(df, 0.5)
    # the float that is 1/2 less a tail is exact where it is the smaller
    outer, inner = 2.0 * small, 1.0 - 2.0 * small
    swap = outer > 0.5
    s = log_odds_of_mass(jnp.where(swap, half, a), jnp.where(swap, a, half), jnp.log(jnp.minimum(outer, inner)))
    s = Pair(jnp.where(swap, -s.hi, s.hi), jnp.where(swap, -s.lo, s.lo))
    power, against = s.hi < 0, _log_odds_against(a, outer, s.hi)
    odds = Pair(jnp.where(power, against.hi, -s.hi), jnp.where(power, against.lo, -s.lo))
    return scaled_exp(scale, pairs.scale(pairs.add(pairs.log(pairs.pair(df)), odds), 0.5))


def _log_odds_against(a: Array, mass: Array, s: Array) -> Pair:
    """Of the y below which Beta(a, 1/2) has a mass, once more and explicitly: a small shape magnifies its every ulp."""
    near, series = power_series(a, jnp.full_like(a, 0.5), jax.nn.sigmoid(jnp.minimum(s, 0.0)))
    constant = jnp.where(a < 1, near, student_t_half_step(a)[0] - 0.5 * jnp.log(math.pi * a))
    log_power = pairs.sub(pairs.log(pairs.pair(mass)), pairs.pair(constant + jnp.log1p(series)))
    log_y = pairs.div(log_power, pairs.pair(a))
    odds = two_sum(-log_y.hi, jnp.log1p(-jnp.exp(jnp.minimum(log_y.hi, -0.5))))
    return Pair(odds.hi, odds.lo - log_y.lo)


def _slopes(p: Array, q: Array, df: Array, scale: Array) -> tuple[Array, ...]:
    x = _quantile(p, q, df, scale)
    inside = jnp.abs(x) < jnp.inf
    x, zero = safe(inside, x, 0.0), jnp.zeros_like(x)
    tails, moved = jax.jvp(lambda df: student_t_tails(x, df, zero, scale), (df,), (jnp.ones_like(df),))
    log_f = log_student_t(x, df, zero, scale)
    # F(x; df) = p, so dx = (dp - dF/d df) / f; by logarithms, as tails and density may underflow
    slope, log_tail = (
        jnp.where(x < 0, lower, upper)
        for lower, upper in ((-moved.log_lower, moved.log_upper), (tails.log_lower, tails.log_upper))
    )
    by_df = jnp.where(inside & (slope != 0.0), slope * jnp.exp(log_tail - log_f), 0.0)
    by_p = jnp.where(inside, jnp.exp(-log_f), 0.0)
    return jnp.where(p <= q, by_p, 0.0), jnp.where(p <= q, 0.0, -by_p), by_df, x / scale


@closed_form(_slopes)
def _quantile(p: Array, q: Array, df: Array, scale: Array) -> Array:
    small, centre = jnp.minimum(p, q), p == q
    size = jnp.where(centre, 0.0, _size(safe(~centre, small, 0.25), df, scale))
    return jnp.where(p <= q, -size, size)


@elementwise
def student_t_quantile(p: ArrayLike, q: ArrayLike, df: ArrayLike, scale: ArrayLike) -> Array:
    """The point with lower tail ``p`` and upper tail ``q``, from the smaller of the two, for positive ``df`` and ``scale``.

    Who has one probability passes one less it as the other: where that rounds, the other is the smaller.

    Args:
        p: probability of at most x. q: of more than x, ``1 - p``. df: degrees of freedom. scale: unit of length.

    Returns:
        Shape ``broadcast(p, q, df, scale)``: how far from the centre, with relative accuracy also about the median and
        for tails as small as the dtype holds; infinite where it overflows, as for few degrees of freedom it soon does,
        and for p or q 0. ``nan`` if either is negative. Differentiable in all four (implicit function theorem).

    Example:
        >>> round(float(student_t_quantile(0.75, 0.25, 1.0, 2.0)), 5)  # Cauchy
        2.0
    """
    p, q, df, scale = jnp.broadcast_arrays(*promote(p, q, df, scale))
    inside = (p > 0) & (q > 0)
    x = _quantile(safe(inside, p, 0.5), safe(inside, q, 0.5), jnp.minimum(df, LARGEST_DF), scale)
    end = jnp.where((p >= 0) & (q >= 0), jnp.where(p > 0, jnp.inf, -jnp.inf), jnp.nan)
    return jnp.where(inside, x, end)
