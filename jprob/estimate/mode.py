r"""The posterior mode of a family's parameters, and the coordinates in which it is one.

.. math:: \hat\theta = \arg\max_\theta \Big[ \sum_i w_i \log f(x_i \mid \theta) + \log\pi(\theta) \Big]

A mode is not invariant: that of a density of θ and that of the same law seen as a density of log θ differ by the slope
of the map. A posterior mean or interval does not have this weakness.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob.density import Family
from jprob.estimate._likelihood import the_family
from jprob.estimate._sample import Params
from jprob.estimate.fit import Fit
from jprob.estimate.maximum import Penalty, check_free, search

__all__ = ["map_estimate"]

COORDINATES = ("parameters", "unconstrained")


def map_estimate(
    family: Family | ModuleType,
    data: ArrayLike,
    log_prior: Callable[[Params], Array],
    *,
    weights: ArrayLike | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
    coordinates: str = "parameters",
    max_steps: int = 100,
    tolerance: float | None = None,
) -> Fit:
    """The most probable parameters given data and a prior, with the curvature of the log posterior as their errors.

    ``log_prior`` is the log density of the parameters themselves, whatever the coordinates; it need not be normalised.
    With ``"unconstrained"`` coordinates the mode is that of the density of log θ or logit θ, which lies further inside.
    It is part of the compiled program: pass the same function again, not a new lambda.

    Args:
        family: any family or its module. data: shape ``(..., n)``, of vectors ``(..., n, k)``.
        log_prior: ``log_prior(params)`` of one data set's estimated parameters by name, a scalar.
        weights, fixed: as in :func:`mle`.
        coordinates: those in which the mode is taken: ``"parameters"`` or ``"unconstrained"``.
        max_steps, tolerance: as in :func:`mle`; the gradient is that of the log posterior per observation.

    Returns:
        :class:`Fit`; its log likelihood is that of the data alone. A single probability whose posterior rises towards 0 or
        1 is estimated there, with ``at_boundary``.

    Raises:
        ValueError: as :func:`mle`; unknown coordinates.

    Example:
        >>> from jprob import density
        >>> prior = lambda params: density.beta.logpdf(params["p"], 2.0, 2.0)
        >>> fit = map_estimate(density.bernoulli, [1] * 14 + [0] * 6, prior)
        >>> round(float(fit.params["p"]), 4)  # 15/22, where the likelihood alone says 0.7
        0.6818
    """
    if coordinates not in COORDINATES:
        raise ValueError(f"`coordinates` must be one of {', '.join(COORDINATES)}; got {coordinates!r}.")
    family = the_family(family)
    free = check_free(family, fixed or {})
    penalty = _penalty(family, log_prior, coordinates)
    fit = search(family, data, weights, fixed, "newton", max_steps, tolerance, penalty)
    if len(free) > 1 or family.constraints[free[0]] != "unit_interval":
        return fit
    p = fit.params[free[0]]
    at_edge = jnp.where(fit.at_boundary & (jnp.minimum(p, 1.0 - p) < 1e-3), jnp.round(p), p)
    return fit._replace(params=fit.params | {free[0]: at_edge})


@functools.lru_cache(maxsize=128)  # the same function for the same prior, so that it compiles once
def _penalty(family: Family, log_prior: Callable[[Params], Array], coordinates: str) -> Penalty:
    def penalty(params: Params, u: Params) -> Array:
        value = jnp.asarray(log_prior(params))
        if coordinates == "unconstrained":
            value += sum(jnp.sum(family.bijectors[name].log_slope(v)) for name, v in u.items())
        return value

    return penalty
