r"""Pearson's chi-squared and the likelihood ratio G over categories: words, whole numbers, or bins of other numbers.

With x and y rows of a category in reference and current sample, t = x + y and N = n + m,

.. math:: X^2 = \sum \frac{(m x - n y)^2}{n m t}, \qquad G = 2 \sum x \log\frac{x N}{t n} + y \log\frac{y N}{t m}

Categories that vanished or are new count like others. What is missing (nan) is a category.

References:
    Agresti, A. (2013). Categorical Data Analysis, 3rd edition, 3.2.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import xlogy
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete
from jprob.monitor._cells import cell_counts, frozen_cuts
from jprob.monitor._inputs import check_judgement, rows
from jprob.monitor._null import gamma_tail, null_moments, slope_variance
from jprob.monitor.result import Drift, judged, symmetric
from jprob.special import gammaincc

__all__ = ["chi2", "contingency", "g_test", "judge_table"]


def chi2(
    reference: ArrayLike | Sequence[str],
    current: ArrayLike | Sequence[str],
    *,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.1,
    level: float = 0.95,
) -> Drift:
    r"""Pearson's chi-squared test that two samples have the same categories, equally often.

    Numbers that are not whole are binned as :func:`psi` does. Values must be known now: under ``jit`` count first.

    Args:
        reference: words, whole numbers or others, shape ``(n,)`` or ``(n, columns)``. current: ``(m,)`` or ``(m, columns)``.
        num_bins: of numbers that are not whole.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`. The p-value is that of chi-squared with as many degrees of freedom as categories less one; the size
        is ``Σ (p − q)² / h``, with h the pooled shares, without bias: comparable to a PSI.

    Raises:
        ValueError: no rows, other columns, numbers beside words.

    Example:
        >>> result = chi2(["a"] * 60 + ["b"] * 40, ["a"] * 40 + ["b"] * 60)
        >>> round(float(result.statistic), 4), round(float(result.p_value), 4)  # 4 · 10² / 50
        (8.0, 0.0047)
    """
    return _tested("chi2", reference, current, num_bins, alpha, limit, level)


def g_test(
    reference: ArrayLike | Sequence[str],
    current: ArrayLike | Sequence[str],
    *,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.1,
    level: float = 0.95,
) -> Drift:
    r"""The likelihood ratio test that two samples have the same categories, equally often.

    Args:
        reference: as :func:`chi2`. current: likewise. num_bins: likewise.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`. The p-value is that of a gamma law with G's mean and variance given the totals, which few rows need.

    Raises:
        ValueError: as :func:`chi2`.

    Example:
        >>> round(float(g_test([0] * 60 + [1] * 40, [0] * 40 + [1] * 60).statistic), 4)  # 400 (.6 log 1.2 + .4 log .8)
        8.0542
    """
    return _tested("g_test", reference, current, num_bins, alpha, limit, level)


def contingency(reference: Any, current: Any, num_bins: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Counts of the union of both samples' categories, shape ``(columns, categories)``, empty ones behind."""
    if not concrete(reference, current):
        raise ValueError("`reference` and `current` must be known to find their categories; got traced arrays.")
    x, y = (_labels(name, values) for name, values in (("reference", reference), ("current", current)))
    if x.ndim not in (1, 2) or x.shape[1:] != y.shape[1:] or x.ndim != y.ndim:
        raise ValueError(
            f"`reference` and `current` must have shapes (n,) or (n, columns), of as many columns; got {x.shape}, {y.shape}."
        )
    if 0 in (len(x), len(y)):
        raise ValueError(f"`{'current' if len(x) else 'reference'}` must have at least one row; got none.")
    if (x.dtype.kind == "U") != (y.dtype.kind == "U"):
        raise ValueError("`reference` and `current` must both be words or both be numbers; got one of each.")
    if x.dtype.kind == "f" and not (_whole(x) and _whole(y)):
        a, b = rows(x, y)
        cuts = frozen_cuts(a, num_bins)
        return np.asarray(cell_counts(a, cuts)), np.asarray(cell_counts(b, cuts))
    columns = (x[:, None], y[:, None]) if x.ndim == 1 else (x, y)
    tables = [_table(a, b) for a, b in zip(columns[0].T, columns[1].T, strict=True)]
    width = max(table.shape[1] for table in tables)
    padded = np.stack([np.pad(table, ((0, 0), (0, width - table.shape[1]))) for table in tables], 1)
    return padded[0], padded[1]


