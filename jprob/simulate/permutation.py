r"""Permutation tests: the law of a statistic where nothing is going on.

Under the null hypothesis the data could as well have come in another order; the statistic of reshuffled data shows what
chance does.

.. math:: p = \frac{1 + \#\{T^* \ge T\}}{1 + B}

which is valid for any number B of reshuffles, and never 0.

References:
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical Applications in Genetics and
    Molecular Biology 9.
    Ernst, M. D. (2004). Permutation methods: a basis for exact inference. Statistical Science 19.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import Mesh
from jax.typing import ArrayLike

from jprob._array import check_positive_int, finfo
from jprob.simulate import resampling
from jprob.simulate._plan import data_rows
from jprob.simulate.bits import fast_key
from jprob.simulate.engine import replicate

__all__ = ["PermutationTest", "permutation_test"]

ALTERNATIVES = ("two-sided", "greater", "less")
KINDS = ("independent", "paired", "association")


class PermutationTest(NamedTuple):
    """A statistic beside what reshuffling makes of it.

    Attributes:
        statistic: of the data, shape ``(...)``.
        p_value: of the alternative. p_value_error: its simulation error.
        draws: the statistic of reshuffled data, shape ``(permutations, ...)``.
        num_nan: reshuffles whose statistic was no number; they count as extreme.
        complete: all were done; false after Ctrl-C.
    """

    statistic: Array
    p_value: Array
    p_value_error: Array
    draws: Array
    num_nan: Array
    complete: Array


def permutation_test(
    key: Array,
    first: ArrayLike,
    second: ArrayLike,
    statistic: Callable[[Array, Array], Array] | None = None,
    *,
    kind: str = "independent",
    alternative: str = "two-sided",
    num_permutations: int = 9_999,
    mesh: Mesh | None = None,
    progress: bool = False,
) -> PermutationTest:
    """Test whether two samples come from one law, or two columns have to do with each other.

    Args:
        key: a JAX random key.
        first: shape ``(n, ...)``. second: shape ``(m, ...)``; of the same n unless ``"independent"``.
        statistic: ``statistic(first, second)``, of any shape; by default the difference of the means, second less first, or
            the correlation for ``"association"``.
        kind: ``"independent"``: rows change samples; ``"paired"``: the two of a pair change places; ``"association"``: the
            second column is reordered.
        alternative: ``"greater"`` if a large statistic speaks against the null, ``"less"`` if a small one does;
            ``"two-sided"`` doubles the smaller of both.
        num_permutations: reshuffles.
        mesh: devices to share them. progress: show a bar on stderr.

    Returns:
        :class:`PermutationTest`.

    Raises:
        ValueError: no rows, missing values, samples that do not pair, an unknown kind or alternative.

    Example:
        >>> low, high = jnp.arange(8.0), jnp.arange(8.0) + 6.0
        >>> bool(permutation_test(jax.random.key(0), low, high, num_permutations=999).p_value < 0.01)
        True
    """
    check_positive_int(num_permutations, "num_permutations")
    for name, value, known in (("kind", kind, KINDS), ("alternative", alternative, ALTERNATIVES)):
        if value not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")
    (a, b), sizes = data_rows(tuple(_column(values) for values in (first, second)), "samples")
    if kind != "independent" and sizes[0] != sizes[1]:
        raise ValueError(
            f"`first` and `second` must have as many rows for kind {kind!r}; got {sizes[0]} and {sizes[1]}."
        )
    if kind != "association" and a.shape[1:] != b.shape[1:]:
        raise ValueError(f"`first` and `second` must have rows of one shape; got {a.shape[1:]} and {b.shape[1:]}.")
    of = statistic or (_correlation if kind == "association" else _difference)
    run = replicate(key, _experiment(of, kind), num_permutations, args=(a, b), mesh=mesh, progress=progress)
    return _judged(of, alternative, a, b, run.draws, run.complete)


def _column(values: Any) -> Any:
    return jnp.asarray(values, float) if isinstance(values, list | tuple) else values


def _difference(first: Array, second: Array) -> Array:
    somewhere = first[0]  # of constant samples the difference is then exactly 0
    return jnp.mean(second - somewhere, 0) - jnp.mean(first - somewhere, 0)


def _correlation(first: Array, second: Array) -> Array:
    a, b = first - jnp.mean(first, 0), second - jnp.mean(second, 0)
    return jnp.sum(a * b, 0) / jnp.sqrt(jnp.sum(a * a, 0) * jnp.sum(b * b, 0))


@functools.lru_cache(maxsize=256)
def _experiment(statistic: Callable[[Array, Array], Array], kind: str) -> Callable[..., Array]:
    def draw(key: Array, first: Array, second: Array) -> Array:
        n = first.shape[0]
        if kind == "paired":
            stays = (resampling.signs(key, n, None, 0) > 0).reshape(-1, *(1,) * (first.ndim - 1))
            return statistic(jnp.where(stays, first, second), jnp.where(stays, second, first))
        if kind == "association":
            return statistic(first, jax.random.permutation(fast_key(key), second))
        mixed = jax.random.permutation(fast_key(key), jnp.concatenate([first, second]))
        return statistic(mixed[:n], mixed[n:])

    return draw


@functools.partial(jax.jit, static_argnums=(0, 1))
def _judged(
    statistic: Callable[[Array, Array], Array],
    alternative: str,
    first: Array,
    second: Array,
    draws: Array,
    complete: bool,
) -> PermutationTest:
    found = jnp.asarray(statistic(first, second))
    # sums of the same numbers in another order are equal but for rounding
    slack = 64.0 * finfo(draws).eps * jnp.maximum(jnp.abs(found), jnp.max(jnp.abs(draws), 0, initial=0.0))
    lost, num = jnp.isnan(draws), draws.shape[0]
    above = (1.0 + jnp.sum((draws >= found - slack) | lost, 0)) / (num + 1.0)
    below = (1.0 + jnp.sum((draws <= found + slack) | lost, 0)) / (num + 1.0)
    one = {"greater": above, "less": below, "two-sided": jnp.minimum(above, below)}[alternative]
    times = 2.0 if alternative == "two-sided" else 1.0
    p_value = jnp.where(jnp.isnan(found), jnp.nan, jnp.minimum(times * one, 1.0)).astype(draws.dtype)
    return PermutationTest(
        statistic=found,
        p_value=p_value,
        p_value_error=times * jnp.sqrt(one * (1.0 - one) / num).astype(draws.dtype),
        draws=draws,
        num_nan=jnp.sum(jnp.any(lost.reshape(num, -1), 1)),
        complete=jnp.asarray(complete),
    )
