r"""Sums over the counts of a beta-binomial by a fixed number of terms, however many counts there are.

The first and the last few counts are summed as they are, by the ratio of neighbours. Between them the probability,
continued to real counts, is as smooth as a power: its sum is the integral, with the Euler–Maclaurin formula's ends. These
are taken by differences about the count where the integral begins, on either side of which the terms are at hand. In the
log odds of the count the integrand is log-concave, and its peak lies near the mean: Gauss and Legendre's rule takes it
between the points where it has fallen by a fixed factor.

References:
    Hildebrand, F. B. (1974). Introduction to Numerical Analysis, 2nd ed., section 5.8 (Gauss's summation formula).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import finfo, safe
from jprob.special import pair as pairs
from jprob.special._beta_binomial_mass import Counts
from jprob.special._tables import bits
from jprob.special.pair import Pair


class _Rule(NamedTuple):
    """What a precision asks for: quadrature nodes, the exponent left out, whole counts, Euler–Maclaurin's ends."""

    num_nodes: int
    exponent: float
    num_whole: int
    ends: tuple[float, ...]


_RULES = {
    32: _Rule(40, 18.0, 10, (-252769 / 3628800, 68119 / 3628800, -1469 / 403200, 2497 / 7257600)),
    64: _Rule(
        96,
        36.0,
        20,
        (
            -0.078362263347846434,
            0.029658915402555077,
            -0.011001664606348528,
            0.0034647633453806104,
            -0.00085608376109962971,
            0.00015319364039426608,
            -1.753039202853559e-05,
            9.5950261563206927e-07,
        ),
    ),
}
_NUM_STEPS = 5

type LogMass = Callable[[Counts], Array]
type Term = Callable[[Array], Array]


def _rule(x: Array) -> _Rule:
    return _RULES[bits(x)]


def sum_from(start: Counts, first: Array, n: Array, a: Array, b: Array, log_mass: LogMass, term: Term) -> Array:
    """Sum of ``term(exp(log_mass))`` over the whole counts from ``start``, where ``log_mass`` is ``first``, to ``n``."""
    return _whole(start, first, n, a, b, log_mass, term) + _between(start, n, a, b, log_mass, term)


def _end_weights(rule: _Rule) -> np.ndarray:
    """What the counts from an end weigh beside the integral, which begins ``num_whole`` counts from it."""
    ends = np.asarray(rule.ends)
    return np.concatenate([np.ones(rule.num_whole - ends.size), 1.0 - ends[::-1], [0.5], ends])


def _all_whole(failures: Array) -> Array:
    """Whether the terms at both ends are all there are: no integral between."""
    return failures + 1.0 <= 2.0 * _end_weights(_rule(failures)).size


