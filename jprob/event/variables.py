r"""Random variables: maps from the outcomes to numbers, their moments and laws.

.. math:: E X = \sum_\omega p_\omega X(\omega), \qquad K(t) = \log E e^{tX}, \qquad P(X \ge a) \le \inf_{t \ge 0} e^{K(t) - ta}

A variable is a function of an outcome, or its values as an array over the outcomes. Outcomes without mass count for
nothing, even where the variable is infinite.

References:
    Boucheron, S., Lugosi, G. and Massart, P. (2013). Concentration Inequalities, section 2.2.
"""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import concrete, is_float64, promote, safe
from jprob.event._masses import total
from jprob.event.spaces import Space, Variable, values

__all__ = ["Chernoff", "cgf", "chernoff", "covariance", "expectation", "pushforward", "variance"]


class Chernoff(NamedTuple):
    """The best exponential bound on an upper tail.

    Attributes:
        bound: at least P(X ≥ threshold), shape ``(...)``. log_bound: its logarithm, finite where it underflows.
        tilt: the t at which it is reached; infinite from the largest value on.
    """

    bound: Array
    log_bound: Array
    tilt: Array


def expectation(space: Space, variable: Variable) -> Array:
    r"""Mean of a random variable, :math:`\sum_\omega p_\omega X(\omega)`.

    Args:
        space: the space. variable: a function of an outcome, or values of shape ``(..., outcomes)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> round(float(expectation(event.space(range(1, 7)), lambda face: face)), 5)
        3.5
    """
    probs, x = _weighed(space, variable)
    return total(probs * x)


def variance(space: Space, variable: Variable) -> Array:
    r"""Variance, :math:`E (X - E X)^2`, about the mean: nothing cancels.

    Args:
        space: the space. variable: a function of an outcome, or values of shape ``(..., outcomes)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> round(float(variance(event.space([0, 1]), lambda x: x)), 6)
        0.25
    """
    return covariance(space, variable, variable)


def covariance(space: Space, first: Variable, second: Variable) -> Array:
    r"""Covariance, :math:`E (X - E X)(Y - E Y)`, about the means.

    Args:
        space: the space. first: X. second: Y; functions of an outcome, or values of shape ``(..., outcomes)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> two = event.product(event.space([0, 1]), event.space([0, 1]))
        >>> float(covariance(two, lambda o: o[0], lambda o: o[0] + o[1]))
        0.25
    """
    probs, x = _weighed(space, first)
    _, y = _weighed(space, second)
    return total(probs * (x - total(probs * x)[..., None]) * (y - total(probs * y)[..., None]))


def pushforward(space: Space, variable: Variable, *, support: ArrayLike | None = None) -> Space:
    r"""Law of a random variable, :math:`x \mapsto P(X = x)`, as a space of its own.

    Args:
        space: the space. variable: a function of an outcome, whose values may be anything hashable if the outcomes are
            static; or values of shape ``(outcomes,)``.
        support: the values that X can take, shape ``(values,)``; needed where they are not known when traced. Mass on
            other values is left out: compare with :func:`axioms`.

    Returns:
        A space on the distinct values, in their order: a static tuple if the outcomes are one, else an array.

    Raises:
        ValueError: values that are not known and no ``support``.

    Example:
        >>> from jprob import event
        >>> dice = event.product(event.space(range(1, 7)), event.space(range(1, 7)))
        >>> law = pushforward(dice, sum)
        >>> law.outcomes[0], law.outcomes[-1], round(float(law.probs[5]), 6)  # seven: 6 of 36
        (2, 12, 0.166667)
    """
    if callable(variable) and space.labels is not None and support is None:
        images = [variable(outcome) for outcome in space.labels]
        labels: tuple[Any, ...] = tuple(dict.fromkeys(images))
        with contextlib.suppress(TypeError):  # what has no order stays in the order of appearance
            labels = tuple(sorted(labels))
        position = {label: i for i, label in enumerate(labels)}
        return Space(_gathered(space.probs, np.array([position[x] for x in images]), len(labels)), None, labels)
    x = values(space, variable)
    if x.ndim != 1:
        raise ValueError(f"`variable` must have one value for each outcome; got shape {x.shape}.")
    if support is None:
        if not concrete(x):
            raise ValueError("`support` must be given where the values of `variable` are not known; got none.")
        distinct, index = np.unique(np.asarray(x), return_inverse=True)
        points = None if space.labels is not None else jnp.asarray(distinct)
        return Space(
            _gathered(space.probs, index, len(distinct)), points, tuple(distinct.tolist()) if points is None else None
        )
    points = jnp.asarray(support)
    hit = jnp.asarray(x)[:, None] == points
    index = jnp.where(hit.any(-1), jnp.argmax(hit, -1), len(points))
    return Space(_gathered(space.probs, index, len(points)), points)


