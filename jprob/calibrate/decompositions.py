r"""Proper scores taken apart: what is wrong with a forecast, what it knows, and what there was to know.

.. math:: \text{Brier} = \underbrace{\sum_b \tfrac{n_b}{n} (\bar p_b - \bar y_b)^2}_\text{reliability}
    - \underbrace{\sum_b \tfrac{n_b}{n} (\bar y_b - \bar y)^2}_\text{resolution}
    + \underbrace{\bar y (1 - \bar y)}_\text{uncertainty} + \text{within bins}

References:
    Stephenson, D. B., Coelho, C. and Jolliffe, I. (2008). Two extra components in the Brier score decomposition. WAF 23.
    Weijs, S. V., van Nooijen, R. and van de Giesen, N. (2010). Kullback-Leibler divergence as a forecast skill score. MWR 138.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import entr, rel_entr
from jax.typing import ArrayLike

from jprob._array import safe
from jprob.calibrate._binned import from_rows, rows_of
from jprob.calibrate.statistics import Statistics

__all__ = ["Decomposition", "brier_decomposition", "log_loss_decomposition"]


class Decomposition(NamedTuple):
    """A proper score as what is wrong, what is known and what was to be known.

    Attributes:
        score: reliability − resolution + uncertainty + within.
        reliability: distance of probabilities from frequencies, 0 at best. resolution: how far frequencies differ between
            bins. uncertainty: score of one who always forecasts the overall frequency.
        within: what differences inside bins add; 0 where each bin holds a single probability.
    """

    score: Array
    reliability: Array
    resolution: Array
    uncertainty: Array
    within: Array


def brier_decomposition(
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
) -> Decomposition:
    """The Brier score as reliability, resolution and uncertainty; of classes, summed over them.

    Args:
        probs, labels, weights, num_bins, strategy: as for :func:`jprob.calibrate.ece`; statistics of classes must be class-wise.

    Returns:
        :class:`Decomposition`, each of shape ``()``.

    Example:
        >>> parts = brier_decomposition([0.25, 0.25, 0.75, 0.75], [0, 1, 1, 1], num_bins=2)
        >>> [float(part) for part in parts]  # .1875 = .0625 - .0625 + .1875 + 0
        [0.1875, 0.0625, 0.0625, 0.1875, 0.0]
    """
    if isinstance(probs, Statistics):
        return _brier_parts(probs)
    return from_rows(_brier_parts, None, probs, labels, weights, num_bins, strategy, "classwise")


def log_loss_decomposition(
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
) -> Decomposition:
    r"""The log loss of a binary forecast as reliability, resolution and uncertainty, in nats.

    .. math:: \sum_b \tfrac{n_b}{n} D(\bar y_b \| \bar p_b) - \sum_b \tfrac{n_b}{n} D(\bar y_b \| \bar y) + H(\bar y)
        + \text{within}

    Args:
        probs: of label 1, shape ``(n,)``; or its statistics.
        labels, weights, num_bins, strategy: as for :func:`jprob.calibrate.ece`.

    Returns:
        :class:`Decomposition`, each of shape ``()``.

    Raises:
        ValueError: probabilities of classes; else as :func:`ece`.

    Example:
        >>> parts = log_loss_decomposition([0.5, 0.5, 1.0, 1.0], [0, 1, 1, 1], num_bins=2)
        >>> [round(float(part), 3) for part in parts]  # log(2)/2 = 0 - .216 + .562 + 0
        [0.347, 0.0, 0.216, 0.562, 0.0]
    """
    if isinstance(probs, Statistics):
        return _log_parts(probs)
    if np.ndim(probs) == 2:
        raise ValueError(f"`probs` must have shape (n,), those of one class; got {np.shape(probs)}.")
    return from_rows(_log_parts, None, probs, labels, weights, num_bins, strategy, "top")


class _Bins(NamedTuple):
    """Means by bin, and each bin's share of the rows."""

    share: Array
    forecast: Array
    rate: Array
    overall: Array


def _bins(s: Statistics) -> _Bins:
    total = jnp.sum(s.weight, -1, keepdims=True)
    some = s.weight > 0
    size = safe(some, s.weight, 1.0)
    return _Bins(s.weight / total, s.confidence / size, s.hits / size, jnp.sum(s.hits, -1, keepdims=True) / total)


def _brier_parts(s: Statistics, _: None = None) -> Decomposition:
    b = _bins(s)
    total = jnp.sum(s.weight, -1)
    reliability = jnp.sum(b.share * (b.forecast - b.rate) ** 2)
    resolution = jnp.sum(b.share * (b.rate - b.overall) ** 2)
    spread = s.confidence_squared - s.confidence * b.forecast
    together = s.product - s.hits * b.forecast
    within = jnp.sum(jnp.sum(spread - 2.0 * together, -1) / total)
    uncertainty = jnp.sum(b.overall * (1.0 - b.overall))
    return Decomposition(s.brier / rows_of(s), reliability, resolution, uncertainty, within)


def _log_parts(s: Statistics, _: None = None) -> Decomposition:
    b = _bins(s)

    def divergence(p: Array, q: Array) -> Array:
        each = rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q)
        return jnp.sum(jnp.where(b.share > 0, b.share * each, 0.0))

    reliability = divergence(b.rate, b.forecast)
    resolution = divergence(b.rate, jnp.broadcast_to(b.overall, b.rate.shape))
    uncertainty = jnp.sum(entr(b.overall) + entr(1.0 - b.overall))
    loss = s.log_loss / rows_of(s)
    rest = reliability - resolution + uncertainty
    within = jnp.where(jnp.isfinite(loss) & jnp.isfinite(rest), loss - rest, 0.0)
    return Decomposition(loss, reliability, resolution, uncertainty, within)
