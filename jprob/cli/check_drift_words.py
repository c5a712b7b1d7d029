r"""Several files in order, columns of words: an average of each category's share that remembers, and one limit for all.

With q the shares of the reference and p those of a file of n rows, the points ``(p − q) / √q`` are averaged category by
category with weight λ. The squared length of the average is Pearson's chi-squared of remembered against expected shares;
where nothing has changed it is λ/(2 − λ)/n + 1/m times chi-squared with as many degrees as categories less one, m being the
rows of the reference. The limit is that of a vector of so many independent EWMAs (:func:`jprob.monitor.vector_limit`). The
shift is the length less what chance adds: Cohen's w, of two categories the shift of either in standard deviations.

Categories that a file should have fewer than ten rows of, and those the reference lacks, are one; where these are too few, one
with the next in size. With ten rows of the smallest a run length of 100 is 100 in simulations, and one of 5,000 is 3,900.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jprob import monitor

__all__ = ["Shares", "shares_over_time", "tallied"]

EXPECTED = 10.0  # rows of a category in a file, for a normal law
OTHERS = "(others)"


class Shares(NamedTuple):
    """How often each category came: ``kinds`` by name, ``reference`` ``(kinds,)`` and ``files`` ``(kinds, time)``."""

    kinds: list[str]
    reference: np.ndarray
    files: np.ndarray


def tallied(reference: Mapping[str, int], files: Sequence[Mapping[str, int]]) -> Shares | None:
    """One column's categories; ``None`` where there are not two that are large enough."""
    rows = np.array([sum(file.values()) for file in files], float)
    if not rows.all() or not reference:
        return None
    few = EXPECTED * sum(reference.values()) / np.mean(rows)
    kinds = sorted(reference, key=lambda kind: (-reference[kind], kind))
    kept = [kind for kind in kinds if reference[kind] >= few]
    rest = sum(reference.values()) - sum(reference[kind] for kind in kept)
    others = [] if rest == 0 and all(kind in reference for file in files for kind in file) else [OTHERS]
    if others and rest < few:
        kept, others = kept[:-1], [f"{kept[-1]} {OTHERS}" if kept else OTHERS]
    if len(kept) + len(others) < 2:
        return None
    known = np.array([[side.get(kind, 0) for kind in kept] for side in (reference, *files)], float)
    sums = np.array([sum(side.values()) for side in (reference, *files)], float)
    counts = np.c_[known, sums - known.sum(1)] if others else known
    return Shares([*kept, *others], counts[0], counts[1:].T)


def shares_over_time(
    columns: Mapping[str, Shares], weight: float, together: int, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """The chart of every column, ``together`` charts having the run length."""
    if not columns:
        return []
    tables = list(columns.values())
    m, n = tables[0].reference.sum(), tables[0].files.sum(0)  # every column has the rows of the file
    points = np.concatenate([_points(table) for table in tables])
    remembered = weight / (2.0 - weight)
    scaled = _average(points / np.sqrt(1.0 / n + 1.0 / remembered / m), weight) / remembered**0.5
    average, noise = _average(points, weight), _noise(n, m, weight)
    ends = np.cumsum([len(table.kinds) for table in tables])[:-1]
    charts = []
    for (name, table), z, gap in zip(columns.items(), np.split(scaled, ends), np.split(average, ends), strict=True):
        degrees = len(table.kinds) - 1
        limit = monitor.vector_limit(min(1e7, args.run_length * together), degrees, weight=weight)
        used = np.linalg.norm(z, axis=0) / limit
        shift = np.sqrt(np.maximum(np.sum(gap**2, 0) - degrees * noise, 0.0))
        alarm = (used > 1.0) & (shift > args.max_shift)
        most = int(np.argmax(np.abs(gap[:, -1])))
        expected = table.reference[most] / m
        charts.append(
            {
                "column": name,
                "categories": len(table.kinds),
                "limit": limit,
                "most": table.kinds[most],
                "reference_share": float(expected),
                "share": (expected + gap[most] * expected**0.5).tolist(),
                "shift": shift.tolist(),
                "of_limit": used.tolist(),
                "alarm": alarm.tolist(),
                "first_alarm": int(np.argmax(alarm)) if alarm.any() else None,
            }
        )
    return charts


def _points(table: Shares) -> np.ndarray:
    expected = (table.reference / table.reference.sum())[:, None]
    return (table.files / table.files.sum(0) - expected) / np.sqrt(expected)


def _average(points: np.ndarray, weight: float) -> np.ndarray:
    return np.asarray(monitor.ewma(points, centre=0.0, scale=1.0, weight=weight).statistic, float)


def _noise(n: np.ndarray, m: float, weight: float) -> np.ndarray:
    """Variance of an average, in units of a single row's, at each time."""
    ages = np.subtract.outer(np.arange(len(n)), np.arange(len(n)))
    shares = np.where(ages >= 0, weight * (1.0 - weight) ** np.maximum(ages, 0), 0.0)
    return shares**2 @ (1.0 / n) + shares.sum(1) ** 2 / m
