"""Lifts of every arm over the control: medians, central and shortest intervals, mass in a region."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob.ab.law import Law, quantile, shortest
from jprob.ab.lift import duel, law
from jprob.ab.log_odds import Arms
from jprob.ab.rate import Tails, rate_at, tails
from jprob.ab.rate import quantile as rate_quantile

__all__ = ["Lifts", "lifts", "mass_between"]


class Lifts(NamedTuple):
    """Lifts of the arms over the control, whose own are zero.

    Attributes:
        median: of the relative and the absolute lift, shape ``(arms, 2)``.
        interval, hdi: central and shortest intervals, shape ``(arms, 2, 2)``: arm, relative or absolute, end.
    """

    median: Array
    interval: Array
    hdi: Array


def lifts(arms: Arms, control: int, level: Array) -> Lifts:
    """Lifts of one experiment with arms of shape ``(arms,)``."""
    each = jax.vmap(tails)(arms)
    ends = jax.vmap(_central, (0, None))(each, level)
    rival = np.delete(np.arange(arms.a.hi.shape[0]), control)
    found = jax.vmap(_lifts, (0, 0, None))(
        *jax.tree.map(lambda v: jnp.stack([v[rival], jnp.broadcast_to(v[control], v[rival].shape)], 1), (each, ends)), level
    )
    return jax.tree.map(lambda v: jnp.insert(v, control, 0.0, axis=0), found)


def _central(tails: Tails, level: Array) -> Array:
    """Ends of the central interval of a rate and its centre between them, shape ``(3,)``."""
    sides = jnp.array([False, True])
    low, high = rate_at(tails.arm, jax.vmap(rate_quantile, (None, None, 0))(tails, 0.5 * (1.0 - level), sides))
    a, b = tails.arm.a.hi + 1.0, tails.arm.b.hi + 1.0
    return lax.stop_gradient(jnp.stack([low, a / (a + b), high]))


def _lifts(both: Tails, rates: Array, level: Array) -> Lifts:
    """Lifts of the first of two arms over the second."""
    pair = duel(both.arm, both.mass)
    tail = 0.5 * (1.0 - level)
    probs = jnp.stack([tail, 0.5 * jnp.ones_like(tail), 1.0 - tail])
    kinds = jnp.array([True, False])
    origin = jnp.stack([pair.log_ratio, pair.difference])
    lowest, one = jax.nn.log_sigmoid(pair.left), jnp.ones_like(tail)
    low, high = jnp.stack([lowest[0], -one]) - origin, jnp.stack([-lowest[1], one]) - origin
    start = jnp.stack([_start(jnp.log(rates)), _start(rates)]) - origin[:, None]

    def one_kind(kind: Array, start: Array, low: Array, high: Array) -> tuple[Array, Array]:
        def at(point: Array) -> Law:
            return law(pair, kind, point)

        roots = jax.vmap(lambda prob, start: quantile(at, prob, start, low, high))(probs, start)
        left, right = (jax.tree.map(lambda v, k=k: v[k], roots) for k in (0, 2))
        begins = kind & (pair.arms.a.hi[0] <= 1.0)
        return roots.point, jnp.stack(shortest(at, level, left, right, begins, jnp.zeros_like(begins)))

    points, hdi = jax.vmap(one_kind)(kinds, start, low, high)
    points, hdi = points + origin[:, None], hdi + origin[:, None]
    points, hdi = (jnp.where(kinds[:, None], jnp.expm1(v), v) for v in (points, hdi))
    return Lifts(points[:, 1], points[:, ::2], hdi)


def _start(rates: Array) -> Array:
    """Ends and centre of a difference from those of its terms, by the method of variance estimates recovery.

    References:
        Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures. Statist. Med. 27.
    """
    (low, centre, high), (low_c, centre_c, high_c) = rates
    gap = centre - centre_c
    return jnp.stack(
        [gap - jnp.hypot(centre - low, high_c - centre_c), gap, gap + jnp.hypot(high - centre, centre_c - low_c)]
    )


def mass_between(arms: Arms, control: int, low: Array, high: Array) -> Array:
    """Posterior mass of the relative lift between two values for every arm of one experiment, shape ``(arms,)``."""
    ends = jnp.stack([low, high])
    outside = ends <= -1.0
    log_ends = jnp.log1p(jnp.where(outside, 0.0, ends))

    def one(arm: Arms, mass: Array) -> Array:
        both = jax.tree.map(lambda v, w: jnp.stack([v, w[control]]), arm, arms)
        pair = duel(both, jnp.stack([mass, masses[control]]))
        at = jax.vmap(lambda point: law(pair, jnp.array(True), point))(log_ends - pair.log_ratio)
        below, above = jnp.where(outside, 0.0, at.below), jnp.where(outside, 1.0, at.above)
        return jnp.where(below[0] > 0.5, above[0] - above[1], below[1] - below[0])

    masses = jax.vmap(tails)(arms).mass
    own = jnp.where((low <= 0) & (high >= 0), 1.0, 0.0)
    return jax.vmap(one)(arms, masses).at[control].set(own)
