"""Whole numbers up to 2⁶⁴ in two words: a billion replicates are more than float32 counts, and soon more than uint32."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["Count", "added", "as_float", "counted", "exact"]


class Count(NamedTuple):
    """``2³² high + low``, both uint32 of shape ``(...)``."""

    high: Array
    low: Array


def counted(number: Array) -> Count:
    """A count below 2³²."""
    low = jnp.asarray(number, jnp.uint32)
    return Count(jnp.zeros_like(low), low)


def added(a: Count, b: Count) -> Count:
    """The sum, modulo 2⁶⁴.

    >>> int(exact(added(counted(2**32 - 1), counted(2))))
    4294967297
    """
    low = a.low + b.low
    return Count(a.high + b.high + (low < b.low), low)


def as_float(count: Count, dtype: jnp.dtype) -> Array:
    """The nearest float or its neighbour."""
    return count.high.astype(dtype) * 2.0**32 + count.low.astype(dtype)


def exact[Tree](tree: Tree) -> Tree:
    """Every :class:`Count` in a tree as a numpy uint64, which JAX has only with x64; the rest as it is."""

    def whole(leaf):
        if not isinstance(leaf, Count):
            return leaf
        high, low = np.asarray(leaf.high, np.uint64), np.asarray(leaf.low, np.uint64)
        return np.asarray(high * np.uint64(2**32) + low)

    return jax.tree.map(whole, tree, is_leaf=lambda leaf: isinstance(leaf, Count))
