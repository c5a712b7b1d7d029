"""Columns of a delimited file as numbers, or as labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jprob.cli.cells import Place
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table

__all__ = ["number_cell", "read_column", "read_columns"]


def read_column(path: str, column: str) -> np.ndarray:
    """The numbers of a column, shape ``(n,)``, float64.

    Raises:
        BadInput: no such column, no rows, or a cell that is no finite number.
    """
    return read_columns(path, [column])[0]


def read_columns(path: str, columns: Sequence[str], label: str | None = None) -> list[np.ndarray]:
    """Columns of numbers, each of shape ``(n,)`` and float64, and after them one of labels where one is named.

    Raises:
        BadInput: no such column, no rows, or a cell that is no finite number.
    """
    wanted = [*columns, *([] if label is None else [label])]
    with open_table(path) as table:
        for column in wanted:
            if table.header.count(column) != 1:
                listed = ", ".join(repr(name) for name in table.header[:12])
                raise BadInput(f"{table.name}, row 1: expected one column {column!r}; got {listed}.")
        places = [table.header.index(column) for column in wanted]
        kept: list[list] = [[] for _ in wanted]
        for row, cells in table.rows:
            for column, at, values in zip(wanted[: len(columns)], places, kept, strict=False):
                values.append(number_cell(Place(table.name, row, column), cells[at]))
            if label is not None:
                kept[-1].append(_label(Place(table.name, row, label), cells[places[-1]]))
        if not kept[0]:
            raise BadInput(f"{table.name}: expected rows under the header; got none.")
    return [np.array(values) for values in kept]


def number_cell(place: Place, text: str) -> float:
    """A finite number in plain digits."""
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise place.refuse("a finite number", text)
    return value


def _label(place: Place, text: str) -> str:
    """Any text but none, verbatim but for surrounding spaces."""
    if not text.strip():
        raise place.refuse("a label", text)
    return text.strip()
