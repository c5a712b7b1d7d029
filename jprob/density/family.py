"""A family of distributions as a value: a tuple of pure functions that generic code takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from jax import Array
from jax.typing import ArrayLike

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
        constraints: for each parameter one of ``"positive"``, ``"unit_interval"``, ``"count"``, ``"real"``; for a vector
            along the last axis ``"simplex"`` (non-negative, sum 1), ``"masses"`` (sum at most 1) or ``"positive_vector"``.
        bijectors: for each parameter that can be estimated, its map from the real line.
        support: ``support(**params) -> (low, high)``, both ends attained or limits.
        example_params: valid parameters for tests and examples.
        logdensity: ``logdensity(x, params)`` with params a mapping: logpmf or logpdf.
        mle: the closed-form estimate ``mle(x, weights=None) -> {name: estimate}``; ``None`` where there is none.
        start: a rough estimate ``start(x, weights=None) -> {name: estimate}`` where an optimiser may begin; ``None``
            where ``mle`` serves.
        event_ndim: axes of one value at the end of ``x``: 0 for numbers, 1 for vectors.
        atoms: values that carry a mass of their own where ``discrete`` is false: there the density is that mass.

    A family is known by its density: two are equal, and hash alike, if they share ``logdensity``.
    """

    name: str
    parameters: tuple[str, ...]
    discrete: bool
    constraints: Mapping[str, str]
    bijectors: Mapping[str, Bijector]
    support: Callable[..., tuple[Array, Array]]
    example_params: Mapping[str, Any]
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
    start: Callable[..., dict[str, Array]] | None = None
    event_ndim: int = 0
    atoms: tuple[ArrayLike, ...] = ()

    def __hash__(self) -> int:
        return hash(self.logdensity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Family) and self.logdensity is other.logdensity

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return f"Family({self.name!r}, parameters={self.parameters})"


def family_of(
    verbs: Mapping[str, Callable] | ModuleType,
    name: str,
    *,
    constraints: Mapping[str, str],
    support: Callable[..., tuple[Array, Array]],
    example_params: Mapping[str, Any],
    event_ndim: int = 0,
) -> Family:
    """The family whose verbs are the functions of a module's namespace."""
    space = verbs if isinstance(verbs, Mapping) else vars(verbs)
    discrete = "logpmf" in space
    density = space["logpmf" if discrete else "logpdf"]
    verbs_found: dict[str, Any] = {verb: space.get(verb) or _absent(name, verb) for verb in _VERBS}
    return Family(
        name=name,
        parameters=tuple(constraints),
        discrete=discrete,
        constraints=constraints,
        bijectors={name: BIJECTORS[kind] for name, kind in constraints.items() if kind in BIJECTORS},
        support=support,
        example_params=example_params,
        logdensity=lambda x, params: density(x, **params),
        **verbs_found,
        mle=space.get("mle"),
        start=space.get("_start") or space.get("start"),
        event_ndim=event_ndim,
    )


def _absent(name: str, verb: str) -> Callable[..., Array]:
    def refuse(*args: object, **kwargs: object) -> Array:
        raise ValueError(f"`{name}` is a law of vectors and has no `{verb}`; got a call of it.")

    return refuse
