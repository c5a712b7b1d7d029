"""Log probability of the negative binomial, continued to real counts: the smooth core of the density.

Every term has one sign, so plain floats keep the digits; only the distance from the mean is formed exactly.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.special._factorial import count_rest, factorial_rest, volume
from jprob.special.pair import two_product
from jprob.special.polygamma import digamma
from jprob.special.stirling import digamma_less_log

__all__ = ["log_negative_binomial"]


@closed_form(lambda k, r, p: (-p, 1.0 - p, -(k + r)))
def _excess(k: Array, r: Array, p: Array) -> Array:
    """``r (1 - p) - k p``, exact to an ulp where it cancels."""
    q = 1.0 - p
    successes, failures = two_product(r, q), two_product(k, p)
    return (successes.hi - failures.hi) + ((successes.lo - failures.lo) + r * ((1.0 - q) - p))


def _slopes(k: Array, r: Array, p: Array) -> tuple[Array, ...]:
    k = jnp.clip(k, 0.0, finfo(k).max ** 0.75)  # finite slopes also where a caller discards the value
    n, q, excess = k + r, 1.0 - p, _excess(k, r, p)
    share = excess / r  # n p / r = 1 - share
    near = jnp.abs(share) < 0.5
    log_ratio = jnp.where(near, jnp.log1p(-safe(near, share, 0.0)), jnp.log(n / r * p))
    by_k = digamma(n) - digamma(k + 1.0) + jnp.log1p(-p)
    by_p = jnp.where(q > 0.0, excess / (p * safe(q > 0.0, q, 1.0)), jnp.where(k == 0.0, r, -jnp.inf))
    return by_k, log_ratio + (digamma_less_log(n) - digamma_less_log(r)), by_p


@closed_form(_slopes)
def _log_negative_binomial(k: Array, r: Array, p: Array) -> Array:
    n, d = k + r, _excess(k, r, p)
    cost = count_rest(r, n * p, d) + count_rest(k, n * (1.0 - p), -d)
    height = jnp.sqrt(volume(n) / volume(k)) / jnp.sqrt(volume(r))  # not one root: r k may overflow
    return jnp.log(r / n * height) + factorial_rest(n) - cost


@elementwise
def log_negative_binomial(k: ArrayLike, r: ArrayLike, p: ArrayLike) -> Array:
    r"""Log of the negative binomial probability, continued to real ``k >= 0``, for ``r > 0``, ``0 < p <= 1``; unchecked.

    .. math:: \log\frac{\Gamma(k+r)}{\Gamma(r)\,\Gamma(k+1)} + r\log p + k\log(1-p)

    Args:
        k: failures. r: successes. p: probability of success.

    Returns:
        Shape ``broadcast(k, r, p)``, in nats. The checked one is ``jprob.density.negative_binomial.logpmf``.

    Example:
        >>> round(float(log_negative_binomial(1.0, 2.0, 0.5)), 6)  # log 1/4
        -1.386294
    """
    return _log_negative_binomial(*jnp.broadcast_arrays(*promote(k, r, p)))
