"""The computation behind ``jprob diagnose``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from jprob import monitor
from jprob.cli.calibrate_rows import label_cell
from jprob.cli.cells import Place
from jprob.cli.console import BadInput
from jprob.cli.frames import MISSING, Columns, read_frame
from jprob.cli.wording import listed

__all__ = ["answer"]

GUESSES = ("p", "prob", "probability", "score", "prediction", "y_prob", "p1", "prob_1")

LABELS = ("y", "label", "labels", "target", "y_true")


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the files, as plain numbers."""
    before, after = read_frame(args.reference), read_frame(args.current)
    notes: list[str] = []
    probs = _probabilities(args, before, after, notes)
    taken = [*probs, *(name for name in (args.label, args.lower, args.upper, args.outcome) if name is not None)]
    if args.label is not None and args.label not in before and args.label not in after:
        raise BadInput(f"{args.current}, row 1: expected a column {args.label!r} in either file; got none.")
    features = _features(args, before, after, taken, notes)
    old = _sample(args, args.reference, before, probs, features, notes)
    new = _sample(args, args.current, after, probs, features, notes)
    try:
        found = monitor.diagnose(old, new, nominal=args.nominal, alpha=args.alpha, level=args.level)
    except ValueError as problem:
        raise BadInput(f"{args.current}: {problem}") from None
    return {
        "reference_rows": _rows(before),
        "current_rows": _rows(after),
        "prob": probs,
        "features": features,
        "findings": [finding._asdict() for finding in found.findings],
        "looked_for": list(found.looked_for),
        "not_looked_for": [{"symptom": symptom, "why": why} for symptom, why in found.not_looked_for],
        "changes": None if found.changes is None else _changes(found.changes),
        "notes": notes,
    }


def _changes(found: monitor.Changes) -> dict[str, Any]:
    return {
        name: value._asdict() if isinstance(value, monitor.Evidence) else value
        for name, value in found._asdict().items()
        if name != "features"
    }


def _probabilities(args: argparse.Namespace, before: Columns, after: Columns, notes: list[str]) -> list[str]:
    """Named columns, or the one column that both files have and that is called as probabilities are."""
    if args.prob is not None:
        for path, frame in ((args.reference, before), (args.current, after)):
            for name in args.prob:
                _numbers(path, frame, name)
        return list(args.prob)
    known = [name for name in before if name.lower() in GUESSES and name in after]
    if len(known) == 1 and all(frame[known[0]].dtype.kind == "f" for frame in (before, after)):
        notes.append(f"`{known[0]}` is taken for the probability of label 1 (`--prob` names another column).")
        return known
    if known or args.lower is None:
        came = listed(known) if known else listed(list(after))
        raise BadInput(f"`--prob` must name the column of probabilities; got none, and the choice is {came}.")
    return []


def _features(
    args: argparse.Namespace, before: Columns, after: Columns, taken: Sequence[str], notes: list[str]
) -> list[str]:
    if args.features is not None:
        for path, frame in ((args.reference, before), (args.current, after)):
            _present(path, frame, args.features)
        return list(args.features)
    found = [name for name in before if name in after and name not in taken]
    truth = [name for name in found if args.label is None and name.lower() in LABELS]
    if truth:
        notes.append(f"`{truth[0]}` is no feature by its name; `--label {truth[0]}` makes use of it.")
    found = [name for name in found if name not in truth]
    if found:
        notes.append(f"taken for features: {listed(found)} (`--features` names others).")
    return found


def _sample(
    args: argparse.Namespace, path: str, frame: Columns, probs: list[str], features: list[str], notes: list[str]
) -> monitor.Sample:
    values = [_numbers(path, frame, name) for name in probs]
    table = None if not values else values[0] if len(values) == 1 else np.stack(values, 1)
    labels = None
    if args.label is not None and probs:
        if args.label in frame:
            labels = _labels(path, args.label, frame[args.label], probs, args.positive)
        else:
            notes.append(f"{path} has no column `{args.label}`: it is taken without labels.")
    names = (args.lower, args.upper, args.outcome)
    ends = [None] * 3
    if args.lower is not None and all(name in frame for name in names):
        ends = [_numbers(path, frame, name) for name in names]
    elif args.lower is not None and path == args.current:
        _present(path, frame, names)
    return monitor.Sample(table, labels, {name: frame[name] for name in features} or None, *ends)


def _labels(path: str, name: str, column: np.ndarray, probs: list[str], positive: str | None) -> np.ndarray:
    """Labels as numbers; a file's first row of data is row 2."""
    texts = [f"{value:g}" for value in column] if column.dtype.kind == "f" else column.tolist()
    return np.array([label_cell(Place(path, row, name), text, probs, positive) for row, text in enumerate(texts, 2)])


def _numbers(path: str, frame: Columns, name: str) -> np.ndarray:
    _present(path, frame, [name])
    if frame[name].dtype.kind != "f":
        row, text = next((row, text) for row, text in enumerate(frame[name].tolist(), 2) if not _is_number(text))
        raise Place(path, row, name).refuse("a number", text)
    return frame[name]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.lower() in MISSING
    return True


def _present(path: str, frame: Columns, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame:
            raise BadInput(f"{path}, row 1: expected a column {name!r}; got {listed(list(frame))}.")


def _rows(frame: Columns) -> int:
    return len(next(iter(frame.values())))
