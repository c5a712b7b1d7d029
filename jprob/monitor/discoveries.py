r"""Many p-values at once: which to believe, with the share of false discoveries held.

.. math:: q_{(k)} = \min_{j \ge k} \frac{c\, K}{j}\, p_{(j)}

with c = 1 for Benjamini and Hochberg (independent or positively dependent tests) and ``c = 1 + 1/2 + … + 1/K`` for Benjamini
and Yekutieli (any dependence).

References:
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57.
    Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate under dependency. Annals of Statistics 29.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise

__all__ = ["benjamini_hochberg", "benjamini_yekutieli"]


@elementwise
def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """The smallest false discovery rate at which each test is a discovery.

    Args:
        p_values: shape ``(..., tests)``.

    Returns:
        Adjusted p-values, the same shape.

    Example:
        >>> [round(float(q), 4) for q in benjamini_hochberg([0.01, 0.04, 0.03])]
        [0.03, 0.04, 0.04]
    """
    return _adjusted(jnp.asarray(p_values), 1.0)


@elementwise
def benjamini_yekutieli(p_values: ArrayLike) -> Array:
    """The same whatever the tests have to do with each other.

    Args:
        p_values: shape ``(..., tests)``.

    Returns:
        Adjusted p-values, the same shape.

    Example:
        >>> [round(float(q), 4) for q in benjamini_yekutieli([0.01, 0.04])]  # 1 + 1/2 times as large
        [0.03, 0.06]
    """
    p = jnp.asarray(p_values)
    return _adjusted(p, float(np.sum(1.0 / np.arange(1.0, p.shape[-1] + 1.0))))


def _adjusted(p: Array, times: float) -> Array:
    num = p.shape[-1]
    order = jnp.argsort(p, -1)
    rank = jnp.arange(1, num + 1, dtype=p.dtype)
    raw = times * num * jnp.take_along_axis(p, order, -1) / rank
    least = jnp.flip(jnp.minimum.accumulate(jnp.flip(raw, -1), axis=-1), -1)
    back = jnp.argsort(order, -1)
    return jnp.minimum(jnp.take_along_axis(least, back, -1), 1.0)
