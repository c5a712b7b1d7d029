r"""Precision and recall of a score for rare positives, and their average with an interval that knows how few there are.

.. math:: \text{AP} = \frac1{n_+} \sum_{i: y_i = 1} P(s_i), \qquad P(s) = \frac{\#\{j : y_j = 1, s_j \ge s\}}{\#\{j : s_j \ge s\}}

Its standard error is that of the infinitesimal jackknife: what a little more weight on row j would do,

.. math:: D_j = \frac{y_j}{n_+} (P(s_j) - \text{AP}) + \frac1{n_+} \sum_{i: s_i \le s_j} y_i \frac{y_j - P(s_i)}{N(s_i)}

Few rows carry it, so the quantile is Student's with as many degrees of freedom as :math:`2 (\sum D^2)^2 / \sum D^4`. A
positive counts itself among those above it; the interval, made in log odds, takes half of that back.

References:
    Efron, B. (1982). The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6: the infinitesimal jackknife.
    Boyd, K., Eng, K. H. and Page, C. D. (2013). Area under the precision-recall curve: point estimates and confidence
    intervals. ECML PKDD: intervals in log odds.
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics Bulletin 2.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, safe
from jprob.monitor._ranking import Ranking, ranked
from jprob.special import student_t_quantile

__all__ = ["AveragePrecision", "PRCurve", "average_precision", "pr_curve"]


class PRCurve(NamedTuple):
    """Precision and recall where every row that scores at least a threshold is called positive; falling thresholds.

    Attributes:
        precision: of the rows called positive, the share that is, shape ``(n,)``.
        recall: of the positives, the share that is called so, shape ``(n,)``; nan without positives.
        threshold: the scores in falling order, shape ``(n,)``; rows of one score show the same point.
        distinct: the last row of each score, shape ``(n,)``: ``precision[distinct]`` has every point once.
    """

    precision: Array
    recall: Array
    threshold: Array
    distinct: Array


class AveragePrecision(NamedTuple):
    """Average precision and how far to trust it.

    Attributes:
        value: nan without positives. interval: shape ``(2,)``; [0, 1] with fewer than two positives.
        standard_error: of the value.
        baseline: what a score that knows nothing comes to: the share of positives.
        positives: rows, as an integer.
    """

    value: Array
    interval: Array
    standard_error: Array
    baseline: Array
    positives: Array


def pr_curve(scores: ArrayLike, labels: ArrayLike) -> PRCurve:
    """Precision and recall at every threshold.

    Args:
        scores: any numbers that rank rows, shape ``(n,)``. labels: 0 and 1, shape ``(n,)``.

    Returns:
        :class:`PRCurve`, its shape that of the data, so that it compiles.

    Raises:
        ValueError: other shapes, scores that are not numbers or are missing, labels other than 0 and 1.

    Example:
        >>> curve = pr_curve([0.9, 0.8, 0.8, 0.1], [1, 0, 1, 0])
        >>> curve.recall[curve.distinct].tolist(), curve.threshold.shape
        ([0.5, 1.0, 1.0], (4,))
        >>> [round(float(p), 4) for p in curve.precision[curve.distinct]]
        [1.0, 0.6667, 0.5]
    """
    return _curve(ranked(scores, labels))


def average_precision(
    scores: ArrayLike, labels: ArrayLike, *, counts: ArrayLike | None = None, level: float = 0.95
) -> AveragePrecision:
    """Mean precision over the positives: the area under the steps of precision against recall, and its interval.

    Rows are a sample of rows, so the share of positives is part of what is uncertain. Compare it with the baseline, never with
    an average precision at another share of positives.

    Args:
        scores: any numbers that rank rows, shape ``(n,)``. labels: 0 and 1, shape ``(n,)``.
        counts: how often each row came, whole numbers of shape ``(n,)``; once by default.
        level: of the interval, which covers 94 to 98 % at 95 % from 50 positives of 5,000 on.

    Returns:
        :class:`AveragePrecision`.

    Raises:
        ValueError: as :func:`pr_curve`; counts that are none; a level outside (0, 1).

    Example:
        >>> found = average_precision([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0])
        >>> round(float(found.value), 4), float(found.baseline)  # (1 + 2/3) / 2
        (0.8333, 0.5)
    """
    check_level(level)
    return _average(ranked(scores, labels, counts), level)


@jax.jit
def _curve(r: Ranking) -> PRCurve:
    dtype, total = r.score.dtype, jnp.sum(r.label)
    known = jnp.where(jnp.isnan(r.score), jnp.nan, 1.0).astype(dtype)
    precision = r.hits.astype(dtype) / r.alerts.astype(dtype) * known
    recall = jnp.where(total > 0, r.hits.astype(dtype) / jnp.maximum(total, 1).astype(dtype), jnp.nan)
    return PRCurve(precision, recall * known, r.score, r.last)


@jax.jit
def _average(r: Ranking, level: Array) -> AveragePrecision:
    dtype = r.score.dtype
    y, times, hits, alerts = (a.astype(dtype) for a in (r.label, r.times, r.hits, r.alerts))
    count = jnp.sum(r.label * r.times)
    total = count.astype(dtype)
    num = jnp.maximum(total, 1.0)
    found = y * times
    # a row that never came may stand before all that did
    alerts = jnp.maximum(alerts, 1.0)
    precision = hits / alerts
    value = jnp.sum(found * precision) / num
    below, weighted = (_from_here(a)[r.first] for a in (found / alerts, found * precision / alerts))
    slope = (y * (precision - value + below) - weighted) / num
    power = jnp.sum(times * slope**2)
    variance = power * num / jnp.maximum(num - 1.0, 1.0)
    freedom = jnp.where(power > 0, 2.0 * power**2 / safe(power > 0, jnp.sum(times * slope**4), 1.0), 1.0)
    centre = jnp.sum(found * (hits - 0.5) / (alerts - 0.5)) / num
    ends = _interval(centre, jnp.sqrt(variance), freedom, total, jnp.asarray(level, dtype))
    known = jnp.where((total > 0) & ~jnp.isnan(r.score[0]), 1.0, jnp.nan).astype(dtype)
    baseline = total / jnp.sum(r.times).astype(dtype)
    return AveragePrecision(value * known, ends * known, jnp.sqrt(variance) * known, baseline, count)


def _interval(centre: Array, error: Array, freedom: Array, positives: Array, level: Array) -> Array:
    """In log odds; where no positive is out of order, as for ``positives`` successes out of as many."""
    tail = 0.5 * (1.0 - level)
    perfect = (error == 0) | (centre >= 1)
    held = jnp.where(perfect, 0.5, centre)
    odds = jnp.log(held) - jnp.log1p(-held)
    reach = student_t_quantile(1.0 - tail, tail, jnp.clip(freedom, 1.0, 1e6), 1.0) * error / (held * (1.0 - held))
    ends = jnp.stack([jax.nn.sigmoid(odds - reach), jax.nn.sigmoid(odds + reach)])
    exact = jnp.stack([tail ** (1.0 / jnp.maximum(positives, 1.0)), jnp.ones_like(tail)])
    ends = jnp.where(perfect, exact, ends)
    return jnp.where(positives >= 2, ends, jnp.asarray([0.0, 1.0], ends.dtype))


def _from_here(a: Array) -> Array:
    """Sums of what is here and after."""
    return jnp.cumsum(a[::-1])[::-1]
