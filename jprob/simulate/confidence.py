r"""Confidence intervals from bootstrap draws.

.. math:: \text{BCa: the draws' quantile at } \Phi\Big(z_0 + \frac{z_0 + z_\alpha}{1 - a (z_0 + z_\alpha)}\Big)

with the bias :math:`z_0 = \Phi^{-1}(\Pr^*(T^* < T))` and the acceleration a, a sixth of the skewness of the influence values.

References:
    Efron, B. (1987). Better bootstrap confidence intervals. JASA 82.
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application, chapter 5.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import safe
from jprob.special import normal_quantile, normal_tails

__all__ = ["METHODS", "acceleration_of", "interval"]

METHODS = ("percentile", "basic", "normal", "bca", "studentized")
_BATCHES = 10


def acceleration_of(influence: Array) -> Array:
    """A sixth of the skewness of influence values along the last axis; 0 where they do not vary."""
    influence = influence - jnp.mean(influence, -1, keepdims=True)
    size = jnp.max(jnp.abs(influence), -1, keepdims=True)
    unit = influence / safe(size > 0, size, 1.0)  # cubes would underflow
    square = jnp.sum(unit**2, -1)
    return jnp.where(square > 0, jnp.sum(unit**3, -1) / (6.0 * safe(square > 0, square, 1.0) ** 1.5), 0.0)


def interval(
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
        jnp.zeros(estimate.size) if error is None else error.reshape(-1),
        jnp.zeros_like(flat) if errors is None else errors.reshape(flat.shape),
    )

    def one(estimate: Array, accelerate: Array, error: Array, draws: Array, errors: Array) -> Array:
        return _one(method, estimate, accelerate, error, draws, errors, level)

    every = jax.vmap(one, (0, 0, 0, 1, 1))
    ends = every(columns[0], columns[1], columns[2], flat, columns[3])
    size = flat.shape[0] // _BATCHES
    if size < 20:
        return ends.reshape(*shape, 2), jnp.full((*shape, 2), jnp.nan, ends.dtype)
    parts = jax.vmap(lambda d, e: every(columns[0], columns[1], columns[2], d, e))(
        *(v[: size * _BATCHES].reshape(_BATCHES, size, -1) for v in (flat, columns[3]))
    )
    return ends.reshape(*shape, 2), (jnp.std(parts, 0, ddof=1) / _BATCHES**0.5).reshape(*shape, 2)


def _one(
    method: str, estimate: Array, accelerate: Array, error: Array, draws: Array, errors: Array, level: Array
) -> Array:
    tail = 0.5 * (1.0 - level)
    levels = jnp.stack([tail, 1.0 - tail])
    z = jnp.stack([normal_quantile(tail, 1.0 - tail), normal_quantile(1.0 - tail, tail)])
    known = jnp.isfinite(draws)
    if method == "normal":
        mean = jnp.nanmean(jnp.where(known, draws, jnp.nan))
        spread = jnp.nanstd(jnp.where(known, draws, jnp.nan), ddof=1)
        ends = 2.0 * estimate - mean + z * spread
    elif method == "studentized":
        ratio = (draws - estimate) / safe(errors > 0, errors, 1.0)
        usable = known & (errors > 0)
        ends = estimate - error * _quantiles(ratio, usable, levels)[::-1]
    elif method == "basic":
        ends = 2.0 * estimate - _quantiles(draws, known, levels)[::-1]
    else:
        if method == "bca":
            num = jnp.sum(known)
            below = (jnp.sum(known & (draws < estimate)) + 0.5 * jnp.sum(known & (draws == estimate))) / num
            inner = jnp.clip(below, 0.5 / num, 1.0 - 0.5 / num)
            bias = normal_quantile(inner, 1.0 - inner)
            moved = bias + z
            levels = normal_tails(bias + moved / (1.0 - accelerate * moved)).lower
        ends = _quantiles(draws, known, levels)
    flat = jnp.nanmax(jnp.where(known, draws, jnp.nan)) == jnp.nanmin(jnp.where(known, draws, jnp.nan))
    return jnp.where(flat & jnp.isfinite(estimate), estimate, ends)


def _quantiles(x: Array, known: Array, levels: Array) -> Array:
    """Quantiles of the known ones, linear between order statistics."""
    ordered, num = jnp.sort(jnp.where(known, x, jnp.inf)), jnp.sum(known)
    place = jnp.clip(levels, 0.0, 1.0) * (num - 1)
    low = jnp.clip(jnp.floor(place).astype(int), 0, x.size - 1)
    high = jnp.minimum(low + 1, jnp.maximum(num - 1, 0))
    share = place - low
    value = ordered[low] + jnp.where(share > 0, share * (ordered[high] - ordered[low]), 0.0)
    return jnp.where(num > 0, value, jnp.nan)
