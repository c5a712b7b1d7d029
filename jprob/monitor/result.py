"""What every comparison of two samples answers."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jprob.special import normal_quantile

__all__ = ["Drift", "judged", "symmetric"]


class Drift(NamedTuple):
    """How far a current sample is from its reference, and whether that is more than chance and more than a trifle.

    Attributes:
        statistic: as its name says, shape ``()``, or ``(columns,)`` for samples with columns.
        p_value: probability of a statistic at least as large where both samples come from one law.
        size: of the difference without what sampling alone adds to the statistic; 0 where nothing is left.
        interval: for the size, shape ``(..., 2)``.
        alarm: the p-value is below ``alpha`` and the size above ``limit``.
    """

    statistic: Array
    p_value: Array
    size: Array
    interval: Array
    alarm: Array


def judged(
    statistic: Array, p_value: Array, size: Array, interval: Array, alpha: float | Array, limit: float | Array
) -> Drift:
    """A result with its alarm: significance and size, both."""
    p_value = jnp.clip(p_value, 0.0, 1.0).astype(statistic.dtype)
    return Drift(statistic, p_value, size, interval, (p_value < alpha) & (size > limit))


def symmetric(size: Array, error: Array, level: float | Array) -> Array:
    """The size and its standard error as an interval that does not go below zero, shape ``(..., 2)``."""
    tail = (1.0 - jnp.asarray(level, size.dtype)) / 2.0
    reach = -normal_quantile(tail, 1.0 - tail) * error
    return jnp.stack([jnp.maximum(size - reach, 0.0), size + reach], -1)
