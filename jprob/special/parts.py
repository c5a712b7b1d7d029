r"""An exact head and a small rest: sums of large terms that cancel, at the price of a few operations.

A log density of scale ``s`` at ``z`` standard deviations is a sum such as ``-log s - z²/2``, whose terms may be large
and cancel. Formed in one dtype they leave the rounding of the largest behind. Here a term is a
:class:`~jprob.special.pair.Pair` whose head has so few digits that it is exact; heads are summed without error, rests as
they are. What comes out has the rounding of the result. Cheaper than the arithmetic of ``pair``, and enough where a
density has one logarithm and one square.

:math:`(\log(1+f) - f + f^2/2)/f^3` on :math:`[\sqrt{1/2}-1, \sqrt 2-1]` is, computed with 50 digits by mpmath, the
polynomial of the smallest error in the logarithm for float32, 8e-9, and the interpolant at the Chebyshev nodes for
float64: 2e-18. So is :math:`(2\operatorname{artanh}(s/2) - s)/s^3` for float32, 2e-10; for float64 it is the power series.

Nothing here is meant to be differentiated: see ``jprob._array.closed_form``.
"""

from __future__ import annotations

from jax import Array

from jprob._array import is_float64
from jprob.special._tables import bits, horner
from jprob.special.pair import Pair, exponent, halves, leading, octaves, two_sum

__all__ = [
    "collected",
    "half_square",
    "log_parts",
    "log_terms",
    "negative",
    "octaves_and_log",
    "product_parts",
    "short_quotient",
]

_LOG1P = {
    32: (
        0.3333401671,
        -0.2500161841,
        0.19959342,
        -0.1656827087,
        0.1494234518,
        -0.1434268263,
        0.08717984518,
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
_TWICE_ARTANH = {
    32: (0.0833335208625, 0.012491751428125, 0.002340722003125),
    64: tuple(0.25**j / (2 * j + 1) for j in range(1, 13)),
}


def log_parts(x: Array) -> Pair:
    """Log of a positive, normal float: a multiple of log 2, and the rest, below 0.35, to the dtype's own rounding."""
    (high, low), m = octaves(x)
    f = m - 1.0
    series = horner((-0.5, *_LOG1P[bits(f)]), f)
    return Pair(high, low + (f + f * f * series))


def octaves_and_log(x: Array) -> tuple[Pair, Pair]:
    """``(k log 2, log m)`` with ``x = 2^k m``, for positive, normal ``x``, to 1e-9 for float32.

    The heads are exact and so is their sum; below them is what is left of both.
    """
    multiple, m = octaves(x)
    s, rest = _twice_ratio(m)
    whole = s + rest
    square = whole * whole
    return multiple, Pair(s, rest + (whole * square) * horner(_TWICE_ARTANH[bits(x)], square))


def log_terms(x: Array) -> tuple[Array, Array, Array, Array]:
    """``(k, first, second, rest)`` with ``x = 2^k m`` and ``log m`` the sum of the others, for positive, normal ``x``.

    The first two are exact and the rest is below 2e-4: to 3e-11 for float32.
    """
    k, m = exponent(x)
    twice, twice_rest = _twice_ratio(m)
    s, rest = 0.5 * twice, 0.5 * twice_rest
    whole, square = s + rest, s * s
    third = leading(square * (2.0 / 3.0))
    remainder = (2.0 * square - 3.0 * third) * (1.0 / 3.0)
    beyond, fourth = [2.0 / (2 * j + 1) for j in range(2, 13 if is_float64(x) else 7)], whole * whole
    small = s * remainder + whole * (fourth * fourth * horner(beyond, fourth))
    return k, twice, s * third, twice_rest * (1.0 + s * whole) + small


def _twice_ratio(m: Array) -> tuple[Array, Array]:
    """``2 (m − 1) / (m + 1)`` of m in [√½, √2) as ``s + rest``.

    ``s`` lies on a grid so coarse that its products and sums here are exact. It is rounded from a quotient, as no
    compiler fuses that with the sum: from a product two passes may round apart.
    """
    f, total = m - 1.0, m + 1.0
    inverse, to_grid = 1.0 / total, 1.5 * 2.0 ** (25 if is_float64(m) else 10)
    twice, short = f + f, halves(f)
    s = (twice / total + to_grid) - to_grid
    return s, (((twice - 2.0 * s) - s * short.hi) - s * short.lo) * inverse  # of s (2 + f) = 2 f nothing is lost


def short_quotient(x: Pair, y: Array) -> Pair:
    """``x / y`` with a head of half the digits, so that the square of the head is exact."""
    inverse = 1.0 / y
    q, high = leading(x.hi * inverse), leading(y)
    return Pair(q, (((x.hi - q * high) - q * (y - high)) + x.lo) * inverse)


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
