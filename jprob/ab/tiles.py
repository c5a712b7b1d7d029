"""Many experiments in bounded memory: tiles of one compiled shape, the last one padded."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

__all__ = ["over_experiments"]

_TILE = 2048  # experiments times the square of their arms: the working set of two arms stays in cache


def over_experiments[Tree, T](fn: Callable[[Tree], T], tree: Tree) -> T:
    """``fn`` of many experiments, so many at a time that it fits into memory.

    Args:
        fn: takes the tree with arrays of shape ``(arms, lanes)`` and returns arrays with experiments last.
        tree: arrays of shape ``(..., arms)``.

    Returns:
        What ``fn`` returns, with the batch axes in front.
    """
    *batch, num_arms = jax.tree.leaves(tree)[0].shape
    flat = jax.tree.map(lambda v: v.reshape(-1, num_arms).T, tree)
    size = jax.tree.leaves(flat)[0].shape[1]
    width = max(1, _TILE // num_arms**2)
    num_tiles = -(-size // width)
    if num_tiles <= 1:
        out = fn(flat)
    else:
        lanes = jnp.minimum(jnp.arange(num_tiles * width), size - 1).reshape(num_tiles, width)
        out = lax.map(lambda lane: fn(jax.tree.map(lambda v: v[:, lane], flat)), lanes)
        out = jax.tree.map(lambda v: jnp.moveaxis(v, 0, -2).reshape(*v.shape[1:-1], -1)[..., :size], out)

    def batch_first(v: Array) -> Array:
        return jnp.moveaxis(v, -1, 0).reshape(*batch, *v.shape[:-1])

    return jax.tree.map(batch_first, out)
