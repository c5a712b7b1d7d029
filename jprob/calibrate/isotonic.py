"""Isotonic calibration: any non-decreasing map, by pooling adjacent violators.

References:
    Zadrozny, B. and Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability estimates. KDD.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.calibrate._columns import against_the_rest, normalised
from jprob.calibrate._inputs import Rows, scored
from jprob.calibrate._pool import monotone, sorted_by

__all__ = ["Isotonic", "apply", "fit"]


class Isotonic(NamedTuple):
    """A non-decreasing function at its knots, shape ``(n,)``, or ``(k, n)`` for classes.

    Attributes:
        scores: of the rows, in increasing order. probs: there; straight lines between, constant outside.
        degenerate: labels of one kind: the map is constant.
    """

    scores: Array
    probs: Array
    degenerate: Array


def fit(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Isotonic:
    """The non-decreasing map nearest to the labels in squares, and in log loss as well.

    One sort and O(n) steps. Caution: it has as many parameters as steps; below some thousand rows it overfits.

    Args:
        scores: any finite scores, shape ``(n,)``; or of classes, ``(n, k)``: one class against the rest.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.

    Returns:
        :class:`Isotonic`.

    Raises:
        ValueError: scores that are not finite, labels that are no classes.

    Example:
        >>> fit([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1]).probs.tolist()
        [0.0, 0.5, 0.5, 1.0]
    """
    return _fit(scored(scores, labels, weights, logits=True))


def apply(params: Isotonic, scores: ArrayLike) -> Array:
    """Calibrated probabilities; of classes, made to sum to one.

    Args:
        params: of :func:`fit`. scores: shape ``(n,)`` or ``(n, k)``, as they were fitted.

    Returns:
        Shape of the scores.

    Example:
        >>> step = fit([0.0, 1.0], [0, 1])
        >>> apply(step, [-1.0, 0.5, 2.0]).tolist()
        [0.0, 0.5, 1.0]
    """
    (z,) = promote(scores)
    return normalised(lambda knots, z: jnp.interp(z, knots.scores, knots.probs), params, z)


@jax.jit
def _fit(rows: Rows) -> Isotonic:
    return against_the_rest(_one, rows)


def _one(rows: Rows) -> Isotonic:
    x, y, w = sorted_by(*rows)
    probs = monotone(x, y, w)
    return Isotonic(x, probs, (probs[0] == probs[-1]) & ((probs[0] == 0) | (probs[0] == 1)))
