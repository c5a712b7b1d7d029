"""What a file of predictions says, read but not judged, so many rows at a time."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from jprob.cli.calibrate_rows import label_cell, place_of
from jprob.cli.cells import Place
from jprob.cli.console import BadInput
from jprob.cli.csvfile import Table, open_table
from jprob.cli.frames import MISSING

__all__ = ["PIECE", "Cells", "Kept", "pieces_of"]

PIECE = 2**20
"""Rows that are held at once."""

_BLOCK = 2**15  # rows whose text is held at once


class Cells(NamedTuple):
    """Rows of the columns that were named.

    Attributes:
        predictions: a column for each class, of numbers, or with texts among them. features: likewise, by name.
        labels: 0 and 1, or classes. rows: their numbers in the file.
    """

    predictions: list[np.ndarray]
    features: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray


def pieces_of(args: argparse.Namespace) -> Iterator[Cells]:
    """The file in pieces. Labels must be right, everything else may be wrong.

    Raises:
        BadInput: a column that is not there, no rows, a cell that is no label.
    """
    names, some = [*args.prob, *_once(args.features)], False
    with open_table(args.data) as table:
        places = [place_of(table, name) for name in names]
        at_label = place_of(table, args.label)
        codes: dict[str, int] = {}
        while blocks := [_block(args, table, rows, places, at_label, codes) for rows in _blocks(table)]:
            some = True
            yield _joined(blocks)
    if not some:
        raise BadInput(f"{table.name}: expected rows under the header; got none.")


class Kept:
    """Every so many-th row of all pieces, few enough to hold."""

    def __init__(self) -> None:
        self.every, self.rows = 1, 0
        self.parts: list[Cells] = []

    def add(self, piece: Cells) -> None:
        """Take some rows of a piece."""
        self.parts.append(_some(piece, -self.rows % self.every, self.every))
        self.rows += len(piece.rows)
        while self.rows // self.every > PIECE // 2:
            self.parts, self.every = [_some(self.cells(), 0, 2)], 2 * self.every

    def cells(self) -> Cells:
        """Those that were kept."""
        return _joined(self.parts)


def _joined(parts: Sequence[Cells]) -> Cells:
    """Rows one after another."""
    predictions = [np.concatenate(columns) for columns in zip(*(part.predictions for part in parts), strict=True)]
    features = {name: np.concatenate([part.features[name] for part in parts]) for name in parts[0].features}
    labels, rows = [part.labels for part in parts], [part.rows for part in parts]
    return Cells(predictions, features, np.concatenate(labels), np.concatenate(rows))


def _some(cells: Cells, first: int, every: int) -> Cells:
    """Rows from the first on, copied, so that the others can be forgotten."""

    def thin(column: np.ndarray) -> np.ndarray:
        return column[first::every].copy()

    features = {name: thin(column) for name, column in cells.features.items()}
    return Cells([thin(column) for column in cells.predictions], features, thin(cells.labels), thin(cells.rows))


def _blocks(table: Table) -> Iterator[list[tuple[int, list[str]]]]:
    """The next piece, some rows at a time."""
    for _ in range(PIECE // _BLOCK):
        if rows := list(islice(table.rows, _BLOCK)):
            yield rows


def _block(
    args: argparse.Namespace,
    table: Table,
    rows: list[tuple[int, list[str]]],
    places: list[int],
    at_label: int,
    codes: dict[str, int],
) -> Cells:
    columns = [_column([cells[at] for _, cells in rows]) for at in places]
    labels = []
    for row, cells in rows:
        text = cells[at_label]
        if text not in codes:
            codes[text] = label_cell(Place(table.name, row, args.label), text.strip(), args.prob, args.positive)
        labels.append(codes[text])
    predictions, features = columns[: len(args.prob)], dict(zip(args.features, columns[len(args.prob) :], strict=True))
    return Cells(predictions, features, np.array(labels, np.int64), np.array([row for row, _ in rows], np.int64))


def _column(texts: list[str]) -> np.ndarray:
    """Cells as numbers; with texts among them, where some are none."""
    try:
        return np.fromiter(map(float, texts), float, len(texts))
    except ValueError:
        cells = [_cell(text.strip()) for text in texts]
    words = any(isinstance(cell, str) for cell in cells)
    return np.array(cells, object if words else float)


def _cell(text: str) -> float | str:
    try:
        return math.nan if text.lower() in MISSING else float(text)
    except ValueError:
        return text


def _once(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if list(names).count(name) > 1:
            raise BadInput(f"`--features` must name each column once; got {name!r} twice.")
    return names
