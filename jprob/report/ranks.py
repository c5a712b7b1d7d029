"""Ranks of known parameters among posterior draws, against the band in which uniform ones stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ranks"]

_MOST = 6  # elements of a site that are drawn


def ranks(found: Any, *, level: float = 0.99) -> Figure:
    """Distribution function of the ranks less that of uniform ones, for each site, with the simultaneous band.

    A hill says that parameters lie below their posteriors, a valley above; a hill before a valley that posteriors are too
    narrow, a valley before a hill that they are too wide.

    Args:
        found: of :func:`jprob.bayes.sbc`. level: of the band.
    """
    from matplotlib.figure import Figure

    from jprob.bayes.simulation_based_calibration import ecdf_band

    sites = list(found.ranks)
    columns = min(3, len(sites))
    rows = -(-len(sites) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.6 * rows + 0.3), layout="constrained")
    num = len(next(iter(found.ranks.values())))
    at = np.arange(found.num_ranks)
    uniform = (at + 1) / (found.num_ranks + 1)
    low, high = (np.asarray(end) / num - uniform for end in ecdf_band(num, found.num_ranks, level))
    for panel, site in zip(figure.subplots(rows, columns, squeeze=False, sharey=True).flat, sites, strict=False):
        panel.fill_between(uniform, low, high, color="0.88", step="mid", linewidth=0)
        values = np.asarray(found.ranks[site]).reshape(num, -1)[:, :_MOST]
        for element in values.T:
            panel.plot(uniform, (element[:, None] <= at).mean(0) - uniform, linewidth=1)
        panel.axhline(0.0, color="0.5", linewidth=0.6)
        panel.set_title(site, fontsize=10)
    for panel in figure.axes[len(sites) :]:
        panel.set_visible(False)
    figure.supxlabel("rank, as a share", fontsize=9)
    figure.supylabel("difference from uniform", fontsize=9)
    figure.suptitle(f"{found.verdict}; grey: {100 * level:g} % band", fontsize=10)
    return figure
