r"""Inverse-gamma prior, normal data of known mean: the exact posterior of a variance.

.. math:: \sigma^2 \sim \mathrm{InverseGamma}(a, b),\; x_i \sim \mathcal N(\mu, \sigma^2) \;\Longrightarrow\;
          \sigma^2 \mid x \sim \mathrm{InverseGamma}\Bigl(a + \frac n2,\, b + \frac12 \sum (x_i - \mu)^2\Bigr)

Everything broadcasts over leading axes, jits, vmaps and differentiates. Values known on the host are checked; a traced
lane with invalid data or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 2.6.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, promote, safe
from jprob.bayes.conjugate._entry import check_data, discounted, parameters, summed, unless, weighted
from jprob.bayes.conjugate._evidence import log_normal_evidence
from jprob.bayes.conjugate._gamma_hdi import inverse_gamma_hdi
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import inverse_gamma

__all__ = [
    "InverseGammaParams",
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


class InverseGammaParams(NamedTuple):
    """An inverse gamma distribution of a variance: prior or posterior.

    Attributes:
        a: concentration: half as many observations as it is worth, ``(...)``.
        b: rate: half of the sum of their squared deviations, ``(...)``.
    """

    a: Array
    b: Array


Prior = InverseGammaParams | tuple[ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics; a monoid under :func:`merge` with ``Statistics(0, 0)`` as its zero.

    Attributes:
        sum_squares: of the deviations from the known mean, ``(...)``.
        num_observations: how many observations, ``(...)``.
    """

    sum_squares: Array
    num_observations: Array


class Predictive(NamedTuple):
    """What a posterior predicts of an observation: parameters of ``jprob.density.student_t``, in its order.

    Attributes:
        df: degrees of freedom, 2 a. loc: the known mean. scale: the root of b / a.
    """

    df: Array
    loc: Array
    scale: Array


def _params(given: Any, name: str = "prior") -> InverseGammaParams:
    return parameters(InverseGammaParams, given, name)


def statistics(x: ArrayLike, weights: ArrayLike | None = None, mean: ArrayLike = 0.0) -> Statistics:
    """Sum of squared deviations and number of observations over the last axis.

    Args:
        x: observations, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.
        mean: the known mean, broadcasts against ``x``.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: missing values, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([1.0, 4.0], mean=2.0)]
        [5.0, 2.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("real", x), mean=("real", mean))
    return Statistics(jnp.sum(weights * jnp.square(x - promote(mean, x)[0]), -1), jnp.sum(weights, -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(sum_squares, num_observations)``.

    Returns:
        Their sum; ``Statistics(0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((3.5, 4), (5.0, 6))]
        [8.5, 10.0]
    """
    return summed(Statistics, parts)


def _check(sum_squares: ArrayLike, num_observations: ArrayLike) -> None:
    check_data(sum_squares=("non-negative", sum_squares), num_observations=("non-negative", num_observations))


def _possible(sum_squares: Array, num_observations: Array) -> Array:
    finite = jnp.isfinite(sum_squares) & jnp.isfinite(num_observations)
    return finite & (sum_squares >= 0) & (num_observations >= 0) & ((num_observations > 0) | (sum_squares == 0))


def update(prior: Prior, sum_squares: ArrayLike, num_observations: ArrayLike) -> InverseGammaParams:
    """Posterior after ``num_observations`` with this sum of squared deviations from the known mean.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(a, b)``, positive. sum_squares: non-negative. num_observations: non-negative.

    Returns:
        :class:`InverseGammaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 1.0), 6.0, 4)]
        [4.0, 4.0]
    """
    _check(sum_squares, num_observations)
    a, b, s, n = jnp.broadcast_arrays(*promote(*_params(prior), sum_squares, num_observations))
    return InverseGammaParams(*unless(~_possible(s, n), a + 0.5 * n, b + 0.5 * s))


def predictive(posterior: Prior, mean: ArrayLike = 0.0) -> Predictive:
    """Law of an observation ahead.

    Args:
        posterior: ``(a, b)``. mean: the known one.

    Returns:
        Parameters for ``jprob.density.student_t``: ``logpdf(x, *predictive(posterior))``.

    Example:
        >>> [float(p) for p in predictive((2.0, 8.0), 1.0)]
        [4.0, 1.0, 2.0]
    """
    check_data(mean=("real", mean))
    a, b, loc = jnp.broadcast_arrays(*promote(*_params(posterior, "posterior"), mean))
    return Predictive(2.0 * a, loc, jnp.sqrt(b / a))


