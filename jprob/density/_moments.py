"""Weighted moments and quartiles over the last axis, for rough estimates."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import finfo, promote

__all__ = ["moments", "quartiles"]

_ENOUGH = 128  # points for a rough quartile; sorting all of them would cost more than the fit


def moments(x: ArrayLike, weights: ArrayLike | None = None) -> tuple[Array, Array]:
    """Mean and variance, the latter no smaller than what rounding leaves of it."""
    if weights is None:  # a table of equal weights would be read as often as the data
        (x,) = promote(x)
        mean = jnp.mean(x, -1)
        variance = jnp.mean((x - mean[..., None]) ** 2, -1)
    else:
        x, weights = jnp.broadcast_arrays(*promote(x, weights))
        share = weights * (1.0 / jnp.sum(weights, -1, keepdims=True))
        mean = jnp.sum(share * x, -1)
        variance = jnp.sum(share * (x - mean[..., None]) ** 2, -1)
    return mean, jnp.maximum(variance, finfo(x).eps * mean**2 + finfo(x).tiny)


def quartiles(x: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """Lower quartile, median and upper quartile of about a hundred of the points, shape ``(3, ...)``."""
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    stride = -(-x.shape[-1] // _ENOUGH)
    x, weights = x[..., ::stride], weights[..., ::stride]
    order = jnp.argsort(x, -1)
    mass = jnp.cumsum(jnp.take_along_axis(weights, order, -1), -1)
    places = jnp.stack([jnp.argmax(mass >= q * mass[..., -1:], -1) for q in (0.25, 0.5, 0.75)])
    return jnp.take_along_axis(jnp.take_along_axis(x, order, -1)[None], places[..., None], -1)[..., 0]
