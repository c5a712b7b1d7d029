r"""Beta and binomial laws of the log odds z = log p/(1 − p), for samplers.

A sampler moves on the real line, and near p = 1 float32 has no numbers left: there the log odds are the variable.
With σ(z) = p every density here is a multiple of ``a log σ(z) + b log σ(−z)``, evaluated as its value at a centre plus

.. math:: a\,t - (a + b) \log(1 + q(e^t - 1)), \qquad t = z - \log\tfrac{q}{1 - q}

so that neither log factorials nor log likelihoods as large as the data enter: float32 keeps differences of energy
at a hundred million trials. The value at the centre is a Stirling error (:func:`jprob.special.stirling_error`).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import expit, gammaln
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.density import beta
from jprob.special import lgamma_difference, stirling_error

__all__ = ["beta_binomial_logpmf", "beta_cdf", "beta_logpdf", "binomial_logpmf"]


def beta_logpdf(z: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Log density at ``z`` of the log odds of a Beta(a, b) variable.

    .. math:: a \log\sigma(z) + b \log\sigma(-z) - \log B(a, b)

    Bounded, log-concave and with exponential tails for every a, b > 0, however small. Arguments broadcast.

    >>> round(float(jnp.exp(beta_logpdf(0.0, 1.0, 1.0))), 6)  # the logistic density at 0
    0.25
    """
    z, a, b = promote(z, a, b)
    return _from_centre(z, a, b, a, b) + _beta_peak(a, b)


