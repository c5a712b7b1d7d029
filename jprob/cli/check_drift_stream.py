"""Files too large to hold: read in pieces, the reference twice, and only counts are kept.

The first pass finds which columns are numbers and keeps every so many-th row, of which the bins are cut; the second counts.
Memory grows with the number of columns and of different words, not with the rows.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jprob import monitor
from jprob.cli.check_drift import ENOUGH
from jprob.cli.check_drift_chart import Moments, moments
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table
from jprob.cli.frames import MISSING
from jprob.cli.wording import listed
from jprob.monitor.categories import judge_table
from jprob.simulate.counts import exact

__all__ = ["LARGE", "Counts", "compared", "counted", "is_large", "present", "surveyed"]

LARGE = 2**26  # bytes
PIECE = 2**15  # rows read at once
KEPT = 2**15  # rows of the reference that bins are cut of, up to twice as many

_ADJUST = {"bh": monitor.benjamini_hochberg, "by": monitor.benjamini_yekutieli}

type Piece = dict[str, list[str]]


class Survey(NamedTuple):
    """What the first pass says of the reference.

    Attributes:
        header: its columns. numbers, words: those that are compared, by kind. empty: bins of the numbers, nothing counted;
            ``None`` without any. rows: of the file. whole: the bins were cut of all of them.
    """

    header: list[str]
    numbers: list[str]
    words: list[str]
    empty: monitor.Monitor | None
    rows: int
    whole: bool


class Counts(NamedTuple):
    """What a file comes to.

    Attributes:
        rows: of it. state: counts of its numbers; ``None`` without any. words: how often each came, by column.
        moments: of the numbers, by column.
    """

    rows: int
    state: monitor.Monitor | None
    words: dict[str, Counter[str]]
    moments: dict[str, Moments]


def is_large(paths: Sequence[str]) -> bool:
    """Whether to read in pieces: some delimited file is large, and the reference can be read twice."""
    delimited = [Path(path) for path in paths if Path(path).suffix.lower() not in (".parquet", ".pq")]
    sizes = [path.stat().st_size for path in delimited if path.is_file()]
    return len(sizes) == len(paths) and max(sizes) > LARGE


def surveyed(path: str, columns: Sequence[str] | None) -> Survey:
    """The first pass over the reference.

    Raises:
        BadInput: it cannot be read, has no rows, lacks a column.
    """
    header, pieces = _opened(path)
    names = header if columns is None else list(columns)
    present(path, header, names)
    words: set[str] = set()
    kept: list[np.ndarray] = []
    rows, stride = 0, 1
    for piece in pieces:
        num = len(piece[names[0]])
        found = {name: None if name in words else _numbers(piece[name]) for name in names}
        words |= {name for name, values in found.items() if values is None}
        blank = np.full(num, np.nan)
        table = np.stack([blank if (values := found[name]) is None else values for name in names], 1)
        kept.append(table[-rows % stride :: stride])
        rows += num
        if sum(map(len, kept)) > 2 * KEPT:
            kept, stride = [np.concatenate(kept)[::2]], 2 * stride
    sample = np.concatenate(kept)
    # a column without any value takes the kind of the others: that of words, which takes all
    words |= {name for at, name in enumerate(names) if np.isnan(sample[:, at]).all()}
    numbers = [name for name in names if name not in words]
    state = monitor.reference(sample[:, [names.index(name) for name in numbers]]) if numbers else None
    return Survey(header, numbers, [name for name in names if name in words], state, rows, stride == 1)


def counted(path: str, survey: Survey) -> Counts:
    """A pass over a file that counts.

    Raises:
        BadInput: it cannot be read, has no rows, lacks a column, or has words where the reference has numbers.
    """
    header, pieces = _opened(path)
    present(path, header, [*survey.numbers, *survey.words])
    state, rows = survey.empty, 0
    words: dict[str, Counter[str]] = {name: Counter() for name in survey.words}
    sums = {name: Moments(0, float("nan"), float("nan")) for name in survey.numbers}
    for piece in pieces:
        found = []
        for name in survey.numbers:
            values = _numbers(piece[name])
            if values is None:
                raise BadInput(f"{path}, column {name!r}: expected numbers as in the reference; got words.")
            found.append(values)
            sums[name] = _joined(sums[name], moments(values))
        if state is not None:
            state = monitor.update(state, np.stack(found, 1))
        for name, counter in words.items():
            counter.update(piece[name])
        rows += len(next(iter(piece.values())))
    return Counts(rows, state, words, sums)


def compared(path: str, survey: Survey, before: Counts, after: Counts, args: argparse.Namespace) -> dict[str, Any]:
    """What is said of a current file, as of one that was held whole."""
    entries: dict[str, dict[str, Any]] = {}
    if before.state is not None and after.state is not None:
        drawn = before.state.drawn & survey.whole
        state = before.state._replace(reference=before.state.current, current=after.state.current, drawn=drawn)
        found = monitor.score(state, "psi", alpha=args.alpha, limit=args.max_psi)
        cells = [np.asarray(exact(part), float) for part in (state.reference, state.current)]
        missing = np.stack([part[:, -1] / part.sum(1) for part in cells], 1)
        entries |= _entries(survey.numbers, "psi", found, missing)
    for name in survey.words:
        kinds = sorted(before.words[name] | after.words[name])
        pair = [np.array([[float(side.words[name][kind]) for kind in kinds]]) for side in (before, after)]
        found = judge_table("chi2", *map(jnp.asarray, pair), args.alpha, args.max_psi, 0.95)
        gone = np.array([kind.lower() in MISSING for kind in kinds])
        entries |= _entries(
            [name], "chi2", found, np.array([[counts[0][gone].sum() / counts.sum() for counts in pair]])
        )
    names = [name for name in survey.header if name in entries] if args.columns is None else args.columns
    columns = [entries[name] for name in names]
    q_values = np.asarray(_ADJUST[args.fdr](np.array([column["p_value"] for column in columns])))
    for column, q_value in zip(columns, q_values.tolist(), strict=True):
        column["q_value"] = q_value
        column["alarm"] = q_value <= args.alpha and column["size"] > args.max_psi
    few = min(before.rows, after.rows) < ENOUGH
    verdict = "failed" if any(column["alarm"] for column in columns) else "inconclusive" if few else "passed"
    return {"file": path, "rows": after.rows, "verdict": verdict, "columns": columns}


def present(path: str, header: Sequence[str], names: Sequence[str]) -> None:
    """Raise ``BadInput`` where a column is not there."""
    for name in names:
        if name not in header:
            raise BadInput(f"{path}, row 1: expected a column {name!r}; got {listed(list(header))}.")


def _entries(names: Sequence[str], test: str, found: monitor.Drift, missing: np.ndarray) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "column": name,
            "test": test,
            "statistic": float(found.statistic[at]),
            "size": float(found.size[at]),
            "interval": [float(end) for end in found.interval[at]],
            "p_value": float(found.p_value[at]),
            "q_value": 1.0,
            "missing": missing[at].tolist(),
            "alarm": False,
        }
        for at, name in enumerate(names)
    }


def _joined(a: Moments, b: Moments) -> Moments:
    """Of both together (Chan, Golub and LeVeque 1983)."""
    if not a.count or not b.count:
        return a if a.count else b
    num, gap = a.count + b.count, b.mean - a.mean
    power = a.count * a.deviation**2 + b.count * b.deviation**2 + gap**2 * a.count * b.count / num
    return Moments(num, a.mean + gap * b.count / num, (power / num) ** 0.5)


def _numbers(cells: list[str]) -> np.ndarray | None:
    """As numbers, missing ones as nan; ``None`` where some cell is neither."""
    try:
        return np.array([float("nan") if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError:
        return None


def _opened(path: str) -> tuple[list[str], Iterator[Piece]]:
    """The header, and the rows some at a time."""
    pieces = _pieces(path)
    return list(next(pieces)), pieces


def _pieces(path: str) -> Iterator[Piece]:
    """A piece without rows first, then all rows."""
    with open_table(path) as table:
        header = table.header
        if len(set(header)) != len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise BadInput(f"{table.name}, row 1: expected columns of different names; got {twice!r} twice.")
        yield {name: [] for name in header}
        some = False
        while rows := [row for _, row in islice(table.rows, PIECE)]:
            some = True
            columns = zip(*rows, strict=True)
            yield {name: [cell.strip() for cell in cells] for name, cells in zip(header, columns, strict=True)}
    if not some:
        raise BadInput(f"{path}: expected rows under the header; got none.")
