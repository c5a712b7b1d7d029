r"""Densities in the logarithm of a rate, without terms that grow with the data.

About its own centre each is minus a multiple of ψ(w) = eʷ − 1 − w, so that an energy keeps its digits in float32 where
counts are in the millions.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.density import negative_binomial
from jprob.special import expm1mx, stirling_error

__all__ = ["gamma_logpdf", "negative_binomial_logpmf", "poisson_logpmf"]

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def gamma_logpdf(z: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Log density at ``z`` of the logarithm of a Gamma(a, b) variable, ``b`` a rate.

    .. math:: a z + a \log b - b e^z - \log\Gamma(a) = -a \psi(z - \log(a / b)) + \tfrac12 \log\frac{a}{2\pi} - \delta(a)

    >>> round(float(gamma_logpdf(0.0, 1.0, 1.0)), 6)  # the exponential density at one
    -1.0
    """
    z, a, b = promote(z, a, b)
    w = z - (jnp.log(a) - jnp.log(b))
    return -a * expm1mx(w) + (0.5 * jnp.log(a) - _HALF_LOG_TWO_PI - stirling_error(a))


def poisson_logpmf(count: ArrayLike, exposure: ArrayLike, z: ArrayLike) -> Array:
    r"""Log probability of ``count`` events over an exposure at the log rate ``z``.

    >>> round(float(poisson_logpmf(0, 2.0, 0.0)), 6)
    -2.0
    """
    count, exposure, z = promote(count, exposure, z)
    some = count > 0
    k = safe(some, count, 1.0)
    w = z + (jnp.log(exposure) - jnp.log(k))
    at_centre = 0.5 * jnp.log(k) + _HALF_LOG_TWO_PI + stirling_error(k)
    return jnp.where(some, -k * expm1mx(safe(some, w, 0.0)) - at_centre, -exposure * jnp.exp(z))


def negative_binomial_logpmf(count: ArrayLike, mean: ArrayLike, concentration: ArrayLike) -> Array:
    r"""Log probability of ``count`` events whose rate has the given mean and a Gamma law of that concentration.

    >>> round(float(negative_binomial_logpmf(0, 1.0, 1.0)), 6)  # geometric: one half
    -0.693147
    """
    count, mean, concentration = promote(count, mean, concentration)
    return negative_binomial.logpmf(count, concentration, concentration / (concentration + mean))
