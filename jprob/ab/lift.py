r"""The laws of the difference and of the ratio of two rates.

Both say how often one rate X exceeds a line in the other, :math:`X > D + gY`: the difference with g = 1, the ratio with
D = 0. With :math:`X = D + c\,\sigma(y)` and :math:`Y = w\,\sigma(y)`, :math:`c = 1 - D`, :math:`w = c/g`, the variable
y runs over the whole line and the edges Y = 0 and X = 1 lie at infinity, where nothing is singular:

.. math:: P(X > D + gY) = \int f_X\, F_Y \, dX, \qquad -\frac{dP}{dD} = \int f_X(D + gY) f_Y(Y) \, dY.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo, is_float64
from jprob.ab.grid import two_centres
from jprob.ab.law import Law
from jprob.ab.log_odds import Arms, density, determinant, ends, mode, scale
from jprob.ab.rule import equidistant, from_below

__all__ = ["Duel", "Side", "duel", "gaps", "law"]

_NODES = {32: 32, 64: 48}
_DROP = {32: 14.0, 64: 26.0}


class Side(NamedTuple):
    """One of two arms, every field of shape ``(lanes,)``.

    Attributes:
        arm: the posterior.
        mass: integral of its unnormalised density.
        left, right: log-odds between which it lives.
    """

    arm: Arms
    mass: Array
    left: Array
    right: Array


class Duel(NamedTuple):
    """An arm and its control.

    Attributes:
        arm, control: the two sides.
        difference, log_ratio: of their posterior means, to full relative accuracy.
    """

    arm: Side
    control: Side
    difference: Array
    log_ratio: Array


def duel(arm: Arms, control: Arms, masses: tuple[Array, Array]) -> Duel:
    """What the laws of a pair have in common at all points; positions carry no derivative.

    The barriers keep the compiler from computing it again at every node.
    """

    def side(arm: Arms, mass: Array) -> Side:
        held = lax.stop_gradient(arm)
        left, right = ends(held, _DROP[64 if is_float64(mass) else 32])
        return Side(arm, mass, *lax.optimization_barrier((mode(held) + left, mode(held) + right)))

    apart = gaps(*lax.stop_gradient((arm, control)))
    return Duel(side(arm, masses[0]), side(control, masses[1]), *lax.optimization_barrier(apart))


def gaps(arm: Arms, control: Arms) -> tuple[Array, Array]:
    """Difference and log ratio of the posterior means of two arms, to full relative accuracy; not differentiable."""
    n, n_control = arm.a.hi + arm.b.hi, control.a.hi + control.b.hi
    gap = determinant(arm, control)
    smaller = jnp.where(gap > 0, control.a.hi * n, arm.a.hi * n_control)
    return gap / n / n_control, jnp.sign(gap) * jnp.log1p(jnp.abs(gap) / smaller)


def law(duel: Duel, is_ratio: Array, away: Array) -> Law:
    """Law of ``p − p_control`` at ``difference + away``, or of ``log(p / p_control)`` at ``log_ratio + away``.

    The shortest interval of a ratio is sought on the scale of the ratio itself.

    Args:
        duel: shape ``(lanes,)``.
        is_ratio: which of the two. away: both of a shape that broadcasts to ``(..., lanes)``.
    """
    at = jnp.where(is_ratio, duel.log_ratio, duel.difference) + away
    up, outward = at >= 0, jnp.abs(at)
    x, y = (jax.tree.map(lambda u, v: jnp.where(up, u, v), *pair) for pair in (duel[:2], duel[1::-1]))
    shift = jnp.where(up, away, -away)
    line = _Line(
        x,
        y,
        offset=jnp.where(is_ratio, 0.0, outward),
        lost=jnp.where(is_ratio, -jnp.expm1(-outward), outward),
        slope=jnp.exp(jnp.where(is_ratio, outward, 0.0)),
        shift=jnp.where(is_ratio, _mean(x.arm) * jnp.expm1(shift), shift),
    )
    beyond, density, slope = _cross(lax.optimization_barrier(line), is_ratio)
    tilt = jnp.where(is_ratio, jnp.ones_like(at), 0.0)
    return Law(
        below=jnp.where(up, 1.0 - beyond, beyond),
        above=jnp.where(up, beyond, 1.0 - beyond),
        density=density,
        slope=jnp.where(up, slope, -slope),
        tilt=-tilt,
        log_density=jnp.log(density) - tilt * at,
    )


class _Line(NamedTuple):
    """The event ``X > offset + slope Y``, which Y cannot meet on the ``lost`` end of [0, 1].

    ``shift`` is ``offset + slope * mean of Y − mean of X``. Both are given without cancellation.
    """

    x: Side
    y: Side
    offset: Array
    lost: Array
    slope: Array
    shift: Array


class _Nodes(NamedTuple):
    """Nodes y, σ(y), σ(−y), Y less the mean of its arm, and the length in y that each node stands for."""

    y: Array
    up: Array
    down: Array
    e_y: Array
    step: Array


def _cross(line: _Line, is_ratio: Array) -> tuple[Array, Array, Array]:
    """Probability beyond the line, the density of D or log g, and the slope of its logarithm."""
    tiny = finfo(line.offset).tiny
    held = lax.stop_gradient(line)
    room, width = 1.0 - held.offset, (1.0 - held.offset) / held.slope
    at = _nodes(held, room, width)
    p_x, q_x = jnp.maximum(held.offset + room * at.up, tiny), jnp.maximum(room * at.down, tiny)
    p_y, q_y = jnp.maximum(width * at.up, tiny), jnp.maximum(held.lost + width * at.down, tiny)
    e_x = held.shift + held.slope * at.e_y
    # where p or q may underflow there is nothing between them and the variable y
    x_is_far = (at.y > 30.0) | ((at.y < -30.0) & (held.offset == 0))
    y_is_far = (at.y < -30.0) | ((at.y > 30.0) & (width == 1))
    d_x = jnp.where(x_is_far, at.y - jnp.log(room) - mode(held.x.arm), _from_mode(e_x, p_x, q_x, held.x.arm))
    d_y = jnp.where(y_is_far, at.y + jnp.log(width) - mode(held.y.arm), _from_mode(at.e_y, p_y, q_y, held.y.arm))
    f_x, f_y = density(d_x, line.x.arm) / line.x.mass, density(d_y, line.y.arm) / line.y.mass
    g_y = f_y * at.down / q_y * at.step
    beyond = jnp.sum(from_below(g_y) * f_x * jnp.where(is_ratio, 1.0, at.up / p_x) * at.step, 0)
    floor = jnp.sqrt(tiny)  # a density may be infinite at D = 0: keep it large and finite
    weight = g_y * f_x / (jnp.maximum(q_x, floor) * jnp.where(is_ratio, 1.0, jnp.maximum(p_x, floor)))
    total = jnp.maximum(weight.sum(0), tiny)
    n_x, n_y = (side.arm.a.hi + side.arm.b.hi for side in (held.x, held.y))
    by_ratio = (n_y * at.e_y - p_y) / q_y
    by_offset = (n_y * at.e_y / width - at.up) / q_y - (n_x * e_x + 1.0 - 2.0 * p_x) / p_x / room
    slope = jnp.sum(jnp.where(weight > 0, weight * jnp.where(is_ratio, by_ratio, by_offset), 0.0), 0) / total
    return beyond, total, lax.stop_gradient(slope)


def _from_mode(e: Array, p: Array, q: Array, arm: Arms) -> Array:
    """Log-odds of ``p`` less those of the mode, from ``e = p − mean``."""
    mean, rest = _mean(arm), _mean(Arms(arm.b, arm.a))
    return jnp.sign(e) * jnp.log1p(jnp.abs(e) / jnp.where(e > 0, mean * q, p * rest))


def _nodes(line: _Line, room: Array, width: Array) -> _Nodes:
    """Nodes that resolve both arms, from the lowest that Y can be to the highest that X can."""
    share_x, alpha_x = _place(Arms(line.x.arm.b, line.x.arm.a), room)  # of X, counted from above
    share, alpha = _place(line.y.arm, width)
    centre = jnp.log(share) - jnp.log1p(-share)
    gap = jnp.log1p(-share_x) - jnp.log(share_x) - centre
    low, high = _stretched(line.y.left, width) - centre, -_stretched(-line.x.right, room) - centre
    begin, end = (
        jnp.arcsinh(u / alpha) + jnp.arcsinh((u - gap) / alpha_x) for u in (low, jnp.maximum(high, low + 1.0))
    )
    s, h = equidistant(begin, end, _NODES[64 if is_float64(low) else 32])
    offset, _, slope = two_centres(s, gap, alpha, alpha_x)
    falling, shrink, less = offset < 0, jnp.exp(-jnp.abs(offset)), jnp.expm1(-jnp.abs(offset))
    base = 1.0 + jnp.where(falling, share, 1.0 - share) * less
    up, down = share * jnp.where(falling, shrink, 1.0) / base, (1.0 - share) * jnp.where(falling, 1.0, shrink) / base
    moved = width * share * (1.0 - share) * jnp.where(falling, less, -less) / base
    return _Nodes(offset + centre, up, down, moved + _excess(line.y.arm, share, width), h / slope)


def _stretched(log_odds: Array, width: Array) -> Array:
    """y at which ``width σ(y)`` has the given log-odds, kept finite above the width."""
    return log_odds - jnp.log(jnp.maximum(width - (1.0 - width) * jnp.exp(jnp.minimum(log_odds, 0.0)), 1e-3 * width))


def _place(arm: Arms, width: Array) -> tuple[Array, Array]:
    """The centre of an arm as a share of the width, at least a standard deviation inside, and its scale in y."""
    p, spread = _centre(arm)
    share = jnp.minimum(p / width, 1.0 - jnp.minimum(0.5, spread / width))
    return share, jnp.minimum(scale(arm) * (1.0 - share * width) / (1.0 - share), 3.0)


def _excess(arm: Arms, share: Array, width: Array) -> Array:
    """``share * width`` less the mean of Y, without cancellation where the centre of Y lies inside."""
    a, b, (p, _) = arm.a.hi, arm.b.hi, _centre(arm)
    return (b - a) / ((a + b) * (a + b + 2.0)) + jnp.where(share < p / width, share * width - p, 0.0)


def _centre(arm: Arms) -> tuple[Array, Array]:
    """Rate at the centre, (a+1)/(n+2), and its standard deviation."""
    a, b = arm.a.hi + 1.0, arm.b.hi + 1.0
    p, q = a / (a + b), b / (a + b)
    return p, jnp.sqrt(p * q / (a + b))


def _mean(arm: Arms) -> Array:
    return arm.a.hi / (arm.a.hi + arm.b.hi)
