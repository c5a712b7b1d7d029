r"""Where to put the threshold of an alarm: under a budget of alarms, or where false and missed ones cost least.

.. math:: \text{cost}(t) = \frac1n \Big( c_0 \,\#\{y = 0, s \ge t\} + c_1 \,\#\{y = 1, s < t\} \Big)

For calibrated probabilities the least cost lies at :math:`c_0 / (c_0 + c_1)` whatever the prevalence; a cost curve shows
what is lost where they are not. A threshold chosen on the rows that judge it looks better than it is: judge it on others.

References:
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.
    Provost, F. and Fawcett, T. (2001). Robust classification for imprecise environments. Machine Learning 42.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete
from jprob.monitor._ranking import Ranking, ranked
from jprob.special.proportion import wilson_ends

__all__ = ["AlertThreshold", "CostCurve", "alert_threshold", "cost_curve"]


class CostCurve(NamedTuple):
    """What each threshold costs, from no alarm at all to an alarm for every row; shape ``(n + 1,)``.

    Attributes:
        cost: for each row, on average.
        threshold: a row alarms that scores at least as much; infinite first.
        alerts: share of rows that alarm. recall: share of the positives that do, nan without any.
        distinct: the last row of each score.
    """

    cost: Array
    threshold: Array
    alerts: Array
    recall: Array
    distinct: Array


class AlertThreshold(NamedTuple):
    """A threshold and what comes of it on these rows.

    Attributes:
        threshold: a row alarms that scores at least as much; infinite where none may.
        alerts: rows that alarm, as an integer. cost: for each row; nan without labels.
        precision: nan without alarms or labels. precision_interval: shape ``(2,)``.
        recall: nan without positives or labels. recall_interval: shape ``(2,)``.
    """

    threshold: Array
    alerts: Array
    cost: Array
    precision: Array
    precision_interval: Array
    recall: Array
    recall_interval: Array


def cost_curve(
    scores: ArrayLike, labels: ArrayLike, *, cost_false_alarm: float = 1.0, cost_miss: float = 1.0
) -> CostCurve:
    """What false and missed alarms cost at every threshold.

    Args:
        scores: any numbers that rank rows, shape ``(n,)``. labels: 0 and 1, shape ``(n,)``.
        cost_false_alarm: of an alarm without an event. cost_miss: of an event without an alarm; not negative.

    Returns:
        :class:`CostCurve`.

    Raises:
        ValueError: other shapes, scores that are missing, labels other than 0 and 1, negative costs.

    Example:
        >>> curve = cost_curve([0.9, 0.5, 0.4, 0.1], [1, 0, 1, 0], cost_miss=4.0)
        >>> curve.cost.tolist()  # no alarm misses two; two alarms miss one, and one is false
        [2.0, 1.0, 1.25, 0.25, 0.5]
    """
    _costs(cost_false_alarm, cost_miss)
    return _costed(ranked(scores, labels), cost_false_alarm, cost_miss)


def alert_threshold(
    scores: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    budget: float | None = None,
    cost_false_alarm: float = 1.0,
    cost_miss: float | None = None,
    level: float = 0.95,
) -> AlertThreshold:
    """The lowest threshold within a budget of alarms, or with a cost of misses the one of least cost within it.

    Rows of one score alarm together or not at all, so a budget may stay unspent. Of equal costs the fewest alarms.

    Args:
        scores: any numbers that rank rows, shape ``(n,)``. labels: 0 and 1, shape ``(n,)``; a budget alone needs none.
        budget: share of rows that may alarm, from 0 to 1.
        cost_false_alarm, cost_miss: as for :func:`cost_curve`.
        level: of the intervals, which are for a threshold that was given: one that was chosen here looks too good.

    Returns:
        :class:`AlertThreshold`.

    Raises:
        ValueError: as :func:`cost_curve`; neither budget nor cost, a cost without labels, a budget outside [0, 1].

    Example:
        >>> found = alert_threshold([0.9, 0.5, 0.4, 0.1], [1, 0, 1, 0], budget=0.5)
        >>> found.threshold.item(), found.alerts.item(), found.precision.item(), found.recall.item()
        (0.5, 2, 0.5, 0.5)
        >>> round(alert_threshold([0.9, 0.5, 0.4, 0.1], [1, 0, 1, 0], cost_miss=4.0).threshold.item(), 4)
        0.4
    """
    check_level(level)
    _costs(cost_false_alarm, 0.0 if cost_miss is None else cost_miss)
    if budget is None and cost_miss is None:
        raise ValueError("`budget` or `cost_miss` must be given; got neither.")
    if cost_miss is not None and labels is None:
        raise ValueError("`labels` must be given where misses have a cost; got none.")
    if budget is not None and concrete(budget) and not 0.0 <= budget <= 1.0:
        raise ValueError(f"`budget` must be a share of rows from 0 to 1; got {budget}.")
    known = labels is not None
    ranking = ranked(scores, np.zeros(np.shape(scores), np.int32) if labels is None else labels)
    share = 1.0 if budget is None else budget
    return _chosen(ranking, share, cost_false_alarm, cost_miss, known, level)


@jax.jit
def _costed(r: Ranking, false: Array, miss: Array) -> CostCurve:
    dtype, n, total = r.score.dtype, r.score.shape[0], jnp.sum(r.label)
    none = jnp.zeros(1, r.hits.dtype)
    hits, alerts = jnp.concatenate([none, r.hits]), jnp.concatenate([none, r.alerts.astype(r.hits.dtype)])
    known = jnp.where(jnp.isnan(r.score[0]), jnp.nan, 1.0).astype(dtype)
    cost = (false * (alerts - hits).astype(dtype) + miss * (total - hits).astype(dtype)) / n
    recall = jnp.where(total > 0, hits.astype(dtype) / jnp.maximum(total, 1).astype(dtype), jnp.nan)
    threshold = jnp.concatenate([jnp.full(1, jnp.inf, dtype), r.score])
    distinct = jnp.concatenate([jnp.ones(1, bool), r.last])
    return CostCurve(cost * known, threshold, alerts.astype(dtype) / n, recall * known, distinct)


@jax.jit(static_argnums=4)
def _chosen(r: Ranking, budget: Array, false: Array, miss: Array | None, known: bool, level: Array) -> AlertThreshold:
    dtype, n = r.score.dtype, r.score.shape[0]
    curve = _costed(r, false, 1.0 if miss is None else miss)
    alerts = jnp.concatenate([jnp.zeros(1, r.alerts.dtype), r.alerts])
    # a budget of 0.07 means 7 of 100 though it is not quite a float
    allowed = curve.distinct & (alerts <= jnp.floor(budget * n * (1.0 + 4.0 * jnp.finfo(dtype).eps)))
    price = -alerts.astype(dtype) if miss is None else curve.cost
    at = jnp.argmin(jnp.where(allowed, price, jnp.inf))
    hits, total = jnp.concatenate([jnp.zeros(1, r.hits.dtype), r.hits])[at], jnp.sum(r.label)
    fine = jnp.where(jnp.isnan(r.score[0]) | (not known), jnp.nan, 1.0).astype(dtype)

    def share(part: Array, whole: Array) -> tuple[Array, Array]:
        part, whole = part.astype(dtype), whole.astype(dtype)
        held = jnp.maximum(whole, 1.0)
        ends = jnp.where(whole > 0, wilson_ends(part, held - part, level), jnp.asarray([0.0, 1.0], dtype))
        return jnp.where(whole > 0, part / held, jnp.nan) * fine, ends * fine

    threshold = jnp.where(jnp.isnan(r.score[0]), jnp.nan, curve.threshold[at])
    cost = (curve.cost[at] if miss is not None else jnp.asarray(jnp.nan, dtype)) * fine
    return AlertThreshold(threshold, alerts[at], cost, *share(hits, alerts[at]), *share(hits, total))


def _costs(false: float, miss: float) -> None:
    for name, cost in (("cost_false_alarm", false), ("cost_miss", miss)):
        if concrete(cost) and not 0.0 <= float(np.asarray(cost)) < np.inf:
            raise ValueError(f"`{name}` must not be negative, and finite; got {cost}.")
