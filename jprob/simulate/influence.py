r"""How much each row matters to a statistic: its slope in the row's weight.

.. math:: L_i = n \, \frac{\partial T}{\partial w_i} \Big|_{w = 1}, \qquad
    a = \frac{\sum_k n_k^{-3} \sum_i L_{ki}^3}{6 \, (\sum_k n_k^{-2} \sum_i L_{ki}^2)^{3/2}}, \qquad
    \mathrm{se}^2 = \sum_k \frac{1}{n_k^2} \sum_i w_{ki} L_{ki}^2

over the rows i of the samples k: O(n) where a jackknife, which leaves out each row in turn, takes O(n²).

References:
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap, chapters 21 and 22. Chapman & Hall.
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application, sections 2.7 and 5.3. Cambridge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import in_pieces, safe

__all__ = ["acceleration", "influence", "left_out", "standard_error"]

_AT_ONCE = 2**20  # numbers in memory


def influence(statistic: Callable[..., Array], data: Any, weights: Any, strata: Array | None = None) -> list[Array]:
    """Slopes in the weights times n, one array a sample with its rows along the last axis, their weighted mean 0.

    With ``strata``, the label of each row's stratum, the mean is 0 within each.
    """
    slopes = jax.jacrev(lambda w: statistic(data, weights=w))(weights)
    return [
        _centred(n.shape[0] * s, n, strata)
        for s, n in zip(jax.tree.leaves(slopes), jax.tree.leaves(weights), strict=True)
    ]


def left_out(
    statistic: Callable[..., Array], data: Any, weights: Any | None, together: bool, strata: Array | None = None
) -> list[Array]:
    """The same by the jackknife: what the statistic loses, times n − 1, where each row is left out.

    Rows of all arrays go ``together``, or every array is a sample of its own.
    """
    leaves, structure = jax.tree.flatten(data if weights is None else weights)

    def of_sample(place: int) -> Array:
        n = leaves[place].shape[0]
        if n == 1:  # there is no statistic of nothing
            shape = jax.eval_shape(lambda: statistic(data) if weights is None else statistic(data, weights=weights))
            return jnp.zeros((*shape.shape, 1), shape.dtype)

        def without(row: Array) -> Array:
            kept = jnp.arange(n - 1) + (jnp.arange(n - 1) >= row)
            if weights is not None:
                changed = [leaf.at[row].set(0.0) if i == place else leaf for i, leaf in enumerate(leaves)]
                return statistic(data, weights=jax.tree.unflatten(structure, changed))
            changed = [leaf[kept] if together or i == place else leaf for i, leaf in enumerate(leaves)]
            return statistic(jax.tree.unflatten(structure, changed))

        values = in_pieces(without, n, _AT_ONCE // n)
        return _centred(-(n - 1.0) * jnp.moveaxis(values, 0, -1), jnp.ones(n, values.dtype), strata)

    return [of_sample(place) for place in range(1 if together else len(leaves))]


def acceleration(values: list[Array]) -> Array:
    """BCa's acceleration from the influence of the rows of each sample; 0 where it does not vary."""
    size = jnp.stack([jnp.max(jnp.abs(v), -1) / v.shape[-1] for v in values]).max(0)
    unit = [v / v.shape[-1] / safe(size > 0, size, 1.0)[..., None] for v in values]  # cubes would underflow
    square = sum((jnp.sum(u**2, -1) for u in unit), jnp.zeros_like(size))
    cube = sum((jnp.sum(u**3, -1) for u in unit), jnp.zeros_like(size))
    return jnp.where(square > 0, cube / (6.0 * safe(square > 0, square, 1.0) ** 1.5), 0.0)


def standard_error(values: list[Array], weights: Any) -> Array:
    """By the infinitesimal jackknife."""
    pairs = zip(values, jax.tree.leaves(weights), strict=True)
    parts = [jnp.sum(w * v**2, -1) / w.shape[0] ** 2 for v, w in pairs]
    return jnp.sqrt(sum(parts[1:], parts[0]))


def _centred(values: Array, weights: Array, strata: Array | None) -> Array:
    if strata is None:
        return values - jnp.sum(values * weights, -1, keepdims=True) / jnp.sum(weights)
    num = weights.shape[0]  # labels count from 0
    total = jax.ops.segment_sum(weights, strata, num)
    sums = jax.ops.segment_sum(jnp.moveaxis(values * weights, -1, 0), strata, num)
    means = sums / jnp.maximum(total, 1e-30).reshape(-1, *(1,) * (sums.ndim - 1))
    return values - jnp.moveaxis(means[strata], 0, -1)
