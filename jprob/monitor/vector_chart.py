r"""How long a chart of several means at once runs: the length of a vector of EWMAs against one limit.

For independent points with p independent normal coordinates the length r of their average is a Markov chain by itself, and
the average run length solves Rigdon's integral equation

.. math:: L(r) = 1 + \int_0^{h} L(s)\, \frac{2 s}{\lambda^2}\,
    f_p\Big(\frac{s^2}{\lambda^2};\; \frac{(1 - \lambda)^2 r^2}{\lambda^2}\Big)\, ds

with f the noncentral chi-squared density, by Gauss and Legendre's nodes in s. For one coordinate it is the EWMA chart of
:func:`jprob.monitor.design_limits`.

References:
    Rigdon, S. E. (1995). An integral equation for the in-control average run length of a multivariate exponentially
    weighted moving average control chart. Journal of Statistical Computation and Simulation 52.
    Knoth, S. (2017). ARL numerics for MEWMA charts. Journal of Quality Technology 49: integrate over the length.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from jprob._array import check_positive_int

__all__ = ["vector_limit", "vector_run_length"]

_NODES = 60
_LONGEST = 1e9
_AT_ONCE = 256  # terms in memory


def vector_run_length(limit: float, num_means: int, *, weight: float = 0.2) -> float:
    """Points until the average of a vector of standard normal means is longer than the limit, on average.

    Args:
        limit: of the length, in standard deviations of each average, √(λ / (2 − λ)).
        num_means: independent coordinates. weight: λ of the newest point.

    Returns:
        The average run length.

    Raises:
        ValueError: a limit or weight out of range, no coordinates.

    Example:
        >>> round(vector_run_length(16.38**0.5, 4, weight=0.25) / 500.0, 2)  # Rigdon (1995), table 1
        1.0
    """
    _check(num_means, weight)
    if not 0.0 < limit < math.inf:
        raise ValueError(f"`limit` must be positive and finite; got {limit}.")
    half = limit * math.sqrt(weight / (2.0 - weight))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = 0.5 * half * (nodes + 1.0), 0.5 * half * weights
    at = np.concatenate([[0.0], nodes])  # where it starts
    centre = ((1.0 - weight) / weight * at[:, None]) ** 2
    kernel = weights * 2.0 * nodes / weight**2 * _density((nodes / weight) ** 2, centre, num_means)
    lengths = np.linalg.solve(np.eye(_NODES) - kernel[1:], np.ones(_NODES))
    length = 1.0 + float(kernel[0] @ lengths)
    return length if 1.0 <= length < _LONGEST else _LONGEST  # beyond, the equation is singular to rounding


@functools.lru_cache(maxsize=256)
def vector_limit(run_length: float, num_means: int, *, weight: float = 0.2) -> float:
    """The limit at which it is passed once in ``run_length`` points, on average.

    Made for some dozens of means: the time grows with their number, and as 1/λ².

    Args:
        run_length: wanted, more than 2 and at most 10⁷. num_means, weight: as :func:`vector_run_length`.

    Returns:
        The limit.

    Raises:
        ValueError: a run length out of range; as :func:`vector_run_length`.

    Example:
        >>> round(vector_limit(1000.0, 3) ** 2, 2)  # Knoth (2017), table 2
        15.62
    """
    _check(num_means, weight)
    if not 2.0 < run_length <= 1e7:
        raise ValueError(f"`run_length` must be more than 2 and at most 1e7; got {run_length}.")

    def excess(limit: float) -> float:
        return math.log(vector_run_length(limit, num_means, weight=weight) / run_length)

    low, below = 0.0, -math.log(run_length)
    high = math.sqrt(num_means)
    while (above := excess(high)) < 0.0:
        low, below, high = high, above, 1.5 * high
    return _crossing(excess, low, below, high, above)


def _crossing(function: Callable[[float], float], low: float, below: float, high: float, above: float) -> float:
    """Where a rising function is 0, by secants that keep it between (Illinois)."""
    while high - low > 1e-10 * high:
        middle = (low * above - high * below) / (above - below)
        here = function(middle)
        if abs(here) < 1e-10:
            return middle
        if here < 0.0:
            low, below, above = middle, here, 0.5 * above
        else:
            high, above, below = middle, here, 0.5 * below
    return high


def _density(x: np.ndarray, centre: np.ndarray, degrees: int) -> np.ndarray:
    """Of noncentral chi-squared, as a mixture over Poisson numbers: those that matter, some at a time."""
    peak = 0.5 * math.sqrt(float(x.max() * centre.max()))
    numbers = np.arange(int(peak + 10.0 * math.sqrt(peak) + 30.0))
    total = np.zeros(np.broadcast_shapes(x.shape, centre.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_centre = np.log(0.5 * centre)
    for start in range(0, len(numbers), _AT_ONCE):
        j = numbers[start : start + _AT_ONCE, None, None]
        gammas = np.array([math.lgamma(k + 1.0) + math.lgamma(0.5 * degrees + k) for k in j.ravel()])[:, None, None]
        with np.errstate(invalid="ignore"):
            power = np.where(j > 0, j * log_centre, 0.0)
        power = power + (0.5 * degrees + j - 1.0) * np.log(0.5 * x)
        total += np.sum(np.exp(power - 0.5 * (centre + x) - gammas), 0)
    return 0.5 * total


def _check(num_means: int, weight: float) -> None:
    check_positive_int(num_means, "num_means")
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"`weight` must lie in (0, 1]; got {weight}.")
