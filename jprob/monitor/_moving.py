"""Predictions that moved from the reference, or move with time, where no other share of the classes explains it."""

from __future__ import annotations

import math

import numpy as np

from jprob.monitor._suspects import DRIFTING, Case, Suspect, normal_two_sided, reach_of
from jprob.monitor.changes import UNTESTED, Evidence
from jprob.monitor.columns import drift

__all__ = ["drifting"]


def drifting(case: Case) -> Suspect | str:
    """Predictions that moved, and no other share of the classes explains it; or that move with time."""
    if case.changes is None or case.new is None:
        return "no probabilities"
    found, verdict = case.changes.covariate, case.changes.verdict
    trend = _trend(np.asarray(case.new.probs), case.level)
    if case.old is not None and _trend(np.asarray(case.old.probs), case.level).size > 0.5 * trend.size > 0.05:
        trend = UNTESTED  # rows that are sorted, not rows in time
    moved = found if verdict in ("covariate", "unknown", "concept") else UNTESTED
    p_moved, p_trend = (1.0 if math.isnan(p) else p for p in (moved.p_value, trend.p_value))
    trending = p_trend < case.alpha and trend.size > 0.1
    says = f"the predictions are {found.size:.3f} from the reference's (Kolmogorov-Smirnov, beyond noise)"
    if trending:
        says += f" and move with time: rank correlation with the row {trend.statistic:+.2f}"
    if min(p_moved, p_trend) < case.alpha:
        says += _most_moved(case)
    shown = moved if p_moved <= p_trend and moved.size > 0.05 else trend
    cause = "rows of another kind arrive: features moved"
    if verdict == "unknown":
        cause += ", or the shares of the classes: labels of the reference would tell"
    elif case.changes.known and verdict == "covariate":
        cause += "; a prediction still means what it did"
    return Suspect(
        DRIFTING,
        shown._replace(p_value=min(1.0, 2.0 * min(p_moved, p_trend))),
        0.05 if shown is moved else 0.1,
        says,
        cause,
        "find the feature that moved, watch the accuracy that confidence promises, and train on recent rows",
        "monitor.drift(reference_features, current_features)",
    )


def _most_moved(case: Case) -> str:
    """The feature that moved most, where both samples have the same ones."""
    before, after = case.reference.features, case.current.features
    if before is None or after is None or (hasattr(before, "keys") and set(before.keys()) - set(after.keys())):
        return ""
    found = drift(before, after)
    at = int(np.argmax(np.asarray(found.size)))
    if not bool(found.alarm[at]):
        return "; no feature alone moved"
    return (
        f"; of the features `{found.names[at]}` moved most ({found.tests[at]} {float(found.size[at]):.2f} beyond noise)"
    )


def _trend(p: np.ndarray, level: float) -> Evidence:
    """Rank correlation of predictions with the row; of classes, the strongest of them, its p-value adjusted."""
    columns = p[:, None] if p.ndim == 1 else p
    n = len(columns)
    if n < 3:
        return UNTESTED
    r = [_rank_correlation(column) for column in columns.T]
    strongest = max(r, key=abs)
    p_value = min(1.0, normal_two_sided(strongest * math.sqrt(n - 1.0)) * len(r))
    reach = reach_of(level) / math.sqrt(n - 1.0)
    size = abs(strongest)
    return Evidence(strongest, p_value, size, (max(size - reach, 0.0), min(size + reach, 1.0)))


def _rank_correlation(x: np.ndarray) -> float:
    """Spearman's, with the number of the row; ties have their mean rank."""
    order = np.sort(x)
    rank = 0.5 * (np.searchsorted(order, x) + np.searchsorted(order, x, "right") - len(x))
    time = np.arange(len(x)) - 0.5 * (len(x) - 1)
    scale = math.sqrt(float(rank @ rank) * float(time @ time))
    return float(time @ rank) / scale if scale > 0 else 0.0
