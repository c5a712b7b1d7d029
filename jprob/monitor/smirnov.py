r"""Kolmogorov and Smirnov's distance of two samples, exact where there are few rows.

.. math:: D = \sup_x |F_n(x) - G_m(x)|

Under one continuous law every order of the n + m values is equally likely: a path over a lattice, n steps one way and
m the other. Its probability of touching the boundary ``|i/n − j/m| = D`` obeys a recursion in which nothing cancels,

.. math:: B(i, j) = \tfrac{i}{i + j} B(i - 1, j) + \tfrac{j}{i + j} B(i, j - 1), \quad B = 1 \text{ at and beyond the boundary.}

Ties make it conservative.

References:
    Hodges, J. L. (1958). The significance probability of the Smirnov two-sample test. Arkiv för Matematik 3.
    Viehmann, T. (2021). Numerically more stable computation of the p-values for the two-sample Kolmogorov-Smirnov test.
    Massart, P. (1990). The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality. Annals of Probability 18.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import in_pieces
from jprob.monitor._gap import largest_gaps
from jprob.monitor._inputs import check_judgement, samples, shaped
from jprob.monitor._pooled import Pooled, in_chunks, on_host, pooled
from jprob.monitor.result import Drift, judged
from jprob.special import kolmogorov_sf

__all__ = ["EXACT", "ks"]

EXACT = 2**20
"""The most ``n m`` for which p-values are exact; beyond, Kolmogorov's limiting law."""


def ks(
    reference: ArrayLike, current: ArrayLike, *, alpha: float = 0.05, limit: float = 0.1, level: float = 0.95
) -> Drift:
    r"""The largest gap between two empirical distribution functions, with its p-value.

    Exact up to a million pairs of rows (a thousand in each sample). nan is a value of its own, above all others, so that
    values that go missing are seen.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`, fields of shape ``()`` or ``(columns,)``. The size is the root of what D² exceeds its mean under the
        null by; the interval is D and Massart's band.

    Raises:
        ValueError: no rows or numbers, other columns, a level outside (0, 1).

    Example:
        >>> result = ks([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])  # one order of twenty, and its mirror image
        >>> float(result.statistic), round(float(result.p_value), 6)
        (1.0, 0.1)
    """
    check_judgement(alpha, level, limit)
    x, y = samples(reference, current)
    n, m = x.shape[1], y.shape[1]
    if on_host(x, y):
        gap = jnp.asarray(largest_gaps(np.asarray(x), np.asarray(y)), x.dtype)
    else:
        gap = in_chunks(lambda x, y: _gap(n, m, pooled(x, y)), x, y)
    return shaped(_judged(n, m, gap, alpha, limit, level), reference)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _gap(n: int, m: int, merged: Pooled) -> Array:
    """The largest gap, at the last of equal values."""
    z, i = merged
    j = jnp.arange(1, n + m + 1, dtype=i.dtype) - i
    apart = (z[:, 1:] != z[:, :-1]) & ~jnp.isnan(z[:, :-1])
    between = jnp.abs(i / n - j / m).astype(z.dtype)[:, :-1]
    return jnp.max(jnp.where(apart, between, 0.0), 1, initial=0.0)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _judged(n: int, m: int, gap: Array, alpha: Array, limit: Array, level: Array) -> Drift:
    rate = 1.0 / n + 1.0 / m
    exact = n * m <= EXACT
    p_value = _touching(n, m, gap) if exact else kolmogorov_sf(gap / math.sqrt(rate))
    size = jnp.sqrt(jnp.maximum(gap**2 - rate * math.pi**2 / 12.0, 0.0))
    reach = jnp.sqrt(-0.5 * jnp.log((1.0 - jnp.asarray(level, gap.dtype)) / 2.0) * rate)
    interval = jnp.clip(jnp.stack([gap - reach, gap + reach], -1), 0.0, 1.0)
    return judged(gap, p_value, size, interval, alpha, limit)


def _touching(n: int, m: int, gap: Array) -> Array:
    return in_pieces(lambda at: _touches(n, m, gap[at]), gap.size, 64)


def _touches(n: int, m: int, gap: Array) -> Array:
    """Probability that a path reaches the gap: B on the line i + j = s from that on the line before."""
    i = jnp.arange(n + 1)
    edge = jnp.round(gap * (n * m)).astype(jnp.int32)

    def step(before: Array, s: Array) -> tuple[Array, None]:
        j = s - i
        share = (i / jnp.maximum(s, 1)).astype(gap.dtype)
        mixed = share * jnp.roll(before, 1) + (1.0 - share) * before
        there = (j >= 0) & (j <= m)
        touches = jnp.abs(i * m - j * n) >= edge
        return jnp.where(there, jnp.where(touches, 1.0, mixed), 0.0).astype(gap.dtype), None

    start = jnp.where((i == 0) & (edge <= 0), 1.0, 0.0).astype(gap.dtype)
    last, _ = lax.scan(step, start, jnp.arange(1, n + m + 1))
    return last[n]
