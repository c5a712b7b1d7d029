r"""Quantiles and shortest intervals of the rates, each arm for itself.

:class:`Tails` holds both running integrals of the density at equidistant nodes of the one-arm map
:math:`z = c + \alpha \sinh s`; from the nearest node a Gauss–Legendre rule goes on to any other point.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import is_float64, safe
from jprob.ab.grid import Ladder, ladder, sinh_cosh
from jprob.ab.law import Law, shortest
from jprob.ab.log_odds import Arms, density, log_density, log_density_slope, mode
from jprob.ab.rule import from_above, from_below

__all__ = ["Tails", "central", "highest_density", "rate_at", "tails"]

_GAUSS = {32: 3, 64: 5}
_NEWTON = {32: 1, 64: 2}


class Tails(NamedTuple):
    """Both tails of arms at their nodes; every arm of every experiment is a lane.

    Attributes:
        arm: the posteriors, shape ``(lanes,)``.
        mass: integrals of the unnormalised densities over log-odds, shape ``(lanes,)``.
        ladder: the nodes.
        below, above: the tails at the nodes, each summed from its own end, shape ``(nodes, lanes)``.
    """

    arm: Arms
    mass: Array
    ladder: Ladder
    below: Array
    above: Array


def tails(arm: Arms) -> Tails:
    """The tails of arms of shape ``(lanes,)``."""
    nodes = ladder(arm)
    g = density(nodes.delta, arm) * nodes.step
    mass = g.sum(0)
    return Tails(arm, mass, nodes, jnp.maximum(from_below(g), 0.0) / mass, jnp.maximum(from_above(g), 0.0) / mass)


def rate_at(arm: Arms, delta: Array) -> Array:
    """The rate at an offset from the mode, with full relative accuracy near zero; ``arm`` gives no derivative."""
    arm = lax.stop_gradient(arm)
    inside = mode(arm) + delta > (-700.0 if is_float64(delta) else -85.0)
    odds = arm.b.hi / arm.a.hi * jnp.exp(-safe(inside, delta, 0.0))
    return jnp.where(inside | jnp.isnan(delta), 1.0 / (1.0 + odds), 0.0)


def central(tails: Tails, level: Array) -> Array:
    """Offsets from the mode of the equal-tailed interval's ends and of the median, shape ``(3, lanes)``."""
    tail = 0.5 * (1.0 - level)
    lanes = [None] * tails.mass.ndim
    prob, upper = (
        jnp.stack([tail, tail, 0.5 * jnp.ones_like(tail)])[:, *lanes],
        jnp.array([False, True, False])[:, *lanes],
    )

    def newton(delta: Array) -> Array:
        below, above = _both(tails, delta)
        excess = jnp.where(upper, prob - above, below - prob)
        return delta - excess * lax.stop_gradient(tails.mass / density(delta, tails.arm))

    root = _first_guess(tails, prob, upper)
    for _ in range(_NEWTON[64 if is_float64(root) else 32]):
        root = newton(root)
    return newton(lax.stop_gradient(root))  # carries the derivative


def _first_guess(tails: Tails, prob: Array, upper: Array) -> Array:
    """From the node to the left, as if the density were exponential there."""
    left = jnp.where(upper, tails.above[:, None] >= prob, tails.below[:, None] <= prob).sum(0)
    node = jnp.clip(left - 1, 0)
    delta = _at(tails.ladder.delta, node)
    slope = log_density_slope(delta, tails.arm.a.hi, tails.arm.b.hi)
    missing = jnp.where(upper, _at(tails.above, node) - prob, prob - _at(tails.below, node))
    rise = missing * tails.mass / density(delta, tails.arm)
    bend = jnp.where(jnp.abs(slope * rise) > 1e-3, slope * rise, 1e-3)
    return delta + rise * jnp.log1p(jnp.maximum(bend, -0.9)) / bend


def _both(tails: Tails, delta: Array) -> tuple[Array, Array]:
    """Lower and upper tail at offsets ``(..., lanes)``, by Gauss–Legendre from the nearest node."""
    points, weights = _gauss_legendre(_GAUSS[64 if is_float64(delta) else 32], delta)
    _, _, first, rung, shift, alpha = tails.ladder
    end = jnp.arcsinh((delta - shift) / alpha)
    place = jnp.clip(jnp.round((end - first) / rung), 0, tails.below.shape[0] - 1)
    begin = first + place * rung
    sinh, cosh = sinh_cosh(begin + (end - begin) * points)
    at, length = lax.stop_gradient((alpha * sinh + shift, (end - begin) * alpha * cosh))
    rest = jnp.sum(weights * length * density(at, tails.arm), 0) / tails.mass
    node = jnp.where(jnp.isnan(place), 0, place).astype(jnp.int32)
    return _at(tails.below, node) + rest, _at(tails.above, node) - rest


def _at(table: Array, node: Array) -> Array:
    """Entries of a table ``(nodes, lanes)`` at indices ``(..., lanes)``."""
    rows = math.prod(node.shape[: node.ndim - table.ndim + 1])
    return jnp.take_along_axis(table, node.reshape(rows, *table.shape[1:]), 0).reshape(node.shape)


def highest_density(tails: Tails, level: Array, central: Array) -> Array:
    """Offsets of the ends of the shortest interval, from those of the equal-tailed one, shape ``(2, lanes)``.

    The density of the rate is equal at both ends. Where it does not fall towards 0 (``a <= 1``) or 1 (``b <= 1``) the
    interval begins there, at the heavier end if it falls towards neither; where it is flat the central one stays.
    """
    a, b = tails.arm.a.hi, tails.arm.b.hi

    def law_at(delta: Array) -> Law:
        return _law(tails, delta)

    begins, ends = (a <= 1.0) & ((b > 1.0) | (a <= b)), (b <= 1.0) & (b < a)
    found = shortest(law_at, level, central, begins, ends)
    return jnp.where((a == 1.0) & (b == 1.0), central, found)


def _law(tails: Tails, delta: Array) -> Law:
    """The law of log-odds at an offset; the shortest interval is sought on the scale of the rate."""
    below, above = _both(tails, delta)
    z = lax.stop_gradient(mode(tails.arm)) + delta
    log_f = log_density(delta, tails.arm.a.hi, tails.arm.b.hi)
    return Law(
        below=below,
        above=above,
        density=jnp.exp(log_f) / tails.mass,
        slope=log_density_slope(delta, tails.arm.a.hi, tails.arm.b.hi),
        tilt=jnp.tanh(0.5 * z),
        log_density=log_f + jnp.abs(z) + 2.0 * jnp.log1p(jnp.exp(-jnp.abs(z))),
    )


def _gauss_legendre(num_points: int, like: Array) -> tuple[Array, Array]:
    """Points on [0, 1] and weights along a new first axis."""
    x, w = np.polynomial.legendre.leggauss(num_points)
    shape = (-1, *[1] * like.ndim)
    return jnp.asarray(0.5 * (1.0 + x), like.dtype).reshape(shape), jnp.asarray(0.5 * w, like.dtype).reshape(shape)
