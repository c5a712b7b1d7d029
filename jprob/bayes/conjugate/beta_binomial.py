r"""Beta prior, binomial data: the exact posterior of a coin's bias.

.. math:: p \sim \mathrm{Beta}(a, b),\; k \sim \mathrm{Binomial}(n, p) \;\Longrightarrow\;
          p \mid k \sim \mathrm{Beta}(a + k,\, b + n - k)

Everything broadcasts over leading axes, jits, vmaps and differentiates. A prior is a :class:`BetaParams` or a plain
``(a, b)``. Values known on the host are checked; a traced lane with invalid counts or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., sections 2.1–2.4.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, promote, whole
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
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import check_counts
from jprob.density import beta, binomial
from jprob.density import beta_binomial as beta_binomial_family

__all__ = [
    "BetaParams",
    "Counts",
    "Predictive",
    "Region",
    "counts",
    "discount",
    "draws",
    "effective_sample_size",
    "hdi",
    "interval",
    "log_bayes_factor",
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


class Counts(NamedTuple):
    """Sufficient statistics of Bernoulli trials; a monoid under :func:`merge` with ``Counts(0, 0)`` as its zero.

    Attributes:
        successes: number of ones, ``(...)``.
        trials: number of observations, ``(...)``.
    """

    successes: Array
    trials: Array


class Predictive(NamedTuple):
    """What a posterior predicts: parameters of ``jprob.density.beta_binomial``, in its order.

    Attributes:
        n: trials ahead. a: first shape. b: second shape.
    """

    n: Array
    a: Array
    b: Array


def statistics(x: ArrayLike, weights: ArrayLike | None = None) -> Counts:
    """Successes and trials of zeros and ones over the last axis.

    Args:
        x: zeros and ones, shape ``(..., n)``. weights: how often each was seen, 0 for what is no data; once by default.

    Returns:
        :class:`Counts` of shape ``(...)``.

    Raises:
        ValueError: an outcome that is neither 0 nor 1, as far as values are known.

    Example:
        >>> [float(c) for c in statistics([1, 0, 1, 1])]
        [3.0, 4.0]
    """
    x, weights = weighted(x, weights)
    check_data(x=("bit", x))
    return Counts(jnp.sum(x * weights, -1), jnp.sum(weights, -1))


def counts(flips: ArrayLike, mask: ArrayLike | None = None) -> Counts:
    """:func:`statistics` of those flips that the mask says are data.

    Args:
        flips: zeros and ones, shape ``(..., n)``. mask: which of them are data; all by default.

    Returns:
        :class:`Counts` of shape ``(...)``.

    Example:
        >>> [float(c) for c in counts([1, 0, 1, 1], [True, True, True, False])]
        [2.0, 3.0]
    """
    return statistics(flips, mask)


def merge(*parts: Counts | tuple[ArrayLike, ArrayLike]) -> Counts:
    """The counts of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Counts` or ``(successes, trials)``.

    Returns:
        Their sum; ``Counts(0, 0)`` of nothing.

    Example:
        >>> [float(c) for c in merge((3, 4), (5, 6))]
        [8.0, 10.0]
    """
    return summed(Counts, parts)


def update(prior: BetaParams | tuple[ArrayLike, ArrayLike], successes: ArrayLike, trials: ArrayLike) -> BetaParams:
    """Posterior after ``successes`` in ``trials``.

    Updating twice is updating once with the merged counts.

    Args:
        prior: shapes ``(a, b)``, positive. successes: whole numbers. trials: whole numbers, not below ``successes``.

    Returns:
        :class:`BetaParams` of the common shape.

    Raises:
        ValueError: for a prior or counts that cannot be, as far as values are known.

    Example:
        >>> [float(p) for p in update((2.0, 2.0), 8, 10)]
        [10.0, 4.0]
    """
    check_counts(successes, trials)
    a, b, k, n = jnp.broadcast_arrays(*promote(*params(prior), successes, trials))
    possible = (k >= 0) & (k <= n) & whole(k) & whole(n)
    return BetaParams(*unless(~possible, a + k, b + (n - k)))


def predictive(posterior: BetaParams | tuple[ArrayLike, ArrayLike], num_trials: ArrayLike = 1) -> Predictive:
    """Law of the successes in ``num_trials`` trials ahead.

    Args:
        posterior: shapes ``(a, b)``. num_trials: trials ahead, whole numbers.

    Returns:
        Parameters for ``jprob.density.beta_binomial``: ``logpmf(k, *predictive(posterior, 10))``.

    Example:
        >>> from jprob.density import beta_binomial
        >>> round(float(beta_binomial.pmf(1, *predictive((10.0, 4.0)))), 4)  # 10 / 14
        0.7143
    """
    posterior = params(posterior, "posterior")
    return Predictive(*jnp.broadcast_arrays(*promote(num_trials, *posterior)))


def log_evidence(prior: BetaParams | tuple[ArrayLike, ArrayLike], successes: ArrayLike, trials: ArrayLike) -> Array:
    """Log probability of the counts under the prior: what hypotheses are compared by.

    Of counts, not of a sequence: the binomial coefficient is included.

    Args:
        prior: shapes ``(a, b)``, positive. successes: whole numbers. trials: whole numbers.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_evidence((2.0, 2.0), 8, 10)), 4)
        -2.3602
    """
    check_counts(successes, trials)
    return beta_binomial_family.logpmf(successes, trials, *params(prior))


def log_bayes_factor(
    prior: BetaParams | tuple[ArrayLike, ArrayLike], successes: ArrayLike, trials: ArrayLike, null: ArrayLike = 0.5
) -> Array:
    """Log Bayes factor of an unknown bias, with this prior, against the point ``null``.

    Positive speaks for a bias other than ``null``. It depends on the prior however many data there are: a vague prior
    favours the point (Lindley's paradox).

    Args:
        prior: shapes ``(a, b)``, positive. successes: whole numbers. trials: whole numbers.
        null: the bias under the point hypothesis, in [0, 1].

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_bayes_factor((1.0, 1.0), 10, 10, 0.5)), 3)  # log(2^10 / 11)
        4.534
    """
    return log_evidence(prior, successes, trials) - binomial.logpmf(successes, trials, null)


def log_likelihood(p: ArrayLike, successes: ArrayLike, trials: ArrayLike) -> Array:
    """Log probability of the counts if the chance of success were ``p``.

    Args:
        p: in [0, 1]. successes: whole numbers. trials: whole numbers.

    Returns:
        Common shape, in nats.

    Example:
        >>> round(float(log_likelihood(0.5, 1, 2)), 4)  # log 1/2
        -0.6931
    """
    return binomial.logpmf(successes, trials, p)


def effective_sample_size(prior: BetaParams | tuple[ArrayLike, ArrayLike]) -> Array:
    """How many trials the prior is worth: as many as would move it half way to what they say.

    Args:
        prior: shapes ``(a, b)``.

    Returns:
        Shape ``(...)``, a + b.

    Example:
        >>> float(effective_sample_size((2.0, 3.0)))
        5.0
    """
    a, b = params(prior)
    return a + b


def draws(
    key: Array,
    prior: BetaParams | tuple[ArrayLike, ArrayLike],
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    num_samples: int = 4000,
) -> Draws:
    """Independent draws from the exact posterior, in the container that NUTS fills: one chain, nothing to diagnose.

    Args:
        key: a JAX random key. prior: shapes ``(a, b)``. successes: whole numbers. trials: whole numbers.
        num_samples: number of draws.

    Returns:
        :class:`jprob.bayes.Draws`: site ``p`` of shape ``(1, num_samples, ...)``, prior, predictives, likelihood.

    Example:
        >>> draws(jax.random.key(0), (1.0, 1.0), [8, 3], [10, 10], num_samples=5).samples["p"].shape
        (1, 5, 2)
    """
    check_positive_int(num_samples, "num_samples")
    check_counts(successes, trials)
    return _draws(key, *jnp.broadcast_arrays(*promote(*params(prior), successes, trials)), num_samples)


@partial(jax.jit, static_argnums=5)
def _draws(key: Array, a: Array, b: Array, k: Array, n: Array, num_samples: int) -> Draws:
    rate_key, count_key = jax.random.split(key)
    posterior = update((a, b), k, n)
    # posterior and prior side by side: one sampler to compile
    both = jnp.stack([posterior.a, a]), jnp.stack([posterior.b, b])
    p = jnp.moveaxis(beta.sample(rate_key, *both, shape=(1, num_samples)), 2, 0)
    replicated = binomial.sample(count_key, n, p)
    return Draws(
        samples={"p": p[0]},
        stats={},
        log_likelihood={"successes": binomial.logpmf(k, n, p[0])},
        log_prior={"p": beta.logpdf(p[0], a, b)},
        posterior_predictive={"successes": replicated[0]},
        prior={"p": p[1]},
        prior_predictive={"successes": replicated[1]},
        observed_data={"successes": k},
        constant_data={"trials": n, "prior": jnp.stack([a, b])},
    )
