r"""Estimates from running totals of sufficient statistics: data arrive in pieces, on many machines, or only as totals.

.. math:: \nabla A(\hat\eta) = \frac{t_0 + \sum_i T(x_i)}{n_0 + n}

With ``t_0 = 0`` this is the maximum-likelihood estimate; totals that start from a conjugate prior, which is nothing but
imagined data, give the posterior mode of the natural parameter. Totals are added by :func:`merge` in any order.

References:
    Diaconis, P. and Ylvisaker, D. (1979). Conjugate priors for exponential families. Annals of Statistics 7.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.density import Family, expfam
from jprob.density.expfam import ConjugatePrior, ExponentialForm
from jprob.estimate._likelihood import the_family
from jprob.estimate.newton import newton
from jprob.estimate.optimise import minimise

__all__ = ["FromTotals", "from_totals", "merge", "totals"]


class FromTotals(NamedTuple):
    """Estimates from totals.

    Attributes:
        params: by name, each of shape ``(...)``. converged: where they solve the equation.
    """

    params: dict[str, Array]
    converged: Array


def totals(
    family: Family | ModuleType, data: ArrayLike, *, weights: ArrayLike | None = None, **known: ArrayLike
) -> ConjugatePrior:
    """Sums of the sufficient statistics over the observations, and their number.

    Totals of squares lose digits in float32 where the mean is large beside the spread: shift such data first.

    Args:
        family: an exponential family or its module; see :mod:`jprob.density.expfam`.
        data: shape ``(..., n)``, of vectors ``(..., n, k)``. weights: broadcast against ``(..., n)``.
        known: what the form takes as given, as ``n`` of the binomial.

    Returns:
        The state, a :class:`jprob.density.expfam.ConjugatePrior`.

    Example:
        >>> from jprob import density
        >>> float(totals(density.poisson, [1.0, 2.0, 6.0]).statistics[0])
        9.0
    """
    (x,) = promote(data)
    form = expfam.of(family, **known)
    zero = jnp.zeros((), x.dtype)
    return form.update(ConjugatePrior(zero, zero), x, weights)


def merge(*states: ConjugatePrior) -> ConjugatePrior:
    """The totals of all data together; a conjugate prior may be one of them.

    Args:
        states: of one family, whose shapes broadcast.

    Returns:
        Their sum.

    Example:
        >>> from jprob import density
        >>> parts = [totals(density.poisson.family, [1.0, 2.0]), totals(density.poisson.family, [6.0])]
        >>> float(merge(*parts).num_values)
        3.0
    """
    return ConjugatePrior(
        sum(state.statistics for state in states[1:]) + states[0].statistics,
        sum(state.num_values for state in states[1:]) + states[0].num_values,
    )


def from_totals(family: Family | ModuleType, state: ConjugatePrior, **known: ArrayLike) -> FromTotals:
    """The estimate that a batch of all the data would give.

    Args:
        family: as in :func:`totals`. state: totals, from a prior or from nothing. known: as in :func:`totals`.

    Returns:
        :class:`FromTotals`.

    Example:
        >>> from jprob import density
        >>> data = totals(density.poisson.family, [1.0, 2.0, 6.0])
        >>> float(from_totals(density.poisson.family, data).params["rate"])
        3.0
    """
    family = the_family(family)
    statistics, count = promote(state.statistics, state.num_values)
    mean = statistics / count[..., None]
    expfam.of(family, **known)  # refuses what has no such form
    if family.name not in _CLOSED:
        return _searched(family, mean)
    params = _CLOSED[family.name](mean, **known)
    return FromTotals(params, jnp.all(jnp.isfinite(mean), -1) & (count > 0))


@partial(jax.jit, static_argnames="family")
def _searched(family: Family, mean: Array) -> FromTotals:
    one = partial(_solve, family, expfam.of(family))
    for _ in mean.shape[:-1]:
        one = jax.vmap(one)
    return one(mean)


def _solve(family: Family, form: ExponentialForm, mean: Array) -> FromTotals:
    """The equation's root as the minimum of ``A(eta) - eta · mean``, in the family's own coordinates."""

    def params_of(u: dict[str, Array]) -> dict[str, Array]:
        return {name: family.bijectors[name].forward(value) for name, value in u.items()}

    def loss(u: dict[str, Array]) -> Array:
        eta = form.natural(**params_of(u))
        return form.log_normaliser(eta) - jnp.sum(eta * mean, -1)

    vectors = family.event_ndim > 0
    start = {name: jnp.zeros_like(mean) if vectors else jnp.zeros_like(mean[0]) for name in form.parameters}
    found = minimise(loss, start, optimizer=newton(), max_steps=200)
    return FromTotals(params_of(found.params), found.converged)


def _normal(mean: Array) -> dict[str, Array]:
    loc = mean[..., 0]
    return {"loc": loc, "scale": jnp.sqrt(jnp.maximum(mean[..., 1] - loc * loc, 0.0))}


def _categorical(mean: Array, num_labels: ArrayLike) -> dict[str, Array]:
    return {"probs": jnp.concatenate([mean, 1.0 - jnp.sum(mean, -1, keepdims=True)], -1)}


_CLOSED: dict[str, Callable[..., dict[str, Array]]] = {
    "bernoulli": lambda mean: {"p": mean[..., 0]},
    "binomial": lambda mean, n: {"p": mean[..., 0] / n},
    "negative_binomial": lambda mean, r: {"p": r / (r + mean[..., 0])},
    "geometric": lambda mean: {"p": 1.0 / mean[..., 0]},
    "poisson": lambda mean: {"rate": mean[..., 0]},
    "exponential": lambda mean: {"rate": 1.0 / mean[..., 0]},
    "normal": _normal,
    "lognormal": _normal,
    "categorical": _categorical,
}
