r"""A finite probability space as arrays: outcomes, their masses, and events as masks.

.. math:: (\Omega, p), \quad p_\omega \ge 0, \quad \sum_\omega p_\omega = 1, \quad A \subseteq \Omega

A space is a pytree whose masses may carry leading batch axes: a million classifiers' outputs are one space. Events are
boolean arrays over the outcomes and combine with ``& | ~ ^``.

References:
    Kolmogorov, A. N. (1933). Grundbegriffe der Wahrscheinlichkeitsrechnung, chapter 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.event._masses import check_masses, normalised

__all__ = ["Event", "Space", "Variable", "space", "where"]

type Event = ArrayLike | Callable[..., Any]
type Variable = ArrayLike | Callable[..., Any]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Space:
    """Outcomes and their masses; made by :func:`space`, which checks them.

    Attributes:
        probs: masses, shape ``(..., outcomes)``; the only leaf if the outcomes are static.
        points: outcomes as an array, shape ``(outcomes, ...)``, or ``None``.
        labels: outcomes as a static tuple of anything hashable, or ``None``.
    """

    probs: Array
    points: Array | None = None
    labels: tuple[Hashable, ...] | None = field(default=None, metadata={"static": True})

    @property
    def outcomes(self) -> tuple[Hashable, ...] | Array:
        """The outcomes, in the order of the masses."""
        if self.labels is not None:
            return self.labels
        assert self.points is not None
        return self.points

    @property
    def num_outcomes(self) -> int:
        """How many outcomes there are."""
        return len(self.outcomes)

    @property
    def degenerate(self) -> Array:
        """The flag of a law that is none, as after conditioning on a null event: shape ``(...)``."""
        return jnp.isnan(self.probs).any(-1)


def space(
    outcomes: Iterable[Hashable] | ArrayLike, probs: ArrayLike | None = None, *, normalise: bool = False
) -> Space:
    """A finite probability space.

    Masses that are known are checked on the host; those inside ``jit`` are not, ask :func:`axioms` there.

    Args:
        outcomes: distinct and not empty; an array stays an array of shape ``(outcomes, ...)``, anything else becomes a
            static tuple.
        probs: masses, shape ``(..., outcomes)``; equal by default.
        normalise: divide by the total: ``probs`` are weights.

    Returns:
        The space, in the floating dtype of ``probs``.

    Raises:
        ValueError: no outcomes or the same one twice; masses that are negative or NaN or do not sum to one within the
            tolerance of their dtype.

    Example:
        >>> die = space(range(1, 7))
        >>> round(float(die.probs[0]), 6)
        0.166667
        >>> space("HT", [3.0, 1.0], normalise=True).probs.tolist()
        [0.75, 0.25]
    """
    points, labels = _outcomes(outcomes)
    size = Space(jnp.zeros(()), points, labels).num_outcomes
    if probs is None:
        return Space(jnp.full((size,), 1.0 / size, jnp.result_type(float)), points, labels)
    (masses,) = promote(probs)
    if masses.ndim == 0 or masses.shape[-1] != size:
        raise ValueError(f"`probs` must have {size} masses on its last axis; got shape {masses.shape}.")
    check_masses(masses, any_total=normalise)
    return Space(normalised(masses) if normalise else masses, points, labels)


def where(space: Space, predicate: Callable[..., Any]) -> Array:
    """The event of the outcomes for which the predicate holds.

    Static outcomes are shown to the predicate one by one, an array's rows under ``vmap``.

    Args:
        space: the space. predicate: outcome -> truth.

    Returns:
        A mask of shape ``(outcomes,)``; masks combine with ``& | ~ ^``.

    Example:
        >>> die = space(range(1, 7))
        >>> where(die, lambda face: face > 4).tolist()
        [False, False, False, False, True, True]
    """
    return jnp.asarray(values(space, predicate), bool)


def values(space: Space, variable: Variable) -> Array | np.ndarray:
    """A random variable on the outcomes, shape ``(..., outcomes)``; a host array if the outcomes are static."""
    if callable(variable):
        if space.points is not None:
            return jax.vmap(variable)(space.points)
        variable = np.asarray([variable(outcome) for outcome in space.outcomes])
        if variable.ndim != 1 or variable.dtype.kind not in "biuf":
            raise ValueError(f"`variable` must give a number for each outcome; got {variable.dtype} values.")
        return variable
    array = variable if isinstance(variable, Array) else np.asarray(variable)
    if array.ndim == 0 or array.shape[-1] != space.num_outcomes:
        raise ValueError(
            f"`variable` must have {space.num_outcomes} outcomes on its last axis; got shape {array.shape}."
        )
    return array


def mask(space: Space, event: Event) -> Array:
    """An event as a mask, whether it came as one or as a predicate."""
    if callable(event):
        return where(space, event)
    array = jnp.asarray(event)
    if array.dtype != bool or array.ndim == 0 or array.shape[-1] != space.num_outcomes:
        raise ValueError(
            f"`event` must be a boolean mask over {space.num_outcomes} outcomes; got {array.dtype} of shape {array.shape}."
        )
    return array


def _outcomes(outcomes: Iterable[Hashable] | ArrayLike) -> tuple[Array | None, tuple[Hashable, ...] | None]:
    if isinstance(outcomes, Array | np.ndarray):
        if outcomes.ndim == 0 or len(outcomes) == 0:
            raise ValueError(f"`outcomes` must not be empty; got shape {outcomes.shape}.")
        if concrete(outcomes):
            _check_distinct([tuple(np.ravel(row).tolist()) for row in np.asarray(outcomes)])
        return jnp.asarray(outcomes), None
    try:
        labels = tuple(outcomes)  # pyright: ignore[reportArgumentType]
    except TypeError:
        raise ValueError(f"`outcomes` must be a sequence or an array; got {outcomes!r}.") from None
    if not labels:
        raise ValueError("`outcomes` must not be empty; got none.")
    _check_distinct(labels)
    return None, labels


def _check_distinct(outcomes: Iterable[Hashable]) -> None:
    seen: dict[Hashable, int] = {}
    for index, outcome in enumerate(outcomes):
        try:
            first = seen.setdefault(outcome, index)
        except TypeError:
            raise ValueError(f"`outcomes` must be hashable, or one array; got {outcome!r} at index {index}.") from None
        if first != index:
            raise ValueError(f"`outcomes` must be distinct; got {outcome!r} at indices {first} and {index}.")
