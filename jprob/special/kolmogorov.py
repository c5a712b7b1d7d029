r"""Kolmogorov's limiting law: how far an empirical distribution function strays from the true one.

.. math:: \Pr(\sqrt n D_n > x) \to 2 \sum_{k \ge 1} (-1)^{k-1} e^{-2 k^2 x^2}
    = 1 - \frac{\sqrt{2\pi}}{x} \sum_{k \ge 1} e^{-(2k-1)^2 \pi^2 / 8x^2}

The first series is quick above 1, the second below.

References:
    Kolmogorov, A. (1933). Sulla determinazione empirica di una legge di distribuzione. Giorn. Ist. Ital. Attuari 4.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote

__all__ = ["kolmogorov_sf"]

_TERMS = 7


def kolmogorov_sf(x: ArrayLike) -> Array:
    """Survival function of Kolmogorov's limiting law.

    Args:
        x: distance times the root of the number of values, shape ``(...)``.

    Returns:
        Shape ``(...)``: 1 up to where nothing is that near, ``nan`` for ``nan``.

    Example:
        >>> round(float(kolmogorov_sf(1.3581)), 4)  # the 95 % point
        0.05
    """
    (x,) = promote(x)
    k = jnp.arange(1, _TERMS + 1, dtype=x.dtype)
    large, small = jnp.maximum(x, 0.5)[..., None], jnp.clip(x, 0.05, 1.0)[..., None]
    upper = 2.0 * jnp.sum((-1.0) ** (k - 1.0) * jnp.exp(-2.0 * jnp.square(k * large)), -1)
    odd = jnp.square((2.0 * k - 1.0) * math.pi)
    lower = 1.0 - math.sqrt(2 * math.pi) / small[..., 0] * jnp.sum(jnp.exp(-odd / (8.0 * jnp.square(small))), -1)
    return jnp.clip(jnp.where(x < 1.0, lower, upper), 0.0, 1.0)
