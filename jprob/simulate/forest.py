r"""Merging in an order that no schedule can change: dyadic trees over global tile numbers.

Tile t is the leaf ``(0, t)``; ``(l, i)`` and ``(l, i + 1)``, i even, merge into ``(l + 1, i / 2)`` and nothing else ever
merges. The tiles of a range thus leave one list of at most 66 nodes, whatever the order of work, and a range that
begins where another ends can be appended to it. Rounding errors grow with the logarithm of the number of tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

__all__ = ["Forest", "empty", "folded", "push"]

State = Any
Merge = Callable[[State, State], State]

_SLOTS = 66  # both ragged ends of a range of 2³² tiles


class Forest(NamedTuple):
    """The nodes of a range of tiles, from left to right.

    Attributes:
        states: of each node, leaves of shape ``(66, ...)``.
        levels: the node covers 2^level tiles, shape ``(66,)``.
        size: number of nodes; what lies beyond means nothing.
    """

    states: State
    levels: Array
    size: Array


def empty(init: State) -> Forest:
    """No tiles."""
    states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (_SLOTS, *jnp.shape(leaf))), init)
    return Forest(states, jnp.zeros(_SLOTS, jnp.int32), jnp.int32(0))


def push(merge: Merge, forest: Forest, state: State, level: Array, index: Array) -> Forest:
    """The forest with the node ``(level, index)`` appended, which begins where its last one ends."""
    states, levels, size = forest

    def has_sibling(top) -> Array:
        below, _, level, index = top
        return (below > 0) & (levels[below - 1] == level) & (index % 2 == 1)

    def join(top):
        below, state, level, index = top
        return below - 1, merge(_node(states, below - 1), state), level + 1, index // 2

    start = (size, state, jnp.asarray(level, jnp.int32), jnp.asarray(index, jnp.uint32))
    below, state, level, _ = lax.while_loop(has_sibling, join, start)
    states = jax.tree.map(lambda all_, leaf: all_.at[below].set(leaf), states, state)
    return Forest(states, levels.at[below].set(level), below + 1)


def folded(merge: Merge, forest: Forest) -> State:
    """All nodes in one, from right to left: the small ones first."""

    def join(top):
        below, state = top
        return below - 1, merge(_node(forest.states, below - 1), state)

    last = jnp.maximum(forest.size - 1, 0)
    return lax.while_loop(lambda top: top[0] > 0, join, (last, _node(forest.states, last)))[1]


def _node(states: State, i: Array) -> State:
    return jax.tree.map(lambda leaf: lax.dynamic_index_in_dim(leaf, i, keepdims=False), states)
