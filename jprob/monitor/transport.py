r"""Wasserstein's and the energy distance of two samples of numbers: gaps between distribution functions, in data units.

.. math:: W = \int |F_n - G_m|\, dx, \qquad E = \Big(2 \int (F_n - G_m)^2\, dx\Big)^{1/2}

Under one law the gap is a Brownian bridge over the pooled sample, ``\sqrt{1/n + 1/m}\, B(H(x))``: of few rows shuffled labels,
of many 2,000 bridges at 512 quantiles, the same for all columns, so that all nulls are one matrix product. The tail of
a p-value is that of a moved gamma law with the draws' first three moments; it goes below 1/2000.

References:
    del Barrio, E., Giné, E. and Matrán, C. (1999). Central limit theorems for the Wasserstein distance between the empirical
    and the true distributions. Annals of Probability 27.
    Székely, G. J. and Rizzo, M. L. (2013). Energy statistics. Journal of Statistical Planning and Inference 143.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob.monitor._inputs import check_judgement, samples, shaped
from jprob.monitor._null import shifted_gamma_tail
from jprob.monitor._paths import chance_paths, places
from jprob.monitor._pooled import Pooled, in_chunks, pooled
from jprob.monitor.result import Drift, judged, symmetric

__all__ = ["energy", "wasserstein"]


def wasserstein(
    reference: ArrayLike, current: ArrayLike, *, alpha: float = 0.05, limit: float = 0.25, level: float = 0.95
) -> Drift:
    r"""Wasserstein's distance: how far mass must be carried, in the units of the data.

    Infinities stand one range of the pooled numbers beyond the farthest, and so, above all, does nan: finite and seen.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`, fields of shape ``()`` or ``(columns,)``. The size, and its interval, are in standard deviations of
        the reference (its interquartile range over 1.349; of a constant one a sixth of all values' range): the root of what
        W² exceeds its mean under the null by.

    Raises:
        ValueError: no rows or numbers, other columns, a level outside (0, 1).

    Example:
        >>> result = wasserstein([0.0, 1.0, 2.0, 3.0], [5.0, 6.0, 7.0, 8.0])
        >>> float(result.statistic), bool(result.alarm)
        (5.0, True)
    """
    return _carried(1, reference, current, alpha, limit, level)


def energy(
    reference: ArrayLike, current: ArrayLike, *, alpha: float = 0.05, limit: float = 0.06, level: float = 0.95
) -> Drift:
    r"""Energy distance: ``(2 E|X − Y| − E|X − X'| − E|Y − Y'|)^{1/2}``.

    Infinities and nan as in :func:`wasserstein`.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`. The size is the *square* of the distance less its mean under the null, in standard deviations of the
        reference: about 0.56 times the squared difference of two normal means.

    Raises:
        ValueError: as :func:`wasserstein`.

    Example:
        >>> float(energy([0.0, 0.0], [2.0, 2.0]).statistic)  # the root of 2 · 2
        2.0
    """
    return _carried(2, reference, current, alpha, limit, level)


def _carried(power: int, reference: ArrayLike, current: ArrayLike, alpha: float, limit: float, level: float) -> Drift:
    check_judgement(alpha, level, limit)
    x, y = samples(reference, current)
    n, m = x.shape[1], y.shape[1]
    paths = chance_paths(n, m, x.dtype)

    def some(x: Array, y: Array) -> Drift:
        return _judged(power, n, m, pooled(*_within(x, y)), paths, alpha, limit, level)

    return shaped(in_chunks(some, x, y), reference)


@jax.jit
def _within(x: Array, y: Array) -> tuple[Array, Array]:
    """Both samples with what is infinite or missing one range beyond the rest."""
    z = jnp.concatenate([x, y], 1)
    finite = jnp.isfinite(z)
    largest = jnp.finfo(z.dtype).max / 8.0
    z = jnp.where(finite, jnp.clip(z, -largest, largest), z)
    low = jnp.min(jnp.where(finite, z, jnp.inf), 1, keepdims=True)
    high = jnp.max(jnp.where(finite, z, -jnp.inf), 1, keepdims=True)
    some = low <= high
    low, high = jnp.where(some, low, 0.0), jnp.where(some, high, 0.0)
    step = jnp.where(high > low, high - low, 1.0)
    beyond, before = jnp.minimum(high + step, largest), jnp.maximum(low - step, -largest)
    z = jnp.where(finite, z, jnp.where(z < 0, before, beyond))
    return z[:, : x.shape[1]], z[:, x.shape[1] :]


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _judged(
    power: int, n: int, m: int, merged: Pooled, paths: Array, alpha: Array, limit: Array, level: Array
) -> Drift:
    z, i = merged
    j = jnp.arange(1, n + m + 1, dtype=i.dtype) - i
    gap = (i / n - j / m).astype(z.dtype)[:, :-1]
    scale = _scale(z, i, n)
    integral = jnp.sum(jnp.abs(gap) ** power * jnp.diff(z, axis=1), 1)
    at = places(n, m) - 1
    widths = jnp.diff(z[:, at], axis=1).T / scale
    null = (jnp.abs(paths) ** power) @ widths
    found = integral / scale
    p_value = shifted_gamma_tail(found, null)
    # of a gap that is there, what sampling does to the integral is linear
    middle = (at[1:] + at[:-1]) // 2
    slope = jnp.sign(gap[:, middle]) if power == 1 else 2.0 * gap[:, middle]
    error = jnp.std(paths @ (slope.T * widths), 0)
    if power == 1:
        statistic, excess = integral, jnp.sqrt(jnp.maximum(found**2 - jnp.mean(null**2, 0), 0.0))
    else:
        statistic, excess = jnp.sqrt(2.0 * integral), jnp.maximum(2.0 * (found - jnp.mean(null, 0)), 0.0)
    error = power * jnp.sqrt(error**2 + jnp.var(null, 0))
    return judged(statistic, p_value, excess, symmetric(excess, error, level), alpha, limit)


def _scale(z: Array, i: Array, n: int) -> Array:
    """The reference's spread: of its quartiles, else its extremes, else a sixth of everything's; at least a billionth."""

    def rank(k: int) -> Array:
        return jnp.take_along_axis(z, jnp.argmax(i >= k, 1)[:, None], 1)[:, 0]

    quartiles = (rank(max(1, (3 * n) // 4)) - rank(max(1, n // 4))) / 1.349
    extremes = (rank(n) - rank(1)) / 2.0
    whole = z[:, -1] - z[:, 0]
    spread = jnp.where(quartiles > 0, quartiles, jnp.where(extremes > 0, extremes, whole / 6.0))
    return jnp.where(spread > 0, jnp.maximum(spread, 1e-9 * whole), 1.0)  # squares stay finite
