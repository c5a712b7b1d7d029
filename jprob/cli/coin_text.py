"""The document of ``jprob coin`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli import sampled_text
from jprob.cli.wording import decimals, interval, percentage, probability, table

__all__ = ["render"]


def render(document: dict[str, Any]) -> str:
    """The posterior in a few lines, and what it says about a fair coin; the draws, where there are some."""
    prior, posterior = document["prior"], document["posterior"]
    heading = (
        f"{document['successes']:,} successes in {document['trials']:,} trials: "
        f"Beta({prior['a']:g}, {prior['b']:g}) becomes Beta({posterior['a']:.12g}, {posterior['b']:.12g})"
    )
    parts = [heading]
    if document["engine"] != "nuts":
        parts.append("\n".join(f"{title:<20}{text}" for title, text in _lines(document)))
    if "hypotheses" in document:
        parts.append(_weighed(document["hypotheses"]))
    if "sampled" in document:
        parts.append(sampled_text.render(document["sampled"]))
    return "\n\n".join(parts)


def _weighed(found: dict[str, Any]) -> str:
    """The hypotheses, the most probable first."""
    rows = sorted(found["rows"], key=lambda row: -row["posterior"])
    cells = [[f"p = {row['bias']:g}", f"{row['prior']:.4g}", probability(row["posterior"])] for row in rows]
    heading = f"Which of these, if it is one of them (log evidence {found['log_evidence']:.4f})"
    return heading + "\n\n" + table([["hypothesis", "before", "after"], *cells])


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    places = max(4, decimals([], [document["interval"][1] - document["interval"][0]]))
    mode = document["mode"]
    return [
        ("mean", f"{document['mean']:.{places}f}"),
        ("median", f"{document['median']:.{places}f}"),
        ("mode", f"{mode:.{places}f}" if math.isfinite(mode) else "none: no single peak"),
        (f"{percentage(document['level'])} interval", f"{interval(document['interval'], places)}  equal tails"),
        ("", _densest(document, places)),
        ("P(p > 0.5)", probability(document["prob_above_half"])),
        ("P(next succeeds)", probability(document["prob_next_success"])),
        ("log evidence", f"{document['log_evidence']:.4f}"),
        ("Bayes factor", _bayes_factor(document["log_bayes_factor"])),
    ]


def _densest(document: dict[str, Any], places: int) -> str:
    """The interval of highest density, or both pieces where the density is highest at 0 and at 1."""
    if "hdi_pieces" in document:
        return (
            f"{' and '.join(interval(piece, places) for piece in document['hdi_pieces'])}  highest density: two pieces"
        )
    return f"{interval(document['hdi'], places)}  highest density"


def _bayes_factor(log_factor: float) -> str:
    """Which of the two hypotheses the data favour, and by how much."""
    favoured = "an unknown p over p = 0.5" if log_factor > 0 else "p = 0.5 over an unknown p"
    size = abs(log_factor)
    factor = f"{math.exp(size):.4g}" if size < 20 else f"10^{size / math.log(10):.1f}"
    return f"{factor} for {favoured}"
