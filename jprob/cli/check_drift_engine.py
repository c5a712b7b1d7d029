"""The computation behind ``jprob check drift``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jprob import monitor
from jprob.cli.check_drift import ENOUGH
from jprob.cli.check_drift_chart import Words, moments, over_time
from jprob.cli.check_drift_stream import compared, counted, is_large, present, surveyed
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table
from jprob.cli.frames import MISSING, read_frame
from jprob.cli.machine import written
from jprob.cli.wording import listed

__all__ = ["answer"]

_SHARES = "shares"
_METHODS = {"bh": "hochberg", "by": "yekutieli"}


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the files, as plain numbers."""
    large = is_large([args.reference, *args.current])
    found = _in_pieces(args) if large else _at_once(args)
    if args.plot:
        _draw(found["chart"], args)
    return found


def _at_once(args: argparse.Namespace) -> dict[str, Any]:
    """Of files that are held whole."""
    before = read_frame(args.reference)
    names = list(before) if args.columns is None else args.columns
    present(args.reference, list(before), names)
    rows = len(next(iter(before.values())))
    kinds = [name for name in names if before[name].dtype.kind == "U"]
    notes, files, points = [], [], []
    words: list[Words] = [{name: Counter(before[name].tolist()) for name in kinds}]
    for path in args.current:
        after = read_frame(path)
        present(path, list(after), names)
        notes += _left_out(path, after, before)
        pairs = {name: _alike(path, name, before[name], after[name]) for name in names}
        files.append(_compared(path, pairs, rows, args))
        points.append({name: moments(pair[1]) for name, pair in pairs.items() if pair[1].dtype.kind == "f"})
        words.append({name: Counter(pairs[name][1].tolist()) for name in kinds})
    start = {name: moments(before[name]) for name in points[0] if before[name].dtype.kind == "f"}
    return {"reference_rows": rows, "files": files, "chart": over_time(start, points, args, words), "notes": notes}


def _in_pieces(args: argparse.Namespace) -> dict[str, Any]:
    """Of files that are too large for that."""
    survey = surveyed(args.reference, args.columns)
    before, notes, files, points = counted(args.reference, survey), [], [], []
    words: list[Words] = [before.words]
    for path in args.current:
        with open_table(path) as table:
            notes += _left_out(path, table.header, survey.header)
        after = counted(path, survey)
        files.append(compared(path, survey, before, after, args))
        points.append(after.moments)
        words.append(after.words)
    chart = over_time(before.moments, points, args, words)
    return {"reference_rows": before.rows, "files": files, "chart": chart, "notes": notes}


def _left_out(path: str, names: Iterable[str], known: Container[str]) -> list[str]:
    new = [name for name in names if name not in known]
    return [f"{path}: columns that the reference lacks are left out: {listed(new)}."] if new else []


def _draw(chart: dict[str, Any] | None, args: argparse.Namespace) -> None:
    if chart is None:
        raise BadInput("`--plot` must come with several current files that have a column to draw; got none.")
    import matplotlib

    matplotlib.use("Agg")
    from jprob.report import plot

    columns = {column["column"]: column for column in chart["columns"]}
    columns |= {f"{column['column']} ({_SHARES})": column for column in chart["words"]}
    figure = plot.control_charts(
        {name: column["of_limit"] for name, column in columns.items()},
        {name: column["alarm"] for name, column in columns.items()},
        times=_short(args.current),
        ylabel="EWMA / limit",
    )
    for axes in figure.axes:
        if axes.get_title().endswith(f"({_SHARES})"):
            axes.set_ylim(bottom=0.0)  # a length has one side
    with written(args.plot) as path:
        figure.savefig(path)


def _short(paths: Sequence[str]) -> list[str]:
    """File names without what they share, where that is short; else their numbers."""
    stems = [Path(path).stem for path in paths]
    start = next((at for at, letters in enumerate(zip(*stems, strict=False)) if len(set(letters)) > 1), 0)
    rest = [stem[start:] for stem in stems]
    return rest if all(0 < len(text) <= 5 for text in rest) else [str(at + 1) for at in range(len(paths))]


def _compared(
    path: str, pairs: dict[str, tuple[np.ndarray, np.ndarray]], rows: int, args: argparse.Namespace
) -> dict[str, Any]:
    found = monitor.drift(
        {name: pair[0] for name, pair in pairs.items()},
        {name: pair[1] for name, pair in pairs.items()},
        rate=args.alpha,
        method=_METHODS[args.fdr],
        limit=args.max_psi,
    )
    now = len(next(iter(pairs.values()))[1])
    few = min(rows, now) < ENOUGH
    columns = [
        {
            "column": name,
            "test": found.tests[at],
            "statistic": float(found.statistic[at]),
            "size": float(found.size[at]),
            "interval": [float(end) for end in found.interval[at]],
            "p_value": float(found.p_value[at]),
            "q_value": float(found.q_value[at]),
            "missing": [_missing(sample) for sample in pairs[name]],
            "alarm": bool(found.alarm[at]),
        }
        for at, name in enumerate(found.names)
    ]
    verdict = "failed" if bool(found.drifted) else "inconclusive" if few else "passed"
    return {"file": path, "rows": now, "verdict": verdict, "columns": columns}


def _alike(path: str, name: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both of one kind: a column that is missing altogether takes the kind of the other."""
    if x.dtype.kind == y.dtype.kind:
        return x, y
    numbers, words = (x, y) if x.dtype.kind == "f" else (y, x)
    if np.isnan(numbers).all():
        blank = np.full(len(numbers), "")
        return (blank, words) if numbers is x else (words, blank)
    kinds = ("numbers", "words") if x.dtype.kind == "f" else ("words", "numbers")
    raise BadInput(f"{path}, column {name!r}: expected {kinds[0]} as in the reference; got {kinds[1]}.")


def _missing(sample: np.ndarray) -> float:
    if sample.dtype.kind == "f":
        return float(np.isnan(sample).mean())
    return float(np.mean([text.lower() in MISSING for text in sample.tolist()]))