def log_evidence(prior: Prior, sum_squares: ArrayLike, num_observations: ArrayLike) -> Array:
    """Log density of the observations under the prior: what hypotheses are compared by.

    Args:
        prior: ``(a, b)``, positive. sum_squares: non-negative. num_observations: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((0.5, 0.5), 1.0, 1)), 6)  # Cauchy at 1: -log 2 pi
        -1.837877
    """
    _check(sum_squares, num_observations)
    a, b, s, n = jnp.broadcast_arrays(*promote(*_params(prior), sum_squares, num_observations))
    good = _possible(s, n) & (a > 0)
    a, b, s, n = (safe(good, v, 1.0) for v in (a, b, s, n))
    return jnp.where(good, log_normal_evidence(a, b, 0.5 * n, 0.5 * s), jnp.nan)


def log_likelihood(variance: ArrayLike, sum_squares: ArrayLike, num_observations: ArrayLike) -> Array:
    """Log density of the observations if this were their variance.

    Args:
        variance: positive. sum_squares: non-negative. num_observations: non-negative.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(1.0, 0.0, 2)), 6)  # -log 2 pi
        -1.837877
    """
    v, s, n = promote(variance, sum_squares, num_observations)
    return -0.5 * (n * (jnp.log(v) + math.log(2.0 * math.pi)) + s / v)


def marginal(posterior: Prior) -> Marginal:
    """The law of the variance.

    Args:
        posterior: ``(a, b)``.

    Returns:
        The family ``inverse_gamma`` and its parameters.

    Example:
        >>> family, params = marginal((3.0, 4.0))
        >>> float(family.mean(**params))
        2.0
    """
    a, b = _params(posterior, "posterior")
    return Marginal(inverse_gamma.family, {"concentration": a, "rate": b})


def mean(posterior: Prior) -> Array:
    """Mean of the variance; infinite for a ≤ 1.

    Args:
        posterior: ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean((3.0, 4.0)))
        2.0
    """
    return inverse_gamma.mean(*_params(posterior, "posterior"))


def variance(posterior: Prior) -> Array:
    """Variance of the variance; infinite for a ≤ 2.

    Args:
        posterior: ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(variance((3.0, 4.0)))
        4.0
    """
    return inverse_gamma.variance(*_params(posterior, "posterior"))


def interval(posterior: Prior, level: float = 0.95) -> Array:
    """Equal-tailed interval of the variance.

    Args:
        posterior: ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in interval((1.0, 1.0), 0.5)]  # 1 / log 4, 1 / log 4/3
        [0.7213, 3.4761]
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: Prior, level: float = 0.95) -> Array:
    """Highest-density interval of the variance, exactly: the shortest one with this mass.

    Args:
        posterior: ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> low, high = (float(x) for x in hdi((3.0, 4.0)))
        >>> low < 1.0 < high  # the mode, b / (a + 1)
        True
    """
    check_level(level)
    return inverse_gamma_hdi(*_params(posterior, "posterior"), level)


def sample(key: Array, posterior: Prior, shape: tuple[int, ...] = ()) -> Array:
    """Independent draws of the variance.

    Args:
        key: a JAX random key. posterior: ``(a, b)``. shape: of the draws, in front.

    Returns:
        Shape ``shape + (...)``.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), (3.0, 4.0), (5,)).shape
        (5,)
    """
    return inverse_gamma.sample(key, *_params(posterior, "posterior"), shape=shape)


def effective_sample_size(prior: Prior) -> Array:
    """How many observations the prior is worth.

    Args:
        prior: ``(a, b)``.

    Returns:
        Shape ``(...)``: 2 a.

    Example:
        >>> float(effective_sample_size((2.0, 3.0)))
        4.0
    """
    return 2.0 * _params(prior).a


def discount(prior: Prior, factor: ArrayLike, initial: Prior | None = None) -> InverseGammaParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    .. math:: p_\delta(\theta) \propto p(\theta)^\delta\, p_0(\theta)^{1-\delta}

    If ``prior`` is what ``initial`` became by past data, those count with weight δ: a power prior. Without ``initial`` both
    parameters are scaled. A factor of 1 changes nothing.

    Args:
        prior: ``(a, b)``. factor: δ in (0, 1], or 0 with an initial prior. initial: what was known before.

    Returns:
        :class:`InverseGammaParams`.

    Example:
        >>> [float(p) for p in discount((10.0, 4.0), 0.5)]
        [5.0, 2.0]
    """
    return discounted(InverseGammaParams, prior, factor, initial)
