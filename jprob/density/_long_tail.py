"""Entropy of a count whose upper tail is long, by a fixed number of terms.

The first counts are summed as they are. Beyond them a probability with a long tail is smooth, and its sum is an integral
and what the differences at the joint add (Gregory); in the logarithm of the count Gauss and Legendre's rule takes it,
over however many orders of magnitude it runs.

References:
    Hildebrand, F. B. (1974). Introduction to Numerical Analysis, 2nd ed., section 5.9 (Gregory's formula).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import is_float64

_NUM_WHOLE = {32: 64, 64: 256}
_NUM_NODES = {32: 48, 64: 128}
_ORDER = {32: 6, 64: 11}


def entropy_of_long_tail(logpmf: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Entropy of a count of 0, 1, …, from its log probability continued to real counts.

    Args:
        logpmf: log probability of real counts of the shape of ``low``.
        low: below it only what lies within the first counts matters. high: above it nothing does; both shape ``(...)``.

    Returns:
        Shape ``(...)``, in nats.
    """
    bits = 64 if is_float64(low) else 32
    num_whole = _NUM_WHOLE[bits]
    whole_weights = jnp.asarray(_gregory(num_whole, _ORDER[bits]), low.dtype)
    nodes, weights = np.polynomial.legendre.leggauss(_NUM_NODES[bits])
    nodes, weights = jnp.asarray(0.5 * (nodes + 1.0), low.dtype), jnp.asarray(0.5 * weights, low.dtype)
    start = jnp.maximum(low, num_whole)
    width = jnp.log(jnp.maximum(high, start) / start)

    def surprise(k: Array) -> Array:
        logp = logpmf(k)
        return -jnp.exp(logp) * logp

    def add_count(i: int, total: Array) -> Array:
        return total + whole_weights[i] * surprise(jnp.full_like(low, i))

    def add_node(i: int, total: Array) -> Array:
        k = start * jnp.exp(width * nodes[i])
        return total + weights[i] * width * k * surprise(k)

    total = lax.fori_loop(0, num_whole + 1, add_count, jnp.zeros_like(low))
    return lax.fori_loop(0, len(nodes), add_node, total)


def _gregory(last: int, order: int) -> np.ndarray:
    """What the counts 0..last weigh beside the integral from ``last`` on.

    With the backward difference D the sum beyond exceeds the integral by ``(1/L - 1)/D``, ``L = -log(1 - D)/D``.
    """
    inverse = [1.0]
    for n in range(1, order + 1):
        inverse.append(-sum(inverse[n - j] / (j + 1) for j in range(1, n + 1)))
    weights = np.ones(last + 1)
    for n, c in enumerate(inverse[1:]):
        for i in range(n + 1):
            weights[last - i] += c * (-1) ** i * math.comb(n, i)
    return weights
