r"""What a probability plot shows, as numbers: values against the fit's quantiles, with a band for all points at once.

.. math:: \Pr\big(\text{all } u_{(i)} \text{ inside the band}\big) = \text{level}

under the hypothesis that the family is right and its parameters were estimated from the data. Bands for single points,
which many draw, are left by a sound plot about as surely as they are wide.

References:
    Aldor-Noiman, S., Brown, L. D., Buja, A., Rolke, W. and Stine, R. A. (2013). The power to see: a new graphical test of
    normality. The American Statistician 67.
    Dunn, P. K. and Smyth, G. K. (1996). Randomized quantile residuals. JCGS 5.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, finfo, in_pieces, promote
from jprob.density import Family
from jprob.estimate._likelihood import the_family
from jprob.estimate.maximum import mle
from jprob.special import normal_quantile

__all__ = ["ProbabilityPlot", "TailCheck", "pp_points", "qq_points", "quantile_residuals", "tail_check"]

_AT_ONCE = 2**19


class ProbabilityPlot(NamedTuple):
    """Points of a plot, in increasing order, with their band.

    Attributes:
        theoretical: where the fit puts the points, shape ``(points,)``. sample: where they are.
        lower: of the band that holds all points of a right family at once. upper.
        p_value: probability, were the family right, of a point as far out as the farthest.
        params: of the fit.
    """

    theoretical: Array
    sample: Array
    lower: Array
    upper: Array
    p_value: Array
    params: dict[str, Array]


def qq_points(
    key: Array,
    family: Family | ModuleType,
    data: ArrayLike,
    *,
    fixed: Mapping[str, ArrayLike] | None = None,
    level: float = 0.95,
    num_simulations: int = 999,
    max_points: int = 256,
) -> ProbabilityPlot:
    """A quantile–quantile plot of data against a family fitted to them, in the units of the data.

    Args:
        key: a JAX random key. family: any family of numbers that :func:`mle` can fit, or its module.
        data: shape ``(n,)``. fixed: parameters that are known, by name.
        level: probability that the band holds all points of a right family.
        num_simulations: data sets drawn from the fit, and fitted again, for the band.
        max_points: of more data, so many evenly spaced order statistics are shown, both extremes among them.

    Returns:
        :class:`ProbabilityPlot`.

    Raises:
        ValueError: as :func:`mle`; data of another shape; a level outside (0, 1).

    Example:
        >>> from jprob.density import normal
        >>> x = normal.sample(jax.random.key(2), 0.0, 1.0, shape=(50,))
        >>> plot = qq_points(jax.random.key(0), normal, x, num_simulations=99)
        >>> bool(((plot.lower <= plot.sample) & (plot.sample <= plot.upper)).all())
        True
    """
    family, x, index, plot = _plot(key, family, data, fixed, level, num_simulations, max_points)
    quantiles = [family.ppf(u, **plot.params) for u in (plot.theoretical, plot.lower, plot.upper)]
    return plot._replace(theoretical=quantiles[0], sample=jnp.sort(x)[index], lower=quantiles[1], upper=quantiles[2])


def pp_points(
    key: Array,
    family: Family | ModuleType,
    data: ArrayLike,
    *,
    fixed: Mapping[str, ArrayLike] | None = None,
    level: float = 0.95,
    num_simulations: int = 999,
    max_points: int = 256,
) -> ProbabilityPlot:
    """A probability–probability plot: the fitted cdf at the sorted data against their ranks. As :func:`qq_points`.

    Args:
        key: a JAX random key. family: any family of numbers. data: shape ``(n,)``. fixed: parameters that are known.
        level: of the band. num_simulations: for it. max_points: shown.

    Returns:
        :class:`ProbabilityPlot`, all in [0, 1].

    Raises:
        ValueError: as :func:`qq_points`.

    Example:
        >>> from jprob.density import uniform
        >>> plot = pp_points(jax.random.key(0), uniform, [0.0, 1.0, 2.0, 3.0, 4.0], num_simulations=99)
        >>> [round(float(u), 2) for u in plot.sample]
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return _plot(key, family, data, fixed, level, num_simulations, max_points)[3]