def beta_cdf(z: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Probability that the log odds of a Beta(a, b) variable are at most ``z``.

    Where the rate would underflow or round to 1 the tail is its leading term, ``exp(−a |z|) / (a B(a, b))``.

    >>> round(float(beta_cdf(0.0, 2.0, 2.0)), 6)
    0.5
    """
    z, a, b = promote(z, a, b)
    upper = z > 0
    x, near, other = -jnp.abs(z), jnp.where(upper, b, a), jnp.where(upper, a, b)
    power_law = x + jnp.log1p(other) < jnp.log(jnp.finfo(x.dtype).eps)
    leading = jnp.exp(near * x - gammaln(1.0 + near) + lgamma_difference(other, near))
    tail = jnp.where(power_law, leading, beta.cdf(expit(x), near, other))
    return jnp.where(upper, 1.0 - tail, tail)


def binomial_logpmf(successes: ArrayLike, trials: ArrayLike, z: ArrayLike) -> Array:
    r"""Log probability of ``successes`` out of ``trials`` at log odds ``z``; no trials have probability one.

    .. math:: \log\binom{n}{k} + k \log\sigma(z) + (n - k) \log\sigma(-z)

    >>> round(float(jnp.exp(binomial_logpmf(1, 2, 0.0))), 6)
    0.5
    """
    k, n, z = promote(successes, trials, z)
    return _from_centre(z, k, n - k, k + 0.5, n - k + 0.5) + _binomial_centre(k, n)


def beta_binomial_logpmf(successes: ArrayLike, trials: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Log probability of ``successes`` out of ``trials`` when the rate is Beta(a, b).

    .. math:: \log p(k \mid z) + \log p(z \mid a, b) - \log p(z \mid a + k, b + n - k)

    Bayes' rule, true for any z and read at the posterior mean, where each term is small.

    >>> round(float(jnp.exp(beta_binomial_logpmf(1, 2, 1.0, 1.0))), 6)  # uniform on 0, 1, 2
    0.333333
    """
    return _beta_binomial(*jnp.broadcast_arrays(*promote(successes, trials, a, b)))


@jax.custom_jvp
def _beta_binomial(k: Array, n: Array, a: Array, b: Array) -> Array:
    posterior = a + k, b + (n - k)
    z = jnp.log(posterior[0]) - jnp.log(posterior[1])
    return binomial_logpmf(k, n, z) + beta_logpdf(z, a, b) - beta_logpdf(z, *posterior)


@_beta_binomial.defjvp
def _(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    (k, n, a, b), (_, _, da, db) = primals, tangents  # counts are data: no derivative
    both = _digamma_difference(a + b, n)
    slope = (_digamma_difference(a, k) - both) * da + (_digamma_difference(b, n - k) - both) * db
    return _beta_binomial(k, n, a, b), slope


def _digamma_difference(x: Array, s: Array) -> Array:
    """``ψ(x + s) − ψ(x)``, every term positive or small: accurate relative to ``s / x`` for any x > 0, s ≥ 0."""
    total = jnp.zeros_like(x)
    for _ in range(8):  # the asymptotic series wants x ≥ 8
        total, x = total + s / x / (x + s), x + 1.0
    u, v = jnp.square(1.0 / x), jnp.square(1.0 / (x + s))
    series = 1.0 / 12 - (u + v) / 120 + (u * u + u * v + v * v) / 252 - (u + v) * (u * u + v * v) / 240
    return total + jnp.log1p(s / x) + s / x / (x + s) * (0.5 + (1.0 / x + 1.0 / (x + s)) * series)


def _from_centre(z: Array, a: Array, b: Array, a0: Array, b0: Array) -> Array:
    """``a log σ(z) + b log σ(−z)`` less its value at the log odds of ``a0 : b0``."""
    mirrored = a0 > b0  # so that q ≤ ½ and 1 − q lose nothing
    t = z - (jnp.log(a0) - jnp.log(b0))
    t, a_side = jnp.where(mirrored, -t, t), jnp.where(mirrored, b, a)
    return a_side * t - (a + b) * _log_mixture(t, jnp.minimum(a0, b0) / (a0 + b0))


@jax.custom_jvp
def _log_mixture(t: Array, q: Array) -> Array:
    """``log(1 − q + q eᵗ)`` for q ≤ ½."""
    return _log_mixture_and_slopes(t, q)[0]


@_log_mixture.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    value, by_t, by_q = _log_mixture_and_slopes(*primals)
    return value, by_t * tangents[0] + by_q * tangents[1]


def _log_mixture_and_slopes(t: Array, q: Array) -> tuple[Array, Array, Array]:
    """The logarithm and its derivatives, where q eᵗ > 1 with the factor eᵗ taken out."""
    turn = -jnp.log(q)
    far = t > turn
    growth = jnp.expm1(jnp.minimum(t, turn))
    decay = jnp.exp(-jnp.maximum(t, turn))
    near, rest = 1.0 + q * growth, q + (1.0 - q) * decay
    value = jnp.where(far, t + jnp.log(rest), jnp.log1p(q * growth))
    by_t = q * jnp.where(far, 1.0 / rest, (1.0 + growth) / near)
    by_q = jnp.where(far, (1.0 - decay) / rest, growth / near)
    return value, by_t, by_q


def _beta_peak(a: Array, b: Array) -> Array:
    """Log density of the log odds at their mode, log a/b."""
    n = a + b
    log_curvature = jnp.log(jnp.minimum(a, b)) + jnp.log(jnp.maximum(a, b) / n)
    return 0.5 * (log_curvature - math.log(2 * math.pi)) + stirling_error(n) - stirling_error(a) - stirling_error(b)


def _binomial_centre(k: Array, n: Array) -> Array:
    """Log probability of ``k`` at the log odds of ``k + ½ : n − k + ½``."""
    m = n - k
    inside = (k > 0) & (m > 0)
    x, y = safe(inside, k, 1.0), safe(inside, m, 1.0)
    spread = jnp.log(jnp.minimum(x, y)) + jnp.log(jnp.maximum(x, y) / (x + y))
    at_mode = stirling_error(x + y) - stirling_error(x) - stirling_error(y) - 0.5 * (spread + math.log(2 * math.pi))
    shift = _scaled_log1p(k, 0.5) + _scaled_log1p(m, 0.5) - _scaled_log1p(n, 1.0)
    return jnp.where(inside, at_mode, 0.0) + shift


def _scaled_log1p(x: Array, s: float) -> Array:
    """``x log(1 + s / x)``, zero at zero."""
    positive = x > 0
    return jnp.where(positive, x * jnp.log1p(s / safe(positive, x, 1.0)), 0.0)
