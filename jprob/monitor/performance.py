r"""Accuracy without labels, from confidence: what it must be if rows moved and nothing else did.

.. math:: \hat A = \frac1m \sum_i c_i, \qquad c_i = \sigma(a z_i + b)

with a line in log odds fitted on the labelled reference. Under covariate shift the chance of being right at a row is as it
was, so this holds whatever rows come. Under label shift and concept drift it does not, and no unlabelled data can exclude
either: the status says what is known.

References:
    Guillory, D. et al. (2021). Predicting with confidence on unseen distributions. ICCV.
    Garg, S. et al. (2022). Leveraging unlabeled data to predict out-of-distribution performance. ICLR.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, safe
from jprob.monitor._calibrator import calibrator
from jprob.monitor._lines import Judged, judged_rows, line_gap
from jprob.monitor._mixture import mixture, moved
from jprob.monitor._predictions import checked_labels, checked_probs, of_classes, same_classes
from jprob.special import normal_quantile

__all__ = ["ACCURACY_STATUS", "EstimatedAccuracy", "estimated_accuracy"]

ACCURACY_STATUS = ("no concept drift assumed", "no labelled reference", "reference miscalibrated", "label shift")
"""What a status stands for: ``ACCURACY_STATUS[int(found.status)]``."""

_ASSUMED, _UNVERIFIED, _MISCALIBRATED, _LABEL_SHIFT = range(4)
_ALPHA = 0.01


class EstimatedAccuracy(NamedTuple):
    """Accuracy that confidence promises.

    Attributes:
        accuracy: of the rows, estimated. interval: of the population that they come from, shape ``(2,)``.
        rows_interval: of the share of these rows that is right, which varies more, shape ``(2,)``.
        reference: accuracy on the labelled reference; nan without one.
        status: index into ``ACCURACY_STATUS``: all but the first say that the estimate is not to be trusted.
        known: the status is the first. Even then it rests on what only labels can show: that there was no concept drift.
    """

    accuracy: Array
    interval: Array
    rows_interval: Array
    reference: Array
    status: Array
    known: Array


def estimated_accuracy(
    probs: ArrayLike,
    reference_probs: ArrayLike | None = None,
    reference_labels: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> EstimatedAccuracy:
    """How often the predicted class is right, from the probabilities alone.

    With a labelled reference, confidence is first made right there, and the interval holds what that leaves unsure. The status is
    ``"reference miscalibrated"`` where no line does that, and ``"label shift"`` where predictions moved as they do when classes
    become rarer: then :func:`label_shift` answers, if the classes still look alike.

    Args:
        probs: of current rows: of label 1, shape ``(m,)``, or of classes, shape ``(m, k)``.
        reference_probs: shape ``(n,)`` or ``(n, k)``. reference_labels: shape ``(n,)``. Both or neither.
        level: of the intervals.

    Returns:
        :class:`EstimatedAccuracy`.

    Raises:
        ValueError: rows that are no probabilities, labels that are no classes, other classes; one of probabilities and labels.

    Example:
        >>> found = estimated_accuracy([0.9, 0.2, 0.7, 0.4])  # (.9 + .8 + .7 + .6) / 4
        >>> round(float(found.accuracy), 4), ACCURACY_STATUS[int(found.status)]
        (0.75, 'no labelled reference')
    """
    check_level(level)
    q = checked_probs("probs", probs)
    if (reference_probs is None) != (reference_labels is None):
        raise ValueError("`reference_probs` and `reference_labels` must both be given, or neither; got one of them.")
    if reference_probs is None or reference_labels is None:
        return _promised(q, jnp.asarray(level, q.dtype))
    p = checked_probs("reference_probs", reference_probs)
    y = checked_labels("reference_labels", reference_labels, p)
    same_classes(p, q, ("reference_probs", "probs"))
    return _transferred(p, y, q.astype(p.dtype), jnp.asarray(level, p.dtype))


@jax.jit
def _promised(q: Array, level: Array) -> EstimatedAccuracy:
    rows = judged_rows(q, jnp.zeros(q.shape[0], jnp.int32))
    chance = _chance(rows, jnp.array([1.0, 0.0], q.dtype))
    unsure, nan = jnp.zeros((), q.dtype), jnp.full((), jnp.nan, q.dtype)
    return _answer(chance, unsure, nan, jnp.asarray(_UNVERIFIED), level)


@jax.jit
def _transferred(p: Array, y: Array, q: Array, level: Array) -> EstimatedAccuracy:
    rows, new = judged_rows(p, y), judged_rows(q, jnp.zeros(q.shape[0], jnp.int32))
    fitted = calibrator(jnp.stack([jnp.zeros_like(rows.z), rows.z], -1), rows.y)
    # of the pair (0, z) only the second scale and the difference of the shifts count
    pick = jnp.zeros((2, 6), p.dtype).at[0, 1].set(1.0).at[1, 2].set(-1.0).at[1, 3].set(1.0)
    line, covariance = pick @ fitted.params.ravel(), pick @ fitted.covariance @ pick.T
    slope = jax.grad(lambda line: jnp.mean(_chance(new, line)))(line)
    right = jnp.mean((rows.y == rows.says).astype(p.dtype))
    off = line_gap(rows.z, rows.y, line) < _ALPHA
    shifted = (moved(of_classes(p), of_classes(q)) < _ALPHA) & (mixture(p, y, q).p_value > _ALPHA)
    status = jnp.where(off, _MISCALIBRATED, jnp.where(shifted, _LABEL_SHIFT, _ASSUMED))
    return _answer(_chance(new, line), slope @ covariance @ slope, right, status, level)


def _of_line(z: Array, line: Array) -> Array:
    return jax.nn.sigmoid(line[0] * z + line[1])


def _chance(rows: Judged, line: Array) -> Array:
    """That what is said comes: the label 1 of the line, or the other."""
    p = _of_line(rows.z, line)
    return jnp.where(rows.says == 1, p, 1.0 - p)


def _answer(chance: Array, unsure: Array, reference: Array, status: Array, level: Array) -> EstimatedAccuracy:
    m = chance.shape[0]
    accuracy = jnp.mean(chance)
    drawn = jnp.var(chance) * m / max(m - 1, 1) / m
    tossed = jnp.mean(chance * (1.0 - chance)) / m
    population, rows = (_interval(accuracy, jnp.sqrt(unsure + noise), level) for noise in (drawn, tossed))
    return EstimatedAccuracy(accuracy, population, rows, reference, status, status == _ASSUMED)


def _interval(share: Array, error: Array, level: Array) -> Array:
    """On log odds, so that ends stay inside (0, 1)."""
    tail = 0.5 * (1.0 - level)
    inside = (share > 0) & (share < 1)
    held = safe(inside, share, 0.5)
    odds, half = jnp.log(held) - jnp.log1p(-held), normal_quantile(1.0 - tail, tail) * error / (held * (1.0 - held))
    ends = jnp.stack([jax.nn.sigmoid(odds - half), jax.nn.sigmoid(odds + half)])
    return jnp.where(inside, ends, share)
