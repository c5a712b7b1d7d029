r"""Control charts: a series against what it should be, with limits that are meant to be crossed at a stated rate.

.. math:: \text{EWMA: } z_t = \lambda x_t + (1 - \lambda) z_{t-1}, \qquad
    \text{CUSUM: } S^\pm_t = \max\Big(0,\; S^\pm_{t-1} \pm \frac{x_t - \mu}{\sigma} - k\Big)

A single point beyond three sigma is Shewhart's alarm; EWMA and CUSUM add up what single points hide, and see a small lasting
shift much sooner. Every chart goes on from its state: a stream cut anywhere gives what the whole gives. A missing value
is passed over. Limits for a wanted run length are those of :func:`jprob.monitor.design_limits`.

References:
    Montgomery, D. C. (2013). Introduction to Statistical Quality Control, 7th ed., chapters 6, 7 and 9.
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41.
    Hinkley, D. V. (1971). Inference about the change-point from cumulative sum tests. Biometrika 58.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.density import binomial

__all__ = ["Chart", "binomial_limits", "cusum", "ewma", "page_hinkley", "shewhart"]


class Chart(NamedTuple):
    """A series with its limits; time is the last axis.

    Attributes:
        statistic: what is held against the limits, shape ``(..., time)``: the points, their average, or of two sums the
            larger with the sign of its side.
        lower: limit, shape ``(..., time)`` or a scalar. upper: likewise.
        alarm: beyond a limit, shape ``(..., time)``.
        first_alarm: its index from 0, shape ``(...)``; −1 where there is none.
        state: to go on from with the next points.
    """

    statistic: Array
    lower: Array
    upper: Array
    alarm: Array
    first_alarm: Array
    state: Any


class _Sums(NamedTuple):
    """Both one-sided sums, and for a centre that is learnt the number and mean of the points so far."""

    above: Array
    below: Array
    number: Array
    mean: Array


def shewhart(x: ArrayLike, *, centre: ArrayLike, scale: ArrayLike, limit: float = 3.0) -> Chart:
    """Every point by itself: an alarm beyond ``limit`` scales from the centre.

    At three sigma a normal series in order raises an alarm once in 370 points, and one that has moved by a sigma once in 44.
    Of means of dependent values the scale is not σ/√n: see :func:`jprob.simulate.long_run_variance`.

    Args:
        x: points, shape ``(..., time)``. centre: where they should lie. scale: standard error of a point, positive; both
            scalars or ``(..., time)``.
        limit: in scales.

    Returns:
        :class:`Chart`, without a state.

    Raises:
        ValueError: no axis of time, a scale or limit that is not positive.

    Example:
        >>> chart = shewhart([0.1, -0.4, 3.5], centre=0.0, scale=1.0)
        >>> chart.alarm.tolist(), int(chart.first_alarm)
        ([False, False, True], 2)
    """
    x, centre, scale = _entered(x, centre, scale, limit)
    lower, upper = centre - limit * scale, centre + limit * scale
    return _chart(x, lower, upper, (x < lower) | (x > upper), ())


def ewma(
    x: ArrayLike,
    *,
    centre: ArrayLike,
    scale: ArrayLike,
    weight: float = 0.2,
    limit: float = 2.859,
    state: Array | None = None,
) -> Chart:
    """An exponentially weighted moving average, with its limits of many points on.

    The default alarms a normal series in order once in 370 points, and a shift of one sigma after ten.

    Args:
        x: points, shape ``(..., time)``. centre: where they should lie. scale: standard error of a point; both scalars or
            ``(...)``.
        weight: λ of the newest point, in (0, 1].
        limit: in standard deviations of the average, σ √(λ / (2 − λ)).
        state: of the chart of the points before.

    Returns:
        :class:`Chart`; its state is the average, shape ``(...)``.

    Raises:
        ValueError: as :func:`shewhart`; a weight outside (0, 1].

    Example:
        >>> [float(z) for z in ewma([1.0, 1.0], centre=0.0, scale=1.0, weight=0.5).statistic]
        [0.5, 0.75]
    """
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"`weight` must lie in (0, 1]; got {weight}.")
    x, centre, scale = _entered(x, centre, scale, limit)
    start = jnp.broadcast_to(centre, x.shape[:-1]) if state is None else jnp.asarray(state, x.dtype)

    def step(average: Array, point: Array) -> tuple[Array, Array]:
        average = jnp.where(jnp.isnan(point), average, average + weight * (point - average))
        return average, average

    last, path = _scanned(step, start, x)
    half = limit * scale * (weight / (2.0 - weight)) ** 0.5
    lower, upper = (_along(end, x) for end in (centre - half, centre + half))
    return _chart(path, lower, upper, ((path < lower) | (path > upper)) & ~jnp.isnan(x), last)


def cusum(
    x: ArrayLike,
    *,
    centre: ArrayLike,
    scale: ArrayLike,
    slack: float = 0.5,
    limit: float = 5.0,
    state: Any = None,
) -> Chart:
    """Two cumulative sums, one for either side, in units of the scale.

    The default alarms a normal series in order once in 465 points, and a shift of one sigma after ten. The slack is half
    the shift to be found.

    Args:
        x: points, shape ``(..., time)``. centre: where they should lie. scale: standard error of a point; both scalars or
            ``(...)``.
        slack: k, what a point may deviate for nothing. limit: h; both in scales.
        state: of the chart of the points before.

    Returns:
        :class:`Chart`; the statistic is S⁺, or −S⁻ where that is the larger.

    Raises:
        ValueError: as :func:`shewhart`; a negative slack.

    Example:
        >>> [float(s) for s in cusum([2.0, 2.0, -9.0], centre=0.0, scale=1.0).statistic]
        [1.5, 3.0, -8.5]
    """
    x, centre, scale = _entered(x, centre, scale, limit)
    return _summed(x, lambda sums, point: centre, scale, slack, limit, state)


def page_hinkley(
    x: ArrayLike, *, scale: ArrayLike, slack: float = 0.25, limit: float = 8.0, state: Any = None
) -> Chart:
    """Page and Hinkley's test: cumulative sums about the mean of all points so far, where no centre is known.

    A change early on is learnt as the centre, and not found. With a known centre this is :func:`cusum`.

    Args:
        x: points, shape ``(..., time)``. scale: standard error of a point.
        slack: what a point may deviate for nothing. limit: both in scales.
        state: of the chart of the points before.

    Returns:
        :class:`Chart`, as of :func:`cusum`.

    Raises:
        ValueError: as :func:`cusum`.

    Example:
        >>> chart = page_hinkley([0.0] * 20 + [4.0] * 5, scale=1.0)
        >>> int(chart.first_alarm)
        22
    """
    x, _, scale = _entered(x, 0.0, scale, limit)

    def learnt(sums: _Sums, point: Array) -> Array:
        return sums.mean + (point - sums.mean) / (sums.number + 1.0)

    return _summed(x, learnt, scale, slack, limit, state)


def binomial_limits(trials: ArrayLike, p: ArrayLike, *, run_length: float = 370.0) -> tuple[Array, Array]:
    """Exact limits for counts of a rare event, where three sigma mean nothing.

    The probability of a count below the lower or above the upper limit is at most one in ``run_length``, half on
    either side; counts are discrete, so alarms are rarer than that.

    Args:
        trials: of each point. p: probability of the event; they broadcast.
        run_length: points between false alarms, at least.

    Returns:
        The smallest and the largest count without an alarm.

    Raises:
        ValueError: a run length of at most one.

    Example:
        >>> [int(end) for end in binomial_limits(100, 0.01)]  # three sigma would alarm at 4, once in 54 points
        [0, 5]
    """
    if not run_length > 1.0:
        raise ValueError(f"`run_length` must be more than 1; got {run_length}.")
    tail = 0.5 / run_length
    trials, p = promote(trials, p)
    return binomial.ppf(tail, trials, p), binomial.isf(tail, trials, p)


def _entered(x: ArrayLike, centre: ArrayLike, scale: ArrayLike, limit: float) -> tuple[Array, Array, Array]:
    x, centre, scale = promote(x, centre, scale)
    if x.ndim == 0:
        raise ValueError("`x` must have an axis of time; got a single number.")
    if concrete(scale) and not (np.asarray(scale) > 0).all():
        raise ValueError(f"`scale` must be positive; got {np.asarray(scale).min()}.")
    if concrete(limit) and not limit > 0:
        raise ValueError(f"`limit` must be positive; got {limit}.")
    return x, centre, scale


def _along(value: Array, x: Array) -> Array:
    """One value for a series as values along its time."""
    return value[..., None] if value.ndim else jnp.broadcast_to(value, x.shape)


def _scanned(step: Callable, start: Any, x: Array) -> tuple[Any, Any]:
    """A recursion along the last axis."""
    last, path = lax.scan(step, start, jnp.moveaxis(x, -1, 0))
    return last, jax.tree.map(lambda a: jnp.moveaxis(a, 0, -1), path)


def _summed(
    x: Array, centre_fn: Callable[[_Sums, Array], Array], scale: Array, slack: float, limit: float, state: Any
) -> Chart:
    if concrete(slack) and not slack >= 0:
        raise ValueError(f"`slack` must not be negative; got {slack}.")
    zero = jnp.zeros(x.shape[:-1], x.dtype)

    def step(sums: _Sums, point: Array) -> tuple[_Sums, Array]:
        centre = centre_fn(sums, point)
        z = (point - centre) / scale
        here = _Sums(
            jnp.maximum(sums.above + z - slack, 0.0),
            jnp.maximum(sums.below - z - slack, 0.0),
            sums.number + 1.0,
            sums.mean + (point - sums.mean) / (sums.number + 1.0),
        )
        here = _Sums(*(jnp.where(jnp.isnan(point), a, b) for a, b in zip(sums, here, strict=True)))
        return here, jnp.where(here.above >= here.below, here.above, -here.below)

    last, path = _scanned(step, _Sums(zero, zero, zero, zero) if state is None else _Sums(*state), x)
    end = jnp.asarray(limit, x.dtype)
    return _chart(path, -end, end, (jnp.abs(path) > end) & ~jnp.isnan(x), last)


def _chart(statistic: Array, lower: Array, upper: Array, alarm: Array, state: Any) -> Chart:
    first = (
        jnp.where(jnp.any(alarm, -1), jnp.argmax(alarm, -1), -1) if alarm.shape[-1] else jnp.full(alarm.shape[:-1], -1)
    )
    return Chart(statistic, lower, upper, alarm, first, state)
