"""One column of a delimited file as numbers."""

from __future__ import annotations

import math

import numpy as np

from jprob.cli.cells import Place
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table

__all__ = ["number_cell", "read_column"]


def read_column(path: str, column: str) -> np.ndarray:
    """The numbers of a column, shape ``(n,)``, float64.

    Raises:
        BadInput: no such column, no rows, or a cell that is no finite number.
    """
    with open_table(path) as table:
        if table.header.count(column) != 1:
            listed = ", ".join(repr(name) for name in table.header[:12])
            raise BadInput(f"{table.name}, row 1: expected one column {column!r}; got {listed}.")
        at = table.header.index(column)
        values = np.array([number_cell(Place(table.name, row, column), cells[at]) for row, cells in table.rows])
        if not len(values):
            raise BadInput(f"{table.name}: expected rows under the header; got none.")
    return values


def number_cell(place: Place, text: str) -> float:
    """A finite number in plain digits."""
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise place.refuse("a finite number", text)
    return value
