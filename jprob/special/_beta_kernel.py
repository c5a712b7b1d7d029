r"""The kernel ``x^a (1 - x)^b / B(a, b)``: the common factor of the beta density and both its tails.

Loader's saddle-point form is taken at ``A = a + 1``, ``B = b + 1``, ``N = A + B``, where no Stirling error is singular;
the way back is rational: ``B(A, B) / B(a, b) = a b / (n (n + 1))``.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

from jprob.special import pair as pairs
from jprob.special.pair import Pair
from jprob.special.polygamma import digamma
from jprob.special.saddle import deviance_pair
from jprob.special.stirling import stirling_series

_RAISE = 56
_SQRT_2PI = math.sqrt(2.0 * math.pi)


def log_power_ratio(A: Pair, B: Pair, x: Array, shift: int, factor: Array) -> Pair:
    """``log[factor x^(A - 1 - shift) (1 - x)^(B - 1 - shift) / B(A, B)]`` for ``A, B >= 1`` and ``0 < x < 1``.

    With ``r = log(A / N x)``, ``s = log(B / N (1 - x))`` as pairs, every power of x and 1 - x that Loader's form does
    not hold is ``(1 + shift)(r + s)`` and a constant: three logarithms in all.
    """
    N = pairs.add(A, B)
    raised = pairs.mul(N, pairs.pair(x * 2.0**_RAISE))  # or the low half of a tiny x's products would underflow
    mean_a, mean_b = pairs.scale(raised, 2.0**-_RAISE), pairs.mul(N, pairs.two_difference(jnp.ones_like(x), x))
    d = pairs.sub(A, mean_a)
    r = pairs.add(pairs.log(pairs.div(A, raised)), pairs.ln2_multiple(jnp.full_like(x, _RAISE)))
    s = pairs.log(pairs.div(B, mean_b))
    spread = N.hi / A.hi * (N.hi / B.hi)  # N^2 / (A B)
    constant = factor * jnp.sqrt(N.hi / spread) * spread ** (1 + shift) / _SQRT_2PI
    stirling = stirling_series(N.hi) - stirling_series(A.hi) - stirling_series(B.hi)
    powers = pairs.add(r, s)
    out = pairs.add(pairs.log(pairs.pair(constant)), pairs.pair(stirling))
    out = pairs.add(out, powers if shift == 0 else pairs.scale(powers, 1.0 + shift))
    out = pairs.sub(out, deviance_pair(A, mean_a, d, r))
    return pairs.sub(out, deviance_pair(B, mean_b, Pair(-d.hi, -d.lo), s))


def log_kernel(a: Pair, b: Pair, x: Array, shift: int) -> Pair:
    """``log[x^(a - shift) (1 - x)^(b - shift) / B(a, b)]`` for positive ``a``, ``b`` and ``0 < x < 1``."""
    one, n = pairs.pair(jnp.ones_like(x)), a.hi + b.hi
    return log_power_ratio(pairs.add(a, one), pairs.add(b, one), x, shift, (a.hi / n) * (b.hi / (n + 1.0)))


@jax.custom_jvp
def off_centre(a: Pair, b: Pair, x: Array) -> Array:
    """``a (1 - x) - b x``, exact to an ulp where it cancels."""
    return pairs.total(pairs.sub(a, pairs.mul(pairs.add(a, b), pairs.pair(x))))


@off_centre.defjvp
def _(primals, tangents):
    (a, b, x), (da, db, dx) = primals, tangents
    return off_centre(a, b, x), pairs.total(da) * (1.0 - x) - pairs.total(db) * x - dx * (a.hi + b.hi)


def _slope(a: Pair, b: Pair, x: Array, da: Pair, db: Pair, by_x: Array) -> Array:
    """Tangent of the log kernel in closed form; what it has in ``a`` and ``b`` does not depend on the shift."""
    common = digamma(a.hi + b.hi)
    by_a, by_b = common - digamma(a.hi) + jnp.log(x), common - digamma(b.hi) + jnp.log1p(-x)
    return pairs.total(da) * by_a + pairs.total(db) * by_b + by_x


@jax.custom_jvp
def log_kernel_parts(a: Pair, b: Pair, x: Array) -> Pair:
    """``log_kernel`` without shift, differentiable."""
    return pairs.once(log_kernel(a, b, x, 0))


@log_kernel_parts.defjvp
def _(primals, tangents):
    (a, b, x), (da, db, dx) = primals, tangents
    slope = _slope(a, b, x, da, db, dx * off_centre(a, b, x) / (x * (1.0 - x)))
    return log_kernel_parts(a, b, x), Pair(slope, jnp.zeros_like(slope))


@jax.custom_jvp
def log_density(a: Pair, b: Pair, x: Array) -> Array:
    """Log density of Beta(a, b) at 0 < x < 1."""
    # an exponential of it would repeat the whole chain a dozen times, and compile for minutes
    return pairs.once(pairs.total(log_kernel(a, b, x, 1)))


@log_density.defjvp
def _(primals, tangents):
    (a, b, x), (da, db, dx) = primals, tangents
    less = Pair(-jnp.ones_like(x), jnp.zeros_like(x))
    by_x = off_centre(pairs.add(a, less), pairs.add(b, less), x) / (x * (1.0 - x))
    return log_density(a, b, x), _slope(a, b, x, da, db, dx * by_x)
