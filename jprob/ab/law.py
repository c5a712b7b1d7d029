r"""Median, central and shortest interval of a law that can be evaluated at a point.

Quantiles are Halley steps on the log-odds of the distribution function, inside a bracket; the shortest interval solves
for equal densities and a given mass together, by Newton. Every root ends with one step on the differentiable equation,
which corrects the value and carries its derivative (the implicit function theorem). Loops end when the last lane has
converged; a lane that has is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo, is_float64

__all__ = ["Law", "intervals", "shortest"]


class Law(NamedTuple):
    """Distributions at points, arrays of one shape.

    Attributes:
        below: probability of less. above: probability of more; the smaller of the two is accurate.
        density: in the coordinate of the point.
        slope: derivative of its logarithm.
        tilt: what to add to ``slope`` for the scale on which the interval is to be shortest.
        log_density: on that scale.
    """

    below: Array
    above: Array
    density: Array
    slope: Array
    tilt: Array
    log_density: Array


LawAt = Callable[[Array], Law]


def intervals(law_at: LawAt, level: Array, start: Array, low: Array, high: Array, begins: Array) -> tuple[Array, Array]:
    """Quantiles and shortest interval, with one evaluation of the law for all of them at a time.

    Args:
        law_at: of points of shape ``(5, ...)``.
        level: mass of both intervals.
        start: guesses of the central interval's ends, of the median and of the shortest interval's ends, ``(5, ...)``.
        low, high: bounds of the support.
        begins: where the density is highest at the left end of the support.

    Returns:
        Ends of the central interval and median, shape ``(3, ...)``; ends of the shortest, shape ``(2, ...)``.
    """
    tail = 0.5 * (1.0 - level)
    probs = jnp.stack([tail, 1.0 - tail, 0.5 * jnp.ones_like(tail)]).reshape(-1, *[1] * (start.ndim - 1))
    never = jnp.zeros_like(start[0], bool)
    far, moving = (0.3, 0.1) if is_float64(start) else (0.7, 0.3)  # what the last two steps may leave to be done

    def newton(points: Array) -> tuple[Array, Array, Array, Array]:
        law = law_at(points)
        middle, ends = (jax.tree.map(lambda v, k=k: v[k], law) for k in (slice(0, 3), slice(3, 5)))
        step, excess = _to_quantile(middle, probs)
        new, moved = _to_shortest(ends, points[3:], level, begins, never)
        return points[:3] + step, new, excess, moved

    search = _still(newton, start)

    def improve(state: tuple) -> tuple:
        count, points, bracket, before, active = state
        quantiles, ends, excess, moved = search(points)
        below, above = jnp.where(excess < 0, points[:3], bracket[0]), jnp.where(excess > 0, points[:3], bracket[1])
        stuck = (jnp.abs(excess) > far) & (jnp.abs(excess) > 0.5 * before)  # at an atom, say
        trusted = (quantiles >= below) & (quantiles <= above) & ~stuck  # not strictly: a converged one may stay
        quantiles = jnp.where(trusted, quantiles, 0.5 * (below + above))
        lost = (jnp.abs(excess[:2]) > 1.0).any(0) & ~begins  # begin again from a better central interval
        ends = jnp.clip(ends, 0.5 * (points[3:] + low), 0.5 * (points[3:] + high))
        new = jnp.concatenate([quantiles, jnp.where(lost, quantiles[:2], ends)])
        more = (jnp.abs(excess) > far).any(0) | (moved > moving)
        return count + 1, jnp.where(active, new, points), (below, above), jnp.abs(excess), active & more

    somewhere = jnp.asarray([0.25, 0.75, 0.5, 0.25, 0.75], start.dtype).reshape(5, *probs.shape[1:])
    begin = jnp.where((start > low) & (start < high), start, low + somewhere * (high - low))
    low, high, begin = lax.stop_gradient((low, high, begin))
    bracket = (jnp.broadcast_to(low, begin[:3].shape), jnp.broadcast_to(high, begin[:3].shape))
    state = (jnp.array(0), begin, bracket, jnp.full_like(begin[:3], jnp.inf), ~never)
    _, points, _, _, _ = lax.while_loop(lambda state: state[-1].any() & (state[0] < 60), improve, state)
    quantiles, ends, _, _ = newton(lax.stop_gradient(points))
    quantiles = jnp.clip(quantiles, low, high)
    ends = jnp.where(jnp.isnan(ends), quantiles[:2], jnp.clip(ends, low, high))  # between atoms nothing is shortest
    return quantiles, _open(ends, begins, never)


def shortest(law_at: LawAt, level: Array, start: Array, begins: Array, ends: Array) -> Array:
    """Ends of the shortest interval that holds ``level``, near the central one.

    Where ``begins`` is true the density is highest at the left end of the support and the interval begins there, at
    ``-inf``; where ``ends`` is true it ends at ``inf``. Otherwise the ends have equal density: a local minimum of the
    length.

    Args:
        law_at: of points of shape ``(2, ...)``, left and right.
        level: mass inside.
        start: ends of the central interval, shape ``(2, ...)``.
        begins, ends: shape ``(...)``.

    Returns:
        Shape ``(2, ...)``.
    """
    tolerance = 0.1 if is_float64(start) else 0.3  # of the log density, before the last two steps

    def newton(points: Array) -> tuple[Array, Array]:
        return _to_shortest(law_at(points), points, level, begins, ends)

    search = _still(newton, start)

    def improve(state: tuple) -> tuple:
        count, points, active = state
        new, moved = search(points)
        return count + 1, jnp.where(active, new, points), active & (moved > tolerance)

    state = lax.stop_gradient((jnp.array(0), start, jnp.ones_like(start[0], bool)))
    _, points, _ = lax.while_loop(lambda state: state[-1].any() & (state[0] < 30), improve, state)
    return _open(newton(lax.stop_gradient(points))[0], begins, ends)


def _still(newton: Callable, points: Array) -> Callable:
    """A step without derivative, for the search; only the last step, at the root, carries one."""
    step, closed_over = jax.closure_convert(newton, points)
    return lambda points: step(points, *lax.stop_gradient(closed_over))


def _to_quantile(law: Law, prob: Array) -> tuple[Array, Array]:
    """Halley's step for ``logit F = logit prob``, and the difference of the two."""
    tiny = finfo(law.density).tiny
    below, above = jnp.maximum(law.below, tiny), jnp.maximum(law.above, tiny)
    excess = jnp.log(below) - jnp.log(above) - jnp.log(prob) + jnp.log1p(-prob)
    scale = below * above / jnp.maximum(law.density, tiny)
    bend = excess * (law.slope * scale + below - above)
    return -excess * lax.stop_gradient(scale / jnp.clip(1.0 - 0.5 * bend, 0.5, 2.0)), excess


