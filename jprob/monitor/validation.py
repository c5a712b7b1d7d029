"""Whether predictions and features can be right at all, before anything is learnt from them.

Everything is looked at on the host with NumPy, a column at a time: beside the data it takes some fifty bytes a row. Bad data
never raise; they are counted, with their first rows. Columns that hold still are judged by chance: a false alarm on rows in
random order is rarer than one in 10⁸.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jprob.monitor._faults import FEW, Column, Fault, as_column, column_faults, known_values, oftener

__all__ = ["Problem", "Validation", "merge_validations", "validate"]

_SHOWN = 5
_STILL = ("constant", "stuck", "turned to zeros")
_COPIES = 20  # of one row, more of which are a value that is common
_MANY = 100  # distinct rows from which a column without repeats is an identity


class Problem(NamedTuple):
    """One thing that is wrong with one column.

    Attributes:
        problem: ``"empty"``, ``"missing"``, ``"infinite"``, ``"not numbers"``, ``"out of range"``, ``"do not sum to 1"``,
            ``"constant"``, ``"stuck"``, ``"turned to zeros"``, ``"impossible category"``, ``"missing column"`` or
            ``"duplicates"``.
        where: ``"predictions"``, ``"features"`` or the name of a column.
        count: of rows. share: of all rows.
        first_rows: up to five of them, from 0 unless they were numbered.
        says: all this as a sentence. detail: what it says of the rows.
    """

    problem: str
    where: str
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]
    share: float
    first_rows: tuple[int, ...]
    says: str
    detail: str = ""


class Validation(NamedTuple):
    """Whether data can be right, and what is wrong with them.

    Attributes:
        ok: no problem was found.
        problems: those of the predictions first, then column by column.
        rows: that were looked at.
    """

    ok: bool
    problems: tuple[Problem, ...]
    rows: int


def validate(
    predictions: ArrayLike,
    features: Any = None,
    *,
    names: Sequence[str] | None = None,
    low: float | None = 0.0,
    high: float | None = 1.0,
    tolerance: float | None = None,
    categories: Mapping[str, Sequence[Any]] | None = None,
    reference: Any = None,
    row_numbers: ArrayLike | None = None,
) -> Validation:
    """Look for what no model should put out or be given.

    Missing, infinite and unreadable values, probabilities out of range or of a sum other than one, columns that are constant
    or stuck, that turned to zeros from some row on, categories that cannot be, rows that came twice.
    With a reference, shares of missing values and zeros, constants and words are held against what was usual.

    Rows are taken to be in order of time; a column that they are sorted by, or that comes in blocks, is not said to stand still.
    That a row came twice is said where some column tells rows apart: among the distinct rows 95 % of its values differ, they
    are fractions or of a hundred rows, none of them is common, and they repeat not as often as rounding would make them.

    Args:
        predictions: probabilities, shape ``(n,)`` or ``(n, k)``, or any scores with ``low=None, high=None``.
        features: columns by name, a data frame, or shape ``(n, columns)``.
        names: of the columns of an array.
        low, high: between which predictions lie; ``None`` for no limit, then rows need not sum to one either.
        tolerance: of a row's sum, by default rounding's: 1e-6 and four of its units for each class.
        categories: by column, the values that it may take.
        reference: features of rows that were in order.
        row_numbers: by which rows are told, shape ``(n,)``; from 0 by default.

    Returns:
        :class:`Validation`.

    Raises:
        ValueError: a shape that cannot be understood, names that are not those of the columns. Never for bad values.

    Example:
        >>> found = validate([0.2, float("nan"), 1.5], {"age": [31.0, 40.0, 27.0]})
        >>> found.ok, [(problem.problem, problem.first_rows) for problem in found.problems]
        (False, [('missing', (1,)), ('out of range', (2,))])
        >>> print(found.problems[1].says)
        `predictions`: 1 of 3 values (33.3 %) is outside [0, 1], first in row 2.
    """
    table = _predicted(predictions)
    n = table.shape[0]
    columns = dict(_columns("features", features, names, n)) if features is not None else {}
    if n == 0:
        empty = Problem("empty", "predictions", 0, 0.0, (), "`predictions`: there are no rows.")
        return Validation(False, (empty,), 0)
    told = np.arange(n) if row_numbers is None else np.asarray(row_numbers)
    if told.shape != (n,):
        raise ValueError(f"`row_numbers` must have shape ({n},), one for each row; got {told.shape}.")
    past = dict(_columns("reference", reference, names, None)) if reference is not None else {}
    allowed = {} if categories is None else dict(categories)
    strange = [name for name in allowed if name not in columns and name not in past]
    if strange:
        raise ValueError(f"`categories` must be named after columns of `features`; got {strange[0]!r}.")
    found = [_problem(fault, "predictions", told) for fault in _of_predictions(table, low, high, tolerance)]
    found += [
        Problem("missing column", name, n, 1.0, tuple(told[:_SHOWN].tolist()), f"`{name}`: the column is missing.")
        for name in past
        if columns and name not in columns
    ]
    before = {name: as_column(cells) for name, cells in past.items() if name in columns}
    read: list[tuple[Column, bool]] = []
    for name, cells in columns.items():
        was = before.get(name)
        column = as_column(cells, numeric=None if was is None else was.words is None)
        faults = column_faults(column, was)
        unknown = known_values(column, allowed.get(name), was)
        found += [_problem(fault, name, told) for fault in [*faults, *([unknown] if unknown else [])]]
        moving = not any(fault.problem in _STILL for fault in faults)
        read.append((column, moving))
    twice = _duplicates(read, list(before.values()))
    if twice is not None:
        found.append(_problem(twice, "features", told))
    return Validation(not found, tuple(found), n)


def merge_validations(parts: Sequence[Validation], thinned: Validation | None = None) -> Validation:
    """What was found in pieces of one table that is too large to hold.

    What a row shows by itself adds up; copies are those of a row in the same piece. That a column holds still is no property of
    a piece: it is told of ``thinned``, every so many-th row of all pieces, and otherwise not at all. A column is constant only
    if it is so in every piece, too.

    Args:
        parts: of the pieces, in order, their rows numbered through. thinned: as said.

    Returns:
        :class:`Validation`.

    Raises:
        ValueError: there are no parts.

    Example:
        >>> parts = [validate([0.2, 1.5]), validate([float("nan"), 1.1, 2.0], row_numbers=[2, 3, 4])]
        >>> for problem in merge_validations(parts).problems:
        ...     print(problem.says)
        `predictions`: 3 of 5 values (60 %) are outside [0, 1], first in row 1.
        `predictions`: 1 of 5 values (20 %) is missing, first in row 2.
    """
    if not parts:
        raise ValueError("`parts` must be at least one; got none.")
    n = sum(part.rows for part in parts)
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in (problem for part in parts for problem in part.problems if problem.problem not in _STILL):
        alike.setdefault((problem.where, problem.problem), []).append(problem)
    found = [_summed(problems, n) for problems in alike.values()]
    still = [problem for problem in thinned.problems if _holds(problem, parts)] if thinned is not None else []
    places = ["predictions", *dict.fromkeys(problem.where for problem in [*found, *still])]
    problems = sorted([*found, *still], key=lambda problem: places.index(problem.where))
    return Validation(not problems, tuple(problems), n)


def _holds(problem: Problem, parts: Sequence[Validation]) -> bool:
    """Whether a column that holds still among some rows does so in all pieces."""
    said = (problem.problem, problem.where, problem.detail)
    if problem.problem != "constant":
        return problem.problem in _STILL
    told = [part for part in parts if part.rows >= FEW]
    return all(said in {(p.problem, p.where, p.detail) for p in part.problems} for part in told)


def _summed(problems: list[Problem], n: int) -> Problem:
    count = sum(problem.count for problem in problems)
    rows = tuple(row for problem in problems for row in problem.first_rows)[:_SHOWN]
    return _told(problems[0].problem, problems[0].where, count, n, rows, problems[0].detail)


def _predicted(predictions: Any) -> np.ndarray:
    """As an array of one or two axes, whatever is in it."""
    try:
        table = np.asarray(predictions)
    except ValueError:  # rows of several lengths
        raise ValueError("`predictions` must have shape (n,) or (n, k); got rows of several lengths.") from None
    if table.ndim == 2 and table.shape[1] == 1:
        table = table[:, 0]
    if table.ndim not in (1, 2) or (table.ndim == 2 and table.shape[1] == 0):
        raise ValueError(f"`predictions` must have shape (n,) or (n, k); got {table.shape}.")
    return table


def _columns(name: str, data: Any, names: Sequence[str] | None, n: int | None) -> Iterator[tuple[str, np.ndarray]]:
    """Columns by name, each of ``n`` cells."""
    if isinstance(data, Mapping) or hasattr(data, "items"):
        pairs = [(str(key), np.asarray(column)) for key, column in data.items()]
    else:
        table = np.asarray(data)
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2:
            raise ValueError(f"`{name}` must have shape (n, columns), or columns by name; got {table.shape}.")
        if names is not None and len(names) != table.shape[1]:
            raise ValueError(f"`names` must be {table.shape[1]}, one for each column; got {len(names)}.")
        pairs = list(zip(map(str, names or range(table.shape[1])), table.T, strict=True))
    for key, column in pairs:
        if column.ndim != 1 or (n is not None and len(column) != n):
            length = "n" if n is None else n
            raise ValueError(f"`{name}` must have columns of shape ({length},); got {column.shape} for {key!r}.")
        yield key, column


def _of_predictions(table: np.ndarray, low: float | None, high: float | None, tolerance: float | None) -> list[Fault]:
    several = table.ndim == 2
    columns = [as_column(cells, numeric=True) for cells in (table.T if several else table[None])]
    kinds: dict[str, list[Fault]] = {}
    for at, column in enumerate(columns):
        for fault in column_faults(column):
            still = several and fault.problem in _STILL
            says = f"of class {at} {fault.says}" if still else fault.says
            kinds.setdefault(f"{fault.problem} {at}" if still else fault.problem, []).append(fault._replace(says=says))
    found = [_together(faults) for faults in kinds.values()]
    values = np.stack([column.values for column in columns], 1)
    rounding = 4.0 * float(np.finfo(values.dtype).eps)
    bottom, top = (-np.inf if low is None else low - rounding), (np.inf if high is None else high + rounding)
    fine = np.isfinite(values)
    outside = (fine & ((values < bottom) | (values > top))).any(1)
    if outside.any():
        ends = f"[{'-inf' if low is None else format(low, 'g')}, {'inf' if high is None else format(high, 'g')}]"
        found.append(Fault("out of range", np.flatnonzero(outside), f"are outside {ends}"))
    if several and (low, high) == (0.0, 1.0):
        sums = values.sum(1, dtype=float)
        slack = 1e-6 + rounding * values.shape[1] if tolerance is None else tolerance
        off = fine.all(1) & (np.abs(sums - 1.0) > slack)
        if off.any():
            first = int(np.argmax(off))
            found.append(
                Fault("do not sum to 1", np.flatnonzero(off), f"do not sum to 1, the first to {sums[first]:.6g}")
            )
    return found


def _together(faults: list[Fault]) -> Fault:
    """The rows with a problem in any class, once."""
    return (
        faults[0] if len(faults) == 1 else faults[0]._replace(rows=np.unique(np.concatenate([f.rows for f in faults])))
    )


def _problem(fault: Fault, where: str, told: np.ndarray) -> Problem:
    first = tuple(told[fault.rows[:_SHOWN]].tolist())
    detail = fault.says if fault.since is None else fault.says.replace("{row}", str(told[fault.since]))
    return _told(fault.problem, where, len(fault.rows), len(told), first, detail, dated=fault.since is not None)


def _told(
    problem: str, where: str, count: int, n: int, first: tuple[int, ...], detail: str, *, dated: bool = False
) -> Problem:
    """With its sentence; one that is ``dated`` says itself from which row on."""
    says, what = detail, "rows" if problem in ("do not sum to 1", "duplicates") else "values"
    if count == 1:
        says = says.replace("are not numbers", "is not a number").replace("are copies of earlier ones", "is a copy")
        says = says.replace("are ", "is ", 1).replace("do not", "does not", 1).replace(", the first to", ", but to")
    share = "100 %" if count == n else f"{min(100.0 * count / n, 99.9):.3g} %"
    first_of = "" if dated else f", first in row {first[0]}"
    sentence = f"`{where}`: {count:,} of {n:,} {what} ({share}) {says}{first_of}."
    return Problem(problem, where, count, count / n, first, sentence, detail)


def _duplicates(read: list[tuple[Column, bool]], before: list[Column]) -> Fault | None:
    """Rows that came before, where a column that does not stand still tells rows apart."""
    if not read or len(read[0][0].values) < FEW:
        return None
    columns = [column for column, _ in read]
    n, marks = len(columns[0].values), _marks(columns)
    _, first = np.unique(marks, return_index=True)
    distinct = len(first)
    if distinct == n or 3 * distinct < n:
        return None
    later = np.ones(n, bool)
    later[first] = False
    telling = [
        column.values
        for column, moving in read
        if moving and _identity(column.values[first]) and not _by_chance(column.values)
    ]
    later &= np.any([_told_apart(values, len(first)) for values in telling], axis=0) if telling else False
    usual = len(before[0].values) if len(before) == len(columns) else 0
    again = usual - len(np.unique(_marks(before))) if usual else 0
    if not oftener(int(later.sum()), n, again, usual, 5.0):
        return None
    return Fault("duplicates", np.flatnonzero(later), "are copies of earlier ones")


def _marks(columns: list[Column]) -> np.ndarray:
    """64 bits for each row: of 10⁷ rows two are mistaken for one another once in 400,000 files."""
    mark = np.zeros(len(columns[0].values), np.uint64)
    for column in columns:
        values = np.where(np.isnan(column.values), np.nan, column.values + 0.0)  # one nan, one zero
        mark = (mark ^ values.astype(np.float64).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mark ^= mark >> np.uint64(29)
        mark *= np.uint64(0xBF58476D1CE4E5B9)
        mark ^= mark >> np.uint64(32)
    return mark


def _identity(values: np.ndarray) -> bool:
    """Whether values of distinct rows differ."""
    return len(np.unique(values)) >= 0.95 * len(values)


def _by_chance(values: np.ndarray) -> bool:
    """Whether printed decimals repeat about as often as draws of a smooth law do, rounded to so many places.

    Of a law that puts λ draws on each place, a share exp(−λ) of the places beside a taken one is free, and a taken one has
    λ / (1 − exp(−λ)) draws.
    """
    values = values[np.isfinite(values)]
    points = np.unique(values)
    gaps = np.diff(points)
    beside = int((gaps < 1.5 * gaps.min()).sum()) if len(gaps) else 0
    if beside < FEW or beside == len(gaps):
        return False
    density = -math.log1p(-beside / len(gaps))
    expected = density / -math.expm1(-density) - 1.0
    return expected / 3.0 <= len(values) / len(points) - 1.0 <= 3.0 * expected


def _told_apart(values: np.ndarray, distinct: int) -> np.ndarray:
    """Values that two rows share only if one is a copy: fractions, or of many rows, but not one that is common, as 0 may be."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    fractions = np.isfinite(values) & (np.where(np.isfinite(values), values, 0.0) % 1.0 != 0.0)
    return (fractions | (distinct >= _MANY)) & (times[place] <= _COPIES)