@functools.partial(jax.jit, static_argnums=0)
def judge_table(
    name: str, x: Array, y: Array, alpha: float | Array, limit: float | Array, level: float | Array
) -> Drift:
    """``"chi2"`` or ``"g_test"`` of counts, as floats, of shape ``(columns, categories)``."""
    n, m = (jnp.maximum(jnp.sum(c, 1, keepdims=True), 1.0) for c in (x, y))
    rate, degrees = 1.0 / n[:, 0] + 1.0 / m[:, 0], jnp.maximum(jnp.sum(x + y > 0, 1) - 1.0, 0.0).astype(x.dtype)
    if name == "chi2":
        statistic = jnp.sum(_pearson(x, y, n, m), 1)
        mean, variance = degrees, 2.0 * degrees
        p_value = jnp.where(degrees > 0, gammaincc(jnp.maximum(degrees, 1.0) / 2.0, statistic / 2.0), 1.0)
    else:
        statistic = jnp.sum(_ratio(x, y, n, m), 1)
        mean, variance = null_moments(_ratio, x, y, jnp.zeros(x.shape[0], bool))
        p_value = gamma_tail(statistic, mean, variance)
    some = (jnp.sum(x, 1) > 0) & (jnp.sum(y, 1) > 0)
    statistic, p_value = jnp.where(some, statistic, 0.0), jnp.where(some, p_value, 1.0)
    weight = n / (n + m)
    part = {"chi2": _distance, "g_test": _information}[name]
    slopes = slope_variance(lambda p, q: part(p, q, weight), x, y, n, m)
    size = jnp.maximum(statistic - mean, 0.0) * rate
    return judged(statistic, p_value, size, symmetric(size, jnp.sqrt(slopes + variance * rate**2), level), alpha, limit)


def _tested(name: str, reference: Any, current: Any, num_bins: int, alpha: float, limit: float, level: float) -> Drift:
    check_positive_int(num_bins, "num_bins", 2)
    check_judgement(alpha, level, limit)
    x, y = (jnp.asarray(c, float) for c in contingency(reference, current, num_bins))
    result = judge_table(name, x, y, alpha, limit, level)
    return jax.tree.map(lambda a: a[0], result) if np.ndim(reference) == 1 else result


def _labels(name: str, values: Any) -> np.ndarray:
    """Words as they are, numbers as numbers."""
    found = np.asarray(values)
    if found.dtype.kind == "O":
        found = found.astype(str)
    if found.dtype.kind not in "biufUV":
        raise ValueError(f"`{name}` must be words or numbers; got {found.dtype}.")
    return found.astype(np.float32) if found.dtype.kind == "V" else found


def _whole(values: np.ndarray) -> bool:
    return bool((np.isnan(values) | np.isinf(values) | (values == np.floor(values))).all())


def _table(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    kinds, place = np.unique(np.concatenate([x, y]), return_inverse=True)
    return np.stack([np.bincount(part, minlength=len(kinds)) for part in (place[: len(x)], place[len(x) :])])


def _pearson(x: Array, y: Array, n: Array, m: Array) -> Array:
    t = x + y
    return n * m * (x / n - y / m) ** 2 / jnp.where(t > 0, t, 1.0)


def _ratio(x: Array, y: Array, n: Array, m: Array) -> Array:
    pooled = jnp.where(x + y > 0, x + y, 1.0) / (n + m)
    return 2.0 * (xlogy(x, x / (n * pooled)) + xlogy(y, y / (m * pooled)))


def _distance(p: Array, q: Array, weight: Array) -> Array:
    return (p - q) ** 2 / (weight * q + (1.0 - weight) * p)


def _information(p: Array, q: Array, weight: Array) -> Array:
    """G per ``n m / (n + m)``."""
    middle = weight * q + (1.0 - weight) * p
    return 2.0 * (q * jnp.log(q / middle) / (1.0 - weight) + p * jnp.log(p / middle) / weight)
