"""The computation behind ``jprob check drift``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from jprob import monitor
from jprob.cli.check_drift import ENOUGH
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table
from jprob.cli.wording import listed

__all__ = ["answer"]

_MISSING = {"", "na", "n/a", "nan", "null", "none"}
_METHODS = {"bh": "hochberg", "by": "yekutieli"}

type Columns = dict[str, np.ndarray]


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is said of the files, as plain numbers."""
    before = _read(args.reference)
    names = list(before) if args.columns is None else args.columns
    _present(args.reference, before, names)
    rows = len(next(iter(before.values())))
    notes, files = [], []
    for path in args.current:
        after = _read(path)
        _present(path, after, names)
        new = [name for name in after if name not in before]
        if new:
            notes.append(f"{path}: columns that the reference lacks are left out: {listed(new)}.")
        pairs = {name: _alike(path, name, before[name], after[name]) for name in names}
        files.append(_compared(path, pairs, rows, args))
    return {"reference_rows": rows, "files": files, "notes": notes}


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


def _read(path: str) -> Columns:
    """The columns of a file: of numbers where every cell is one or is missing, else of words."""
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
        return np.array([math.nan if cell.lower() in _MISSING else float(cell) for cell in cells])
    except ValueError:
        return np.array(cells)


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
    return float(np.mean([text.lower() in _MISSING for text in sample.tolist()]))


def _present(path: str, columns: Columns, names: Sequence[str]) -> None:
    for name in names:
        if name not in columns:
            raise BadInput(f"{path}, row 1: expected a column {name!r}; got {listed(list(columns))}.")
