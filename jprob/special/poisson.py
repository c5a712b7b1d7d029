"""Log probability of a Poisson count, for real counts: the smooth core of the discrete density.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote
from jprob.special.polygamma import digamma
from jprob.special.saddle import plain_deviance
from jprob.special.stirling import stirling_series

__all__ = ["log_poisson"]

_LOG_2PI = math.log(2.0 * math.pi)


@closed_form(lambda k, rate: (jnp.log(rate) - digamma(k + 1.0), (k - rate) / rate))
def _log_poisson(k: Array, rate: Array) -> Array:
    n = jnp.maximum(k, 1.0)  # every term has one sign: plain floats suffice
    correction = jnp.where(k >= 1, stirling_series(n) + 0.5 * (_LOG_2PI + jnp.log(n)), 0.0)
    return -(plain_deviance(k, rate, k - rate) + correction)


@elementwise
def log_poisson(k: ArrayLike, rate: ArrayLike) -> Array:
    r"""Log of the Poisson probability for ``k = 0`` and real ``k >= 1``, for ``rate > 0``; unchecked.

    .. math:: k\log\lambda - \lambda - \log\Gamma(k + 1)

    Args:
        k: counts. rate: mean.

    Returns:
        Shape ``broadcast(k, rate)``, in nats. The checked one is ``jprob.density.poisson.logpmf``.

    Example:
        >>> round(float(log_poisson(1.0, 1.0)), 6)
        -1.0
    """
    return _log_poisson(*jnp.broadcast_arrays(*promote(k, rate)))
