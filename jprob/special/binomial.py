"""Log probability of the binomial, continued to real counts: the smooth core of the density.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote
from jprob.special._factorial import count_rest, factorial_rest, volume
from jprob.special.pair import two_product
from jprob.special.polygamma import digamma

__all__ = ["log_binomial"]


@closed_form(lambda k, n, p: (jnp.ones_like(k), -p, -n))
def _excess(k: Array, n: Array, p: Array) -> Array:
    """``k - n p``, exact to an ulp where it cancels."""
    mean = two_product(n, p)
    return (k - mean.hi) - mean.lo


def _slopes(k: Array, n: Array, p: Array) -> tuple[Array, ...]:
    k = jnp.clip(k, 0.0, n)  # finite slopes also where a caller discards the value
    of_rest, log_q = digamma(n - k + 1.0), jnp.log1p(-p)
    excess, spread = _excess(k, n, p), p * (1.0 - p)
    one_sided = jnp.where(excess == 0.0, n * (2.0 * p - 1.0), 0.0)
    by_p = jnp.where(spread > 0.0, excess / spread, one_sided)
    return of_rest - digamma(k + 1.0) + jnp.log(p) - log_q, digamma(n + 1.0) - of_rest + log_q, by_p


@closed_form(_slopes)
def _log_binomial(k: Array, n: Array, p: Array) -> Array:
    failures, d = n - k, _excess(k, n, p)
    cost = count_rest(k, n * p, d) + count_rest(failures, n * (1.0 - p), -d)
    height = volume(n) / (volume(k) * volume(failures))
    return 0.5 * jnp.log(height) + factorial_rest(n) - cost


@elementwise
def log_binomial(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    r"""Log of the binomial probability, continued to real ``0 <= k <= n``, for ``0 <= p <= 1``; unchecked.

    .. math:: \log\frac{\Gamma(n+1)}{\Gamma(k+1)\,\Gamma(n-k+1)} + k\log p + (n-k)\log(1-p)

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, in nats. The checked one is ``jprob.density.binomial.logpmf``.

    Example:
        >>> round(float(jnp.exp(log_binomial(1.0, 2.0, 0.5))), 6)
        0.5
    """
    return _log_binomial(*jnp.broadcast_arrays(*promote(k, n, p)))
