r"""Beta prior, geometric data: the exact posterior of a chance from how many trials each first success took.

.. math:: p \sim \mathrm{Beta}(a, b),\; x_i \sim \mathrm{Geometric}(p) \;\Longrightarrow\;
          p \mid x \sim \mathrm{Beta}(a + n,\, b + \textstyle\sum x_i - n)

with n waits of x trials each, the success counted. The negative binomial pair with one success for each wait. Everything
broadcasts over leading axes, jits, vmaps and differentiates. Values known on the host are checked; a traced lane with
invalid data or prior is ``nan``.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, section 6.2.3.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote, whole
from jprob.bayes.conjugate import beta_negative_binomial
from jprob.bayes.conjugate._beta import (
    BetaParams,
    discount,
    hdi,
    interval,
    marginal,
    mean,
    sample,
    variance,
)
from jprob.bayes.conjugate._beta_region import Region, region
from jprob.bayes.conjugate._entry import check_data, summed, unless, weighted
from jprob.bayes.conjugate.beta_negative_binomial import Predictive, effective_sample_size
from jprob.bayes.inputs import refuse

__all__ = [
    "BetaParams",
    "Predictive",
    "Region",
    "Statistics",
    "discount",
    "effective_sample_size",
    "hdi",
    "interval",
    "log_evidence",
    "log_likelihood",
    "marginal",
    "mean",
    "merge",
    "predictive",
    "region",
    "sample",
    "statistics",
    "update",
    "variance",
]

Prior = BetaParams | tuple[ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics of waits; a monoid under :func:`merge` with ``Statistics(0, 0)`` as its zero.

    Attributes:
        trials: of all waits together, the successes counted, ``(...)``.
        waits: how many there were, each with one success, ``(...)``.
    """

    trials: Array
    waits: Array


def statistics(x: ArrayLike, weights: ArrayLike | None = None) -> Statistics:
    """Trials and waits over the last axis.

    Args:
        x: trials that each wait took, at least 1, shape ``(..., n)``.
        weights: how often each was seen, 0 for what is no data; once by default.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: numbers of trials that are not whole, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([3, 1, 2])]
        [6.0, 3.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("whole", x))
    return Statistics(jnp.sum(x * weights, -1), jnp.sum(weights, -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(trials, waits)``.

    Returns:
        Their sum; ``Statistics(0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((6, 3), (5, 1))]
        [11.0, 4.0]
    """
    return summed(Statistics, parts)


def _failures(trials: ArrayLike, waits: ArrayLike) -> tuple[Array, Array]:
    """Failures, ``nan`` where there are fewer trials than waits, and waits."""
    check_data(trials=("whole", trials), waits=("whole", waits))
    if concrete(trials, waits):
        k, n = np.broadcast_arrays(np.asarray(trials, float), np.asarray(waits, float))
        refuse(k < n, k, "`trials` must not be fewer than `waits`")
    k, n = promote(trials, waits)
    return unless((k < n) | ~whole(n), k - n)[0], n


def update(prior: Prior, trials: ArrayLike, waits: ArrayLike) -> BetaParams:
    """Posterior after ``waits`` successes that took ``trials`` in all.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: shapes ``(a, b)``, positive. trials: whole numbers. waits: whole numbers, not above ``trials``.

    Returns:
        :class:`BetaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 1.0), 10, 3)]
        [5.0, 8.0]
    """
    return beta_negative_binomial.update(prior, *_failures(trials, waits))


def predictive(posterior: Prior, waits: ArrayLike = 1) -> Predictive:
    """Law of the failures in further waits; of the trials it is that plus ``waits``.

    Args:
        posterior: shapes ``(a, b)``. waits: ahead, whole numbers.

    Returns:
        :class:`Predictive`; ``log_evidence(posterior, k, waits)`` is the log probability of k trials.

    Example:
        >>> float(predictive((3.0, 4.0)).mean)  # 4 / 2
        2.0
    """
    check_data(waits=("whole", waits))
    return beta_negative_binomial.predictive(posterior, waits)


def log_evidence(prior: Prior, trials: ArrayLike, waits: ArrayLike) -> Array:
    """Log probability of the number of trials under the prior: what hypotheses are compared by.

    Of the total, not of how it fell on the waits.

    Args:
        prior: shapes ``(a, b)``, positive. trials: whole numbers. waits: whole numbers, not above ``trials``.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((1.0, 1.0), 2, 1)), 6)  # log 1/6
        -1.791759
    """
    return beta_negative_binomial.log_evidence(prior, *_failures(trials, waits))


def log_likelihood(p: ArrayLike, trials: ArrayLike, waits: ArrayLike) -> Array:
    """Log probability of the number of trials if the chance of success were ``p``.

    Args:
        p: in (0, 1]. trials: whole numbers. waits: whole numbers, at least 1.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(0.5, 2, 1)), 4)  # log 1/4
        -1.3863
    """
    return beta_negative_binomial.log_likelihood(p, *_failures(trials, waits))
