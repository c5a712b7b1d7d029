r"""Both tails of the beta distribution by one smooth integral.

In the log odds of t the integrand of :math:`I_x(a, b)` is log-concave. From the side of x on which the smaller tail
lies it is the kernel :math:`x^a(1-x)^b/B(a,b)` times

.. math:: \int_0^\infty \exp(-[\,d\,v + n\,\kappa(v)\,])\,dv,\quad d = |a(1-x) - bx|,\; n = a + b

with :math:`\kappa(v) = x(e^w - 1 - w) + \log(1 + x(e^w - 1)) - x(e^w - 1)`, w = −v for the lower tail and v for the
upper. Nothing in it cancels, and a fixed Gauss–Legendre rule takes it where the exponent stays below 15 (float32) or 32
(float64), whatever the parameters. Where a < 1 and x is near 0 the mass at 0 is a power and a series instead
(Gautschi 1979). One swap, (a, x) for (b, 1 − x), brings every x to at most one half.

References:
    DiDonato, A. R. and Morris, A. H. (1992). Algorithm 708: significant digit computation of the incomplete beta
    function ratios. ACM TOMS 18.
    Gautschi, W. (1979). A computational procedure for incomplete gamma functions. ACM TOMS 5.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import finfo, safe
from jprob.special._beta_kernel import log_kernel_parts, off_centre
from jprob.special._tables import bits
from jprob.special.elementary import expm1mx, log1pmx
from jprob.special.pair import Pair
from jprob.special.stirling import lgamma1p, lgamma_difference
from jprob.special.tails import Hazards, Tails


class _Rule(NamedTuple):
    """What a precision asks for: quadrature nodes, the exponent left out, terms of the series."""

    num_nodes: int
    exponent: float
    num_terms: int


_RULES = {32: _Rule(16, 17.0, 26), 64: _Rule(36, 34.0, 54)}


def _rule(x: Array) -> _Rule:
    return _RULES[bits(x)]


def exponent(v: Array, d: Array, n: Array, x: Array, lower: Array) -> Array:
    """``d v + n kappa(v)``: convex, zero at zero, a straight line before the exponential overflows."""
    curved = jnp.minimum(v, 0.9 * jnp.log(finfo(x).max))
    w = jnp.where(lower, -curved, curved)
    odds = x * jnp.expm1(w)
    kappa = jnp.where(odds > 3.0, jnp.log1p(odds) - x * w, x * expm1mx(w) + log1pmx(odds))
    straight = (v - curved) * (1.0 - x) * jnp.abs(odds) / (1.0 + odds)
    return d * v + n * (kappa + straight)


def reach(
    d: Array, n: Array, x: Array, shapes: tuple[Array, Array], lower: Array, *, target: ArrayLike, num_steps: int
) -> Array:
    """The v at which the exponent is ``target``, by Newton's method on a convex function."""
    y = 1.0 - x
    # start at the smallest of a Gaussian's, an exponential tail's and a Gumbel tail's reach
    quadratic = 2.0 * target / (d + jnp.sqrt(d * d + 2.0 * target * n * x * y))
    linear = (target - n * jnp.where(lower, jnp.log1p(-x), jnp.log(x))) / jnp.where(lower, *shapes)
    gumbel = jnp.where(lower, jnp.inf, jnp.log1p(target / (n * x)) + 0.7)
    start = jnp.minimum(jnp.minimum(quadratic, linear), gumbel)

    def newton(_: int, v: Array) -> Array:
        odds = x * jnp.expm1(jnp.where(lower, -v, jnp.minimum(v, 0.9 * jnp.log(finfo(x).max))))
        slope = d + n * y * jnp.abs(odds) / (1.0 + odds)
        step = (exponent(v, d, n, x, lower) - target) / jnp.maximum(slope, 1e-3 * target / v)
        return jnp.clip(v - step, 0.25 * start, linear)  # h lies above its asymptote

    return lax.fori_loop(0, num_steps, newton, start)


def _integral(a: Array, b: Array, x: Array, d: Array, lower: Array) -> Array:
    """The integral beside the kernel, for the tail on the side of ``lower``."""
    n = a + b
    fixed = lax.stop_gradient((d, n, x, (a, b)))
    end = reach(*fixed, lower, target=_rule(x).exponent, num_steps=3)
    nodes, weights = np.polynomial.legendre.leggauss(_rule(x).num_nodes)
    nodes = jnp.asarray(0.5 * (nodes + 1.0), x.dtype)
    weights = jnp.asarray(0.5 * weights, x.dtype)

    def add_node(i: int, total: Array) -> Array:
        return total + weights[i] * jnp.exp(-exponent(nodes[i] * end, d, n, x, lower))

    return end * lax.fori_loop(0, _rule(x).num_nodes, add_node, jnp.zeros_like(x))


