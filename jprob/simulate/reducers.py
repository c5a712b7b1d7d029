"""What can be kept of replicates without keeping them: a start, a step for a tile of draws, and a merge."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["Reducer", "part", "per_leaf", "together"]


class Reducer(NamedTuple):
    """Streaming over tiles of replicates, as pure functions; write your own, or take ``moments()`` and its siblings.

    Use functions of a module or one object kept: programs are compiled for each reducer by its identity.

    Attributes:
        init: ``init(draw) -> state`` of no replicates; ``draw`` is the shape and dtype of one, a tree of
            ``jax.ShapeDtypeStruct``.
        update: ``update(state, draws, counted) -> state``: a tile of draws along axis 0, of which those count where
            ``counted``, shape ``(tile,)``, is true; the rest is padding. The state is always that of ``init``.
        merge: ``merge(left, right) -> state`` of two states, neighbours in the order of replicates.
        finish: ``finish(state) -> result``.
    """

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Array], Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any], Any] = lambda state: state


def together(reducers: Reducer | Mapping[str, Reducer]) -> Reducer:
    """One reducer of several by name, whose result is a dict; a single one as it is.

    Raises:
        ValueError: not a reducer.
    """
    if isinstance(reducers, Reducer):
        return reducers
    if not isinstance(reducers, Mapping) or not all(isinstance(r, Reducer) for r in reducers.values()):
        raise ValueError(f"`reduce` must be a Reducer or a dict of them; got {reducers!r}.")
    return _together(tuple(reducers.items()))


@functools.lru_cache(maxsize=256)
def _together(items: tuple[tuple[str, Reducer], ...]) -> Reducer:
    return Reducer(
        lambda draw: {name: r.init(draw) for name, r in items},
        lambda state, draws, counted: {name: r.update(state[name], draws, counted) for name, r in items},
        lambda left, right: {name: r.merge(left[name], right[name]) for name, r in items},
        lambda state: {name: r.finish(state[name]) for name, r in items},
    )


@functools.lru_cache(maxsize=256)
def part(name: str, reducer: Reducer) -> Reducer:
    """A reducer that sees only ``draw[name]``."""
    return Reducer(
        lambda draw: reducer.init(draw[name]),
        lambda state, draws, counted: reducer.update(state, draws[name], counted),
        reducer.merge,
        reducer.finish,
    )


def per_leaf(init: Callable, update: Callable, merge: Callable, finish: Callable, kind: type) -> Reducer:
    """A reducer of every array of a draw by itself; ``kind`` is the type of the state of one.

    ``update(x, counted)`` makes the state of a tile ``x`` of shape ``(tile, ...)`` in a floating dtype; ``counted`` is
    broadcast to it and false for padding and ``nan``.
    """

    def one(leaf: Any) -> bool:
        return isinstance(leaf, kind)

    def tile(state: Any, x: Array, counted: Array) -> Any:
        x = x.astype(_floating(x.dtype))
        rows = counted.reshape(-1, *(1,) * (x.ndim - 1))
        return merge(state, update(x, rows & ~jnp.isnan(x)))

    return Reducer(
        lambda draw: jax.tree.map(lambda leaf: init(leaf.shape, _floating(leaf.dtype)), draw),
        lambda state, draws, counted: jax.tree.map(lambda s, x: tile(s, x, counted), state, draws, is_leaf=one),
        lambda left, right: jax.tree.map(merge, left, right, is_leaf=one),
        lambda state: jax.tree.map(finish, state, is_leaf=one),
    )


def _floating(dtype: Any) -> Any:
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)