def cgf(space: Space, variable: Variable, t: ArrayLike) -> Array:
    r"""Cumulant generating function, :math:`K(t) = \log E e^{tX}`; its derivatives at 0 are the cumulants.

    Args:
        space: the space. variable: a function of an outcome, or values of shape ``(..., outcomes)``.
        t: shape ``(...)``, broadcasts against the batch axes.

    Returns:
        Shape ``(...)``.

    Example:
        >>> from jprob import event
        >>> coin = event.space([0, 1])
        >>> round(float(cgf(coin, lambda x: x, 1.0)), 4)  # log((1 + e) / 2)
        0.6201
    """
    probs, x = _weighed(space, variable)
    return _cgf(probs, x, jnp.asarray(t, probs.dtype))


def chernoff(space: Space, variable: Variable, threshold: ArrayLike) -> Chernoff:
    r"""Chernoff's bound on an upper tail, :math:`P(X \ge a) \le \inf_{t \ge 0} e^{K(t) - ta}`.

    One up to the mean; the mass of the largest value at that value, zero above it. Of a lower tail: bound −X.

    Args:
        space: the space. variable: a function of an outcome, or values of shape ``(..., outcomes)``.
        threshold: a, shape ``(...)``, broadcasts against the batch axes.

    Returns:
        :class:`Chernoff`, fields of the broadcast shape.

    Example:
        >>> from jprob import event
        >>> coins = event.space([0, 1, 2], [0.25, 0.5, 0.25])
        >>> bound = chernoff(coins, lambda heads: heads, 2)
        >>> float(bound.bound), float(event.prob(coins, lambda heads: heads >= 2))
        (0.25, 0.25)
    """
    probs, x = _weighed(space, variable)
    a = jnp.asarray(threshold, probs.dtype)
    batch = jnp.broadcast_shapes(probs.shape[:-1], x.shape[:-1], a.shape)
    probs, x = (jnp.broadcast_to(v, (*batch, v.shape[-1])) for v in (probs, x))
    a = jnp.broadcast_to(a, batch)
    largest = jnp.max(jnp.where(probs > 0, x, -jnp.inf), -1)
    at_top = total(jnp.where(x == largest[..., None], probs, 0.0))
    inside = (a > total(probs * x)) & (a < largest)

    # the tilted mean rises through a; at the upper end of the bracket the largest value alone outweighs all below a
    gap = x - safe(inside, a, 0.0)[..., None]
    height = safe(inside, largest - a, 1.0)
    below = jnp.max(jnp.abs(gap), -1)
    high = jnp.log1p(below / (safe(inside, at_top, 1.0) * height)) / height

    def halve(_, bracket):
        low, high = bracket
        t = 0.5 * (low + high)
        exponent = t[..., None] * gap
        tilted = jnp.exp(exponent - jnp.max(jnp.where(probs > 0, exponent, -jnp.inf), -1, keepdims=True))
        above = total(jnp.where(probs > 0, probs * tilted * gap, 0.0)) > 0
        return jnp.where(above, low, t), jnp.where(above, t, high)

    steps = 60 if is_float64(probs) else 32
    low, high = lax.fori_loop(0, steps, halve, lax.stop_gradient((jnp.zeros_like(high), high)))
    # the minimum does not move to first order with t, so its slopes are those of the bound at fixed t
    t = jnp.where(inside, 0.5 * (low + high), 0.0)
    edge = jnp.where(a > largest, -jnp.inf, jnp.where(a == largest, jnp.log(safe(at_top > 0, at_top, 1.0)), 0.0))
    log_bound = jnp.where(inside, jnp.minimum(_cgf(probs, gap, t), 0.0), edge)
    tilt = jnp.where(inside, t, jnp.where(a >= largest, jnp.inf, 0.0))
    unknown = jnp.isnan(a) | jnp.isnan(probs).any(-1) | jnp.isnan(x).any(-1)
    bound = jnp.where(unknown, jnp.nan, jnp.exp(log_bound))
    return Chernoff(bound, jnp.where(unknown, jnp.nan, log_bound), jnp.where(unknown, jnp.nan, tilt))


def _weighed(space: Space, variable: Variable) -> tuple[Array, Array]:
    """Masses and values in one dtype; what has no mass may not spoil a sum with an infinity."""
    probs, x = promote(space.probs, values(space, variable))
    return probs, jnp.where((probs == 0) & jnp.isinf(x), 0.0, x)


def _cgf(probs: Array, x: Array, t: Array) -> Array:
    return jax.nn.logsumexp(t[..., None] * x, -1, b=probs)


def _gathered(probs: Array, index: Array | np.ndarray, size: int) -> Array:
    """Masses of equal values added up; those with an index of ``size`` are left out."""
    moved = jnp.moveaxis(probs, -1, 0)
    return jnp.moveaxis(jax.ops.segment_sum(moved, jnp.asarray(index), size), 0, -1)
