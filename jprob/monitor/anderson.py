r"""Anderson and Darling's distance of two samples: a gap in the tails counts as much as one in the middle.

.. math:: A^2 = \frac{n m}{n + m} \int \frac{(F_n - G_m)^2}{H (1 - H)}\, dH

Its limiting law is that of ``Σ χ²₁ / k(k + 1)``, whose tail is an integral between the poles of its transform,

.. math:: P(A^2 > z) = \frac1\pi \sum_{j \ge 1} (-1)^{j+1} \int_{2j(2j-1)}^{2j(2j+1)}
    \frac{e^{-uz/2}}{u} \sqrt{\frac{\pi u}{|\cos(\frac\pi2 \sqrt{1 + 4u})|}}\, du

References:
    Scholz, F. W. and Stephens, M. A. (1987). K-sample Anderson-Darling tests. JASA 82: ties by midranks, the variance.
    Smirnov, N. V. (1937). On the distribution of the ω² criterion: such tails in general.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob.monitor._inputs import check_judgement, samples, shaped
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
    integral, error = in_chunks(lambda x, y: _integral(n, m, pooled(x, y)), x, y)
    return shaped(_judged(n, m, integral, error, alpha, limit, level), reference)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _integral(n: int, m: int, merged: Pooled) -> tuple[Array, Array]:
    """``∫ (F − G)² / H(1 − H) dH`` with midranks, and its standard error where the laws differ."""
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
    return jnp.sum(weight * gap**2, 1), error


@functools.partial(jax.jit, static_argnums=(0, 1))
def _judged(n: int, m: int, integral: Array, error: Array, alpha: Array, limit: Array, level: Array) -> Drift:
    rate = 1.0 / n + 1.0 / m
    statistic = (integral / rate - 1.0) / _deviation(n, m)
    p_value = _limit_tail(1.0 + _SPREAD * statistic)
    size = jnp.maximum(integral - rate, 0.0)
    interval = symmetric(size, jnp.sqrt(error**2 + (rate * _SPREAD) ** 2), level)
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
