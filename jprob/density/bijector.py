"""Smooth maps between the real line and the range of a parameter, for optimisers and samplers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["BIJECTORS", "Bijector"]


class Bijector(NamedTuple):
    """An increasing map of the real line onto the range of a parameter.

    Attributes:
        forward: from the real line to the range.
        inverse: from the range to the real line.
        log_slope: log of the derivative of ``forward``, at a point of the real line.
    """

    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    log_slope: Callable[[Array], Array]


BIJECTORS = {
    "real": Bijector(lambda u: u, lambda x: x, jnp.zeros_like),
    "positive": Bijector(jnp.exp, jnp.log, lambda u: u),
    "unit_interval": Bijector(
        jax.nn.sigmoid, lambda x: jnp.log(x) - jnp.log1p(-x), lambda u: jax.nn.log_sigmoid(u) + jax.nn.log_sigmoid(-u)
    ),
}
"""By the name of a constraint; a ``"count"`` is known, not estimated, and has none."""
