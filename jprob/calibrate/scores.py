r"""How far probabilities are from frequencies, and how good they are as forecasts.

.. math:: \text{ECE} = \sum_b \frac{n_b}{n} \left|\bar y_b - \bar p_b\right|, \qquad
    \text{Brier} = \frac1n \sum_i (p_i - y_i)^2, \qquad \text{log loss} = -\frac1n \sum_i \log p_{i, y_i}

Each takes probabilities and labels, or :class:`Statistics` that were merged from many batches. An ECE is never
negative, so noise makes it: a calibrated model shows one of about .03 with 1,000 rows in 10 bins.

References:
    Guo, C. et al. (2017). On calibration of modern neural networks. ICML.
    Kumar, A., Liang, P. and Ma, T. (2019). Verified uncertainty calibration. NeurIPS.
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob.calibrate._binned import NORMS, error_of, from_rows, rows_of
from jprob.calibrate._inputs import check_choice
from jprob.calibrate.statistics import KINDS, Statistics

__all__ = [
    "NORMS",
    "Scores",
    "adaptive_ece",
    "brier_score",
    "ece",
    "log_loss",
    "mce",
    "mean_entropy",
    "score",
    "sharpness",
]


class Scores(NamedTuple):
    """All that :class:`Statistics` tell; of class-wise ones, binned scores are means over the classes.

    Attributes:
        ece: mean absolute gap. rms: root of the mean squared gap. debiased: the same less what noise adds. mce: largest gap.
        brier, log_loss: proper scores of all classes.
        sharpness: variance of the probabilities. mean_entropy: of the predicted laws, in nats.
    """

    ece: Array
    rms: Array
    debiased: Array
    mce: Array
    brier: Array
    log_loss: Array
    sharpness: Array
    mean_entropy: Array


def ece(
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
    norm: str = "l1",
    kind: str = "top",
) -> Array:
    """Expected calibration error; differentiable in the probabilities, bins held.

    Caution: not zero for a calibrated model but of order √(bins / n); :func:`calibration_test` knows how much.

    Args:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``; or :class:`Statistics`, and no labels.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins: of them. strategy: ``"uniform"`` widths, or ``"quantile"``: about equal numbers of rows.
        norm: ``"l1"``; ``"l2"``, the root of the mean squared gap; ``"debiased"``, that less what noise adds, 0 where
            nothing is left; ``"max"``.
        kind: of classes, ``"top"`` label, or ``"classwise"``: the mean over one class against the rest.

    Returns:
        Shape ``()``.

    Raises:
        ValueError: rows that are no probabilities and labels; options there are not.

    Example:
        >>> round(float(ece([0.25, 0.25, 0.75, 0.75], [0, 1, 1, 1], num_bins=2)), 4)
        0.25
    """
    check_choice("norm", norm, NORMS)
    check_choice("kind", kind, KINDS)
    if isinstance(probs, Statistics):
        return error_of(probs, norm)
    if norm == "l1" and (kind == "top" or np.ndim(probs) == 1):
        return from_rows(None, None, probs, labels, weights, num_bins, strategy, "top")
    return from_rows(error_of, norm, probs, labels, weights, num_bins, strategy, kind)


def adaptive_ece(
    probs: ArrayLike, labels: ArrayLike, *, weights: ArrayLike | None = None, num_bins: int = 15, kind: str = "top"
) -> Array:
    """Calibration error over bins of about equal numbers of rows: :func:`ece` with ``strategy="quantile"``.

    Args:
        probs, labels, weights: as for :func:`ece`. num_bins: of them. kind: as there.

    Returns:
        Shape ``()``.

    Example:
        >>> round(float(adaptive_ece([0.1, 0.1, 0.2, 0.2], [0, 0, 0, 1], num_bins=2)), 4)
        0.2
    """
    return ece(probs, labels, weights=weights, num_bins=num_bins, strategy="quantile", kind=kind)


def mce(
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
    kind: str = "top",
) -> Array:
    """Largest gap of any bin that is not empty: of few rows it is that of the emptiest bin.

    Args:
        probs, labels, weights, num_bins, strategy, kind: as for :func:`ece`.

    Returns:
        Shape ``()``.

    Example:
        >>> float(mce([0.25, 0.25, 0.75, 0.75], [0, 1, 1, 1], num_bins=2))
        0.25
    """
    options = {"weights": weights, "num_bins": num_bins, "strategy": strategy, "kind": kind}
    return ece(probs, labels, norm="max", **options)


def brier_score(
    probs: ArrayLike | Statistics, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
) -> Array:
    r"""Mean squared distance of the probabilities from what came.

    For classes the sum over all of them, :math:`\sum_k (p_k - y_k)^2`, from 0 to 2.

    Args:
        probs, labels, weights: as for :func:`ece`.

    Returns:
        Shape ``()``.

    Example:
        >>> float(brier_score([0.5, 1.0], [0, 1]))
        0.125
    """
    return _per_row("brier", probs, labels, weights)


def log_loss(
    probs: ArrayLike | Statistics, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
) -> Array:
    """Mean of −log probability of what came, in nats; infinite where that had been excluded, nothing is clipped.

    Args:
        probs, labels, weights: as for :func:`ece`.

    Returns:
        Shape ``()``.

    Example:
        >>> round(float(log_loss([0.5, 1.0], [0, 1])), 4)  # log(2) / 2
        0.3466
    """
    return _per_row("log_loss", probs, labels, weights)


def mean_entropy(
    probs: ArrayLike | Statistics, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
) -> Array:
    """Mean entropy of the predicted laws, in nats: of a calibrated model, the log loss that it expects of itself.

    Args:
        probs, labels, weights: as for :func:`ece`.

    Returns:
        Shape ``()``.

    Example:
        >>> round(float(mean_entropy([0.5, 1.0], [0, 1])), 4)  # log(2) / 2
        0.3466
    """
    return _per_row("entropy", probs, labels, weights)


def sharpness(
    probs: ArrayLike | Statistics, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
) -> Array:
    """Variance of the probabilities: that of one who always forecasts the same is zero.

    Args:
        probs, labels, weights: as for :func:`ece`; of classes, the top label's.

    Returns:
        Shape ``()``.

    Example:
        >>> float(sharpness([0.0, 0.5, 0.5, 1.0], [0, 0, 1, 1]))
        0.125
    """
    if isinstance(probs, Statistics):
        return _sharpness(probs)
    return from_rows(_sharpness, None, probs, labels, weights, 1, "uniform", "top")


def score(statistics: Statistics) -> Scores:
    """All scores that the sums allow.

    Args:
        statistics: of one batch, or merged.

    Returns:
        :class:`Scores`, each of shape ``()``.

    Example:
        >>> from jprob.calibrate.statistics import merge, statistics
        >>> one, two = statistics([0.25, 0.75], [0, 1]), statistics([0.25, 0.75], [1, 1])
        >>> float(score(merge(one, two)).ece)
        0.25
    """
    return _score(statistics)


@jax.jit
def _score(s: Statistics) -> Scores:
    total = rows_of(s)
    return Scores(
        ece=error_of(s, "l1"),
        rms=error_of(s, "l2"),
        debiased=error_of(s, "debiased"),
        mce=error_of(s, "max"),
        brier=s.brier / total,
        log_loss=s.log_loss / total,
        sharpness=_sharpness(s),
        mean_entropy=s.entropy / total,
    )


def _sharpness(s: Statistics, _: None = None) -> Array:
    total = jnp.sum(s.weight, -1)
    mean = jnp.sum(s.confidence, -1) / total
    return jnp.mean(jnp.maximum(jnp.sum(s.confidence_squared, -1) / total - mean**2, 0.0))


def _per_row(field: str, probs, labels, weights) -> Array:
    if isinstance(probs, Statistics):
        return getattr(probs, field) / rows_of(probs)
    return from_rows(_mean_of, field, probs, labels, weights, 1, "uniform", "top")


def _mean_of(s: Statistics, field: str) -> Array:
    return getattr(s, field) / rows_of(s)
