r"""Losses for training that trade calibration for something else, and the way back.

.. math:: \text{focal: } -(1 - p_y)^\gamma \log p_y, \qquad \text{class-weighted: } -c_y \log p_y

Neither is least at the true probabilities. The focal loss ends underconfident, at q with
:math:`p_k \propto h(q_k)`, :math:`h(q) = q / [(1 - q)^\gamma - \gamma (1 - q)^{\gamma - 1} q \log q]`; class weights end at
:math:`q_k \propto c_k p_k`. Both can be undone exactly.

References:
    Lin, T.-Y. et al. (2017). Focal loss for dense object detection. ICCV.
    Charoenphakdee, N. et al. (2021). On focal loss for class-posterior probability estimation. CVPR.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import xlogy
from jax.typing import ArrayLike

from jprob._array import finfo, promote

__all__ = ["class_weighted_loss", "focal_loss", "undo_class_weights", "undo_focal"]


def focal_loss(logits: ArrayLike, labels: ArrayLike, *, gamma: float = 2.0) -> Array:
    """The focal loss of each row; the log loss at ``gamma`` zero. A summand for any optax optimiser.

    Args:
        logits: shape ``(..., k)``. labels: classes 0..k−1, shape ``(...)``. gamma: non-negative.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(focal_loss([0.0, 0.0], 1)), 4)  # log(2) / 4
        0.1733
    """
    log_p = _log_probability(logits, labels)
    return -jnp.exp(gamma * jnp.log(jnp.maximum(-jnp.expm1(log_p), finfo(log_p).tiny))) * log_p


def class_weighted_loss(logits: ArrayLike, labels: ArrayLike, class_weights: ArrayLike) -> Array:
    """The log loss of each row times the weight of its class.

    Args:
        logits: shape ``(..., k)``. labels: classes 0..k−1, shape ``(...)``. class_weights: shape ``(k,)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(class_weighted_loss([0.0, 0.0], 1, [1.0, 3.0])), 4)  # 3 log 2
        2.0794
    """
    log_p = _log_probability(logits, labels)
    return -jnp.asarray(class_weights, log_p.dtype)[jnp.asarray(labels)] * log_p


def undo_focal(probs: ArrayLike, *, gamma: float = 2.0) -> Array:
    """The probabilities behind those that minimise the focal loss.

    Args:
        probs: of a model trained with it, shape ``(..., k)``. gamma: that of the training.

    Returns:
        Shape ``(..., k)``, summing to one; the order of the classes is kept.

    Example:
        >>> [round(float(p), 4) for p in undo_focal([0.5, 0.5])]
        [0.5, 0.5]
        >>> bool(undo_focal([0.7, 0.3])[0] > 0.7)  # the loss ends underconfident
        True
    """
    (q,) = promote(probs)
    rest = jnp.maximum(1.0 - q, finfo(q).tiny)
    # times (1 − q)^γ inside h, numerator and denominator are divided by it, so that a certain class stays certain
    raw = q * rest / jnp.maximum(rest - gamma * xlogy(q, q), finfo(q).tiny)
    log = jnp.log(jnp.maximum(raw, finfo(q).tiny)) - gamma * jnp.log(rest)
    return jax.nn.softmax(jnp.where(q > 0, log, -jnp.inf), -1)


def undo_class_weights(probs: ArrayLike, class_weights: ArrayLike) -> Array:
    """The probabilities behind those that minimise a class-weighted log loss.

    Args:
        probs: of a model trained with it, shape ``(..., k)``. class_weights: those of the training, shape ``(k,)``.

    Returns:
        Shape ``(..., k)``, summing to one.

    Example:
        >>> [round(float(p), 4) for p in undo_class_weights([0.5, 0.5], [1.0, 3.0])]
        [0.75, 0.25]
    """
    (q,) = promote(probs)
    raw = q / jnp.asarray(class_weights, q.dtype)
    return raw / jnp.sum(raw, -1, keepdims=True)


def _log_probability(logits: ArrayLike, labels: ArrayLike) -> Array:
    """Of the class that came."""
    (z,) = promote(logits)
    return jnp.take_along_axis(jax.nn.log_softmax(z, -1), jnp.asarray(labels, jnp.int32)[..., None], -1)[..., 0]
