"""Numbers with twice the digits: error-free sums and products, and what is built from them.

A :class:`Pair` is the unevaluated sum ``hi + lo`` of two floats of one dtype, ``lo`` below half an ulp of ``hi``. In
float32 it carries about 44 bits, enough that the large terms of a log density may cancel and still leave a full
float32 behind.

Compilers fuse ``a * b + c`` into one rounding where they like (XLA does on CPU and GPU), which breaks the textbook
error-free product. Here a factor is split by masking bits, so that every partial product is exact and fusing it
changes nothing.

Nothing here is meant to be differentiated: callers give derivatives in closed form by ``custom_jvp``.

References:
    Dekker, T. J. (1971). A floating-point technique for extending the available precision. Numer. Math. 18.
    Shewchuk, J. R. (1997). Adaptive precision floating-point arithmetic. Discrete Comput. Geom. 18.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import is_float64
from jprob.special._tables import bits, horner

__all__ = [
    "Pair",
    "add",
    "div",
    "exponent",
    "halves",
    "leading",
    "ln2_multiple",
    "log",
    "log1p",
    "log_quotient",
    "log_ratio",
    "mul",
    "octaves",
    "once",
    "pair",
    "power_of_two",
    "scale",
    "sub",
    "total",
    "two_difference",
    "two_product",
    "two_sum",
]


class Pair(NamedTuple):
    """The unevaluated sum of two floats.

    Attributes:
        hi: the sum rounded to its dtype.
        lo: what that rounding lost.
    """

    hi: Array
    lo: Array


def pair(x: Array) -> Pair:
    """A float as a pair with nothing lost."""
    return Pair(x, jnp.zeros_like(x))


def total(x: Pair) -> Array:
    """The pair rounded to one float."""
    return x.hi + x.lo


def once[T](x: T) -> T:
    """The same arrays, computed once: a compiler that fuses repeats a long chain in every place that uses it.

    Put it after a kernel that is used more than once: without it an incomplete beta function took minutes to compile.
    A density alone goes without, and becomes one pass over memory.
    """
    return lax.optimization_barrier(x)


def two_sum(a: Array, b: Array) -> Pair:
    """``a + b`` without error, whichever is larger (Knuth)."""
    s = a + b
    virtual = s - a
    return Pair(s, (a - (s - virtual)) + (b - virtual))


def two_difference(a: Array, b: Array) -> Pair:
    """``a - b`` without error."""
    s = a - b
    virtual = s - a
    return Pair(s, (a - (s - virtual)) - (b + virtual))


def _ordered_sum(a: Array, b: Array) -> Pair:
    """``a + b`` without error for ``|a| >= |b|`` (Dekker)."""
    s = a + b
    return Pair(s, b - (s - a))


def leading(x: Array) -> Array:
    """The first half of the digits."""
    integer, bits = (jnp.int64, 27) if is_float64(x) else (jnp.int32, 12)
    return lax.bitcast_convert_type(lax.bitcast_convert_type(x, integer) & -(1 << bits), x.dtype)


def halves(x: Array) -> Pair:
    """``x`` as two floats of half the significand each, exactly."""
    hi = leading(x)
    return Pair(hi, x - hi)


def two_product(a: Array, b: Array) -> Pair:
    """``a * b`` without error (but for underflow), by four exact partial products."""
    a, b = jnp.broadcast_arrays(a, b)
    (ah, al), (bh, bl) = halves(a), halves(b)
    cross = two_sum(ah * bl, al * bh)
    top = two_sum(ah * bh, cross.hi)
    return _ordered_sum(top.hi, top.lo + (cross.lo + al * bl))


def add(x: Pair, y: Pair) -> Pair:
    """Sum of two pairs; the error is relative to the larger operand."""
    s = two_sum(x.hi, y.hi)
    return _ordered_sum(s.hi, s.lo + (x.lo + y.lo))


def sub(x: Pair, y: Pair) -> Pair:
    """Difference of two pairs."""
    return add(x, Pair(-y.hi, -y.lo))


def mul(x: Pair, y: Pair) -> Pair:
    """Product of two pairs."""
    p = two_product(x.hi, y.hi)
    return _ordered_sum(p.hi, p.lo + (x.hi * y.lo + x.lo * y.hi))


def scale(x: Pair, power: float) -> Pair:
    """A pair times a power of two, exactly."""
    return Pair(x.hi * power, x.lo * power)


def div(x: Pair, y: Pair) -> Pair:
    """Quotient of two pairs: one reciprocal, a product, corrected by its exact remainder."""
    inverse = 1.0 / y.hi
    q = x.hi * inverse
    p = two_product(q, y.hi)
    return _ordered_sum(q, ((x.hi - p.hi) - p.lo + (x.lo - q * y.lo)) * inverse)


# ln 2 in two parts, the first with so few bits that its product with an exponent is exact
_LN2 = {32: (0.693138122558593750, 9.0580013516e-06), 64: (0.69314718036912381649, 1.9082149292705877e-10)}
_ATANH_TERMS = {32: 6, 64: 13}
_MANTISSA = {32: 23, 64: 52}


def log(x: Pair) -> Pair:
    """Natural logarithm of a positive, normal pair as a pair.

    ``x = 2^k m`` with ``m`` near one, and ``log m = 2 artanh((m - 1) / (m + 1))``, of which the leading term is formed
    as a pair and the rest, thirty times smaller, as a float.
    """
    k, m = exponent(x.hi)
    return _times_two_to(k, _log_near_one(m, x.lo / x.hi))


def log_ratio(x: Array, y: Array) -> Pair:
    """``log(x / y)`` of positive, normal floats as a pair, accurate relative to itself also where they nearly agree."""
    return log_quotient(pair(x), pair(y))


def log_quotient(x: Pair, y: Pair) -> Pair:
    """``log(x / y)`` of positive, normal pairs, however far apart."""
    (k, m), (j, n) = exponent(x.hi), exponent(y.hi)
    quotient = div(pair(m), pair(n))
    i, m = exponent(quotient.hi)
    relative = quotient.lo / quotient.hi + (x.lo / x.hi - y.lo / y.hi)
    return _times_two_to(k - j + i, _log_near_one(m, relative))


def log1p(x: Pair) -> Pair:
    """``log(1 + x)`` of a non-negative pair, accurate relative to itself also where ``x`` is tiny."""
    one = pair(jnp.ones_like(x.hi))
    u = add(one, x)
    k, m = exponent(u.hi)
    small = k == 0.0
    f = Pair(jnp.where(small, x.hi, m - 1.0), jnp.where(small, x.lo, u.lo * (m / u.hi)))
    return _times_two_to(k, _twice_artanh(div(f, add(add(one, one), f)), jnp.zeros_like(m)))


def _log_near_one(m: Array, relative: Array) -> Pair:
    """``log m + relative`` for m in [sqrt(1/2), sqrt(2))."""
    one = jnp.ones_like(m)
    return _twice_artanh(div(pair(m - one), two_sum(m, one)), relative)


def _twice_artanh(s: Pair, rest: Array) -> Pair:
    """``2 artanh s + rest`` for ``|s| < 0.18``."""
    z = s.hi * s.hi
    tail = z * horner([1.0 / (2 * j + 1) for j in range(1, _ATANH_TERMS[bits(z)] + 1)], z)
    return _ordered_sum(2.0 * s.hi, 2.0 * (s.lo + s.hi * tail) + rest)


def _times_two_to(k: Array, log_m: Pair) -> Pair:
    """``k log 2 + log_m``."""
    high, low = ln2_multiple(k)
    out = two_sum(high, log_m.hi)
    return _ordered_sum(out.hi, out.lo + (low + log_m.lo))


def ln2_multiple(k: Array) -> Pair:
    """``k log 2`` for a whole ``k`` of the size of an exponent."""
    high, low = _LN2[bits(k)]
    return Pair(k * high, k * low)


def exponent(x: Array) -> tuple[Array, Array]:
    """``(k, m)`` with ``x = 2^k m`` and m in [sqrt(1/2), sqrt(2)), for positive, normal ``x``."""
    shift, m = _shifted(x)
    return (shift >> _MANTISSA[bits(x)]).astype(x.dtype), m


def octaves(x: Array) -> tuple[Pair, Array]:
    """``(k log 2, m)`` as of :func:`exponent`: what a logarithm needs, without shifting k down and up."""
    shift, m = _shifted(x)
    unit = 0.5 ** _MANTISSA[bits(x)]
    high, low = _LN2[bits(x)]
    k = shift.astype(x.dtype)
    return Pair(k * (high * unit), k * (low * unit)), m


def _shifted(x: Array) -> tuple[Array, Array]:
    """k where a float has its exponent, and m."""
    integer, root_half = (jnp.int64, 0x3FE6A09E667F3BCD) if is_float64(x) else (jnp.int32, 0x3F3504F3)
    i = lax.bitcast_convert_type(x, integer)
    shift = (i - root_half) & -(1 << _MANTISSA[bits(x)])
    return shift, lax.bitcast_convert_type(i - shift, x.dtype)


def power_of_two(k: Array) -> Array:
    """``2^k`` for a whole ``k``, cut to the exponents of normal floats."""
    integer, bits, bias = (jnp.int64, 52, 1023) if is_float64(k) else (jnp.int32, 23, 127)
    i = jnp.clip(k, 1 - bias, bias).astype(integer)
    return lax.bitcast_convert_type((i + bias) << bits, k.dtype)
