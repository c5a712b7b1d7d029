r"""What data of a gamma-distributed rate, and counts of a beta-distributed chance, weigh in all: log marginal likelihoods.

Each is a difference of log gammas as large as the data. What is large is written as deviances from the posterior mean,
:math:`D(x, m) = x \log(x/m) + m - x`, all of one sign, or carried as pairs of floats.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import closed_form, safe
from jprob.special import digamma, log_beta_binomial, pair, stirling_error
from jprob.special.saddle import plain_deviance

__all__ = ["log_exponential_evidence", "log_failures_evidence", "log_normal_evidence", "log_poisson_evidence"]

_LOG_2PI = math.log(2.0 * math.pi)


def _exponential_slopes(a: Array, b: Array, n: Array, t: Array) -> tuple[Array, ...]:
    of_all = digamma(a + n)
    by_a = of_all - digamma(a) - jnp.log1p(t / b)
    return by_a, _pull(a, b, n, t) / b, of_all - jnp.log(b + t), -(a + n) / (b + t)


def _pull_slopes(a: Array, b: Array, n: Array, t: Array) -> tuple[Array, ...]:
    pull, total = _pull(a, b, n, t), b + t
    return t / total, -(n + pull) / total, -b / total, (a - pull) / total


@closed_form(_pull_slopes)
def _pull(a: Array, b: Array, n: Array, t: Array) -> Array:
    """``(a t − n b) / (b + t)``: by how much the prior expects more events than were seen."""
    return pair.total(pair.sub(pair.two_product(a, t), pair.two_product(n, b))) / (b + t)


def _normal_slopes(a: Array, b: Array, n: Array, t: Array) -> tuple[Array, ...]:
    by_a, by_b, by_n, by_t = _exponential_slopes(a, b, n, t)
    return by_a, by_b, by_n - _LOG_2PI, by_t


def _with_unit(log_unit: float, a: Array, b: Array, n: Array, t: Array) -> Array:
    """The evidence less ``n log_unit``, which may cancel with it."""
    high = jnp.full_like(a, log_unit)
    low = log_unit - float(np.asarray(log_unit, a.dtype))
    events, time = pair.two_sum(a, n), pair.two_sum(b, t)
    log_rate = pair.sub(pair.log_quotient(events, time), pair.Pair(high, jnp.full_like(a, low)))
    # the log likelihood at the posterior mean, events / time
    fit = pair.sub(pair.mul(pair.pair(n), log_rate), pair.mul(pair.pair(t), pair.div(events, time)))
    of_prior = plain_deviance(a, b * (events.hi / time.hi), _pull(a, b, n, t))
    rest = stirling_error(events.hi) - stirling_error(a) - 0.5 * jnp.log1p(n / a)
    return pair.total(fit) + (rest - of_prior)


@closed_form(_exponential_slopes)
def log_exponential_evidence(a: Array, b: Array, n: Array, t: Array) -> Array:
    r"""Log of :math:`\int \lambda^n e^{-\lambda t}\,\mathrm{Gamma}(\lambda; a, b)\,d\lambda = \frac{\Gamma(a+n)\, b^a}
    {\Gamma(a) (b+t)^{a+n}}`, for positive ``a``, ``b`` and ``n, t >= 0``; ``n`` need not be whole.
    """
    return _with_unit(0.0, a, b, n, t)


@closed_form(_normal_slopes)
def log_normal_evidence(a: Array, b: Array, n: Array, t: Array) -> Array:
    r"""The same of :math:`(\lambda / 2\pi)^n e^{-\lambda t}`: 2n normal observations of precision λ, half whose squares
    sum to t.
    """
    return _with_unit(_LOG_2PI, a, b, n, t)


def _poisson_slopes(k: Array, t: Array, a: Array, b: Array) -> tuple[Array, ...]:
    pull, seen = _pull(a, b, k, t), t > 0
    exposed = safe(seen, t, 1.0)
    of_all = digamma(a + k)
    by_k = of_all - digamma(k + 1.0) + jnp.log(exposed) - jnp.log(b + exposed)
    by_t = jnp.where(seen, -pull / exposed, -a / b)
    return jnp.where(seen, by_k, 0.0), by_t, of_all - digamma(a) - jnp.log1p(t / b), pull / b


@closed_form(_poisson_slopes)
def log_poisson_evidence(k: Array, t: Array, a: Array, b: Array) -> Array:
    r"""Log probability of ``k`` Poisson events over ``t`` when their rate is Gamma(a, b); unchecked.

    With :math:`\hat\lambda = (a + k)/(b + t)` it is :math:`-D(k, t\hat\lambda) - D(a, b\hat\lambda)` and Stirling
    errors, by Bayes' rule read at the posterior mean. Nothing is certain over no exposure: 0 for ``k = t = 0``.
    """
    some = k > 0
    n, total, all_time = safe(some, k, 1.0), a + k, b + t
    pull, rate = _pull(a, b, k, t), total / all_time
    of_prior = plain_deviance(a, b * rate, pull)
    of_counts = jnp.where(some, plain_deviance(n, jnp.where(some, t * rate, 1.0), -pull), t * rate)
    height = 0.5 * (jnp.log(a / total) - jnp.log(2.0 * math.pi * n))
    rest = stirling_error(total) - stirling_error(a)
    counted = jnp.where(some, height - stirling_error(n), 0.0)
    return rest + counted - (of_prior + of_counts)


def log_failures_evidence(f: Array, r: Array, a: Array, b: Array) -> Array:
    r"""Log probability of ``f`` failures before ``r`` successes when the chance of success is Beta(a, b); unchecked.

    The last trial succeeds: among the orders of a beta-binomial it is one in ``(f + r) / r``.
    """
    some = r > 0
    waits, first = safe(some, r, 1.0), f < r
    last = -jnp.log1p(f / waits)
    # the smaller of the two counts exactly, as their sum may round
    fewer, shapes = jnp.where(first, f, waits), (jnp.where(first, b, a), jnp.where(first, a, b))
    return jnp.where(some, last + log_beta_binomial(fewer, f + waits, *shapes), 0.0)
