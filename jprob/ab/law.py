r"""Quantiles and shortest intervals of a law that can be evaluated at a point.

Quantiles are Newton steps on the log-odds of the distribution function, inside a bracket; the shortest interval solves
for equal densities and a given mass together. Every root ends with one step on the differentiable equation, which
corrects the value and carries its derivative (the implicit function theorem). Loops end when the last lane has
converged; a lane that has is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo, is_float64

__all__ = ["Law", "Root", "quantile", "shortest"]


class Law(NamedTuple):
    """Distributions at points, arrays of one shape.

    Attributes:
        below: probability of less. above: probability of more; the smaller of the two is accurate.
        density: in the coordinate of the point.
        log_density: in the coordinate in which the interval is to be shortest.
        slope: derivative of ``log_density`` in the coordinate of the point.
    """

    below: Array
    above: Array
    density: Array
    log_density: Array
    slope: Array


class Root(NamedTuple):
    """Quantiles and the law at the points from which the last step was taken.

    Attributes:
        point: the quantile.
        start: where the law was evaluated. law: the law there.
    """

    point: Array
    start: Array
    law: Law


LawAt = Callable[[Array], Law]


def quantile(law_at: LawAt, prob: Array, start: Array, low: Array, high: Array) -> Root:
    """The point with probability ``prob`` below it, between ``low`` and ``high``, elementwise from ``start``."""
    tiny = finfo(start).tiny

    def newton(point: Array) -> tuple[Array, Array, Law]:
        law = law_at(point)
        below, above = jnp.maximum(law.below, tiny), jnp.maximum(law.above, tiny)
        excess = jnp.log(below) - jnp.log(above) - jnp.log(prob) + jnp.log1p(-prob)
        return excess, lax.stop_gradient(below * above / jnp.maximum(law.density, tiny)), law

    def improve(state: tuple) -> tuple:
        count, point, low, high, active = state
        excess, scale, _ = newton(point)
        low, high = jnp.where(excess < 0, point, low), jnp.where(excess > 0, point, high)
        new = point - excess * scale
        new = jnp.where((new > low) & (new < high), new, 0.5 * (low + high))
        return count + 1, jnp.where(active, new, point), low, high, active & (jnp.abs(excess) > tolerance)

    tolerance = 0.1 if is_float64(start) else 0.3  # of the log-odds; two more steps follow
    low, high = jnp.broadcast_to(low, start.shape), jnp.broadcast_to(high, start.shape)
    begin = jnp.where((start > low) & (start < high), start, 0.5 * (low + high))
    state = lax.stop_gradient((jnp.array(0), begin, low, high, jnp.ones_like(begin, bool)))
    _, point, low, high, _ = lax.while_loop(lambda state: state[-1].any() & (state[0] < 60), improve, state)
    point = lax.stop_gradient(point)
    excess, scale, law = newton(point)
    return Root(jnp.clip(point - excess * scale, low, high), point, law)


def shortest(law_at: LawAt, level: Array, central: Root, begins: Array, ends: Array) -> Array:
    """Ends of the shortest interval that holds ``level``, from the quantiles of the central one.

    Where ``begins`` is true the density is highest at the left end of the support and the interval begins there, at
    ``-inf``; where ``ends`` is true it ends at ``inf``. Otherwise the ends have equal density: a local minimum of the
    length, next to the central interval.

    Args:
        law_at: of points of shape ``(2, ...)``, left and right.
        level: mass inside.
        central: the root with points of shape ``(2, ...)``.
        begins, ends: of a shape that broadcasts to ``(...)``.

    Returns:
        Shape ``(2, ...)``.
    """
    shape, dtype = central.point.shape, central.point.dtype
    closed = ~jnp.stack([jnp.broadcast_to(v, shape[1:]) for v in (begins, ends)])
    outward = jnp.asarray([-1.0, 1.0], dtype).reshape(2, *[1] * (len(shape) - 1))

    def newton(points: Array, law: Law) -> tuple[Array, Array]:
        beyond = jnp.where(closed, jnp.stack([law.below[0], law.above[1]]), 0.0).sum(0)
        rest = beyond * jnp.log(jnp.maximum(beyond, finfo(beyond).tiny) / (1.0 - level))  # straighter than the difference
        gap = jnp.where(closed.all(0), law.log_density[0] - law.log_density[1], 0.0)
        fall = jnp.where(closed, jnp.maximum(-outward * law.slope, 1e-6), 1.0)
        held, fall, limit = lax.stop_gradient((jnp.where(closed, law.density, 0.0), fall, 0.3 * (points[1] - points[0])))
        step = (rest * fall[::-1] - outward * gap * held[::-1]) / (held * fall[::-1]).sum(0)
        step = jnp.where(closed, jnp.clip(step, -limit, limit), 0.0)
        return points + outward * step, jnp.max(jnp.abs(step) * fall, 0)

    def improve(state: tuple) -> tuple:
        count, points, active = state
        new, moved = newton(points, law_at(points))
        return count + 1, jnp.where(active, new, points), active & (moved > tolerance)

    tolerance = 0.02 if dtype == jnp.float64 else 0.2  # of the log density; one more step follows
    begin, moved = newton(central.start, central.law)
    state = lax.stop_gradient((jnp.array(0), begin, moved > tolerance))
    _, points, _ = lax.while_loop(lambda state: state[-1].any() & (state[0] < 30), improve, state)
    points = lax.stop_gradient(points)
    points, _ = newton(points, law_at(points))
    return jnp.where(closed, points, outward * jnp.inf)
