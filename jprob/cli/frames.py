"""A whole table as columns by name, numbers or words: delimited text, or Parquet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table

__all__ = ["MISSING", "Columns", "read_frame"]

MISSING = {"", "na", "n/a", "nan", "null", "none"}
"""Cells that say nothing, in lower case."""

type Columns = dict[str, np.ndarray]


def read_frame(path: str) -> Columns:
    """The columns of a file: of numbers where every cell is one or is missing, else of words.

    Raises:
        BadInput: it cannot be read, has no rows, or two columns of one name.
    """
    if Path(path).suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    with open_table(path) as table:
        header = table.header
        if len(set(header)) != len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise BadInput(f"{table.name}, row 1: expected columns of different names; got {twice!r} twice.")
        cells: list[list[str]] = [[] for _ in header]
        for _, row in table.rows:
            for column, cell in zip(cells, row, strict=True):
                column.append(cell.strip())
    if not cells[0]:
        raise BadInput(f"{path}: expected rows under the header; got none.")
    return {name: _typed(column) for name, column in zip(header, cells, strict=True)}


def _parquet(path: str) -> Columns:
    if not Path(path).is_file():
        raise BadInput(f"{path}: expected a readable file; got none.")
    if find_spec("pyarrow") is None and find_spec("polars") is None:
        raise BadInput(f"{path}: expected CSV, or pyarrow or polars to read Parquet with; got neither.")
    import pandas as pd

    try:
        if find_spec("pyarrow") is not None:
            frame = pd.read_parquet(path)
        else:
            import importlib

            table = importlib.import_module("polars").read_parquet(path)  # to_pandas would ask for pyarrow
            frame = pd.DataFrame({name: table[name].to_numpy() for name in table.columns})
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path}: expected Parquet; got {str(problem).splitlines()[0]}.") from None
    if not len(frame):
        raise BadInput(f"{path}: expected rows; got none.")
    numbers = {name for name in frame if frame[name].dtype.kind in "biuf"}
    return {
        str(name): frame[name].to_numpy(float) if name in numbers else frame[name].astype(str).to_numpy(str)
        for name in frame
    }


def _typed(cells: Sequence[str]) -> np.ndarray:
    try:
        return np.array([math.nan if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError:
        return np.array(cells)
