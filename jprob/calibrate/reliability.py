"""The reliability diagram as numbers: what was forecast, how often it came, and how far chance alone reaches.

References:
    Bröcker, J. and Smith, L. A. (2007). Increasing the reliability of reliability diagrams. Weather and Forecasting 22.
    Hoeffding, W. (1956). On the distribution of the number of successes in independent trials. Ann. Math. Stat. 27.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, safe
from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.calibrate.statistics import STRATEGIES, Statistics, check_top, collected, edges_of
from jprob.density import binomial
from jprob.special.proportion import clopper_pearson_ends, wilson_ends

__all__ = ["Reliability", "reliability"]

_ENDS = {"wilson": wilson_ends, "clopper_pearson": clopper_pearson_ends}


class Reliability(NamedTuple):
    """A reliability diagram, each array of shape ``(bins,)``.

    Attributes:
        confidence: mean probability in the bin; nan, as the frequency, where it is empty.
        frequency: share of rows whose label came.
        count: rows in the bin, or their weight.
        lower, upper: ends of the interval of the frequency; 0 and 1 where the bin is empty.
        band_lower, band_upper: where the frequency lies, with at least the level's probability, if the probabilities are right.
        edges: of the bins, shape ``(bins + 1,)``.
    """

    confidence: Array
    frequency: Array
    count: Array  # pyright: ignore[reportIncompatibleMethodOverride]
    lower: Array
    upper: Array
    band_lower: Array
    band_upper: Array
    edges: Array


def reliability(
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
    level: float = 0.95,
    interval: str = "wilson",
) -> Reliability:
    """Forecast and frequency in bins, with intervals and with the band of a calibrated model.

    Bins are (a, b], the first one closed below too. With weights, intervals are those of as many equal rows as vary alike,
    (Σw)² / Σw². The band is that of the binomial law at the bin's mean, wider than the true one if the bin mixes probabilities.

    Args:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label; or :class:`Statistics`
            of the top label in bins of equal width, which stay as they are, and no labels.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins: of them. strategy: ``"uniform"`` widths, or ``"quantile"``: about equal numbers of rows.
        level: of intervals and band, each bin by itself. interval: ``"wilson"`` or ``"clopper_pearson"``.

    Returns:
        :class:`Reliability`.

    Raises:
        ValueError: rows that are no probabilities and labels; options there are not.

    Example:
        >>> diagram = reliability([0.25, 0.25, 0.75, 0.75], [0, 1, 1, 1], num_bins=2)
        >>> diagram.confidence.tolist(), diagram.frequency.tolist()
        ([0.25, 0.75], [0.5, 1.0])
    """
    check_positive_int(num_bins, "num_bins")
    check_choice("strategy", strategy, STRATEGIES)
    check_choice("interval", interval, tuple(_ENDS))
    check_level(level)
    if isinstance(probs, Statistics):
        check_top(probs)
        dtype = probs.weight.dtype
        even = jnp.linspace(0.0, 1.0, probs.weight.shape[0] + 1, dtype=dtype)
        return _diagram(probs, even, jnp.asarray(level, dtype), interval)
    rows = top_label(scored(probs, labels, weights))
    sums, edges = _sums(rows, num_bins, strategy)
    return _diagram(sums, edges, jnp.asarray(level, rows.scores.dtype), interval)


@partial(jax.jit, static_argnums=(1, 2))
def _sums(rows: Rows, num_bins: int, strategy: str) -> tuple[Statistics, Array]:
    edges = edges_of(rows.scores, num_bins, strategy)
    even = jnp.linspace(0.0, 1.0, num_bins + 1, dtype=rows.scores.dtype)
    return collected(rows, edges, num_bins, "top"), even if edges is None else edges


@partial(jax.jit, static_argnums=3)
def _diagram(sums: Statistics, edges: Array, level: Array, interval: str) -> Reliability:
    """Compiled for the bins alone: another number of rows costs nothing."""
    some = sums.weight > 0
    size = safe(some, sums.weight, 1.0)
    trials = jnp.where(some, size**2 / safe(some, sums.weight_squared, 1.0), 1.0)
    confidence, frequency = sums.confidence / size, sums.hits / size
    forecast = jnp.clip(confidence, 0.0, 1.0)
    ends = _ENDS[interval](trials * frequency, trials * jnp.clip(1.0 - frequency, 0.0, 1.0), level)
    whole, tail = jnp.maximum(jnp.round(trials), 1.0), 0.5 * (1.0 - level)
    low, high = (ppf(tail, whole, forecast) / whole for ppf in (binomial.ppf, binomial.isf))

    def shown(values: Array, empty: float) -> Array:
        return jnp.where(some, values, empty)

    return Reliability(
        confidence=shown(confidence, jnp.nan),
        frequency=shown(frequency, jnp.nan),
        count=sums.weight,
        lower=shown(ends[:, 0], 0.0),
        upper=shown(ends[:, 1], 1.0),
        band_lower=shown(low, 0.0),
        band_upper=shown(high, 1.0),
        edges=edges,
    )
