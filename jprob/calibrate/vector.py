r"""Vector scaling: a scale and a shift for each class.

.. math:: p = \text{softmax}(s \circ z + b)

References:
    Guo, C. et al. (2017). On calibration of modern neural networks. ICML.
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

__all__ = ["Vector", "apply", "fit"]


class Vector(NamedTuple):
    """Scales and shifts, shape ``(k,)``.

    Attributes:
        scale: s. shift: b, of sum zero.
        converged: the optimum was found. degenerate: it was not, or the largest logit is always right and there is none.
    """

    scale: Array
    shift: Array
    converged: Array
    degenerate: Array


def fit(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, *, penalty: float = 0.0) -> Vector:
    """Scales and shifts of least log loss, from the identity.

    Args:
        logits: of classes, shape ``(n, k)``. labels: classes 0..k−1, shape ``(n,)``. weights: non-negative, ``(n,)``.
        penalty: times the mean square of what differs from the identity, added to the mean log loss.

    Returns:
        :class:`Vector`; the identity where the largest logit is always right and there is no penalty.

    Raises:
        ValueError: logits that are not finite, labels that are no classes.

    Example:
        >>> found = fit([[0.0, 0.0]] * 4, [0, 1, 1, 1])  # shifts of ± log(3) / 2
        >>> [round(float(b), 3) for b in found.shift]
        [-0.549, 0.549]
    """
    rows = of_classes(scored(logits, labels, weights, logits=True))
    return _fit(rows, jnp.asarray(penalty, rows.scores.dtype))


def apply(params: Vector, logits: ArrayLike) -> Array:
    """Calibrated probabilities.

    Args:
        params: of :func:`fit`. logits: shape ``(n, k)``.

    Returns:
        Shape ``(n, k)``.

    Example:
        >>> found = fit([[0.0, 0.0]] * 4, [0, 1, 1, 1])
        >>> [round(float(p), 3) for p in apply(found, [[0.0, 0.0]])[0]]
        [0.25, 0.75]
    """
    (z,) = promote(logits)
    return jax.nn.softmax(params.scale * z + params.shift, -1)


@jax.jit
def _fit(rows: Rows, penalty: Array) -> Vector:
    k = rows.scores.shape[1]
    same = (jnp.ones(k, rows.scores.dtype), jnp.zeros(k, rows.scores.dtype))
    (scale, shift), converged, degenerate = least_log_loss(rows, lambda m, z: m[0] * z + m[1], same, penalty)
    return Vector(scale, shift - jnp.mean(shift), converged, degenerate)
