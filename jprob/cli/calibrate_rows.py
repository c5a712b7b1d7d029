"""Predictions and labels from a delimited file: checked cell by cell, told by row and column where they fail."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jprob.cli.cells import OUTCOMES, Place
from jprob.cli.console import BadInput
from jprob.cli.csvfile import Table, open_table
from jprob.cli.numbers import number_cell

__all__ = ["Predictions", "label_cell", "options_of", "place_of", "read_predictions"]

_SLACK = 5e-3  # of a row's sum: what printed decimals may have cost


class Predictions(NamedTuple):
    """What a file predicts and what came.

    Attributes:
        scores: probabilities or logits, float64, shape ``(n,)`` or ``(n, k)``.
        labels: 0 and 1, or classes, shape ``(n,)``; ``None`` where no column was named.
        groups: their names, shape ``(n,)``; ``None`` likewise.
        notes: what was assumed.
    """

    scores: np.ndarray
    labels: np.ndarray | None
    groups: np.ndarray | None
    notes: list[str]


def read_predictions(
    path: str,
    columns: Sequence[str],
    *,
    logits: bool,
    label: str | None = None,
    positive: str | None = None,
    group: str | None = None,
) -> Predictions:
    """The rows of a file.

    Raises:
        BadInput: a column that is not there, no rows, a cell that is no probability, number or label.
    """
    scores, labels, groups = [], [], []
    with open_table(path) as table:
        places = [place_of(table, name) for name in columns]
        at_label, at_group = (None if name is None else place_of(table, name) for name in (label, group))
        single = len(columns) == 1
        for row, cells in table.rows:
            scores.append(
                [
                    _score(Place(table.name, row, name), cells[at], logits)
                    for name, at in zip(columns, places, strict=True)
                ]
            )
            if at_label is not None and label is not None:
                place = Place(table.name, row, label)
                text = cells[at_label].strip()
                labels.append(label_cell(place, text, columns, positive))
            if at_group is not None:
                groups.append(cells[at_group].strip())
            if not single and not logits and abs(sum(scores[-1]) - 1.0) > _SLACK:
                raise BadInput(
                    f"{table.name}, row {row}: expected probabilities that sum to 1; got a sum of {sum(scores[-1]):.6g}."
                )
        if not scores:
            raise BadInput(f"{table.name}: expected rows under the header; got none.")
    values, notes = np.array(scores), []
    if single:
        values = values[:, 0]
    elif not logits:
        off = np.abs(values.sum(1) - 1.0).max()
        if off > 1e-6:
            notes.append(f"rows were divided by their sums, which were off by up to {off:.2g}.")
        values = values / values.sum(1, keepdims=True)
    found = np.array(labels) if label is not None else None
    return Predictions(values, found, np.array(groups) if group is not None else None, notes)


def options_of(args: argparse.Namespace) -> dict:
    """What the command line says about labels."""
    return {"logits": args.logits, "label": args.label, "positive": args.positive}


def place_of(table: Table, name: str) -> int:
    """Where a column stands.

    Raises:
        BadInput: it does not, or twice.
    """
    if table.header.count(name) != 1:
        listed = ", ".join(repr(column) for column in table.header[:12])
        raise BadInput(f"{table.name}, row 1: expected one column {name!r}; got {listed}.")
    return table.header.index(name)


def label_cell(place: Place, text: str, columns: Sequence[str], positive: str | None) -> int:
    """0 or 1 where one column predicts, else the class.

    Raises:
        BadInput: neither.
    """
    return _outcome(place, text, positive) if len(columns) == 1 else _class(place, text, columns)


def _score(place: Place, text: str, logits: bool) -> float:
    value = number_cell(place, text)
    if not logits and not 0.0 <= value <= 1.0:
        raise place.refuse("a probability from 0 to 1 (`--logits` takes any number)", text)
    return value


def _outcome(place: Place, text: str, positive: str | None) -> int:
    if positive is not None:
        if not text:
            raise place.refuse("a label", text)
        return int(text == positive)
    if text.lower() not in OUTCOMES:
        raise place.refuse("0 or 1, or `--positive` to say which label counts", text)
    return OUTCOMES[text.lower()]


def _class(place: Place, text: str, columns: Sequence[str]) -> int:
    if text in columns:
        return columns.index(text)
    if text.isdecimal() and text.isascii() and int(text) < len(columns):
        return int(text)
    raise place.refuse(f"the name of a `--prob` column, or its place from 0 to {len(columns) - 1}", text)
