"""Whether a lane of a fleet can be trusted, and what is wrong where it cannot."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["NOT_RUN", "STATUS", "status"]

Sites = dict[str, Array]

STATUS = ("ok", "few effective draws", "chains disagree", "divergent", "not trusted", "no density", "not run")
"""What a lane's status means, by its number."""

NOT_RUN = STATUS.index("not run")

_FEWEST = 25  # effective draws for each chain
_MOST_DIVERGENT = 0.01
_RARE = 4.265  # normal quantile of one in 100,000


def status(
    mean: Sites,
    effective: tuple[Sites, Sites],
    rhat: Sites,
    stats: Sites,
    trusted: Any,
    num_chains: int,
    num_samples: int,
) -> Array:
    """The gravest of what is wrong, later ones over earlier ones; independent draws have no ``stats`` to judge."""
    fewest = _FEWEST * num_chains
    checks = {
        "few effective draws": ~_all(effective, lambda size: size >= fewest),
        "not trusted": ~jnp.asarray(trusted),
        "no density": ~_all((mean, stats.get("log_density", jnp.zeros(()))), jnp.isfinite),
    }
    if stats:
        limits = jax.tree.map(partial(_largest_rhat, num_chains), effective[0])
        agree = _all(jax.tree.map(jnp.less_equal, rhat, limits), lambda fine: fine)
        checks["chains disagree"] = (num_chains > 1) & ~agree
        checks["divergent"] = jnp.sum(stats["diverging"]) > _MOST_DIVERGENT * num_chains * num_samples
    found = jnp.zeros((), int)
    for number, name in enumerate(STATUS):
        if name in checks:
            found = jnp.where(checks[name], number, found)
    return found


def _all(tree: Any, holds: Callable[[Array], Array]) -> Array:
    return jnp.all(jnp.stack([jnp.all(holds(leaf)) for leaf in jax.tree.leaves(tree)]))


def _largest_rhat(num_chains: int, effective: Array) -> Array:
    """1.01, or what that many independent draws exceed once in 100,000 lanes, at most 1.05."""
    freedom = 2 * num_chains - 1
    w = 2.0 / (9.0 * freedom)
    spread = (1.0 - w + _RARE * math.sqrt(w)) ** 3  # chi-squared over its degrees of freedom, by Wilson and Hilferty
    return jnp.clip(jnp.sqrt(1.0 + (spread - 1.0) * (freedom + 1) / effective), 1.01, 1.05)
