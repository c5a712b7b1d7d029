r"""Anderson and Darling's distance of two samples: a gap in the tails counts as much as one in the middle.

.. math:: A^2 = \frac{n m}{n + m} \int \frac{(F_n - G_m)^2}{H (1 - H)}\, dH

Its limiting law is that of ``Σ χ²₁ / k(k + 1)``, whose tail is an integral between the poles of its transform,

.. math:: P(A^2 > z) = \frac1\pi \sum_{j \ge 1} (-1)^{j+1} \int_{2j(2j-1)}^{2j(2j+1)}
    \frac{e^{-uz/2}}{u} \sqrt{\frac{\pi u}{|\cos(\frac\pi2 \sqrt{1 + 4u})|}}\, du

Given ties, it is that of :math:`\sum w_j z_j^2` over the values, with shares w and normal z of correlations

.. math:: \rho_{jk} = s_j (1 - s_k) / \sqrt{v_j v_k}, \quad j < k, \qquad v_j = s_j (1 - s_j) - w_j / 4

at midranks s: fewer values, more variance and skewness, for which the tail is corrected.

References:
    Scholz, F. W. and Stephens, M. A. (1987). K-sample Anderson-Darling tests. JASA 82: ties by midranks, the variance.
    Smirnov, N. V. (1937). On the distribution of the ω² criterion: such tails in general.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob.monitor._inputs import check_judgement, samples, shaped
from jprob.monitor._null import skewed_tail
from jprob.monitor._pooled import Pooled, in_chunks, pooled
from jprob.monitor.result import Drift, judged, symmetric

__all__ = ["anderson_darling"]

_SPREAD = math.sqrt(2.0 * (math.pi**2 - 9.0) / 3.0)  # of the limiting law, whose mean is 1
_NODES, _TERMS = 24, 12


def anderson_darling(
    reference: ArrayLike, current: ArrayLike, *, alpha: float = 0.05, limit: float = 0.05, level: float = 0.95
) -> Drift:
    r"""Anderson and Darling's statistic of two samples, standardised as Scholz and Stephens do, with its p-value.

    nan is a value of its own, above all others.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``; four rows in all.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`. The statistic is ``(A² − 1) / σ``; the size is the integral of the squared gap, weighted, less its
        mean under the null: about a quarter of the squared difference of two normal means.

    Raises:
        ValueError: as :func:`ks`; fewer than four rows.

    Example:
        >>> result = anderson_darling([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0])
        >>> float(result.size), bool(result.alarm)
        (0.0, False)
    """
    check_judgement(alpha, level, limit)
    x, y = samples(reference, current)
    n, m = x.shape[1], y.shape[1]
    if n + m < 4:
        raise ValueError(f"`reference` and `current` must have at least four rows together; got {n + m}.")
    integral, error, spread = in_chunks(lambda x, y: _integral(n, m, pooled(x, y)), x, y)
    return shaped(_judged(n, m, integral, error, spread, alpha, limit, level), reference)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _integral(n: int, m: int, merged: Pooled) -> tuple[Array, Array, Array]:
    """``∫ (F − G)² / H(1 − H) dH`` with midranks, its standard error where the laws differ, and what ties do to its null."""
    z, i = merged
    num = n + m
    place = jnp.arange(1, num + 1, dtype=i.dtype)
    ends = (z[:, 1:] != z[:, :-1]) & ~jnp.isnan(z[:, :-1])
    ends = jnp.concatenate([ends, jnp.ones((z.shape[0], 1), bool)], 1)
    none = jnp.zeros((z.shape[0], 1), i.dtype)
    start = lax.cummax(jnp.where(jnp.concatenate([none.astype(bool), ends[:, :-1]], 1), place - 1, 0), axis=1)
    i_start = jnp.take_along_axis(jnp.concatenate([none, i], 1), start, 1)
    tied = (place - start).astype(z.dtype)
    j, j_start = place - i, start - i_start
    gap = (0.5 * ((i + i_start) / n - (j + j_start) / m)).astype(z.dtype)
    share = ((place + start) / (2.0 * num)).astype(z.dtype)
    spread = share * (1.0 - share) - tied / (4.0 * num)
    fine = ends & (spread > 0)
    weight = jnp.where(fine, tied / jnp.where(fine, spread, 1.0), 0.0) * ((num - 1.0) / num**2)
    # the slope of the integral in F − G, as a step function of a row's place
    slope = 2.0 * weight * gap
    beyond = jnp.cumsum(slope[:, ::-1], 1)[:, ::-1]
    centre = jnp.mean(beyond, 1, keepdims=True)
    error = jnp.sqrt(jnp.mean((beyond - centre) ** 2, 1) * (1.0 / n + 1.0 / m))
    same = jnp.broadcast_to(jnp.asarray(_untied(num), z.dtype), (z.shape[0], 2))
    null = lax.cond(
        jnp.any(tied > 1), lambda: _moments(jnp, jnp.where(fine, tied / num, 0.0), share, spread, fine), lambda: same
    )
    return jnp.sum(weight * gap**2, 1), error, null


def _moments(xp: Any, w: Any, s: Any, v: Any, fine: Any) -> Any:
    """Variance and skewness of ``Σ w z²``, from sums over pairs and triples in order; shape ``(..., 2)``."""
    v = xp.where(fine, v, 1.0)
    a, b, c = w * s**2 / v, w * s * (1.0 - s) / v, w * (1.0 - s) ** 2 / v

    def before(x: Any) -> Any:
        return xp.cumsum(x, -1) - x

    low = before(a)
    pairs = xp.sum(low * c, -1)
    mixed = xp.sum(before(a * w) * c + low * c * w, -1)
    triples = xp.sum(before(low * b) * c, -1)
    variance = 2.0 * (xp.sum(w**2, -1) + 2.0 * pairs)
    third = 8.0 * (xp.sum(w**3, -1) + 3.0 * mixed + 6.0 * triples)
    some = variance > 0
    skewness = xp.where(some, third / xp.where(some, variance, 1.0) ** 1.5, 0.0)
    return xp.stack([variance, skewness], -1)


def _untied(num: int) -> np.ndarray:
    """The same where all values differ."""
    w, s = np.full(num, 1.0 / num), (np.arange(num) + 0.5) / num
    return _moments(np, w, s, s * (1.0 - s) - 0.25 / num, np.ones(num, bool))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _judged(
    n: int, m: int, integral: Array, error: Array, null: Array, alpha: Array, limit: Array, level: Array
) -> Drift:
    rate = 1.0 / n + 1.0 / m
    statistic = (integral / rate - 1.0) / _deviation(n, m)
    variance, skewness = _untied(n + m)
    wider = jnp.sqrt(jnp.where(null[..., 0] > 0, null[..., 0] / variance, 1.0))
    p_value = _tied_tail(statistic / wider, jnp.maximum(null[..., 1], skewness), skewness)
    size = jnp.maximum(integral - rate, 0.0)
    interval = symmetric(size, jnp.sqrt(error**2 + (rate * _SPREAD * wider) ** 2), level)
    return judged(statistic, p_value, size, interval, alpha, limit)


def _deviation(n: int, m: int) -> float:
    """Standard deviation of A² of two samples (Scholz and Stephens, equation 4)."""
    num, k = float(n + m), 2.0
    inverse = 1.0 / np.arange(1.0, num)
    h, rates = float(inverse.sum()), 1.0 / n + 1.0 / m
    # Σ_{i<j} 1 / ((N − i) j)
    g = float((np.cumsum(inverse[::-1])[::-1][1:] * inverse[::-1][: int(num) - 2]).sum())
    a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * rates
    b = (2.0 * g - 4.0) * k**2 + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * rates - 8.0 * h + 4.0 * g - 6.0
    c = (6.0 * h + 2.0 * g - 2.0) * k**2 + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * rates + 4.0 * h
    d = (2.0 * h + 6.0) * k**2 - 4.0 * h * k
    return math.sqrt((a * num**3 + b * num**2 + c * num + d) / ((num - 1.0) * (num - 2.0) * (num - 3.0)))


def _tied_tail(score: Array, skewness: Array, usual: Array) -> Array:
    """From the limiting law's tail, without ties, to that of a single z², whose skewness is √8: both exact."""
    limit = _limit_tail(1.0 + _SPREAD * score)
    ours, theirs = skewed_tail(score, skewness), skewed_tail(score, jnp.full_like(score, usual))
    free = jnp.clip((math.sqrt(8.0) - skewness) / (math.sqrt(8.0) - usual), 0.0, 1.0)
    tiny = jnp.finfo(score.dtype).tiny
    fine = (limit > tiny) & (theirs > tiny)
    return jnp.where(fine, ours * (jnp.where(fine, limit, 1.0) / jnp.where(fine, theirs, 1.0)) ** free, limit)


def _limit_tail(z: Array) -> Array:
    """The limiting law's upper tail: with u = (v² − 1)/4 and Chebyshev's nodes around v = 4j."""
    x = np.cos((np.arange(_NODES) + 0.5) * math.pi / _NODES)
    v = 4.0 * np.arange(1, _TERMS + 1)[:, None] + x
    u = (v**2 - 1.0) / 4.0
    height = v / 2.0 / u * np.sqrt(math.pi * u * (1.0 - x**2) / np.cos(math.pi * x / 2.0)) / _NODES
    height *= np.where(np.arange(_TERMS)[:, None] % 2 == 0, 1.0, -1.0)
    held = jnp.maximum(z, 0.05)[..., None]
    tail = jnp.sum(jnp.asarray(height.ravel(), z.dtype) * jnp.exp(-held * jnp.asarray(u.ravel() / 2.0, z.dtype)), -1)
    return jnp.where(z > 0.05, tail, 1.0)
