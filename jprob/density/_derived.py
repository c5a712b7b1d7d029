"""Families made from others at run time: functions of a mapping of parameters turned into the verbs of a ``Family``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import finfo, promote, safe
from jprob.density._discrete import first_count, uniform_tails
from jprob.density.bijector import BIJECTORS
from jprob.density.family import Family
from jprob.special import Tails

__all__ = [
    "Level",
    "Params",
    "closed_estimate",
    "derived",
    "exact_level",
    "interior",
    "plain_family",
    "quantile_of_counts",
    "rough_estimate",
    "tails_of",
]

type Params = Mapping[str, Array]


class Level(NamedTuple):
    """A probability level as both tails, each exact where it is the smaller and was given.

    Attributes:
        lower: probability of at most the quantile. upper: 1 less that.
        slack: how far the smaller may be off, as it was computed or formed from the other.
    """

    lower: Array
    upper: Array
    slack: Array

    @property
    def by_lower(self) -> Array:
        """Whether the lower tail is the smaller, and so the one to be compared."""
        return self.lower <= self.upper

    @property
    def possible(self) -> Array:
        """Whether these are probabilities."""
        return (self.lower >= 0) & (self.upper >= 0)

    def reached(self, tails: Tails) -> Array:
        """Whether a value with these tails is at or beyond the quantile."""
        return jnp.where(self.by_lower, tails.lower >= self.lower - self.slack, tails.upper <= self.upper + self.slack)


def exact_level(lower: Array, upper: Array) -> Level:
    """Both tails known to a few ulp."""
    return Level(lower, upper, 8.0 * finfo(lower).eps * jnp.minimum(lower, upper))


def level_of_lower(q: Array) -> Level:
    """The level of a lower tail, from which a smaller upper one has its rounding."""
    eps = finfo(q).eps
    return Level(q, 1.0 - q, jnp.where(q <= 0.5, 8.0 * eps * q, 0.75 * eps))


def level_of_upper(q: Array) -> Level:
    """The level of an upper tail."""
    eps = finfo(q).eps
    return Level(1.0 - q, q, jnp.where(q <= 0.5, 8.0 * eps * q, 0.75 * eps))


VECTORS = ("simplex", "masses", "positive_vector")


def derived(
    name: str,
    *,
    discrete: bool,
    constraints: Mapping[str, str],
    example_params: Mapping[str, Any],
    support: Callable[[Params], tuple[Array, Array]],
    logdensity: Callable[[Array, Params], Array],
    tails: Callable[[Array, Params], Tails],
    quantile: Callable[[Level, Params], Array],
    moments: Mapping[str, Callable[[Params], Array]],
    mle: Callable[..., dict[str, Array]] | None = None,
    start: Callable[..., dict[str, Array]] | None = None,
    atoms: tuple[ArrayLike, ...] = (),
) -> Family:
    """The family of these functions of promoted arrays and parameters by name.

    Draws are quantiles of uniforms, so that they cost the same in every lane. ``moments`` holds mean, variance, mode and
    entropy.
    """
    names = tuple(constraints)

    def bound(args: tuple[ArrayLike, ...], kwargs: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
        params = dict(zip(names, args, strict=False)) | dict(kwargs)
        if set(params) != set(names) or len(args) + len(kwargs) != len(names):
            raise ValueError(f"`{name}` takes the parameters {', '.join(names)}; got {', '.join(params) or 'none'}.")
        return params

    def promoted(*values: ArrayLike, **params: ArrayLike) -> tuple[tuple[Array, ...], dict[str, Array]]:
        arrays = promote(*values, *params.values())
        return arrays[: len(values)], dict(zip(params, arrays[len(values) :], strict=True))

    def of_value(function: Callable[[Array, Params], Array]) -> Callable[..., Array]:
        compiled = jax.jit(function)

        def verb(x: ArrayLike, *args: ArrayLike, **kwargs: ArrayLike) -> Array:
            (x,), params = promoted(x, **bound(args, kwargs))
            return compiled(x, params)

        return verb

    def of_params(function: Callable[[Params], Array]) -> Callable[..., Array]:
        # supports and constants inside are of the default dtype: the parameters' is kept
        compiled = jax.jit(lambda params: function(params).astype(next(iter(params.values())).dtype))
        return lambda *args, **kwargs: compiled(promoted(**bound(args, kwargs))[1])

    density = of_value(logdensity)

    @jax.jit
    def drawn(lower: Array, upper: Array, params: Params) -> Array:
        return quantile(exact_level(lower, upper), params)

    def sample(key: Array, *args: ArrayLike, shape: tuple[int, ...] = (), **kwargs: ArrayLike) -> Array:
        params = promoted(**bound(args, kwargs))[1]
        batch = [p.shape[:-1] if constraints[n] in VECTORS else p.shape for n, p in params.items()]
        dtype = next(iter(params.values())).dtype
        return drawn(*uniform_tails(key, shape + jnp.broadcast_shapes(*batch), dtype), params)

    return Family(
        name=name,
        parameters=names,
        discrete=discrete,
        constraints=constraints,
        bijectors={n: BIJECTORS[kind] for n, kind in constraints.items() if kind in BIJECTORS},
        support=lambda *args, **kwargs: support(promoted(**bound(args, kwargs))[1]),
        example_params=example_params,
        logdensity=lambda x, params: density(x, **params),
        cdf=of_value(lambda x, params: tails(x, params).lower),
        sf=of_value(lambda x, params: tails(x, params).upper),
        logcdf=of_value(lambda x, params: tails(x, params).log_lower),
        logsf=of_value(lambda x, params: tails(x, params).log_upper),
        ppf=of_value(lambda q, params: quantile(level_of_lower(q), params)),
        isf=of_value(lambda q, params: quantile(level_of_upper(q), params)),
        mean=of_params(moments["mean"]),
        variance=of_params(moments["variance"]),
        mode=of_params(moments["mode"]),
        entropy=of_params(moments["entropy"]),
        sample=sample,
        mle=mle,
        start=start,
        atoms=atoms,
    )


def plain_family(family: Family | ModuleType, argument: str) -> Family:
    """A family of numbers without atoms, given as itself or its module; ``ValueError`` for what is none."""
    found = getattr(family, "family", family)
    if not isinstance(found, Family):
        raise ValueError(f"`{argument}` must be a family of jprob.density; got {family!r}.")
    if found.event_ndim or found.atoms:
        raise ValueError(f"`{argument}` must be a family of numbers without atoms; got {found.name}.")
    return found


def tails_of(family: Family, x: Array, params: Params) -> Tails:
    """All four tails; what is not used costs nothing once compiled."""
    return Tails(*(verb(x, **params) for verb in (family.cdf, family.sf, family.logcdf, family.logsf)))


def interior(family: Family) -> float:
    """A value inside the support at the example parameters, for branches whose result is discarded."""
    with jax.ensure_compile_time_eval():
        low, high = (float(jnp.max(jnp.asarray(end))) for end in family.support(**family.example_params))
    if family.discrete:
        return low + 1.0
    if low > -jnp.inf:
        return 0.5 * (low + high) if high < jnp.inf else low + 1.0
    return 0.0 if high == jnp.inf else high - 1.0


def closed_estimate(family: Family) -> Callable[..., dict[str, Array]]:
    """The family's estimate in closed form."""
    if family.mle is None:
        raise ValueError(f"`family` must have an estimate in closed form; got {family.name}.")
    return family.mle