def _to_shortest(law: Law, points: Array, level: Array, begins: Array, ends: Array) -> tuple[Array, Array]:
    """To equal densities at both points and ``level`` between them: new points, and how far in nats.

    Newton steps on the law's expansion to second order about both points, where its curvatures are those of the cubic
    through both.
    """
    closed = ~jnp.stack([begins, ends])
    outward = jnp.asarray([-1.0, 1.0], points.dtype).reshape(2, *[1] * (points.ndim - 1))
    fall = jnp.where(closed, jnp.maximum(-outward * (law.slope + law.tilt), 1e-6), 1.0)
    width = points[1] - points[0]
    rise = outward * (law.log_density[1] - law.log_density[0]) / width
    curvature = jnp.clip((4.0 * fall + 2.0 * fall[::-1] + 6.0 * rise) / width, 0.0, 6.0 * fall.sum(0) / width)
    fall, curvature, limit = lax.stop_gradient((fall, curvature, 0.3 * width))
    tail = jnp.maximum(jnp.stack([law.below[0], law.above[1]]), finfo(width).tiny)
    hazard, thinning = lax.stop_gradient((law.density / tail, -outward * law.slope))
    moved = jnp.zeros_like(points)  # outward
    for _ in range(3):
        beyond = tail * jnp.exp(-moved * hazard * (1.0 + 0.5 * moved * (hazard - thinning)))
        steeper = fall + moved * curvature
        log_density = law.log_density - moved * 0.5 * (fall + steeper)
        density = jnp.where(closed, law.density * jnp.exp(-moved * thinning), 0.0)
        outside = jnp.where(closed, beyond, 0.0).sum(0)
        rest = outside * jnp.log(outside / (1.0 - level))  # straighter than the difference
        gap = jnp.where(closed.all(0), log_density[0] - log_density[1], 0.0)
        density, steeper = lax.stop_gradient((density, jnp.where(closed, jnp.maximum(steeper, 0.1 * fall), 1.0)))
        step = (rest * steeper[::-1] - outward * gap * density[::-1]) / (density * steeper[::-1]).sum(0)
        moved = jnp.where(closed, jnp.clip(moved + step, -limit, limit), 0.0)
    return points + outward * moved, jnp.max(jnp.abs(moved) * fall, 0)


def _open(points: Array, begins: Array, ends: Array) -> Array:
    return jnp.stack([jnp.where(begins, -jnp.inf, points[0]), jnp.where(ends, jnp.inf, points[1])])
