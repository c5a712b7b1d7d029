r"""Normal prior, normal data of known scale: the exact posterior of a mean, or of one thing measured several times.

.. math:: \mu \sim \mathcal N(m, s^2),\; x_i \sim \mathcal N(\mu, \sigma^2) \;\Longrightarrow\;
          \mu \mid x \sim \mathcal N\Bigl(m + w (\bar x - m),\; (1 - w) s^2\Bigr), \quad
          w = \frac{n / \sigma^2}{1/s^2 + n/\sigma^2}

Measurements of different precision merge into one. Everything broadcasts over leading axes, jits, vmaps and
differentiates. Values known on the host are checked; a traced lane with invalid data or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 2.5.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.bayes.conjugate._entry import check_data, parameters, unless, weighted
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import normal

__all__ = [
    "NormalParams",
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


class NormalParams(NamedTuple):
    """A normal distribution of a mean: prior or posterior.

    Attributes:
        loc: where it is expected, ``(...)``. scale: its standard deviation, ``(...)``.
    """

    loc: Array
    scale: Array


Prior = NormalParams | tuple[ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics; a monoid under :func:`merge`, whose zero is any of no observations.

    Attributes:
        mean: of the observations, weighted by their precision, ``(...)``.
        num_observations: how many, ``(...)``.
        scale: standard deviation of one observation, ``(...)``; of several the root of their harmonic mean variance.
    """

    mean: Array
    num_observations: Array
    scale: Array


class Predictive(NamedTuple):
    """What a posterior predicts: parameters of ``jprob.density.normal``, in its order.

    Attributes:
        loc: the posterior's mean. scale: its uncertainty and that of the observations together.
    """

    loc: Array
    scale: Array


def _params(given: Any, name: str = "prior") -> NormalParams:
    return parameters(NormalParams, given, name, real=("loc",))


def statistics(x: ArrayLike, weights: ArrayLike | None = None, scale: ArrayLike = 1.0) -> Statistics:
    """Mean, number and scale of observations over the last axis.

    Args:
        x: observations, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.
        scale: the known standard deviation of each, broadcasts against ``x``.

    Returns:
        :class:`Statistics` of shape ``(...)``.

    Raises:
        ValueError: missing values, a scale that is not positive, as far as values are known.

    Example:
        >>> [float(s) for s in statistics([1.0, 2.0, 6.0], scale=2.0)]
        [3.0, 3.0, 2.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("real", x), scale=("positive", scale))
    x, weights, scale = jnp.broadcast_arrays(x, weights, promote(scale, x)[0])
    return _pooled(x, weights, scale, -1)


def _pooled(means: Array, counts: Array, scales: Array, axis: int) -> Statistics:
    """By their precision along an axis, relative to the largest scale so that nothing overflows."""
    unit = jnp.max(jnp.where(counts > 0, scales, 0.0), axis)
    some = unit > 0
    unit = jnp.where(some, unit, 1.0)
    precision = counts * jnp.square(jnp.expand_dims(unit, axis) / scales)
    total, num_observations = jnp.sum(precision, axis), jnp.sum(counts, axis)
    share = safe(some, total, 1.0)
    rough = jnp.sum(precision * means, axis) / share
    mean = rough + jnp.sum(precision * (means - jnp.expand_dims(rough, axis)), axis) / share
    return Statistics(
        mean, num_observations, jnp.where(some, unit * jnp.sqrt(safe(some, num_observations, 1.0) / share), 1.0)
    )


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all parts together, whatever their scales: shards, instruments, studies.

    Args:
        parts: any number of :class:`Statistics` or ``(mean, num_observations, scale)``.

    Returns:
        Those of all observations; ``Statistics(0, 0, 1)`` of nothing.

    Example:
        >>> [float(s) for s in merge((1.0, 1, 2.0), (4.0, 2, 2.0))]
        [3.0, 3.0, 2.0]
    """
    columns = zip(*((*part,) for part in parts or ((0.0, 0.0, 1.0),)), strict=True)
    flat = promote(*(value for column in columns for value in column))
    flat_shape = jnp.broadcast_shapes(*(v.shape for v in flat))
    means, counts, scales = jnp.stack(jnp.broadcast_arrays(*flat)).reshape(3, -1, *flat_shape)
    return _pooled(means, counts, scales, 0)


