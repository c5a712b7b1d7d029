"""Probabilities along the last axis, as parameters or values, that sum to one but for rounding."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo

__all__ = ["excess_of_sum", "sums_to_one"]


def excess_of_sum(probs: Array) -> Array:
    """By how much the sum over the last axis exceeds one, without the rounding of the sum itself."""
    first = jnp.moveaxis(probs, -1, 0)
    zero = jnp.zeros_like(first[0])

    def add(carry: tuple[Array, Array], p: Array) -> tuple[tuple[Array, Array], None]:
        total, lost = carry
        head = total + p
        back = head - total
        return (head, lost + ((total - (head - back)) + (p - back))), None

    (total, lost), _ = lax.scan(add, (zero - 1.0, zero), first)
    return total + lost


def sums_to_one(probs: Array) -> Array:
    """Whether these are probabilities, up to the rounding of numbers that were divided by their sum."""
    slack = 8.0 * probs.shape[-1] * finfo(probs).eps
    return jnp.all(probs >= 0, -1) & (jnp.abs(excess_of_sum(lax.stop_gradient(probs))) <= slack)
