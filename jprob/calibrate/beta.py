r"""Beta calibration: a map of probabilities with the identity among its members.

.. math:: \operatorname{logit} q = a \log p - b \log(1 - p) + c, \qquad a, b \ge 0

The log odds of two beta laws. Where the best a or b is negative it is held at zero, as its authors do.

References:
    Kull, M., Silva Filho, T. and Flach, P. (2017). Beta calibration: a well-founded and easily implemented improvement on
    logistic calibration for binary classifiers. AISTATS.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import finfo, promote
from jprob.calibrate._columns import against_the_rest, normalised
from jprob.calibrate._inputs import Rows, scored
from jprob.calibrate._logistic import logistic, separated

__all__ = ["Beta", "apply", "fit", "sides"]


class Beta(NamedTuple):
    """The map's coefficients, shapes ``()``, or ``(k,)`` for classes.

    Attributes:
        a, b, c: as in the formula; 1, 1 and 0, which change nothing, where there is no optimum.
        covariance: of the three, shape ``(..., 3, 3)``; zero for those that are held at zero.
        converged: the optimum was found. degenerate: there is none: one label only, or a threshold tells them apart.
    """

    a: Array
    b: Array
    c: Array
    covariance: Array
    converged: Array
    degenerate: Array


def fit(probs: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Beta:
    """The map of least log loss.

    Args:
        probs: of label 1, shape ``(n,)``; or of classes, ``(n, k)``: one class against the rest. 0 and 1 count as the
            nearest numbers inside.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.

    Returns:
        :class:`Beta`.

    Raises:
        ValueError: rows that are no probabilities and labels.

    Example:
        >>> found = fit([0.2] * 5 + [0.5] * 2 + [0.8] * 5, [1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0])  # calibrated as it is
        >>> [round(float(value), 3) + 0.0 for value in found[:3]]
        [1.0, 1.0, 0.0]
    """
    return _fit(scored(probs, labels, weights))


def apply(params: Beta, probs: ArrayLike) -> Array:
    """Calibrated probabilities; of classes, made to sum to one.

    Args:
        params: of :func:`fit`. probs: shape ``(n,)`` or ``(n, k)``, as they were fitted.

    Returns:
        Shape of the probabilities.

    Example:
        >>> found = fit([0.2] * 5 + [0.5] * 2 + [0.8] * 5, [1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0])
        >>> [round(float(p), 3) for p in apply(found, [0.2, 0.5])]
        [0.2, 0.5]
    """
    (p,) = promote(probs)
    return normalised(lambda m, p: jax.nn.sigmoid(m.a * sides(p)[0] + m.b * sides(p)[1] + m.c), params, p)


def sides(p: Array) -> tuple[Array, Array]:
    """``log p`` and ``−log(1 − p)`` of probabilities strictly inside (0, 1)."""
    p = jnp.clip(p, finfo(p).tiny, 1.0 - 0.5 * finfo(p).eps)
    return jnp.log(p), -jnp.log1p(-p)


@jax.jit
def _fit(rows: Rows) -> Beta:
    return against_the_rest(_one, rows)


def _one(rows: Rows) -> Beta:
    p, y, w = rows
    x = jnp.stack([*sides(p), jnp.ones_like(p)], -1)
    # all of them, and those with one or both of a and b at zero: the first that is not negative is the optimum
    used = jnp.array([[1, 1, 1], [0, 1, 1], [1, 0, 1], [0, 0, 1]], p.dtype)
    found = jax.vmap(lambda u: logistic(x, y, w, u))(used)
    valid = jnp.all(found.coefficients[:, :2] >= 0, -1)
    # of the two with one at zero, the one of lower loss
    z = found.coefficients @ x.T
    loss = jnp.sum(w * (jax.nn.softplus(z) - y * z), -1)
    best = jnp.argmin(jnp.where(valid, loss, jnp.inf))
    best = jnp.where(valid[0], 0, best)
    (a, b, c), covariance, converged = jax.tree.map(lambda leaf: leaf[best], found)
    one_label = (jnp.sum(w * y) == 0) | (jnp.sum(w * (1.0 - y)) == 0)
    degenerate = separated(p, y, w) | one_label | ~converged
    same = jnp.array([1.0, 1.0, 0.0], p.dtype)
    a, b, c = jnp.where(degenerate, same, jnp.stack([a, b, c]))
    return Beta(a, b, c, jnp.where(degenerate, jnp.nan, covariance), converged & ~degenerate, degenerate)
