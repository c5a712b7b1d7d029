r"""Both tails of the gamma distribution by one smooth integral.

In the logarithm of t the integrand of :math:`Q(a, z) = \int_z^\infty t^{a-1} e^{-t} dt / \Gamma(a)` is log-concave.
From the side of z on which the smaller tail lies it is the kernel :math:`z^a e^{-z} / \Gamma(a)` times

.. math:: \int_0^\infty \exp(-[\,|z - a|\,v + z\,(e^{w} - 1 - w)\,])\,dv

with w = v for the upper tail (z ≥ a) and w = −v for the lower. Nothing in it cancels, and a fixed Gauss–Legendre rule
takes it where the exponent stays below 17 (float32) or 34 (float64), whatever the shape. Where a < 1 and z < 1 the mass
at 0 is a power and a series instead (Gautschi 1979).

References:
    DiDonato, A. R. and Morris, A. H. (1986). Computation of the incomplete gamma function ratios and their inverse.
    ACM TOMS 12.
    Gautschi, W. (1979). A computational procedure for incomplete gamma functions. ACM TOMS 5.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import safe
from jprob.special._gamma_kernel import log_kernel_parts, off_centre
from jprob.special._tables import bits
from jprob.special.elementary import expm1mx
from jprob.special.pair import Pair
from jprob.special.stirling import lgamma1p
from jprob.special.tails import Hazards, Tails


class _Rule(NamedTuple):
    """What a precision asks for: quadrature nodes, the exponent left out, terms of the series."""

    num_nodes: int
    exponent: float
    num_terms: int


_RULES = {32: _Rule(16, 17.0, 11), 64: _Rule(36, 34.0, 20)}


def _rule(x: Array) -> _Rule:
    return _RULES[bits(x)]


def _exponent(v: Array, d: Array, z: Array, sign: Array) -> Array:
    """``d v + z psi(v)``: convex, zero at zero."""
    return d * v + z * expm1mx(sign * v)


def _reach(d: Array, z: Array, lower: Array, sign: Array, target: float) -> Array:
    """The v at which the exponent is ``target``, by Newton's method on a convex function."""
    upper_start = jnp.minimum(2.0 * target / (d + jnp.sqrt(d * d + 2.0 * target * z)), jnp.log1p(target / z) + 0.5)
    # e^-v - 1 + v > v^2 / (2 + 2v/3): the root of a quadratic
    square, slope = z + 2.0 / 3.0 * d, 2.0 * d - 2.0 / 3.0 * target
    root = jnp.sqrt(slope * slope + 8.0 * target * square)
    lower_start = jnp.where(slope > 0, 4.0 * target / (root + slope), (root - slope) / (2.0 * square))
    start = jnp.where(lower, lower_start, upper_start)

    def newton(_: int, v: Array) -> Array:
        slope = d + z * jnp.abs(jnp.expm1(sign * v))
        return jnp.clip(v - (_exponent(v, d, z, sign) - target) / slope, 0.25 * start, 4.0 * start)

    return lax.fori_loop(0, 3, newton, start)


def _integral(d: Array, z: Array, lower: Array) -> Array:
    """The integral beside the kernel, for the tail on the side of ``lower``."""
    sign = jnp.where(lower, -1.0, 1.0).astype(z.dtype)
    end = lax.stop_gradient(_reach(lax.stop_gradient(d), lax.stop_gradient(z), lower, sign, _rule(z).exponent))
    nodes, weights = np.polynomial.legendre.leggauss(_rule(z).num_nodes)
    nodes = jnp.asarray(0.5 * (nodes + 1.0), z.dtype)
    weights = jnp.asarray(0.5 * weights, z.dtype)

    def add_node(i: int, total: Array) -> Array:
        return total + weights[i] * jnp.exp(-_exponent(nodes[i] * end, d, z, sign))

    return end * lax.fori_loop(0, _rule(z).num_nodes, add_node, jnp.zeros_like(z))


def near_zero(a: Array, z: Array) -> Array:
    """Where the mass below z is a power and a series."""
    return (a < 1.0) & (z < 1.0)


def power_series(a: Array, z: Array) -> Array:
    """``s`` of the mass ``z^a (1 + s) / Γ(a + 1)`` near zero, accurate relative to ``a``."""

    def add_term(i: int, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        total, power = carry
        n = jnp.asarray(i, z.dtype)
        power = -power * z / n
        return total + power / (a + n), power

    total, _ = lax.fori_loop(1, _rule(z).num_terms + 1, add_term, (jnp.zeros_like(z), jnp.ones_like(z)))
    return a * total


def _near_zero(a: Array, z: Array) -> tuple[Tails, Hazards]:
    """By power and series: neither side is formed as one minus the other."""
    u, s = a * jnp.log(z) - lgamma1p(a), power_series(a, z)
    power = jnp.exp(u)
    lower, upper = power * (1.0 + s), -jnp.expm1(u) - power * s
    by_lower = lower < 0.5
    log_upper = jnp.where(
        by_lower, jnp.log1p(-safe(by_lower, lower, 0.0)), jnp.log(safe(~by_lower & (upper > 0), upper, 1.0))
    )
    kernel = a * jnp.exp(-z)
    return Tails(lower, upper, u + jnp.log1p(s), log_upper), Hazards(kernel / (1.0 + s), kernel * power / upper)


def _elsewhere(a: Pair, z: Pair, by_series: Array) -> tuple[Tails, Hazards]:
    """By the kernel and the integral: the tail on whose side z lies, and one minus it."""
    signed = off_centre(a, z)
    is_lower = signed < 0
    kernel = log_kernel_parts(a, z)
    integral = _integral(jnp.where(by_series, 0.5, jnp.abs(signed)), safe(~by_series, z.hi, 1.0), is_lower)
    height = jnp.exp(kernel.hi) * (1.0 + kernel.lo)
    small = height * integral
    large = 1.0 - jnp.minimum(small, 0.9)
    log_small, log_large = kernel.hi + (kernel.lo + jnp.log(integral)), jnp.log1p(-jnp.minimum(small, 0.9))

    def sides(small: Array, large: Array) -> tuple[Array, Array]:
        return jnp.where(is_lower, small, large), jnp.where(is_lower, large, small)

    return Tails(*sides(small, 1.0 - small), *sides(log_small, log_large)), Hazards(
        *sides(1.0 / integral, height / large)
    )


def smooth_tails(a: Pair, z: Pair) -> tuple[Tails, Hazards]:
    """Tails for positive ``a`` and ``z``, and their hazards in log z."""
    by_series = near_zero(a.hi, z.hi)
    near = _near_zero(safe(by_series, a.hi, 0.5), safe(by_series, z.hi, 0.5))
    return jax.tree.map(partial(jnp.where, by_series), near, _elsewhere(a, z, by_series))
