r"""Logs of quotients, products and exponentials as a head and a small rest: what :math:`(x/y)^k` needs.

A power is :math:`e^{k \log(x/y)}`, whose argument ``k`` magnifies and whose result magnifies it again. The logarithm is
taken of :math:`2^e m` with :math:`\log m = 2\,\mathrm{artanh}\frac{m-1}{m+1}` and m in [2/3, 3/2]; the exponential of
n log 2 + r with |r| below log(2)/2, where 1, r and r²/2 are summed without error.

:math:`(\mathrm{artanh}(\sqrt z)/\sqrt z - 1)/z` is the interpolant at the Chebyshev nodes of [0, .0401], computed with 60
digits by mpmath: z times its error is 8e-11 for float32, 5e-21 for float64.

Nothing here is meant to be differentiated: see ``jprob._array.closed_form``.

References:
    Muller, J.-M. (2016). Elementary Functions, 3rd ed., chapter 11.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo, is_float64
from jprob.special import pair as pairs
from jprob.special._tables import bits, horner
from jprob.special.pair import Pair, halves, leading, power_of_two, two_product, two_sum

__all__ = [
    "exp_parts",
    "expm1_parts",
    "log_quotient_parts",
    "log_ratio_parts",
    "one_less_product",
    "product",
    "scaled_exp",
    "short_product",
]

_LN2 = {32: (0.693115234375, 3.1946184945e-05), 64: (0.69314718036912381649, 1.9082149292705877e-10)}  # the first short
_ARTANH = {
    32: (0.3333333314, 0.2000015682, 0.142662725, 0.1187567088),
    64: (
        0.3333333333333333334,
        0.199999999999999535,
        0.1428571428574517298,
        0.1111111110322050359,
        0.09090910099293800963,
        0.07692235448289166062,
        0.06669696891669156618,
        0.05808757665751732566,
        0.06211557028039042305,
    ),
}
_EXP_TERMS = {32: 6, 64: 13}


def log_ratio_parts(x: Array, y: Array) -> Pair:
    """``log(x / y)`` of positive, normal floats, accurate relative to itself; a head of half the digits."""
    e, m, n = _within_a_half(x, y)
    difference = m - n  # of floats within a factor of two: exact
    total = 2.0 * n + difference
    lost = difference - (total - 2.0 * n)
    inverse = _reciprocal(total)
    q, t = leading(difference * inverse), leading(total)
    rest = (((difference - q * t) - q * (total - t)) - q * lost) * inverse
    s = q + rest
    multiple = _ln2_multiple(e)
    head = leading(multiple.hi + 2.0 * s)
    return Pair(head, ((multiple.hi - head) + 2.0 * q) + (multiple.lo + 2.0 * (rest + s * _artanh_tail(s))))


def log_quotient_parts(x: Array, y: Array) -> Pair:
    """``log(x / y)`` of positive, normal floats: a multiple of log 2, exact, and the rest to the dtype's own rounding."""
    e, m, n = _within_a_half(x, y)
    s = (m - n) * _reciprocal(m + n)
    multiple = _ln2_multiple(e)
    return Pair(multiple.hi, multiple.lo + 2.0 * (s + s * _artanh_tail(s)))


