"""Series against their limits, a panel for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jax.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["control_charts"]

_MOST = 12
_CHARACTERS = 40  # below a panel


def control_charts(
    series: Mapping[str, ArrayLike],
    alarms: Mapping[str, ArrayLike],
    *,
    limit: float = 1.0,
    times: Sequence[str] | None = None,
    ylabel: str = "",
) -> Figure:
    """Statistics over time between their limits, alarms in red; those that reach farthest first, twelve at most.

    Args:
        series: by name, each of shape ``(time,)``, in units in which the limits are ``±limit``.
        alarms: by the same names, whether each point is one.
        limit: of all panels. times: what to write below the points. ylabel: what the statistic is.

    Returns:
        The figure.

    Raises:
        ValueError: nothing to draw.
    """
    from matplotlib.figure import Figure

    if not series:
        raise ValueError("`series` must have at least one series; got none.")
    values = {name: np.asarray(points, float) for name, points in series.items()}
    names = sorted(values, key=lambda name: -np.nanmax(np.abs(values[name]), initial=0.0))[:_MOST]
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(1.0 + 3.4 * columns, 0.7 + 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels, names, strict=False):
        y, red = values[name], np.asarray(alarms[name], bool)
        x = np.arange(len(y))
        panel.axhspan(-limit, limit, color="0.93")
        panel.axhline(0.0, color="0.6", linewidth=1)
        panel.plot(x, y, color="C0", linewidth=1.2, marker="o", markersize=4)
        panel.plot(x[red], y[red], color="C3", linestyle="", marker="o", markersize=6)
        reach = 1.15 * max(limit, float(np.nanmax(np.abs(y), initial=0.0)))
        panel.set_ylim(-reach, reach)
        panel.set_title(name if len(name) <= 30 else f"{name[:27]}...", fontsize=10)
        panel.set_xticks(*_ticks(x, times))
    for panel in panels[max(0, len(names) - columns) : len(names)]:  # the lowest of each column
        panel.tick_params(labelbottom=True)
    for panel in panels[:: columns if len(names) > 1 else 1]:
        panel.set_ylabel(ylabel)
    return figure


def _ticks(x: np.ndarray, times: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
    """As many as stand side by side, at most eight, the last among them."""
    texts = [str(i + 1) if times is None else str(times[i]) for i in x]
    fit = min(8, max(1, _CHARACTERS // (max(map(len, texts), default=0) + 1)))
    at = x[::-1][:: max(1, -(-len(x) // fit))][::-1]
    return at, [texts[i] for i in at]