def _weight(prior: NormalParams, num_observations: Array, scale: Array) -> tuple[Array, Array]:
    """What share of the posterior's precision is the data's, and what the prior's; both ``nan`` for bad data."""
    bad = ~((num_observations >= 0) & (num_observations < jnp.inf) & (scale > 0) & (scale < jnp.inf))
    root = jnp.sqrt(safe(num_observations > 0, num_observations, 1.0)) * (prior.scale / safe(~bad, scale, 1.0))
    ratio = jnp.where(num_observations > 0, root * root, 0.0)
    ours, theirs = unless(bad, ratio / (1.0 + ratio), 1.0 / (1.0 + ratio))
    return ours, theirs


def _check(mean: ArrayLike, num_observations: ArrayLike, scale: ArrayLike) -> None:
    check_data(mean=("real", mean), num_observations=("non-negative", num_observations), scale=("positive", scale))


def update(prior: Prior, mean: ArrayLike, num_observations: ArrayLike, scale: ArrayLike) -> NormalParams:
    """Posterior after ``num_observations`` with this ``mean``, each of standard deviation ``scale``.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(loc, scale)``. mean: of the observations. num_observations: how many, 0 allowed. scale: known, positive.

    Returns:
        :class:`NormalParams` of the common shape.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((0.0, 1.0), 4.0, 3, 1.0)]
        [3.0, 0.5]
    """
    _check(mean, num_observations, scale)
    loc, spread, mean, num_observations, scale = jnp.broadcast_arrays(
        *promote(*_params(prior), mean, num_observations, scale)
    )
    ours, theirs = _weight(NormalParams(loc, spread), num_observations, scale)
    return NormalParams(loc * theirs + mean * ours, spread * jnp.sqrt(theirs))


def predictive(posterior: Prior, scale: ArrayLike, num_observations: ArrayLike = 1) -> Predictive:
    """Law of the mean of ``num_observations`` ahead.

    Args:
        posterior: ``(loc, scale)``. scale: known standard deviation of one observation. num_observations: at least 1.

    Returns:
        Parameters for ``jprob.density.normal``: ``logpdf(x, *predictive(posterior, 2.0))``.

    Example:
        >>> [float(p) for p in predictive((1.0, 3.0), 4.0)]
        [1.0, 5.0]
    """
    check_data(scale=("positive", scale), num_observations=("positive", num_observations))
    loc, spread, scale, num_observations = jnp.broadcast_arrays(
        *promote(*_params(posterior, "posterior"), scale, num_observations)
    )
    return Predictive(loc, jnp.hypot(spread, scale / jnp.sqrt(num_observations)))


def log_evidence(prior: Prior, mean: ArrayLike, num_observations: ArrayLike, scale: ArrayLike) -> Array:
    """Log density of the mean of the observations under the prior: what hypotheses about it are compared by.

    Of the mean, which is all that the prior speaks of: how the observations scatter about it says nothing more.

    Args:
        prior: ``(loc, scale)``. mean: of the observations. num_observations: how many. scale: known, positive.

    Returns:
        Common shape, in nats; 0 for no observations.

    Example:
        >>> round(float(log_evidence((1.0, 3.0), 1.0, 1, 4.0)), 4)  # -log(5 sqrt(2 pi))
        -2.5284
    """
    _check(mean, num_observations, scale)
    prior = _params(prior)
    _, mean, num_observations, scale = jnp.broadcast_arrays(*promote(prior.loc, mean, num_observations, scale))
    some = num_observations > 0
    ours = _weight(prior, num_observations, scale)[0]
    law = Predictive(prior.loc, jnp.hypot(prior.scale, scale / jnp.sqrt(safe(some, num_observations, 1.0))))
    value = jnp.where(some, normal.logpdf(mean, *law), 0.0)
    return jnp.where(jnp.isnan(ours), jnp.nan, value)


