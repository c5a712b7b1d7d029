r"""Normal–inverse-gamma prior, normal data: the exact posterior of a mean and a variance, both unknown.

.. math:: \sigma^2 \sim \mathrm{InverseGamma}(a, b),\; \mu \mid \sigma^2 \sim \mathcal N(m, \sigma^2 / \kappa) \;\Longrightarrow\;
          \kappa' = \kappa + n,\; m' = \frac{\kappa m + n \bar x}{\kappa'},\; a' = a + \frac n2,\;
          b' = b + \frac12 \sum (x_i - \bar x)^2 + \frac{\kappa n (\bar x - m)^2}{2 \kappa'}

The mean alone has a Student-t law, and so has an observation ahead. Intervals and moments are of the mean; those of the
variance are the inverse-gamma pair's at ``(concentration, rate)``. Everything broadcasts over leading axes, jits, vmaps and
differentiates. Values known on the host are checked; a traced lane with invalid data or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 3.3.
    Chan, T., Golub, G. and LeVeque, R. (1983). Algorithms for computing the sample variance (how parts merge).
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.bayes.conjugate._entry import check_data, parameters, unless, weighted
from jprob.bayes.conjugate._evidence import log_normal_evidence
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.bayes.conjugate.inverse_gamma_known_mean import InverseGammaParams
from jprob.density import inverse_gamma, student_t

__all__ = [
    "Draw",
    "NormalInverseGammaParams",
    "Predictive",
    "Statistics",
    "discount",
    "effective_sample_size",
    "hdi",
    "interval",
    "log_evidence",
    "log_likelihood",
    "marginal",
    "marginal_variance",
    "mean",
    "merge",
    "predictive",
    "sample",
    "statistics",
    "update",
    "variance",
]


class NormalInverseGammaParams(NamedTuple):
    """A joint distribution of a mean and a variance: prior or posterior.

    Attributes:
        loc: where the mean is expected, ``(...)``.
        strength: how many observations that expectation is worth, ``(...)``.
        concentration: of the variance: half as many observations as its knowledge is worth, ``(...)``.
        rate: of the variance: half the sum of their squared deviations, ``(...)``.
    """

    loc: Array
    strength: Array
    concentration: Array
    rate: Array


Prior = NormalInverseGammaParams | tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics; a monoid under :func:`merge` with ``Statistics(0, 0, 0)`` as its zero.

    Attributes:
        mean: of the observations, ``(...)``.
        num_observations: how many, ``(...)``.
        sum_squares: of their deviations from their mean, ``(...)``.
    """

    mean: Array
    num_observations: Array
    sum_squares: Array


class Predictive(NamedTuple):
    """A law of the mean or of what is ahead: parameters of ``jprob.density.student_t``, in its order.

    Attributes:
        df: degrees of freedom. loc: centre. scale: unit of length.
    """

    df: Array
    loc: Array
    scale: Array


class Draw(NamedTuple):
    """Draws from the joint distribution.

    Attributes:
        mean: of the normal. variance: of the normal.
    """

    mean: Array
    variance: Array


def _params(given: Any, name: str = "prior") -> NormalInverseGammaParams:
    return parameters(NormalInverseGammaParams, given, name, real=("loc",))


def statistics(x: ArrayLike, weights: ArrayLike | None = None) -> Statistics:
    """Mean, number and sum of squared deviations of observations over the last axis.

    Args:
        x: observations, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: missing values, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([1.0, 2.0, 6.0])]
        [3.0, 3.0, 14.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("real", x))
    num_observations = jnp.sum(weights, -1)
    share = safe(num_observations > 0, num_observations, 1.0)
    rough = jnp.sum(weights * x, -1) / share
    rest = x - rough[..., None]
    shift = jnp.sum(weights * rest, -1) / share
    return Statistics(rough + shift, num_observations, jnp.sum(weights * jnp.square(rest - shift[..., None]), -1))


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(mean, num_observations, sum_squares)``.

    Returns:
        Those of all observations; ``Statistics(0, 0, 0)`` of nothing.

    Example:
        >>> [float(s) for s in merge((1.5, 2, 0.5), (6.0, 1, 0.0))]
        [3.0, 3.0, 14.0]
    """
    each = [Statistics(*promote(*part)) for part in parts] or [Statistics(*promote(0.0, 0.0, 0.0))]
    return reduce(_joined, each)


def _joined(one: Statistics, two: Statistics) -> Statistics:
    num_observations = one.num_observations + two.num_observations
    total = safe(num_observations > 0, num_observations, 1.0)
    gap = two.mean - one.mean
    mean = one.mean * (one.num_observations / total) + two.mean * (two.num_observations / total)
    between = gap * gap * one.num_observations * (two.num_observations / total)
    return Statistics(mean, num_observations, one.sum_squares + two.sum_squares + between)


def _check(mean: ArrayLike, num_observations: ArrayLike, sum_squares: ArrayLike) -> None:
    check_data(
        mean=("real", mean),
        num_observations=("non-negative", num_observations),
        sum_squares=("non-negative", sum_squares),
    )


