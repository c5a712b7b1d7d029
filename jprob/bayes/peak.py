"""The mode of a density and its curvature there: where approximations and samplers begin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.estimate import minimise, newton

__all__ = ["UNSEEN", "Peak", "beyond", "find_peak"]

UNSEEN = 0.005
"""Share of a posterior beyond the reach of draws, along an axis, above which they are not to be trusted."""

_NEAR = 0.01  # posterior standard deviations that Newton's next step would still go


class Peak(NamedTuple):
    """The mode of a density and the shape of its top.

    Attributes:
        mode: shape ``(d,)``. energy: minus the log density there.
        root: Cholesky factor of the curvature, shape ``(d, d)``; the identity where there is none.
        log_det: half its log determinant. spread: inverse of the factor.
        covariance: inverse of the curvature, ``nan`` where there is none.
        converged: a mode was found, and the density falls off in all directions.
    """

    mode: Array
    energy: Array
    root: Array
    log_det: Array
    spread: Array
    covariance: Array
    converged: Array

    def unwhiten(self, z: Array) -> Array:
        """Points of the coordinates in which the top is round, shape ``(..., d)``, in those of the density."""
        return self.mode + z @ self.spread


def find_peak(energy: Callable[[Array], Array], first: Array, max_steps: int = 200) -> Peak:
    """The peak of the density ``exp(-energy)``, by Newton's method from ``first``, shape ``(d,)``."""
    # to the last digit: what is left of the gradient is judged against the curvature
    found = minimise(energy, first, optimizer=newton(), max_steps=max_steps, tolerance=0.0, patience=10)
    assert found.hessian is not None  # of Newton's method
    root = jnp.linalg.cholesky(found.hessian)
    possible, unit = jnp.all(jnp.isfinite(root)), jnp.eye(first.size, dtype=first.dtype)
    root = jnp.where(possible, root, unit)
    spread = jax.scipy.linalg.solve_triangular(root, unit, lower=True)
    step = spread @ jax.grad(energy)(found.params)
    return Peak(
        mode=found.params,
        energy=found.loss,
        root=root,
        log_det=jnp.sum(jnp.log(jnp.diagonal(root))),
        spread=spread,
        covariance=jnp.where(possible, spread.T @ spread, jnp.nan),
        converged=possible & jnp.isfinite(found.loss) & (jnp.linalg.norm(step) < _NEAR),
    )


def beyond(energy: Callable[[Array], Array], centre: Array, spread: Array, reach: float = 4.0) -> Array:
    """The largest share of a density that lies farther from a normal law's centre than ``reach`` deviations, along an axis.

    From height and slope there, as if it fell off exponentially from then on: right for such tails, too much for lighter
    ones. A normal density has about 3e-5 beyond four. Draws of a normal law never see what lies there, nor do weights.

    Args:
        energy: minus the log density. centre: shape ``(d,)``. spread: rows that are the axes, of one deviation each.
    """
    axes = jnp.concatenate([spread, -spread])
    height, slope = jax.vmap(jax.value_and_grad(energy))(centre + reach * axes)
    decay = jnp.sum(slope * axes, -1)
    share = jnp.exp(energy(centre) - height) / (decay * math.sqrt(2.0 * math.pi))
    return jnp.max(jnp.where(decay > 0, share, jnp.inf))
