r"""Matrix scaling: a linear map of the logits.

.. math:: p = \text{softmax}(W z + b)

k² + k parameters: with many classes or few rows, give a penalty.

References:
    Guo, C. et al. (2017). On calibration of modern neural networks. ICML.
    Kull, M. et al. (2019). Beyond temperature scaling: obtaining well-calibrated multiclass probabilities with Dirichlet
    calibration. NeurIPS.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.calibrate._inputs import Rows, scored
from jprob.calibrate._softmax import least_log_loss, of_classes

__all__ = ["Matrix", "apply", "fit"]


class Matrix(NamedTuple):
    """A map of logits.

    Attributes:
        weight: W, shape ``(k, k)``. shift: b, shape ``(k,)``, of sum zero.
        converged: the optimum was found. degenerate: it was not, or the largest logit is always right and there is none.
    """

    weight: Array
    shift: Array
    converged: Array
    degenerate: Array


def fit(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, penalty: float = 0.0) -> Matrix:
    """The map of least log loss, from the identity.

    Args:
        logits: of classes, shape ``(n, k)``. labels: classes 0..k−1, shape ``(n,)``. weights: non-negative, ``(n,)``.
        penalty: times the mean square of what differs from the identity, added to the mean log loss.

    Returns:
        :class:`Matrix`; the identity where the largest logit is always right and there is no penalty.

    Raises:
        ValueError: logits that are not finite, labels that are no classes.

    Example:
        >>> found = fit([[0.0, 0.0]] * 4, [0, 1, 1, 1])
        >>> [round(float(p), 3) for p in apply(found, [[0.0, 0.0]])[0]]
        [0.25, 0.75]
    """
    rows = of_classes(scored(logits, labels, weights, logits=True))
    return _fit(rows, jnp.asarray(penalty, rows.scores.dtype))


def apply(params: Matrix, logits: ArrayLike) -> Array:
    """Calibrated probabilities.

    Args:
        params: of :func:`fit`. logits: shape ``(n, k)``.

    Returns:
        Shape ``(n, k)``.

    Example:
        >>> found = fit([[0.0, 0.0]] * 4, [0, 1, 1, 1])
        >>> apply(found, [[0.0, 0.0]]).shape
        (1, 2)
    """
    (z,) = promote(logits)
    return jax.nn.softmax(z @ params.weight.T + params.shift, -1)


@jax.jit
def _fit(rows: Rows, penalty: Array) -> Matrix:
    k = rows.scores.shape[1]
    same = (jnp.eye(k, dtype=rows.scores.dtype), jnp.zeros(k, rows.scores.dtype))
    (weight, shift), converged, degenerate = least_log_loss(rows, lambda m, z: z @ m[0].T + m[1], same, penalty)
    return Matrix(weight, shift - jnp.mean(shift), converged, degenerate)
