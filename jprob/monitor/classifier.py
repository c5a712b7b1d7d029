r"""The classifier two-sample test: whether a model can tell from a row which sample it is from.

A logistic regression on the columns, their squares and what is missing is fitted on one half of the rows and scores the
other, then the other way round. Its area under the ROC curve is ½ where the samples are alike, with the variance of
Mann and Whitney's statistic,

.. math:: \mathrm{Var}\, A = \frac{n + m + 1}{12\, n\, m}

in each half. Both areas come from the product of what the two halves show, so their mean varies as much as either. What
a margin shows, in place or spread, the test sees in many columns at once; other changes it may not.

References:
    Lopez-Paz, D. and Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR.
    DeLong, E. R. et al. (1988). Comparing the areas under two or more correlated ROC curves. Biometrics 44: the interval.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob.estimate import fit_model
from jprob.monitor._inputs import check_judgement, samples
from jprob.monitor.result import Drift, judged, symmetric
from jprob.special import normal_tails

__all__ = ["classifier_test"]

_WIDEST = 5.0  # standard deviations: beyond, a row says no more
_SCALE = 3.0  # of the prior of a coefficient, so that samples that are wholly apart have a fit


def classifier_test(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    key: Array | None = None,
    alpha: float = 0.05,
    limit: float = 0.05,
    level: float = 0.95,
) -> Drift:
    r"""How well a logistic regression tells two samples apart on rows it has not seen, with its p-value.

    Rows are halved by a fixed key, so the answer is a function of the data.

    Args:
        reference: shape ``(n,)`` or ``(n, d)``, four rows at least; nan and infinities count as missing, which is seen.
        current: shape ``(m,)`` or ``(m, d)``, likewise.
        key: of other halves.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`, fields of shape ``()``. The statistic is the area under the curve; the size is what it exceeds ½ by.

    Raises:
        ValueError: fewer than four rows, other columns, no numbers.

    Example:
        >>> x = jnp.arange(20.0)
        >>> result = classifier_test(x, 100.0 + x)
        >>> float(result.statistic), bool(result.alarm)
        (1.0, True)
    """
    check_judgement(alpha, level, limit)
    x, y = samples(reference, current)
    for name, sample in (("reference", x), ("current", y)):
        if sample.shape[1] < 4:
            raise ValueError(f"`{name}` must have at least four rows; got {sample.shape[1]}.")
    key = jax.random.key(20_261_122) if key is None else key
    of_x, of_y = (_halved(jax.random.fold_in(key, which), sample.T) for which, sample in enumerate((x, y)))
    areas, variances, rates = zip(*(_area(of_x, of_y, held) for held in (0, 1)), strict=True)
    area = jnp.mean(jnp.stack(areas))
    error = jnp.sqrt(jnp.mean(jnp.stack(variances)))
    deviation = math.sqrt(sum(rates) / 2.0)
    p_value = normal_tails((area - 0.5) / deviation).upper
    size = jnp.maximum(area - 0.5, 0.0)
    interval = jnp.minimum(symmetric(size, error, level), 0.5)
    return judged(area, p_value, size, interval, alpha, limit)


@jax.jit
def _halved(key: Array, rows: Array) -> tuple[Array, Array]:
    rows = rows[jax.random.permutation(key, rows.shape[0])]
    return rows[: rows.shape[0] // 2], rows[rows.shape[0] // 2 :]


def _area(x: tuple[Array, Array], y: tuple[Array, Array], held: int) -> tuple[Array, Array, float]:
    """Area under the curve of one half, by the model of the other; its variance, and that under the null."""
    features, labels, judged_x, judged_y = _features(x[1 - held], y[1 - held], x[held], y[held])
    fit = fit_model(_logistic, jnp.zeros(features.shape[1], features.dtype), (features, labels), log_prior=_ridge)
    area, variance = _mann_whitney(judged_x @ fit.params, judged_y @ fit.params)
    n, m = x[held].shape[0], y[held].shape[0]
    return area, variance, (n + m + 1.0) / (12.0 * n * m)


@jax.jit
def _features(x: Array, y: Array, held_x: Array, held_y: Array) -> tuple[Array, Array, Array, Array]:
    """A constant, standardised columns, their squares and what is missing, by the rows that are fitted."""
    z = jnp.concatenate([x, y])
    finite = jnp.isfinite(z)
    count = jnp.maximum(jnp.sum(finite, 0), 1)
    mean = jnp.sum(jnp.where(finite, z / count, 0.0), 0)
    deviation = jnp.sqrt(jnp.sum(jnp.where(finite, (z - mean) ** 2 / count, 0.0), 0))

    def of(rows: Array) -> Array:
        there = jnp.isfinite(rows)
        score = (rows - mean) / jnp.where(deviation > 0, deviation, 1.0)
        score = jnp.where(there, jnp.clip(score, -_WIDEST, _WIDEST), 0.0)
        return jnp.concatenate([jnp.ones_like(rows[:, :1]), score, score**2 - 1.0, 1.0 - there.astype(rows.dtype)], 1)

    labels = (jnp.arange(z.shape[0]) >= x.shape[0]).astype(z.dtype)
    return of(z), labels, of(held_x), of(held_y)


def _logistic(coefficients: Array, data: tuple[Array, Array]) -> Array:
    features, labels = data
    log_odds = features @ coefficients
    return labels * log_odds - jnp.logaddexp(0.0, log_odds)


def _ridge(coefficients: Array) -> Array:
    return -0.5 * jnp.sum((coefficients / _SCALE) ** 2)


@jax.jit
def _mann_whitney(x: Array, y: Array) -> tuple[Array, Array]:
    """The share of pairs in which the current row scores higher, ties as halves, and its variance."""

    def above(these: Array, those: Array) -> Array:
        ordered = jnp.sort(those)
        below = functools.partial(jnp.searchsorted, ordered, these)
        return (below(side="left") + below(side="right")).astype(x.dtype) / (2.0 * those.size)

    placed = above(y, x)
    return jnp.mean(placed), jnp.var(placed) / y.size + jnp.var(above(x, y)) / x.size
