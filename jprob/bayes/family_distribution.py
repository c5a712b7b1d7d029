"""Any family as a NumPyro distribution: what jprob gets right about a density, inside a NumPyro model."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import promote
from jprob.density import Family

__all__ = ["distribution"]

constraints = dist.constraints


class _Masses(constraints.ParameterFreeConstraint):
    """Non-negative, and at most one together."""

    event_dim = 1

    def __call__(self, x: Any) -> Any:
        return (x >= 0).all(-1) & (x.sum(-1) <= 1.0 + 1e-6)

    def feasible_like(self, prototype: Any) -> Any:
        return jnp.full_like(prototype, 0.5 / prototype.shape[-1])


class _Between(constraints.Constraint):
    """Values that carry masses and density: no smooth map leads there, so NUTS refuses such a latent site."""

    def __init__(self, low: ArrayLike, high: ArrayLike):
        self.low, self.high = low, high

    def __call__(self, x: Any) -> Any:
        return (x >= self.low) & (x <= self.high)

    def feasible_like(self, prototype: Any) -> Any:
        return jnp.broadcast_to(jnp.clip(1.0, self.low, self.high), jnp.shape(prototype))

    def tree_flatten(self) -> Any:
        return (self.low, self.high), (("low", "high"), {})


_PARAMETERS = {
    "positive": constraints.positive,
    "unit_interval": constraints.unit_interval,
    "real": constraints.real,
    "count": constraints.nonnegative,
    "simplex": constraints.simplex,
    "masses": _Masses(),
    "positive_vector": constraints.independent(constraints.positive, 1),
}
_VECTORS = ("simplex", "masses", "positive_vector")


def distribution(family: Family | ModuleType) -> type[dist.Distribution]:
    """A NumPyro distribution class with the family's density, support and draws.

    Its instances stand in a model as any other: observed, or latent where the family has a density alone; they broadcast,
    ``expand``, ``mask`` and go through ``jit`` and ``vmap``. A family with atoms, such as a hurdle, is for observed sites:
    no gradient finds an atom, and a latent site of one is refused. Made once for each family.

    Args:
        family: any family of :mod:`jprob.density`, or its module.

    Returns:
        A subclass of ``numpyro.distributions.Distribution`` that takes the family's parameters, by position or name.

    Raises:
        ValueError: what is no family.

    Example:
        >>> from jprob.density import mixed
        >>> Claims = distribution(mixed.hurdle_lognormal)
        >>> law = Claims(prob=0.25, loc=0.0, scale=1.0)
        >>> round(float(law.log_prob(0.0)), 4)  # log 1/4
        -1.3863
    """
    found = getattr(family, "family", family)
    if not isinstance(found, Family):
        raise ValueError(f"`family` must be a family of jprob.density; got {family!r}.")
    return _class_of(found)


@functools.lru_cache(maxsize=256)
def _class_of(family: Family) -> type[dist.Distribution]:
    with jax.ensure_compile_time_eval():  # the first call may be inside a model that is being traced
        ends = tuple(float(jnp.max(jnp.asarray(end))) for end in family.support(**family.example_params))
    name = "".join(word.capitalize() for word in family.name.split("_"))
    return type(name, (_FamilyDistribution,), {
        "__doc__": f"jprob's {family.name.replace('_', ' ')}.",
        "family": family,
        "ends": ends,
        "arg_constraints": {p: _PARAMETERS[kind] for p, kind in family.constraints.items()},
        "support": constraints.dependent_property(_support, **_kind(family)),
    })  # fmt: skip


class _FamilyDistribution(dist.Distribution):
    """What all of them share; ``family`` and the ends of its example's support are attributes of each class."""

    family: Family
    ends: tuple[float, float]

    def __init__(self, *args: ArrayLike, validate_args: bool | None = None, **kwargs: ArrayLike):
        family = self.family
        given = dict(zip(family.parameters, args, strict=False)) | kwargs
        if set(given) != set(family.parameters) or len(args) + len(kwargs) != len(family.parameters):
            raise ValueError(
                f"`{type(self).__name__}` takes {', '.join(family.parameters)}; got {', '.join(given) or 'nothing'}."
            )
        arrays = dict(zip(given, promote(*given.values()), strict=True))
        batch = jnp.broadcast_shapes(*(jnp.shape(v)[: _batch_ndim(family, p, v)] for p, v in arrays.items()))
        event = ()
        for parameter in family.parameters:
            value = arrays[parameter]
            own = jnp.shape(value)[_batch_ndim(family, parameter, value) :]
            event = own or event
            setattr(self, parameter, jnp.broadcast_to(value, batch + own))
        super().__init__(batch, event if family.event_ndim else (), validate_args=validate_args)

    @property
    def params(self) -> dict[str, Array]:
        """The parameters by name."""
        return {p: getattr(self, p) for p in self.family.parameters}

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draws of the family; counts as floats."""
        return self.family.sample(key, **self.params, shape=sample_shape)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """Log density or log probability, of the family."""
        return self.family.logdensity(value, self.params)

    def cdf(self, value: ArrayLike) -> Array:
        """Probability of at most ``value``."""
        return self.family.cdf(value, **self.params)

    def icdf(self, q: ArrayLike) -> Array:
        """Generalised inverse of the cdf."""
        return self.family.ppf(q, **self.params)

    def entropy(self) -> Array:
        """In nats."""
        return self.family.entropy(**self.params)

    @property
    def mean(self) -> Array:
        """Of the family."""
        return self.family.mean(**self.params)

    @property
    def variance(self) -> Array:
        """Of the family."""
        return self.family.variance(**self.params)


def _batch_ndim(family: Family, parameter: str, value: ArrayLike) -> int:
    return jnp.ndim(value) - (family.constraints[parameter] in _VECTORS)


def _kind(family: Family) -> dict[str, Any]:
    return {"is_discrete": family.discrete, "event_dim": family.event_ndim}


def _support(self: _FamilyDistribution) -> constraints.Constraint:
    family, params = self.family, self.params
    if family.name == "dirichlet":
        return constraints.simplex
    if family.event_ndim:
        return constraints.multinomial(params["n"])
    low, high = family.support(**params)
    least, most = self.ends
    if family.atoms:
        return _Between(low, high)
    if family.discrete:
        return (
            constraints.integer_interval(low, high) if np.isfinite(most) else constraints.integer_greater_than(low - 1)
        )
    if np.isfinite(least) and np.isfinite(most):
        return constraints.interval(low, high)
    if np.isfinite(least):
        return constraints.positive if least == 0 else constraints.greater_than(low)
    return constraints.real if not np.isfinite(most) else constraints.less_than(high)
