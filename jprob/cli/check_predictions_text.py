"""The document of ``jprob check predictions`` as text."""

from __future__ import annotations

from typing import Any

from jprob.cli import check_calibration_text
from jprob.cli.console import printable
from jprob.cli.wording import percentage

__all__ = ["render"]

_MOST = 20
_FOUND = {
    "passed": "passed: the interval begins above the limit",
    "failed": "failed: the interval ends below the limit",
    "inconclusive": "cannot tell: the interval holds the limit, or there are few positives",
}


def render(document: dict[str, Any]) -> str:
    """Three parts with their verdicts, and the verdict that follows."""
    parts = document["parts"]
    heading = f"predictions in {document['rows']:,} rows of {printable(document['file'])}"
    texts = [heading, _validation(parts["validation"]), _calibration(parts["calibration"])]
    if "rare_events" in parts:
        texts.append(_rare(parts["rare_events"], document["level"]))
    each = "; ".join(f"{name.replace('_', ' ')} {_short(part['verdict'])}" for name, part in parts.items())
    return "\n\n".join([*texts, f"{_short(document['verdict'])}: {each}"])


def _short(verdict: str) -> str:
    return "cannot tell" if verdict == "inconclusive" else verdict


def _validation(part: dict[str, Any]) -> str:
    problems = part["problems"]
    if not problems:
        return "validation\npassed: nothing that cannot be right"
    rest = [f"... and {len(problems) - _MOST} more"] if len(problems) > _MOST else []
    lines = [printable(problem["says"]) for problem in problems[:_MOST]]
    number = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
    return "\n".join(["validation", *lines, *rest, f"failed: {number}"])


def _calibration(part: dict[str, Any]) -> str:
    return check_calibration_text.render(part) if "ece" in part else f"calibration\ncannot tell: {part['why']}"


def _rare(part: dict[str, Any], level: float) -> str:
    if "average_precision" not in part:
        return f"rare events\ncannot tell: {part['why']}"
    low, high = part["interval"]
    down, up = part["skill_interval"]
    limit = f"limit {part['limit']:.4g}" if part["limit_given"] else f"a blind guess has {part['limit']:.4g}"
    return "\n".join(
        [
            f"rare events: {part['positives']:,} rows of label 1, {100 * part['prevalence']:.3g} %",
            f"average precision {part['average_precision']:.4f}, {percentage(level)} interval [{low:.4f}, {high:.4f}]; {limit}",
            f"accuracy {part['accuracy']:.4f} from {part['threshold']:g} on, where the commoner label always has "
            f"{part['baseline']:.4f}: {1 - part['skill']:.3g} times its errors [{1 - up:.3g}, {1 - down:.3g}]",
            f"balanced accuracy {part['balanced']:.4f}, where that has 0.5",
            _FOUND[part["verdict"]],
        ]
    )
