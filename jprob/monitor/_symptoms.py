"""What labels show of predictions: drift without a word, another prior, too sure or too timid, blind to what is rare."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from jprob.monitor._measured import Measured, measured
from jprob.monitor._suspects import (
    OVERCONFIDENT,
    PRIOR_SHIFT,
    RARE,
    SILENT,
    UNDERCONFIDENT,
    Case,
    Suspect,
    at_most,
    normal_two_sided,
    reach_of,
    share_interval,
)
from jprob.monitor.changes import Evidence

__all__ = ["labelled", "prior", "rare", "silent", "sureness"]

_RARE = 0.1  # share of a class
_FEW = 10  # rows of a class
_LEAST = 0.02


def labelled(case: Case) -> dict[str, Measured | None]:
    """What the labels of each sample show; ``None`` without labels, or where they are of one class."""
    found: dict[str, Measured | None] = {"reference": None, "current": None}
    for name, rows in (("reference", case.old), ("current", case.new)):
        if rows is None or rows.labels is None or len(np.unique(np.asarray(rows.labels))) < 2:
            continue
        k = 2 if rows.probs.ndim == 1 else rows.probs.shape[1]
        ratio = _ratio(case, k) if name == "current" else np.ones(k)
        found[name] = jax.device_get(measured(rows.probs, rows.labels, jnp.asarray(ratio, rows.probs.dtype)))
    return found


def silent(case: Case, before: Measured | None, now: Measured | None) -> Suspect | str:
    """Predictions mean something else, and classes are told apart less well than they were."""
    if case.changes is None or not case.changes.known or before is None or now is None:
        return "no labels in both samples"
    (old, old_error), (new, new_error) = _balanced(before), _balanced(now)
    drop, error = old - new, math.hypot(old_error, new_error)
    p_value = 0.5 * normal_two_sided(drop / error) if drop > 0 else 1.0
    concept = case.changes.concept
    if case.changes.verdict != "concept":
        p_value = 1.0
    reach = reach_of(case.level) * error
    unmoved = case.changes.covariate.p_value > case.alpha
    looks = "the predictions look as they did" if unmoved else "the predictions moved, too"
    return Suspect(
        SILENT,
        Evidence(drop / error, max(p_value, concept.p_value), drop, (drop - reach, drop + reach)),
        _LEAST,
        f"of each class {100 * new:.1f} % are found, {100 * old:.1f} % in the reference; {looks}",
        "concept drift: the same prediction means another chance than it did, so neither other rows nor another prior explain it",
        "look for what the model cannot see, and train on recent rows; until then recalibrate on recent labels",
        "calibrate.platt.fit(logits, labels)" if now.rows.size == 2 else "calibrate.vector.fit(logits, labels)",
    )


def prior(case: Case, before: Measured | None, now: Measured | None) -> Suspect | str:
    """Classes came rarer or commoner than the predictions were made for."""
    changes = case.changes
    if changes is None:
        return "no probabilities"
    found, says = changes.label, ""
    if not math.isnan(found.p_value):
        source = "labels" if changes.known else "predictions, by EM"
        says = f"the shares of the classes moved by {100 * found.size:.1f} points in all ({source})"
        within = changes.within.p_value
        says += f"; within the classes the predictions are as they were, p = {within:.2g}"
    if changes.verdict != "label":
        found = _offset(case, now)
        if found is None:
            if math.isnan(changes.label.p_value):
                return "no labels of the reference"
            found = Evidence(0.0, 1.0, 0.0, (0.0, 0.0))
        else:
            rarer = "rarer" if now is not None and float(now.offset) < 0 else "commoner"
            says = f"label 1 is {rarer} than forecast: log odds are off by {float(found.statistic):+.2f} everywhere"
    return Suspect(
        PRIOR_SHIFT,
        found,
        _LEAST,
        says,
        "the classes are as the model learnt them, only rarer or commoner than in its training",
        "multiply the odds by the ratio of the priors; estimate the new one from predictions alone, or count labels",
        "calibrate.prior_shift.adjust(logits, train_prior, monitor.label_shift(*reference, probs).prevalence)",
    )


def sureness(case: Case, before: Measured | None, now: Measured | None) -> Suspect | str:
    """Log odds that are too large or too small by a factor."""
    if case.changes is None:
        return "no probabilities"
    name, seen = ("current", now) if now is not None else ("reference", before)
    if seen is None:
        return "no labels, or of one class"
    if not seen.line:
        return "the labels allow no line in log odds"
    if case.changes.verdict == "concept" and silent_drop(case, before, now):
        return "the concept drifted: confidence is judged after that is mended"
    score = math.log(float(seen.slope)) / float(seen.slope_error)
    over = score < 0
    factor = math.exp(abs(math.log(float(seen.slope))))
    spread = math.exp(reach_of(case.level) * float(seen.slope_error))
    t = factor if over else 1.0 / factor
    return Suspect(
        OVERCONFIDENT if over else UNDERCONFIDENT,
        Evidence(score, normal_two_sided(score), factor, (factor / spread, factor * spread)),
        1.1,
        f"log odds are {factor:.2f} times as {'large' if over else 'small'} as the labels of the {name} sample allow",
        "a model fitted until its training rows were sure, or evidence that was counted twice"
        if over
        else "too much smoothing: averaged models, smoothed labels or a strong penalty",
        f"divide the logits by a temperature of about {t:.2f}, cross-fitted on labelled rows",
        "calibrate.cross_fit(key, calibrate.temperature, logits, labels)",
    )


def rare(case: Case, now: Measured | None) -> Suspect | str:
    """Most of a rare class is missed, and an accuracy that looks high hides it."""
    if now is None:
        return "no labels, or of one class"
    n = int(now.rows.sum())
    rare = int(now.rows.argmin())
    num, hits = int(now.rows[rare]), int(now.hits[rare])
    if num > _RARE * n:
        return "no class is rare"
    if num < _FEW:
        return f"fewer than {_FEW} rows of the rare class"
    low, high = share_interval(hits, num, case.level)
    accuracy, area = float(now.hits.sum()) / n, float(now.area)
    ranks = area > 0.6
    return Suspect(
        RARE,
        Evidence(hits / num, at_most(hits, num, 0.5), 1.0 - hits / num, (1.0 - high, 1.0 - low)),
        0.5,
        f"accuracy is {100 * accuracy:.1f} %, yet {hits} of {num} rows of class {rare} are found",
        f"the rare class is ranked (area {area:.2f}) but seldom above one half, where the threshold stands"
        if ranks
        else f"the model does not tell the rare class from the rest (area {area:.2f}): accuracy rewarded leaving it out",
        "set the threshold by costs or by a budget of alerts, and judge by precision and recall"
        if ranks
        else "gather rows of it, weigh them in training, undo the weights after; judge by average precision",
        "monitor.alert_threshold(probs, labels, cost_miss=20.0)"
        if ranks
        else "monitor.average_precision(probs, labels)",
    )


def silent_drop(case: Case, before: Measured | None, now: Measured | None) -> bool:
    """Whether classes are told apart less well by more than chance and a trifle."""
    found = silent(case, before, now)
    return (
        isinstance(found, Suspect) and found.evidence.p_value < 0.1 * case.alpha and found.evidence.size > found.limit
    )


def _balanced(found: Measured) -> tuple[float, float]:
    """Mean recall of the classes, which no prior moves, and its error; a row more on either side for each class."""
    there = found.rows > 0
    rows, hits = found.rows[there], found.hits[there]
    recall = (hits + 1.0) / (rows + 2.0)
    return float(np.mean(hits / rows)), float(np.sqrt(np.sum(recall * (1.0 - recall) / (rows + 2.0))) / len(rows))


def _offset(case: Case, now: Measured | None) -> Evidence | None:
    """Log odds that are off by a constant; ``None`` where there is no line of two classes."""
    if now is None or not now.line or math.isnan(float(now.offset)):
        return None
    changes = case.changes
    if changes is not None and changes.verdict == "concept":
        return None
    score = float(now.offset) / float(now.offset_error)
    size, n = abs(float(now.offset_share)), int(now.rows.sum())
    reach = reach_of(case.level) * 0.5 / math.sqrt(n)
    return Evidence(float(now.offset), normal_two_sided(score), size, (max(size - reach, 0.0), size + reach))


def _ratio(case: Case, k: int) -> np.ndarray:
    """Shares of the classes now over those of the reference, where that is what changed."""
    if case.changes is None or case.changes.verdict != "label" or case.old is None or case.old.labels is None:
        return np.ones(k)
    assert case.new is not None
    before, after = (np.bincount(np.asarray(rows.labels), minlength=k) + 0.5 for rows in (case.old, case.new))
    return (after / after.sum()) / (before / before.sum())
