"""Posteriors in pictures, by ArviZ on matplotlib; each function returns the figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jprob.report.tree import to_datatree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["density", "forest", "trace"]

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


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return [names] if isinstance(names, str) else None if names is None else list(names)
