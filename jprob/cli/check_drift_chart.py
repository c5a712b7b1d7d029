"""Several files in order: an average of each column's mean that remembers, and limits for a stated run length.

The point of a file is its mean less the reference's, in the reference's standard deviations. An EWMA of it with weight λ varies
by λ/(2 − λ)/n for files of n rows, and by 1/m because the reference has m rows alone; limits hold for both together, so that
false alarms are rarer than stated unless the reference is long. The run length is that of all columns at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jprob import monitor

__all__ = ["WEIGHT", "Moments", "moments", "over_time"]

WEIGHT = 0.2


class Moments(NamedTuple):
    """Finite values of a column: how many, their mean and standard deviation."""

    count: int  # pyright: ignore[reportIncompatibleMethodOverride]
    mean: float
    deviation: float


def moments(values: np.ndarray) -> Moments:
    """Those of a column of numbers."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Moments(0, float("nan"), float("nan"))
    return Moments(len(finite), float(finite.mean()), float(finite.std()))


def over_time(
    reference: Mapping[str, Moments], files: Sequence[Mapping[str, Moments]], args: argparse.Namespace
) -> dict[str, Any] | None:
    """The chart of every column of numbers, or ``None`` where there is none or a single file."""
    names = [name for name, at in reference.items() if at.count > 1 and at.deviation > 0]
    if not names or len(files) < 2:
        return None
    design = monitor.design_limits("ewma", min(1e7, args.run_length * len(names)), weight=WEIGHT)
    means, counts = (np.array([[file[name][at] for file in files] for name in names]) for at in (1, 0))
    centre, spread, rows = (np.array([[reference[name][at]] for name in names], float) for at in (1, 2, 0))
    shift = (means - centre) / spread
    error = np.sqrt(1.0 / np.maximum(counts, 1) + (2.0 - WEIGHT) / WEIGHT / rows)
    chart = monitor.ewma(shift / error, centre=0.0, scale=1.0, weight=WEIGHT, limit=design.limit)
    average = np.asarray(monitor.ewma(shift, centre=0.0, scale=1.0, weight=WEIGHT).statistic, float)
    alarm = np.asarray(chart.alarm) & (np.abs(average) > args.max_shift)
    upper = float(np.max(np.asarray(chart.upper)))
    used = np.asarray(chart.statistic, float) / upper
    columns = [
        {
            "column": name,
            "mean": means[at].tolist(),
            "shift": average[at].tolist(),
            "of_limit": used[at].tolist(),
            "alarm": alarm[at].tolist(),
            "first_alarm": int(np.argmax(alarm[at])) if alarm[at].any() else None,
        }
        for at, name in enumerate(names)
    ]
    return {
        "statistic": "ewma of the mean",
        "weight": WEIGHT,
        "limit": design.limit,
        "run_length": args.run_length,
        "detection_delay": design.detection_delay,
        "max_shift": args.max_shift,
        "columns": columns,
        "verdict": "failed" if alarm.any() else "passed",
    }
