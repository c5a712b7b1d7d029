"""Maps of logits of many classes by least log loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from jprob import estimate
from jprob.calibrate._inputs import Rows

__all__ = ["least_log_loss", "of_classes"]

_NEWTON = 64  # parameters; beyond, the Hessian costs more than the steps it saves
_MOST_STEPS = 300


def of_classes(rows: Rows) -> Rows:
    """Refuse log odds, which have no classes to tell apart."""
    if rows.scores.ndim != 2:
        raise ValueError(f"`logits` must have shape (n, k); got {rows.scores.shape}: `platt` is for log odds.")
    return rows


def least_log_loss(
    rows: Rows, logits: Callable[[Any, Array], Array], same: Any, penalty: Array
) -> tuple[Any, Array, Array]:
    """Parameters, whether the optimum was found, and whether there is none; ``same`` is the identity."""
    z, y, w = rows
    w = jnp.broadcast_to(w, y.shape)
    total = jnp.sum(w)
    scale = jnp.max(jnp.where(w[:, None] > 0, jnp.abs(z), 0.0))
    scale = jnp.where(scale > 0, scale, 1.0)
    identity, unravel = ravel_pytree(same)

    def loss(u: Array) -> Array:
        """In units in which the logits are at most one, so that scales and shifts weigh alike."""
        found = logits(_scaled(unravel(u), 1.0 / scale), z)
        came = jnp.take_along_axis(found, y[:, None], 1)[:, 0]
        each = jax.nn.logsumexp(found, 1) - came
        away = ravel_pytree(_scaled(unravel(u), 1.0 / scale))[0] - identity
        return jnp.sum(w * each) / total + penalty * jnp.mean(away**2)

    start = ravel_pytree(_scaled(same, scale))[0]
    newton = estimate.newton() if start.size <= _NEWTON else None
    found = estimate.minimise(loss, start, optimizer=newton, max_steps=_MOST_STEPS)
    top = jnp.max(z, 1)
    right = jnp.all((w == 0) | (jnp.take_along_axis(z, y[:, None], 1)[:, 0] >= top)) & (penalty == 0)
    spread = jnp.any((w > 0) & (jnp.min(z, 1) < top))
    none = right & spread
    params = _scaled(unravel(found.params), 1.0 / scale)
    params = jax.tree.map(lambda a, b: jnp.where(none, a, b), same, params)
    return params, found.converged & ~none, none | ~found.converged


def _scaled(params: tuple[Array, Array], factor: Array | float) -> tuple[Array, Array]:
    return params[0] * factor, params[1]
