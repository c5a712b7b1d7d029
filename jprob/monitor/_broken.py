"""What needs no labels: outputs that are no probabilities, features that died, intervals that do not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jprob.calibrate import central_coverage
from jprob.monitor._suspects import NARROW, NOT_PROBABILITIES, SILENT, Case, Suspect, at_most, share_interval
from jprob.monitor.changes import Evidence
from jprob.monitor.validation import Problem, validate

__all__ = ["Cleaned", "cleaned", "dead_features", "narrow_intervals", "outputs"]

_ROUNDING = 5e-3  # of a row's sum: what printed decimals may have cost
_DEAD = ("constant", "stuck", "turned to zeros", "missing", "missing column")
_CHANCE = 1e-8  # of a false alarm of `validate`
_SHARE = 0.05
_FLAG = 0.1  # share of zeros


class Cleaned(NamedTuple):
    """Probabilities made of outputs; which rows could be used; how many were none, how far off, and what they are."""

    probs: np.ndarray
    kept: np.ndarray
    bad: int
    worst: float
    kind: str


def cleaned(name: str, probs: ArrayLike) -> Cleaned:
    """The nearest probabilities: logits through a softmax, rows by their sums; rows that are no numbers are left out.

    Raises:
        ValueError: another shape, no rows, or no row of numbers.
    """
    p = np.asarray(probs)
    if p.dtype.kind not in "biufV":
        raise ValueError(f"`{name}` must be numbers; got {p.dtype}.")
    if p.ndim not in (1, 2) or (p.ndim == 2 and p.shape[1] < 2):
        raise ValueError(f"`{name}` must have shape (n,) or (n, k), k at least 2; got {p.shape}.")
    if not len(p):
        raise ValueError(f"`{name}` must have at least one row; got none.")
    p = p if p.dtype == np.float32 else p.astype(float)
    kept = np.isfinite(p).reshape(len(p), -1).all(1)
    if not kept.any():
        raise ValueError(f"`{name}` must have rows of finite numbers; got none.")
    whole = p[kept]
    outside = np.maximum(whole - 1.0, -whole).max(-1) if p.ndim == 2 else np.maximum(whole - 1.0, -whole)
    off = np.abs(whole.sum(1) - 1.0) if p.ndim == 2 else np.zeros(len(whole))
    gaps = np.maximum(np.maximum(outside, off), 0.0)
    bad, worst = int((gaps > _ROUNDING).sum() + (~kept).sum()), float(gaps.max())
    if (outside > _ROUNDING).any():
        return Cleaned(_softmax(whole), kept, bad, worst, "logits")
    held = np.clip(whole, 0.0, 1.0)
    if p.ndim == 1:
        return Cleaned(held, kept, bad, worst, "nan" if bad else "")
    sums = held.sum(1, keepdims=True)
    held = np.where(sums > 0, held / np.where(sums > 0, sums, 1.0), 1.0 / p.shape[1])
    return Cleaned(held.astype(p.dtype), kept, bad, worst, "sums" if (off > _ROUNDING).any() else "nan" if bad else "")


def outputs(found: Cleaned, level: float) -> Suspect:
    """Rows of the current sample that are no probabilities: of a sound model there is none."""
    n = len(found.kept)
    missing = int((~found.kept).sum())
    cause, repair, call = {
        "logits": (
            "logits where probabilities were expected: the last softmax is missing",
            "send the logits through a softmax, or log odds through a sigmoid; what follows here was done on these",
            "calibrate.temperature.apply(1.0, logits)",
        ),
        "sums": (
            "scores of each class by itself, a sigmoid each, that were never made to sum to one",
            "divide each row by its sum, then calibrate on labelled rows; what follows here was done on these",
            "calibrate.vector.fit(jnp.log(probs), labels)",
        ),
        "nan": (
            "rows that are no numbers: a feature is missing, or the model overflowed",
            "mend what feeds the model; what follows here leaves these rows out",
            "monitor.validate(probs, features)",
        ),
        "": ("", "", ""),
    }[found.kind]
    says = f"{found.bad:,} of {n:,} rows are no probabilities, off by up to {found.worst:.3g}"
    says += f"; {missing:,} of them are no numbers" if missing else ""
    share = found.bad / n
    p_value = 0.0 if found.bad else 1.0
    evidence = Evidence(found.worst, p_value, share, share_interval(found.bad, n, level))
    return Suspect(NOT_PROBABILITIES, evidence, 0.0, says, cause, repair, call)


def dead_features(case: Case) -> Suspect | str:
    """A column that stopped varying, turned to zeros or went missing, though it did not before."""
    if any(sample.features is None or not len(sample.features) for sample in (case.reference, case.current)):
        return "no features in both samples"
    rows = np.zeros(_length(case.current.features))
    found = validate(rows, case.current.features, reference=case.reference.features)
    dead = [p for p in found.problems if p.problem in _DEAD and p.where != "predictions" and p.share > _SHARE]
    dead = [p for p in dead if p.problem != "turned to zeros" or _was_not_zero(case.reference.features, p)]
    if not dead:
        return Suspect(SILENT, Evidence(0.0, 1.0, 0.0, (0.0, 0.0)), _SHARE, "", "", "", "")
    worst: Problem = max(dead, key=lambda p: p.share)
    others = f" (and {len(dead) - 1} more)" if len(dead) > 1 else ""
    ends = share_interval(worst.count, found.rows, case.level)
    return Suspect(
        SILENT,
        Evidence(float(worst.count), _CHANCE, worst.share, ends),
        _SHARE,
        worst.says.rstrip(".") + others,
        f"a feature died: `{worst.where}` is {worst.problem}{others}; a model goes on answering without a word",
        f"mend the feed of `{worst.where}`, and hold back decisions that rest on it since row {worst.first_rows[0]:,}",
        "monitor.validate(probs, features, reference=reference_features)",
    )


def _was_not_zero(features: Any, problem: Problem) -> bool:
    """A flag that is 0 more often is a share that moved; a column that was never 0 and is now, or is always, died."""
    column = features[problem.where] if hasattr(features, "keys") else np.asarray(features)[:, int(problem.where)]
    return problem.share > 0.999 or float(np.mean(np.asarray(column) == 0)) < _FLAG


def narrow_intervals(case: Case) -> Suspect | str:
    """Whether what came lay in its interval as often as was said."""
    now, before = _coverage(case.current, case), _coverage(case.reference, case)
    if now is None:
        return "no intervals with outcomes"
    hits, num = now
    share = hits / num
    low, high = share_interval(hits, num, case.level)
    evidence = Evidence(
        share, at_most(hits, num, case.nominal), case.nominal - share, (case.nominal - high, case.nominal - low)
    )
    held = before is not None and at_most(*before, case.nominal) > case.alpha
    cause = (
        "errors grew, or the forecast's spread shrank: in the reference these intervals held"
        if held
        else "the spread of the forecast leaves out part of what is unsure"
    )
    return Suspect(
        NARROW,
        evidence,
        0.02,
        f"{hits:,} of {num:,} outcomes ({100 * share:.1f} %) lie in intervals of {100 * case.nominal:g} %",
        cause,
        "widen them by a conformal margin from recent rows, which holds whatever the law of the errors",
        f"calibrate.conformal(lower, upper, outcomes, level={case.nominal:g})",
    )


def _coverage(sample: object, case: Case) -> tuple[int, int] | None:
    lower, upper, outcomes = (getattr(sample, name) for name in ("lower", "upper", "outcomes"))
    if lower is None or upper is None or outcomes is None:
        return None
    found = central_coverage(lower, upper, outcomes, case.nominal)
    num = len(np.asarray(outcomes))
    return round(float(found.share) * num), num


def _softmax(z: np.ndarray) -> np.ndarray:
    if z.ndim == 1:
        return (0.5 * (1.0 + np.tanh(0.5 * z))).astype(z.dtype)
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _length(features: Any) -> int:
    return len(next(iter(features.values()))) if isinstance(features, Mapping) else len(features)
