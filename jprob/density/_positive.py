"""The check that most parameters need."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import is_float64

__all__ = ["positive"]


def positive(x: Array) -> Array:
    """True for a positive, finite, normal float: one comparison of bits for two of floats, which LLVM makes seven."""
    integer, unsigned, bits, top = (
        (jnp.int64, jnp.uint64, 52, 2046) if is_float64(x) else (jnp.int32, jnp.uint32, 23, 254)
    )
    return (lax.bitcast_convert_type(x, integer) - (1 << bits)).astype(unsigned) < (top << bits)
