r"""Beta prior, negative binomial data: the exact posterior of a chance when trials went on until enough succeeded.

.. math:: p \sim \mathrm{Beta}(a, b),\; f \sim \mathrm{NegativeBinomial}(r, p) \;\Longrightarrow\;
          p \mid f \sim \mathrm{Beta}(a + r,\, b + f)

with f failures before the r-th success; r is known and need not be whole. The posterior is that of the same counts from a
fixed number of trials (the likelihood principle); the evidence is not. Everything broadcasts over leading axes, jits,
vmaps and differentiates. Values known on the host are checked; a traced lane with invalid data or prior is ``nan``.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, section 6.2.3.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe, whole
from jprob.bayes.conjugate._beta import (
    BetaParams,
    discount,
    hdi,
    interval,
    marginal,
    mean,
    params,
    sample,
    variance,
)
from jprob.bayes.conjugate._beta_region import Region, region
from jprob.bayes.conjugate._entry import check_data, summed, unless, weighted
from jprob.bayes.conjugate._evidence import log_failures_evidence
from jprob.density import negative_binomial

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
    """Sufficient statistics; a monoid under :func:`merge` with ``Statistics(0, 0)`` as its zero.

    Attributes:
        failures: before the last success, ``(...)``.
        successes: that were waited for, ``(...)``.
    """

    failures: Array
    successes: Array


class Predictive(NamedTuple):
    """What a posterior predicts: a beta negative binomial, the failures before ``r`` further successes.

    Attributes:
        r: successes ahead. a: first shape. b: second shape.
        mean: of the failures, r b / (a − 1); infinite for a ≤ 1.
        variance: infinite for a ≤ 2.
    """

    r: Array
    a: Array
    b: Array
    mean: Array
    variance: Array


def statistics(x: ArrayLike, weights: ArrayLike | None = None, successes: ArrayLike = 1.0) -> Statistics:
    """Failures and successes of counts of failures over the last axis.

    Args:
        x: failures, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.
        successes: that each count waited for, broadcasts.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: counts that are not whole, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([2, 0, 1], successes=3)]
        [3.0, 9.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("whole", x), successes=("positive", successes))
    return Statistics(jnp.sum(x * weights, -1), jnp.sum(weights * promote(successes, x)[0], -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(failures, successes)``.

    Returns:
        Their sum; ``Statistics(0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((3, 4), (5, 6))]
        [8.0, 10.0]
    """
    return summed(Statistics, parts)


def _check(failures: ArrayLike, successes: ArrayLike) -> None:
    check_data(failures=("whole", failures), successes=("non-negative", successes))


def _possible(failures: Array, successes: Array) -> Array:
    return (failures >= 0) & whole(failures) & (successes >= 0) & jnp.isfinite(successes)


def update(prior: Prior, failures: ArrayLike, successes: ArrayLike) -> BetaParams:
    """Posterior after ``failures`` before the last of ``successes``.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: shapes ``(a, b)``, positive. failures: whole numbers. successes: non-negative, fixed beforehand.

    Returns:
        :class:`BetaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 1.0), 7, 3)]
        [5.0, 8.0]
    """
    _check(failures, successes)
    a, b, f, r = jnp.broadcast_arrays(*promote(*params(prior), failures, successes))
    return BetaParams(*unless(~_possible(f, r), a + r, b + f))


def predictive(posterior: Prior, successes: ArrayLike = 1.0) -> Predictive:
    """Law of the failures before ``successes`` further successes; its log probability is :func:`log_evidence`.

    Args:
        posterior: shapes ``(a, b)``. successes: ahead, positive.

    Returns:
        :class:`Predictive`; ``log_evidence(posterior, f, successes)`` is the log probability of f failures.

    Example:
        >>> law = predictive((3.0, 4.0))
        >>> float(law.mean)  # 4 / 2
        2.0
    """
    check_data(successes=("positive", successes))
    a, b, r = jnp.broadcast_arrays(*promote(*params(posterior, "posterior"), successes))
    one, two = a > 1, a > 2
    centre = r * b / safe(one, a - 1.0, 1.0)
    spread = centre * (a + r - 1.0) / safe(two, a - 2.0, 1.0) * ((a + b - 1.0) / safe(one, a - 1.0, 1.0))
    return Predictive(
        r,
        a,
        b,
        *(jnp.where(a > 0, v, jnp.nan) for v in (jnp.where(one, centre, jnp.inf), jnp.where(two, spread, jnp.inf))),
    )


def log_evidence(prior: Prior, failures: ArrayLike, successes: ArrayLike) -> Array:
    """Log probability of the number of failures under the prior: what hypotheses are compared by.

    Of the total, not of the order in which failures and successes came.

    Args:
        prior: shapes ``(a, b)``, positive. failures: whole numbers. successes: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((1.0, 1.0), 1, 1)), 6)  # log 1/6
        -1.791759
    """
    _check(failures, successes)
    a, b, f, r = jnp.broadcast_arrays(*promote(*params(prior), failures, successes))
    good = _possible(f, r) & (a > 0)
    value = log_failures_evidence(*(safe(good & (r > 0), v, 1.0) for v in (f, r, a, b)))
    value = jnp.where(r > 0, value, jnp.where(f > 0, -jnp.inf, 0.0))
    return jnp.where(good, value, jnp.nan)


def log_likelihood(p: ArrayLike, failures: ArrayLike, successes: ArrayLike) -> Array:
    """Log probability of the failures if the chance of success were ``p``.

    Args:
        p: in (0, 1]. failures: whole numbers. successes: positive.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(0.5, 1, 2)), 4)  # log 1/4
        -1.3863
    """
    return negative_binomial.logpmf(failures, successes, p)


def effective_sample_size(prior: Prior) -> Array:
    """How many successes the prior is worth.

    Args:
        prior: shapes ``(a, b)``.

    Returns:
        Shape ``(...)``: a, for which b failures were seen.

    Example:
        >>> float(effective_sample_size((2.0, 3.0)))
        2.0
    """
    return params(prior).a
