"""What the gap between two empirical distribution functions does by chance: the same paths for every column.

Up to 512 values in all they are those of shuffled labels, beyond that Brownian bridges at 512 places, closer in the tails.
The key is fixed, so that a statistic is a function of the data alone.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["chance_paths", "places"]

NUM = 2000
_MOST = 512


def places(n: int, m: int) -> np.ndarray:
    """Where the pooled values are looked at: positions from 1 to n + m, all of them where they are few."""
    num = n + m
    if num <= _MOST:
        return np.arange(1, num + 1)
    t = np.linspace(0.0, 1.0, _MOST)
    return np.unique(np.round(1.0 + (num - 1.0) * t * t * (3.0 - 2.0 * t)).astype(np.int64))


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def chance_paths(n: int, m: int, dtype: jnp.dtype) -> Array:
    """Gaps between the functions from each place to the next, shape ``(2000, places − 1)``."""
    key, num = jax.random.key(20_261_122), n + m
    at = places(n, m)
    if num <= _MOST:
        order = jnp.argsort(jax.random.bits(key, (NUM, num)), -1)
        first = jnp.cumsum(order < n, -1).astype(dtype)
        return (first / n - (jnp.arange(1, num + 1) - first) / m)[:, :-1]
    middle = jnp.asarray(0.5 * (at[1:] + at[:-1]) / num, dtype)
    steps = jnp.sqrt(jnp.diff(middle, prepend=0.0)) * jax.random.normal(key, (NUM, middle.size), dtype)
    walk = jnp.cumsum(steps, -1)
    rest = jnp.sqrt(1.0 - middle[-1]) * jax.random.normal(jax.random.fold_in(key, 1), (NUM, 1), dtype)
    return math.sqrt(1.0 / n + 1.0 / m) * (walk - middle * (walk[:, -1:] + rest))
