"""A family of distributions as a value: a tuple of pure functions that generic code takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple

from jax import Array

from jprob.density.bijector import BIJECTORS, Bijector

__all__ = ["Family"]

_VERBS = ("cdf", "sf", "logcdf", "logsf", "ppf", "isf", "mean", "variance", "mode", "entropy", "sample")


class Family(NamedTuple):
    """The verbs of one distribution, whatever it is.

    All but ``logdensity`` take the parameters by name: ``family.cdf(x, **params)``, ``family.mean(**params)``,
    ``family.sample(key, **params, shape=(5,))``.

    Attributes:
        name: as in ``jprob.density.<name>``.
        parameters: parameter names in order.
        discrete: density against counting measure; else against length.
        constraints: for each parameter one of ``"positive"``, ``"unit_interval"``, ``"count"``, ``"real"``.
        bijectors: for each parameter that can be estimated, its map from the real line.
        support: ``support(**params) -> (low, high)``, both ends attained or limits.
        example_params: valid parameters for tests and examples.
        logdensity: ``logdensity(x, params)`` with params a mapping: logpmf or logpdf.
        mle: the closed-form estimate ``mle(x, weights=None) -> {name: estimate}``; ``None`` where there is none.
    """

    name: str
    parameters: tuple[str, ...]
    discrete: bool
    constraints: Mapping[str, str]
    bijectors: Mapping[str, Bijector]
    support: Callable[..., tuple[Array, Array]]
    example_params: Mapping[str, float]
    logdensity: Callable[..., Array]
    cdf: Callable[..., Array]
    sf: Callable[..., Array]
    logcdf: Callable[..., Array]
    logsf: Callable[..., Array]
    ppf: Callable[..., Array]
    isf: Callable[..., Array]
    mean: Callable[..., Array]
    variance: Callable[..., Array]
    mode: Callable[..., Array]
    entropy: Callable[..., Array]
    sample: Callable[..., Array]
    mle: Callable[..., dict[str, Array]] | None


def family_of(
    verbs: Mapping[str, Callable] | ModuleType,
    name: str,
    *,
    constraints: Mapping[str, str],
    support: Callable[..., tuple[Array, Array]],
    example_params: Mapping[str, float],
) -> Family:
    """The family whose verbs are the functions of a module's namespace."""
    space = verbs if isinstance(verbs, Mapping) else vars(verbs)
    discrete = "logpmf" in space
    density = space["logpmf" if discrete else "logpdf"]
    return Family(
        name=name,
        parameters=tuple(constraints),
        discrete=discrete,
        constraints=constraints,
        bijectors={name: BIJECTORS[kind] for name, kind in constraints.items() if kind in BIJECTORS},
        support=support,
        example_params=example_params,
        logdensity=lambda x, params: density(x, **params),
        **{verb: space[verb] for verb in _VERBS},
        mle=space.get("mle"),
    )
