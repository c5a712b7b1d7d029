"""The document of ``jprob rate`` as text."""

from __future__ import annotations

from typing import Any

from jprob.cli.wording import percentage, probability

__all__ = ["render"]


def render(document: dict[str, Any]) -> str:
    """The posterior in a few lines; without events, the rule of three beside the exact answer."""
    prior, posterior = document["prior"], document["posterior"]
    before = f"Gamma({prior['a']:g}, {prior['b']:g})" + (" (Jeffreys)" if prior["b"] == 0 else "")
    after = f"Gamma({posterior['a']:.12g}, {posterior['b']:.12g})"
    plural = "" if document["events"] == 1 else "s"
    heading = (
        f"{document['events']:,} event{plural} in an exposure of {document['exposure']:,.12g}: {before} becomes {after}"
    )
    return heading + "\n\n" + "\n".join(f"{title:<20}{text}" for title, text in _lines(document))


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    level = percentage(document["level"])
    lines = [
        ("events per unit", f"{document['observed_rate']:.4g}  observed"),
        ("mean", f"{document['mean']:.4g}"),
        ("median", f"{document['median']:.4g}"),
        ("mode", f"{document['mode']:.4g}"),
        (f"{level} interval", f"{_ends(document['interval'])}  equal tails"),
        ("", f"{_ends(document['hdi'])}  highest density"),
        (f"{level} upper bound", f"{document['upper_bound']:.4g}"),
    ]
    if document["rule_of_three"] is not None:
        lines.append(("rule of three", f"{document['rule_of_three']:.4g}  roughly the 95 % bound with a flat prior"))
    lines.append(
        ("P(none, as long)", f"{probability(document['prob_none_ahead'])}  no event in as much exposure again")
    )
    if "log_evidence" in document:
        lines.append(("log evidence", f"{document['log_evidence']:.4f}"))
    return lines


def _ends(ends: list[float]) -> str:
    return f"[{ends[0]:.4g}, {ends[1]:.4g}]"
