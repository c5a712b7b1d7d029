"""A whole table as columns by name, numbers or words: delimited text, or Parquet."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from jprob.cli.console import BadInput, quoted
from jprob.cli.csvfile import open_table

if TYPE_CHECKING:
    import pandas as pd

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
    reader = next((name for name in ("pyarrow", "polars") if find_spec(name) is not None), None)
    if reader is None:
        raise BadInput(f"{path}: expected CSV, or pyarrow or polars to read Parquet with; got neither.")
    try:
        with open(path, "rb") as stream:
            frame = _FRAMES[reader](stream)
    except MemoryError:
        raise
    except Exception as problem:  # each reader has errors of its own
        said = str(problem).strip() or type(problem).__name__
        raise BadInput(f"{path}: expected Parquet; got {quoted(said.splitlines()[0])}.") from None
    if not len(frame):
        raise BadInput(f"{path}: expected rows; got none.")
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{path}: expected columns of different names; got {twice!r} twice.")
    return {name: _column(frame.iloc[:, at]) for at, name in enumerate(names)}


def _by_pyarrow(stream: BinaryIO) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(stream, engine="pyarrow")


def _by_polars(stream: BinaryIO) -> pd.DataFrame:
    """Without ``to_pandas``, which would ask for pyarrow, and without an index that pandas wrote."""
    import pandas as pd

    table = import_module("polars").read_parquet(stream)
    names = [name for name in table.columns if not _INDEX.fullmatch(name)]
    return pd.DataFrame({name: table[name].to_numpy() for name in names})


_FRAMES = {"pyarrow": _by_pyarrow, "polars": _by_polars}
_INDEX = re.compile(r"__index_level_\d+__")


def _column(values: pd.Series) -> np.ndarray:
    """As its text in a delimited file would be read: dates, truth values and categories are words."""
    if values.dtype.kind in "iuf":
        return values.to_numpy(float, na_value=math.nan)
    texts = zip(values.isna(), values.astype(str), strict=True)
    return _typed(["" if gone else text.strip() for gone, text in texts])


def _typed(cells: Sequence[str]) -> np.ndarray:
    try:
        return np.array([math.nan if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError:
        return np.array(cells)
