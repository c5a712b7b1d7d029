"""The document of ``jprob sbc`` as text."""

from __future__ import annotations

from typing import Any

from jprob.cli.wording import percentage, probability

__all__ = ["render"]

SAYS = {
    "calibrated": "true parameters lie among posterior draws as they should",
    "biased": "true parameters lie too often on one side of the posterior",
    "overconfident": "true parameters lie too often in the tails: the posteriors are too narrow",
    "underconfident": "true parameters lie too often in the middle: the posteriors are too wide",
    "miscalibrated": "ranks of true parameters are not uniform",
}


def render(document: dict[str, Any]) -> str:
    """The verdict, then the worst element of each site."""
    lines = [
        f"{document['model']} by {document['engine']}: {document['describes']}, {document['simulations']:,} simulations",
        "",
        f"{document['verdict'].upper()}: {SAYS[document['verdict']]}",
        "",
        f"{'site':<18}{'elements':>8}{'p':>10}{'mean rank':>12}{'spread':>9}   {percentage(document['level'])} band",
    ]
    for name, site in document["sites"].items():
        held = "inside" if site["inside_band"] else "OUTSIDE"
        p = probability(site["p_value"])
        lines.append(
            f"{name:<18}{site['elements']:>8}{p:>10}{site['mean_rank']:>12.3f}{site['rank_spread']:>9.3f}   {held}"
        )
    if document["failed"]:
        lines += ["", f"{document['failed']:,} simulations had no finite posterior and were left out."]
    return "\n".join([*lines, "", "A right engine has mean ranks near 0.5 and spreads near 1."])
