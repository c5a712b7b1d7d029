r"""Laws over a partition: total probability, and Bayes.

.. math:: P(E) = \sum_i P(B_i) P(E \mid B_i), \qquad P(B_i \mid E) = \frac{P(B_i) P(E \mid B_i)}{P(E)}

References:
    Feller, W. (1968). An Introduction to Probability Theory and Its Applications, vol. 1, section 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, concrete, finfo, promote
from jprob.event._masses import largest, over, total
from jprob.event.probability import conditional, prob
from jprob.event.spaces import Event, Space, mask

__all__ = ["bayes", "partition", "total_probability"]


def partition(space: Space, parts: Sequence[Event] | Array) -> tuple[Array, ...]:
    """Events that are disjoint and cover the space, checked if they are known.

    Args:
        space: the space. parts: masks or predicates, or an array with the masks on its first axis.

    Returns:
        The masks.

    Raises:
        ValueError: an outcome that lies in no part or in several.

    Example:
        >>> from jprob import event
        >>> die = event.space(range(1, 7))
        >>> len(partition(die, [lambda f, r=r: f % 3 == r for r in range(3)]))
        3
    """
    masks = tuple(mask(space, part) for part in parts)
    if not masks:
        raise ValueError("`parts` must not be empty; got none.")
    if concrete(*masks):
        times = np.sum(np.broadcast_arrays(*(np.asarray(part, int) for part in masks)), 0)
        if (bad := np.argwhere(times != 1)).size:
            index = tuple(bad[0].tolist())
            raise ValueError(
                f"`parts` must be disjoint and cover the space; got outcome {index[-1]} in {times[index]} parts."
            )
    return masks


@overload
def total_probability(prior: Space, likelihood: Event, parts: Sequence[Event] | Array) -> Array: ...
@overload
def total_probability(prior: ArrayLike, likelihood: ArrayLike) -> Array: ...
def total_probability(prior, likelihood, parts=None) -> Array:
    r"""The law of total probability.

    .. math:: P(E) = \sum_i P(B_i) P(E \mid B_i)

    Parts without mass count for nothing, whatever their likelihood.

    Args:
        prior: probabilities of the parts, shape ``(..., parts)``; or a space.
        likelihood: probability of the evidence in each part, shape ``(..., parts)``; or, of a space, the event E.
        parts: of a space, the partition.

    Returns:
        Shape ``(...)``.

    Raises:
        ValueError: parts that are no partition.

    Example:
        >>> round(float(total_probability([0.01, 0.99], [0.9, 0.05])), 4)
        0.0585
    """
    if isinstance(prior, Space):
        masks = partition(prior, parts if parts is not None else ())
        evidence = mask(prior, likelihood)
        likelihood = jnp.stack([conditional(prior, evidence, part) for part in masks], -1)
        prior = jnp.stack([prob(prior, part) for part in masks], -1)
    prior, likelihood = promote(prior, likelihood)
    return total(prior * jnp.where((prior == 0) & ~jnp.isfinite(likelihood), 0.0, likelihood))


def bayes(prior: ArrayLike, likelihood: ArrayLike) -> Array:
    r"""Posterior over a partition.

    .. math:: P(B_i \mid E) = \frac{P(B_i) P(E \mid B_i)}{\sum_j P(B_j) P(E \mid B_j)}

    As in log space no product underflows or overflows, but no digit is lost to a logarithm: both factors are moved by
    a power of two, the same in a row, which cancels. Only ratios of either argument matter; a density will do as a
    likelihood. Evidence that is impossible in every part gives ``nan``; its flag is
    ``~((prior > 0) & (likelihood > 0)).any(-1)``.

    Args:
        prior: non-negative, shape ``(..., parts)``. likelihood: probability of the evidence in each part, broadcasts.

    Returns:
        Probabilities of shape ``(..., parts)``.

    Example:
        >>> [round(float(p), 4) for p in bayes([0.01, 0.99], [0.9, 0.05])]
        [0.1538, 0.8462]
    """
    prior, likelihood = jnp.broadcast_arrays(*promote(prior, likelihood))
    likelihood = jnp.where((prior == 0) & ~jnp.isfinite(likelihood), 0.0, likelihood)
    plain = prior * likelihood
    scale = _once(_middle(lax.stop_gradient(largest(plain)), prior.shape[-1]))[..., None]
    weight = jnp.where((prior < 0) | (likelihood < 0), jnp.nan, (prior * scale) * (likelihood * scale))
    return over(weight, _once(total(weight))[..., None])


@closed_form(lambda x: (jnp.ones_like(x),))
def _once(x: Array) -> Array:
    """A barrier, or XLA computes what a row has in common again for each of its parts."""
    return lax.optimization_barrier(x)


def _middle(product: Array, size: int) -> Array:
    """A power of two that brings both factors of the row's largest product, and sums of ``size`` such, into range."""
    half = finfo(product).maxexp // 2
    up = jnp.where(product * size > 1, 1.0, 2.0 ** (half - 4))
    return jnp.where(product * size < jnp.inf, up, 2.0 ** -(half + 2)).astype(product.dtype)
