r"""How strong a prior should be: by what it predicts for held-out data, or by the evidence.

.. math:: \log p(x \mid \tau) \approx \ell(\hat\beta_\tau) + \log\pi_\tau(\hat\beta_\tau)
    + \tfrac p2 \log 2\pi - \tfrac12 \log\det H_\tau \quad \text{(Laplace)}

References:
    MacKay, D. J. C. (1992). Bayesian interpolation. Neural Computation 4.
    Stone, M. (1974). Cross-validatory choice and assessment of statistical predictions. JRSS B 36.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import check_positive_int, promote
from jprob.estimate.model import check_rows
from jprob.estimate.newton import hessian, newton
from jprob.estimate.optimise import minimise

__all__ = ["PriorStrength", "prior_strength"]


class PriorStrength(NamedTuple):
    """Strengths of a prior and what speaks for each.

    Attributes:
        by_validation: the strength with the highest held-out log likelihood. by_evidence: that with the most evidence.
        held_out: log likelihood of each observation by the fit without its fold, summed, shape ``(strengths,)``.
        log_evidence: by Laplace's approximation, shape ``(strengths,)``; only differences mean something if the prior is
            not normalised, and then only if what is left out does not depend on the strength.
        strengths: as given. converged: all fits at that strength, shape ``(strengths,)``.
    """

    by_validation: Array
    by_evidence: Array
    held_out: Array
    log_evidence: Array
    strengths: Array
    converged: Array


def prior_strength(
    key: Array,
    log_likelihood: Callable[[Any, Any], Array],
    init: Any,
    data: Any,
    log_prior: Callable[[Any, Array], Array],
    strengths: ArrayLike,
    *,
    folds: int = 5,
) -> PriorStrength:
    """Compare strengths of a prior by cross-validation and by evidence, all fits in one compiled program.

    Args:
        key: deals the observations into folds.
        log_likelihood, init, data: as in :func:`fit_model`.
        log_prior: ``log_prior(params, strength)``, a scalar, normalised if the evidence is to be compared.
        strengths: shape ``(s,)``. folds: from 2 to the number of observations.

    Returns:
        :class:`PriorStrength`.

    Raises:
        ValueError: no data, missing values, too few or too many folds.
    """
    n = check_rows(data)
    check_positive_int(folds, "folds", 2)
    if folds > n:
        raise ValueError(f"`folds` must not exceed the {n} observations; got {folds}.")
    leaves, treedef = jax.tree.flatten(init)
    strengths, *leaves = promote(strengths, *leaves)
    fold = jax.random.permutation(key, jnp.arange(n) % folds)
    kept = jnp.concatenate([jnp.ones((1, n), bool), fold != jnp.arange(folds)[:, None]])  # all of them first
    return _compared(log_likelihood, log_prior, jax.tree.unflatten(treedef, leaves), data, strengths, kept)


@partial(jax.jit, static_argnames=("log_likelihood", "log_prior"))
def _compared(
    log_likelihood: Callable, log_prior: Callable, init: Any, data: Any, strengths: Array, kept: Array
) -> PriorStrength:
    start, unravel = ravel_pytree(init)

    def one(strength: Array, kept: Array) -> tuple[Array, Array, Array]:
        total = jnp.sum(kept)

        def loss(u: Array) -> Array:
            each = log_likelihood(unravel(u), data)
            return -(jnp.sum(jnp.where(kept, each, 0.0)) + log_prior(unravel(u), strength)) / total

        found = minimise(loss, start, optimizer=newton(), max_steps=200)
        left = jnp.sum(jnp.where(kept, 0.0, log_likelihood(unravel(found.params), data)))
        volume = 0.5 * start.size * math.log(2.0 * math.pi)
        sign, log_det = jnp.linalg.slogdet(total * hessian(loss)(found.params))
        evidence = -total * found.loss + volume - 0.5 * log_det
        return left, jnp.where(sign > 0, evidence, -jnp.inf), found.converged

    left, evidence, converged = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(strengths, kept)
    held_out, log_evidence = jnp.sum(left[:, 1:], 1), evidence[:, 0]
    best, likeliest = strengths[jnp.argmax(held_out)], strengths[jnp.argmax(log_evidence)]
    return PriorStrength(best, likeliest, held_out, log_evidence, strengths, jnp.all(converged, 1))