def log_likelihood(loc: ArrayLike, mean: ArrayLike, num_observations: ArrayLike, scale: ArrayLike) -> Array:
    """Log density of the mean of the observations if ``loc`` were the true one.

    Args:
        loc: any number. mean: of the observations. num_observations: at least 1. scale: known, positive.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(0.0, 0.0, 4, 2.0)), 6)  # -log(2 pi) / 2
        -0.918939
    """
    loc, mean, num_observations, scale = promote(loc, mean, num_observations, scale)
    return normal.logpdf(mean, loc, scale / jnp.sqrt(num_observations))


def marginal(posterior: Prior) -> Marginal:
    """The law of the mean.

    Args:
        posterior: ``(loc, scale)``.

    Returns:
        The family ``normal`` and its parameters.

    Example:
        >>> marginal((0.0, 1.0)).family.name
        'normal'
    """
    return Marginal(normal.family, _params(posterior, "posterior")._asdict())


def mean(posterior: Prior) -> Array:
    """Mean of the mean.

    Args:
        posterior: ``(loc, scale)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean((2.0, 3.0)))
        2.0
    """
    return normal.mean(*_params(posterior, "posterior"))


def variance(posterior: Prior) -> Array:
    """Variance of the mean.

    Args:
        posterior: ``(loc, scale)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(variance((2.0, 3.0)))
        9.0
    """
    return normal.variance(*_params(posterior, "posterior"))


def interval(posterior: Prior, level: float = 0.95) -> Array:
    """Equal-tailed interval of the mean.

    Args:
        posterior: ``(loc, scale)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 2) for x in interval((0.0, 1.0))]
        [-1.96, 1.96]
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: Prior, level: float = 0.95) -> Array:
    """Highest-density interval of the mean: a symmetric law's is its equal-tailed one.

    Args:
        posterior: ``(loc, scale)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 2) for x in hdi((0.0, 1.0))]
        [-1.96, 1.96]
    """
    return interval(posterior, level)


def sample(key: Array, posterior: Prior, shape: tuple[int, ...] = ()) -> Array:
    """Independent draws of the mean.

    Args:
        key: a JAX random key. posterior: ``(loc, scale)``. shape: of the draws, in front.

    Returns:
        Shape ``shape + (...)``.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), (0.0, 1.0), (5,)).shape
        (5,)
    """
    return normal.sample(key, *_params(posterior, "posterior"), shape=shape)


def effective_sample_size(prior: Prior, scale: ArrayLike) -> Array:
    """How many observations the prior is worth.

    Args:
        prior: ``(loc, scale)``. scale: known standard deviation of one observation.

    Returns:
        Common shape: the ratio of the variances.

    Example:
        >>> float(effective_sample_size((0.0, 0.5), 2.0))
        16.0
    """
    check_data(scale=("positive", scale))
    prior = _params(prior)
    return jnp.square(promote(scale, prior.scale)[0] / prior.scale)


def discount(prior: Prior, factor: ArrayLike, initial: Prior | None = None) -> NormalParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    .. math:: p_\delta(\mu) \propto p(\mu)^\delta\, p_0(\mu)^{1-\delta}

    If ``prior`` is what ``initial`` became by past data, those count with weight δ: a power prior. Without ``initial`` the
    precision is scaled. A factor of 1 changes nothing.

    Args:
        prior: ``(loc, scale)``. factor: δ in (0, 1], or 0 with an initial prior. initial: what was known before.

    Returns:
        :class:`NormalParams`.

    Example:
        >>> [float(p) for p in discount((3.0, 1.0), 0.25)]
        [3.0, 2.0]
    """
    check_data(factor=("share", factor))
    old = _params(prior)
    share = promote(factor, *old)[0]
    if initial is None:
        return _params((old.loc, old.scale / jnp.sqrt(share)), "discounted prior")
    first = _params(initial, "initial")
    ratio = jnp.square(first.scale / old.scale)  # precision of the old beside the first
    kept, rest = share * ratio, 1.0 - share
    total = kept + rest
    scale = jnp.where(rest == 0, old.scale, first.scale / jnp.sqrt(total))
    return NormalParams(old.loc * (kept / total) + first.loc * (rest / total), scale)
