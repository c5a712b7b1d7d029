"""What NUTS found, as text: the table of its draws and whether they may be trusted."""

from __future__ import annotations

from typing import Any

from jprob.cli.console import Caution, printable

__all__ = ["interrupted", "render", "warnings"]


def render(sampled: dict[str, Any]) -> str:
    """Summary, diagnostics and the gap to the exact posterior."""
    import pandas as pd

    from jprob.report import format_table

    table = pd.DataFrame.from_dict(sampled["summary"], orient="index")
    table.index = pd.Index([printable(name) for name in table.index])
    heading = f"NUTS, {sampled['num_chains']} chains of {sampled['num_samples']} draws, seed {sampled['seed']}"
    return "\n".join([heading, format_table(table), *_trust(sampled)])


def warnings(document: dict[str, Any]) -> list[Caution]:
    """What a verb must say of draws that failed a check; nothing without draws."""
    if "sampled" not in document:
        return []
    sampled, said = document["sampled"], []
    if interrupted(document):
        said.append(Caution("interrupted", f"interrupted after {sampled['num_samples']} draws of each chain."))
    if not sampled["ok"]:
        said.append(
            Caution("failed sampling", f"the draws by NUTS must not be trusted: {' '.join(sampled['findings'])}")
        )
    return said


def interrupted(document: dict[str, Any]) -> bool:
    """Whether the draws are fewer than were asked for."""
    return not document.get("sampled", {}).get("complete", True)


def _trust(sampled: dict[str, Any]) -> list[str]:
    worst = sampled["worst"]
    gap = (
        f"Largest gap to the exact distribution function {worst['max_gap']:.4f}: by chance alone a larger one would "
        f"come with probability {worst['p_value']:.2g}."
    )
    if sampled["ok"]:
        return [f"The draws can be trusted. {gap}"]
    return ["The draws must not be trusted:", *(f"- {finding}" for finding in sampled["findings"]), gap]