def _plot(
    key, family, data, fixed, level, num_simulations, max_points
) -> tuple[Family, Array, np.ndarray, ProbabilityPlot]:
    family = the_family(family)
    check_level(level)
    check_positive_int(num_simulations, "num_simulations", 20)
    check_positive_int(max_points, "max_points", 2)
    names, (x, *values) = tuple(fixed or {}), promote(data, *(fixed or {}).values())
    if x.ndim != 1:
        raise ValueError(f"`data` must have one axis; got shape {x.shape}.")
    held = dict(zip(names, values, strict=True))
    fit = mle(family, x, fixed=held)
    at = {name: jnp.asarray(value, x.dtype) for name, value in fit.params.items()}
    index = np.unique(np.linspace(0, x.size - 1, min(max_points, x.size)).round().astype(int))
    plot = _band(family, names, num_simulations, tuple(index.tolist()), key, x, at, jnp.asarray(level, x.dtype))
    return family, x, index, plot


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _band(
    family: Family, fixed: tuple[str, ...], num: int, index: tuple[int, ...], key: Array, x: Array, at, level: Array
) -> ProbabilityPlot:
    n, shown = x.size, jnp.asarray(index)
    held = {name: at[name] for name in fixed}

    def log_odds(x: Array, params: Mapping[str, Array]) -> Array:
        x = jnp.sort(x)[shown]
        odds = family.logcdf(x, **params) - family.logsf(x, **params)
        return jnp.clip(odds, -_reach(x), _reach(x))

    def simulated(i: Array) -> Array:
        """Of data drawn, and of the data themselves in the first place: one program for both."""
        draws = family.sample(jax.random.fold_in(key, i), **at, shape=(n,))
        found = mle(family, draws, fixed=held).params
        params = {name: jnp.where(i == 0, at[name], found[name]) for name in at}
        return log_odds(jnp.where(i == 0, x, draws), params)

    every = in_pieces(simulated, num + 1, _AT_ONCE // n)
    own, null = every[0], every[1:]
    # extremes are skewed: each side has a spread of its own, that of one standard deviation of a normal
    low, centre, high = jnp.quantile(null, jnp.asarray([0.159, 0.5, 0.841], x.dtype), 0)
    down, up = (jnp.maximum(gap, finfo(x).eps) for gap in (centre - low, high - centre))

    def out(odds: Array) -> Array:
        gap = odds - centre
        return jnp.max(jnp.where(gap > 0, gap / up, -gap / down), -1)

    farthest = out(null)
    half = jnp.quantile(farthest, level)
    p = (jnp.sum(farthest >= out(own)) + 1.0) / (num + 1.0)
    ranks = (shown.astype(x.dtype) + 0.5) / n
    sides = (jax.nn.sigmoid(centre - half * down), jax.nn.sigmoid(centre + half * up))
    return ProbabilityPlot(ranks, jax.nn.sigmoid(own), *sides, p.astype(x.dtype), dict(at))


def _reach(x: Array) -> float:
    return -0.9 * float(np.log(finfo(x).tiny))


def quantile_residuals(
    key: Array, family: Family | ModuleType, data: ArrayLike, params: Mapping[str, ArrayLike]
) -> Array:
    """What the data are in standard deviations of a normal: standard normal if the law is right.

    Where the cdf jumps, a point of the jump is drawn, so that counts have residuals without steps.

    Args:
        key: a JAX random key. family: any family of numbers, or its module.
        data: shape ``(...)``. params: by name, broadcasting against the data.

    Returns:
        Shape of the data.

    Example:
        >>> from jprob.density import normal
        >>> z = quantile_residuals(jax.random.key(0), normal, [1.0, 3.0], {"loc": 1.0, "scale": 2.0})
        >>> [round(float(v), 5) + 0.0 for v in z]
        [0.0, 1.0]
    """
    family = the_family(family)
    (x,) = promote(data)
    lower, upper = family.cdf(x, **params), family.sf(x, **params)
    if family.discrete or family.atoms:
        steps = jnp.exp(family.logdensity(x, params))
        if not family.discrete:
            steps = jnp.where(jnp.isin(x, jnp.asarray(family.atoms, x.dtype)), steps, 0.0)
        share = jax.random.uniform(key, x.shape, x.dtype)
        lower, upper = jnp.maximum(lower - share * steps, finfo(x).tiny), upper + share * steps
    return normal_quantile(lower, upper)


class TailCheck(NamedTuple):
    """Whether the most extreme value is too extreme for the law.

    Attributes:
        p_value: probability of a farthest value as far out among so many, shape ``(...)``.
        farthest: that value. place: its index.
    """

    p_value: Array
    farthest: Array
    place: Array


def tail_check(family: Family | ModuleType, data: ArrayLike, params: Mapping[str, ArrayLike]) -> TailCheck:
    r"""The smallest tail probability among n values against its law, :math:`1 - (1 - 2 p_{\min})^n`.

    A heavy tail that a fit has missed shows here first. With parameters fitted to few values it is conservative.

    Args:
        family: any family of numbers, or its module. data: shape ``(..., n)``. params: by name, of shape ``(...)``.

    Returns:
        :class:`TailCheck`.

    Example:
        >>> from jprob.density import normal
        >>> check = tail_check(normal, [0.0, 1.0, 8.0], {"loc": 0.0, "scale": 1.0})
        >>> float(check.farthest), bool(check.p_value < 1e-13)
        (8.0, True)
    """
    family = the_family(family)
    (x,) = promote(data)
    lanes = {name: jnp.asarray(value, x.dtype)[..., None] for name, value in params.items()}
    if any(kind in ("masses", "simplex") for kind in family.constraints.values()):
        vectors = {n for n, kind in family.constraints.items() if kind in ("masses", "simplex")}
        lanes = {n: jnp.asarray(v, x.dtype)[..., None, :] if n in vectors else lanes[n] for n, v in params.items()}
    own = jnp.exp(family.logdensity(x, lanes)) if family.discrete else 0.0
    tail = jnp.minimum(family.cdf(x, **lanes), family.sf(x, **lanes) + own)
    index = jnp.argmin(tail, -1)
    least = jnp.minimum(jnp.min(tail, -1), 0.5)
    p = -jnp.expm1(x.shape[-1] * jnp.log1p(-2.0 * least))
    return TailCheck(p, jnp.take_along_axis(x, index[..., None], -1)[..., 0], index)
