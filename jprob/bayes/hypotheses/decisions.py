r"""What to do when hypotheses have probabilities and actions have losses, and what it would be worth to know more.

.. math:: a^* = \arg\min_a \sum_i P(H_i)\, L(H_i, a)

References:
    Raiffa, H. and Schlaifer, R. (1961). Applied Statistical Decision Theory.
    Berger, J. (1985). Statistical Decision Theory and Bayesian Analysis, 2nd ed., chapter 1.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.bayes.hypotheses.discrete import check_probs
from jprob.bayes.inputs import refuse

__all__ = ["Decision", "bayes_action", "expected_loss", "value_of_perfect_information", "value_of_sample_information"]


class Decision(NamedTuple):
    """The action with the smallest expected loss.

    Attributes:
        action: its index, the first of equals, ``(...)``.
        expected_loss: what it is expected to cost, ``(...)``.
        expected_losses: of every action, ``(..., actions)``.
    """

    action: Array
    expected_loss: Array
    expected_losses: Array


def expected_loss(probs: ArrayLike, loss: ArrayLike) -> Array:
    """What each action is expected to cost.

    Args:
        probs: of the hypotheses, shape ``(..., hypotheses)``.
        loss: of each action if each hypothesis is true, shape ``(..., hypotheses, actions)``; gains are negative losses.

    Returns:
        Shape ``(..., actions)``.

    Raises:
        ValueError: probabilities that do not sum to one, missing losses, shapes that do not fit.

    Example:
        >>> expected_loss([0.75, 0.25], [[0.0, 1.0], [8.0, 2.0]]).tolist()
        [2.0, 1.25]
    """
    _check(probs, loss)
    probs, loss = promote(probs, loss)
    return _expected(probs, loss)


def bayes_action(probs: ArrayLike, loss: ArrayLike) -> Decision:
    """The action with the smallest expected loss.

    Args:
        probs: of the hypotheses, shape ``(..., hypotheses)``. loss: shape ``(..., hypotheses, actions)``.

    Returns:
        :class:`Decision`.

    Raises:
        ValueError: as :func:`expected_loss`.

    Example:
        >>> found = bayes_action([0.75, 0.25], [[0.0, 1.0], [8.0, 2.0]])
        >>> int(found.action), float(found.expected_loss)
        (1, 1.25)
    """
    losses = expected_loss(probs, loss)
    return Decision(jnp.argmin(losses, -1), jnp.min(losses, -1), losses)


def value_of_perfect_information(probs: ArrayLike, loss: ArrayLike) -> Array:
    """What it would be worth to be told which hypothesis is true: an upper bound for any study.

    Args:
        probs: of the hypotheses, shape ``(..., hypotheses)``. loss: shape ``(..., hypotheses, actions)``.

    Returns:
        Shape ``(...)``, never negative.

    Raises:
        ValueError: as :func:`expected_loss`.

    Example:
        >>> float(value_of_perfect_information([0.75, 0.25], [[0.0, 1.0], [8.0, 2.0]]))  # 1.25 - 2 / 4
        0.75
    """
    _check(probs, loss)
    probs, loss = promote(probs, loss)
    regret = loss - jnp.min(loss, -1, keepdims=True)  # the loss that knowing would have saved: no cancellation
    return jnp.min(_expected(probs, regret), -1)


def value_of_sample_information(probs: ArrayLike, likelihood: ArrayLike, loss: ArrayLike) -> Array:
    """What it is worth to see data before acting, on average over what they may turn out to be; costs not included.

    Args:
        probs: of the hypotheses, shape ``(..., hypotheses)``.
        likelihood: probability of each outcome under each hypothesis, shape ``(..., hypotheses, outcomes)``.
        loss: shape ``(..., hypotheses, actions)``.

    Returns:
        Shape ``(...)``, never negative and never above :func:`value_of_perfect_information`.

    Raises:
        ValueError: as :func:`expected_loss`; a likelihood that does not sum to one over the outcomes.

    Example:
        >>> loss = [[0.0, 1.0], [8.0, 2.0]]
        >>> float(value_of_sample_information([0.75, 0.25], [[1.0, 0.0], [0.0, 1.0]], loss))  # tells all
        0.75
    """
    _check(probs, loss)
    check_probs(likelihood, "likelihood", "outcomes")
    if np.ndim(likelihood) < 2 or np.shape(likelihood)[-2] != np.shape(probs)[-1]:
        raise ValueError(
            f"`likelihood` must have shape (..., {np.shape(probs)[-1]}, outcomes); got {np.shape(likelihood)}."
        )
    probs, likelihood, loss = promote(probs, likelihood, loss)
    regret = loss - jnp.min(loss, -1, keepdims=True)
    joint = probs[..., None] * likelihood
    after = jnp.sum(jnp.min(_expected(jnp.swapaxes(joint, -1, -2), regret[..., None, :, :]), -1), -1)
    return jnp.maximum(jnp.min(_expected(probs, regret), -1) - after, 0.0)


def _expected(probs: Array, loss: Array) -> Array:
    """Hypotheses of probability zero cost nothing, however terrible."""
    weight = probs[..., None]
    return jnp.sum(jnp.where(weight == 0, 0.0, weight * loss), -2)


def _check(probs: ArrayLike, loss: ArrayLike) -> None:
    check_probs(probs, "probs")
    if np.ndim(loss) < 2 or np.shape(loss)[-2] != np.shape(probs)[-1]:
        raise ValueError(f"`loss` must have shape (..., {np.shape(probs)[-1]}, actions); got {np.shape(loss)}.")
    if concrete(loss):
        values = np.asarray(loss, float)
        refuse(np.isnan(values), values, "`loss` must have no missing values")
