"""The document of ``jprob simulate`` as text."""

from __future__ import annotations

import math
from typing import Any

from jprob.cli.wording import percentage, table

__all__ = ["render"]

MOST_ROWS = 40


def render(document: dict[str, Any]) -> str:
    """One table and what follows from it."""
    return {"clt": _clt, "coverage": _coverage, "lln": _lln}[document["study"]](document)


def _law(document: dict[str, Any]) -> str:
    if document["column"] is not None:
        return f"{document['law']}, column {document['column']}"
    params = ", ".join(
        f"{name} = {value:g}" if isinstance(value, int | float) else f"{len(value)} values of {name}"
        for name, value in document["params"].items()
    )
    return f"{document['law']}({params})"


def _clt(document: dict[str, Any]) -> str:
    heading = f"Means of n draws of {_law(document)}, {document['num_replicates']:,} replicates"
    rows = [["n", "mean", "sd", "skewness", "kurtosis", "t", "normal", "Hall", "distance", "Berry-Esseen"]]
    for row in document["rows"]:
        values = [f"{row['n']:,}", f"{row['mean']:.5g}", f"{row['standard_deviation']:.4g}"]
        values += [f"{row['skewness']:.3f}", f"{row['excess_kurtosis']:.3f}"]
        values += [_share(row[name]) for name in ("coverage", "coverage_normal", "coverage_edgeworth")]
        near = row["ks_distance"] < row["ks_noise"]
        values += [f"<{row['ks_noise']:.4f}" if near else f"{row['ks_distance']:.4f}"]
        values += [f"{row['berry_esseen']:.4f}" if math.isfinite(row["berry_esseen"]) else "none"]
        rows.append(values)
    error = max(row["coverage_error"] for row in document["rows"])
    lines = [
        f"t, normal, Hall: coverage of the {percentage(document['level'])} intervals, "
        f"standard error at most {error:.4f}; Hall's takes the skewness out.",
        "distance: to the normal law, the largest between distribution functions; Berry-Esseen bounds it.",
    ]
    if document["population"]["has_variance"]:
        needed = document["needed_for_one_point"]
        sizes = ", ".join(f"{title} {_needed(needed[name])}" for name, title in NEEDED.items())
        lines.append(f"n for a coverage within one point of {percentage(document['level'])}: {sizes}.")
    return "\n\n".join([heading, table(rows), "\n".join(lines)])


NEEDED = {"coverage": "t", "coverage_normal": "normal", "coverage_edgeworth": "Hall"}


def _needed(found: dict[str, Any]) -> str:
    n = f"{math.ceil(found['n']):,}"
    return n if found["within_sizes"] else f"about {n} (beyond the sizes studied)"


def _coverage(document: dict[str, Any]) -> str:
    how = "exactly" if document["exact"] else f"{document['num_replicates']:,} samples of {document['size']:,}"
    heading = f"The {percentage(document['level'])} {document['interval']} interval under {_law(document)}, {how}"
    rows = [["truth", "coverage", "error", "misses below", "above", "length"]]
    listed = document["rows"]
    step = max(1, math.ceil(len(listed) / MOST_ROWS))
    for row in listed[::step]:
        error = "exact" if document["exact"] else f"{row['coverage_error']:.4f}"
        values = [f"{row['truth']:.6g}", _share(row["coverage"]), error]
        rows.append([*values, _share(row["miss_below"]), _share(row["miss_above"]), f"{row['length']:.4g}"])
    worst = min(listed, key=lambda row: row["coverage"])
    mean = sum(row["coverage"] for row in listed) / len(listed)
    lines = [f"lowest {_share(worst['coverage'])} at {worst['truth']:.6g}, mean {_share(mean)}."]
    if step > 1:
        lines.append(f"one row in {step} is shown; `--json` has all {len(listed):,}.")
    return "\n\n".join([heading, table(rows), "\n".join(lines)])


def _lln(document: dict[str, Any]) -> str:
    heading = f"Running means of {_law(document)}, {document['num_replicates']:,} trajectories"
    rows = [["n", "one of them", "2.5 %", "97.5 %", "sd / root n"]]
    for row in document["rows"]:
        error = f"{row['standard_error']:.4g}" if math.isfinite(row["standard_error"]) else "none"
        rows.append([f"{row['n']:,}", *(f"{row[name]:.5g}" for name in ("first", "lower", "upper")), error])
    law = document["population"]
    goal = f"They go to {law['centre']:.6g}." if law["has_mean"] else "They go nowhere: there is no mean."
    return "\n\n".join([heading, table(rows), goal])


def _share(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "undefined"
