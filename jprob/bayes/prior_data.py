r"""Do prior and data contradict each other? What the prior predicted, held against what came.

.. math:: p = 2 \min\{P(X \leq x),\, P(X \geq x)\}

with X the sufficient statistic under the prior predictive. A posterior from a prior and data in conflict is a compromise
that neither supports.

References:
    Box, G. (1980). Sampling and Bayes' inference in scientific modelling and robustness. JRSS A 143.
    Evans, M. and Moshonov, H. (2006). Checking for prior–data conflict. Bayesian Analysis 1.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.bayes.conjugate import (
    beta_binomial,
    gamma_exponential,
    gamma_poisson,
    inverse_gamma_known_mean,
    normal_inverse_gamma,
    normal_known_scale,
)
from jprob.density import beta_binomial as beta_binomial_family
from jprob.density import negative_binomial, normal, student_t
from jprob.special import beta_tails

__all__ = ["Conflict", "conflict"]

Tails = tuple[Array, Array]


class Conflict(NamedTuple):
    """How far the data lie from what the prior expected.

    Attributes:
        p_value: probability of data at least as far out, on either side; small ones speak of a conflict, ``(...)``.
        lower: prior probability of a statistic at most as large. upper: of one at least as large.
    """

    p_value: Array
    lower: Array
    upper: Array


def conflict(pair: ModuleType, prior: Any, *data: ArrayLike) -> Conflict:
    """Hold the prior's prediction against the data.

    Args:
        pair: a module of :mod:`jprob.bayes.conjugate` whose data are summed up by one number: ``beta_binomial``,
            ``gamma_poisson``, ``gamma_exponential`` (the time), ``normal_known_scale``, ``normal_inverse_gamma`` (the
            mean) or ``inverse_gamma_known_mean``.
        prior: as the pair takes it. data: as the pair takes them.

    Returns:
        :class:`Conflict`; no data conflict with nothing.

    Raises:
        ValueError: another pair, a prior or data that cannot be.

    Example:
        >>> found = conflict(beta_binomial, (1.0, 1.0), 0, 9)  # uniform on 0..9: 2 / 10
        >>> round(float(found.p_value), 4)
        0.2
        >>> bool(conflict(beta_binomial, (50.0, 950.0), 30, 100).p_value < 1e-6)
        True
    """
    name = _key(pair) if isinstance(pair, ModuleType) else str(pair)
    if name not in _TAILS:
        raise ValueError(f"`pair` must be one of {', '.join(_TAILS)}; got {name}.")
    posterior = pair.update(prior, *data)  # checks both
    lower, upper = _TAILS[name](prior, *promote(*data))
    bad = jnp.isnan(posterior[-1])
    lower, upper = (jnp.where(bad, jnp.nan, jnp.minimum(tail, 1.0)) for tail in (lower, upper))
    return Conflict(jnp.minimum(2.0 * jnp.minimum(lower, upper), 1.0), lower, upper)


def _coin(prior: Any, k: Array, n: Array) -> Tails:
    law = beta_binomial.predictive(prior, n)
    return beta_binomial_family.cdf(k, *law), beta_binomial_family.sf(k - 1.0, *law)


def _rate(prior: Any, k: Array, t: Array) -> Tails:
    law = gamma_poisson.predictive(prior, t)
    return negative_binomial.cdf(k, *law), negative_binomial.sf(k - 1.0, *law)


def _ratio(prior: Any, n: Array, t: Array) -> Tails:
    """A gamma total over itself and the prior's rate is beta."""
    a, b = promote(*prior)
    some = n > 0
    tails = beta_tails(safe(some, n, 1.0), a, jnp.where(some, t, 0.0) / (b + t))
    return jnp.where(some, tails.lower, 1.0), jnp.where(some, tails.upper, 1.0)


def _mean(prior: Any, mean: Array, n: Array, scale: Array) -> Tails:
    law = normal_known_scale.predictive(prior, scale, safe(n > 0, n, 1.0))
    return jnp.where(n > 0, normal.cdf(mean, *law), 1.0), jnp.where(n > 0, normal.sf(mean, *law), 1.0)


def _mean_of_unknown_scale(prior: Any, mean: Array, n: Array, sum_squares: Array) -> Tails:
    law = normal_inverse_gamma.predictive(prior, safe(n > 0, n, 1.0))
    return jnp.where(n > 0, student_t.cdf(mean, *law), 1.0), jnp.where(n > 0, student_t.sf(mean, *law), 1.0)


def _spread(prior: Any, sum_squares: Array, n: Array) -> Tails:
    return _ratio(prior, 0.5 * n, 0.5 * sum_squares)


def _key(pair: ModuleType) -> str:
    return pair.__name__.rpartition(".")[2]


_TAILS: dict[str, Callable[..., Tails]] = {
    _key(beta_binomial): _coin,
    _key(gamma_poisson): _rate,
    _key(gamma_exponential): _ratio,
    _key(normal_known_scale): _mean,
    _key(normal_inverse_gamma): _mean_of_unknown_scale,
    _key(inverse_gamma_known_mean): _spread,
}
