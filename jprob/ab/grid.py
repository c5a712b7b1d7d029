r"""Nodes on which every arm of an experiment is resolved, however unequal the arms.

They are equidistant in

.. math:: s(z) = \sum_k \operatorname{asinh}\frac{z - c_k}{\alpha_k},

so that near the centre of an arm they are as dense as that arm asks, and exponential tails cost logarithmically many.
For one arm the inverse is :math:`\alpha \sinh s`; for two it is found by the addition theorem of sinh; for more by
Newton steps from the union of the arms' own nodes. Nodes carry no derivative: an integral does not depend on them.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import is_float64
from jprob.ab.log_odds import Arms, centre_from_mode, centre_gap, ends, scale
from jprob.ab.rule import equidistant

__all__ = ["Grid", "Ladder", "common", "ladder", "sinh_cosh", "two_centres"]

_NODES = {32: 24, 64: 48}  # an arm
_DROP = {32: 18.0, 64: 38.0}  # of the log density, to where it has nothing more to give to the dtype


class Grid(NamedTuple):
    """Nodes of the arms together.

    Attributes:
        delta: offsets of the nodes from each arm's mode, shape ``(nodes, arms, lanes)``.
        step: length in log-odds that a node stands for, shape ``(nodes, lanes)``.
    """

    delta: Array
    step: Array


class Ladder(NamedTuple):
    """Nodes of each arm for itself, ``delta = shift + scale * sinh(begin + i * rung)``.

    Attributes:
        delta: offsets from the mode, shape ``(nodes, lanes)``.
        step: length in log-odds that a node stands for, shape ``(nodes, lanes)``.
        begin, rung, shift, scale: the map, shape ``(lanes,)``.
    """

    delta: Array
    step: Array
    begin: Array
    rung: Array
    shift: Array
    scale: Array


def ladder(arm: Arms) -> Ladder:
    """Nodes for arms that are lanes of their own: 32 in float32, 64 in float64."""
    arm = lax.stop_gradient(arm)
    bits = 64 if is_float64(arm.a.hi) else 32
    shift, alpha = centre_from_mode(arm), scale(arm)
    begin, end = (jnp.arcsinh((offset - shift) / alpha) for offset in ends(arm, _DROP[bits]))
    s, rung = equidistant(begin, end, bits)
    sinh, cosh = sinh_cosh(s)
    return Ladder(shift + alpha * sinh, alpha * cosh * rung, begin, rung, shift, alpha)


def common(arms: Arms) -> Grid:
    """Nodes for arms of shape ``(arms, lanes)``, 24 an arm in float32 and 48 in float64."""
    arms = lax.stop_gradient(arms)
    bits = 64 if is_float64(arms.a.hi) else 32
    shift, alpha = centre_from_mode(arms), scale(arms)
    left, right = ends(arms, _DROP[bits])
    gap = centre_gap(jax.tree.map(lambda v: v[:, None], arms), arms)
    low, high = jnp.min(gap[:, 0] + left - shift, 0), jnp.max(gap[:, 0] + right - shift, 0)
    gap, low, high = lax.optimization_barrier((gap, low, high))  # or the compiler finds them anew at every node
    if len(shift) == 2:
        offset, step = _two(low, high, gap[1, 0], alpha, 2 * _NODES[bits])
    else:
        lanes_last = jax.vmap(_many, in_axes=(-1, -1, -1, -1, None), out_axes=-1)
        offset, step = lanes_last(low - gap[:, 0], high - gap[:, 0], gap, alpha, _NODES[bits])
    return Grid(offset + shift, step)


def _two(low: Array, high: Array, gap: Array, alpha: Array, num_nodes: int) -> tuple[Array, Array]:
    begin, end = (jnp.arcsinh(u / alpha[0]) + jnp.arcsinh((u - gap) / alpha[1]) for u in (low, high))
    s, h = equidistant(begin, end, num_nodes)
    first, second, slope = two_centres(s, gap, *alpha)
    return jnp.stack([first, second], 1), h / slope


def two_centres(s: Array, gap: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    r"""Solve ``asinh(u / first) + asinh((u − gap) / second) = s`` for u.

    With :math:`x = \operatorname{asinh}(u/\alpha_1)` the equation :math:`\alpha_1 \sinh x - \alpha_2 \sinh(s - x) = gap`
    is :math:`R \sinh(x - \varphi) = gap`, where :math:`R^2 = \alpha_1^2 + \alpha_2^2 + 2\alpha_1\alpha_2\cosh s`.

    Args:
        s: shape ``(nodes, lanes)``.
        gap: second centre less first centre. first, second: the scales, all of shape ``(lanes,)``.

    Returns:
        u, the offset from the first centre; that from the second, each accurate near its own; and ``ds/du``.
    """
    sinh, cosh = sinh_cosh(s)
    square = first * first + second * second + 2.0 * first * second * cosh
    root = jnp.sqrt(square + gap * gap)
    u = (second * sinh * root + (first + second * cosh) * gap) / square
    v = (first * sinh * root - (second + first * cosh) * gap) / square
    slope = 1.0 / (first * jnp.sqrt(1.0 + u * u)) + 1.0 / (second * jnp.sqrt(1.0 + v * v))
    return first * u, second * v, slope


def sinh_cosh(s: Array) -> tuple[Array, Array]:
    """Both by one exponential; near zero the sine is accurate to an ulp of one, which is all that nodes need."""
    grow = jnp.exp(s)
    shrink = 1.0 / grow
    return 0.5 * (grow - shrink), 0.5 * (grow + shrink)


def _many(low: Array, high: Array, gap: Array, alpha: Array, per_arm: int) -> tuple[Array, Array]:
    """Offsets ``(nodes, arms)`` from the centres and steps ``(nodes,)`` for one experiment of three arms or more.

    Every node keeps its offset from an arm nearby, or narrow arms that lie close together far from the first would lose
    their digits. ``low`` and ``high``, the ends of all, and ``alpha`` have shape ``(arms,)``; ``gap`` is the centre of
    the first index less that of the second.
    """
    s, _ = equidistant(jnp.arcsinh(low / alpha), jnp.arcsinh(high / alpha), per_arm)
    near, own = jnp.tile(jnp.arange(alpha.size), per_arm), (alpha * jnp.sinh(s)).reshape(-1)
    order = jnp.argsort(own + gap[near, 0])
    near, own = near[order], own[order]

    def place(near: Array, own: Array) -> tuple[Array, Array, Array]:
        """Offsets from every centre, ``s`` and ``ds/dz`` of nodes with offsets ``own`` from the arms ``near``."""
        offset = own[:, None] + gap[near]
        return offset, jnp.arcsinh(offset / alpha).sum(-1), (1.0 / jnp.hypot(offset, alpha)).sum(-1)

    _, start, _ = place(near, own)
    target, h = equidistant(start[0], start[-1], own.size)
    closest = jnp.searchsorted(start, target, method="sort")
    near, own = near[closest], own[closest]

    def newton(_: int, own: Array) -> Array:
        value, slope = place(near, own)[1:]
        return own - (value - target) / slope

    offset, _, slope = place(near, lax.fori_loop(0, 4, newton, own))
    return offset, h / slope
