"""Coefficients come in two lengths, for float32 and float64: which to take, and their polynomial."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array

from jprob._array import is_float64

__all__ = ["bits", "horner"]


def bits(x: Array) -> int:
    """64 or 32: the key of a table."""
    return 64 if is_float64(x) else 32


def horner(coefficients: Sequence[float], x: Array) -> Array:
    """``c[0] + c[1] x + c[2] x² + …``."""
    *others, last = coefficients
    total = jnp.full_like(x, last)  # not 0 x + last, which a compiler may not simplify: x could be infinite
    for c in reversed(others):
        total = total * x + c
    return total
