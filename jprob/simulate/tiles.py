"""Tiles of replicates: which key each one gets, how many run at once, and one compiled program for all schedules.

A tile is a power of two of replicates that a reducer sees at once, in batches under one ``vmap``. Both sizes follow from
the experiment alone, from its widest array and its work: another width would change the bits of a reduction. How many tiles
a call of the program takes, and on how many devices, is dynamic: there is one program for one experiment, and so one set of
bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from jprob.simulate.forest import Forest, folded, push
from jprob.simulate.reducers import Reducer

__all__ = ["Job", "Plan", "advance", "append", "keys", "planned", "result"]

Experiment = Callable[..., Any]

_WORKING_SET = 2**22  # bytes of the largest array of a batch: about a core's cache, and enough work for it
_WORK = 2**27  # bytes that a batch writes on its way: the last one is padded, and that must not cost seconds
_BATCHES = 8  # in a tile: what a reducer does costs as much for one batch as for all
# where a processor has such vectors: hashing is a third faster, bits are the same
_OPTIONS = {"xla_cpu_prefer_vector_width": 512}
_UNKNOWN = 10  # turns that a loop of unknown length is taken to make
_MOST_IN_TILE = 2**16
_BUFFER = 2**22  # bytes of tile results that a device holds before they are merged


class Plan(NamedTuple):
    """What a compiled program is specialised to, beside the shapes of its arguments.

    Attributes:
        experiment: ``experiment(key, *args)``.
        reduce: ``None`` to keep all draws.
        tile: replicates that are reduced at once, a power of two.
        batch: of them under one ``vmap``, a power of two.
        capacity: tiles that one device may take at once.
        mesh: the devices, all axes together; ``None`` for one.
    """

    experiment: Experiment
    reduce: Reducer | None
    tile: int
    batch: int
    capacity: int
    mesh: Mesh | None

    @property
    def num_devices(self) -> int:
        """Devices that share the tiles."""
        return 1 if self.mesh is None else self.mesh.size


class Job(NamedTuple):
    """A run of tiles: ``num`` of them from tile ``first`` on; of tile ``last`` only ``rest`` replicates count."""

    first: Any
    num: Any
    last: Any
    rest: Any


def planned(
    experiment: Experiment, reduce: Reducer | None, key: Array, args: tuple, tile: int | None, mesh: Mesh | None
) -> tuple[Plan, Any, int]:
    """The plan, the shape of one draw, and the bytes that one device works with.

    Raises:
        ValueError: the shape of what the experiment returns depends on its key, or it returns nothing.
    """
    try:
        traced = jax.jit(experiment).trace(key, *args)  # traced once for each function and shape
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as error:
        raise ValueError(
            "`experiment` must be a JAX function whose shapes and branches do not depend on its key; "
            f"got {str(error).splitlines()[0]}"
        ) from error
    draw = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), traced.out_info)
    if not jax.tree.leaves(draw):
        raise ValueError(f"`experiment` must return at least one array; got {draw!r}.")
    widest, work = _effort(traced.jaxpr.jaxpr)
    widest = max(widest, num_bytes(draw), 1)
    batch = _power_of_two(min(_WORKING_SET // widest, _WORK // max(work, 1)))
    if tile is None:
        kept_at_once = _power_of_two(_WORKING_SET // max(num_bytes(draw), 1))  # wide draws in tiles of one batch
        tile = batch if reduce is None else max(batch, min(_BATCHES * batch, kept_at_once))
    batch = min(batch, tile)
    kept = draw if reduce is None else jax.eval_shape(reduce.init, draw)
    each = num_bytes(kept) * (tile if reduce is None else 1)
    capacity = max(1, min(1024, _BUFFER // max(each, 1)))
    devices = 1 if mesh is None else mesh.size
    trees = 0 if reduce is None else 2 * 66 * each
    return (
        Plan(experiment, reduce, tile, batch, capacity, mesh),
        draw,
        3 * batch * widest + 2 * tile * num_bytes(draw) + (1 + devices) * capacity * each + trees,
    )


def num_bytes(tree: Any) -> int:
    """Bytes of the arrays of a tree, or of their shapes."""
    return sum(math.prod(np.shape(leaf)) * _itemsize(getattr(leaf, "dtype", None)) for leaf in jax.tree.leaves(tree))


def keys(key: Array, tile: Array, size: int) -> Array:
    """The keys of the replicates of a tile: ``fold_in(key, i)`` for the global index i.

    From 2³² on i does not fit into a word: its high word h goes first, ``fold_in(fold_in(fold_in(key, 2³² − 1), h), low)``.
    """
    bits = size.bit_length() - 1
    tile = jnp.asarray(tile, jnp.uint32)
    low = (tile << bits) + jnp.arange(size, dtype=jnp.uint32)
    fold = jax.vmap(jax.random.fold_in, (None, 0))
    if bits == 0:
        return fold(key, low)
    high = tile >> (32 - bits)
    base = lax.cond(
        high > 0,
        lambda: jax.random.fold_in(jax.random.fold_in(key, jnp.uint32(2**32 - 1)), high),
        lambda: key,
    )
    return fold(base, low)


@partial(jax.jit, static_argnames="plan", compiler_options=_OPTIONS)
def advance(plan: Plan, forest: Forest | None, key: Array, args: tuple, job: Job) -> tuple[Any, Array]:
    """Run a job: the forest with its tiles appended, or their draws; and how many replicates have a ``nan``.

    Draws have shape ``(devices * capacity, tile, ...)``; device d takes the tiles from ``d * share`` on, ``share`` being
    the number of tiles over that of devices, rounded up. ``job.num`` is at most ``devices * capacity``.
    """
    if plan.mesh is None:
        return _on_device(plan, forest, key, args, job)
    spread = jax.shard_map(
        partial(_on_device, plan), mesh=plan.mesh, in_specs=PartitionSpec(), out_specs=PartitionSpec(), check_vma=False
    )
    return spread(forest, key, args, job)


@partial(jax.jit, static_argnames="merge")
def append(merge: Callable, forest: Forest, other: Forest, first: Array) -> Forest:
    """The nodes of another forest, whose first tile is ``first``, appended to one that ends there."""

    def one(i: Array, carry: tuple[Forest, Array]) -> tuple[Forest, Array]:
        forest, tile = carry
        state = jax.tree.map(lambda leaf: leaf[i], other.states)
        level = other.levels[i]
        return push(merge, forest, state, level, tile >> level.astype(jnp.uint32)), tile + (
            jnp.uint32(1) << level.astype(jnp.uint32)
        )

    return lax.fori_loop(0, other.size, one, (forest, jnp.asarray(first, jnp.uint32)))[0]


@partial(jax.jit, static_argnames="reduce")
def result(reduce: Reducer, forest: Forest) -> Any:
    """What a reducer makes of all tiles of a forest."""
    return reduce.finish(folded(reduce.merge, forest))


def _on_device(plan: Plan, forest: Forest | None, key: Array, args: tuple, job: Job) -> tuple[Any, Array]:
    devices, size = plan.num_devices, plan.tile
    job = jax.tree.map(lambda number: jnp.asarray(number, jnp.uint32), job)
    share = (job.num + jnp.uint32(devices - 1)) // jnp.uint32(devices)
    axes = None if plan.mesh is None else plan.mesh.axis_names
    here = 0 if axes is None else lax.axis_index(axes)
    start = jnp.minimum(jnp.asarray(here, jnp.uint32) * share, job.num)
    mine = jnp.minimum(share, job.num - start)

    def one_tile(number: Array) -> tuple[Any, Array]:
        within = jnp.arange(size, dtype=jnp.uint32)
        num = jnp.where(number == job.last, job.rest, jnp.uint32(size))
        counted = within < num
        draws = _draws(plan, keys(key, number, size), args, num)
        bad = jnp.sum(_has_nan(draws) & counted, dtype=jnp.uint32)
        if plan.reduce is None:
            return draws, bad
        init = plan.reduce.init(jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), draws))
        return plan.reduce.update(init, draws, counted), bad

    def step(i: Array, carry: tuple[Any, Array]) -> tuple[Any, Array]:
        kept, bad = carry
        found, also = one_tile(job.first + start + i)
        return jax.tree.map(lambda all_, leaf: all_.at[i].set(leaf), kept, found), bad + also

    shapes = jax.eval_shape(one_tile, jax.ShapeDtypeStruct((), jnp.uint32))[0]
    room = jax.tree.map(lambda leaf: jnp.zeros((plan.capacity, *leaf.shape), leaf.dtype), shapes)
    kept, bad = lax.fori_loop(jnp.uint32(0), mine, step, (room, jnp.uint32(0)))
    if axes is not None:
        kept = jax.tree.map(lambda leaf: lax.all_gather(leaf, axes, tiled=True), kept)
        bad = lax.psum(bad, axes)
    if plan.reduce is None:
        return kept, bad
    merge = plan.reduce.merge

    def take(i: Array, forest: Forest) -> Forest:
        place = (i // share) * jnp.uint32(plan.capacity) + i % share
        return push(merge, forest, jax.tree.map(lambda leaf: leaf[place], kept), jnp.int32(0), job.first + i)

    return lax.fori_loop(jnp.uint32(0), job.num, take, forest), bad


def _draws(plan: Plan, keys: Array, args: tuple, num: Array) -> Any:
    """What the replicates of a tile return, batch by batch; zeros from the first batch on that has none of the ``num``."""
    run = jax.vmap(lambda k: jax.tree.map(jnp.asarray, plan.experiment(k, *args)))
    if plan.batch == plan.tile:
        return run(keys)
    batches = keys.reshape(-1, plan.batch)

    def step(i: Array, kept: Any) -> Any:
        return jax.tree.map(lambda all_, leaf: all_.at[i].set(leaf), kept, lax.optimization_barrier(run(batches[i])))

    shapes = jax.eval_shape(run, batches[0])
    room = jax.tree.map(lambda leaf: jnp.zeros((batches.shape[0], *leaf.shape), leaf.dtype), shapes)
    full = lax.fori_loop(jnp.uint32(0), (num + jnp.uint32(plan.batch - 1)) // jnp.uint32(plan.batch), step, room)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), full)


def _power_of_two(number: int) -> int:
    """The largest one up to a number, from 1 to what fits into a tile."""
    return 1 << (max(1, min(_MOST_IN_TILE, number)).bit_length() - 1)


def _has_nan(draws: Any) -> Array:
    leaves = jax.tree.leaves(draws)
    floating = [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    bad = jnp.zeros(leaves[0].shape[0], bool)
    for leaf in floating:
        bad |= jnp.any(jnp.isnan(leaf.reshape(leaf.shape[0], -1)), -1)
    return bad


def _effort(jaxpr: Any) -> tuple[int, int]:
    """Bytes of the largest array that one replicate makes on its way, and of all that it makes."""
    widest = work = 0
    for equation in jaxpr.eqns:
        made = [math.prod(v.aval.shape) * _itemsize(v.aval.dtype) for v in equation.outvars if hasattr(v.aval, "shape")]
        inside = [p for value in equation.params.values() for p in (value if isinstance(value, tuple) else (value,))]
        inner = [_effort(part) for part in (getattr(p, "jaxpr", p) for p in inside) if hasattr(part, "eqns")]
        turns = equation.params.get("length", _UNKNOWN if equation.primitive.name == "while" else 1)
        widest = max([widest, *made, *(wide for wide, _ in inner)])
        work += sum(made) + turns * sum(each for _, each in inner)
    return widest, work


def _itemsize(dtype: Any) -> int:
    return getattr(dtype, "itemsize", 8)
