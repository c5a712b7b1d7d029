"""The document of ``jprob fit`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli.console import printable
from jprob.cli.wording import percentage, table

__all__ = ["render"]


def render(document: dict[str, Any]) -> str:
    """Estimates with their errors, the fit's likelihood, and the families compared."""
    known = "".join(f", {name} = {value:g} known" for name, value in document["fixed"].items())
    heading = f"{document['family']} to {document['rows']:,} rows of {printable(document['column'])}{known}"
    rows = [["parameter", "estimate", "standard error", f"{percentage(document['level'])} interval"]]
    rows += [
        [e["parameter"], _number(e["estimate"]), _number(e["standard_error"]), _ends(e["interval"])]
        for e in document["estimates"]
    ]
    ending = (
        f"log likelihood {document['log_likelihood']:.4f}   AIC {document['aic']:.4f}   "
        f"AICc {document['aicc']:.4f}   BIC {document['bic']:.4f}"
    )
    parts = [heading, table(rows), ending, _goodness(document)]
    if "candidates" in document:
        parts.append(table([["family", "parameters", "AICc", "above the best"], *map(_row, document["candidates"])]))
    return "\n\n".join(parts)


def _goodness(document: dict[str, Any]) -> str:
    """The verdict on the family itself."""
    found, family = document["goodness_of_fit"], document["family"].replace("_", " ")
    if math.isnan(found["p_value"]):
        return "goodness of fit: none, as the family could not be fitted"
    some = "" if found["rows"] == document["rows"] else f" on {found['rows']:,} of the rows"
    verdict = "may be" if found["p_value"] >= 0.05 else "do not look"
    return (
        f"goodness of fit{some}: Anderson-Darling {found['value']:.4g}, p = {found['p_value']:.3f} over "
        f"{found['simulations']} simulated and fitted data sets: the rows {verdict} {family}"
    )


def _row(candidate: dict[str, Any]) -> list[str]:
    above = f"{candidate['delta']:.2f}" if candidate["sound"] else "no sound fit"
    return [candidate["family"], str(candidate["parameters"]), _number(candidate["aicc"]), above]


def _number(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else "none"


def _ends(ends: list[float]) -> str:
    return "none" if any(math.isnan(end) for end in ends) else f"[{ends[0]:.6g}, {ends[1]:.6g}]"
