r"""Gamma prior, exponential data: the exact posterior of a rate from waiting times, some of them still going on.

.. math:: \lambda \sim \mathrm{Gamma}(a, b),\; x_i \sim \mathrm{Exponential}(\lambda) \;\Longrightarrow\;
          \lambda \mid x \sim \mathrm{Gamma}(a + n,\, b + \textstyle\sum x_i)

with n waits that ended and all the time that was waited. A wait that goes on (censored) adds its time and no event.
Everything broadcasts over leading axes, jits, vmaps and differentiates. Values known on the host are checked; a traced
lane with invalid data or prior is ``nan``.

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
from jprob.bayes.conjugate._evidence import log_exponential_evidence
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
    """Sufficient statistics of waiting times; a monoid under :func:`merge` with ``Statistics(0, 0)`` as its zero.

    Attributes:
        events: waits that ended, ``(...)``.
        time: waited in all, ``(...)``.
    """

    events: Array
    time: Array


class Predictive(NamedTuple):
    """What a posterior predicts of the next wait x: ``scale + x`` has these parameters of ``jprob.density.pareto``.

    Attributes:
        alpha: the posterior's concentration. scale: its rate.
    """

    alpha: Array
    scale: Array


def statistics(x: ArrayLike, weights: ArrayLike | None = None, ended: ArrayLike = True) -> Statistics:
    """Events and time of waits over the last axis.

    Args:
        x: waiting times, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.
        ended: whether each wait ended, or else goes on; broadcasts.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: negative times, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([2.0, 1.5, 4.0], ended=[True, True, False])]
        [2.0, 7.5]
    """
    x, weights = weighted(x, weights)
    check_data(x=("non-negative", x), ended=("bit", ended))
    return Statistics(jnp.sum(jnp.where(jnp.asarray(ended, bool), weights, 0.0), -1), jnp.sum(x * weights, -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(events, time)``.

    Returns:
        Their sum; ``Statistics(0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((3, 4.5), (5, 6.0))]
        [8.0, 10.5]
    """
    return summed(Statistics, parts)


def _check(events: ArrayLike, time: ArrayLike) -> None:
    check_data(events=("whole", events), time=("non-negative", time))


def _possible(events: Array, time: Array) -> Array:
    return (events >= 0) & whole(events) & (time >= 0) & jnp.isfinite(time)


def update(prior: Prior, events: ArrayLike, time: ArrayLike) -> GammaParams:
    """Posterior after ``events`` waits that ended, in ``time`` waited in all.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(a, b)``, positive. events: whole numbers. time: non-negative.

    Returns:
        :class:`GammaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 1.0), 3, 4.0)]
        [5.0, 5.0]
    """
    _check(events, time)
    a, b, n, t = jnp.broadcast_arrays(*promote(*params(prior), events, time))
    return GammaParams(*unless(~_possible(n, t), a + n, b + t))


def predictive(posterior: Prior) -> Predictive:
    """Law of the next wait: a Lomax distribution, which is a Pareto moved to begin at 0.

    Args:
        posterior: ``(a, b)``.

    Returns:
        Parameters for ``jprob.density.pareto`` of ``scale + x``: ``logsf(law.scale + x, *law)``.

    Example:
        >>> from jprob.density import pareto
        >>> law = predictive((2.0, 1.0))
        >>> float(pareto.sf(law.scale + 1.0, *law))  # (1 / 2)^2
        0.25
    """
    return Predictive(*jnp.broadcast_arrays(*promote(*params(posterior, "posterior"))))


def log_evidence(prior: Prior, events: ArrayLike, time: ArrayLike) -> Array:
    """Log density of the waits under the prior: what hypotheses are compared by.

    Of the waits as they came, per unit of time each; it depends on nothing but their number and sum.

    Args:
        prior: ``(a, b)``, positive. events: whole numbers. time: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((1.0, 1.0), 1, 1.0)), 6)  # 1 / (1 + x)^2
        -1.386294
    """
    _check(events, time)
    a, b, n, t = jnp.broadcast_arrays(*promote(*params(prior), events, time))
    good = _possible(n, t) & (a > 0)
    return jnp.where(good, log_exponential_evidence(*(safe(good, v, 1.0) for v in (a, b, n, t))), jnp.nan)


def log_likelihood(rate: ArrayLike, events: ArrayLike, time: ArrayLike) -> Array:
    """Log density of the waits if they ended at ``rate``.

    Args:
        rate: positive. events: whole numbers. time: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> float(log_likelihood(1.0, 3, 2.0))
        -2.0
    """
    rate, events, time = promote(rate, events, time)
    return events * jnp.log(rate) - rate * time


def effective_sample_size(prior: Prior) -> Array:
    """How many waits the prior is worth.

    Args:
        prior: ``(a, b)``.

    Returns:
        Shape ``(...)``: a, which took a time of b.

    Example:
        >>> float(effective_sample_size((2.0, 3.0)))
        2.0
    """
    return params(prior).a
