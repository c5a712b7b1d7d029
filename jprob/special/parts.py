r"""An exact head and a small rest: sums of large terms that cancel, at the price of a few operations.

A log density of scale ``s`` at ``z`` standard deviations is a sum such as ``-log s - z²/2``, whose terms may be large
and cancel. Formed in one dtype they leave the rounding of the largest behind. Here a term is a
:class:`~jprob.special.pair.Pair` whose head has so few digits that it is exact; heads are summed without error, rests as
they are. What comes out has the rounding of the result. Cheaper than the arithmetic of ``pair``, and enough where a
density has one logarithm and one square.

:math:`(\log(1+f) - f + f^2/2)/f^3` is the interpolant at the Chebyshev nodes of :math:`[\sqrt{1/2}-1, \sqrt 2-1]`,
computed with 50 digits by mpmath: error 7e-9 for float32, 6e-20 for float64.

Nothing here is meant to be differentiated: see ``jprob._array.closed_form``.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import is_float64
from jprob.special.pair import Pair, exponent, halves, ln2_multiple, two_sum

__all__ = [
    "collected",
    "exponent_and_log",
    "half_square",
    "log_parts",
    "log_terms",
    "negative",
    "product_parts",
    "short_quotient",
]

_LOG1P = {
    32: (
        0.3333333073,
        -0.2500030642,
        0.2000104509,
        -0.1664128146,
        0.1421449592,
        -0.1299818376,
        0.1262231985,
        -0.07902743772,
    ),
    64: (
        0.3333333333333333324,
        -0.2500000000000000433,
        0.2000000000000018809,
        -0.1666666666666400854,
        0.1428571428564931351,
        -0.1250000000044960395,
        0.1111111111995321742,
        -0.09999999968981615102,
        0.09090908474429310069,
        -0.08333334219778230478,
        0.07692332367644233517,
        -0.07142856773736441106,
        0.06666073999728278995,
        -0.06249368333054225771,
        0.05890810742998730195,
        -0.05572610028285412977,
        0.0519798026016190455,
        -0.04792937985689431481,
        0.04931432109322027779,
        -0.05726450275826501812,
        0.0514568607669440981,
        -0.02163707074370185064,
    ),
}


def log_parts(x: Array) -> Pair:
    """Log of a positive, normal float: a multiple of log 2, and the rest, below 0.35, to the dtype's own rounding."""
    k, m = exponent(x)
    high, low = ln2_multiple(k)
    f = m - 1.0
    series = jnp.zeros_like(f)
    for c in reversed(_LOG1P[64 if is_float64(f) else 32]):
        series = series * f + c
    return Pair(high, low + (f + f * f * (f * series - 0.5)))


def exponent_and_log(x: Array) -> tuple[Array, Pair]:
    """``(k, log m)`` with ``x = 2^k m``, for positive, normal ``x``: log m with an exact head, to 8e-10 for float32."""
    k, s, rest = _ratio(x)
    whole = s + rest
    return k, Pair(2.0 * s, 2.0 * rest + whole * _twice_artanh(whole * whole, range(1, 13 if is_float64(whole) else 5)))


def log_terms(x: Array) -> tuple[Array, Array, Array, Array]:
    """``(k, first, second, rest)`` with ``x = 2^k m`` and ``log m`` the sum of the others, for positive, normal ``x``.

    The first two are exact and the rest is below 2e-4: to 3e-11 for float32.
    """
    k, s, rest = _ratio(x)
    whole, square = s + rest, s * s
    third = _leading(square * (2.0 / 3.0))
    remainder = (2.0 * square - 3.0 * third) * (1.0 / 3.0)
    small = s * remainder + whole * _twice_artanh(whole * whole, range(2, 13 if is_float64(whole) else 7))
    return k, 2.0 * s, s * third, 2.0 * rest * (1.0 + s * whole) + small


def _ratio(x: Array) -> tuple[Array, Array, Array]:
    """``(k, s, rest)`` with ``x = 2^k m`` and ``s + rest = (m − 1) / (m + 1)``, so that log m is twice its artanh."""
    k, m = exponent(x)
    f, total = m - 1.0, m + 1.0
    missing, inverse = f - (total - 2.0), 1.0 / total
    s, high = _leading(f * inverse), _leading(total)
    return k, s, (((f - s * high) - s * (total - high)) - s * missing) * inverse


def _twice_artanh(square: Array, powers: range) -> Array:
    """``2 artanh(s) / s`` by these powers of s² < 0.03."""
    series = jnp.zeros_like(square)
    for j in reversed(powers):
        series = series * square + 2.0 / (2 * j + 1)
    return series * square**powers.start


def short_quotient(x: Pair, y: Array) -> Pair:
    """``x / y`` with a head of half the digits, so that the square of the head is exact."""
    inverse = 1.0 / y
    q, high = _leading(x.hi * inverse), _leading(y)
    return Pair(q, (((x.hi - q * high) - q * (y - high)) + x.lo) * inverse)


def _leading(x: Array) -> Array:
    """The first half of the digits by a mask: cheaper than ``halves``, whose remainder is a bit smaller."""
    integer, bits = (jnp.int64, 27) if is_float64(x) else (jnp.int32, 12)
    return lax.bitcast_convert_type(lax.bitcast_convert_type(x, integer) & -(1 << bits), x.dtype)


def product_parts(x: Array, y: Array) -> Pair:
    """``x y`` with an exact head."""
    (xh, xl), (yh, yl) = halves(x), halves(y)
    return Pair(xh * yh, xh * yl + xl * y)


def half_square(x: Pair) -> Pair:
    """``x² / 2`` of a pair with a short head."""
    return Pair(0.5 * x.hi * x.hi, x.lo * (x.hi + 0.5 * x.lo))


def negative(x: Pair) -> Pair:
    """``-x``."""
    return Pair(-x.hi, -x.lo)


def collected(terms: tuple[Pair, ...], rest: Array | float = 0.0) -> Array:
    """Sum of pairs and a small rest, with the rounding of the result alone."""
    head, *others = terms
    lost = head.lo + rest
    for term in others:
        s = two_sum(head.hi, term.hi)
        head, lost = s, lost + (s.lo + term.lo)
    return head.hi + lost
