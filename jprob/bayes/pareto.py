r"""Pareto-smoothed importance sampling: weights whose largest are replaced by what their tail's law expects, and a verdict.

The largest weights are fitted by a generalised Pareto law; its shape k̂ says how many moments the weights have. Below
min(1 − 1/log₁₀ S, 0.7) means of S draws can be trusted, above they cannot, whatever their apparent error.

References:
    Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed importance sampling. JMLR 25.
    Zhang, J. and Stephens, M. A. (2009). A new and efficient estimation method for the generalized Pareto distribution.
    Technometrics 51.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jprob._array import finfo, promote, safe

__all__ = ["Smoothed", "believable", "largest_k", "resampled", "smoothed_weights"]

_SMALLEST_TAIL = 5
_LEVEL_SHARE = 0.99
_PRIOR = 10  # imagined observations of a shape of one half
_LEVEL = 0.01  # a tail that rises by less, as a share of the largest weight, is as good as level: what is left may be rounding


class Smoothed(NamedTuple):
    """Importance weights that were smoothed.

    Attributes:
        log_weights: normalised, shape ``(..., draws)``. k: shape of their tail, ``(...)``; −inf where the largest weights are
            within 1 % of each other.
        effective_draws: one over the sum of their squares, ``(...)``.
    """

    log_weights: Array
    k: Array
    effective_draws: Array


def largest_k(num_draws: int) -> float:
    """The shape up to which means of that many weighted draws can be trusted.

    >>> largest_k(100), largest_k(10_000)
    (0.5, 0.7)
    """
    return min(1.0 - 1.0 / math.log10(max(num_draws, 11)), 0.7)


def believable(weights: Smoothed) -> Array:
    """Whether means of weighted draws can be trusted: by the shape of the tail, or because the weights are nearly level.

    Where all draws but one in a hundred count in full, a tail of any shape changes nothing.
    """
    num = weights.log_weights.shape[-1]
    return (weights.k < largest_k(num)) | (weights.effective_draws > _LEVEL_SHARE * num)


def smoothed_weights(log_ratios: ArrayLike) -> Smoothed:
    """Normalised weights of draws from log ratios of the target's density to the proposal's.

    Args:
        log_ratios: shape ``(..., draws)``, up to a constant; −inf where the target has no density.

    Returns:
        :class:`Smoothed`.

    Raises:
        ValueError: fewer than 25 draws, whose tail cannot be told.

    Example:
        >>> found = smoothed_weights(jnp.zeros(100))
        >>> round(float(found.effective_draws), 3), float(found.k)
        (100.0, -inf)
    """
    (ratios,) = promote(log_ratios)
    if ratios.ndim == 0 or ratios.shape[-1] < 5 * _SMALLEST_TAIL:
        raise ValueError(f"`log_ratios` must have at least {5 * _SMALLEST_TAIL} draws; got shape {ratios.shape}.")
    flat = ratios.reshape(-1, ratios.shape[-1])
    found = jax.vmap(_one)(flat)
    return jax.tree.map(lambda a: a.reshape(ratios.shape[:-1] + a.shape[1:]), found)


def resampled(key: Array, draws: Array, log_weights: Array) -> Array:
    """As many draws again, each chosen by its weight; ``draws`` has the shape ``(draws, ...)``."""
    share = jnp.cumsum(jnp.exp(log_weights))
    level = jax.random.uniform(key, share.shape, share.dtype) * share[-1]
    return draws[jnp.minimum(jnp.searchsorted(share, level), share.size - 1)]


def _one(ratios: Array) -> Smoothed:
    num = ratios.shape[0]
    size = min(num // 5, math.isqrt(9 * num))
    shifted = ratios - jnp.max(ratios)
    order = jnp.argsort(shifted)
    tail = shifted[order[num - size :]]
    cutoff = jnp.maximum(shifted[order[num - size - 1]], math.log(finfo(shifted).tiny))
    beyond = jnp.exp(tail) - jnp.exp(cutoff)
    varies = beyond[-1] > _LEVEL
    k, scale = _pareto(safe(varies, beyond, 1.0) + 0.0 * beyond)
    levels = (jnp.arange(size, dtype=beyond.dtype) + 0.5) / size
    expected = scale * _quantile(levels, k)
    fits = varies & jnp.isfinite(k)
    new = jnp.where(fits, jnp.minimum(jnp.log(jnp.exp(cutoff) + expected), 0.0), tail)
    weights = shifted.at[order[num - size :]].set(new)
    weights = weights - logsumexp(weights)
    k = jnp.where(varies, jnp.where(jnp.isnan(k), jnp.inf, k), -jnp.inf)
    return Smoothed(weights, k, jnp.exp(-logsumexp(2.0 * weights)))


def _pareto(x: Array) -> tuple[Array, Array]:
    """Shape and scale of a generalised Pareto law from sorted exceedances, the shape drawn a little towards a half."""
    n = x.shape[0]
    grid = 30 + math.isqrt(n)
    quarter = x[math.floor(n / 4 + 0.5) - 1]
    place = jnp.arange(1, grid + 1, dtype=x.dtype)
    b = 1.0 / x[-1] + (1.0 - jnp.sqrt(grid / (place - 0.5))) / (3.0 * jnp.maximum(quarter, finfo(x).tiny))
    shape = jnp.mean(jnp.log1p(-b[:, None] * x), 1)
    profile = n * (jnp.log(-b / shape) - shape - 1.0)
    share = jax.nn.softmax(jnp.where(jnp.isnan(profile), -jnp.inf, profile))
    mean = jnp.sum(share * b)
    k = jnp.mean(jnp.log1p(-mean * x))
    return (n * k + _PRIOR * 0.5) / (n + _PRIOR), -k / mean


def _quantile(p: Array, k: Array) -> Array:
    """Of the law with scale one."""
    flat = jnp.abs(k) < 1e-6
    return jnp.where(flat, -jnp.log1p(-p), jnp.expm1(-safe(~flat, k, 1.0) * jnp.log1p(-p)) / safe(~flat, k, 1.0))
