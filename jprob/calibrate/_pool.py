"""Pool-adjacent-violators in one compiled loop: each block is laid on a stack once, and taken off at most once.

References:
    Barlow, R. E. et al. (1972). Statistical Inference under Order Restrictions. Wiley.
    Best, M. J. and Chakravarti, N. (1990). Active set algorithms for isotonic regression. Mathematical Programming 47.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import safe

__all__ = ["monotone", "sorted_by"]


class _Stack(NamedTuple):
    """Blocks by what their labels and weights sum to, shape ``(n, 2)``, where they start, and how many there are."""

    sums: Array
    start: Array
    height: Array


class _Block(NamedTuple):
    sums: Array
    start: Array
    height: Array


def sorted_by(x: Array, y: Array, w: Array) -> tuple[Array, Array, Array]:
    """Rows in increasing order of ``x``; those without weight last, where they repeat the largest ``x`` that has some."""
    w = jnp.broadcast_to(w, x.shape)
    key, y, w = lax.sort((jnp.where(w > 0, x, jnp.inf), y, w), num_keys=1)
    largest = jnp.max(jnp.where(w > 0, key, -jnp.inf))
    return jnp.where(w > 0, key, largest), y, w


def monotone(x: Array, y: Array, w: Array) -> Array:
    """The non-decreasing function of sorted ``x`` nearest to ``y`` in weighted squares, at each row; O(n).

    Rows of the same ``x`` get the same value. Differentiable in ``y`` and ``w``, blocks held.
    """
    n = x.shape[0]
    tie = jnp.cumsum(jnp.append(False, x[1:] != x[:-1]))
    total = jax.ops.segment_sum(w * y, tie, n)
    weight = jax.ops.segment_sum(w, tie, n)
    block = _blocks(lax.stop_gradient(total), lax.stop_gradient(weight))[tie]
    mass = jax.ops.segment_sum(w, block, n)
    mean = jax.ops.segment_sum(w * y, block, n) / safe(mass > 0, mass, 1.0)
    return mean[block]


def _blocks(total: Array, weight: Array) -> Array:
    """The block of each point; points without weight, of which only the last ones are, keep to themselves."""
    n = total.shape[0]
    points = jnp.stack([total, weight], -1)

    def lay(i: Array, stack: _Stack) -> _Stack:
        def below(b: _Block) -> Array:
            return lax.dynamic_index_in_dim(stack.sums, jnp.maximum(b.height - 1, 0), keepdims=False)

        def violates(b: _Block) -> Array:
            lower = below(b)
            return (b.height > 0) & (b.sums[1] > 0) & (lower[0] * b.sums[1] >= b.sums[0] * lower[1])

        def merge(b: _Block) -> _Block:
            start = lax.dynamic_index_in_dim(stack.start, b.height - 1, keepdims=False)
            return _Block(b.sums + below(b), start, b.height - 1)

        # reads are done before the one write: XLA would copy the stack otherwise, at every step
        b = lax.while_loop(violates, merge, _Block(points[i], i, stack.height))
        return _Stack(
            lax.dynamic_update_index_in_dim(stack.sums, b.sums, b.height, 0),
            lax.dynamic_update_index_in_dim(stack.start, b.start, b.height, 0),
            b.height + 1,
        )

    empty = _Stack(jnp.zeros_like(points), jnp.zeros(n, jnp.int32), jnp.zeros((), jnp.int32))
    stack = lax.fori_loop(jnp.int32(0), jnp.int32(n), lay, empty)
    start = jnp.where(jnp.arange(n) < stack.height, stack.start, n)
    return jnp.cumsum(jnp.zeros(n, jnp.int32).at[start].set(1, mode="drop")) - 1