def _whole(start: Counts, first: Array, n: Array, a: Array, b: Array, log_mass: LogMass, term: Term) -> Array:
    """The terms at both ends."""
    weights = jnp.asarray(_end_weights(_rule(n)), n.dtype)
    s, f = start.successes.hi, start.failures.hi
    short, zero = _all_whole(f), jnp.zeros_like(n)
    num_left = jnp.ceil(0.5 * (f + 1.0))
    num_right = f + 1.0 - num_left

    def add_both(i: int, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        total, left, right = carry
        j = jnp.asarray(i, n.dtype)
        total += jnp.where(short, 1.0, weights[i]) * (term(left) + term(right))
        by_left = (f - j) / (s + j + 1.0) * ((a + (s + j)) / (b + jnp.maximum(f - j - 1.0, 0.0)))
        by_right = (n - j) / (j + 1.0) * ((b + j) / (a + jnp.maximum(n - j - 1.0, 0.0)))
        left *= jnp.where(short & (j + 1.0 >= num_left), 0.0, by_left)
        right *= jnp.where(short & (j + 1.0 >= num_right), 0.0, by_right)
        return total, left, right

    last = jnp.where(num_right > 0, jnp.exp(log_mass(Counts(pairs.pair(n), pairs.pair(zero)))), 0.0)
    return lax.fori_loop(0, weights.size, add_both, (zero, jnp.exp(first), last))[0]


def _between(start: Counts, n: Array, a: Array, b: Array, log_mass: LogMass, term: Term) -> Array:
    """The integral over real counts, from ``num_whole`` after ``start`` to as many before ``n``; 0 if there are few."""
    rule, few = _rule(n), _all_whole(start.failures.hi)
    skip = pairs.pair(jnp.full_like(n, float(rule.num_whole)))
    origin = Counts(pairs.add(start.successes, skip), pairs.sub(start.failures, skip))
    origin, n = jax.tree.map(lambda count: safe(~few, count, 40.0), origin), safe(~few, n, 80.0)
    low, high = _reach(origin, n, *lax.stop_gradient((a, b)), lambda at: lax.stop_gradient(log_mass(at)))
    nodes, weights = (jnp.asarray(v, n.dtype) for v in np.polynomial.legendre.leggauss(rule.num_nodes))

    def add_node(i: int, total: Array) -> Array:
        tau = low + (0.5 * (nodes[i] + 1.0)) * (high - low)
        at, pace, _ = pairs.once(_moved(origin, n, tau))
        return total + weights[i] * pace * term(jnp.exp(log_mass(at)))

    total = lax.fori_loop(0, rule.num_nodes, add_node, jnp.zeros_like(n))
    return jnp.where(few, 0.0, 0.5 * (high - low) * total)


def _moved(origin: Counts, n: Array, tau: Array) -> tuple[Counts, Array, tuple[Array, Array]]:
    """Counts whose log odds exceed the origin's by ``tau >= 0``, counts per unit of tau, and the odds' two terms."""
    s, f = origin.successes.hi + 0.5, origin.failures.hi + 0.5
    grown = s * jnp.expm1(tau)
    moved, rest = f * (grown / (n + 1.0 + grown)), f * ((n + 1.0) / (n + 1.0 + grown))
    # near n the failures are known to all digits, else the way from the origin
    far = moved > 0.5 * f
    failures = pairs.sub(origin.failures, pairs.pair(moved))
    failures = Pair(jnp.where(far, rest - 0.5, failures.hi), jnp.where(far, 0.0, failures.lo))
    at = Counts(pairs.sub(pairs.pair(n), failures), failures)
    return at, (s + moved) * (rest / (n + 1.0)), (s + moved, rest)


def _reach(origin: Counts, n: Array, a: Array, b: Array, log_mass: LogMass) -> tuple[Array, Array]:
    """The ``tau`` left and right of the peak where the integrand has fallen by the rule's exponent, or the ends."""
    rule = _rule(n)
    s, f = origin.successes.hi + 0.5, origin.failures.hi + 0.5
    last = jnp.log((n + 0.5 - rule.num_whole) / (0.5 + rule.num_whole) * (f / s))
    peak = jnp.clip(jnp.log(a / b * (f / s)), 0.0, last)  # n a / (a + b), but for a count or two

    def height_and_slope(tau: Array) -> tuple[Array, Array]:
        at, pace, (s, f) = pairs.once(_moved(origin, n, tau))
        growth = (f * (a - 1.0) - s * (b - 1.0)) / (s * (b + (f - 1.0)))  # from one count to the next
        slope = pace * jnp.log1p(jnp.maximum(growth, finfo(n).eps - 1.0)) + (f - s) / (n + 1.0)
        return pairs.once((log_mass(at) + jnp.log(pace), slope))

    top, slope = height_and_slope(peak)
    _, pace, (s, f) = pairs.once(_moved(origin, n, peak))
    sides = jnp.asarray([-1.0, 1.0], n.dtype).reshape(2, *(1,) * n.ndim)
    ends = jnp.stack([peak, last - peak])
    # start at the smaller of a Gaussian's and a Gumbel tail's reach
    curvature = pace * ((a + b + 1.0) / (a + b + n))
    down = jnp.maximum(-sides * slope, 0.0)
    gaussian = 2.0 * rule.exponent / (down + jnp.sqrt(down * down + 2.0 * rule.exponent * curvature))
    growth = jnp.stack([jnp.minimum(n, a) * (f / (n + 1.0)), jnp.minimum(n, b) * (s / (n + 1.0))])
    gumbel = jnp.log1p(rule.exponent / growth) + 0.7

    def newton(_: int, way: Array) -> Array:
        height, slope = height_and_slope(peak + sides * way)
        fallen = jnp.maximum(top - height, 1e-3 * rule.exponent)
        power = fallen / jnp.maximum(-sides * slope * way, fallen)  # at most one, as the fall is convex
        # the tangent never falls short of the root; nor, before it, does that of the logarithms, and it is the better
        straight = way * (1.0 + power * (rule.exponent / fallen - 1.0))
        bent = way * (rule.exponent / fallen) ** power
        nearer = jnp.where(fallen < rule.exponent, jnp.minimum(straight, bent), jnp.maximum(straight, bent))
        return jnp.minimum(nearer, ends)

    left, right = lax.fori_loop(0, _NUM_STEPS, newton, jnp.minimum(jnp.minimum(gaussian, gumbel), ends))
    return peak - left, peak + right
