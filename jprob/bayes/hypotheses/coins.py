r"""Hypotheses about a coin: a few biases it may have, or exactly one against any other.

References:
    Jeffreys, H. (1961). Theory of Probability, 3rd ed., chapter 5.
    Mitchell, T. and Beauchamp, J. (1988). Bayesian variable selection in linear regression. JASA 83 (spike and slab).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.bayes.conjugate import beta_binomial
from jprob.bayes.conjugate.beta_binomial import BetaParams
from jprob.bayes.hypotheses.discrete import Posterior, check_probs, posterior
from jprob.bayes.inputs import check_counts, refuse
from jprob.density import beta, binomial

__all__ = ["SpikeAndSlab", "coin", "spike_and_slab"]


class SpikeAndSlab(NamedTuple):
    """A coin that may have exactly one bias, or any.

    Attributes:
        prob_null: posterior probability that the bias is exactly the null's, ``(...)``.
        log_bayes_factor: of an unknown bias against the null, in nats, ``(...)``.
        log_evidence: log probability of the counts under both together, ``(...)``.
        slab: the posterior of the bias if it is not the null's.
        mean: posterior mean of the bias, whichever it is, ``(...)``.
    """

    prob_null: Array
    log_bayes_factor: Array
    log_evidence: Array
    slab: BetaParams
    mean: Array


def coin(successes: ArrayLike, trials: ArrayLike, biases: ArrayLike, prior: ArrayLike | None = None) -> Posterior:
    """Which of several biases a coin has.

    Args:
        successes: whole numbers, shape ``(...)``. trials: whole numbers, shape ``(...)``.
        biases: probability of success under each hypothesis, shape ``(..., hypotheses)``.
        prior: probability of each, shape ``(..., hypotheses)``; all alike by default.

    Returns:
        :class:`Posterior`.

    Raises:
        ValueError: impossible counts, biases outside [0, 1], a prior that does not sum to one, counts that no hypothesis
            allows, as far as values are known.

    Example:
        >>> [round(float(p), 4) for p in coin(8, 10, [0.5, 0.7], [0.8, 0.2]).probs]
        [0.4295, 0.5705]
    """
    check_counts(successes, trials)
    if np.ndim(biases) < 1:
        raise ValueError(f"`biases` must have an axis of hypotheses; got {biases}.")
    _check_unit(biases, "biases")
    if prior is None:
        prior = np.full(np.shape(biases)[-1], 1.0 / np.shape(biases)[-1])
    check_probs(prior, "prior")
    k, n, p, prior = promote(successes, trials, biases, prior)
    return posterior(jnp.log(prior), binomial.logpmf(k[..., None], n[..., None], p))


def spike_and_slab(
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    null: ArrayLike = 0.5,
    prob_null: ArrayLike = 0.5,
    slab: tuple[ArrayLike, ArrayLike] = (1.0, 1.0),
) -> SpikeAndSlab:
    """Whether a coin has exactly the bias ``null``, against a Beta prior on any other.

    The answer depends on the slab however many data there are: a vague one favours the null (Lindley's paradox).

    Args:
        successes: whole numbers, shape ``(...)``. trials: whole numbers, shape ``(...)``.
        null: the one bias, in [0, 1]. prob_null: its prior probability. slab: shapes ``(a, b)`` of the alternative.

    Returns:
        :class:`SpikeAndSlab`.

    Raises:
        ValueError: impossible counts or probabilities outside [0, 1], as far as values are known.

    Example:
        >>> found = spike_and_slab(10, 10)  # 1/11 against 1/1024
        >>> round(float(found.prob_null), 6)
        0.010628
    """
    _check_unit(null, "null")
    _check_unit(prob_null, "prob_null")
    posterior_slab = beta_binomial.update(slab, successes, trials)
    evidence = beta_binomial.log_evidence(slab, successes, trials)
    k, n, null, prob_null, evidence = promote(successes, trials, null, prob_null, evidence)
    of_null = binomial.logpmf(k, n, null)
    log_prior = jnp.stack(jnp.broadcast_arrays(jnp.log(prob_null), jnp.log1p(-prob_null)), -1)
    found = posterior(log_prior, jnp.stack(jnp.broadcast_arrays(of_null, evidence), -1))
    prob = found.probs[..., 0]
    mean = prob * null + (1.0 - prob) * beta.mean(*posterior_slab)
    return SpikeAndSlab(prob, evidence - of_null, found.log_evidence, posterior_slab, mean)


def _check_unit(value: ArrayLike, name: str) -> None:
    if concrete(value):
        values = np.asarray(value, float)
        refuse(~((values >= 0) & (values <= 1)), values, f"`{name}` must lie in [0, 1]")
