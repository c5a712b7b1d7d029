"""The computation behind ``jprob simulate bootstrap``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import jax
import numpy as np

from jprob import simulate
from jprob.cli.bootstrap import OF_SAMPLES, SERIES
from jprob.cli.console import BadInput
from jprob.cli.machine import written
from jprob.cli.numbers import read_columns
from jprob.simulate import statistics

__all__ = ["answer"]

STATISTICS = {
    "mean": statistics.mean,
    "median": statistics.median,
    "variance": statistics.variance,
    "sd": statistics.standard_deviation,
    "corr": statistics.correlation,
    "slope": statistics.slope,
    "ratio": statistics.ratio,
    "difference": statistics.difference,
    "lift": statistics.lift,
}
FEW = 20  # rows below which no resampling interval is to be relied on


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """The interval as plain numbers."""
    columns = read_columns(args.data, args.column, args.by)
    labels = None if args.by is None else columns.pop()
    notes, options = [], {}
    data: Any = columns[0] if len(columns) == 1 else tuple(columns)
    scheme, method = args.scheme, args.method
    if args.statistic in OF_SAMPLES:
        data, names = _two_groups(args, columns[0], labels)
        scheme = "samples"
        notes.append(f"{args.statistic}: `{names[1]}` against `{names[0]}`.")
    elif labels is not None:
        options["groups"] = labels
    if method is None:
        method = "percentile" if scheme in (*SERIES, "cluster") else "bca"
    if scheme in SERIES:
        options["block_length"] = _block_length(args, columns)
    statistic = statistics.quantile(args.quantile) if args.quantile is not None else STATISTICS[args.statistic]
    try:
        found = simulate.bootstrap(
            jax.random.key(args.seed),
            data,
            statistic,
            num_resamples=args.resamples,
            method=method,
            level=args.level,
            scheme=scheme,
            shortcut=args.shortcut,
            progress=sys.stderr is not None and sys.stderr.isatty(),
            **options,
        )
    except ValueError as problem:  # the room's own sentences
        raise BadInput(str(problem)) from None
    if args.plot is not None:
        _draw(args, found)
    low, high = np.asarray(found.interval).tolist()
    num = len(columns[0])
    return {
        "method": method,
        "block_length": options.get("block_length"),
        "num_rows": num,
        "num_resamples": len(found.draws),
        "by_theory": bool(found.by_theory),
        "estimate": float(found.estimate),
        "standard_error": float(found.standard_error),
        "bias": float(found.bias),
        "interval": [low, high],
        "interval_error": np.asarray(found.interval_error).tolist(),
        "acceleration": float(found.acceleration),
        "degenerate": bool(found.degenerate),
        "num_nan": int(found.num_nan),
        "complete": bool(found.complete),
        "notes": notes,
        "cautions": _cautions(args, found, num),
    }


def _two_groups(args: argparse.Namespace, values: np.ndarray, labels: Any) -> tuple[tuple[np.ndarray, ...], list[str]]:
    names = list(dict.fromkeys(labels.tolist()))  # as they come in the file
    if len(names) != 2:
        raise BadInput(f"{args.data}, column {args.by!r}: expected two groups; got {len(names)}.")
    return tuple(values[labels == name] for name in names), names


def _block_length(args: argparse.Namespace, columns: list[np.ndarray]) -> float:
    """As asked, or the longest that any of the columns asks for."""
    if args.block_length is not None:
        return args.block_length
    if min(len(column) for column in columns) < 8 or any(np.ptp(column) == 0 for column in columns):
        raise BadInput("`--block-length` must be given for a constant or very short series; got none.")
    best = [simulate.optimal_block_length(column) for column in columns]
    length = max(float(b.stationary if args.scheme == "stationary" else b.circular) for b in best)
    return max(1.0, length if args.scheme == "stationary" else float(np.ceil(length)))


def _cautions(args: argparse.Namespace, found: simulate.Bootstrap, num: int) -> list[tuple[str, str]]:
    cautions = []
    if bool(found.degenerate):
        sentence = "all resamples have the same statistic: the interval is a point and says nothing."
        cautions.append(("degenerate", sentence))
    if num < FEW and not bool(found.degenerate):
        cautions.append(("few rows", f"{num} rows are few: bootstrap intervals of so small samples are too short."))
    if int(found.num_nan):
        sentence = f"{int(found.num_nan):,} of {len(found.draws):,} resamples have no finite {args.statistic}; they are left out."
        cautions.append(("not finite", sentence))
    if not bool(found.complete):
        cautions.append(("interrupted", f"interrupted after {len(found.draws):,} of {args.resamples:,} resamples."))
    return cautions


def _draw(args: argparse.Namespace, found: simulate.Bootstrap) -> None:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    axes = figure.subplots()
    draws = np.asarray(found.draws)
    draws = draws[np.isfinite(draws)]
    if len(draws):
        axes.hist(draws, bins=min(80, max(10, len(draws) // 100)), density=True, color="tab:blue", alpha=0.4)
        axes.set(ylabel="density of the resamples")
    else:
        axes.set_yticks([])
    axes.axvline(float(found.estimate), color="black", linewidth=1.2, label="estimate")
    for i, end in enumerate(np.asarray(found.interval)):
        label = f"{100 * args.level:g} % interval" if i == 0 else None
        axes.axvline(end, color="tab:red", linewidth=1.2, linestyle="--", label=label)
    axes.set(xlabel=f"{args.statistic} of {', '.join(args.column)}")
    axes.legend()
    with written(args.plot) as draft:
        figure.savefig(draft)
