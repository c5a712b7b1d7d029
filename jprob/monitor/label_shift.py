r"""Label shift: classes that became rarer or commoner, seen in predictions alone, with both samples' noise.

.. math:: \frac1m \sum_i \frac{\pi'_k r_{ik}}{\sum_j \pi'_j r_{ij}} = \pi'_k, \qquad r_{ik} = \frac{f_k(x_i)}{f(x_i)}

The ratios come from a map that is fitted on the labelled reference, so the classifier need not be calibrated. Of two
classes the interval holds the priors that this equation does not reject: its variance is what the deployed rows vary by
at that prior, and what the map may be off by. So it is as Wilson's interval is, and holds its level where positives are
few. Of more, intervals are by the delta method on log odds.

References:
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori probabilities.
    Neural Computation 14.
    Lipton, Z., Wang, Y.-X. and Smola, A. (2018). Detecting and correcting for label shift with black box predictors. ICML.
    Garg, S. et al. (2020). A unified view of label shift estimation. NeurIPS.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, safe
from jprob.calibrate import prior_shift
from jprob.monitor._calibrator import calibrator
from jprob.monitor._mixture import moved
from jprob.monitor._predictions import (
    checked_labels,
    checked_probs,
    each_class,
    logs,
    of_classes,
    predicted,
    same_classes,
)
from jprob.monitor._prior_intervals import delta_interval, score_interval
from jprob.special import normal_quantile

__all__ = ["LabelShift", "label_shift"]

_METHODS = ("em", "bbse")
_SEED = 20_261_122  # of the counts that are redrawn: the answer is a function of the data
_APART = 3.0  # standard errors


class LabelShift(NamedTuple):
    """How often the classes come now.

    Attributes:
        prevalence: shape ``(k,)``; of two classes, label 1 is the second. interval: of each by itself, shape ``(k, 2)``.
        ratio: to the reference, shape ``(k,)``: the weights that make reference rows look like current ones.
        reference: prevalence there, shape ``(k,)``.
        p_value: of no shift, from calibrated predictions (``"em"``) or predicted classes (``"bbse"``).
        identifiable: predictions tell the classes apart. converged: the optimum was found.
        at_boundary: a class has vanished.
        degenerate: the reference allows no map, or a class has fewer than five rows there; intervals are then not to be
            trusted.
    """

    prevalence: Array
    interval: Array
    ratio: Array
    reference: Array
    p_value: Array
    identifiable: Array
    converged: Array
    at_boundary: Array
    degenerate: Array


def label_shift(
    reference_probs: ArrayLike,
    reference_labels: ArrayLike,
    current_probs: ArrayLike,
    *,
    method: str = "em",
    level: float = 0.95,
) -> LabelShift:
    """The deployed prevalence of each class, from a labelled reference and predictions without labels.

    Caution: it takes the classes to look as they did. A feature that moved gives a wrong prevalence; :func:`what_changed`
    tells the two apart. ``"em"`` is the sharper one where a line in log odds calibrates the classifier; ``"bbse"`` needs no such
    thing, only predictions of every class.

    Args:
        reference_probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``. reference_labels: shape ``(n,)``.
        current_probs: shape ``(m,)`` or ``(m, k)``.
        method: ``"em"`` or ``"bbse"``. level: of the intervals.

    Returns:
        :class:`LabelShift`.

    Raises:
        ValueError: rows that are no probabilities, labels that are no classes, a class without labelled rows, other classes.

    Example:
        >>> p, y = jnp.array([0.75, 0.25] * 100), jnp.array([1, 0, 1, 0, 1, 0, 0, 1] * 25)  # right in 3 of 4
        >>> found = label_shift(p, y, jnp.array([0.75, 0.75, 0.75, 0.25, 0.25, 0.25, 0.25, 0.25] * 25))
        >>> round(float(found.prevalence[1]), 2)  # 3/8 = 3/4 π + 1/4 (1 − π)
        0.25
    """
    check_level(level)
    if method not in _METHODS:
        raise ValueError(f"`method` must be one of {', '.join(_METHODS)}; got {method!r}.")
    p = checked_probs("reference_probs", reference_probs)
    y = checked_labels("reference_labels", reference_labels, p)
    q = checked_probs("current_probs", current_probs)
    same_classes(p, q, ("reference_probs", "current_probs"))
    each_class("reference_labels", y, 2 if p.ndim == 1 else p.shape[1])
    q = q.astype(p.dtype)
    if method == "em":
        return _by_likelihood(p, y, q, jnp.asarray(level, p.dtype))
    found = prior_shift.bbse(jax.random.key(_SEED), p, y, q, level=level)
    return _by_confusion(p, y, q, found)


@jax.jit
def _by_likelihood(p: Array, y: Array, q: Array, level: Array) -> LabelShift:
    z, zc = logs(p), logs(q)
    fitted = calibrator(z, y)
    before = fitted.params[2]
    now = jax.nn.softmax(fitted.params[0] * zc + fitted.params[1], -1)
    found = prior_shift.em(now, before)
    tail = 0.5 * (1.0 - level)
    reach = normal_quantile(1.0 - tail, tail)
    ends = (score_interval if p.ndim == 1 else delta_interval)(fitted, zc, found.prior, reach)
    return _shifted(fitted.probs, now, y, found, ends, fitted.degenerate)


@jax.jit
def _by_confusion(p: Array, y: Array, q: Array, found: prior_shift.Shift) -> LabelShift:
    k = 2 if p.ndim == 1 else p.shape[1]
    prior = of_classes(found.prior[None])[0] if p.ndim == 1 else found.prior
    ends = jnp.stack([1.0 - found.interval[::-1], found.interval]) if p.ndim == 1 else found.interval
    before, now = (jax.nn.one_hot(predicted(x), k, dtype=p.dtype) for x in (p, q))
    return _shifted(before, now, y, found._replace(prior=prior), ends, jnp.zeros((), bool))


def _shifted(
    before: Array, now: Array, y: Array, found: prior_shift.Shift, ends: Array, degenerate: Array
) -> LabelShift:
    k = before.shape[1]
    came = jax.nn.one_hot(y, k, dtype=before.dtype)
    rows = jnp.sum(came, 0)
    reference = rows / y.shape[0]
    return LabelShift(
        prevalence=found.prior,
        interval=ends,
        ratio=found.prior / safe(reference > 0, reference, 1.0),
        reference=reference,
        p_value=moved(before, now),
        identifiable=_told_apart(before, came, rows),
        converged=found.converged,
        at_boundary=found.at_boundary,
        degenerate=degenerate | (jnp.min(rows) < 5),
    )


def _told_apart(shares: Array, came: Array, rows: Array) -> Array:
    """Whether the mean predictions of the classes differ, in every direction, by more than they vary."""
    rows = jnp.maximum(rows, 1.0)
    means = came.T @ shares / rows[:, None]
    variance = jnp.maximum(came.T @ shares**2 / rows[:, None] - means**2, 0.0) / rows[:, None]
    apart = means - jnp.mean(means, 0)
    sizes = jnp.linalg.svd(apart, compute_uv=False)[: means.shape[0] - 1]
    return jnp.min(sizes) > _APART * jnp.sqrt(jnp.max(jnp.sum(variance, 1)))
