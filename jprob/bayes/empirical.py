r"""Empirical Bayes: the prior that many groups share, found where the evidence is largest, and each group's posterior.

.. math:: (\hat a, \hat b) = \arg\max_{a, b} \sum_i \log p(x_i \mid a, b)

Each group is then shrunk towards the others by as much as they are alike. The hyperparameters are taken as known
afterwards, which makes intervals of few groups too short.

References:
    Robbins, H. (1956). An empirical Bayes approach to statistics. Third Berkeley Symposium.
    Efron, B. and Morris, C. (1975). Data analysis using Stein's estimator and its generalizations. JASA 70.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.bayes import log_odds
from jprob.bayes.conjugate import beta_binomial, gamma_poisson
from jprob.bayes.inputs import check_counts, check_shapes
from jprob.density import binomial, poisson
from jprob.estimate import minimise, newton
from jprob.estimate.newton import hessian

__all__ = ["EmpiricalBayes", "fit_beta", "fit_gamma"]

_CLOSE = 1e4  # a prior so many times stronger than the largest group is that all groups are the same
_GAIN = 1e-3  # nats of evidence that groups that differ must be worth


class EmpiricalBayes(NamedTuple):
    """A prior learned from many groups, and what it makes of each.

    Attributes:
        prior: its hyperparameters, ``(...)``.
        standard_error: of the hyperparameters, from the curvature of the evidence, same structure.
        posterior: of each group, ``(..., groups)``.
        log_evidence: of all groups at the optimum, ``(...)``.
        log_evidence_pooled: if all groups were the same, ``(...)``.
        at_boundary: the groups differ no more than chance makes them, or nothing or everything happened: the strength
            of the prior only says "large" (or "small"), and its standard error is infinite.
        converged: the search ended where the evidence is flat, ``(...)``.
    """

    prior: Any
    standard_error: Any
    posterior: Any
    log_evidence: Array
    log_evidence_pooled: Array
    at_boundary: Array
    converged: Array


def fit_beta(successes: ArrayLike, trials: ArrayLike) -> EmpiricalBayes:
    """The beta prior that groups of trials share.

    Args:
        successes: whole numbers, shape ``(..., groups)``. trials: whole numbers, shape ``(..., groups)``; a group without
            any says nothing.

    Returns:
        :class:`EmpiricalBayes` with :class:`~jprob.bayes.conjugate.beta_binomial.BetaParams`.

    Raises:
        ValueError: impossible counts or fewer than two groups, as far as values are known.

    Example:
        >>> found = fit_beta([1, 3, 9, 7, 5, 2, 8, 5], [10] * 8)
        >>> round(float(found.prior.a / (found.prior.a + found.prior.b)), 2)  # the mean of all
        0.5
    """
    check_counts(successes, trials)
    k, n = jnp.broadcast_arrays(*promote(successes, trials))
    _check_groups(k)
    found = _over_batches(_fit_beta, k, n)
    return found._replace(posterior=_in_groups(beta_binomial.update, found.prior, k, n))


def fit_gamma(events: ArrayLike, exposure: ArrayLike) -> EmpiricalBayes:
    """The gamma prior that the rates of groups share.

    Args:
        events: whole numbers, shape ``(..., groups)``. exposure: positive, shape ``(..., groups)``.

    Returns:
        :class:`EmpiricalBayes` with :class:`~jprob.bayes.conjugate.gamma_poisson.GammaParams`.

    Raises:
        ValueError: impossible counts, exposures that are not positive or fewer than two groups, as far as values are
            known.

    Example:
        >>> found = fit_gamma([1, 9, 3, 12, 0, 5], [1.0] * 6)
        >>> round(float(found.prior.a / found.prior.b), 2)  # the mean of all
        5.0
    """
    if concrete(exposure) and not (np.asarray(exposure, float) > 0).all():
        raise ValueError(f"`exposure` must be positive; got {np.min(np.asarray(exposure, float)):g}.")
    check_shapes(events=events, exposure=exposure)
    k, t = jnp.broadcast_arrays(*promote(events, exposure))
    _check_groups(k)
    posterior = gamma_poisson.update((1.0, 1.0), k, t)  # checks the counts
    found = _over_batches(_fit_gamma, k, t + 0.0 * posterior.a)
    return found._replace(posterior=_in_groups(gamma_poisson.update, found.prior, k, t))


def _check_groups(x: Array) -> None:
    if x.ndim < 1 or x.shape[-1] < 2:
        raise ValueError(f"`groups` along the last axis must be at least two; got shape {x.shape}.")


def _over_batches(fit: Callable[[Array, Array], EmpiricalBayes], x: Array, size: Array) -> EmpiricalBayes:
    batch = x.shape[:-1]
    found = fit(x.reshape(-1, x.shape[-1]), size.reshape(-1, x.shape[-1]))
    return jax.tree.map(lambda v: v.reshape(batch), found)


def _in_groups(update: Callable[..., Any], prior: Any, x: Array, size: Array) -> Any:
    return update(tuple(v[..., None] for v in prior), x, size)


@jax.jit
@jax.vmap
def _fit_beta(k: Array, n: Array) -> EmpiricalBayes:
    total, all_ = jnp.sum(k), jnp.maximum(jnp.sum(n), 1.0)
    mean = (total + 0.5) / (all_ + 1.0)
    spread = jnp.sum(n * jnp.square(k / jnp.maximum(n, 1.0) - mean)) / all_ - mean * (1.0 - mean) * k.size / all_
    strength = jnp.clip(mean * (1.0 - mean) / jnp.maximum(spread, 1e-9) - 1.0, 1.0, 10.0 * jnp.max(n) + 10.0)
    most = jnp.log(_CLOSE * (all_ + 1.0))

    def params(u: Array) -> beta_binomial.BetaParams:
        m, s = jnp.clip(u[0], -most, most), jnp.exp(_strength(u[1], n))
        return beta_binomial.BetaParams(s * jax.nn.sigmoid(m), s * jax.nn.sigmoid(-m))

    start = jnp.stack([jnp.log(mean) - jnp.log1p(-mean), jnp.log(strength)])
    extreme = jnp.all((k == 0) | (k == n))  # nothing or everything, in each group: the weakest prior is the best
    pooled = jnp.sum(binomial.logpmf(k, n, total / all_))
    evidence = partial(log_odds.beta_binomial_logpmf, k, n)
    return _search(lambda p: jnp.sum(jnp.where(n > 0, evidence(*p), 0.0)), params, start, pooled, extreme, k.size)


@jax.jit
@jax.vmap
def _fit_gamma(k: Array, t: Array) -> EmpiricalBayes:
    total, all_ = jnp.sum(k), jnp.sum(t)
    mean = (total + 0.5) / all_
    spread = jnp.sum(t * jnp.square(k / t - mean)) / all_ - mean * k.size / all_
    strength = jnp.clip(mean / jnp.maximum(spread, 1e-9 * mean * mean), 0.01 * jnp.min(t), 10.0 * jnp.max(t))
    low = jnp.log(mean) - jnp.log(_CLOSE * (total + 1.0))

    def params(u: Array) -> gamma_poisson.GammaParams:
        b = jnp.exp(_strength(u[1], t))
        return gamma_poisson.GammaParams(jnp.exp(jnp.maximum(u[0], low)) * b, b)

    start = jnp.stack([jnp.log(mean), jnp.log(strength)])
    pooled = jnp.sum(poisson.logpmf(k, t * (total / all_)))
    return _search(lambda p: jnp.sum(gamma_poisson.log_evidence(p, k, t)), params, start, pooled, total == 0, k.size)


def _strength(log_strength: Array, sizes: Array) -> Array:
    """Held where a change is of no consequence any more: there the slope is zero and the search at its end."""
    largest = jnp.log(jnp.max(sizes) + jnp.finfo(sizes.dtype).tiny)
    return jnp.clip(log_strength, largest - jnp.log(_CLOSE) - 10.0, largest + jnp.log(_CLOSE))


def _search(
    log_evidence: Callable[[Any], Array],
    params: Callable[[Array], Any],
    start: Array,
    pooled: Array,
    extreme: Array,
    num_groups: int,
) -> EmpiricalBayes:
    found = minimise(lambda u: -log_evidence(params(u)) / num_groups, start, optimizer=newton(), max_steps=100)
    u, best = found.params, -found.loss * num_groups
    curvature = hessian(lambda u: -log_evidence(params(u)))(u)
    slopes = jax.jacfwd(lambda u: jnp.stack(params(u)))(u)
    covariance = slopes @ jnp.linalg.inv(curvature) @ slopes.T
    prior = params(u)
    boundary = extreme | (best - pooled < _GAIN)
    error = type(prior)(*jnp.where(boundary, jnp.inf, jnp.sqrt(jnp.diagonal(covariance))))
    return EmpiricalBayes(prior, error, (), best, pooled, boundary, found.converged)
