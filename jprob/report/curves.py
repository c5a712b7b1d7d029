"""What was believed, what the data say and what is believed now, in one picture: curves of an exact posterior."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.bayes.conjugate.beta_binomial import BetaParams
from jprob.bayes.exact import SITES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["prior_posterior"]

_POINTS = 400
_MOST_PANELS = 12
_COLOURS = {"prior": "0.55", "likelihood": "C1", "posterior": "C0"}


def prior_posterior(
    pair: ModuleType, prior: Any, *data: ArrayLike, ci_prob: float = 0.95, xlabel: str | None = None
) -> Figure:
    """Prior, likelihood and posterior density of each unknown number, the posterior's interval shaded.

    The likelihood is scaled to the area of a density; it is left out where there is more than one unknown. Where the
    posterior is highest at both ends, two pieces are shaded.

    Args:
        pair: a module of :mod:`jprob.bayes.conjugate`. prior: as it takes it. data: as it takes them; up to twelve
            posteriors, one panel each.
        ci_prob: mass of the shaded set of highest density. xlabel: name of the unknown; the site's by default.

    Returns:
        The figure.

    Raises:
        ValueError: too many panels.
    """
    from matplotlib.figure import Figure

    check_level(ci_prob, "ci_prob")
    posterior = pair.update(prior, *data)
    name = SITES[type(posterior)][1][0] if xlabel is None else xlabel
    laws = pair.marginal(posterior), pair.marginal(prior)
    after, before = (_lanes(law.params) for law in laws)
    shape = np.broadcast_shapes(*(np.shape(v) for v in laws[0].params.values()))
    panels = after.shape[1]
    if panels > _MOST_PANELS:
        raise ValueError(f"`data` must make at most {_MOST_PANELS} posteriors; got {panels}.")
    before = np.broadcast_to(before, after.shape) if before.shape[1] == 1 else before
    shaded = _shaded(pair, posterior, ci_prob, panels)
    single = len(SITES[type(posterior)][1]) == 1 and pair.__name__.rpartition(".")[2] != "dirichlet_multinomial"
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = Figure(figsize=(1.6 + 4.2 * columns, 3.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for i, ax in enumerate(axes):
        if i >= panels:
            ax.set_axis_off()
            continue
        x = _range(laws[0].family, after[:, i], before[:, i])
        curves = {"prior": _pdf(laws[1].family, x, before[:, i])}
        if single:
            lane = tuple(np.broadcast_to(np.asarray(v, float), shape).ravel()[i] for v in data)
            curves["likelihood"] = _scaled(x, np.asarray(pair.log_likelihood(x, *lane), float))
        curves["posterior"] = _pdf(laws[0].family, x, after[:, i])
        _draw(ax, x, curves, shaded[i])
        ax.set_xlabel(name if panels == 1 else f"{name} {i}")
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False, title=f"{100 * ci_prob:g} % shaded", alignment="left")
    return figure


def _lanes(params: dict[str, Any]) -> np.ndarray:
    """Parameters ``(params, panels)``."""
    arrays = np.broadcast_arrays(*(np.asarray(v, float) for v in params.values()))
    return np.stack([a.ravel() for a in arrays])


def _shaded(pair: ModuleType, posterior: Any, level: float, panels: int) -> np.ndarray:
    """Pieces of highest density, ``(panels, pieces, 2)``."""
    if isinstance(posterior, BetaParams):
        return np.asarray(pair.region(posterior, level).pieces, float).reshape(panels, 2, 2)
    return np.asarray(pair.hdi(posterior, level), float).reshape(panels, 1, 2)


def _range(family: Any, after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Where the posterior lies, and as much of the prior as leaves the posterior visible."""
    low, high = (float(end(1e-3, *after)) for end in (family.ppf, family.isf))
    far, near = (float(end(5e-3, *before)) for end in (family.ppf, family.isf))
    width = high - low
    left, right = max(min(low, far), low - 3 * width), min(max(high, near), high + 3 * width)
    least, most = (float(v) for v in family.support(**dict(zip(family.parameters, after, strict=True))))
    left, right = max(left - 0.05 * width, least), min(right + 0.05 * width, most)
    inset = 1e-4 * (right - left)  # a density may be infinite at an end
    return np.linspace(left + inset, right - inset, _POINTS)


def _pdf(family: Any, x: np.ndarray, params: np.ndarray) -> np.ndarray:
    return np.exp(np.asarray(family.logdensity(x, dict(zip(family.parameters, params, strict=True))), float))


def _scaled(x: np.ndarray, log_likelihood: np.ndarray) -> np.ndarray:
    height = np.exp(log_likelihood - np.max(log_likelihood))
    return height / np.trapezoid(height, x)


def _draw(ax: Axes, x: np.ndarray, curves: dict[str, np.ndarray], pieces: np.ndarray) -> None:
    for name, y in curves.items():
        dashed = "--" if name == "likelihood" else "-"
        ax.plot(x, y, dashed, color=_COLOURS[name], label=name, linewidth=2 if name == "posterior" else 1.4)
    for low, high in pieces[np.isfinite(pieces).all(-1)]:
        inside = (x >= low) & (x <= high)
        ax.fill_between(
            x, curves["posterior"], where=inside.tolist(), color=_COLOURS["posterior"], alpha=0.18, linewidth=0
        )
    tops = [np.quantile(y[np.isfinite(y)], 0.98) * 1.25 for y in curves.values()]
    highest = max(np.max(curves[name][np.isfinite(curves[name])]) for name in curves)
    ax.set_ylim(0, min(1.06 * highest, 3 * max(tops)))
    ax.spines[["top", "right"]].set_visible(False)
