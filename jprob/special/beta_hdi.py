r"""Shortest intervals of the beta distribution.

Between the two points of equal density the log density, as a function of the log odds, has fallen from its peak by some
depth. For each depth both points are roots of a convex function in closed form, and the logarithm of the mass outside
them is a nearly straight, convex function of it: Newton's method finds the depth.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import logit, ndtri
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.special._beta_integral import reach, swapped, tails_by_side
from jprob.special._beta_kernel import log_kernel
from jprob.special.beta import beta_tails, log_beta_density
from jprob.special.beta_inverse import betaincinv
from jprob.special.pair import once, pair

__all__ = ["beta_hdi"]

_NUM_STEPS = 9


def _ends(a: Array, b: Array, depth: Array) -> Array:
    """Log odds ``(2, ...)``, low and high, where the density has fallen by ``depth``; the mode at most one half."""
    n = (a - 1.0) + (b - 1.0)
    mode = (a - 1.0) / n
    to_low = jnp.asarray([True, False]).reshape(2, *[1] * a.ndim)
    distance = reach(jnp.zeros_like(a), n, mode, (a - 1.0, b - 1.0), to_low, target=depth, num_steps=8)
    return logit(mode) + jnp.where(to_low, -distance, distance)


def _outside(a: Array, b: Array, s: Array) -> tuple[Array, Array]:
    """Log of the mass outside two points of equal density, given by their log odds, and its slope in their depth."""
    near, swap = jnp.maximum(jax.nn.sigmoid(-jnp.abs(s)), 2.0**24 * finfo(a).tiny), s > 0
    # a tail is a power of what is left to 0 or 1, also where that underflows
    beyond = jnp.stack([a, b]) * jnp.maximum(jnp.abs(s) + jnp.log(near), 0.0)
    shapes = pair(a), pair(b)
    tails, _ = tails_by_side(*shapes, near, swap)
    log_tails = jnp.stack([tails.log_lower[0], tails.log_upper[1]]) - beyond
    log_mass = jnp.logaddexp(*log_tails)
    log_flanks = once(log_kernel(*swapped(swap, *shapes), near, 0).hi) - beyond  # density in the log odds
    x = jax.nn.sigmoid(s)
    fall = jnp.abs((a - 1.0) * (1.0 - x) - (b - 1.0) * x)
    return log_mass, -jnp.sum(jnp.exp(log_flanks - log_mass) / jnp.maximum(fall, finfo(a).tiny), 0)


@jax.custom_jvp
def _interior(a: Array, b: Array, level: Array) -> Array:
    """Points of equal density with mass ``level`` between them, shape ``(2, ...)``, for a, b > 1."""
    swap = a > b
    a, b = jnp.where(swap, b, a), jnp.where(swap, a, b)
    target = jnp.log1p(-level)

    def newton(_: int, depth: Array) -> Array:
        log_mass, slope = _outside(a, b, _ends(a, b, depth))
        return jnp.clip(depth - (log_mass - target) / slope, 1e-3 * depth, 1e3 * depth)

    start = 0.5 * ndtri(0.5 * (1.0 - level)) ** 2  # a normal's
    ends = jax.nn.sigmoid(_ends(a, b, lax.fori_loop(0, _NUM_STEPS, newton, start)))
    return jnp.where(swap, 1.0 - ends[::-1], ends)


@_interior.defjvp
def _(primals, tangents):
    (a, b, level), (da, db, dlevel) = primals, tangents
    x = _interior(a, b, level)
    # F(high) - F(low) = level and log f(low) = log f(high), differentiated and solved
    _, by_shapes = jax.jvp(lambda a, b: beta_tails(a, b, x).lower, (a, b), (da, db))
    width = (dlevel - (by_shapes[1] - by_shapes[0])) / jnp.exp(log_beta_density(a, b, x[1]))
    rise = (a - 1.0) / x - (b - 1.0) / (1.0 - x)
    tilt = da * jnp.log(x[1] / x[0]) + db * (jnp.log1p(-x[1]) - jnp.log1p(-x[0]))
    dhigh = (tilt + rise[0] * width) / (rise[0] - rise[1])
    return x, jnp.stack([dhigh - width, dhigh])


@elementwise
def beta_hdi(a: ArrayLike, b: ArrayLike, level: ArrayLike) -> Array:
    """The shortest interval with mass ``level`` under Beta(a, b).

    Its ends have equal density where both shapes exceed one. Otherwise the density is highest at an end and the
    interval starts there; of two such the shorter is taken, and for the uniform the middle.

    Args:
        a: first shape, positive. b: second shape, positive.
        level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``broadcast(a, b, level) + (2,)``: low and high; ``nan`` for invalid arguments. Differentiable in all.

    Example:
        >>> [round(float(x), 4) for x in beta_hdi(1.0, 2.0, 0.75)]  # 1 - (1 - x)^2
        [0.0, 0.5]
    """
    a, b, level = jnp.broadcast_arrays(*promote(a, b, level))
    valid = (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b) & (level > 0) & (level < 1)
    inner = valid & (a > 1) & (b > 1)
    between = _interior(safe(inner, a, 2.0), safe(inner, b, 2.0), safe(inner, level, 0.5))
    outer = valid & ~inner
    a_, b_, level_ = safe(outer, a, 1.0), safe(outer, b, 1.0), safe(outer, level, 0.5)
    from_zero, from_one = betaincinv(a_, b_, jnp.stack([level_, 1.0 - level_]))
    at_zero = from_zero <= 1.0 - from_one
    flat = (a_ == 1) & (b_ == 1)
    low = jnp.where(flat, 0.5 * (1.0 - level_), jnp.where(at_zero, 0.0, from_one))
    high = jnp.where(flat, 0.5 * (1.0 + level_), jnp.where(at_zero, from_zero, 1.0))
    ends = jnp.where(inner, between, jnp.stack([low, high]))
    return jnp.moveaxis(jnp.where(valid, ends, jnp.nan), 0, -1)