def rough_estimate(family: Family) -> Callable[..., dict[str, Array]] | None:
    """Where an optimiser may begin: the estimate in closed form, or the rough one."""
    return family.mle or family.start


def quantile_of_counts(level: Level, tails: Callable[[Array], Tails], guess: Array, low: Array, high: Array) -> Array:
    """The smallest count in [low, high] that reaches the level; before the first one at probability 0."""
    largest = finfo(level.lower).max / 8.0
    dtype = level.lower.dtype  # supports are of the default one
    guess, low, high, _ = jnp.broadcast_arrays(*(jnp.asarray(v, dtype) for v in (guess, low, high)), level.lower)
    fixed = lax.stop_gradient(jax.tree.map(lambda q: jnp.broadcast_to(q, guess.shape), level))
    known = fixed.possible & ~jnp.isnan(tails(low).lower)
    bounds = safe(known, low, 0.0), jnp.minimum(safe(known, high, 0.0), largest)
    start = lax.stop_gradient(safe(jnp.isfinite(guess), guess, 0.0))
    k = first_count(lambda k: fixed.reached(tails(k)) | ~known, start, *bounds)
    k = jnp.where(level.lower == 0, low - 1.0, jnp.where(level.upper == 0, high, k))
    return jnp.where(known, k, jnp.nan)
