r"""Generalised factorials :math:`z! = \Gamma(z + 1)` at real ``z >= 0``, less what is large in them.

A count's log probability is a sum of terms of one sign, so plain floats keep its digits (Loader 2000). Each function
leaves out half the logarithm of :func:`volume`, for the caller to collect in one logarithm, where they may cancel.
Stirling's formula is singular at 0: below one its place is taken by log Γ(1 + z), and by the chord in ``z`` of the rest.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from jprob.special.saddle import plain_deviance
from jprob.special.stirling import lgamma1p_series, stirling_series


def volume(z: Array) -> Array:
    """``2 π z``, the square of what Stirling's formula multiplies by; one below ``z = 1``."""
    return jnp.where(z < 1.0, 1.0, 2.0 * math.pi * z)


def _rest(z: Array, w: Array, raised: Array) -> Array:
    return jnp.where(z < 1.0, w + lgamma1p_series(w), stirling_series(raised))


def factorial_rest(z: Array) -> Array:
    """``log z! − z log z + z`` for real ``z >= 0``."""
    w, raised = jnp.minimum(z, 1.0), jnp.maximum(z, 1.0)
    return _rest(z, w, raised) - w * jnp.log(jnp.maximum(w, jnp.finfo(w.dtype).tiny))


def count_rest(z: Array, mean: Array, difference: Array) -> Array:
    """``log z! − z log(mean) + mean``, a Poisson's log probability but for its sign.

    Args:
        z: real, non-negative. mean: non-negative. difference: ``z − mean``, with full relative accuracy.
    """
    w, raised = jnp.minimum(z, 1.0), jnp.maximum(z, 1.0)
    bent = w * plain_deviance(raised, mean, difference + (raised - z))
    return _rest(z, w, raised) + jnp.where(z > 0.0, bent + (1.0 - w) * mean, mean)
