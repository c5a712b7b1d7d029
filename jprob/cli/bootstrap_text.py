"""The document of ``jprob simulate bootstrap`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli.wording import decimals, interval, percentage

__all__ = ["render"]


def render(document: dict[str, Any]) -> str:
    """A heading, the answer, and how it was found."""
    statistic = "quantile" if document["quantile"] is None else f"{percentage(document['quantile'])} quantile"
    what = document["statistic"] if document["statistic"] != "quantile" else statistic
    by = f" by {document['by']}" if document["by"] else ""
    heading = f"{document['file']}: {what} of {', '.join(document['columns'])}{by}, {document['num_rows']:,} rows"
    low, high = document["interval"]
    wide = [high - low] if math.isfinite(high - low) and high > low else []
    places = decimals([document["estimate"]], wide or [abs(document["estimate"])])
    rows = [
        ("estimate", f"{document['estimate']:.{places}f}"),
        ("standard error", f"{document['standard_error']:.{places + 1}f}"),
        ("bias", f"{document['bias']:+.{places + 1}f}"),
        (f"{percentage(document['level'])} interval", interval([low, high], places)),
    ]
    error = [e for e in document["interval_error"] if math.isfinite(e)]
    if error and not document["by_theory"]:
        rows.append(("  simulation error of its ends", " and ".join(f"{e:.{places + 1}f}" for e in error)))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n\n".join([heading, "\n".join(lines), _how(document)])


def _how(document: dict[str, Any]) -> str:
    if document["by_theory"]:
        return f"{document['method']} interval, by theory: nothing was drawn."
    length = document["block_length"]
    blocks = "" if length is None else f" of {'mean ' if document['scheme'] == 'stationary' else ''}length {length:.4g}"
    return (
        f"{document['method']} interval from {document['num_resamples']:,} resamples, "
        f"scheme {document['scheme']}{blocks}, seed {document['seed']}."
    )
