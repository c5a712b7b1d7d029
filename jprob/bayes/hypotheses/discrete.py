r"""Bayes' rule over a list of hypotheses, in log space.

.. math:: P(H_i \mid x) = \frac{P(H_i)\, p(x \mid H_i)}{\sum_j P(H_j)\, p(x \mid H_j)}

Log likelihoods enter less their largest, so that those of −10⁵ cost the prior no digit. Everything broadcasts, jits, vmaps
and differentiates. Values known on the host are checked; in a traced lane data that are impossible under every
hypothesis give ``nan`` probabilities and a log evidence of −inf.

References:
    Jaynes, E. T. (2003). Probability Theory: The Logic of Science, chapter 4.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jprob._array import concrete, finfo, promote
from jprob.bayes.inputs import check_shapes

__all__ = ["Posterior", "check_probs", "log_bayes_factors", "path", "posterior"]


class Posterior(NamedTuple):
    """How probable each hypothesis is after the data.

    Attributes:
        probs: shape ``(..., hypotheses)``, sum one; ``nan`` where no hypothesis allows the data.
        log_evidence: log probability of the data under all hypotheses together, ``(...)``.
        log_probs: logarithms of ``probs``, also where those underflow, ``(..., hypotheses)``.
        possible: at least one hypothesis with prior probability allows the data, ``(...)``.
    """

    probs: Array
    log_evidence: Array
    log_probs: Array
    possible: Array


def posterior(log_prior: ArrayLike, log_likelihood: ArrayLike) -> Posterior:
    """Probabilities of hypotheses after the data.

    A hypothesis without prior probability gets none, whatever its likelihood. A constant may be left out of the
    likelihoods; then it is missing from the evidence too.

    Args:
        log_prior: log probabilities, −inf allowed, that sum to one, shape ``(..., hypotheses)``.
        log_likelihood: log probability or density of the data under each, shape ``(..., hypotheses)``.

    Returns:
        :class:`Posterior`.

    Raises:
        ValueError: a prior that does not sum to one, data impossible under every hypothesis, missing values, as far as
            values are known.

    Example:
        >>> found = posterior(jnp.log(jnp.asarray([0.01, 0.99])), jnp.log(jnp.asarray([0.90, 0.05])))
        >>> [round(float(p), 4) for p in found.probs]
        [0.1538, 0.8462]
    """
    _check(log_prior, log_likelihood)
    return _posterior(*promote(log_prior, log_likelihood))


def path(log_prior: ArrayLike, log_likelihood: ArrayLike) -> Posterior:
    """Probabilities of hypotheses after each of a sequence of observations, independent given the hypothesis.

    Args:
        log_prior: log probabilities that sum to one, shape ``(..., hypotheses)``.
        log_likelihood: of each observation under each hypothesis, shape ``(..., observations, hypotheses)``.

    Returns:
        :class:`Posterior` of shapes ``(..., observations, hypotheses)`` and ``(..., observations)``: the last is what
        :func:`posterior` says of all observations together, and none depends on the order of those before it.

    Raises:
        ValueError: as :func:`posterior`.

    Example:
        >>> heads = jnp.log(jnp.asarray([0.5, 1.0]))  # a fair coin, one with two heads
        >>> found = path(jnp.log(jnp.asarray([0.5, 0.5])), jnp.stack([heads, heads]))
        >>> [round(float(p), 4) for p in found.probs[:, 0]]
        [0.3333, 0.2]
    """
    if np.ndim(log_likelihood) < 2:
        raise ValueError(
            f"`log_likelihood` must have shape (..., observations, hypotheses); got {np.shape(log_likelihood)}."
        )
    log_prior, log_likelihood = promote(log_prior, log_likelihood)
    so_far = jnp.cumsum(log_likelihood, -2)
    _check(log_prior[..., None, :], so_far)
    return _posterior(log_prior[..., None, :], so_far)


def log_bayes_factors(log_likelihood: ArrayLike, reference: int = 0) -> Array:
    """How many times better each hypothesis predicted the data than the one of reference, in logarithms.

    Args:
        log_likelihood: shape ``(..., hypotheses)``. reference: index of the hypothesis to compare with.

    Returns:
        Shape ``(..., hypotheses)``, 0 for the reference; ``nan`` where both exclude the data.

    Example:
        >>> [round(float(b), 4) for b in log_bayes_factors([0.0, 0.6931])]
        [0.0, 0.6931]
    """
    (log_likelihood,) = promote(log_likelihood)
    return log_likelihood - log_likelihood[..., reference, None]


def check_probs(probs: ArrayLike, name: str, of: str = "hypotheses") -> None:
    """Raise ``ValueError`` unless probabilities along the last axis are non-negative and sum to one."""
    if np.ndim(probs) < 1 or np.shape(probs)[-1] == 0:
        raise ValueError(f"`{name}` must have an axis of {of}; got shape {np.shape(probs)}.")
    if concrete(probs):
        values = np.asarray(probs, float)
        if not (values >= 0).all():
            raise ValueError(f"`{name}` must be probabilities of at least 0; got {values[~(values >= 0)][0]:g}.")
        _check_sum(values.sum(-1), name, of)


def _check_sum(total: np.ndarray, name: str, of: str = "hypotheses") -> None:
    wrong = ~(np.abs(total - 1.0) < 1e-5)
    if wrong.any():
        raise ValueError(f"`{name}` must sum to one over the {of}; got {np.atleast_1d(total[wrong])[0]:.7g}.")


def _check(log_prior: ArrayLike, log_likelihood: ArrayLike) -> None:
    for name, values in (("log_prior", log_prior), ("log_likelihood", log_likelihood)):
        if np.ndim(values) < 1 or np.shape(values)[-1] == 0:
            raise ValueError(f"`{name}` must have an axis of at least one hypothesis; got shape {np.shape(values)}.")
        if concrete(values):
            values = np.asarray(values, float)
            bad = np.isnan(values) | (values == np.inf)
            if bad.any():
                raise ValueError(f"`{name}` must be finite or -inf; got {values[bad][0]:g}.")
    if np.shape(log_prior)[-1] != np.shape(log_likelihood)[-1]:
        raise ValueError(
            "`log_likelihood` must have one value for each hypothesis of `log_prior`; "
            f"got {np.shape(log_likelihood)[-1]} for {np.shape(log_prior)[-1]}."
        )
    check_shapes(log_prior=log_prior, log_likelihood=log_likelihood)
    if concrete(log_prior):
        _check_sum(np.exp(np.asarray(log_prior, float)).sum(-1), "log_prior")
    if concrete(log_prior, log_likelihood):
        joint = np.asarray(log_prior, float) + np.asarray(log_likelihood, float)
        impossible = (joint == -np.inf).all(-1)
        if impossible.any():
            where = ", ".join(str(i) for i in np.argwhere(np.atleast_1d(impossible))[0]) if joint.ndim > 1 else ""
            raise ValueError(
                "`log_likelihood` must allow the data under at least one hypothesis with prior probability; "
                f"got -inf for all{' at index ' + where if where else ''}."
            )


def _posterior(log_prior: Array, log_likelihood: Array) -> Posterior:
    log_prior, log_likelihood = jnp.broadcast_arrays(log_prior, log_likelihood)
    alive = log_prior > -jnp.inf
    largest = jnp.max(jnp.where(alive, log_likelihood, -jnp.inf), -1, keepdims=True)
    shift = lax.stop_gradient(jnp.where(jnp.isfinite(largest), largest, 0.0))
    joint = jnp.where(alive, log_prior + (log_likelihood - shift), -jnp.inf)
    total = logsumexp(joint, -1, keepdims=True)
    slack = 16.0 * finfo(joint).eps * joint.shape[-1]
    sums = jnp.abs(jnp.expm1(logsumexp(log_prior, -1))) <= jnp.maximum(slack, 1e-5)
    possible = total[..., 0] > -jnp.inf
    usable = (possible & sums)[..., None]
    log_probs = joint - jnp.where(usable, total, 0.0)
    # the exponential of a number: compiled, that of nan may not be nan
    probs, log_probs = (jnp.where(usable, v, jnp.nan) for v in (jnp.exp(log_probs), log_probs))
    log_evidence = jnp.where(sums, (shift + total)[..., 0], jnp.nan)
    return Posterior(probs, log_evidence, log_probs, possible)
