"""Confidence intervals for a proportion, good and bad ones.

The Wald interval is here because everybody knows it: for small n or near the ends it covers far less than it says.
Wilson's and Jeffreys' hold their level on average, Clopper and Pearson's always and so is wider.

References:
    Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical Science 16.
    Agresti, A. and Coull, B. A. (1998). Approximate is better than "exact". The American Statistician 52.
    Newcombe, R. G. (1998). Two-sided confidence intervals for the single proportion. Statistics in Medicine 17.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote, safe
from jprob.special import betainccinv, betaincinv, normal_quantile
from jprob.special.proportion import clopper_pearson_ends, wilson_ends

__all__ = ["PROPORTION_METHODS", "proportion_interval"]


def proportion_interval(
    successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95, method: str = "wilson"
) -> Array:
    """Interval for the probability of success.

    Args:
        successes: counts, shape ``(...)``. trials: counts, broadcast against them.
        level: of the interval.
        method: ``"wilson"``, ``"wilson_continuity"``, ``"agresti_coull"``, ``"clopper_pearson"``, ``"jeffreys"``
            or ``"wald"``.

    Returns:
        Shape ``(..., 2)``, within [0, 1]; all of it without trials.

    Raises:
        ValueError: counts that are negative, not whole or more successes than trials; a level or method there is not.

    Example:
        >>> [round(float(end), 4) for end in proportion_interval(1, 10)]
        [0.0179, 0.4042]
    """
    check_level(level)
    if method not in _ENDS:
        raise ValueError(f"`method` must be one of {', '.join(PROPORTION_METHODS)}; got {method!r}.")
    if concrete(successes, trials):
        k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
        bad = ~((k >= 0) & (n >= k) & (k == np.floor(k)) & (n == np.floor(n)) & np.isfinite(n))
        if bad.any():
            raise ValueError(
                f"`successes` must be whole numbers from 0 to `trials`; got {k[bad][0]:g} of {n[bad][0]:g}."
            )
    k, n = jnp.broadcast_arrays(*promote(successes, trials))
    return _interval(method, k, n, jnp.asarray(level, k.dtype))


@partial(jax.jit, static_argnames="method")
def _interval(method: str, k: Array, n: Array, level: Array) -> Array:
    some = n > 0
    ends = jnp.clip(_ENDS[method](jnp.where(some, k, 0.0), jnp.where(some, n - k, 1.0), level), 0.0, 1.0)
    return jnp.where(some[..., None], ends, jnp.asarray([0.0, 1.0], k.dtype))


def _about(centre: Array, n: Array, level: Array) -> Array:
    tail = 0.5 * (1.0 - level)
    half = normal_quantile(1.0 - tail, tail) * jnp.sqrt(centre * (1.0 - centre) / n)
    return jnp.stack([centre - half, centre + half], -1)


def _wald(k: Array, m: Array, level: Array) -> Array:
    return _about(k / (k + m), k + m, level)


def _agresti_coull(k: Array, m: Array, level: Array) -> Array:
    tail = 0.5 * (1.0 - level)
    squared = normal_quantile(tail, 1.0 - tail) ** 2
    n = k + m + squared
    return _about((k + 0.5 * squared) / n, n, level)


def _jeffreys(k: Array, m: Array, level: Array) -> Array:
    tail = 0.5 * (1.0 - level)
    low = jnp.where(k > 0, betaincinv(k + 0.5, m + 0.5, tail), 0.0)
    high = jnp.where(m > 0, betainccinv(k + 0.5, safe(m > 0, m, 1.0) + 0.5, tail), 1.0)
    return jnp.stack([low, high], -1)


def _wilson_continuity(k: Array, m: Array, level: Array) -> Array:
    return wilson_ends(k, m, level, 0.5)


_ENDS = {
    "wilson": wilson_ends,
    "wilson_continuity": _wilson_continuity,
    "agresti_coull": _agresti_coull,
    "clopper_pearson": clopper_pearson_ends,
    "jeffreys": _jeffreys,
    "wald": _wald,
}
PROPORTION_METHODS = tuple(_ENDS)
