r"""What can be wrong with one column: the rows that are missing, infinite, stuck, zero or of no known category.

A run of L equal values is long where neither chance nor habit explains it. With c copies of the value among n rows in random
order, and with the share q of neighbours that agree outside the run,

.. math:: P(\text{a run of } L) \le (n - c + 1) \binom{n - L}{c - L} \Big/ \binom{n}{c}, \qquad P \le n\, q^L

References:
    Feller, W. (1968). An Introduction to Probability Theory and Its Applications, volume 1, II.5: runs.
    Good, I. J. (1953). The population frequencies of species. Biometrika 40: the chance of what was never seen.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Column", "Fault", "as_column", "column_faults", "known_values", "oftener"]

FEW = 10  # rows under which nothing is said of a column that does not vary
_LOG_CHANCE = math.log(1e-9)
_CLEAR = 8.0  # standard errors
_BLOCKS = 5  # runs of a like length from which equal values come in blocks, as of one customer
_ZEROS = 0.25  # by which the share of zeros must rise


class Column(NamedTuple):
    """Cells as numbers, or as the codes of words.

    Attributes:
        values: float, shape ``(n,)``; nan where missing or unreadable. words: the distinct ones in order, or ``None``.
        unreadable: rows that hold no number where others do.
    """

    values: np.ndarray
    words: np.ndarray | None
    unreadable: np.ndarray


class Fault(NamedTuple):
    """Rows with one problem, and what to say of them; ``{row}`` stands for the row ``since``."""

    problem: str
    rows: np.ndarray
    says: str
    since: int | None = None


def as_column(cells: Any, *, numeric: bool | None = None) -> Column:
    """Cells of any kind: numbers where nine in ten can be read as such, or where ``numeric`` says so."""
    cells = np.asarray(cells)
    none = np.zeros(0, np.int64)
    if cells.dtype.kind in "mM":
        return Column(np.where(np.isnat(cells), np.nan, cells.astype(np.int64).astype(float)), None, none)
    if cells.dtype.kind in "biuf" or str(cells.dtype) == "bfloat16":
        values = cells if cells.dtype.kind == "f" and cells.dtype.itemsize >= 4 else cells.astype(float)
        return _coded(values) if numeric is False else Column(values, None, none)
    texts = cells.tolist()
    missing = np.array([_absent(cell) for cell in texts], bool)
    read = np.array([_number(cell) for cell in texts], float)
    unreadable = np.flatnonzero(np.isnan(read) & ~missing)
    words = any(isinstance(cell, str | bytes) for cell in texts)
    if numeric is None:
        tried = max(1, len(texts) - int(missing.sum()))
        numeric = not words or (0 < len(unreadable) <= 0.1 * tried)
    if numeric:
        return Column(read, None, unreadable)
    names = np.array(["" if gone else str(cell) for cell, gone in zip(texts, missing, strict=True)])
    return _coded(names, missing)


def _coded(cells: np.ndarray, missing: np.ndarray | None = None) -> Column:
    if missing is None:
        missing = np.isnan(cells)
        cells = np.array([f"{cell:g}" for cell in cells.tolist()])
    words, codes = np.unique(cells, return_inverse=True)
    return Column(np.where(missing, np.nan, codes.astype(float)), words, np.zeros(0, np.int64))


def _absent(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()) or str(cell) in ("<NA>", "NaT")


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def column_faults(column: Column, before: Column | None = None) -> list[Fault]:
    """What is wrong with a column, held against what it was where that is known."""
    x, n = column.values, len(column.values)
    found = []
    if len(column.unreadable):
        found.append(Fault("not numbers", column.unreadable, "are not numbers"))
    missing = np.isnan(x)
    missing[column.unreadable] = False
    usual = (int(np.isnan(before.values).sum()), len(before.values)) if before is not None else (0, 0)
    if missing.any() and oftener(int(missing.sum()), n, *usual, 5.0):
        found.append(Fault("missing", np.flatnonzero(missing), "are missing"))
    endless = np.isinf(x)
    if endless.any():
        found.append(Fault("infinite", np.flatnonzero(endless), "are infinite"))
    return found + _still(column, before)


def _still(column: Column, before: Column | None) -> list[Fault]:
    """A column that does not vary, or not any more."""
    x, n = column.values, len(column.values)
    present = ~np.isnan(x)
    if n < FEW or not present.any():
        return []
    first = x[np.argmax(present)]
    if bool((x[present] == first).all()):
        rows = np.flatnonzero(present)
        usual = len(rows) < FEW or (before is not None and _usual(before, _shown(column, first), len(rows)))
        return [] if usual else [Fault("constant", rows, f"are all {_shown(column, first)}")]
    if _in_order(x[present]):
        return []
    zeros = _zeros(x, before) if column.words is None else None
    stuck = _stuck(column)
    if zeros is not None and (stuck is None or x[stuck.rows[0]] == 0.0):
        return [zeros]
    return [fault for fault in (zeros, stuck) if fault is not None]


def _in_order(x: np.ndarray) -> bool:
    """Whether rows were sorted by the column, so that equal values stand together; a clock that stops is not."""
    steps = np.diff(x)
    if bool((steps <= 0).all()):
        return True
    ties = (steps == 0).astype(np.int8)
    return bool((steps >= 0).all()) and int((np.diff(ties, prepend=np.int8(0)) == 1).sum()) > 1


def _usual(before: Column, shown: str, n: int) -> bool:
    """Whether n equal values are no wonder, from how common the value was and how often neighbours agreed."""
    x, m = before.values, len(before.values)
    values = {_shown(before, value): value for value in np.unique(x[~np.isnan(x)]).tolist()}
    if shown not in values or m < 2:
        return False
    share = (float((x == values[shown]).sum()) + 1.0) / (m + 1.0)
    habit = (float((x[1:] == x[:-1]).sum()) + 1.0) / (m + 1.0)
    return n * math.log(max(share, habit)) > _LOG_CHANCE


def _shown(column: Column, value: float) -> str:
    return f"{value:.6g}" if column.words is None else repr(str(column.words[int(value)]))


def _stuck(column: Column) -> Fault | None:
    """The longest run of one value, where it is longer than chance and habit allow and the rest varies."""
    x, n = column.values, len(column.values)
    starts = np.concatenate([[0], np.flatnonzero(x[1:] != x[:-1]) + 1])
    lengths = np.diff(starts, append=n)
    at = int(np.argmax(lengths))
    start, length = int(starts[at]), int(lengths[at])
    end = start + length
    blocks = int((lengths >= max(2.0, length / 5.0)).sum())
    if length < FEW or n - length < 2 or blocks > _BLOCKS:
        return None
    rest = [part[~np.isnan(part)] for part in (x[:start], x[end:])]
    ends = [value for part in rest if len(part) for value in (part.min(), part.max())]
    if not ends or min(ends) == max(ends):
        return None
    copies = int((x == x[start]).sum())
    chance = math.log(n - copies + 1.0) + _log_choose(n - length, copies - length) - _log_choose(n, copies)
    pairs = n - length - (start > 0) - (end < n)
    equal = n - len(starts) - (length - 1)
    habit = math.log(n) + length * math.log((equal + 1.0) / (pairs + 2.0))
    if max(chance, habit) > _LOG_CHANCE:
        return None
    value = _shown(column, x[start])
    if end == n and value == "0":
        return Fault("turned to zeros", np.arange(start, end), "are 0, all from row {row} on", start)
    return Fault("stuck", np.arange(start, end), f"in a row are {value}")


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)


def _zeros(x: np.ndarray, before: Column | None) -> Fault | None:
    """Zeros that were not there before: in the reference, or else up to some row."""
    n, zero = len(x), x == 0.0
    total = int(zero.sum())
    if not 0 < total < n:
        return None
    if before is not None:
        was = before.values == 0.0
        usual, errors = int(was.sum()), _CLEAR * math.sqrt(_inflation(was - was.mean()))
        if total / n - usual / max(1, len(before.values)) < 0.4 * _ZEROS:
            return None
        if oftener(total, n, usual, len(before.values), errors):
            return Fault("turned to zeros", np.flatnonzero(zero), f"are 0, {_share(usual / len(was))} of them before")
    excess = np.cumsum(zero) - np.arange(1, n + 1) * (total / n)
    split = int(np.argmin(excess)) + 1
    if split < FEW or n - split < FEW or not np.nanmin(x[:split]) < np.nanmax(x[:split]):
        return None
    early, late = float(zero[:split].mean()), float(zero[split:].mean())
    away = zero - np.where(np.arange(n) < split, early, late)
    share = total / n
    error = math.sqrt(share * (1 - share) * (1 / split + 1 / (n - split)) * _inflation(away))
    if late - early < _ZEROS or late - early < _CLEAR * error:
        return None
    rows = split + np.flatnonzero(zero[split:])
    says = f"are 0 from row {{row}} on, {_share(late)} of those rows against {_share(early)} before"
    return Fault("turned to zeros", rows, says, split)


def _share(share: float) -> str:
    return {0.0: "none", 1.0: "all"}.get(share, f"{100.0 * share:.3g} %")


def _inflation(away: np.ndarray) -> float:
    """Of a mean's variance, where neighbours are alike."""
    power = float(away @ away)
    alike = min(0.99, max(0.0, float(away[1:] @ away[:-1]) / power)) if power > 0 else 0.0
    return (1.0 + alike) / (1.0 - alike)


