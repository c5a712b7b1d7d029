r"""Quantiles and highest-density interval of one arm's rate.

:class:`Tails` holds both running integrals of the density at equidistant nodes of the one-arm map
:math:`z = c + \alpha \sinh s`; from the nearest node a Gauss–Legendre rule goes on to any other point.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import is_float64, safe
from jprob.ab.grid import Ladder, ladder, sinh_cosh
from jprob.ab.law import Law, Root, shortest
from jprob.ab.log_odds import Arms, density, log_density, log_density_slope, mode
from jprob.ab.rule import from_above, from_below

__all__ = ["Tails", "highest_density", "intervals", "quantile", "rate_at", "tails"]

_GAUSS = {32: 3, 64: 5}
_NEWTON = {32: 1, 64: 2}


class Tails(NamedTuple):
    """Both tails of one arm at the nodes.

    Attributes:
        arm: the posterior, scalars.
        mass: integral of the unnormalised density over log-odds.
        ladder: the nodes.
        below, above: the tails at the nodes, each summed from its own end, shape ``(nodes,)``.
    """

    arm: Arms
    mass: Array
    ladder: Ladder
    below: Array
    above: Array


def tails(arm: Arms) -> Tails:
    """The tails of one arm of shape ``()``."""
    nodes = ladder(arm)
    g = density(nodes.delta, arm) * nodes.step
    mass = g.sum()
    return Tails(arm, mass, nodes, jnp.maximum(from_below(g), 0.0) / mass, jnp.maximum(from_above(g), 0.0) / mass)


def rate_at(arm: Arms, delta: Array) -> Array:
    """The rate at an offset from the mode, with full relative accuracy near zero; ``arm`` gives no derivative."""
    arm = jax.tree.map(lax.stop_gradient, arm)
    inside = mode(arm) + delta > (-700.0 if is_float64(delta) else -85.0)
    odds = arm.b.hi / arm.a.hi * jnp.exp(-safe(inside, delta, 0.0))
    return jnp.where(inside | jnp.isnan(delta), 1.0 / (1.0 + odds), 0.0)


def quantile(tails: Tails, prob: Array, upper: Array) -> Array:
    """Offset from the mode with ``prob`` below it, or above it where ``upper`` is true."""

    def newton(delta: Array) -> Array:
        below, above = _both(tails, delta)
        excess = jnp.where(upper, prob - above, below - prob)
        return delta - excess * lax.stop_gradient(tails.mass / density(delta[None], tails.arm)[0])

    root = _first_guess(tails, prob, upper)
    for _ in range(_NEWTON[64 if is_float64(root) else 32]):
        root = newton(root)
    return newton(lax.stop_gradient(root))  # carries the derivative


def _first_guess(tails: Tails, prob: Array, upper: Array) -> Array:
    """From the node to the left, as if the density were exponential there."""
    left = jnp.where(upper, tails.above >= prob, tails.below <= prob)
    node = jnp.clip(left.sum() - 1, 0)
    delta = tails.ladder.delta[node]
    slope = log_density_slope(delta, tails.arm.a.hi, tails.arm.b.hi)
    missing = jnp.where(upper, tails.above[node] - prob, prob - tails.below[node])
    rise = missing * tails.mass / density(delta[None], tails.arm)[0]
    bend = jnp.where(jnp.abs(slope * rise) > 1e-3, slope * rise, 1e-3)
    return delta + rise * jnp.log1p(jnp.maximum(bend, -0.9)) / bend


def _both(tails: Tails, delta: Array) -> tuple[Array, Array]:
    """Lower and upper tail at an offset, by Gauss–Legendre from the nearest node."""
    points, weights = (jnp.asarray(v, delta.dtype) for v in _gauss_legendre(_GAUSS[64 if is_float64(delta) else 32]))
    _, _, first, rung, shift, alpha = tails.ladder
    end = jnp.arcsinh((delta - shift) / alpha)
    place = jnp.clip(jnp.round((end - first) / rung), 0, tails.below.size - 1)
    begin = first + place * rung
    sinh, cosh = sinh_cosh(begin + (end - begin) * points)
    at, length = lax.stop_gradient((alpha * sinh + shift, (end - begin) * alpha * cosh))
    rest = jnp.sum(weights * length * density(at, tails.arm)) / tails.mass
    node = jnp.where(jnp.isnan(place), 0, place).astype(jnp.int32)
    return tails.below[node] + rest, tails.above[node] - rest


def highest_density(tails: Tails, level: Array, central: Array) -> Array:
    """Offsets of the shortest interval that holds ``level``, from those of the central one, shape ``(2,)``.

    The density of the rate is equal at both ends. Where it does not fall towards 0 (``a <= 1``) or 1 (``b <= 1``) the
    interval begins there, at the heavier end if it falls towards neither; where it is flat the central one stays.
    """
    a, b = tails.arm.a.hi, tails.arm.b.hi

    def at(delta: Array) -> Law:
        return _law(tails, delta)

    held = lax.stop_gradient(central)
    laws = jax.vmap(at)(held)
    left, right = (Root(central[k], held[k], jax.tree.map(lambda v, k=k: v[k], laws)) for k in (0, 1))
    ends = shortest(at, level, left, right, (a <= 1.0) & ((b > 1.0) | (a <= b)), (b <= 1.0) & (b < a))
    return jnp.where((a == 1.0) & (b == 1.0), central, jnp.stack(ends))


def intervals(arm: Arms, level: Array) -> tuple[Array, Array]:
    """Equal-tailed and shortest interval of the rate of one arm of shape ``()``, each of shape ``(2,)``."""
    both = tails(arm)
    sides = jnp.array([False, True])
    central = jax.vmap(quantile, (None, None, 0))(both, 0.5 * (1.0 - level), sides)
    return rate_at(arm, central), rate_at(arm, highest_density(both, level, central))


def _law(tails: Tails, delta: Array) -> Law:
    """The law of log-odds at an offset; densities for the shortest interval are those of the rate itself."""
    below, above = _both(tails, delta)
    z = lax.stop_gradient(mode(tails.arm)) + delta
    log_f = log_density(delta, tails.arm.a.hi, tails.arm.b.hi)
    return Law(
        below=below,
        above=above,
        density=jnp.exp(log_f) / tails.mass,
        log_density=log_f + jnp.abs(z) + 2.0 * jnp.log1p(jnp.exp(-jnp.abs(z))),
        slope=log_density_slope(delta, tails.arm.a.hi, tails.arm.b.hi) + jnp.tanh(0.5 * z),
    )


def _gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 * (1.0 + x), 0.5 * w
