"""The document of ``jprob check drift`` as text."""

from __future__ import annotations

from typing import Any

from jprob.cli.console import printable
from jprob.cli.wording import percentage, probability, table

__all__ = ["render"]

_MOST = 20
_WIDTH = 40
_SENTENCE = {
    "passed": "passed: no column has moved by more than the limit and more than chance",
    "failed": "failed: columns have moved",
    "inconclusive": "cannot tell: no alarm, but too few rows to see any but a large one",
}


def render(document: dict[str, Any]) -> str:
    """A table for each file, the worst columns first; over several files the largest size of each."""
    heading = (
        f"drift from {printable(document['reference'])} ({document['reference_rows']:,} rows): PSI above "
        f"{document['max_psi']:g} beyond noise, false alarms {percentage(document['alpha'])} ({document['fdr']})"
    )
    parts = [heading, *map(_file, document["files"])]
    if len(document["files"]) > 1:
        parts.append(_over_time(document))
    if document["chart"] is not None:
        parts += _charts(document)
    return "\n\n".join([*parts, _SENTENCE[document["verdict"]]])


def _file(file: dict[str, Any]) -> str:
    columns = sorted(file["columns"], key=lambda c: (not c["alarm"], c["q_value"], -c["size"]))
    moved = sum(c["alarm"] for c in columns)
    rows = [["column", "test", "statistic", "size", "95 % interval", "q", "missing", ""]]
    rows += [_row(column) for column in columns[:_MOST]]
    rest = [f"... and {len(columns) - _MOST} more"] if len(columns) > _MOST else []
    first = f"{printable(file['file'])} ({file['rows']:,} rows): {moved} of {len(columns)} columns have moved"
    return "\n".join([first, table(rows), *rest])


def _row(column: dict[str, Any]) -> list[str]:
    low, high = column["interval"]
    before, after = column["missing"]
    return [
        printable(column["column"]),
        column["test"],
        f"{column['statistic']:.4g}",
        f"{column['size']:.4f}",
        f"[{low:.4f}, {high:.4f}]",
        probability(column["q_value"]),
        f"{100 * before:.3g} % -> {100 * after:.3g} %" if before or after else "",
        "MOVED" if column["alarm"] else "",
    ]


def _over_time(document: dict[str, Any]) -> str:
    """A bar for each file: the size of the column that has moved farthest."""
    sizes = [max(column["size"] for column in file["columns"]) for file in document["files"]]
    most = max(*sizes, document["max_psi"], 1e-12)
    rows = [["file", "largest size", ""]]
    for file, size in zip(document["files"], sizes, strict=True):
        rows.append([printable(file["file"]), f"{size:.4f}", ("#" * round(_WIDTH * size / most)).ljust(_WIDTH)])
    return table(rows)


def _charts(document: dict[str, Any]) -> list[str]:
    """A line for each column, a sign for each file: + above the limits, - below, . between."""
    chart, files = document["chart"], document["files"]
    limits = f"one false alarm in {chart['run_length']:g} files over all columns, and beyond {chart['max_shift']:g}"
    average = f"over time (EWMA, weight {chart['weight']:g}): beyond limits for at most {limits}"
    parts = []
    for key, heading, head, first in (
        ("columns", f"means {average} sd", ["column", "mean now"], _mean),
        ("words", f"shares {average} (Cohen's w)", ["column", "moved most"], _share),
    ):
        columns = sorted(chart[key], key=lambda c: -max(map(_size, c["of_limit"]), default=0.0))
        rows = [[*head, "shift", "of limit", "first alarm", "file by file"]]
        rows += [[printable(column["column"]), *first(column), *_course(column, files)] for column in columns[:_MOST]]
        rest = [f"... and {len(columns) - _MOST} more"] if len(columns) > _MOST else []
        parts += ["\n".join([heading, table(rows), *rest])] if columns else []
    return parts


def _mean(column: dict[str, Any]) -> list[str]:
    return [f"{column['mean'][-1]:.4g}", f"{column['shift'][-1]:+.3f} sd"]


def _share(column: dict[str, Any]) -> list[str]:
    before, now = (100 * share for share in (column["reference_share"], column["share"][-1]))
    return [f"{printable(column['most']) or '(blank)'} {before:.3g} % -> {now:.3g} %", f"{column['shift'][-1]:.3f}"]


def _course(column: dict[str, Any], files: list[dict[str, Any]]) -> list[str]:
    first = column["first_alarm"]
    signs = (("+" if s > 0 else "-") if a else "." for a, s in zip(column["alarm"], column["shift"], strict=True))
    used = f"{100 * abs(column['of_limit'][-1]):.0f} %"
    return [used, "" if first is None else printable(files[first]["file"]), "".join(signs)]


def _size(value: float) -> float:
    return abs(value) if value == value else 0.0
