r"""The trapezoidal rule and the running integrals that go with it.

On equidistant nodes an integrand that is analytic and dies out at both ends is integrated with spectral accuracy by
plain summation. Its running integral is summation and the Euler–Maclaurin correction by central differences,

.. math:: \int_{-\infty}^{s_i} g \approx h \Bigl[\sum_{j<i} g_j + \tfrac12 g_i + \sum_{m=1}^{r} c_m (g_{i-m} - g_{i+m})\Bigr],
          \qquad \sum_m c_m m^{2k-1} = \frac{B_{2k}}{4k}, \quad k = 1 \dots r.

Only neighbours enter the correction, so that a small tail keeps its relative accuracy from either end.
"""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

__all__ = ["equidistant", "from_above", "from_below"]

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730)  # B_2, B_4, …


def equidistant(begin: Array, end: Array, num_nodes: int) -> tuple[Array, Array]:
    """Nodes from ``begin`` to ``end``, of shape ``(lanes,)``, along a new first axis, and their distance."""
    unit = np.linspace(0.0, 1.0, num_nodes).reshape(-1, *[1] * begin.ndim)
    return begin + (end - begin) * jnp.asarray(unit, begin.dtype), (end - begin) / (num_nodes - 1)


def from_below(g: Array) -> Array:
    """Integral of ``g`` from the left end up to each node, in units of the step.

    Args:
        g: values at the nodes, zero beyond them, shape ``(nodes, ...)``.

    Returns:
        Shape ``(nodes, ...)``; at a coarse node it may fall below zero, and that error cancels in a sum over the nodes.
    """
    return _apply(_matrix(g.shape[0]), g)


def from_above(g: Array) -> Array:
    """Integral of ``g`` from each node up to the right end; the mirror image of :func:`from_below`."""
    return _apply(_matrix(g.shape[0])[::-1, ::-1], g)


def _apply(matrix: np.ndarray, g: Array) -> Array:
    flat = g.reshape(g.shape[0], -1)
    return jnp.matmul(jnp.asarray(matrix, g.dtype), flat, precision=lax.Precision.HIGHEST).reshape(g.shape)


@cache
def _matrix(num_nodes: int) -> np.ndarray:
    """Row i holds the weights of the running integral up to node i."""
    m = np.arange(1, len(_BERNOULLI) + 1)
    powers = m[None, :] ** (2.0 * m[:, None] - 1.0)
    corrections = np.linalg.solve(powers, np.array(_BERNOULLI) / (4.0 * m))
    matrix = np.tril(np.ones((num_nodes, num_nodes)), -1) + 0.5 * np.eye(num_nodes)
    for offset, c in zip(m, corrections, strict=True):
        matrix += c * (np.eye(num_nodes, k=-offset) - np.eye(num_nodes, k=offset))
    return matrix
