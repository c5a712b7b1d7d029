"""Histogram binning: the frequency of each bin in place of its probabilities.

References:
    Zadrozny, B. and Elkan, C. (2001). Obtaining calibrated probability estimates from decision trees. ICML.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, promote, safe
from jprob.calibrate._columns import against_the_rest, normalised
from jprob.calibrate._inputs import Rows, check_choice, scored
from jprob.calibrate.statistics import STRATEGIES, bin_of, collected, edges_of

__all__ = ["Histogram", "apply", "fit"]


class Histogram(NamedTuple):
    """Bins and what they answer, with an axis of classes before that of bins where there are classes.

    Attributes:
        edges: shape ``(bins + 1,)``. probs: frequency of each bin, its middle where it is empty, shape ``(bins,)``.
        counts: rows in it, or their weight.
    """

    edges: Array
    probs: Array
    counts: Array


def fit(
    probs: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    num_bins: int = 15,
    strategy: str = "quantile",
) -> Histogram:
    """Frequencies of bins of about equal numbers of rows, or of equal width.

    Args:
        probs: of label 1, shape ``(n,)``; or of classes, ``(n, k)``: one class against the rest.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins: of them. strategy: ``"quantile"`` or ``"uniform"``.

    Returns:
        :class:`Histogram`.

    Raises:
        ValueError: rows that are no probabilities and labels; options there are not.

    Example:
        >>> fit([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], num_bins=2).probs.tolist()
        [0.5, 1.0]
    """
    check_positive_int(num_bins, "num_bins")
    check_choice("strategy", strategy, STRATEGIES)
    return _fit(scored(probs, labels, weights), num_bins, strategy)


def apply(params: Histogram, probs: ArrayLike) -> Array:
    """The frequency of each probability's bin; of classes, made to sum to one.

    Args:
        params: of :func:`fit`. probs: shape ``(n,)`` or ``(n, k)``, as they were fitted.

    Returns:
        Shape of the probabilities.

    Example:
        >>> bins = fit([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], num_bins=2)
        >>> apply(bins, [0.3, 0.7]).tolist()
        [0.5, 1.0]
    """
    (p,) = promote(probs)
    return normalised(lambda bins, p: bins.probs[bin_of(p, bins.edges, bins.probs.shape[-1])], params, p)


@partial(jax.jit, static_argnums=(1, 2))
def _fit(rows: Rows, num_bins: int, strategy: str) -> Histogram:
    return against_the_rest(lambda rows: _one(rows, num_bins, strategy), rows)


def _one(rows: Rows, num_bins: int, strategy: str) -> Histogram:
    edges = edges_of(rows.scores, num_bins, strategy)
    if edges is None:
        edges = jnp.linspace(0.0, 1.0, num_bins + 1, dtype=rows.scores.dtype)
    sums = collected(rows, edges, num_bins, "top")
    some = sums.weight > 0
    probs = jnp.where(some, sums.hits / safe(some, sums.weight, 1.0), 0.5 * (edges[1:] + edges[:-1]))
    return Histogram(edges, probs, sums.weight)