def near_zero(a: Array, b: Array, x: Array) -> Array:
    """Where the mass below x is a power and a series: a < 1 and b x <= 1."""
    return (a < 1.0) & (b * x <= 1.0)


def power_series(a: Array, b: Array, x: Array) -> tuple[Array, Array]:
    """``(c, s)`` of the mass ``x^a exp(c) (1 + s)`` near zero, both accurate relative to ``a``."""

    def add_term(i: int, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        total, power = carry
        k = jnp.asarray(i, x.dtype)
        power = power * x * (k - b) / k
        return total + power / (a + k), power

    total, _ = lax.fori_loop(1, _rule(x).num_terms + 1, add_term, (jnp.zeros_like(x), jnp.ones_like(x)))
    return lgamma_difference(b, a) - lgamma1p(a), a * total


def _by_series(a: Array, b: Array, x: Array) -> tuple[Tails, Hazards]:
    """Tails near zero: neither side is formed as one minus the other."""
    c, s = power_series(a, b, x)
    u = a * jnp.log(x) + c
    power = jnp.exp(u)
    lower, upper = power * (1.0 + s), -jnp.expm1(u) - power * s
    by_lower = lower < 0.5
    log_upper = jnp.where(
        by_lower, jnp.log1p(-safe(by_lower, lower, 0.0)), jnp.log(safe(~by_lower & (upper > 0), upper, 1.0))
    )
    kernel = a * jnp.exp(b * jnp.log1p(-x))
    return Tails(lower, upper, u + jnp.log1p(s), log_upper), Hazards(kernel / (1.0 + s), kernel * power / upper)


def _by_integral(a: Pair, b: Pair, x: Array, by_series: Array) -> tuple[Tails, Hazards]:
    """The tail on whose side x lies by the kernel and the integral, the other as one minus it."""
    signed = off_centre(a, b, x)
    is_lower = signed >= 0
    kernel = log_kernel_parts(a, b, x)
    integral = _integral(
        safe(~by_series, a.hi, 1.0),
        safe(~by_series, b.hi, 1.0),
        x,
        jnp.where(by_series, 0.5, jnp.abs(signed)),
        is_lower,
    )
    height = jnp.exp(kernel.hi) * (1.0 + kernel.lo)
    small = height * integral
    rest = jnp.minimum(small, 0.9)
    log_small, log_large = kernel.hi + (kernel.lo + jnp.log(integral)), jnp.log1p(-rest)

    def sides(small: Array, large: Array) -> tuple[Array, Array]:
        return jnp.where(is_lower, small, large), jnp.where(is_lower, large, small)

    return (
        Tails(*sides(small, 1.0 - small), *sides(log_small, log_large)),
        Hazards(*sides(1.0 / integral, height / (1.0 - rest))),
    )


def near_tails(a: Pair, b: Pair, x: Array) -> tuple[Tails, Hazards]:
    """Tails for 0 < x <= 1/2, and their hazards in the log odds of x."""
    by_series = near_zero(a.hi, b.hi, x)
    near = _by_series(safe(by_series, a.hi, 0.5), safe(by_series, b.hi, 1.0), safe(by_series, x, 0.5))
    return jax.tree.map(partial(jnp.where, by_series), near, _by_integral(a, b, x, by_series))


def swapped(swap: Array, a: Pair, b: Pair) -> tuple[Pair, Pair]:
    """``(b, a)`` where ``swap``, else ``(a, b)``."""
    first = Pair(jnp.where(swap, b.hi, a.hi), jnp.where(swap, b.lo, a.lo))
    return first, Pair(jnp.where(swap, a.hi, b.hi), jnp.where(swap, a.lo, b.lo))


def tails_by_side(a: Pair, b: Pair, near: Array, swap: Array) -> tuple[Tails, Hazards]:
    """Tails and hazards at ``x = near`` or, where ``swap``, at ``1 - x = near``, for 0 < near <= 1/2."""
    t, h = near_tails(*swapped(swap, a, b), near)
    mirrored = Tails(t.upper, t.lower, t.log_upper, t.log_lower), Hazards(h.upper, h.lower)
    return jax.tree.map(partial(jnp.where, swap), mirrored, (t, h))
