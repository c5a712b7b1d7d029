r"""Uniform: any point of an interval as likely as any other.

.. math:: f(x) = \frac{1}{b - a}, \quad a \le x \le b

All functions take the value first, then the ends ``low`` and ``high``, finite with ``low < high``, and broadcast;
results keep the floating dtype. ``nan`` for invalid ends, missing values stay ``nan``. The interval is closed and may be
wider than the largest float.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1995). Continuous Univariate Distributions, vol. 2, chapter 26.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe
from jprob.density import _uniforms
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Pair, two_product
from jprob.special import pair as pairs
from jprob.special.parts import log_parts

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpdf",
    "logsf",
    "mean",
    "mle",
    "mode",
    "pdf",
    "ppf",
    "sample",
    "sf",
    "variance",
]

_LOG2 = math.log(2.0)


def _half_width(low: Array, high: Array) -> Array:
    """Half of the width, which itself may overflow; positive and finite for valid ends."""
    return 0.5 * high - 0.5 * low


def _valid(low: Array, high: Array) -> Array:
    return positive(_half_width(low, high))


def _slopes(x: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    inside = (x >= low) & (x <= high)
    by_low = jnp.where(inside, 0.5 / _half_width(low, high), 0.0)
    return jnp.zeros_like(x), by_low, -by_low


@closed_form(_slopes)
def _log_density(x: Array, low: Array, high: Array) -> Array:
    half = _half_width(low, high)
    log = log_parts(half)
    value = -log.hi - (log.lo + _LOG2)
    value = jnp.where((x >= low) & (x <= high), value, -jnp.inf - x * x)  # missing data stay visible
    return jnp.where(positive(half), value, jnp.nan)


@elementwise
def logpdf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    r"""Log density at ``x``: :math:`-\log(b - a)` in [low, high], −inf outside.

    Args:
        x: points, shape ``(...)``. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``, in nats.

    Example:
        >>> round(float(logpdf(3.0, 1.0, 3.0)), 6)  # -log 2
        -0.693147
    """
    return _log_density(*jnp.broadcast_arrays(*promote(x, low, high)))


@elementwise
def pdf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``.

    Example:
        >>> round(float(pdf(3.0, 1.0, 3.0)), 6)
        0.5
    """
    return jnp.exp(logpdf(x, low, high))


