r"""Confidence intervals from the bootstrap law of a statistic: drawn, or known from theory.

.. math:: \text{BCa: the law's quantile at } \Phi\Big(z_0 + \frac{z_0 + z_\alpha}{1 - a (z_0 + z_\alpha)}\Big)

with the bias :math:`z_0 = \Phi^{-1}(\Pr^*(T^* < T))` and the acceleration a, a sixth of the skewness of the influence values.

References:
    Efron, B. (1987). Better bootstrap confidence intervals. JASA 82.
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import finfo, safe
from jprob.special import normal_quantile, normal_tails

__all__ = ["METHODS", "Law", "interval", "of_draws"]

METHODS = ("percentile", "basic", "normal", "bca", "studentized")
_BATCHES = 10


class Law(NamedTuple):
    """The bootstrap law of one number.

    Attributes:
        centre: its mean. spread: its standard deviation.
        below: probability of less than the estimate, and half of that of the estimate itself.
        resolution: the smallest probability that it can tell.
        quantile: of levels. flat: it is one point.
    """

    centre: Array
    spread: Array
    below: Array
    resolution: Array
    quantile: Callable[[Array], Array]
    flat: Array


def interval(method: str, estimate: Array, law: Law, accelerate: Array, level: Array) -> Array:
    """The two ends, for any method but ``"studentized"``."""
    levels, z = _levels(level)
    if method == "normal":
        ends = 2.0 * estimate - law.centre + z * law.spread
    elif method == "basic":
        ends = 2.0 * estimate - law.quantile(levels)[::-1]
    elif method == "percentile":
        ends = law.quantile(levels)
    else:
        inner = jnp.clip(law.below, law.resolution, 1.0 - law.resolution)
        bias = normal_quantile(inner, 1.0 - inner)
        moved = bias + z
        ends = law.quantile(normal_tails(bias + moved / (1.0 - accelerate * moved)).lower)
    return jnp.where(law.flat & jnp.isfinite(estimate), estimate, ends)


def of_draws(
    method: str,
    estimate: Array,
    draws: Array,
    errors: Array | None,
    error: Array | None,
    accelerate: Array,
    level: Array,
) -> tuple[Array, Array]:
    """Interval of shape ``(..., 2)`` from draws ``(resamples, ...)`` and, from tenths of them, its simulation error."""
    shape = estimate.shape
    flat = draws.reshape(draws.shape[0], -1)
    columns = (
        estimate.reshape(-1),
        accelerate.reshape(-1),
        jnp.zeros(estimate.size, flat.dtype) if error is None else error.reshape(-1),
        jnp.zeros((1, flat.shape[1]), flat.dtype) if errors is None else errors.reshape(flat.shape),
    )

    def one(estimate: Array, accelerate: Array, error: Array, draws: Array, errors: Array) -> Array:
        if method == "studentized":
            return _studentized(estimate, error, draws, errors, level)
        return interval(method, estimate, _drawn(estimate, draws), accelerate, level)

    every = jax.vmap(one, (0, 0, 0, 1, 1))
    ends = every(columns[0], columns[1], columns[2], flat, columns[3])
    size = flat.shape[0] // _BATCHES
    if size < 20:
        return ends.reshape(*shape, 2), jnp.full((*shape, 2), jnp.nan, ends.dtype)

    def tenths(v: Array) -> Array:
        if v.shape[0] == 1:
            return jnp.broadcast_to(v, (_BATCHES, *v.shape))
        return v[: size * _BATCHES].reshape(_BATCHES, size, -1)

    parts = jax.vmap(lambda d, e: every(columns[0], columns[1], columns[2], d, e))(tenths(flat), tenths(columns[3]))
    return ends.reshape(*shape, 2), (jnp.std(parts, 0, ddof=1) / _BATCHES**0.5).reshape(*shape, 2)


def _levels(level: Array) -> tuple[Array, Array]:
    """The levels of the two ends, and the normal quantiles there."""
    tail = 0.5 * (1.0 - level)
    z = normal_quantile(tail, 1.0 - tail)
    return jnp.stack([tail, 1.0 - tail]), jnp.stack([z, -z])


def _drawn(estimate: Array, draws: Array) -> Law:
    known = jnp.isfinite(draws)
    some, num = jnp.where(known, draws, jnp.nan), jnp.sum(known)
    ordered = jnp.sort(jnp.where(known, draws, jnp.inf))
    return Law(
        centre=jnp.nanmean(some),
        spread=jnp.nanstd(some, ddof=1),
        below=(jnp.sum(known & (draws < estimate)) + 0.5 * jnp.sum(known & (draws == estimate))) / num,
        resolution=0.5 / num,
        quantile=lambda levels: _between(ordered, num, levels),
        flat=flat(ordered[0], ordered[jnp.maximum(num - 1, 0)]),
    )


def _studentized(estimate: Array, error: Array, draws: Array, errors: Array, level: Array) -> Array:
    usable = jnp.isfinite(draws) & (errors > 0)
    ratio = jnp.where(usable, (draws - estimate) / safe(errors > 0, errors, 1.0), jnp.inf)
    ends = estimate - error * _between(jnp.sort(ratio), jnp.sum(usable), _levels(level)[0])[::-1]
    kept = jnp.where(jnp.isfinite(draws), draws, jnp.nan)
    return jnp.where(flat(jnp.nanmin(kept), jnp.nanmax(kept)) & jnp.isfinite(estimate), estimate, ends)


def flat(low: Array, high: Array) -> Array:
    """Whether values between these are one and the same but for rounding."""
    return high - low <= 8.0 * finfo(high).eps * jnp.abs(high)


def _between(ordered: Array, num: Array, levels: Array) -> Array:
    """Quantiles of the first ``num`` of sorted values, linear between order statistics."""
    place = jnp.clip(levels, 0.0, 1.0) * (num - 1)
    low = jnp.clip(jnp.floor(place).astype(int), 0, ordered.size - 1)
    high = jnp.minimum(low + 1, jnp.maximum(num - 1, 0))
    share = place - low
    value = ordered[low] + jnp.where(share > 0, share * (ordered[high] - ordered[low]), 0.0)
    return jnp.where(num > 0, value, jnp.nan)
