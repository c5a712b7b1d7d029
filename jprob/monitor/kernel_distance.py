r"""Maximum mean discrepancy: how well any smooth function can tell two samples of vectors apart.

.. math:: MMD^2 = E\,k(X, X') - 2 E\,k(X, Y) + E\,k(Y, Y'), \qquad k(x, y) = e^{-|x - y|^2 / 2 h^2}

Unbiased, in blocks of some thousand rows so that the cost grows with the rows and not with their square; the null is that
of labels shuffled within blocks, the same shuffles for all of them in one matrix product.

References:
    Gretton, A. et al. (2012). A kernel two-sample test. JMLR 13: the test, the median distance as width.
    Zaremba, W., Gretton, A. and Blaschko, M. (2013). B-tests: low variance kernel two-sample tests. NeurIPS.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete, finfo, promote
from jprob.monitor._inputs import check_judgement, numbers
from jprob.monitor.result import Drift, judged, symmetric

__all__ = ["mmd"]

_BLOCK = 512  # rows of both samples
_WIDTH = 512  # rows of the reference whose median distance is the width


def mmd(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    bandwidth: float | None = None,
    num_permutations: int = 499,
    key: Array | None = None,
    alpha: float = 0.05,
    limit: float = 0.01,
    level: float = 0.95,
) -> Drift:
    r"""Squared maximum mean discrepancy of two samples of vectors, with its p-value by permutation.

    Columns should be on one scale. Rows are shuffled by a fixed key, so the answer is a function of the data.

    Args:
        reference: shape ``(n,)`` or ``(n, d)``, finite, two rows at least. current: shape ``(m,)`` or ``(m, d)``.
        bandwidth: h; the median distance between rows of the reference by default.
        num_permutations: the smallest p-value is one over one more. key: of other shuffles.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`, fields of shape ``()``. The statistic is unbiased and may be negative; the size is never.

    Raises:
        ValueError: fewer than two rows, other columns, values that are missing or infinite.

    Example:
        >>> result = mmd(np.arange(50.0), 100.0 + np.arange(50.0))
        >>> bool(result.alarm), round(float(result.p_value), 3)
        (True, 0.002)
    """
    check_judgement(alpha, level, limit)
    check_positive_int(num_permutations, "num_permutations")
    numbers("reference", reference)
    numbers("current", current)
    x, y = promote(reference, current)
    if x.ndim not in (1, 2) or y.ndim != x.ndim or x.shape[1:] != y.shape[1:]:
        raise ValueError(
            f"`reference` and `current` must have shapes (n, d) and (m, d), or (n,) and (m,); got {x.shape} and {y.shape}."
        )
    x, y = (sample.reshape(sample.shape[0], -1) for sample in (x, y))
    for name, sample in (("reference", x), ("current", y)):
        if sample.shape[0] < 2:
            raise ValueError(f"`{name}` must have at least two rows; got {sample.shape[0]}.")
        if concrete(sample) and not np.isfinite(np.asarray(sample)).all():
            raise ValueError(f"`{name}` must be finite; got values that are missing or infinite.")
    key = jax.random.key(20_261_122) if key is None else key
    return _tested(num_permutations, key, x, y, _width(x) if bandwidth is None else bandwidth, alpha, limit, level)


@jax.jit
def _width(x: Array) -> Array:
    rows = x[:: -(-x.shape[0] // _WIDTH)]
    squared = _squared(rows, rows)
    apart = ~jnp.eye(rows.shape[0], dtype=bool)
    median = jnp.sqrt(jnp.nanmedian(jnp.where(apart & (squared > 0), squared, jnp.nan)))
    return jnp.where(jnp.isnan(median), 1.0, median)


def _squared(x: Array, y: Array) -> Array:
    """Squared distances, by differences where columns are few: nothing cancels."""
    if x.shape[1] <= 8:
        return sum((jnp.square(a[:, None] - b) for a, b in zip(x.T, y.T, strict=True)), jnp.zeros((), x.dtype))
    centre = jnp.mean(x, 0)
    x, y = x - centre, y - centre
    inner = jnp.matmul(x, y.T, precision=lax.Precision.HIGHEST)
    return jnp.maximum(jnp.sum(x * x, 1)[:, None] + jnp.sum(y * y, 1) - 2.0 * inner, 0.0)


@functools.partial(jax.jit, static_argnums=0)
def _tested(num: int, key: Array, x: Array, y: Array, width: Array, alpha: Array, limit: Array, level: Array) -> Drift:
    blocks = max(1, min(-(-(x.shape[0] + y.shape[0]) // _BLOCK), x.shape[0] // 2, y.shape[0] // 2))
    of_x, of_y = (
        sample[jax.random.permutation(jax.random.fold_in(key, which), sample.shape[0])]
        for which, sample in enumerate((x, y))
    )
    n, m = x.shape[0] // blocks, y.shape[0] // blocks
    first = of_x[: blocks * n].reshape(blocks, n, -1)
    second = of_y[: blocks * m].reshape(blocks, m, -1)
    mine = jnp.arange(n + m) < n

    def block(state: Array, index: Array) -> tuple[Array, Array]:
        z = jnp.concatenate([first[index], second[index]])
        k = jnp.exp(-_squared(z, z) / (2.0 * width**2)) * ~jnp.eye(n + m, dtype=bool)
        own = jax.random.fold_in(jax.random.fold_in(key, 2), index)
        order = jnp.argsort(jax.random.bits(own, (num, n + m)), -1)
        labels = jnp.concatenate([mine[None], order < n]).astype(x.dtype).T
        inner = jnp.matmul(k, labels, precision=lax.Precision.HIGHEST)
        rows = jnp.sum(k, 1)
        within, towards = jnp.sum(labels * inner, 0), labels.T @ rows
        both = towards - within
        rest = jnp.sum(rows) - 2.0 * towards + within
        found = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2.0 * both / (n * m)
        # what one row adds: the witness function at its place
        witness = jnp.where(mine, inner[:, 0] / (n - 1) - (rows - inner[:, 0]) / m, 0.0)
        other = jnp.where(mine, 0.0, inner[:, 0] / n - (rows - inner[:, 0]) / (m - 1))
        return state + found / blocks, 4.0 * jnp.stack([jnp.var(witness[:n]) / n, jnp.var(other[n:]) / m]).sum()

    draws, variances = lax.scan(block, jnp.zeros(num + 1, x.dtype), jnp.arange(blocks))
    statistic, null = draws[0], draws[1:]
    slack = 64.0 * finfo(x).eps * jnp.max(jnp.abs(draws))
    p_value = (1.0 + jnp.sum(null >= statistic - slack)) / (num + 1.0)
    error = jnp.sqrt(jnp.mean(variances) / blocks + jnp.var(null))
    size = jnp.maximum(statistic, 0.0)
    return judged(statistic, p_value, size, symmetric(size, error, level), alpha, limit)