def _within_a_half(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """``(e, m, n)`` with ``x / y = 2^e m / n``, n in [1, 2) and m / n in [2/3, 3/2]."""
    integer, bits, one = (jnp.int64, 52, 1023 << 52) if is_float64(x) else (jnp.int32, 23, 127 << 23)
    i, j = (lax.bitcast_convert_type(v, integer) for v in (x, y))
    e = (i - j + (1 << (bits - 1))) >> bits  # the bits of a float are nearly its binary logarithm
    n = (j & ((1 << bits) - 1)) | one
    m = n + (i - j) - (e << bits)
    return e.astype(x.dtype), lax.bitcast_convert_type(m, x.dtype), lax.bitcast_convert_type(n, x.dtype)


def _reciprocal(x: Array) -> Array:
    """``1 / x`` of a positive float. XLA puts a quotient with several users into a pass of its own; this has one."""
    return jnp.abs(1.0 / x)


def _artanh_tail(s: Array) -> Array:
    """``artanh(s) / s − 1``."""
    z = s * s
    return z * horner(_ARTANH[bits(z)], z)


def _ln2_multiple(n: Array) -> Pair:
    """``n log 2``, the head exact for the exponent of a quotient."""
    high, low = _LN2[bits(n)]
    return Pair(n * high, n * low)


def short_product(a: Array, x: Pair) -> Pair:
    """A float times what has a head of half the digits: the new head is exact, the rest small."""
    high = leading(a)
    return Pair(high * x.hi, (a - high) * x.hi + a * x.lo)


def one_less_product(x: Array, y: Array) -> Array:
    """``1 − x y``, accurate relative to itself: four exact products, the largest first."""
    (xh, xl), (yh, yl) = halves(x), halves(y)
    return (((1.0 - xh * yh) - xh * yl) - xl * yh) - xl * yl


def product(a: Array, x: Pair) -> Pair:
    """A float times a pair, normalised; one float where it overflows, or a partial product underflows."""
    p = two_product(a, x.hi)
    exact = two_sum(p.hi, p.lo + a * x.lo)
    plain, least = a * x.hi, finfo(a).tiny / finfo(a).eps
    smallest = jnp.minimum(jnp.minimum(jnp.abs(a), jnp.abs(x.hi)), jnp.abs(plain))
    fits = (jnp.abs(plain) < finfo(a).max / 4.0) & (smallest > least)
    return Pair(jnp.where(fits, exact.hi, plain), jnp.where(fits, exact.lo, 0.0))


def exp_parts(x: Pair) -> Pair:
    """``exp(x)`` of a normalised pair; 0 where it underflows, inf without a rest where it overflows."""
    low, high = (-750.0, 712.0) if is_float64(x.hi) else (-105.0, 90.0)
    n, r, square, rest = _reduced(x, low, high)
    first = two_sum(jnp.ones_like(r), r)
    second = two_sum(first.hi, square)
    value = two_sum(second.hi, first.lo + (second.lo + rest))  # normalised: of a rest near underflow little is lost
    n_half = jnp.floor(0.5 * n)  # in two steps: 2^n itself may overflow
    half, other = power_of_two(n_half), power_of_two(n - n_half)
    head = value.hi * half * other
    return Pair(head, jnp.where(head < jnp.inf, value.lo * half * other, 0.0))


def scaled_exp(scale: Array, x: Pair) -> Array:
    """``scale exp(x)``, the power in two halves: it may overflow where the result does not."""
    half = pairs.once(exp_parts(pairs.once(pairs.scale(x, 0.5))))
    first = pairs.once(product(scale, half))
    second = product(first.hi, half)
    return second.hi + jnp.where(second.hi < jnp.inf, second.lo + first.lo * half.hi, 0.0)


def expm1_parts(x: Pair) -> Pair:
    """``exp(x) − 1`` of a normalised pair, accurate relative to itself; stays finite."""
    n, r, square, rest = _reduced(x, -60.0, 709.0 if is_float64(x.hi) else 88.0)
    power = power_of_two(n)
    first = two_sum(power - 1.0, power * r)
    second = two_sum(first.hi, power * square)
    return Pair(second.hi, first.lo + (second.lo + power * rest))


def _reduced(x: Pair, low: float, high: float) -> tuple[Array, Array, Array, Array]:
    """``(n, r, r²/2, rest)`` with exp x = 2^n (1 + r + r²/2 + rest), the first three exact."""
    inside = (x.hi > low) & (x.hi < high)
    head = jnp.clip(x.hi, low, high)
    n = jnp.round(head * (1.0 / math.log(2.0)))
    multiple = _ln2_multiple(n)
    r = two_sum(head - multiple.hi, jnp.where(inside, x.lo, 0.0) - multiple.lo)
    short, remainder = halves(r.hi)
    series = horner([1.0 / math.factorial(k) for k in range(3, 3 + _EXP_TERMS[bits(r.hi)])], r.hi)
    cubic = r.hi * r.hi * r.hi * series
    rest = r.lo * (1.0 + r.hi) + (remainder * (short + 0.5 * remainder) + cubic)
    return n, r.hi, 0.5 * short * short, rest
