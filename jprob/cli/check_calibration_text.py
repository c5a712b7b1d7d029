"""The document of ``jprob check calibration`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli.console import printable
from jprob.cli.wording import percentage, probability, table

__all__ = ["render"]

_WIDTH = 41
_SENTENCE = {
    "passed": "passed: the interval ends below the limit",
    "failed": "failed: the interval begins above the limit",
    "inconclusive": "cannot tell: the interval holds the limit; more rows would",
}


def render(document: dict[str, Any]) -> str:
    """The verdict, the score with its null, the diagram, and what to do."""
    what = "probabilities" if document["classes"] == 2 else f"top of {document['classes']} classes"
    heading = f"calibration of {what} in {document['rows']:,} rows of {printable(document['file'])}"
    (low, high), level = document["interval"], document["level"]
    score = [
        f"ECE {document['ece']:.4f} in {document['bins']} bins, noise included; without it from {low:.4f} to {high:.4f} "
        f"({percentage(level)} interval); limit {document['max_ece']:g}",
        f"noise alone shows {document['null_mean']:.4f}, and more than {document['null_quantile']:.4f} in "
        f"{percentage(1 - level)} of cases: p = {probability(document['p_value'])} "
        f"over {document['simulations']} simulations",
        f"smooth ECE {document['smooth_ece']:.4f}   Brier {document['brier']:.4f}   log loss {document['log_loss']:.4f}",
    ]
    parts = [heading, "\n".join(score), _diagram(document["diagram"])]
    if document["groups"]:
        rows = [["group", "rows", "ECE", f"{percentage(document['level'])} interval", "p", "verdict"]]
        parts.append(table([*rows, *map(_group, document["groups"])]))
    worst = _SENTENCE[document["verdict"]] if not document["groups"] else f"{document['verdict']}: by the worst group"
    parts.append(worst)
    parts.append("\n".join(f"what to do: {line}" for line in document["advice"]))
    return "\n\n".join(parts)


def _diagram(bins: list[dict[str, Any]]) -> str:
    """A line for each bin: o how often it came, - its interval, | what was forecast."""
    rows = [["bin", "rows", "forecast", "came", "0" + ".5".center(_WIDTH - 2) + "1"]]
    for b in bins:
        name = f"{b['from']:.3g} to {b['to']:.3g}"
        if b["count"]:
            cells = [f"{b['count']:,.0f}", f"{b['confidence']:.3f}", f"{b['frequency']:.3f}", _line(b)]
        else:
            cells = ["0", "", "", " " * _WIDTH]
        rows.append([name, *cells])
    return table(rows)


def _line(b: dict[str, Any]) -> str:
    cells = [" "] * _WIDTH
    for i in range(_at(b["lower"]), _at(b["upper"]) + 1):
        cells[i] = "-"
    cells[_at(b["confidence"])] = "|"
    came = _at(b["frequency"])
    cells[came] = "*" if cells[came] == "|" else "o"
    return "".join(cells).replace(" ", ".")


def _at(share: float) -> int:
    return min(_WIDTH - 1, max(0, round(share * (_WIDTH - 1)))) if math.isfinite(share) else 0


def _group(row: dict[str, Any]) -> list[str]:
    low, high = row["interval"]
    return [
        printable(row["group"]),
        f"{row['rows']:,}",
        f"{row['ece']:.4f}",
        f"[{low:.4f}, {high:.4f}]",
        probability(row["p_value"]),
        row["verdict"],
    ]
