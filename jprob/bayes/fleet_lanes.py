"""The data sets of a fleet: one argument or several with a leading axis of lanes, checked lane by lane on the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import concrete
from jprob.bayes.inputs import Structure, join, split

__all__ = ["Lanes", "lane_keys", "lanes", "padded_tiles"]

Model = Callable[..., Any]


class Lanes(NamedTuple):
    """Data sets side by side.

    Attributes:
        num: of them. data: arrays whose first axis runs over lanes. shared: arrays that all lanes have.
        structure: how arguments are made of both.
    """

    num: int
    data: list[Array]
    shared: list[Array]
    structure: tuple[Structure, Structure]


def lanes(model: Model, data: Any, shared: Mapping[str, Any]) -> Lanes:
    """The checked lanes of ``data``: a tuple of positional arguments, a mapping of arguments by name, or one argument.

    Raises:
        ValueError: no lanes, leading axes that differ, or data that the model refuses, naming the lane.
    """
    by_name = isinstance(data, Mapping)
    args, kwargs = ((), dict(data)) if by_name else (data if isinstance(data, tuple) else (data,), {})
    both = set(kwargs) & set(shared)
    if both:
        raise ValueError(f"`data` and the shared arguments must have different names; got `{min(both)}` twice.")
    args, kwargs = jax.tree.map(_array, (args, kwargs), is_leaf=lambda leaf: isinstance(leaf, list))
    leaves, structure = split((args, kwargs))
    num = _count(leaves)
    _check(model, args, kwargs, shared, num)
    common, of_common = split(dict(shared))
    return Lanes(num, leaves, common, (structure, of_common))


def arguments(data: list[Array], shared: list[Array], structure: tuple[Structure, Structure]) -> tuple[tuple, dict]:
    """What the model is called with."""
    args, kwargs = join(data, structure[0])
    return args, kwargs | join(shared, structure[1])


def lane_keys(keys: Array, num: int) -> Array:
    """A key for each lane, of one key or as they are, shape ``(num,)``."""
    dtype = getattr(keys, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key) or keys.ndim > 1:
        raise ValueError("`keys` must be one JAX random key or one for each lane, as `jax.random.key(0)`.")
    if keys.ndim == 0:
        return jax.vmap(jax.random.fold_in, (None, 0))(keys, jnp.arange(num))
    if keys.shape[0] != num:
        raise ValueError(f"`keys` must be one or one for each lane; got {keys.shape[0]} keys and {num} lanes.")
    return keys


def padded_tiles(x: Array, num: int, tiles: int, width: int) -> Array:
    """Lanes as ``(tiles, width, ...)``; the last lane is repeated to fill up."""
    return x[jnp.minimum(jnp.arange(tiles * width), num - 1)].reshape(tiles, width, *x.shape[1:])


def _array(leaf: Any) -> Any:
    return np.asarray(leaf) if isinstance(leaf, list | int | float) and not isinstance(leaf, bool) else leaf


def _count(leaves: list[Array]) -> int:
    sizes = {leaf.shape[0] if leaf.ndim else 0 for leaf in leaves}
    if len(sizes) != 1 or 0 in sizes:
        shapes = " and ".join(str(leaf.shape) for leaf in leaves) or "nothing"
        raise ValueError(f"`data` must have arrays with one leading axis of at least one lane; got {shapes}.")
    return sizes.pop()


def _check(model: Model, args: tuple, kwargs: dict, shared: Mapping[str, Any], num: int) -> None:
    """The model's own check, of all lanes at once where it takes any shape, else one by one."""
    prepare = getattr(model, "prepare", None)
    if prepare is None or not concrete(*jax.tree.leaves((args, kwargs, dict(shared)))):
        return
    args, kwargs = jax.tree.map(np.asarray, (args, kwargs))
    try:
        prepare(*args, **kwargs, **shared)
    except ValueError:
        for lane in range(num):
            one_args, one_kwargs = jax.tree.map(lambda leaf, lane=lane: leaf[lane], (args, kwargs))
            try:
                prepare(*one_args, **one_kwargs, **shared)
            except ValueError as error:
                raise ValueError(f"Lane {lane}: {error}") from None
