"""Smooth maps between the real line and the range of a parameter, for optimisers and samplers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["BIJECTORS", "Bijector"]


class Bijector(NamedTuple):
    """A smooth map of the real line, or of a real space, onto the range of a parameter; on the line it increases.

    Attributes:
        forward: from the real line to the range.
        inverse: from the range to the real line.
        log_slope: log of the derivative of ``forward``, at a point of the real line; for vectors of the volume.
    """

    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    log_slope: Callable[[Array], Array]


def _shares(u: Array) -> Array:
    """Probabilities with log odds ``u`` against one more outcome, which has the last place."""
    return jax.nn.softmax(jnp.concatenate([u, jnp.zeros_like(u[..., :1])], -1), -1)


def _log_volume(u: Array) -> Array:
    return jnp.sum(jnp.log(_shares(u)), -1)


BIJECTORS = {
    "real": Bijector(lambda u: u, lambda x: x, jnp.zeros_like),
    "positive": Bijector(jnp.exp, jnp.log, lambda u: u),
    "unit_interval": Bijector(
        jax.nn.sigmoid, lambda x: jnp.log(x) - jnp.log1p(-x), lambda u: jax.nn.log_sigmoid(u) + jax.nn.log_sigmoid(-u)
    ),
    "positive_vector": Bijector(jnp.exp, jnp.log, lambda u: jnp.sum(u, -1)),
    "masses": Bijector(
        lambda u: _shares(u)[..., :-1], lambda x: jnp.log(x) - jnp.log1p(-jnp.sum(x, -1, keepdims=True)), _log_volume
    ),
    "simplex": Bijector(_shares, lambda x: jnp.log(x[..., :-1]) - jnp.log(x[..., -1:]), _log_volume),
}
"""By the name of a constraint; a ``"count"`` is known, not estimated, and has none."""
