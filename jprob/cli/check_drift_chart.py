"""Several files in order: an average of each column's mean that remembers, and limits for a stated run length.

The point of a file is its mean less the reference's, in the reference's standard deviations. An EWMA of it with weight λ varies
by λ/(2 − λ)/n for files of n rows, and by 1/m because the reference has m rows alone; limits hold for both together. The
second part is the same in every file, and so false alarms are rarer than stated: by 6 % where the reference has the rows
of 100 files, by a third where it has those of 10. Limits that hold the rate would be 1 and 5 % narrower; those whose run
length is as stated on average over references 2 and 20 %, but of some that never alarm and of others that soon do. The run
length is that of all columns at once; those of words are in :mod:`jprob.cli.check_drift_words`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jprob import monitor
from jprob.cli.check_drift_words import shares_over_time, tallied

__all__ = ["WEIGHT", "Moments", "Words", "moments", "over_time"]

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


type Words = Mapping[str, Mapping[str, int]]
"""How often each word came, by column."""


def over_time(
    reference: Mapping[str, Moments],
    files: Sequence[Mapping[str, Moments]],
    args: argparse.Namespace,
    words: Sequence[Words] = (),
) -> dict[str, Any] | None:
    """The charts of all columns, or ``None`` where none can be drawn or there is a single file.

    Args:
        reference: moments of its columns of numbers. files: those of each file.
        args: with ``run_length`` and ``max_shift``.
        words: of the columns of words, the reference first.
    """
    if len(files) < 2:
        return None
    names = [name for name, at in reference.items() if at.count > 1 and at.deviation > 0]
    first, *later = words or [{}]
    found = {name: tallied(first[name], [file[name] for file in later]) for name in first}
    shares = {name: column for name, column in found.items() if column is not None}
    together = len(names) + len(shares)
    if not together:
        return None
    design = monitor.design_limits("ewma", min(1e7, args.run_length * together), weight=WEIGHT)
    columns = _means(names, reference, files, design.limit, args) if names else []
    kinds = shares_over_time(shares, WEIGHT, together, args)
    return {
        "statistic": "ewma of the mean",
        "weight": WEIGHT,
        "limit": design.limit,
        "run_length": args.run_length,
        "detection_delay": design.detection_delay,
        "max_shift": args.max_shift,
        "columns": columns,
        "words": kinds,
        "verdict": "failed" if any(any(column["alarm"]) for column in (*columns, *kinds)) else "passed",
    }


def _means(
    names: Sequence[str],
    reference: Mapping[str, Moments],
    files: Sequence[Mapping[str, Moments]],
    limit: float,
    args: argparse.Namespace,
) -> list[dict[str, Any]]:
    means, counts = (np.array([[file[name][at] for file in files] for name in names]) for at in (1, 0))
    centre, spread, rows = (np.array([[reference[name][at]] for name in names], float) for at in (1, 2, 0))
    shift = (means - centre) / spread
    error = np.sqrt(1.0 / np.maximum(counts, 1) + (2.0 - WEIGHT) / WEIGHT / rows)
    chart = monitor.ewma(shift / error, centre=0.0, scale=1.0, weight=WEIGHT, limit=limit)
    average = np.asarray(monitor.ewma(shift, centre=0.0, scale=1.0, weight=WEIGHT).statistic, float)
    alarm = np.asarray(chart.alarm) & (np.abs(average) > args.max_shift)
    upper = float(np.max(np.asarray(chart.upper)))
    used = np.asarray(chart.statistic, float) / upper
    return [
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
