r"""Several experiments as one: products, joint laws from conditional ones, and marginals.

.. math:: p(x, y) = p(x)\, p(y \mid x), \qquad p(x) = \sum_y p(x, y)

References:
    Feller, W. (1968). An Introduction to Probability Theory and Its Applications, vol. 1, section 5.4.
"""

from __future__ import annotations

import functools

import jax.numpy as jnp
from jax import Array

from jprob.event.spaces import Space
from jprob.event.variables import pushforward

__all__ = ["joint", "marginal", "product"]


def product(*spaces: Space) -> Space:
    r"""Independent experiments, :math:`p(x, y) = p(x) p(y)`.

    Args:
        spaces: at least one, all with static outcomes or all with arrays of numbers; batch axes broadcast.

    Returns:
        A space on the tuples, the last coordinate fastest; of arrays, on rows of shape ``(outcomes, coordinates)``.

    Raises:
        ValueError: no spaces, or static outcomes beside arrays.

    Example:
        >>> from jprob import event
        >>> product(event.space("HT"), event.space("HT")).outcomes
        (('H', 'H'), ('H', 'T'), ('T', 'H'), ('T', 'T'))
    """
    if not spaces:
        raise ValueError("`spaces` must not be empty; got none.")
    if len({space.labels is None for space in spaces}) > 1:
        raise ValueError("`spaces` must all have static outcomes or all arrays; got both.")
    return functools.reduce(lambda left, right: _paired(left, right, right.probs[..., None, :]), map(_rows, spaces))


def joint(space: Space, conditional: Space) -> Space:
    r"""Joint law of an experiment and one that depends on it, :math:`p(x, y) = p(x)\, p(y \mid x)`.

    Args:
        space: law of x, masses of shape ``(..., outcomes)``.
        conditional: law of y for each x: masses of shape ``(..., outcomes, others)``.

    Returns:
        A space on the pairs, y fastest. Laws that do not exist (``nan``) do no harm where x has no mass.

    Raises:
        ValueError: shapes that do not fit, or static outcomes beside arrays.

    Example:
        >>> from jprob import event
        >>> urn = event.space("AB", [0.25, 0.75])
        >>> ball = event.space(["red", "blue"], [[0.5, 0.5], [1.0, 0.0]])
        >>> joint(urn, ball).probs.tolist()
        [0.125, 0.125, 0.75, 0.0]
    """
    if conditional.probs.ndim < 2 or conditional.probs.shape[-2] != space.num_outcomes:
        raise ValueError(
            f"`conditional` must have a law for each of {space.num_outcomes} outcomes; "
            f"got masses of shape {conditional.probs.shape}."
        )
    if (space.labels is None) != (conditional.labels is None):
        raise ValueError("`space` and `conditional` must both have static outcomes or both arrays; got one of each.")
    return _paired(_rows(space), _rows(conditional), conditional.probs)


def marginal(space: Space, *coordinates: int) -> Space:
    """Law of some coordinates of outcomes that are tuples or rows.

    Args:
        space: the joint space. coordinates: one position, or several in the order wanted.

    Returns:
        A space on the distinct values: of one coordinate on the values themselves, of several on tuples.

    Raises:
        ValueError: no coordinates; several coordinates of an array of outcomes.

    Example:
        >>> from jprob import event
        >>> two = product(event.space("HT", [0.75, 0.25]), event.space("HT"))
        >>> marginal(two, 0).probs.tolist()
        [0.75, 0.25]
    """
    if not coordinates or (len(coordinates) > 1 and space.labels is None):
        raise ValueError(f"`coordinates` must be one position, or several of static outcomes; got {coordinates}.")
    if len(coordinates) == 1:
        return pushforward(space, lambda outcome: outcome[coordinates[0]])
    return pushforward(space, lambda outcome: tuple(outcome[i] for i in coordinates))


def _rows(space: Space) -> Space:
    """Outcomes as tuples of one coordinate, so that products of three are flat."""
    if space.points is not None:
        return Space(space.probs, space.points.reshape(space.num_outcomes, -1))
    return Space(space.probs, None, tuple((outcome,) for outcome in space.outcomes))


def _paired(left: Space, right: Space, conditional: Array) -> Space:
    prior = left.probs[..., None]
    masses = prior * jnp.where(prior == 0, jnp.nan_to_num(conditional, nan=0.0), conditional)
    masses = masses.reshape(*masses.shape[:-2], -1)
    if left.labels is not None and right.labels is not None:
        return Space(masses, None, tuple(x + y for x in left.labels for y in right.labels))  # pyright: ignore[reportOperatorIssue]
    x, y = left.points, right.points
    assert x is not None
    assert y is not None
    rows = jnp.concatenate([jnp.repeat(x, len(y), 0), jnp.tile(y, (len(x), 1))], -1)
    return Space(masses, rows)
