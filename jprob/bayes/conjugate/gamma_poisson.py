r"""Gamma prior, Poisson data: the exact posterior of how often something happens.

.. math:: \lambda \sim \mathrm{Gamma}(a, b),\; k \sim \mathrm{Poisson}(\lambda t) \;\Longrightarrow\;
          \lambda \mid k \sim \mathrm{Gamma}(a + k,\, b + t)

with k events over an exposure of t: hours, miles, patients. Everything broadcasts over leading axes, jits, vmaps and
differentiates. Values known on the host are checked; a traced lane with invalid data or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 2.6.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe, whole
from jprob.bayes.conjugate._entry import check_data, summed, unless, weighted
from jprob.bayes.conjugate._evidence import log_poisson_evidence
from jprob.bayes.conjugate._gamma import (
    GammaParams,
    discount,
    hdi,
    interval,
    marginal,
    mean,
    params,
    sample,
    variance,
)
from jprob.density import poisson

__all__ = [
    "GammaParams",
    "Predictive",
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
    "sample",
    "statistics",
    "update",
    "variance",
]

Prior = GammaParams | tuple[ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics of events in time; a monoid under :func:`merge` with ``Statistics(0, 0)`` as its zero.

    Attributes:
        events: how many happened, ``(...)``.
        exposure: for how long, or among how many, they could have, ``(...)``.
    """

    events: Array
    exposure: Array


class Predictive(NamedTuple):
    """What a posterior predicts: parameters of ``jprob.density.negative_binomial``, in its order.

    Attributes:
        r: the posterior's concentration. p: its rate over itself plus the exposure ahead.
    """

    r: Array
    p: Array


def statistics(x: ArrayLike, weights: ArrayLike | None = None, exposure: ArrayLike = 1.0) -> Statistics:
    """Events and exposure of counts over the last axis.

    Args:
        x: counts, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.
        exposure: of each count, broadcasts.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: counts that are not whole, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([2, 0, 1])]
        [3.0, 3.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("whole", x), exposure=("non-negative", exposure))
    return Statistics(jnp.sum(x * weights, -1), jnp.sum(weights * promote(exposure, x)[0], -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(events, exposure)``.

    Returns:
        Their sum; ``Statistics(0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((3, 4.5), (5, 6.0))]
        [8.0, 10.5]
    """
    return summed(Statistics, parts)


def _check(events: ArrayLike, exposure: ArrayLike) -> None:
    check_data(events=("whole", events), exposure=("non-negative", exposure))


def _possible(events: Array, exposure: Array) -> Array:
    return (events >= 0) & whole(events) & (exposure >= 0) & jnp.isfinite(exposure)


def update(prior: Prior, events: ArrayLike, exposure: ArrayLike) -> GammaParams:
    """Posterior after ``events`` over ``exposure``.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(a, b)``, positive. events: whole numbers. exposure: non-negative.

    Returns:
        :class:`GammaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 1.0), 3, 4.0)]
        [5.0, 5.0]
    """
    _check(events, exposure)
    a, b, k, t = jnp.broadcast_arrays(*promote(*params(prior), events, exposure))
    return GammaParams(*unless(~_possible(k, t), a + k, b + t))


def predictive(posterior: Prior, exposure: ArrayLike = 1.0) -> Predictive:
    """Law of the events over an exposure ahead.

    A p within rounding of 1 has lost the exposure: then take :func:`log_evidence` of the posterior, which is the log
    probability of events ahead, and has not.

    Args:
        posterior: ``(a, b)``. exposure: ahead, non-negative.

    Returns:
        Parameters for ``jprob.density.negative_binomial``: ``logpmf(k, *predictive(posterior, 2.0))``.

    Example:
        >>> from jprob.density import negative_binomial
        >>> round(float(negative_binomial.pmf(0, *predictive((1.0, 1.0)))), 6)
        0.5
    """
    check_data(exposure=("non-negative", exposure))
    a, b, t = jnp.broadcast_arrays(*promote(*params(posterior, "posterior"), exposure))
    return Predictive(a, b / (b + t))


def log_evidence(prior: Prior, events: ArrayLike, exposure: ArrayLike) -> Array:
    """Log probability of the number of events under the prior: what hypotheses are compared by.

    Of the total, not of how it fell on parts of the exposure. Events over no exposure are impossible, −inf.

    Args:
        prior: ``(a, b)``, positive. events: whole numbers. exposure: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((1.0, 1.0), 3, 1.0)), 6)  # geometric: log 1/16
        -2.772589
    """
    _check(events, exposure)
    a, b, k, t = jnp.broadcast_arrays(*promote(*params(prior), events, exposure))
    good, seen = _possible(k, t), t > 0
    inside = good & seen & (a > 0)
    value = log_poisson_evidence(*(safe(inside, v, 1.0) for v in (k, t, a, b)))
    value = jnp.where(seen, value, jnp.where(k > 0, -jnp.inf, 0.0))
    return jnp.where(good & (a > 0), value, jnp.nan)


def log_likelihood(rate: ArrayLike, events: ArrayLike, exposure: ArrayLike) -> Array:
    """Log probability of the events if they happened ``rate`` times per unit of exposure.

    Args:
        rate: non-negative. events: whole numbers. exposure: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> float(log_likelihood(2.0, 0, 3.0))
        -6.0
    """
    rate, events, exposure = promote(rate, events, exposure)
    return poisson.logpmf(events, rate * exposure)


def effective_sample_size(prior: Prior) -> Array:
    """How much exposure the prior is worth.

    Args:
        prior: ``(a, b)``.

    Returns:
        Shape ``(...)``: b, during which a events would have been seen.

    Example:
        >>> float(effective_sample_size((2.0, 3.0)))
        3.0
    """
    return params(prior).b
