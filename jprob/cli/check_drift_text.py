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
        parts.append(_chart(document))
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


def _chart(document: dict[str, Any]) -> str:
    """A line for each column, a sign for each file: + above the limits, - below, . between."""
    chart, files = document["chart"], document["files"]
    columns = sorted(chart["columns"], key=lambda c: -max(map(_size, c["of_limit"]), default=0.0))
    rows = [["column", "mean now", "shift", "of limit", "first alarm", "file by file"]]
    for column in columns[:_MOST]:
        first = column["first_alarm"]
        rows.append(
            [
                printable(column["column"]),
                f"{column['mean'][-1]:.4g}",
                f"{column['shift'][-1]:+.3f} sd",
                f"{100 * abs(column['of_limit'][-1]):.0f} %",
                "" if first is None else printable(files[first]["file"]),
                "".join(
                    ("+" if s > 0 else "-") if a else "." for a, s in zip(column["alarm"], column["shift"], strict=True)
                ),
            ]
        )
    rest = [f"... and {len(columns) - _MOST} more"] if len(columns) > _MOST else []
    heading = (
        f"means over time (EWMA, weight {chart['weight']:g}): beyond limits for at most one false alarm in "
        f"{chart['run_length']:g} files over all columns, and beyond {chart['max_shift']:g} sd"
    )
    return "\n".join([heading, table(rows), *rest])


def _size(value: float) -> float:
    return abs(value) if value == value else 0.0
