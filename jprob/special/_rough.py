"""A quantile good enough to start from."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def normal_quantile(log_p: Array) -> Array:
    """Standard normal quantile of ``exp(log_p) <= 1/2`` to three digits (Abramowitz and Stegun 1964, 26.2.23)."""
    t = jnp.sqrt(-2.0 * log_p)
    return (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
