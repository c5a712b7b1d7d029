"""The computation behind ``jprob check predictions``."""

from __future__ import annotations

import argparse
import math
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jprob import monitor
from jprob.calibrate import temperature
from jprob.cli.calibrate_rows import Predictions, label_cell, place_of
from jprob.cli.cells import Place
from jprob.cli.check_calibration import question
from jprob.cli.check_calibration_engine import assessed
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table
from jprob.cli.frames import MISSING

__all__ = ["answer"]

_SLACK = 5e-3  # of a row's sum: what printed decimals may have cost
_FEW = 10  # positives under which a failure to find them proves nothing


class _Cells(NamedTuple):
    """What a file says, read but not judged.

    Attributes:
        predictions: a column for each class. features: by name. labels: 0 and 1, or classes. rows: their numbers in the file.
    """

    predictions: list[np.ndarray]
    features: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray


class _Column:
    """Cells as they come, eight bytes each: numbers, or once one of them is none, the codes of words."""

    def __init__(self) -> None:
        self.values = array("d")
        self.texts: dict[int, str] = {}  # by row, what is no number

    def append(self, text: str) -> None:
        """Take a cell."""
        text = text.strip()
        try:
            self.values.append(math.nan if text.lower() in MISSING else float(text))
        except ValueError:
            self.texts[len(self.values)] = text
            self.values.append(math.nan)

    def cells(self) -> np.ndarray:
        """As numbers, or with texts among them."""
        found = np.frombuffer(self.values, float)
        if self.texts:
            found = found.astype(object)
            for row, text in self.texts.items():
                found[row] = text
        return found


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the file, as plain numbers."""
    cells = _read(args)
    table = np.stack(cells.predictions, 1) if len(cells.predictions) > 1 else cells.predictions[0]
    ends: dict[str, Any] = {"low": None, "high": None} if args.logits else {"tolerance": _SLACK}
    found = monitor.validate(table, cells.features or None, row_numbers=cells.rows, **ends)
    scores, sound = _sound(table, args.logits)
    rows = Predictions(scores[sound], cells.labels[sound], None, [])
    left = int(len(sound) - sound.sum())
    notes = [f"{left:,} rows that cannot be right are left out of calibration and rare events."] if left else []
    calibration = question(args) | {"verdict": "inconclusive", "why": "no row has a prediction that can be right"}
    if len(rows.scores):
        calibration = question(args) | assessed(args, rows)
        notes += calibration.pop("notes")
    parts: dict[str, Any] = {"validation": _validated(found), "calibration": calibration}
    if table.ndim == 1:
        parts["rare_events"] = _rare(rows, args)
    return {"rows": len(sound), "left_out": left, "parts": parts, "notes": notes}


def _validated(found: monitor.Validation) -> dict[str, Any]:
    problems = [problem._asdict() for problem in found.problems]
    return {"verdict": "passed" if found.ok else "failed", "problems": problems}


def _rare(rows: Predictions, args: argparse.Namespace) -> dict[str, Any]:
    """Whether the scores find the positives, and how far their accuracy flatters them."""
    assert rows.labels is not None
    positives = int(rows.labels.sum())
    if not 0 < positives < len(rows.labels):
        return {"verdict": "inconclusive", "positives": positives, "why": "one label alone: there is nothing to find"}
    probs = np.asarray(temperature.apply(1.0, rows.scores)) if args.logits else rows.scores
    average = monitor.average_precision(probs, rows.labels, level=args.level)
    paradox = monitor.accuracy_paradox(probs, rows.labels, threshold=args.threshold, level=args.level)
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


def _read(args: argparse.Namespace) -> _Cells:
    """The columns that were named. Labels must be right, everything else may be wrong.

    Raises:
        BadInput: a column that is not there, no rows, a cell that is no label.
    """
    names = [*args.prob, *args.features]
    with open_table(args.data) as table:
        places = [place_of(table, name) for name in names]
        at_label = place_of(table, args.label)
        columns = [_Column() for _ in names]
        labels, rows = array("q"), array("q")
        for row, cells in table.rows:
            for column, at in zip(columns, places, strict=True):
                column.append(cells[at])
            labels.append(
                label_cell(Place(table.name, row, args.label), cells[at_label].strip(), args.prob, args.positive)
            )
            rows.append(row)
        if not rows:
            raise BadInput(f"{table.name}: expected rows under the header; got none.")
    found = [column.cells() for column in columns]
    predictions, features = found[: len(args.prob)], found[len(args.prob) :]
    by_name: dict[str, np.ndarray] = dict(zip(_once(args.features), features, strict=True))
    return _Cells(predictions, by_name, np.frombuffer(labels, np.int64), np.frombuffer(rows, np.int64))


def _once(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if list(names).count(name) > 1:
            raise BadInput(f"`--features` must name each column once; got {name!r} twice.")
    return names
