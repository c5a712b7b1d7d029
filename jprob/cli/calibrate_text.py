"""The document of ``jprob calibrate fit`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli.console import printable
from jprob.cli.wording import table

__all__ = ["render"]

_MOST_SHOWN = 12


def render(document: dict[str, Any]) -> str:
    """The map, and what it does to rows that it has not seen."""
    heading = f"{document['method']} from {document['rows']:,} rows of {printable(document['file'])}"
    rows = [["", "ECE", "95 % interval", "Brier", "log loss"]]
    rows += [_scores("as stated", document["before"]), _scores("calibrated", document["after"])]
    parts = [heading, _parameters(document), table(rows)]
    parts.append("calibrated rows were left out of the map that they were calibrated by, in 5 folds.")
    if document["saved"]:
        parts.append(f"saved as {printable(document['saved'])}")
    return "\n\n".join(part for part in parts if part)


def _parameters(document: dict[str, Any]) -> str:
    shown = []
    for name, value in document["parameters"].items():
        if isinstance(value, float) and not math.isnan(value):
            shown.append(f"{name.replace('_', ' ')} {value:.6g}")
        elif isinstance(value, list) and len(value) <= _MOST_SHOWN and all(isinstance(v, float) for v in value):
            shown.append(f"{name.replace('_', ' ')} [{', '.join(f'{v:.4g}' for v in value)}]")
    return "\n".join(shown)


def _scores(name: str, scores: dict[str, Any]) -> list[str]:
    low, high = scores["interval"]
    loss = f"{scores['log_loss']:.4f}" if math.isfinite(scores["log_loss"]) else "infinite"
    return [name, f"{scores['ece']:.4f}", f"[{low:.4f}, {high:.4f}]", f"{scores['brier']:.4f}", loss]
