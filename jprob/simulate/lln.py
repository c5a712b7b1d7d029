r"""The law of large numbers as trajectories: running means that settle, or do not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import check_positive_int
from jprob.density import Family
from jprob.simulate.engine import replicate
from jprob.simulate.sampling import Population, Sampler, check_sizes, population, running_sums, source, the_law

__all__ = ["LLN", "lln"]


class LLN(NamedTuple):
    """Running means of independent trajectories.

    Attributes:
        sizes: n, shape ``(sizes,)``.
        running_mean: of the first n draws, shape ``(trajectories, sizes)``.
        lower: 2.5 % quantile over the trajectories, shape ``(sizes,)``. upper: 97.5 % quantile.
        standard_error: σ / √n, what independence and a finite variance promise; ``inf`` without variance.
        population: :class:`Population`: what the means go to, and whether they go anywhere.
        num_nan: trajectories with a ``nan``.
    """

    sizes: Array
    running_mean: Array
    lower: Array
    upper: Array
    standard_error: Array
    population: Population
    num_nan: int


def lln(
    key: Array,
    family_or_sampler: Family | ModuleType | Sampler,
    params: Mapping[str, Any] | None,
    sizes: Sequence[int],
    *,
    num_trajectories: int = 100,
    **engine: Any,
) -> LLN:
    """Running means at increasing sizes: they close in on the mean like 1/√n, more slowly with heavy tails, and not at all
    where there is no mean.

    Args:
        key: a JAX random key.
        family_or_sampler: a family, or ``sampler(key, n, **params)``.
        params: parameters by name; ``None`` for none.
        sizes: increasing sample sizes from 2.
        num_trajectories: independent ones.
        **engine: ``mesh progress checkpoint resume max_bytes tile tiles_per_dispatch`` of :func:`replicate`.

    Returns:
        :class:`LLN`.

    Raises:
        ValueError: sizes that do not increase; parameters that are not the family's.

    Example:
        >>> from jprob.density import exponential
        >>> paths = lln(jax.random.key(0), exponential.family, {"rate": 1.0}, [10, 1000], num_trajectories=200)
        >>> bool((paths.upper - paths.lower)[1] < 0.2 * (paths.upper - paths.lower)[0])
        True
    """
    sizes = check_sizes(sizes)
    check_positive_int(num_trajectories, "num_trajectories")
    pilot_key, study_key = jax.random.split(key)
    family_or_sampler = the_law(family_or_sampler)
    draw, values = source(family_or_sampler, params)
    law = population(pilot_key, family_or_sampler, draw, values)
    found = replicate(study_key, _experiment(draw, sizes), num_trajectories, args=(values, law.centre), **engine)
    lower, upper = _band(found.draws)
    number = jnp.asarray(np.array(sizes, float), law.scale.dtype)
    error = jnp.where(law.has_variance, law.scale / jnp.sqrt(number), jnp.inf)
    return LLN(jnp.asarray(sizes), found.draws, lower, upper, error, law, found.num_nan)


@functools.lru_cache(maxsize=64)
def _experiment(draw: Sampler, sizes: tuple[int, ...]) -> Callable:
    def experiment(key: Array, params: dict[str, Array], centre: Array) -> Array:
        x = draw(key, sizes[-1], params).astype(centre.dtype)
        number = jnp.asarray(np.array(sizes, float), x.dtype)
        return centre + running_sums(x - centre, sizes, 1)[0] / number

    return experiment


@jax.jit
def _band(means: Array) -> tuple[Array, Array]:
    if means.shape[0] == 0:
        return jnp.full(means.shape[1], jnp.nan, means.dtype), jnp.full(means.shape[1], jnp.nan, means.dtype)
    low, high = jnp.nanquantile(means, np.array([0.025, 0.975], means.dtype), axis=0)
    return low, high