def _shares(x: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Whether ``x`` is inside, and the shares of the interval below and above it; of an inner point if it is not."""
    inside = (x >= low) & (x <= high)
    x, low, high = safe(inside, x, 0.5), safe(inside, low, 0.0), safe(inside, high, 1.0)
    unit = jnp.where(
        high - low < jnp.inf, 1.0, 0.5
    )  # halves only where the width overflows: those of tiny floats vanish
    x, low, high = unit * x, unit * low, unit * high
    return inside, (x - low) / (high - low), (high - x) / (high - low)


def _continued(
    x: Array, low: Array, high: Array, inside: Array, value: Array, below: float | Array, above: float | Array
) -> Array:
    """A tail inside the interval, continued on either side."""
    known = _valid(low, high) & ~jnp.isnan(x)
    return jnp.where(known, jnp.where(inside, value, jnp.where(x < low, below, above)), jnp.nan)


def _log_share(share: Array, rest: Array) -> Array:
    small = share < 0.5
    inner = safe(small & (share > 0), share, 0.5)
    return jnp.where(small, jnp.where(share > 0, jnp.log(inner), -jnp.inf), jnp.log1p(-safe(~small, rest, 0.5)))


@elementwise
def cdf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Probability of at most ``x``.

    Args:
        x: points. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``, with relative accuracy however small.

    Example:
        >>> float(cdf(2.5, 2.0, 4.0))
        0.25
    """
    x, low, high = jnp.broadcast_arrays(*promote(x, low, high))
    inside, below, _ = _shares(x, low, high)
    return _continued(x, low, high, inside, below, 0.0, 1.0)


@elementwise
def sf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Probability of more than ``x``.

    Args:
        x: points. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``, with relative accuracy however small.

    Example:
        >>> float(sf(2.5, 2.0, 4.0))
        0.75
    """
    x, low, high = jnp.broadcast_arrays(*promote(x, low, high))
    inside, _, above = _shares(x, low, high)
    return _continued(x, low, high, inside, above, 1.0, 0.0)


@elementwise
def logcdf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        x: points. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``, in nats.

    Example:
        >>> round(float(logcdf(2.5, 2.0, 4.0)), 6)
        -1.386294
    """
    x, low, high = jnp.broadcast_arrays(*promote(x, low, high))
    inside, below, above = _shares(x, low, high)
    return _continued(x, low, high, inside, _log_share(below, above), -jnp.inf, 0.0)


@elementwise
def logsf(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Log of :func:`sf`.

    Args:
        x: points. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(x, low, high)``, in nats.

    Example:
        >>> round(float(logsf(3.5, 2.0, 4.0)), 6)
        -1.386294
    """
    x, low, high = jnp.broadcast_arrays(*promote(x, low, high))
    inside, below, above = _shares(x, low, high)
    return _continued(x, low, high, inside, _log_share(above, below), 0.0, -jnp.inf)


@closed_form(lambda near, far, share: (1.0 - share, share, far - near))
def _between(near: Array, far: Array, share: Array) -> Array:
    """The point a share of the way, relatively accurate also where it nearly meets zero."""
    half, other = 0.5 * near, 0.5 * far  # the largest float may not be split
    left, gained = two_product(share, half), two_product(share, other)
    exact = 2.0 * pairs.total(pairs.add(pairs.add(pairs.pair(half), Pair(-left.hi, -left.lo)), gained))
    return jnp.where(near == 0, share * far, exact)  # no digits to lose, but a tiny product's rest underflows


def _quantile(p: Array, q: Array, low: Array, high: Array) -> Array:
    """The point with lower tail ``p`` and upper tail ``q``, from the smaller, which is exact."""
    below = p <= q
    value = jnp.where(below, _between(low, high, safe(below, p, 0.5)), _between(high, low, safe(~below, q, 0.5)))
    return jnp.where(_valid(low, high) & (p >= 0) & (q >= 0), value, jnp.nan)


@elementwise
def ppf(q: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(q, low, high)``, with relative accuracy.

    Example:
        >>> float(ppf(0.25, 2.0, 4.0))
        2.5
    """
    q, low, high = jnp.broadcast_arrays(*promote(q, low, high))
    return _quantile(q, 1.0 - q, low, high)


@elementwise
def isf(q: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``.

    Args:
        q: upper-tail probabilities in [0, 1]. low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(q, low, high)``, with relative accuracy.

    Example:
        >>> float(isf(0.25, 2.0, 4.0))
        3.5
    """
    q, low, high = jnp.broadcast_arrays(*promote(q, low, high))
    return _quantile(1.0 - q, q, low, high)


@elementwise
def mean(low: ArrayLike, high: ArrayLike) -> Array:
    """Mean, the middle of the interval.

    Args:
        low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(low, high)``.

    Example:
        >>> float(mean(2.0, 4.0))
        3.0
    """
    low, high = promote(low, high)
    return jnp.where(_valid(low, high), 0.5 * low + 0.5 * high, jnp.nan)


@elementwise
def variance(low: ArrayLike, high: ArrayLike) -> Array:
    """Variance, a twelfth of the square of the width.

    Args:
        low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(low, high)``.

    Example:
        >>> round(float(variance(2.0, 4.0)), 6)
        0.333333
    """
    low, high = promote(low, high)
    return jnp.where(_valid(low, high), _half_width(low, high) ** 2 / 3.0, jnp.nan)


@elementwise
def mode(low: ArrayLike, high: ArrayLike) -> Array:
    """A point of highest density: of all those, the middle.

    Args:
        low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(low, high)``.

    Example:
        >>> float(mode(2.0, 4.0))
        3.0
    """
    return mean(low, high)


@elementwise
def entropy(low: ArrayLike, high: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\log(b - a)`.

    Args:
        low: lower end. high: upper end.

    Returns:
        Shape ``broadcast(low, high)``, in nats; negative for narrow ones.

    Example:
        >>> round(float(entropy(2.0, 4.0)), 6)
        0.693147
    """
    low, high = promote(low, high)
    return jnp.where(_valid(low, high), jnp.log(_half_width(low, high)) + _LOG2, jnp.nan)


def sample(key: Array, low: ArrayLike, high: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws in [low, high], as fine near either end as 32 bits allow, 64 in float64.

    Args:
        key: a JAX random key. low: lower end. high: upper end.
        shape: of the draws, in front of ``broadcast(low, high)``.

    Returns:
        Shape ``shape + broadcast(low, high)``; ``nan`` for invalid ends.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 2.0, 4.0, shape=(4,)).shape
        (4,)
    """
    low, high = jnp.broadcast_arrays(*promote(low, high))
    p, lower = _uniforms.tail(key, shape + low.shape, low.dtype)
    step = 2.0 * p * _half_width(low, high)
    draws = jnp.clip(jnp.where(lower, low + step, high - step), low, high)  # rounding must not leave the interval
    return jnp.where(_valid(low, high), draws, jnp.nan)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimates over the last axis: the smallest value and the largest.

    Both lie inside the true interval, so its width is always underestimated.

    Args:
        x: values, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; those of weight 0 are left out.

    Returns:
        ``{"low": ..., "high": ...}`` of shape ``(...)``; equal ends are no density.

    Example:
        >>> {name: float(value) for name, value in mle([2.0, 5.0, 3.0]).items()}
        {'low': 2.0, 'high': 5.0}
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    counted = weights > 0
    return {
        "low": jnp.min(x, -1, initial=jnp.inf, where=counted),
        "high": jnp.max(x, -1, initial=-jnp.inf, where=counted),
    }


family = family_of(
    globals(),
    "uniform",
    constraints={"low": "real", "high": "real"},
    support=lambda low, high: (jnp.asarray(low), jnp.asarray(high)),
    example_params={"low": -1.0, "high": 3.0},
)
