r"""Is it noise? Tests of calibration that know what a calibrated model of so many rows shows.

.. math:: y_i^* \sim \text{Bernoulli}(p_i), \qquad p = \frac{1 + \#\{T^* \ge T\}}{1 + B}

References:
    Bröcker, J. and Smith, L. A. (2007). Increasing the reliability of reliability diagrams. Weather and Forecasting 22.
    Spiegelhalter, D. J. (1986). Probabilistic prediction in patient management and clinical trials. Stat. Med. 5.
    Hosmer, D. W. and Lemeshow, S. (1980). Goodness of fit tests for the multiple logistic regression model. Comm. Stat. 9.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, concrete, safe
from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.calibrate.scores import NORMS, ece
from jprob.calibrate.statistics import (
    STRATEGIES,
    Statistics,
    bin_of,
    check_top,
    coarsen,
    collected,
    edges_of,
    total_of,
)
from jprob.density import binomial
from jprob.special import gammaincc, normal_tails

__all__ = ["CalibrationTest", "GroupedTest", "ZTest", "calibration_test", "hosmer_lemeshow", "spiegelhalter"]

_AT_ONCE = 2**20  # simulated labels in memory


class CalibrationTest(NamedTuple):
    """A calibration error beside those of a model whose probabilities are right.

    Attributes:
        statistic: the error of the data. p_value: share of simulated errors that are no smaller, theirs included.
        null_mean: the error that noise alone shows. null_quantile: at the level; above it the error is more than noise.
        null: simulated errors, in increasing order, shape ``(simulations,)``.
    """

    statistic: Array
    p_value: Array
    null_mean: Array
    null_quantile: Array
    null: Array


class ZTest(NamedTuple):
    """A standardised sum.

    Attributes:
        statistic: standard normal if the probabilities are right; positive where labels are less predictable than they say.
        p_value: two-sided. degenerate: all probabilities are 0, ½ or 1, which this test says nothing about; p is then 1.
    """

    statistic: Array
    p_value: Array
    degenerate: Array


class GroupedTest(NamedTuple):
    """A chi-squared sum over groups.

    Attributes:
        statistic: the sum. p_value: upper tail. df: degrees of freedom.
        degenerate: too few groups differ; p is then 1.
    """

    statistic: Array
    p_value: Array
    df: Array
    degenerate: Array


def calibration_test(
    key: Array,
    probs: ArrayLike | Statistics,
    labels: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    strategy: str = "uniform",
    norm: str = "l1",
    level: float = 0.95,
    num_simulations: int = 999,
) -> CalibrationTest:
    """Whether an ECE is more than noise: labels are drawn from the predictions themselves, again and again.

    Exact at every size of sample, few rows and empty bins included: the p-value is at most α with probability α, if α
    times simulations + 1 is whole. Cost is simulations × rows; memory is not. Pure: works under ``jit`` and ``vmap``.

    Of sums, all labels of a bin are drawn at once, at the mean of its probabilities, which costs nothing for more rows. That
    errs by their spread in the bin: collect them in some hundred times ``num_bins`` bins, that it is none.

    Args:
        key: a JAX random key.
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label; or :class:`Statistics`
            of the top label, without weights, in a multiple of ``num_bins`` bins of equal width, and no labels.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins, strategy, norm: as for :func:`ece`. level: of the null's quantile. num_simulations: sets of labels.

    Returns:
        :class:`CalibrationTest`.

    Raises:
        ValueError: rows that are no probabilities and labels; options there are not.

    Example:
        >>> p = jnp.full(100, 0.9)
        >>> found = calibration_test(jax.random.key(0), p, jnp.arange(100) < 60, num_simulations=99)
        >>> round(float(found.statistic), 2), round(float(found.p_value), 2)  # 60 of 100 where 90 were forecast
        (0.3, 0.01)
    """
    for name, value in (("num_bins", num_bins), ("num_simulations", num_simulations)):
        check_positive_int(value, name)
    check_choice("strategy", strategy, STRATEGIES)
    check_choice("norm", norm, NORMS)
    check_level(level)
    if isinstance(probs, Statistics):
        check_top(probs)
        if concrete(probs.weight) and not bool(jnp.all(probs.weight == probs.weight_squared)):
            raise ValueError(
                "`probs` must be sums of rows without weights, whose labels can be drawn; got weighted ones."
            )
        return _drawn(key, probs, jnp.asarray(level, probs.weight.dtype), num_bins, norm, num_simulations)
    rows = top_label(scored(probs, labels, weights))
    return _simulated(key, rows, jnp.asarray(level, rows.scores.dtype), num_bins, strategy, norm, num_simulations)


@partial(jax.jit, static_argnums=(3, 4, 5, 6))
def _simulated(
    key: Array, rows: Rows, level: Array, num_bins: int, strategy: str, norm: str, num: int
) -> CalibrationTest:
    p = rows.scores
    edges = edges_of(p, num_bins, strategy)
    place, total = bin_of(p, edges, num_bins), jnp.sum(jnp.broadcast_to(rows.weights, p.shape))

    def error(y: Array) -> Array:
        if norm == "l1":
            return jnp.sum(jnp.abs(total_of(rows.weights * (y - p), place, num_bins))) / total
        return ece(collected(rows._replace(labels=y), edges, num_bins, "top"), norm=norm)

    def one(i: Array) -> Array:
        u = jax.random.uniform(jax.random.fold_in(key, i), p.shape, p.dtype)
        return error((u < p).astype(p.dtype))

    null = lax.map(one, jnp.arange(num), batch_size=max(1, min(num, _AT_ONCE // p.shape[0])))
    return _held_against(error(rows.labels), null, level)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _drawn(key: Array, sums: Statistics, level: Array, num_bins: int, norm: str, num: int) -> CalibrationTest:
    mean = jnp.clip(sums.confidence / safe(sums.weight > 0, sums.weight, 1.0), 0.0, 1.0)

    def one(i: Array) -> Array:
        hits = binomial.sample(jax.random.fold_in(key, i), sums.weight, mean)
        return ece(coarsen(sums._replace(hits=hits, gap=hits - sums.confidence), num_bins), norm=norm)

    null = lax.map(one, jnp.arange(num), batch_size=max(1, min(num, _AT_ONCE // mean.shape[0])))
    return _held_against(ece(coarsen(sums, num_bins), norm=norm), null, level)


def _held_against(own: Array, null: Array, level: Array) -> CalibrationTest:
    # sums of the same rows in another order differ in their last digits
    ties = own * (1.0 - 64.0 * jnp.finfo(null.dtype).eps)
    p_value = (1.0 + jnp.sum(null >= ties)) / (1.0 + null.shape[0])
    return CalibrationTest(own, p_value.astype(null.dtype), jnp.mean(null), jnp.quantile(null, level), jnp.sort(null))


def spiegelhalter(probs: ArrayLike, labels: ArrayLike, *, weights: ArrayLike | None = None) -> ZTest:
    r"""Spiegelhalter's z: the Brier score against what the probabilities expect of it. No bins.

    .. math:: z = \frac{\sum_i w_i (y_i - p_i)(1 - 2 p_i)}{\sqrt{\sum_i w_i^2 (1 - 2 p_i)^2 p_i (1 - p_i)}}

    It sees probabilities that are too extreme or too timid, not every other error.

    Args:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.

    Returns:
        :class:`ZTest`, each of shape ``()``.

    Raises:
        ValueError: rows that are no probabilities and labels.

    Example:
        >>> round(float(spiegelhalter([0.2] * 4, [0, 0, 0, 1]).statistic), 4)  # .6 * .2 / (.6 * .8)
        0.25
    """
    return _z(top_label(scored(probs, labels, weights)))


@jax.jit
def _z(rows: Rows) -> ZTest:
    p, y, w = rows
    lean = w * (1.0 - 2.0 * p)
    variance = jnp.sum(lean**2 * p * (1.0 - p))
    known = variance > 0
    z = jnp.where(known, jnp.sum(lean * (y - p)) / jnp.sqrt(safe(known, variance, 1.0)), 0.0)
    return ZTest(z, jnp.where(known, 2.0 * normal_tails(-jnp.abs(z)).lower, 1.0), ~known)


def hosmer_lemeshow(probs: ArrayLike, labels: ArrayLike, *, num_groups: int = 10, fitted: bool = False) -> GroupedTest:
    r"""Hosmer and Lemeshow's test: expected and observed counts in groups of about equal numbers of rows.

    .. math:: \sum_g \frac{(O_g - E_g)^2}{E_g (1 - E_g / n_g)}

    Caution: chi-squared only where groups expect several of both labels; :func:`calibration_test` needs no such thing.

    Args:
        probs: of label 1, shape ``(n,)``. labels: 0 and 1, shape ``(n,)``.
        num_groups: of rows. fitted: the probabilities are a logistic regression's on these rows, which takes two degrees.

    Returns:
        :class:`GroupedTest`, each of shape ``()``.

    Raises:
        ValueError: rows that are no probabilities and labels.

    Example:
        >>> found = hosmer_lemeshow([0.2] * 5 + [0.8] * 5, [0, 0, 0, 1, 1, 0, 0, 1, 1, 1], num_groups=2)
        >>> round(float(found.statistic), 4), int(found.df)  # twice 1² / (5 * .2 * .8)
        (2.5, 2)
    """
    check_positive_int(num_groups, "num_groups", 2)
    rows = top_label(scored(probs, labels))
    return _grouped(rows, num_groups, 2 * int(fitted))


@partial(jax.jit, static_argnums=(1, 2))
def _grouped(rows: Rows, num_groups: int, taken: int) -> GroupedTest:
    sums = collected(rows, edges_of(rows.scores, num_groups, "quantile"), num_groups, "top")
    some = sums.weight > 0
    expected = sums.confidence
    variance = expected * (1.0 - expected / safe(some, sums.weight, 1.0))
    sure = some & (variance <= 0)
    each = jnp.where(some & ~sure, sums.gap**2 / safe(variance > 0, variance, 1.0), 0.0)
    statistic = jnp.sum(jnp.where(sure & (sums.gap != 0), jnp.inf, each))
    df = jnp.sum(some & ~sure) - taken
    few = df < 1
    half = safe(~few, 0.5 * df.astype(statistic.dtype), 1.0)
    p = gammaincc(half, 0.5 * statistic)
    return GroupedTest(statistic, jnp.where(few & jnp.isfinite(statistic), 1.0, p), df, few)
