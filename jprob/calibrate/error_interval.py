r"""How large the calibration error can be: an interval that holds its level where the bootstrap does not.

The ECE of a sample is its true value plus what noise adds, and noise adds most where the truth is near zero. A bootstrap
adds it a second time: its percentile interval of a calibrated model never holds 0. Here the test is inverted instead.
Suppose true gaps :math:`\delta` of total L. The error of such a sample is simulated,

.. math:: T^*(L) = \sum_b \Big| \delta_b(L) + \sqrt{v_b}\, z_b \Big|, \qquad z_b \sim N(0, 1)

and L is in the interval if T is neither among the smallest nor among the largest of them. The same total makes the largest
errors if it sits in a single bin, and the smallest if all bins share it: the lower end takes the first, the upper end the second.
So the lower end is 0 exactly where :func:`calibration_test`, up to its normal noise, does not reject.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob import simulate
from jprob._array import check_level, check_positive_int, safe
from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.calibrate.scores import ece
from jprob.calibrate.statistics import STRATEGIES, Statistics, check_top, collected, edges_of

__all__ = ["ErrorInterval", "ece_bootstrap", "ece_interval"]

_HALVINGS = 30


class ErrorInterval(NamedTuple):
    """An expected calibration error and the values that the data do not contradict.

    Attributes:
        estimate: the ECE of the sample, noise included. interval: of the true one, shape ``(2,)``; where there are few rows
            it may end below the estimate.
        null_mean: what noise alone would show.
    """

    estimate: Array
    interval: Array
    null_mean: Array


def ece_interval(
    key: Array,
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
    level: float = 0.95,
    num_simulations: int = 2000,
) -> ErrorInterval:
    """ECE with an interval for the error of these bins without noise.

    O(rows + simulations × bins). Bins are held as they are, and noise is normal in each of them. Works under ``vmap``.

    Args:
        key: a JAX random key.
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label; or :class:`Statistics`
            of the top label, with their bins, and no labels.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins, strategy: as for :func:`ece`. level: of the interval. num_simulations: errors drawn for each end.

    Returns:
        :class:`ErrorInterval`.

    Raises:
        ValueError: rows that are no probabilities and labels; options there are not.

    Example:
        >>> found = ece_interval(jax.random.key(0), jnp.full(100, 0.9), jnp.arange(100) < 60)
        >>> round(float(found.estimate), 2), bool((found.interval[0] > 0.15) & (found.interval[1] < 0.45))
        (0.3, True)
    """
    check_positive_int(num_bins, "num_bins")
    check_positive_int(num_simulations, "num_simulations", 100)
    check_choice("strategy", strategy, STRATEGIES)
    check_level(level)
    if isinstance(probs, Statistics):
        check_top(probs)
        return _inverted(key, probs, jnp.asarray(level, probs.weight.dtype), num_simulations)
    rows = top_label(scored(probs, labels, weights))
    return _of_rows(key, rows, jnp.asarray(level, rows.scores.dtype), num_bins, strategy, num_simulations)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _of_rows(key: Array, rows: Rows, level: Array, num_bins: int, strategy: str, num: int) -> ErrorInterval:
    sums = collected(rows, edges_of(rows.scores, num_bins, strategy), num_bins, "top")
    return _inverted(key, sums, level, num)


@partial(jax.jit, static_argnums=3)
def _inverted(key: Array, sums: Statistics, level: Array, num: int) -> ErrorInterval:
    dtype, num_bins = sums.weight.dtype, sums.weight.shape[0]
    z = jax.random.normal(key, (num, num_bins), dtype)
    share = sums.weight / jnp.sum(sums.weight)
    gap = sums.gap / jnp.sum(sums.weight)
    own, sign = jnp.sum(jnp.abs(gap)), jnp.where(gap < 0, -1.0, 1.0)
    lone = jnp.where(jnp.arange(num_bins) == jnp.argmax(jnp.abs(gap)), sign, 0.0)
    tail = 0.5 * (1.0 - level)

    def errors(shape: Array, total: Array) -> Array:
        moved = total * shape
        return jnp.sum(jnp.abs(moved + jnp.sqrt(_variance(sums, moved)) * z), -1)

    def end(shape: Array, prob: Array) -> Array:
        """The total at which errors exceed the sample's with such a probability; 0 where they do without any."""

        def halve(ends: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            low, high = ends
            middle = 0.5 * (low + high)
            short = jnp.mean(errors(shape, middle) >= own) < prob
            return (jnp.where(short, middle, low), jnp.where(short, high, middle)), None

        (low, high), _ = lax.scan(halve, (jnp.zeros((), dtype), jnp.ones((), dtype)), None, length=_HALVINGS)
        return jnp.where(jnp.mean(errors(shape, jnp.zeros((), dtype)) >= own) >= prob, 0.0, 0.5 * (low + high))

    ends = jnp.stack([end(lone, tail), end(share * sign, 1.0 - tail)])
    return ErrorInterval(own, ends, jnp.mean(errors(share, jnp.zeros((), dtype))))


def _variance(sums: Statistics, moved: Array) -> Array:
    """Of each bin's share of the error, were its true frequency that much off its forecast."""
    total = jnp.sum(sums.weight)
    size = safe(sums.weight > 0, sums.weight, 1.0)
    forecast = sums.confidence / size
    spread = jnp.maximum(sums.confidence_squared / size - forecast**2, 0.0)
    rate = jnp.clip(forecast + moved * total / size, 0.0, 1.0)
    return jnp.maximum(rate * (1.0 - rate) - spread, 0.0) * sums.weight_squared / total**2


def ece_bootstrap(
    key: Array,
    probs: ArrayLike,
    labels: ArrayLike,
    *,
    num_bins: int = 15,
    num_resamples: int = 2000,
    method: str = "basic",
    level: float = 0.95,
    **options,
) -> simulate.Bootstrap:
    """ECE under resampling of its rows, by :func:`jprob.simulate.bootstrap`.

    Caution: resampling adds noise to noise. At 1,000 rows the basic interval of a calibrated model misses zero more often than
    not; :func:`ece_interval` does not. Its standard error is sound where the error is large.

    Args:
        key: a JAX random key. probs, labels: as for :func:`ece`. num_bins: of equal width.
        num_resamples, method, level: as there; so are further options, ``scheme="cluster"`` and ``groups`` above all.

    Returns:
        :class:`jprob.simulate.Bootstrap`.

    Raises:
        ValueError: rows that are no probabilities and labels; options that do not go together.

    Example:
        >>> found = ece_bootstrap(jax.random.key(0), jnp.full(100, 0.9), jnp.arange(100) < 60, num_resamples=200)
        >>> round(float(found.estimate), 2), bool(abs(found.standard_error - 0.049) < 0.015)  # √(.6 * .4 / 100)
        (0.3, True)
    """
    check_positive_int(num_bins, "num_bins")
    rows = top_label(scored(probs, labels))
    settings = {"num_resamples": num_resamples, "method": method, "level": level}
    return simulate.bootstrap(key, (rows.scores, rows.labels), _statistic(num_bins), **settings, **options)


@lru_cache(maxsize=64)
def _statistic(num_bins: int):
    """The same function for the same bins, so that it compiles once."""

    def error(data, weights):
        rows = Rows(data[0], data[1], weights)
        return ece(collected(rows, None, num_bins, "top"))

    return error
