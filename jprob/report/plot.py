"""Posteriors in pictures, by ArviZ on matplotlib; each function returns the figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jprob.report.control_charts import control_charts
from jprob.report.curves import prior_posterior
from jprob.report.ranks import ranks
from jprob.report.tree import to_datatree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jprob.calibrate import Reliability

__all__ = ["control_charts", "density", "forest", "prior_posterior", "ranks", "reliability", "trace"]

_ON_A_FIGURE: dict[str, Any] = {"backend": "matplotlib", "figure_kwargs": {"layout": "constrained"}}


def density(result: Any, *, var_names: Sequence[str] | None = None, ci_prob: float = 0.95, **tree: Any) -> Figure:
    """Posterior density of each element, with its mean and equal-tailed interval.

    Args:
        result: whatever :func:`jprob.report.to_datatree` takes; ``tree`` are its other arguments.
        var_names: the variables to show. ci_prob: probability of the interval.
    """
    import arviz as az

    collection = az.plot_dist(
        to_datatree(result, **tree), var_names=_listed(var_names), ci_prob=ci_prob, ci_kind="eti", **_ON_A_FIGURE
    )
    return collection.viz["figure"].item()


def forest(result: Any, *, var_names: Sequence[str] | None = None, ci_prob: float = 0.95, **tree: Any) -> Figure:
    """Intervals of 50 % and ``ci_prob`` of each element, one below the other, to compare arms."""
    import arviz as az

    collection = az.plot_forest(
        to_datatree(result, **tree),
        var_names=_listed(var_names),
        combined=True,
        ci_probs=(0.5, ci_prob),
        ci_kind="eti",
        **_ON_A_FIGURE,
    )
    return collection.viz["figure"].item()


def trace(draws: Any, *, var_names: Sequence[str] | None = None, **tree: Any) -> Figure:
    """Density of each chain beside its ranks among all draws: uniform ranks are chains that agree."""
    import arviz as az

    collection = az.plot_rank_dist(
        to_datatree(draws, **tree), var_names=_listed(var_names), compact=False, **_ON_A_FIGURE
    )
    return collection.viz["figure"].item()


def reliability(*diagrams: Reliability, labels: Sequence[str] = (), level: float = 0.95) -> Figure:
    """How often forecasts came against what they said, with intervals, and below how many rows said so.

    Args:
        diagrams: of :func:`jprob.calibrate.reliability`; of a single one a band shows where dots lie if it is right.
        labels: their names. level: of the intervals, for the legend.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5.8), layout="constrained")
    axes, rows = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for i, diagram in enumerate(diagrams):
        some = np.asarray(diagram.count) > 0
        x, y, low, high, band_low, band_high, count = (
            np.asarray(v, float)[some]
            for v in (diagram.confidence, diagram.frequency, diagram.lower, diagram.upper, *diagram[5:7], diagram.count)
        )
        edges = np.asarray(diagram.edges, float)
        left, width = edges[:-1][some], np.diff(edges)[some]
        if len(diagrams) == 1:
            label = f"where {level:.3g} of dots lie if it is right"
            axes.bar(left, band_high - band_low, width, band_low, align="edge", color="0.88", label=label)
        bars = np.clip(np.stack([y - low, high - y]), 0.0, None)
        name = labels[i].replace("$", r"\$") if i < len(labels) else f"frequency, {level:.3g} interval"
        axes.errorbar(x, y, yerr=bars, fmt="o", color=f"C{i}", markersize=4, linewidth=1, label=name)
        rows.bar(left, count, width, align="edge", color=f"C{i}", alpha=0.5 if len(diagrams) > 1 else 0.8)
    figure.legend(loc="outside upper left", frameon=False, ncols=1 if len(diagrams) == 1 else 2)
    axes.set(ylabel="how often it came", ylim=(-0.02, 1.02))
    rows.set(xlabel="probability that was forecast", ylabel="rows", xlim=(-0.02, 1.02))
    return figure


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return [names] if isinstance(names, str) else None if names is None else list(names)