def oftener(count: int, n: int, usual: int, m: int, errors: float) -> bool:
    """Whether a share is larger than it was, by so many standard errors; without a past, whether there is any."""
    if m == 0:
        return count > 0
    pooled = (count + usual) / (n + m)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
    return count > 0 and (usual == 0 or count / n - usual / m > errors * error)


def known_values(column: Column, allowed: Any = None, before: Column | None = None) -> Fault | None:
    """Values outside those that are allowed, or words that a reference lacks more often than new ones are due."""
    if allowed is not None:
        listed = as_column(list(allowed), numeric=column.words is None)
        known = set(listed.values.tolist()) if listed.words is None else set(listed.words.tolist())
        due = 0.0
    elif before is not None and before.words is not None:
        codes = before.values[~np.isnan(before.values)].astype(np.int64)
        times = np.bincount(codes, minlength=len(before.words))
        known = {str(word) for word, count in zip(before.words, times, strict=True) if count}
        due = len(column.values) * float((times == 1).sum()) / max(1, len(codes))
    else:
        return None
    values = column.values.tolist() if column.words is None else column.words.tolist()
    strange = np.array([value not in known and value == value for value in values], bool)
    if column.words is not None:
        present = ~np.isnan(column.values)
        rows = np.flatnonzero(present)[strange[column.values[present].astype(np.int64)]]
    else:
        rows = np.flatnonzero(strange)
    if len(rows) <= due + 5.0 * math.sqrt(due):
        return None
    shown = sorted({_shown(column, value) for value in column.values[rows[:1000]].tolist()})
    listing = ", ".join(shown[:3]) + (", ..." if len(shown) > 3 else "")
    return Fault("impossible category", rows, f"are of no known category: {listing}")
