r"""Platt scaling: a logistic regression on a single score, whatever its units.

.. math:: p = \sigma(a z + b), \qquad
    \text{targets } \frac{n_1 + 1}{n_1 + 2} \text{ and } \frac{1}{n_0 + 2} \text{ in place of 1 and 0}

The targets are Platt's: one imagined row of each label, so that separable scores have a finite answer.

References:
    Platt, J. (1999). Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.calibrate._columns import against_the_rest, normalised
from jprob.calibrate._inputs import Rows, scored
from jprob.calibrate._logistic import logistic, separated

__all__ = ["Platt", "apply", "fit"]


class Platt(NamedTuple):
    """A line in log odds, or one for each class, shapes ``()`` or ``(k,)``.

    Attributes:
        slope, intercept: a and b. covariance: of both, shape ``(..., 2, 2)``.
        converged: the optimum was found.
        degenerate: labels of one kind, separable ones, or constant scores: the line is then held by the imagined rows alone.
    """

    slope: Array
    intercept: Array
    covariance: Array
    converged: Array
    degenerate: Array


def fit(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, smooth: bool = True) -> Platt:
    """The line of least log loss.

    Args:
        scores: any finite scores, shape ``(n,)``; or of classes, ``(n, k)``: one class against the rest.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        smooth: use Platt's targets; else labels as they are.

    Returns:
        :class:`Platt`.

    Raises:
        ValueError: scores that are not finite, labels that are no classes.

    Example:
        >>> found = fit([-1.0, -1.0, 1.0, 1.0], [0, 1, 1, 1], smooth=False)
        >>> bool(found.degenerate)  # all of label 0 are at the lowest score: a threshold separates them but for a tie
        True
        >>> found = fit([-1.0] * 4 + [1.0] * 4, [0, 0, 0, 1, 1, 1, 1, 0], smooth=False)  # sigmoid(a) = 3/4
        >>> round(float(found.slope), 4), round(abs(float(found.intercept)), 4)
        (1.0986, 0.0)
    """
    return _fit(scored(scores, labels, weights, logits=True), smooth)


def apply(params: Platt, scores: ArrayLike) -> Array:
    """Probabilities by the line; of classes, made to sum to one.

    Args:
        params: of :func:`fit`. scores: shape ``(n,)`` or ``(n, k)``, as they were fitted.

    Returns:
        Shape of the scores.

    Example:
        >>> line = fit([-1.0] * 4 + [1.0] * 4, [0, 0, 0, 1, 1, 1, 1, 0], smooth=False)
        >>> [round(float(p), 4) for p in apply(line, [-1.0, 1.0])]
        [0.25, 0.75]
    """
    (z,) = promote(scores)
    return normalised(lambda line, z: jax.nn.sigmoid(line.slope * z + line.intercept), params, z)


@partial(jax.jit, static_argnums=1)
def _fit(rows: Rows, smooth: bool) -> Platt:
    return against_the_rest(lambda rows: _one(rows, smooth), rows)


def _one(rows: Rows, smooth: bool) -> Platt:
    z, y, w = rows
    w = jnp.broadcast_to(w, z.shape)
    ones, zeros = jnp.sum(w * y), jnp.sum(w * (1.0 - y))
    targets = jnp.where(y > 0.5, (ones + 1.0) / (ones + 2.0), 1.0 / (zeros + 2.0)) if smooth else y
    held = w > 0
    centre = 0.5 * (jnp.max(jnp.where(held, z, -jnp.inf)) + jnp.min(jnp.where(held, z, jnp.inf)))
    constant = jnp.max(jnp.where(held, jnp.abs(z - centre), 0.0)) == 0
    used = jnp.stack([~constant, jnp.ones((), bool)]).astype(z.dtype)
    found = logistic(jnp.stack([z - centre, jnp.ones_like(z)], -1), targets, w, used)
    slope, intercept = found.coefficients
    moved = jnp.array([[1.0, 0.0], [0.0, 1.0]], z.dtype).at[1, 0].set(-centre)
    covariance = moved @ found.covariance @ moved.T
    degenerate = constant | separated(z, y, w) | separated(-z, y, w)
    return Platt(slope, intercept - slope * centre, covariance, found.converged, degenerate)
