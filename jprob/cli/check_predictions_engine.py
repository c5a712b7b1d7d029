"""The computation behind ``jprob check predictions``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from jprob import monitor
from jprob.calibrate import temperature
from jprob.cli.calibrate_rows import Predictions
from jprob.cli.check_calibration import question
from jprob.cli.check_calibration_engine import assessed
from jprob.cli.check_predictions_rows import PIECE, Cells, Kept, pieces_of
from jprob.cli.check_predictions_tally import Tally

__all__ = ["answer"]

_SLACK = 5e-3  # of a row's sum: what printed decimals may have cost
_FEW = 10  # positives under which a failure to find them proves nothing


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the file, as plain numbers."""
    pieces = pieces_of(args)
    first, second = next(pieces), next(pieces, None)
    return _held(args, first) if second is None else _streamed(args, chain([first, second], pieces))


def _held(args: argparse.Namespace, cells: Cells) -> dict[str, Any]:
    """Of rows that fit into one piece."""
    found, scores, labels = _looked_at(args, cells)
    calibration = assessed(args, Predictions(scores, labels, None, [])) if len(labels) else {}
    notes = calibration.pop("notes", [])

    def ranked() -> tuple[monitor.AveragePrecision, monitor.AccuracyParadox]:
        probs = np.asarray(temperature.apply(1.0, scores)) if args.logits else scores
        average = monitor.average_precision(probs, labels, level=args.level)
        return average, monitor.accuracy_paradox(probs, labels, threshold=args.threshold, level=args.level)

    rare = {} if scores.ndim > 1 else _rare(args, int(labels.sum()), len(labels), ranked)
    return _document(args, found, len(cells.rows) - len(labels), calibration, rare, notes)


def _streamed(args: argparse.Namespace, pieces: Iterator[Cells]) -> dict[str, Any]:
    """Of more: each piece adds to counts and is forgotten, but for some of its rows."""
    tally, parts, kept = Tally(args), [], Kept()
    for cells in pieces:
        kept.add(cells)
        found, scores, labels = _looked_at(args, cells)
        tally.add(scores, labels)
        parts.append(found)
    thinned, *rows = _looked_at(args, kept.cells())
    found = monitor.merge_validations(parts, thinned)
    positives = int(tally.called[1].sum())
    also = "" if tally.single else ", of which the temperature is, too"
    notes = [
        f"the file was read in pieces of {PIECE:,} rows: copies were looked for within each, and columns that hold still "
        f"among one row in {kept.every}{also}."
    ]
    calibration = tally.calibration(*rows) if tally.rows else {}
    rare = {} if not tally.single else _rare(args, positives, tally.rows, tally.rare_events)
    return _document(args, found, found.rows - tally.rows, calibration, rare, notes)


def _looked_at(args: argparse.Namespace, cells: Cells) -> tuple[monitor.Validation, np.ndarray, np.ndarray]:
    """What is wrong with rows, and scores and labels of those whose predictions can be right."""
    table = np.stack(cells.predictions, 1) if len(cells.predictions) > 1 else cells.predictions[0]
    ends: dict[str, Any] = {"low": None, "high": None} if args.logits else {"tolerance": _SLACK}
    found = monitor.validate(table, cells.features or None, row_numbers=cells.rows, **ends)
    scores, sound = _sound(table, args.logits)
    return found, scores[sound], cells.labels[sound]


def _document(
    args: argparse.Namespace,
    found: monitor.Validation,
    left: int,
    calibration: dict[str, Any],
    rare: dict[str, Any],
    notes: list[str],
) -> dict[str, Any]:
    nothing = {"verdict": "inconclusive", "why": "no row has a prediction that can be right"}
    out = [f"{left:,} rows that cannot be right are left out of calibration and rare events."] if left else []
    parts = {"validation": _validated(found), "calibration": question(args) | (calibration or nothing)}
    if rare:
        parts["rare_events"] = rare
    return {"rows": found.rows, "left_out": left, "parts": parts, "notes": out + notes}


def _validated(found: monitor.Validation) -> dict[str, Any]:
    problems = [problem._asdict() for problem in found.problems]
    for problem in problems:
        del problem["detail"]  # its sentence says it
    return {"verdict": "passed" if found.ok else "failed", "problems": problems}


def _rare(
    args: argparse.Namespace,
    positives: int,
    rows: int,
    ranked: Callable[[], tuple[monitor.AveragePrecision, monitor.AccuracyParadox]],
) -> dict[str, Any]:
    """Whether the scores find the positives, and how far their accuracy flatters them."""
    if not 0 < positives < rows:
        return {"verdict": "inconclusive", "positives": positives, "why": "one label alone: there is nothing to find"}
    average, paradox = ranked()
    low, high = (float(end) for end in average.interval)
    limit = float(average.baseline) if args.min_average_precision is None else args.min_average_precision
    verdict = "passed" if low > limit else "failed" if high < limit and positives >= _FEW else "inconclusive"
    plain = {name: np.asarray(value, float).tolist() for name, value in paradox._asdict().items() if name != "beaten"}
    return {
        "verdict": verdict,
        "positives": positives,
        "average_precision": float(average.value),
        "interval": [low, high],
        "limit": limit,
        "limit_given": args.min_average_precision is not None,
        "prevalence": float(average.baseline),
        "threshold": args.threshold,
        **plain,
        "beaten": bool(paradox.beaten),
    }


def _sound(table: np.ndarray, logits: bool) -> tuple[np.ndarray, np.ndarray]:
    """Predictions as numbers, of classes divided by their sums, and which rows have such that can be right."""
    values = np.array([_plain(column) for column in (table.T if table.ndim == 2 else table[None])]).T
    fine = np.isfinite(values).all(1)
    if not logits:
        fine &= ((values >= 0.0) & (values <= 1.0)).all(1)
        if table.ndim == 2:
            sums = values.sum(1, where=fine[:, None])
            fine &= np.abs(sums - 1.0) <= _SLACK
            values = values / np.where(fine, sums, 1.0)[:, None]
    return (values if table.ndim == 2 else values[:, 0]), fine


def _plain(column: np.ndarray) -> np.ndarray:
    """Numbers, nan where a text stands."""
    if column.dtype.kind == "f":
        return column
    return np.array([math.nan if isinstance(cell, str) else float(cell) for cell in column.tolist()])
