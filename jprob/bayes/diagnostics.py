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
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import from_sort_keys, promote, sort_keys

__all__ = ["Diagnosis", "diagnose", "ebfmi", "ess", "ess_bulk", "ess_tail", "mcse_mean", "mcse_sd", "rhat"]

_MINIMUM_DRAWS = 4  # fewer cannot be split in two halves that have a variance


class Diagnosis(NamedTuple):
    """How far draws of a chain can be trusted, each of the shape of one draw.

    Attributes:
        rhat: rank-normalised split R-hat; ``nan`` for one chain.
        ess_bulk, ess_tail: effective draws for the centre and for the 5 % and 95 % quantiles.
        mcse_mean, mcse_sd: Monte Carlo standard errors of the mean and of the standard deviation.
    """

    rhat: Array
    ess_bulk: Array
    ess_tail: Array
    mcse_mean: Array
    mcse_sd: Array


def _each_element(diagnostic: Callable[[Array], Any]) -> Callable[[ArrayLike], Any]:
    """Lift a diagnostic of one ``(chains, draws)`` array over the trailing axes; ``nan`` where it is not defined."""

    @jax.jit
    @wraps(diagnostic)
    def lifted(draws: ArrayLike) -> Any:
        (x,) = promote(draws)
        if x.ndim < 2:
            raise ValueError(f"`draws` must have shape (chains, draws, ...); got {x.shape}.")
        flat = x.reshape(*x.shape[:2], -1)
        known = ~jnp.isnan(flat).any((0, 1)) & (x.shape[1] >= _MINIMUM_DRAWS)
        padded = (
            flat if x.shape[1] >= _MINIMUM_DRAWS else jnp.zeros((x.shape[0], _MINIMUM_DRAWS, flat.shape[2]), x.dtype)
        )
        result = jax.vmap(diagnostic, in_axes=2)(padded)
        return jax.tree.map(lambda r: jnp.where(known, r, jnp.nan).reshape(x.shape[2:]), result)

    return lifted


@_each_element
def diagnose(draws: Array) -> Diagnosis:
    """All diagnostics of draws ``(chains, draws, ...)`` at once, for less than they cost one by one."""
    halves = _split(draws)
    order = _ordered(halves)
    scores = _normal_scores(halves, order)
    return Diagnosis(
        rhat=_rhat(halves, order, scores),
        ess_bulk=_ess(scores),
        ess_tail=_tail(draws, order.values if draws.shape[1] % 2 == 0 else jnp.sort(draws, axis=None)),
        mcse_mean=_mean_error(draws),
        mcse_sd=_spread_error(draws),
    )


@_each_element
def rhat(draws: Array) -> Array:
    """Rank-normalised split R-hat of ``(chains, draws, ...)``, the larger of bulk and folded; at most 1.01 is good.

    One chain says nothing about whether chains agree: ``nan``.
    """
    halves = _split(draws)
    order = _ordered(halves)
    return _rhat(halves, order, _normal_scores(halves, order))


@_each_element
def ess(draws: Array) -> Array:
    """Effective sample size for the mean of draws ``(chains, draws, ...)``."""
    return _ess(_split(draws))


@_each_element
def ess_bulk(draws: Array) -> Array:
    """Effective sample size of the rank-normalised draws: how well the centre is known; at least 400 is good."""
    halves = _split(draws)
    return _ess(_normal_scores(halves, _ordered(halves)))


@_each_element
def ess_tail(draws: Array) -> Array:
    """The smaller effective sample size of the 5 % and 95 % quantiles; at least 400 is good."""
    return _tail(draws, _ordered(draws).values)


@_each_element
def mcse_mean(draws: Array) -> Array:
    """Monte Carlo standard error of the mean of draws ``(chains, draws, ...)``."""
    return _mean_error(draws)


@_each_element
def mcse_sd(draws: Array) -> Array:
    """Monte Carlo standard error of the standard deviation of draws ``(chains, draws, ...)``, by the delta method."""
    return _spread_error(draws)


def ebfmi(energy: ArrayLike) -> Array:
    """Energy fraction of missing information by chain, ``(chains, draws)`` to ``(chains,)``; below 0.3 is bad."""
    (energy,) = promote(energy)
    return jnp.square(jnp.diff(energy, axis=-1)).mean(-1) / jnp.var(energy, axis=-1, ddof=1)


def _split(x: Array) -> Array:
    half = x.shape[1] // 2
    return jnp.concatenate([x[:, :half], x[:, -half:]])


class _Order(NamedTuple):
    """Values in ascending order, and where each of them was."""

    values: Array
    places: Array


def _ordered(x: Array) -> _Order:
    keys = sort_keys(x.ravel())
    keys, places = lax.sort((keys, lax.iota(jnp.int32, x.size)), num_keys=1, is_stable=False)
    return _Order(from_sort_keys(keys, x.dtype), places)


def _normal_scores(x: Array, order: _Order) -> Array:
    """Blom's normal scores of the ranks in the pooled draws; ties share their average rank."""
    place = lax.iota(jnp.int32, x.size)
    new = jnp.concatenate([jnp.ones(1, bool), order.values[1:] != order.values[:-1]])
    first = lax.cummax(jnp.where(new, place, 0))
    last = lax.cummin(jnp.where(jnp.roll(new, -1), place, x.size), reverse=True)  # new[0] ends the last run
    rank = 1.0 + 0.5 * (first + last).astype(x.dtype)
    scores = ndtri((rank - 0.375) / (x.size + 0.25))
    return jnp.zeros(x.size, x.dtype).at[order.places].set(scores, unique_indices=True).reshape(x.shape)


def _rhat(halves: Array, order: _Order, scores: Array) -> Array:
    if halves.shape[0] < 4:  # halves of one chain
        return jnp.full((), jnp.nan, halves.dtype)
    folded = jnp.abs(halves - _quantile(order.values, 0.5))
    return jnp.maximum(_variance_ratio(scores), _variance_ratio(_normal_scores(folded, _ordered(folded))))


def _quantile(ordered: Array, q: float) -> Array:
    """By linear interpolation."""
    at = q * (ordered.size - 1)
    low = int(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, ordered.size - 1)] - ordered[low])


def _tail(draws: Array, ordered: Array) -> Array:
    low, high = (_ess(_split((draws <= _quantile(ordered, q)).astype(draws.dtype))) for q in (0.05, 0.95))
    return jnp.minimum(low, high)


def _mean_error(draws: Array) -> Array:
    return jnp.std(draws, ddof=1) / jnp.sqrt(_ess(_split(draws)))


def _spread_error(draws: Array) -> Array:
    square = jnp.square(draws - jnp.mean(draws))
    variance = jnp.mean(square)
    error = jnp.mean(jnp.square(square - variance)) / _ess(_split(square))
    return jnp.sqrt(error / jnp.where(variance > 0, 4.0 * variance, 1.0))


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
