r"""Replicates of an experiment: any number, in bounded memory, on any devices, and always the same bits.

Replicate i sees ``fold_in(key, i)`` and nothing else. Replicates run in tiles of one compiled shape (:mod:`.tiles`), and
tiles merge along a fixed tree (:mod:`.forest`); how many run at once, where, in how many sittings and in how many jobs
changes nothing in the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh

from jprob import __version__
from jprob._array import check_positive_int
from jprob.simulate.checkpoint import Fingerprint, digest, load, save
from jprob.simulate.counts import exact
from jprob.simulate.forest import Forest, empty
from jprob.simulate.reducers import Reducer, together
from jprob.simulate.tiles import Job, Plan, advance, append, num_bytes, planned, result

__all__ = ["Replicates", "join", "replicate", "shares"]

Experiment = Callable[..., Any]

_MAX_BYTES = 4 * 2**30
_DISPATCH = 0.25  # seconds between two looks at Ctrl-C and the progress bar
_MOST_TILES = 2**32
_MOST_IN_TILE = 2**16


class Replicates(NamedTuple):
    """What came out of the replicates ``start`` to ``start + num_replicates``.

    Attributes:
        draws: what each one returned, leaves of shape ``(num_replicates, ...)``; ``None`` with a reducer.
        reduced: what the reducer makes of them; ``None`` without one.
        num_replicates: how many were done.
        complete: all that were asked for; false after Ctrl-C.
        num_nan: replicates with a ``nan`` in what they returned. They are in ``draws``; jprob's reducers leave them out.
        start: index of the first one.
        tile: replicates that were reduced at once.
        key: data of the key. forest: merged tiles; both for :func:`join`.
    """

    draws: Any
    reduced: Any
    num_replicates: int
    complete: bool
    num_nan: int
    start: int
    tile: int
    key: Array
    forest: Forest | None


def replicate(
    key: Array,
    experiment: Experiment,
    num_replicates: int,
    *,
    args: tuple = (),
    reduce: Reducer | Mapping[str, Reducer] | None = None,
    start: int = 0,
    stop: int | None = None,
    tile: int | None = None,
    mesh: Mesh | None = None,
    tiles_per_dispatch: int | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    max_bytes: int | None = None,
) -> Replicates:
    """Run an experiment many times, keeping every draw or only what a reducer keeps.

    The program is compiled once for each experiment, reducer and shape of ``args``, whatever the number of replicates:
    pass the same function again, and data as ``args``. With a reducer memory does not grow with the replicates. Ctrl-C
    ends the run with what is done. Not to be called inside ``jit``: this is a host loop.

    Args:
        key: a JAX random key.
        experiment: ``experiment(key, *args)`` returns a tree of arrays; a JAX function, run under ``vmap``.
        num_replicates: of the whole study, from 0.
        args: arrays that every replicate reads; new values of the same shape compile nothing.
        reduce: a :class:`Reducer`, or several by name.
        start: first replicate of this part, for array jobs; a multiple of the tile, as are all multiples of 65,536.
        stop: one after the last of this part, a multiple of the tile or ``num_replicates``.
        tile: replicates that are reduced at once, a power of two up to 65,536. By default eight batches with a reducer and
            one without, a batch being as many under one ``vmap`` as keep its largest array in cache. It decides the
            rounding of sums: keep it where bits must be the same.
        mesh: the devices to share the tiles; several hosts after ``jax.distributed.initialize``.
        tiles_per_dispatch: tiles between two looks at progress, checkpoint and Ctrl-C; by default about 1/4 second.
        progress: show a bar on stderr.
        checkpoint: a file to keep the state in, written whole after every dispatch; one that all hosts see.
        resume: go on from ``checkpoint`` where it exists.
        max_bytes: refuse to begin where more memory than this would be needed; 4 GiB by default.

    Returns:
        :class:`Replicates`.

    Raises:
        ValueError: sizes that are no such numbers; a shape that depends on the key; too much memory; a checkpoint that
            exists already, is damaged, or is of another run.
        OSError: the checkpoint cannot be written.

    Example:
        >>> def dice(key):
        ...     return jax.random.randint(key, (2,), 1, 7).sum()
        >>> sums = replicate(jax.random.key(0), dice, 1000)
        >>> sums.draws.shape, sums.complete
        ((1000,), True)
    """
    check_positive_int(num_replicates, "num_replicates", 0)
    stop = num_replicates if stop is None else stop
    reduce = None if reduce is None else together(reduce)
    _check_tile(tile, tiles_per_dispatch)
    plan, draw, working = planned(experiment, reduce, key, args, tile, mesh)
    _check_range(plan.tile, num_replicates, start, stop)
    _check_memory(plan, draw, working + num_bytes(args), stop - start, max_bytes)

    run = _Run(plan, draw, key, args, start, stop)
    path = None if checkpoint is None else Path(checkpoint)
    print_ = _fingerprint(plan, draw, key, args, num_replicates, start, stop) if path else None
    state = run.begin()
    if path and print_ and path.exists():
        if not resume:
            raise ValueError(f"`checkpoint` must not exist yet, or `resume` be True; got {path}, which exists.")
        state = run.restored(load(path, print_))
    budget = tiles_per_dispatch or plan.num_devices
    with _bar(progress, stop - start, state.done) as advanced:
        try:
            while state.done < stop - start:
                began = time.perf_counter()
                state = run.step(state, budget)
                computed = time.perf_counter()
                advanced(state.done)
                if path and print_ and jax.process_index() == 0:
                    save(path, print_, run.saved(state))
                if tiles_per_dispatch is None:
                    budget = _next_budget(plan, budget, computed - began, time.perf_counter() - computed)
        except KeyboardInterrupt:
            pass  # the state is that of the last whole dispatch
    return run.outcome(state)


def join(parts: Sequence[Replicates], *, reduce: Reducer | Mapping[str, Reducer] | None = None) -> Replicates:
    """Parts of one study that follow one another, in any order, as if they had run in one piece: the same bits.

    Args:
        parts: results of :func:`replicate` with one key and one experiment over neighbouring ranges.
        reduce: as it was there.

    Returns:
        :class:`Replicates`.

    Raises:
        ValueError: no parts; parts that are not neighbours, or are of different keys or tiles.

    Example:
        >>> key, n = jax.random.key(0), 100_000
        >>> parts = [replicate(key, jax.random.uniform, n, start=a, stop=b) for a, b in shares(n, 2)]
        >>> bool((join(parts).draws == replicate(key, jax.random.uniform, n).draws).all())
        True
    """
    if not parts:
        raise ValueError("`parts` must be at least one; got none.")
    parts = sorted(parts, key=lambda part: (part.start, part.num_replicates))
    first = parts[0]
    for left, right in pairwise(parts):
        if left.start + left.num_replicates != right.start:
            raise ValueError(
                f"`parts` must be neighbours; got one that ends at {left.start + left.num_replicates} and one that "
                f"begins at {right.start}."
            )
    if any(part.tile != first.tile or not np.array_equal(part.key, first.key) for part in parts):
        raise ValueError("`parts` must be of one key and one tile; got several.")
    draws = reduced = forest = None
    if first.forest is None:
        draws = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *(part.draws for part in parts))
    else:
        reducer = together(reduce if reduce is not None else {})
        forest = first.forest
        for part in parts[1:]:
            forest = append(reducer.merge, forest, part.forest, np.uint32(part.start // first.tile))
        forest = jax.tree.map(np.asarray, forest)
        reduced = exact(result(reducer, forest))
    return first._replace(
        draws=draws,
        reduced=reduced,
        num_replicates=sum(part.num_replicates for part in parts),
        complete=all(part.complete for part in parts),
        num_nan=sum(part.num_nan for part in parts),
        forest=forest,
    )


def shares(num_replicates: int, num_parts: int) -> list[tuple[int, int]]:
    """The ranges ``(start, stop)`` of an array job, equal up to the tile.

    Example:
        >>> shares(200_000, 2)
        [(0, 131072), (131072, 200000)]
    """
    check_positive_int(num_replicates, "num_replicates", 0)
    check_positive_int(num_parts, "num_parts")
    blocks = -(-num_replicates // _MOST_IN_TILE)
    ends = [min(num_replicates, -(-blocks * i // num_parts) * _MOST_IN_TILE) for i in range(num_parts + 1)]
    return list(pairwise(ends))


def _next_budget(plan: Plan, budget: int, computing: float, writing: float) -> int:
    """Tiles for about 1/4 second, or for so long that a tenth of the time goes into checkpoints."""
    change = min(4.0, max(0.5, max(_DISPATCH, 10.0 * writing) / computing))
    if jax.process_count() > 1:
        change = 2.0  # all hosts must take the same steps, and their clocks differ
    return min(max(plan.num_devices, int(budget * change)), plan.capacity * plan.num_devices)


class _State(NamedTuple):
    """How far a run is: replicates done, those with ``nan``, and what they left."""

    done: int
    num_nan: int
    kept: Any


class _Run(NamedTuple):
    """One part of a study as a loop over dispatches."""

    plan: Plan
    draw: Any
    key: Array
    args: tuple
    start: int
    stop: int

    def begin(self) -> _State:
        if self.plan.reduce is None:
            size = self.stop - self.start
            return _State(0, 0, jax.tree.map(lambda leaf: np.empty((size, *leaf.shape), leaf.dtype), self.draw))
        return _State(0, 0, _begun(self.plan.reduce, self.draw))

    def step(self, state: _State, budget: int) -> _State:
        """One dispatch of at most ``budget`` tiles; the old state stays valid until it is over."""
        size, at = self.plan.tile, self.start + state.done
        num = min(budget, -(-(self.stop - at) // size), self.plan.capacity * self.plan.num_devices)
        last = (self.stop - 1) // size
        job = Job(*map(np.uint32, (at // size, num, last, self.stop - last * size)))
        forest = None if self.plan.reduce is None else state.kept
        kept, bad = advance(self.plan, forest, self.key, self.args, job)
        done = min(self.stop, at + num * size) - self.start
        bad = int(jax.block_until_ready(bad))
        if forest is None:
            kept = self._collected(state, kept, num, done)
        return _State(done, state.num_nan + bad, jax.block_until_ready(kept))

    def _collected(self, state: _State, found: Any, num: int, done: int) -> Any:
        share = -(-num // self.plan.num_devices)
        places = [i // share * self.plan.capacity + i % share for i in range(num)]

        def put(all_: np.ndarray, leaf: Array) -> np.ndarray:
            rows = np.asarray(leaf)[places].reshape(-1, *leaf.shape[2:])
            all_[state.done : done] = rows[: done - state.done]
            return all_

        return jax.tree.map(put, state.kept, found)

    def saved(self, state: _State) -> list[np.ndarray]:
        """The arrays of a checkpoint."""
        leaves = jax.tree.leaves(state.kept)
        if self.plan.reduce is None:
            leaves = [leaf[: state.done] for leaf in leaves]
        return [np.array([state.done, state.num_nan], np.int64), *map(np.asarray, leaves)]

    def restored(self, arrays: list[np.ndarray]) -> _State:
        """The state of a checkpoint."""
        (done, num_nan), *leaves = arrays
        state = self.begin()
        old, structure = jax.tree.flatten(state.kept)
        leaves = [leaf.view(like.dtype) for leaf, like in zip(leaves, old, strict=True)]  # npz forgets bfloat16
        if self.plan.reduce is None:
            for all_, leaf in zip(old, leaves, strict=True):
                all_[:done] = leaf
            leaves = old
        return _State(int(done), int(num_nan), jax.tree.unflatten(structure, leaves))

    def outcome(self, state: _State) -> Replicates:
        draws = reduced = forest = None
        if self.plan.reduce is None:
            draws = jax.tree.map(lambda leaf: jnp.asarray(leaf[: state.done]), state.kept)
        else:
            forest = jax.tree.map(np.asarray, state.kept)  # off the mesh: another placement is another program
            reduced = exact(result(self.plan.reduce, forest))
        return Replicates(
            draws=draws,
            reduced=reduced,
            num_replicates=state.done,
            complete=state.done == self.stop - self.start,
            num_nan=state.num_nan,
            start=self.start,
            tile=self.plan.tile,
            key=_key_data(self.key),
            forest=forest,
        )


def _begun(reduce: Reducer, draw: Any) -> Forest:
    leaves, structure = jax.tree.flatten(draw)
    return jax.tree.map(np.asarray, _empty(reduce, tuple(leaves), structure))


@partial(jax.jit, static_argnames=("leaves", "reduce", "structure"))
def _empty(reduce: Reducer, leaves: tuple, structure: Any) -> Forest:
    return empty(reduce.init(jax.tree.unflatten(structure, leaves)))


def _key_data(key: Array) -> Array:
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(key) if typed else key


def _fingerprint(
    plan: Plan, draw: Any, key: Array, args: tuple, num_replicates: int, start: int, stop: int
) -> Fingerprint:
    traced = jax.jit(plan.experiment).trace(key, *args)
    reducer = ""
    if plan.reduce is not None:
        keep, init = plan.reduce, jax.eval_shape(plan.reduce.init, draw)
        row = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((2, *leaf.shape), leaf.dtype), draw)
        counted = jax.ShapeDtypeStruct((2,), bool)
        programs = (
            jax.jit(lambda: keep.init(draw)).lower(),
            jax.jit(lambda *each: keep.update(*each)).lower(init, row, counted),
            jax.jit(lambda *each: keep.merge(*each)).lower(init, init),
        )
        reducer = digest([program.as_text() for program in programs])
    return Fingerprint(
        key=digest(key),
        experiment=digest(traced.lower().as_text(), list(traced.jaxpr.consts)),
        data=digest(args),
        reducer=reducer,
        size=f"{num_replicates} from {start} to {stop} by {plan.tile}",
        versions=f"jprob {__version__}, jax {jax.__version__}, x64 {jax.config.jax_enable_x64}",
    )


def _check_tile(tile: int | None, tiles_per_dispatch: int | None) -> None:
    if tile is not None:
        check_positive_int(tile, "tile")
        if tile & (tile - 1) or tile > _MOST_IN_TILE:
            raise ValueError(f"`tile` must be a power of two up to {_MOST_IN_TILE}; got {tile}.")
    if tiles_per_dispatch is not None:
        check_positive_int(tiles_per_dispatch, "tiles_per_dispatch")


def _check_range(tile: int, num_replicates: int, start: int, stop: int) -> None:
    check_positive_int(start, "start", 0)
    check_positive_int(stop, "stop", 0)
    if not start <= stop <= num_replicates:
        raise ValueError(
            f"`start` and `stop` must be in order and within `num_replicates`; got {start}, {stop} of {num_replicates}."
        )
    if stop > _MOST_TILES * tile:
        raise ValueError(f"`num_replicates` must be at most 2**32 tiles of {tile}; got {num_replicates}.")
    for name, at in (("start", start), ("stop", stop)):
        if at % tile and at != num_replicates:
            raise ValueError(f"`{name}` must be a multiple of the tile, {tile}; got {at}.")


def _check_memory(plan: Plan, draw: Any, working: int, size: int, max_bytes: int | None) -> None:
    limit = _MAX_BYTES if max_bytes is None else max_bytes
    check_positive_int(limit, "max_bytes")
    kept = 2 * size * num_bytes(draw) if plan.reduce is None else 0  # once on the host and once as the result
    if working + kept > limit:
        cure = "; with `reduce` draws need not be kept" if kept > working else ""
        raise ValueError(
            f"`max_bytes` must be at least the {working + kept:,} that this run needs{cure}; got {limit:,}."
        )


@contextmanager
def _bar(progress: bool, total: int, done: int) -> Iterator[Callable[[int], object]]:
    """Called with the number of replicates done."""
    if not progress or jax.process_index() != 0:
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=total, initial=done, unit="replicate", unit_scale=True) as bar:
        yield lambda now: bar.update(now - bar.n)
