r"""What multiplies t f(t) in the tails of Student's t: a series in the centre, a series far out, an integral between.

For t > 0 and :math:`x = t^2/(\nu+t^2)`, :math:`y = 1 - x`, every term is positive:

.. math::
    \frac{P(T > t)}{t f(t)} &= \frac1\nu\, {}_2F_1(\tfrac{\nu+1}2, 1; \tfrac\nu2+1; y) && y \le \tfrac12 \\
    \frac{P(0 < T < t)}{t f(t)} &= {}_2F_1(\tfrac{\nu+1}2, 1; \tfrac32; x) && t^2 \le 2,\; y > \tfrac12 \\
    \frac{P(T > t)}{t f(t)} &= \tfrac12\int_0^\infty (1 + x(e^v - 1))^{-(\nu+1)/2}\, e^{v/2}\,dv && \text{between}

References:
    NIST Digital Library of Mathematical Functions, 8.17.8.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import closed_form, safe
from jprob.special._tables import bits
from jprob.special.elementary import log1pmx

_NUM_TERMS = {32: 27, 64: 55}
_NUM_NODES = {32: 16, 64: 36}
_LEFT_OUT = {32: 17.0, 64: 34.0}  # the exponent beyond which the integrand is dropped
CENTRE = 2.0  # t² up to which the mass about zero is summed


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
    return lax.fori_loop(0, _NUM_TERMS[bits(df)], add_term, (one, one))[0]


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
    n, x, most = lax.stop_gradient((0.5 * (df + 1.0), square / (df + square), _LEFT_OUT[bits(df)]))
    end = jnp.zeros_like(df)
    for _ in range(3):  # climbs to where the exponent is `most`
        end = jnp.log1p(jnp.expm1((most + 0.5 * end) / n) / x)
    nodes, weights = np.polynomial.legendre.leggauss(_NUM_NODES[bits(df)])
    nodes, weights = jnp.asarray(0.5 * (nodes + 1.0), df.dtype), jnp.asarray(0.25 * weights, df.dtype)

    def add_node(i: int, total: Array) -> Array:
        return total + weights[i] * jnp.exp(-_exponent(nodes[i] * end, df, square))

    return end * lax.fori_loop(0, len(nodes), add_node, jnp.zeros_like(df))


def beside(df: Array, square: Array) -> Array:
    """What multiplies the kernel: for the tail, far out df times it, or for the mass about zero."""
    far, centre = square >= df, square <= CENTRE
    between = ~far & ~centre
    series = _series(safe(~between, df, 1.0), safe(~between, square, 1.0), far)
    return jnp.where(between, _integral(safe(between, df, 10.0), safe(between, square, 3.0)), series)
