"""The document of ``jprob diagnose`` as text."""

from __future__ import annotations

from typing import Any

from jprob.cli.console import printable
from jprob.cli.wording import percentage, probability

__all__ = ["render"]

_CHANGED = {
    "nothing": "nothing that is more than chance",
    "covariate": "the rows (covariate shift)",
    "label": "how often the classes come (label shift)",
    "concept": "what a prediction means (concept drift)",
    "unknown": "the predictions; without labels of the reference nothing says why",
}


def render(document: dict[str, Any]) -> str:
    """The findings in order, what changed, and what could not be looked for."""
    heading = (
        f"{printable(document['current'])} ({document['current_rows']:,} rows) against "
        f"{printable(document['reference'])} ({document['reference_rows']:,} rows)"
    )
    findings = document["findings"]
    parts = [heading, *(_finding(number, finding, document) for number, finding in enumerate(findings, 1))]
    if not findings:
        parts.append("nothing found: no symptom is both more than chance and more than a trifle")
    return "\n\n".join([*parts, _rest(document)])


def _finding(number: int, finding: dict[str, Any], document: dict[str, Any]) -> str:
    low, high = finding["interval"]
    evidence = f"size {finding['size']:.3g}, {percentage(document['level'])} [{low:.3g}, {high:.3g}]"
    if "sum to one" not in finding["symptom"]:  # not by chance
        evidence += f", p {probability(finding['p_value'])}"
    lines = [
        f"{number}. {finding['symptom'].upper()}",
        f"   evidence  {printable(finding['says'])}",
        f"             {evidence}",
        f"   cause     {printable(finding['cause'])}",
        f"   repair    {printable(finding['repair'])}",
        f"   call      {finding['call']}",
    ]
    return "\n".join(lines)


def _rest(document: dict[str, Any]) -> str:
    found = {finding["symptom"] for finding in document["findings"]}
    left = {entry["symptom"] for entry in document["not_looked_for"]}
    clear = [name for name in document["looked_for"] if name not in left and not any(one in name for one in found)]
    lines = []
    changes = document["changes"]
    if changes is not None:
        unknown = (
            ""
            if changes["known"] or changes["verdict"] == "unknown"
            else "; without labels concept drift cannot be excluded"
        )
        lines.append(f"what changed: {_CHANGED[changes['verdict']]}{unknown}")
    if clear:
        lines.append(f"looked for and not found: {', '.join(clear)}")
    if left - found:
        why = [f"{entry['symptom']} ({entry['why']})" for entry in document["not_looked_for"]]
        lines.append(f"not looked for: {', '.join(why)}")
    return "\n".join(lines)
