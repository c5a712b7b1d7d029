"""The largest gap between two empirical distribution functions, on the host, without merging the samples.

Each sample is sorted for itself. Every so many values of one are looked up in the other, which bounds the gap in between;
only where the bound is beyond the largest gap seen are the values in between looked up as well.
"""

from __future__ import annotations

import numpy as np

from jprob.monitor._pooled import each_column

__all__ = ["largest_gaps"]

_APART = 32  # values between two that are looked up first


def largest_gaps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each row of ``x``, shape ``(columns, n)``, and of ``y``, ``(columns, m)``; nan is one value above all others."""
    return np.array(each_column(lambda at: _largest_gap(x[at], y[at]), len(x), x.size + y.size))


def _largest_gap(x: np.ndarray, y: np.ndarray) -> float:
    n, m = x.size, y.size
    x, y = np.sort(x), np.sort(y)
    knots = x[np.append(np.arange(0, n - 1, _APART), n - 1)]
    below_x, upto_x = _ranks(x, knots)
    below_y, upto_y = _ranks(y, knots)
    # in units of 1 / (n m), which are whole
    best = max(int((upto_x * m - upto_y * n).max()), int((below_y * n - below_x * m).max()), 0)
    above = below_x[1:] * m - upto_y[:-1] * n
    under = below_y[1:] * n - upto_x[:-1] * m
    open_ = np.maximum(above, under) > best
    between = _between(upto_x[:-1][open_], below_x[1:][open_])
    if between.size:
        values = x[between]
        below_x, upto_x = _ranks(x, values)
        below_y, upto_y = _ranks(y, values)
        best = max(best, int((upto_x * m - upto_y * n).max()), int((below_y * n - below_x * m).max()))
    return best / (n * m)


def _ranks(ordered: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many lie below, and how many up to, each of some values."""
    return np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")


def _between(starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """All indices from each start to before its stop."""
    sizes = stops - starts
    return np.repeat(stops - np.cumsum(sizes), sizes) + np.arange(sizes.sum())
