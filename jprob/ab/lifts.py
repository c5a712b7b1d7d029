"""Lifts of every arm over the control: medians, central and shortest intervals, mass in a region."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import finfo, is_float64
from jprob.ab.law import Law, intervals
from jprob.ab.lift import Duel, duel, law
from jprob.ab.rate import Tails

__all__ = ["Lifts", "lifts", "mass_between"]


class Lifts(NamedTuple):
    """Lifts over the control, whose own are zero; of the two kinds the relative comes first.

    Attributes:
        median: shape ``(arms, 2, lanes)``: arm, kind.
        interval, hdi: central and shortest intervals, shape ``(arms, 2, 2, lanes)``: arm, kind, end.
    """

    median: Array
    interval: Array
    hdi: Array


def lifts(tails: Tails, rates: Array, shortest: Array, control: int, level: Array) -> Lifts:
    """Lifts of arms.

    Args:
        tails: of shape ``(arms, lanes)``.
        rates: their central intervals at ``level`` and medians, shape ``(3, arms, lanes)``: where to look first.
        shortest: their shortest intervals, shape ``(2, arms, lanes)``; likewise.
        control: index of the arm to compare with.
        level: mass of the intervals.
    """
    rivals = np.delete(np.arange(len(tails.mass)), control)
    pair = _duel(tails, rivals, control)
    is_ratio = jnp.array([True, False])[:, None, None]
    origin, lowest, highest = _range(pair)
    start = _start(*lax.stop_gradient((rates, shortest)), rivals, control)

    def law_at(point: Array) -> Law:
        return law(pair, is_ratio, point)

    begins = is_ratio & (pair.arm.arm.a.hi <= 1.0)
    points, hdi = intervals(law_at, level, start - origin, lowest - origin, highest - origin, begins)
    points, hdi = (jnp.where(is_ratio, jnp.expm1(v + origin), v + origin) for v in (points, hdi))
    by_arm = [jnp.moveaxis(v, -2, 0) for v in (points[2], points[:2].swapaxes(0, 1), hdi.swapaxes(0, 1))]
    return Lifts(*(jnp.insert(v, control, 0.0, axis=0) for v in by_arm))


def _duel(tails: Tails, rivals: np.ndarray, control: int) -> Duel:
    own, reference = (jax.tree.map(lambda v, k=k: v[k], (tails.arm, tails.mass)) for k in (rivals, np.array([control])))
    return duel(own[0], reference[0], (own[1], reference[1]))


def _range(pair: Duel) -> tuple[Array, Array, Array]:
    """Lifts of the means, from which others are measured, and where to search, shape ``(2, rivals, lanes)``."""
    origin = jnp.stack([pair.log_ratio, pair.difference])
    largest = 300.0 if is_float64(origin) else 40.0  # of a log ratio: beyond, the rates themselves underflow
    one = jnp.full_like(pair.difference, 1.0 - finfo(origin).eps)
    lowest, highest = (jnp.minimum(-jax.nn.log_sigmoid(side.left), largest) for side in (pair.arm, pair.control))
    return origin, jnp.stack([-lowest, -one]), jnp.stack([highest + jnp.zeros_like(one), one])


def _start(rates: Array, shortest: Array, rivals: np.ndarray, control: int) -> Array:
    """Guesses for ends, median and ends of the shortest interval, shape ``(5, 2, rivals, lanes)``."""
    arm, reference = rates[:, rivals], rates[:, control, None]
    on_logs, plain = _recovered(jnp.log(arm), jnp.log(reference)), _recovered(arm, reference)
    shorter = jnp.concatenate([shortest, rates[2:]])
    skewed = on_logs[:2] - jnp.square(0.25 * (on_logs[1] - on_logs[0]))  # a lognormal ratio, less its log-variance
    plain_shorter = _recovered(shorter[:, rivals], shorter[:, control, None])[:2]
    return jnp.stack([jnp.concatenate([on_logs, skewed]), jnp.concatenate([plain, plain_shorter])], 1)


def _recovered(arm: Array, reference: Array) -> Array:
    """Ends and median of a difference from those of its terms, by the method of variance estimates recovery.

    References:
        Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures. Statist. Med. 27.
    """
    (low, high, centre), (low_c, high_c, centre_c) = arm, reference
    gap = centre - centre_c
    down, up = jnp.hypot(centre - low, high_c - centre_c), jnp.hypot(high - centre, centre_c - low_c)
    return jnp.stack([gap - down, gap + up, gap])


def mass_between(tails: Tails, control: int, low: Array, high: Array) -> Array:
    """Posterior mass of the relative lift between two values, shape ``(arms, lanes)``; the control's lift is zero."""
    pair = _duel(tails, np.arange(len(tails.mass)), control)
    ends = jnp.stack([low, high])[:, None, None]
    outside = ends <= -1.0
    at = law(pair, jnp.array(True), jnp.log1p(jnp.where(outside, 0.0, ends)) - pair.log_ratio)
    below, above = jnp.where(outside, 0.0, at.below), jnp.where(outside, 1.0, at.above)
    inside = jnp.where(below[0] > 0.5, above[0] - above[1], below[1] - below[0])
    return inside.at[control].set(jnp.where((low <= 0) & (high >= 0), 1.0, 0.0))
