r"""Quantiles and intervals that hold what they say: coverage, recalibration, and conformal margins.

References:
    Kuleshov, V., Fenner, N. and Ermon, S. (2018). Accurate uncertainties for deep learning using calibrated regression. ICML.
    Romano, Y., Patterson, E. and Candès, E. (2019). Conformalized quantile regression. NeurIPS.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote
from jprob.calibrate._forecast import as_family, check_levels, ensemble_of
from jprob.density import Family
from jprob.special.proportion import clopper_pearson_ends

__all__ = [
    "Conformal",
    "Coverage",
    "QuantileMap",
    "central_coverage",
    "conformal",
    "quantile_coverage",
    "quantile_map",
    "quantiles_of",
]


class Coverage(NamedTuple):
    """How often what came lay where it should.

    Attributes:
        share: of the values, shape of the levels. nominal: what it should be. interval: of the share, ``(..., 2)``, exact.
        holds: the nominal level lies in the interval.
    """

    share: Array
    nominal: Array
    interval: Array
    holds: Array


class QuantileMap(NamedTuple):
    """From the levels that a forecast claims to those that it holds, non-decreasing.

    Attributes:
        claimed: in increasing order, shape ``(n + 2,)``. held: there; straight lines between.
    """

    claimed: Array
    held: Array

    def __call__(self, levels: ArrayLike) -> Array:
        """Levels to ask the forecast for, so that these are held."""
        (u,) = promote(levels)
        return jnp.interp(u, self.held, self.claimed)


class Conformal(NamedTuple):
    """A margin for intervals.

    Attributes:
        margin: to be taken from the lower and added to the upper end; negative where intervals were too wide.
        level: that intervals hold in the mean over calibration sets, for exchangeable rows.
        enough: rows; with fewer the margin is infinite.
    """

    margin: Array
    level: float
    enough: Array


def quantiles_of(
    forecast: Family | ModuleType | ArrayLike | Any,
    levels: ArrayLike,
    params: Mapping[str, ArrayLike] | None = None,
) -> Array:
    """Quantiles of a forecast, levels first.

    Args:
        forecast: a family or its module, with ``params``; or draws, shape ``(draws, n)``, or :class:`jprob.bayes.Draws`.
        levels: shape ``(levels,)``. params: by name, shape ``(n,)`` or ``()``.

    Returns:
        Shape ``(levels, n)``.

    Raises:
        ValueError: levels outside (0, 1); a family without parameters, parameters without a family.

    Example:
        >>> from jprob.density import uniform
        >>> quantiles_of(uniform, [0.25, 0.75], {"low": 0.0, "high": jnp.array([1.0, 2.0])}).tolist()
        [[0.25, 0.5], [0.75, 1.5]]
    """
    check_levels(levels)
    family = as_family(forecast, params)
    if family is None:
        draws, u = promote(ensemble_of(forecast), levels)
        return jnp.quantile(draws, u, 0)
    names = tuple(params or {})
    u, *values = promote(levels, *(params or {}).values())
    width = max(value.ndim for value in values)
    return family.ppf(u.reshape(u.shape + (1,) * width), **dict(zip(names, values, strict=True)))


def quantile_coverage(quantiles: ArrayLike, y: ArrayLike, levels: ArrayLike, *, level: float = 0.95) -> Coverage:
    """How often values are at most their forecast quantiles.

    Args:
        quantiles: shape ``(levels, n)``, as of :func:`quantiles_of`. y: what came, shape ``(n,)``. levels: of the quantiles.
        level: of the intervals, Clopper and Pearson's.

    Returns:
        :class:`Coverage`, shape ``(levels,)``.

    Raises:
        ValueError: levels outside (0, 1); shapes that do not go together.

    Example:
        >>> quantile_coverage([[1.0, 1.0, 1.0, 1.0]], [0.0, 0.5, 1.0, 2.0], [0.75]).share.tolist()
        [0.75]
    """
    check_levels(levels)
    q, y, u = promote(quantiles, y, levels)
    if q.shape != u.shape + y.shape or y.ndim != 1 or not y.size:
        raise ValueError(f"`quantiles` must have shape levels × values, {u.shape + y.shape}; got {q.shape}.")
    return _coverage(y <= q, u, level)


def central_coverage(
    lower: ArrayLike, upper: ArrayLike, y: ArrayLike, nominal: float, *, level: float = 0.95
) -> Coverage:
    """How often values lie in their intervals.

    Args:
        lower, upper: ends, shape ``(n,)``. y: what came, shape ``(n,)``. nominal: what the intervals claim.
        level: of the interval of the share, Clopper and Pearson's.

    Returns:
        :class:`Coverage`, shape ``()``.

    Raises:
        ValueError: levels outside (0, 1); no values.

    Example:
        >>> float(central_coverage([0.0, 0.0], [1.0, 1.0], [0.5, 2.0], 0.9).share)
        0.5
    """
    check_level(nominal, "nominal")
    low, high, y = jnp.broadcast_arrays(*promote(lower, upper, y))
    if y.ndim != 1 or not y.size:
        raise ValueError(f"`y` must have shape (n,) with at least one value; got {y.shape}.")
    return _coverage((low <= y) & (y <= high), jnp.asarray(nominal, y.dtype), level)


def quantile_map(values: ArrayLike) -> QuantileMap:
    """A monotone map that makes claimed levels held ones, from where values lay in their forecasts.

    Args:
        values: the integral transform of rows that were not fitted on, :func:`jprob.calibrate.pit`, shape ``(n,)``.

    Returns:
        :class:`QuantileMap`: call it with the level that shall be held, and ask the forecast for the level it answers.

    Raises:
        ValueError: values outside [0, 1], or none.

    Example:
        >>> levels = quantile_map([0.4, 0.5, 0.6])  # too wide a forecast: half of what comes is within .45 and .55
        >>> round(float(levels(0.5)), 4)
        0.5
    """
    (u,) = promote(values)
    if u.ndim != 1 or not u.size or (concrete(u) and not ((u >= 0) & (u <= 1)).all()):
        raise ValueError(f"`values` must be of shape (n,) and lie in [0, 1]; got shape {u.shape}, or others.")
    n = u.shape[0]
    ranks = jnp.arange(n + 2, dtype=u.dtype) / (n + 1.0)
    return QuantileMap(jnp.concatenate([ranks[:1], jnp.sort(u), ranks[-1:]]), ranks)


def conformal(lower: ArrayLike, upper: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Conformal:
    r"""The margin that makes intervals hold their level, whatever the law of the errors.

    .. math:: \text{the } \lceil (n + 1) \cdot \text{level} \rceil\text{-th smallest of } \max(l_i - y_i,\; y_i - u_i)

    Args:
        lower, upper: ends of rows that were not fitted on, shape ``(n,)``. y: what came. level: to be held.

    Returns:
        :class:`Conformal`. Coverage is at least the level, and at most 1/(n + 1) more, in the mean over such sets of rows.

    Raises:
        ValueError: a level outside (0, 1); no values.

    Example:
        >>> found = conformal([0.0] * 4, [1.0] * 4, [0.5, 1.5, 2.0, -3.0], level=0.6)  # third smallest of -.5 .5 1 3
        >>> float(found.margin)
        1.0
    """
    check_level(level)
    low, high, y = jnp.broadcast_arrays(*promote(lower, upper, y))
    if y.ndim != 1 or not y.size:
        raise ValueError(f"`y` must have shape (n,) with at least one value; got {y.shape}.")
    n = y.shape[0]
    rank = int(np.ceil((n + 1) * level - 1e-9))
    missed = jnp.sort(jnp.maximum(low - y, y - high))
    enough = rank <= n
    margin = missed[min(rank, n) - 1] if enough else jnp.asarray(jnp.inf, y.dtype)
    return Conformal(margin, level, jnp.asarray(enough))


def _coverage(inside: Array, nominal: Array, level: float) -> Coverage:
    check_level(level)
    n = inside.shape[-1]
    hits = jnp.sum(inside, -1).astype(nominal.dtype)
    ends = clopper_pearson_ends(hits, n - hits, jnp.asarray(level, nominal.dtype))
    holds = (ends[..., 0] <= nominal) & (nominal <= ends[..., 1])
    return Coverage(hits / n, nominal, ends, holds)
