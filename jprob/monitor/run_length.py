r"""How long a chart runs before it alarms, and the limit for which it runs as long as wanted.

The average run length of a chart of independent normal points solves an integral equation, that of EWMA

.. math:: L(u) = 1 + \frac1\lambda \int_{-h}^{h} L(y)\, \varphi\Big(\frac{y - (1 - \lambda) u}{\lambda} - \delta\Big)\, dy

and that of a one-sided CUSUM

.. math:: L(s) = 1 + L(0)\, \Phi(k - s - \delta) + \int_0^h L(y)\, \varphi(y - s + k - \delta)\, dy

which Gauss and Legendre's nodes solve to all digits that matter; two sides of a CUSUM alarm independently enough that
their rates add. These are numbers for a design, computed on the host in double precision whatever JAX's is. For other
laws and dependent points run lengths are simulated.

References:
    Crowder, S. V. (1987). A simple method for studying run-length distributions of EWMA charts. Technometrics 29.
    Lucas, J. M. and Saccucci, M. S. (1990). Exponentially weighted moving average control schemes. Technometrics 32.
    Goel, A. L. and Wu, S. M. (1971). Determination of ARL and a contour nomogram for CUSUM charts. Technometrics 13.
    Van Dobben de Bruyn, C. S. (1968). Cumulative Sum Tests: rates of two sides.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import check_positive_int
from jprob.simulate import means, replicate

__all__ = ["CHARTS", "Design", "RunLength", "average_run_length", "design_limits", "simulated_run_length"]

CHARTS = ("shewhart", "ewma", "cusum")
_NODES = 80
_LONGEST = 1e9


class Design(NamedTuple):
    """A limit and what it does.

    Attributes:
        limit: in the units of the chart: scales, standard deviations of the average, or scales.
        run_length: points between false alarms, on average.
        detection_delay: points until a shift is found, on average, if it was there from the start.
        shift: that shift, in scales.
    """

    limit: float
    run_length: float
    detection_delay: float
    shift: float


class RunLength(NamedTuple):
    """A simulated run length.

    Attributes:
        mean: points until the first alarm. mean_error: its Monte Carlo standard error.
        share_unfinished: of the runs that were cut at the longest; above 0 the mean is a lower bound.
    """

    mean: Array
    mean_error: Array
    share_unfinished: Array


def average_run_length(
    chart: str, limit: float, *, shift: float = 0.0, weight: float = 0.2, slack: float = 0.5
) -> float:
    """Points until a two-sided chart of independent normal points alarms, on average.

    Args:
        chart: ``"shewhart"``, ``"ewma"`` or ``"cusum"``. limit: in its units.
        shift: of the mean from the centre, in scales, from the first point on.
        weight: of an EWMA. slack: of a CUSUM.

    Returns:
        The average run length; 1 for a chart that alarms at once.

    Raises:
        ValueError: no such chart; a limit that is not positive; a weight or slack out of range.

    Example:
        >>> round(average_run_length("shewhart", 3.0), 1), round(average_run_length("cusum", 4.0, shift=1.0), 2)
        (370.4, 8.38)
    """
    _check(chart, weight, slack)
    if not 0.0 < limit < math.inf:
        raise ValueError(f"`limit` must be positive and finite; got {limit}.")
    if chart == "shewhart":
        return 1.0 / (_phi(-limit - shift) + _phi(-limit + shift))
    if chart == "ewma":
        return _ewma(limit, shift, weight)
    return 1.0 / (1.0 / _one_sided(limit, shift, slack) + 1.0 / _one_sided(limit, -shift, slack))


def design_limits(
    chart: str, run_length: float, *, shift: float = 1.0, weight: float = 0.2, slack: float | None = None
) -> Design:
    """The limit at which a chart of points in order alarms once in ``run_length``, on average.

    Args:
        chart: ``"shewhart"``, ``"ewma"`` or ``"cusum"``. run_length: wanted, more than 2 and at most 10⁷.
        shift: of the mean, in scales, that is to be found.
        weight: of an EWMA. slack: of a CUSUM; half the shift by default.

    Returns:
        :class:`Design`.

    Raises:
        ValueError: no such chart; a run length out of range.

    Example:
        >>> design = design_limits("ewma", 500.0)
        >>> round(design.limit, 3), round(design.detection_delay, 1)  # Lucas and Saccucci: 2.962, 10.5
        (2.962, 10.5)
    """
    slack = 0.5 * abs(shift) if slack is None else slack
    _check(chart, weight, slack)
    if not 2.0 < run_length <= 1e7:
        raise ValueError(f"`run_length` must be more than 2 and at most 1e7; got {run_length}.")

    def long(limit: float, shift: float = 0.0) -> float:
        return average_run_length(chart, limit, shift=shift, weight=weight, slack=slack)

    low, high = 1e-3, 1.0
    while long(high) < run_length:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if long(middle) < run_length else (low, middle)
    return Design(high, long(high), long(high, shift), shift)


def simulated_run_length(
    key: Array,
    alarm: Callable[[Any, Array], tuple[Any, Array]],
    start: Any,
    sampler: Callable[[Array, Any], tuple[Array, Any]],
    origin: Any,
    *,
    num_replicates: int = 4096,
    longest: int = 100_000,
    **engine: Any,
) -> RunLength:
    """Points until any chart alarms, of points from any law, dependent ones too.

    Args:
        key: a JAX random key.
        alarm: ``alarm(state, point)`` returns the next state and whether there is an alarm.
        start: the chart's state before the first point.
        sampler: ``sampler(key, memory)`` returns a point and the memory of the series.
        origin: that memory before the first point; ``()`` for independent points.
        num_replicates: runs. longest: points after which one is cut.
        **engine: ``mesh progress checkpoint resume max_bytes`` of :func:`jprob.simulate.replicate`.

    Returns:
        :class:`RunLength`.

    Raises:
        ValueError: numbers that are not positive integers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> def alarm(state, z):
        ...     return state, jnp.abs(z) > 2.0
        >>> def normal(key, memory):
        ...     return jax.random.normal(key), memory
        >>> found = simulated_run_length(jax.random.key(0), alarm, (), normal, (), num_replicates=1000)
        >>> bool(abs(found.mean - 21.98) < 5 * found.mean_error)  # 1 / P(|Z| > 2)
        True
    """
    check_positive_int(num_replicates, "num_replicates")
    check_positive_int(longest, "longest")
    run = replicate(
        key, _run(alarm, sampler), num_replicates, args=(start, origin, jnp.asarray(longest)), reduce=means(), **engine
    )
    length, cut = (jax.tree.map(lambda leaf, i=i: leaf[i], run.reduced) for i in range(2))
    return RunLength(length.mean, length.mean_error, cut.mean)


@functools.lru_cache(maxsize=64)
def _run(alarm: Callable, sampler: Callable) -> Callable[..., Array]:
    def experiment(key: Array, start: Any, origin: Any, longest: Array) -> Array:
        def going(carry: tuple) -> Array:
            _, _, number, stopped = carry
            return ~stopped & (number < longest)

        def step(carry: tuple) -> tuple:
            state, memory, number, _ = carry
            point, memory = sampler(jax.random.fold_in(key, number), memory)
            state, stopped = alarm(state, point)
            return state, memory, number + 1, jnp.asarray(stopped)

        _, _, number, stopped = lax.while_loop(going, step, (start, origin, jnp.asarray(0), jnp.asarray(False)))
        return jnp.stack([number, ~stopped]).astype(float)

    return experiment


def _check(chart: str, weight: float, slack: float) -> None:
    if chart not in CHARTS:
        raise ValueError(f"`chart` must be one of {', '.join(CHARTS)}; got {chart!r}.")
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"`weight` must lie in (0, 1]; got {weight}.")
    if not slack >= 0.0:
        raise ValueError(f"`slack` must not be negative; got {slack}.")


def _ewma(limit: float, shift: float, weight: float) -> float:
    half = limit * math.sqrt(weight / (2.0 - weight))
    nodes, weights = _legendre(-half, half)
    kernel = weights * _density((nodes - (1.0 - weight) * nodes[:, None]) / weight - shift) / weight
    lengths = np.linalg.solve(np.eye(_NODES) - kernel, np.ones(_NODES))
    return _possible(1.0 + float(np.sum(weights * _density(nodes / weight - shift) / weight * lengths)))


def _one_sided(limit: float, shift: float, slack: float) -> float:
    nodes, weights = _legendre(0.0, limit)
    at = np.concatenate([[0.0], nodes])  # the sum rests at 0 with positive probability
    inner = weights * _density(nodes - at[:, None] + slack - shift)
    rest = np.array([_phi(slack - s - shift) for s in at])
    kernel = np.concatenate([rest[:, None], inner], 1)
    return _possible(float(np.linalg.solve(np.eye(_NODES + 1) - kernel, np.ones(_NODES + 1))[0]))


def _possible(length: float) -> float:
    """Beyond a billion the equation is singular to rounding."""
    return length if 1.0 <= length < _LONGEST else _LONGEST if not length >= 1.0 else length


def _legendre(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (high - low) * nodes + 0.5 * (high + low), 0.5 * (high - low) * weights


def _density(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
