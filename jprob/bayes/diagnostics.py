r"""Convergence of Markov chains: rank-normalised split R-hat, effective sample sizes, energy.

Pure functions of draws of shape ``(chains, draws, ...)``, so that a thousand posteriors can be judged under ``vmap``.
The effective sample size of ``n`` draws in ``m`` chains is

.. math:: \frac{mn}{-1 + 2 \sum_{t \geq 0} \hat\rho_t}

with the sum cut and smoothed by Geyer's initial monotone sequence.

References:
    Vehtari, Gelman, Simpson, Carpenter & Bürkner, *Rank-normalization, folding, and localization: an improved R-hat
    for assessing convergence of MCMC*, Bayesian Analysis 16 (2021). C. Geyer, *Practical Markov chain Monte Carlo*,
    Statistical Science 7 (1992). M. Betancourt, *Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte
    Carlo* (2016), for the energy fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.scipy.stats import rankdata
from jax.typing import ArrayLike

from jprob._array import promote

__all__ = ["ebfmi", "ess", "ess_bulk", "ess_tail", "rhat"]

_MINIMUM_DRAWS = 4  # fewer cannot be split in two halves that have a variance


def _each_element(diagnostic: Callable[[Array], Array]) -> Callable[[ArrayLike], Array]:
    """Lift a diagnostic of one ``(chains, draws)`` array over the trailing axes; ``nan`` where it is not defined."""

    @jax.jit
    @wraps(diagnostic)
    def lifted(draws: ArrayLike) -> Array:
        (x,) = promote(draws)
        if x.ndim < 2:
            raise ValueError(f"`draws` must have shape (chains, draws, ...); got {x.shape}.")
        if x.shape[1] < _MINIMUM_DRAWS:
            return jnp.full(x.shape[2:], jnp.nan, x.dtype)
        flat = x.reshape(*x.shape[:2], -1)
        result = jax.vmap(diagnostic, in_axes=2)(flat)
        return jnp.where(jnp.isnan(flat).any((0, 1)), jnp.nan, result).reshape(x.shape[2:])

    return lifted


@_each_element
def rhat(draws: Array) -> Array:
    """Rank-normalised split R-hat of ``(chains, draws, ...)``, the larger of bulk and folded; at most 1.01 is good.

    One chain says nothing about whether chains agree: ``nan``.
    """
    if draws.shape[0] < 2:
        return jnp.full((), jnp.nan, draws.dtype)
    halves = _split(draws)
    folded = jnp.abs(halves - jnp.median(halves))
    return jnp.maximum(_variance_ratio(_normal_scores(halves)), _variance_ratio(_normal_scores(folded)))


@_each_element
def ess(draws: Array) -> Array:
    """Effective sample size for the mean of draws ``(chains, draws, ...)``."""
    return _ess(_split(draws))


@_each_element
def ess_bulk(draws: Array) -> Array:
    """Effective sample size of the rank-normalised draws: how well the centre is known; at least 400 is good."""
    return _ess(_normal_scores(_split(draws)))


@_each_element
def ess_tail(draws: Array) -> Array:
    """The smaller effective sample size of the 5 % and 95 % quantiles; at least 400 is good."""
    low, high = (_ess(_split((draws <= jnp.quantile(draws, q)).astype(draws.dtype))) for q in (0.05, 0.95))
    return jnp.minimum(low, high)


def ebfmi(energy: ArrayLike) -> Array:
    """Energy fraction of missing information by chain, ``(chains, draws)`` to ``(chains,)``; below 0.3 is bad."""
    (energy,) = promote(energy)
    return jnp.square(jnp.diff(energy, axis=-1)).mean(-1) / jnp.var(energy, axis=-1, ddof=1)


def _split(x: Array) -> Array:
    half = x.shape[1] // 2
    return jnp.concatenate([x[:, :half], x[:, -half:]])


def _normal_scores(x: Array) -> Array:
    """Blom's normal scores of the ranks in the pooled draws; ties share their average rank."""
    ranks = rankdata(x, axis=None).reshape(x.shape).astype(x.dtype)
    return ndtri((ranks - 0.375) / (x.size + 0.25))


def _variance_ratio(x: Array) -> Array:
    n = x.shape[1]
    between = n * jnp.var(x.mean(1), ddof=1)
    within = jnp.var(x, axis=1, ddof=1).mean()
    return jnp.sqrt((between / within + n - 1) / n)


def _ess(x: Array) -> Array:
    chains, n = x.shape
    within = _autocovariance(x).mean(0)  # averaged over chains, by lag
    pooled = within[0] + (jnp.var(x.mean(1), ddof=1) if chains > 1 else 0.0)
    rho = 1.0 - (within[0] * n / (n - 1) - within) / pooled
    rho = rho.at[0].set(1.0)
    size = jnp.asarray(x.size, x.dtype)
    effective = size / jnp.maximum(_integrated_time(rho), 1.0 / jnp.log10(size))
    return jnp.where(jnp.ptp(x) > 0, effective, size)  # constant draws: every one is as good as the first


def _autocovariance(x: Array) -> Array:
    """Biased autocovariance at every lag along the last axis, by the fast Fourier transform."""
    n = x.shape[-1]
    spectrum = jnp.fft.rfft(x - x.mean(-1, keepdims=True), 2 * n)
    return jnp.fft.irfft(jnp.square(jnp.abs(spectrum)), 2 * n)[..., :n] / n


def _integrated_time(rho: Array) -> Array:
    """−1 + 2 Σ ρ over Geyer's initial monotone sequence of pairs ρ(2k) + ρ(2k + 1)."""
    last = max((rho.size - 3) // 2, 0)
    pairs = rho[: 2 * last + 2].reshape(-1, 2)
    total = pairs.sum(1)
    first_bad = jnp.where((total <= 0).any(), jnp.argmax(total <= 0), last)
    monotone = jnp.where(jnp.arange(last + 1) < first_bad, jax.lax.cummin(total), 0.0)
    return -1.0 + 2.0 * monotone.sum() + jnp.maximum(pairs[first_bad, 0], 0.0)
