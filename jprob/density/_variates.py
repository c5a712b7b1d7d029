"""Random variates that several families share: exact in law, fast on CPU, in log space where the dtype would end.

Every function takes a key, the parameters (valid and already of the full shape) and returns draws of that shape.
"""

from __future__ import annotations

import jax
from jax import Array

__all__ = ["log_gamma"]


def log_gamma(key: Array, a: Array) -> Array:
    """Logarithms of Gamma(a, 1) variates, one for each element of ``a``: finite however small ``a`` is."""
    return jax.random.loggamma(key, a, a.shape, a.dtype)
