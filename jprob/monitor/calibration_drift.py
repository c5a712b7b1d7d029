r"""Calibration drift: whether the same prediction still means the same chance, once labels have come.

.. math:: \operatorname{logit} \Pr(y = 1 \mid z) = h(z) + g\,(\delta_0 + \delta_1 z), \qquad g = 1 \text{ in the current sample}

with a curve h that both samples share, so that rows that moved are no drift even where the classifier was never calibrated.
The test is Rao's of both δ; the size is how far the samples' own lines are apart over the current rows.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.calibrate import platt
from jprob.monitor._inputs import check_judgement
from jprob.monitor._lines import Judged, curve, judged_rows, rao
from jprob.monitor._predictions import checked_labels, checked_probs, same_classes
from jprob.monitor.result import symmetric

__all__ = ["CalibrationDrift", "calibration_drift"]


class CalibrationDrift(NamedTuple):
    """How much the meaning of predictions has changed.

    Attributes:
        statistic: Rao's, chi-squared with two degrees of freedom. p_value: of predictions that mean what they did.
        size: root mean square change of the chance over the current rows, without what noise adds. interval: for it, ``(2,)``.
        alarm: the p-value is below ``alpha`` and the size above ``limit``.
        reference, current: slope and intercept of log odds, shape ``(2,)``: (1, 0) if calibrated.
        degenerate: labels of one kind, separable ones or constant predictions in a sample; p is then 1.
    """

    statistic: Array
    p_value: Array
    size: Array
    interval: Array
    alarm: Array
    reference: Array
    current: Array
    degenerate: Array


def calibration_drift(
    reference_probs: ArrayLike,
    reference_labels: ArrayLike,
    current_probs: ArrayLike,
    current_labels: ArrayLike,
    *,
    alpha: float = 0.05,
    limit: float = 0.02,
    level: float = 0.95,
) -> CalibrationDrift:
    """Whether current predictions are calibrated as the reference's were; of more than two classes, the predicted one's.

    Args:
        reference_probs: of label 1, shape ``(n,)``, or of classes, ``(n, k)``. reference_labels: shape ``(n,)``.
        current_probs: shape ``(m,)`` or ``(m, k)``. current_labels: shape ``(m,)``.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`CalibrationDrift`.

    Raises:
        ValueError: rows that are no probabilities, labels that are no classes, other classes.

    Example:
        >>> p = jnp.array([0.25, 0.75] * 200)
        >>> before, now = jnp.array([0, 1, 0, 1, 0, 1, 1, 0] * 50), jnp.array([0, 1, 1, 0, 0, 1, 1, 0] * 50)
        >>> found = calibration_drift(p, before, p, now)  # a quarter on the other side, then a half
        >>> [round(abs(float(line[0])), 2) for line in (found.reference, found.current)], bool(found.alarm)
        ([1.0, 0.0], True)
    """
    check_judgement(alpha, level, limit)
    check_level(level)
    p, q = checked_probs("reference_probs", reference_probs), checked_probs("current_probs", current_probs)
    same_classes(p, q, ("reference_probs", "current_probs"))
    y, came = (
        checked_labels("reference_labels", reference_labels, p),
        checked_labels("current_labels", current_labels, q),
    )
    return between(judged_rows(p, y), judged_rows(q.astype(p.dtype), came), alpha, limit, level)


@jax.jit
def between(before: Judged, now: Judged, alpha: Array, limit: Array, level: Array) -> CalibrationDrift:
    """The comparison, of rows that are judged."""
    z, y = jnp.concatenate([before.z, now.z]), jnp.concatenate([before.y, now.y])
    current = jnp.arange(z.shape[0]) >= before.z.shape[0]
    x, p = curve(z, y)
    statistic, p_value = rao(x, jnp.where(current[:, None], jnp.stack([jnp.ones_like(z), z], -1), 0.0), y, p)
    fits = [platt.fit(rows.z, rows.y, smooth=False) for rows in (before, now)]
    lines = [jnp.stack([fit.slope, fit.intercept]) for fit in fits]
    degenerate = fits[0].degenerate | fits[1].degenerate
    size, error = _distance(lines, [fit.covariance for fit in fits], now.z)
    size, error = jnp.where(degenerate, 0.0, size), jnp.where(degenerate, 0.0, error)
    p_value = jnp.where(degenerate, 1.0, p_value)
    alarm = (p_value < alpha) & (size > limit)
    ends = symmetric(size, error, level)
    return CalibrationDrift(statistic, p_value, size, ends, alarm, lines[0], lines[1], degenerate)


def _distance(lines: list[Array], covariances: list[Array], z: Array) -> tuple[Array, Array]:
    """Root mean square distance of two lines' probabilities, less what noise adds to its square, and its error."""
    design = jnp.stack([z, jnp.ones_like(z)], -1)
    before, now = (jax.nn.sigmoid(design @ line) for line in lines)
    slopes = [design * (p * (1.0 - p))[:, None] for p in (before, now)]
    gap = now - before
    noise = sum(
        jnp.mean(jnp.sum(slope @ covariance * slope, 1)) for slope, covariance in zip(slopes, covariances, strict=True)
    )
    root = jnp.sqrt(jnp.mean(gap**2))
    held = jnp.maximum(root, jnp.finfo(z.dtype).tiny)
    leans = [jnp.mean(gap[:, None] * slope, 0) / held for slope in slopes]
    variance = sum(lean @ covariance @ lean for lean, covariance in zip(leans, covariances, strict=True))
    return jnp.sqrt(jnp.maximum(root**2 - noise, 0.0)), jnp.sqrt(jnp.maximum(variance, 0.0))
