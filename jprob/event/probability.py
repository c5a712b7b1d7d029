r"""Probabilities of events: conditioning, independence and the chain rule.

.. math:: P(A) = \sum_{\omega \in A} p_\omega, \qquad P(A \mid B) = \frac{P(A \cap B)}{P(B)}

Events are masks, or predicates of an outcome. Given a null event everything is ``nan``; the flag is :func:`is_null`.

References:
    Feller, W. (1968). An Introduction to Probability Theory and Its Applications, vol. 1, chapter 5.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jprob.event._masses import measure, over, total
from jprob.event._masses import tolerance as tolerance_of
from jprob.event.spaces import Event, Space, mask

__all__ = [
    "Independence",
    "chain_rule",
    "condition",
    "conditional",
    "conditionally_independent",
    "independent",
    "is_null",
    "prob",
]

_MOST_EVENTS = 10  # independence of k events is a statement about 2^k subsets


class Independence(NamedTuple):
    """Whether events are independent, and how far from it.

    Attributes:
        mutual: every subset multiplies, shape ``(...)``. pairwise: every pair does.
        gap: largest \\|P(intersection) − product\\| over the subsets. pairwise_gap: over the pairs.
    """

    mutual: Array
    pairwise: Array
    gap: Array
    pairwise_gap: Array


def prob(space: Space, event: Event) -> Array:
    r"""Probability of an event, :math:`\sum_{\omega \in A} p_\omega`.

    Args:
        space: masses of shape ``(..., outcomes)``. event: a mask whose leading axes broadcast, or a predicate.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> die = event.space(range(1, 7))
        >>> round(float(prob(die, lambda face: face % 2 == 0)), 6)
        0.5
    """
    return measure(space.probs, mask(space, event))


def is_null(space: Space, event: Event) -> Array:
    """Whether an event has no mass: conditional probabilities given it do not exist and are ``nan``.

    Args:
        space: the space. event: a mask or a predicate.

    Returns:
        Booleans of shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> coin = event.space("HT", [1.0, 0.0])
        >>> bool(is_null(coin, lambda side: side == "T"))
        True
    """
    return prob(space, event) == 0


def conditional(space: Space, event: Event, given: Event) -> Array:
    r"""Conditional probability, :math:`P(A \mid B) = P(A \cap B) / P(B)`.

    Args:
        space: the space. event: A. given: B; ``nan`` where it has no mass, as :func:`is_null` tells.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> die = event.space(range(1, 7))
        >>> round(float(conditional(die, lambda f: f == 6, lambda f: f % 2 == 0)), 6)
        0.333333
    """
    given = mask(space, given)
    return over(prob(space, mask(space, event) & given), prob(space, given))


def condition(space: Space, given: Event) -> Space:
    """The space once an event is known to have happened: the same outcomes, the masses of the others gone.

    Args:
        space: the space. given: a mask or a predicate.

    Returns:
        A space; where ``given`` has no mass its ``probs`` are ``nan`` and it is ``degenerate``.

    Example:
        >>> from jprob import event
        >>> coin = event.space("HTE", [0.5, 0.25, 0.25])  # E: on its edge
        >>> condition(coin, lambda side: side != "H").probs.tolist()
        [0.0, 0.5, 0.5]
    """
    masses = jnp.where(mask(space, given), space.probs, 0.0)
    return Space(over(masses, total(masses)[..., None]), space.points, space.labels)


def independent(space: Space, *events: Event, tolerance: float | None = None) -> Independence:
    r"""Whether events are independent, in pairs and mutually.

    .. math:: P\Big(\bigcap_{i \in S} A_i\Big) = \prod_{i \in S} P(A_i) \quad \text{for all } S

    Args:
        space: the space. events: two to ten masks or predicates.
        tolerance: of the gap; that of the dtype by default.

    Returns:
        :class:`Independence`, fields of shape ``(...)``.

    Raises:
        ValueError: fewer than two events or more than ten.

    Example:
        >>> from jprob import event
        >>> two = event.space(["HH", "HT", "TH", "TT"])
        >>> first, second = (event.where(two, lambda o, i=i: o[i] == "H") for i in range(2))
        >>> result = independent(two, first, second, first ^ second)  # Bernstein's: pairwise, not mutually
        >>> bool(result.pairwise), bool(result.mutual), float(result.gap)
        (True, False, 0.125)
    """
    if not 2 <= len(events) <= _MOST_EVENTS:
        raise ValueError(f"`events` must be 2 to {_MOST_EVENTS} events; got {len(events)}.")
    masks = [mask(space, event) for event in events]
    single = [prob(space, event) for event in masks]
    gaps = {
        chosen: jnp.abs(prob(space, _all(masks, chosen)) - jnp.prod(jnp.stack([single[i] for i in chosen]), 0))
        for size in range(2, len(events) + 1)
        for chosen in itertools.combinations(range(len(events)), size)
    }
    gap = jnp.max(jnp.stack(list(gaps.values())), 0)
    pairwise_gap = jnp.max(jnp.stack([value for chosen, value in gaps.items() if len(chosen) == 2]), 0)
    limit = tolerance_of(space.probs) if tolerance is None else tolerance
    return Independence(gap <= limit, pairwise_gap <= limit, gap, pairwise_gap)


def conditionally_independent(
    space: Space, *events: Event, given: Event, tolerance: float | None = None
) -> Independence:
    r"""Whether events are independent once ``given`` has happened.

    Args:
        space: the space. events: two to ten masks or predicates. given: the condition.
        tolerance: of the gap; that of the dtype by default.

    Returns:
        :class:`Independence` under the conditioned law; gaps are ``nan`` and answers false given a null event.

    Raises:
        ValueError: fewer than two events or more than ten.

    Example:
        >>> from jprob import event
        >>> two = event.space(["HH", "HT", "TH", "TT"])
        >>> first, second = (event.where(two, lambda o, i=i: o[i] == "H") for i in range(2))
        >>> bool(conditionally_independent(two, first, second, given=first ^ second).mutual)
        False
    """
    return independent(condition(space, given), *events, tolerance=tolerance)


def chain_rule(space: Space, *events: Event) -> Array:
    r"""The factors of an intersection.

    .. math:: P(A_1 \cap \dots \cap A_k) = \prod_i P(A_i \mid A_1 \cap \dots \cap A_{i-1})

    Args:
        space: the space. events: at least one mask or predicate.

    Returns:
        Factors of shape ``(..., events)``; their product is the probability. ``nan`` from where the past is null.

    Raises:
        ValueError: no events.

    Example:
        >>> from jprob import event
        >>> die = event.space(range(1, 7))
        >>> [round(float(f), 4) for f in chain_rule(die, lambda f: f > 2, lambda f: f > 3)]
        [0.6667, 0.75]
    """
    if not events:
        raise ValueError("`events` must not be empty; got none.")
    joint = [prob(space, past) for past in itertools.accumulate((mask(space, e) for e in events), jnp.logical_and)]
    return jnp.stack([joint[0], *(over(after, before) for before, after in itertools.pairwise(joint))], -1)


def _all(masks: Sequence[Array], chosen: Sequence[int]) -> Array:
    both = masks[chosen[0]]
    for i in chosen[1:]:
        both = both & masks[i]
    return both