def _arrays(prior: Prior, *data: ArrayLike) -> tuple[NormalInverseGammaParams, Statistics, Array]:
    """Prior and data of one shape, and which lanes are data."""
    _check(*data)
    arrays = jnp.broadcast_arrays(*promote(*_params(prior), *data))
    mean, num_observations, squares = arrays[4:]
    bad = ~((num_observations >= 0) & (squares >= 0) & jnp.isfinite(mean + num_observations + squares))
    return NormalInverseGammaParams(*arrays[:4]), Statistics(mean, num_observations, squares), ~bad


def _more_rate(prior: NormalInverseGammaParams, data: Statistics) -> Array:
    """What the data add to the rate: half their scatter, and half of that of their mean about the prior's."""
    between = (
        jnp.square(data.mean - prior.loc)
        * prior.strength
        * (data.num_observations / (prior.strength + data.num_observations))
    )
    return 0.5 * (data.sum_squares + between)


def update(
    prior: Prior, mean: ArrayLike, num_observations: ArrayLike, sum_squares: ArrayLike
) -> NormalInverseGammaParams:
    """Posterior after ``num_observations`` with this mean and sum of squared deviations from it.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(loc, strength, concentration, rate)``. mean: of the observations. num_observations: how many, 0 allowed.
        sum_squares: of their deviations from their mean.

    Returns:
        :class:`NormalInverseGammaParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((0.0, 1.0, 1.0, 1.0), 3.0, 2, 2.0)]  # b: 1 + 2/2 + 9 * 2/3 / 2
        [2.0, 3.0, 2.0, 5.0]
    """
    prior, data, good = _arrays(prior, mean, num_observations, sum_squares)
    strength = prior.strength + data.num_observations
    loc = prior.loc * (prior.strength / strength) + data.mean * (data.num_observations / strength)
    rate = prior.rate + _more_rate(prior, data)
    return NormalInverseGammaParams(
        *unless(~good, loc, strength, prior.concentration + 0.5 * data.num_observations, rate)
    )


def predictive(posterior: Prior, num_observations: ArrayLike = 1) -> Predictive:
    """Law of the mean of ``num_observations`` ahead.

    Args:
        posterior: ``(loc, strength, concentration, rate)``. num_observations: at least 1.

    Returns:
        Parameters for ``jprob.density.student_t``: ``logpdf(x, *predictive(posterior))``.

    Example:
        >>> [round(float(p), 4) for p in predictive((1.0, 1.0, 2.0, 4.0))]
        [4.0, 1.0, 2.0]
    """
    check_data(num_observations=("positive", num_observations))
    *params, num_observations = jnp.broadcast_arrays(*promote(*_params(posterior, "posterior"), num_observations))
    loc, strength, a, b = params
    return Predictive(2.0 * a, loc, jnp.sqrt(b / a) * jnp.sqrt(1.0 / strength + 1.0 / num_observations))


def log_evidence(prior: Prior, mean: ArrayLike, num_observations: ArrayLike, sum_squares: ArrayLike) -> Array:
    """Log density of the observations under the prior: what hypotheses are compared by.

    Args:
        prior: ``(loc, strength, concentration, rate)``. mean: of the observations. num_observations: how many.
        sum_squares: of their deviations from their mean.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((0.0, 1.0, 0.5, 0.25), 1.0, 1, 0.0)), 6)  # Cauchy at 1
        -1.837877
    """
    prior, data, good = _arrays(prior, mean, num_observations, sum_squares)
    good = good & (prior.strength > 0)
    more = _more_rate(prior, data)
    gammas = (safe(good, v, 1.0) for v in (prior.concentration, prior.rate, 0.5 * data.num_observations, more))
    shrinkage = 0.5 * jnp.log1p(data.num_observations / prior.strength)
    return jnp.where(good, log_normal_evidence(*gammas) - shrinkage, jnp.nan)


def log_likelihood(
    loc: ArrayLike, variance: ArrayLike, mean: ArrayLike, num_observations: ArrayLike, sum_squares: ArrayLike
) -> Array:
    """Log density of the observations if these were their true mean and variance.

    Args:
        loc: any number. variance: positive. mean: of the observations. num_observations: how many.
        sum_squares: of their deviations from their mean.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(0.0, 1.0, 0.0, 2, 0.0)), 6)  # -log 2 pi
        -1.837877
    """
    loc, v, mean, n, squares = promote(loc, variance, mean, num_observations, sum_squares)
    return -0.5 * (n * (jnp.log(v) + math.log(2.0 * math.pi)) + (squares + n * jnp.square(mean - loc)) / v)


