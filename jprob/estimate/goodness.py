r"""Goodness of fit with the parameters estimated: distances of the empirical from the fitted distribution function.

.. math:: D = \sup_x |F_n(x) - F(x)|, \quad W^2 = n \int (F_n - F)^2\, dF, \quad
    A^2 = n \int \frac{(F_n - F)^2}{F (1 - F)}\, dF

Tables for a known F call far too few fits bad once F was fitted to the same data (Lilliefors). Here the null distribution
is that of data drawn from the fit and fitted again, which holds for any family.

References:
    Stute, W., Gonzáles Manteiga, W. and Presedo Quindimil, M. (1993). Bootstrap based goodness-of-fit-tests. Metrika 40.
    Lilliefors, H. W. (1967). On the Kolmogorov-Smirnov test for normality with mean and variance unknown. JASA 62.
    Choulakian, V., Lockhart, R. A. and Stephens, M. A. (1994). Cramér-von Mises statistics for discrete distributions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, finfo, in_pieces, promote
from jprob.density import Family
from jprob.estimate._likelihood import the_family
from jprob.estimate.maximum import check_free, mle

__all__ = ["STATISTICS", "GoodnessOfFit", "goodness_of_fit"]

_AT_ONCE = 2**19  # simulated values in memory for each data set

type Params = Mapping[str, Array]


class GoodnessOfFit(NamedTuple):
    """How far data are from a family, and how often data of that family are as far.

    Attributes:
        p_value: probability of a statistic at least as large, shape ``(...)``; the smallest possible is one over
            ``num_simulations + 1``. nan where the family could not be fitted.
        standard_error: of ``p_value``, from the number of simulations.
        statistic: of the data.
        params: at which the family was held against them.
        num_failed: simulated data sets that could not be fitted; they are left out.
        tied: share of the values that another equals though the family gives such a value no mass: a misfit of its own.
    """

    p_value: Array
    standard_error: Array
    statistic: Array
    params: dict[str, Array]
    num_failed: Array
    tied: Array


def goodness_of_fit(
    key: Array,
    family: Family | ModuleType,
    data: ArrayLike,
    *,
    statistic: str = "anderson_darling",
    params: Mapping[str, ArrayLike] | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
    num_simulations: int = 999,
) -> GoodnessOfFit:
    """Whether data may come from a family whose parameters were estimated from them.

    A large p-value says that these data cannot tell the difference, not that there is none. Anderson and Darling's
    statistic looks most closely at the tails. For counts and for laws with atoms the distances are taken at the values.

    Args:
        key: a JAX random key.
        family: any family of numbers that :func:`mle` can fit, or its module.
        data: shape ``(..., n)``, a data set a lane.
        statistic: ``"anderson_darling"``, ``"kolmogorov_smirnov"``, ``"cramer_von_mises"`` or ``"chi_square"`` (in cells of
            about equal probability under the fit).
        params: parameters that were known beforehand, all of them, by name: then nothing is fitted.
        fixed: parameters that are known while the others are fitted.
        num_simulations: data sets drawn under the hypothesis.

    Returns:
        :class:`GoodnessOfFit`, fields of shape ``(...)``.

    Raises:
        ValueError: as :func:`mle`; no such statistic; a count that is no positive integer.

    Example:
        >>> from jprob.density import exponential
        >>> x = exponential.sample(jax.random.key(1), 2.0, shape=(100,))
        >>> result = goodness_of_fit(jax.random.key(0), exponential, x, num_simulations=99)
        >>> bool(result.p_value > 0.05)
        True
    """
    family = the_family(family)
    check_positive_int(num_simulations, "num_simulations")
    if statistic not in STATISTICS:
        raise ValueError(f"`statistic` must be one of {', '.join(STATISTICS)}; got {statistic!r}.")
    names, values = tuple(fixed or {}), promote(data, *(fixed or {}).values())
    x, held = values[0], dict(zip(names, values[1:], strict=True))
    if params is None:
        check_free(family, held)
        found = mle(family, x, fixed=held)  # checks the data too
        at = {name: jnp.asarray(value, x.dtype) for name, value in found.params.items()}
    else:
        at = {name: promote(x, value)[1] for name, value in params.items()}
    batch = x.shape[:-1]
    lanes = {name: jnp.broadcast_to(value, batch + value.shape[len(batch) :]) for name, value in at.items()}
    rows = int(math.prod(batch))
    flat = {name: value.reshape(rows, *value.shape[len(batch) :]) for name, value in lanes.items()}
    result = _tested(family, statistic, num_simulations, params is None, names, key, x.reshape(rows, -1), flat)
    return jax.tree.map(lambda a: a.reshape(batch + a.shape[1:]), result)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 4))
def _tested(
    family: Family, statistic: str, num: int, refit: bool, fixed: tuple[str, ...], key: Array, x: Array, at: Params
) -> GoodnessOfFit:
    distance = STATISTICS[statistic]
    n = x.shape[-1]

    def one(lane: Array, x: Array, at: Params) -> GoodnessOfFit:
        own = jax.random.fold_in(key, lane)

        def simulated(index: Array) -> Array:
            """Of data drawn, and of the data themselves in the first place: one program for both."""
            draws = family.sample(jax.random.fold_in(own, index), **at, shape=(n,))
            params = at
            if refit:
                found = mle(family, draws, fixed={name: at[name] for name in fixed}).params
                params = {name: jnp.where(index == 0, at[name], found[name]) for name in at}
            return distance(family, jnp.where(index == 0, x, draws), params)

        every = in_pieces(simulated, num + 1, _AT_ONCE // n)
        observed, null = every[0], every[1:]
        fine = jnp.isfinite(null)
        total = jnp.sum(fine) + 1.0
        # as large but for rounding: a statistic on a lattice meets itself again
        p = (jnp.sum(fine & (null >= observed * (1.0 - 64.0 * finfo(x).eps))) + 1.0) / total
        p = jnp.where(jnp.isnan(observed), jnp.nan, p).astype(x.dtype)
        error = jnp.sqrt(p * (1.0 - p) / total)
        return GoodnessOfFit(p, error, observed, dict(at), num - jnp.sum(fine), _tied(family, x))

    return jax.vmap(one)(jnp.arange(x.shape[0]), x, at)


def _tied(family: Family, x: Array) -> Array:
    """Share of the values that another equals where that should not happen."""
    if family.discrete:
        return jnp.zeros((), x.dtype)
    ordered = jnp.sort(x)
    same = (ordered[1:] == ordered[:-1]) & ~jnp.isin(ordered[1:], jnp.asarray(family.atoms, x.dtype))
    return jnp.mean(jnp.append(same, False) | jnp.insert(same, 0, False)).astype(x.dtype)


def _ends(family: Family, x: Array, params: Params) -> tuple[Array, Array, Array, Array]:
    """Sorted values, the fitted cdf there, and the empirical one up to and before each of them."""
    x = jnp.sort(x)
    upto, before = (jnp.searchsorted(x, x, side=side).astype(x.dtype) / x.size for side in ("right", "left"))
    return x, family.cdf(x, **params), upto, before


def _stepped(family: Family) -> bool:
    return family.discrete or len(family.atoms) > 0


def _kolmogorov_smirnov(family: Family, x: Array, params: Params) -> Array:
    _, fitted, upto, before = _ends(family, x, params)
    gap = jnp.abs(upto - fitted)
    return jnp.max(gap if _stepped(family) else jnp.maximum(gap, jnp.abs(fitted - before)))


def _cramer_von_mises(family: Family, x: Array, params: Params) -> Array:
    _, fitted, upto, _ = _ends(family, x, params)
    if _stepped(family):
        return jnp.sum((upto - fitted) ** 2)
    middle = (jnp.arange(x.size, dtype=x.dtype) + 0.5) / x.size
    return jnp.sum((fitted - middle) ** 2) + 1.0 / (12.0 * x.size)


def _anderson_darling(family: Family, x: Array, params: Params) -> Array:
    if _stepped(family):
        x, fitted, upto, _ = _ends(family, x, params)
        spread = fitted * family.sf(x, **params)
        return jnp.sum(jnp.where(spread > 0, (upto - fitted) ** 2 / jnp.where(spread > 0, spread, 1.0), 0.0))
    x = jnp.sort(x)
    rank = jnp.arange(x.size, dtype=x.dtype)
    weight = (2.0 * rank + 1.0) / x.size
    return -x.size - jnp.sum(weight * (family.logcdf(x, **params) + family.logsf(x, **params)[::-1]))


def _chi_square(family: Family, x: Array, params: Params) -> Array:
    num_cells = max(5, round(2.0 * x.size**0.4))
    levels = jnp.arange(1, num_cells, dtype=x.dtype) / num_cells
    edges = family.ppf(levels, **params)
    reach = jnp.concatenate([jnp.zeros(1, x.dtype), family.cdf(edges, **params), jnp.ones(1, x.dtype)])
    expected = x.size * jnp.diff(reach)
    below = jnp.sum(x[None] <= edges[:, None], 1).astype(x.dtype)
    counts = jnp.diff(jnp.concatenate([jnp.zeros(1, x.dtype), below, jnp.full(1, x.size, x.dtype)]))
    cell = expected > 1e-3  # steps wider than a cell leave empty ones behind
    return jnp.sum(jnp.where(cell, (counts - expected) ** 2 / jnp.where(cell, expected, 1.0), 0.0))


STATISTICS: dict[str, Callable[[Family, Array, Params], Array]] = {
    "anderson_darling": _anderson_darling,
    "kolmogorov_smirnov": _kolmogorov_smirnov,
    "cramer_von_mises": _cramer_von_mises,
    "chi_square": _chi_square,
}
"""The distance between data and a law, by name."""
