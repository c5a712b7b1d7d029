r"""How long the blocks of a block bootstrap should be.

.. math:: b = \Big(\frac{2 G^2}{D}\Big)^{1/3} n^{1/3}, \quad G = \sum_k \lambda(k/M)\, |k|\, R(k), \quad
    D = 2\, \Big(\sum_k \lambda(k/M)\, R(k)\Big)^2

with R the autocovariances, λ flat up to 1/2 and falling to 0 at 1, and 4/3 in place of 2 in D for circular blocks.

References:
    Politis, D. N. and White, H. (2004). Automatic block-length selection for the dependent bootstrap. Econometric Reviews 23.
    Patton, A., Politis, D. N. and White, H. (2009). Correction. Econometric Reviews 28.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import promote

__all__ = ["BlockLength", "long_run_variance", "optimal_block_length"]


class BlockLength(NamedTuple):
    """Block lengths for a series, real numbers of at least nearly 0; take 1 for less.

    Attributes:
        stationary: mean length of the stationary bootstrap's blocks. circular: length of moving and circular blocks.
    """

    stationary: Array
    circular: Array


def optimal_block_length(x: ArrayLike) -> BlockLength:
    """The block lengths that make the variance of a mean most exact, for a stationary series.

    Args:
        x: a series, shape ``(n,)`` with n at least 8.

    Returns:
        :class:`BlockLength`, scalars; at most about min(3 √n, n / 3). nan for a constant series.

    Raises:
        ValueError: data of another shape, or too few.

    Example:
        >>> noise = jax.random.normal(jax.random.key(0), (2000,))
        >>> walk = jnp.convolve(noise, jnp.ones(20), "valid")  # a moving sum of twenty
        >>> best = optimal_block_length(walk)
        >>> bool(best.circular > 10 > optimal_block_length(noise).circular)
        True
    """
    (x,) = promote(x)
    if x.ndim != 1 or x.size < 8:
        raise ValueError(f"`x` must be one series of at least 8 values; got shape {x.shape}.")
    return _lengths(x)


def long_run_variance(x: ArrayLike) -> Array:
    """n times the variance of the mean of n values, for a stationary series: the variance with all autocovariances.

    By the flat-topped lag window of :func:`optimal_block_length`; of independent values it is their variance. The error of
    a mean of m consecutive values is the root of this over m, for m well beyond the memory of the series.

    Args:
        x: a series, shape ``(n,)`` with n at least 8.

    Returns:
        A scalar, not negative.

    Raises:
        ValueError: data of another shape, or too few.

    Example:
        >>> noise = jax.random.normal(jax.random.key(0), (4000,))
        >>> moved = jnp.convolve(noise, jnp.ones(4), "valid")  # variance 4, long-run variance 16
        >>> bool(abs(long_run_variance(moved) - 16.0) < 4.0)
        True
    """
    (x,) = promote(x)
    if x.ndim != 1 or x.size < 8:
        raise ValueError(f"`x` must be one series of at least 8 values; got shape {x.shape}.")
    _, spectrum, variance = _spectrum(x)
    return jnp.where(spectrum > 0, spectrum, variance)  # a window that is not positive may cross 0


@jax.jit
def _lengths(x: Array) -> BlockLength:
    n = x.size
    slope, spectrum, _ = _spectrum(x)
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    base = (slope / spectrum) ** 2 * n
    return BlockLength(*(jnp.minimum(jnp.cbrt(base * factor), longest) for factor in (1.0, 1.5)))


@jax.jit
def _spectrum(x: Array) -> tuple[Array, Array, Array]:
    """Sums of autocovariances over all lags, with the lag as a factor and without, and the variance."""
    n = x.size
    run = max(5, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + run
    gap = x - jnp.mean(x)
    num_lags = min(most, n - 2) + 1

    def after(values: Array, k: Array) -> Array:
        """The values from the k-th on, and zeros behind them."""
        return lax.dynamic_slice(jnp.concatenate([values, jnp.zeros_like(values)]), (k,), (n,))

    def at(k: Array) -> tuple[Array, Array]:
        # correlations over the stretches that a lag leaves, one step shorter at either end
        stretches = jnp.sum(after(gap**2, k + 1)) * jnp.sum(after(gap[::-1] ** 2, k + 1))
        return jnp.sum(after(gap, k) * gap), stretches

    products, spread = lax.map(at, jnp.arange(num_lags))
    quiet = jnp.abs(products) / jnp.sqrt(spread) < 2.0 * math.sqrt(math.log10(n) / n)
    # the first lag from which on a whole run of them is quiet
    calm = jnp.cumsum(quiet)
    rested = calm[run - 1 : -1] - calm[: num_lags - run] + quiet[: num_lags - run] == run
    last = jnp.where(jnp.any(rested), 2 * jnp.maximum(jnp.argmax(rested), 1), most)
    last = jnp.minimum(last, num_lags - 1).astype(x.dtype)
    k = jnp.arange(1, num_lags, dtype=x.dtype)
    window = jnp.where(k <= last, jnp.clip(2.0 * (1.0 - k / last), 0.0, 1.0), 0.0)
    covariance = products / n
    slope = 2.0 * jnp.sum(window * k * covariance[1:])
    spectrum = covariance[0] + 2.0 * jnp.sum(window * covariance[1:])
    return slope, spectrum, covariance[0]
