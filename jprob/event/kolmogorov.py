r"""Kolmogorov's axioms and what follows from them, held against a user's own numbers.

.. math:: P(A) \ge 0, \qquad P(\Omega) = 1, \qquad P(A \cup B) = P(A) + P(B) \ \text{ if } A \cap B = \varnothing

A classifier's outputs are claims of probability; here is by how much they fail to be.

References:
    Kolmogorov, A. N. (1933). Grundbegriffe der Wahrscheinlichkeitsrechnung, chapter 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.event._masses import tolerance as tolerance_of
from jprob.event.probability import prob
from jprob.event.spaces import Event, Space, mask

__all__ = ["Axioms", "axioms"]


class Axioms(NamedTuple):
    """Whether masses are a law, and the size of each violation; all of shape ``(...)``, ``nan`` for ``nan`` masses.

    Attributes:
        holds: no violation exceeds the tolerance.
        non_negativity: how far the most negative mass is below zero.
        unit_total: \\|total − 1\\|.
        additivity: largest \\|P(A) + P(B less A) − P(A or B)\\| over pairs of events.
        inclusion_exclusion: largest \\|P(A) + P(B) − P(A and B) − P(A or B)\\|.
        monotonicity: how far a part may exceed its whole: over the events, or of all there are if none are given.
        tolerance: of sums in this dtype.
    """

    holds: Array
    non_negativity: Array
    unit_total: Array
    additivity: Array
    inclusion_exclusion: Array
    monotonicity: Array
    tolerance: Array


def axioms(
    probs: Space | ArrayLike, events: Sequence[Event] | Array | None = None, *, tolerance: float | None = None
) -> Axioms:
    r"""The size of each violation of the axioms, one for each row of masses. Never raises over a value.

    Args:
        probs: masses of shape ``(..., outcomes)``, a batch of softmax outputs say, or a space.
        events: masks over the outcomes, at least two, or predicates of a space's outcomes; by default the first half
            and every other outcome.
        tolerance: a few ulp of the dtype by default, more for many outcomes.

    Returns:
        :class:`Axioms`.

    Raises:
        ValueError: no masses; fewer than two events.

    Example:
        >>> import jax
        >>> bool(axioms(jax.nn.softmax(jnp.array([[1.0, 2.0, 3.0], [9.0, 0.0, 0.0]]))).holds.all())
        True
        >>> report = axioms([0.75, 0.5, -0.125])
        >>> bool(report.holds), float(report.unit_total), float(report.non_negativity)
        (False, 0.125, 0.125)
    """
    space = probs if isinstance(probs, Space) else _space_of(probs)
    masses = space.probs
    masks = _halves(space.num_outcomes) if events is None else [mask(space, event) for event in events]
    if len(masks) < 2:
        raise ValueError(f"`events` must be at least two; got {len(masks)}.")

    def p(event: Event) -> Array:
        return prob(space, event)

    pairs = list(itertools.combinations(masks, 2))
    non_negativity = jnp.maximum(-jnp.min(masses, -1), 0.0)
    unit_total = jnp.abs(p(np.ones(space.num_outcomes, bool)) - 1.0)
    additivity = _largest([jnp.abs(p(a) + p(b & ~a) - p(a | b)) for a, b in pairs])
    inclusion_exclusion = _largest([jnp.abs((p(a) - p(a & b)) + (p(b) - p(a | b))) for a, b in pairs])
    if events is None:  # the worst part is all outcomes of negative mass, left out
        monotonicity = jnp.sum(jnp.maximum(-masses, 0.0), -1)
    else:
        chains = [
            (p(part), p(whole)) for a, b in pairs for part, whole in ((a & b, a), (a & b, b), (a, a | b), (b, a | b))
        ]
        monotonicity = jnp.maximum(_largest([part - whole for part, whole in chains]), 0.0)
    limit = jnp.asarray(tolerance_of(masses) if tolerance is None else tolerance, masses.dtype)
    violations = (non_negativity, unit_total, additivity, inclusion_exclusion, monotonicity)
    holds = _largest(list(violations)) <= limit
    return Axioms(holds, *violations, jnp.broadcast_to(limit, holds.shape))


def _space_of(probs: ArrayLike) -> Space:
    """Masses as they are: what is to be examined may not be refused at the door."""
    (masses,) = promote(probs)
    if masses.ndim == 0 or masses.shape[-1] == 0:
        raise ValueError(f"`probs` must have masses on its last axis; got shape {masses.shape}.")
    return Space(masses, None, tuple(range(masses.shape[-1])))


def _halves(size: int) -> list[Array]:
    index = jnp.arange(size)
    return [index < (size + 1) // 2, index % 2 == 0]


def _largest(sizes: list[Array]) -> Array:
    return jnp.max(jnp.stack(jnp.broadcast_arrays(*sizes)), 0)