def marginal(posterior: Prior) -> Marginal:
    """The law of the mean.

    Args:
        posterior: ``(loc, strength, concentration, rate)``.

    Returns:
        The family ``student_t`` and its parameters.

    Example:
        >>> {name: float(value) for name, value in marginal((1.0, 1.0, 2.0, 8.0)).params.items()}
        {'df': 4.0, 'loc': 1.0, 'scale': 2.0}
    """
    loc, strength, a, b = _params(posterior, "posterior")
    return Marginal(student_t.family, {"df": 2.0 * a, "loc": loc, "scale": jnp.sqrt(b / a / strength)})


def marginal_variance(posterior: Prior) -> InverseGammaParams:
    """The law of the variance, for the verbs of :mod:`jprob.bayes.conjugate.inverse_gamma_known_mean`.

    Args:
        posterior: ``(loc, strength, concentration, rate)``.

    Returns:
        Its concentration and rate.

    Example:
        >>> [float(p) for p in marginal_variance((1.0, 1.0, 2.0, 8.0))]
        [2.0, 8.0]
    """
    return InverseGammaParams(*_params(posterior, "posterior")[2:])


def mean(posterior: Prior) -> Array:
    """Mean of the mean; it does not exist for a concentration of at most ½.

    Args:
        posterior: ``(loc, strength, concentration, rate)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean((1.0, 1.0, 2.0, 8.0)))
        1.0
    """
    law = marginal(posterior)
    return law.family.mean(**law.params)


def variance(posterior: Prior) -> Array:
    """Variance of the mean, infinite for a concentration of at most 1.

    Args:
        posterior: ``(loc, strength, concentration, rate)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> round(float(variance((1.0, 1.0, 2.0, 8.0))), 4)  # b / (a - 1)
        8.0
    """
    law = marginal(posterior)
    return law.family.variance(**law.params)


def interval(posterior: Prior, level: float = 0.95) -> Array:
    """Equal-tailed interval of the mean.

    Args:
        posterior: ``(loc, strength, concentration, rate)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in interval((0.0, 1.0, 0.5, 0.5), 0.5)]  # quartiles of Cauchy
        [-1.0, 1.0]
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: Prior, level: float = 0.95) -> Array:
    """Highest-density interval of the mean: a symmetric law's is its equal-tailed one.

    Args:
        posterior: ``(loc, strength, concentration, rate)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in hdi((0.0, 1.0, 0.5, 0.5), 0.5)]
        [-1.0, 1.0]
    """
    return interval(posterior, level)


def sample(key: Array, posterior: Prior, shape: tuple[int, ...] = ()) -> Draw:
    """Independent draws of mean and variance together.

    Args:
        key: a JAX random key. posterior: ``(loc, strength, concentration, rate)``. shape: of the draws, in front.

    Returns:
        :class:`Draw`, each of shape ``shape + (...)``.

    Example:
        >>> sample(jax.random.key(0), (0.0, 1.0, 2.0, 2.0), (5,)).mean.shape
        (5,)
    """
    loc, strength, a, b = jnp.broadcast_arrays(*_params(posterior, "posterior"))
    variance_key, mean_key = jax.random.split(key)
    spread = inverse_gamma.sample(variance_key, a, b, shape=shape)
    noise = jax.random.normal(mean_key, spread.shape, spread.dtype)
    return Draw(loc + jnp.sqrt(spread / strength) * noise, spread)


def effective_sample_size(prior: Prior) -> Array:
    """How many observations the prior is worth for the mean; for the variance it is 2 × concentration.

    Args:
        prior: ``(loc, strength, concentration, rate)``.

    Returns:
        Shape ``(...)``: the strength.

    Example:
        >>> float(effective_sample_size((0.0, 5.0, 1.0, 1.0)))
        5.0
    """
    return _params(prior).strength


def discount(prior: Prior, factor: ArrayLike, initial: Prior | None = None) -> NormalInverseGammaParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    With ``initial`` its natural parameters and those of ``prior`` are averaged, the latter with weight δ: if ``prior`` is
    what ``initial`` became by past data, those count with weight δ, a power prior. Without, all but ``loc`` is scaled. A
    factor of 1 changes nothing.

    Args:
        prior: ``(loc, strength, concentration, rate)``. factor: δ in (0, 1], or 0 with an initial prior.
        initial: what was known before.

    Returns:
        :class:`NormalInverseGammaParams`.

    Example:
        >>> [float(p) for p in discount((3.0, 4.0, 2.0, 6.0), 0.5)]
        [3.0, 2.0, 1.0, 3.0]
    """
    check_data(factor=("share", factor))
    old = _params(prior)
    share = promote(factor, *old)[0]
    if initial is None:
        return _params((old.loc, share * old.strength, share * old.concentration, share * old.rate), "discounted prior")
    first, rest = _params(initial, "initial"), 1.0 - share
    ours, theirs = share * old.strength, rest * first.strength
    total = ours + theirs
    between = jnp.square(old.loc - first.loc) * ours * (theirs / total)
    return NormalInverseGammaParams(
        old.loc * (ours / total) + first.loc * (theirs / total),
        total,
        share * old.concentration + rest * first.concentration,
        share * old.rate + rest * first.rate + 0.5 * between,
    )
