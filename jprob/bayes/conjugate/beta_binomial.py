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

from jprob._array import check_level, check_positive_int, promote
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import check_counts, check_prior
from jprob.density import beta, binomial
from jprob.density import beta_binomial as beta_binomial_family
from jprob.special import beta_hdi

__all__ = [
    "BetaParams",
    "Counts",
    "Predictive",
    "counts",
    "draws",
    "hdi",
    "interval",
    "log_bayes_factor",
    "log_evidence",
    "merge",
    "predictive",
    "update",
]


class BetaParams(NamedTuple):
    """A beta distribution of a probability: prior or posterior.

    Attributes:
        a: prior successes plus successes seen, ``(...)``.
        b: prior failures plus failures seen, ``(...)``.
    """

    a: Array
    b: Array


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


def counts(flips: ArrayLike, mask: ArrayLike | None = None) -> Counts:
    """Successes and trials of zeros and ones over the last axis.

    Args:
        flips: zeros and ones, shape ``(..., n)``.
        mask: which of them are data; all by default.

    Returns:
        :class:`Counts` of shape ``(...)``.

    Example:
        >>> [float(c) for c in counts([1, 0, 1, 1])]
        [3.0, 4.0]
    """
    (flips,) = promote(flips)
    real = jnp.ones(flips.shape, bool) if mask is None else jnp.broadcast_to(jnp.asarray(mask, bool), flips.shape)
    return Counts(jnp.sum(jnp.where(real, flips, 0.0), -1), jnp.sum(real, -1, dtype=flips.dtype))


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
    successes, trials = promote(0.0, 0.0)
    for part in parts:
        more = promote(*part)
        successes, trials = successes + more[0], trials + more[1]
    return Counts(successes, trials)


def _params(prior: BetaParams | tuple[ArrayLike, ArrayLike], name: str = "prior") -> BetaParams:
    check_prior(prior, name)
    a, b = promote(*prior)
    good = (a > 0) & (b > 0)
    return BetaParams(jnp.where(good, a, jnp.nan), jnp.where(good, b, jnp.nan))


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
    a, b, k, n = jnp.broadcast_arrays(*promote(*_params(prior), successes, trials))
    possible = (k >= 0) & (k <= n)
    return BetaParams(jnp.where(possible, a + k, jnp.nan), jnp.where(possible, b + (n - k), jnp.nan))


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
    posterior = _params(posterior, "posterior")
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
    return beta_binomial_family.logpmf(successes, trials, *_params(prior))


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


def interval(posterior: BetaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Equal-tailed interval: as much mass below as above.

    Args:
        posterior: shapes ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in interval((10.0, 4.0))]
        [0.4619, 0.9091]
    """
    check_level(level)
    a, b = _params(posterior, "posterior")
    tail = 0.5 * (1.0 - level)
    return jnp.stack([beta.ppf(tail, a, b), beta.isf(tail, a, b)], -1)


def hdi(posterior: BetaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Highest-density interval, exactly: the shortest one with this mass.

    With a shape of at most one the density is highest at 0 or 1, and the interval starts there.

    Args:
        posterior: shapes ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 3) for x in hdi((1.0, 10.0))]  # 0 of 9: from 0
        [0.0, 0.259]
    """
    check_level(level)
    return beta_hdi(*_params(posterior, "posterior"), level)


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
    return _draws(key, *jnp.broadcast_arrays(*promote(*_params(prior), successes, trials)), num_samples)


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
