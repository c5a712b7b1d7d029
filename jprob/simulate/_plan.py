"""What a bootstrap was asked for, checked before anything is compiled: data, scheme, and the form its statistic is called in."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete, promote
from jprob.simulate.blocks import optimal_block_length
from jprob.simulate.confidence import METHODS
from jprob.simulate.resampling import BLOCKS, SCHEMES, Groups, grouped

__all__ = ["Asked", "Plan", "Statistic", "data_rows", "ones", "planned", "takes_weights", "whole"]

Statistic = Callable[..., Array]

_MOST_LEFT_OUT = 20_000  # rows: their jackknife takes the square of this
_MOST_GATHERED = 4  # numbers in a row: of wider ones the counts are cheaper than copies
_WITH_GROUPS = {"stratified": True, "cluster": True, "wild": False}  # whether they must be given


class Asked(NamedTuple):
    """The options of a bootstrap that concern its resamples, as the user gave them."""

    method: str
    scheme: str
    groups: ArrayLike | None
    block_length: float | None
    size: int | None
    sampler: Callable[[Array], Any] | None
    fitted: ArrayLike | None


class Plan(NamedTuple):
    """What one resample is compiled for.

    Attributes:
        scheme: one of ``SCHEMES``. sizes: rows of each sample; one but for scheme ``"samples"``.
        size: rows of a resample. block: length of blocks, or of clusters that are all alike. num_groups: of them.
        form: how the statistic is called: on ``"rows"``, on rows and ``"ones"``, or on the data with ``"weights"``.
        sampler: of the parametric scheme. dtype: of the statistic.
    """

    scheme: str
    sizes: tuple[int, ...]
    size: int
    block: float
    num_groups: int
    form: str
    sampler: Callable[[Array], Any] | None
    dtype: Any


@functools.lru_cache(maxsize=256)
def takes_weights(statistic: Statistic) -> bool:
    """Whether a statistic is one of weighted rows."""
    return "weights" in inspect.signature(statistic).parameters


def data_rows(data: Any, scheme: str) -> tuple[Any, tuple[int, ...]]:
    """Data as a tree of floating arrays, and the rows of each sample.

    Raises:
        ValueError: no rows, arrays of different length, missing values.
    """
    if isinstance(data, list | tuple) and all(np.ndim(leaf) == 0 for leaf in data):
        data = np.asarray(data, float)  # numbers, not a tree of them
    leaves, structure = jax.tree.flatten(data)
    if not leaves:
        raise ValueError("`data` must hold at least one array; got none.")
    arrays = [promote(leaf)[0] for leaf in leaves]
    shapes = [array.shape for array in arrays]
    if any(not shape for shape in shapes):
        raise ValueError(f"`data` must be arrays with rows; got shapes {shapes}.")
    for array in arrays:
        if array.shape[0] == 0:
            raise ValueError(f"`data` must hold at least one row; got shape {array.shape}.")
        missing = (
            np.isnan(np.asarray(array)).reshape(array.shape[0], -1).any(1) if concrete(array) else np.zeros(1, bool)
        )
        if missing.any():
            raise ValueError(f"`data` must not be missing; got nan at row {int(np.argmax(missing))}.")
    tree = jax.tree.unflatten(structure, arrays)
    if scheme == "samples":
        return tree, tuple(shape[0] for shape in shapes)
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"`data` must have as many rows in every array, but for scheme 'samples'; got shapes {shapes}."
        )
    return tree, shapes[0][:1]


def ones(data: Any, samples: bool) -> Any:
    """Weights of one for all rows: one array, or one for each sample."""
    every = jax.tree.map(lambda leaf: jnp.ones(leaf.shape[0], leaf.dtype), data)
    return every if samples else jax.tree.leaves(every)[0]


def whole(statistic: Statistic, data: Any, samples: bool) -> Array:
    """The statistic of rows that weigh the same."""
    return statistic(data, weights=ones(data, samples)) if takes_weights(statistic) else statistic(data)


def planned(statistic: Statistic, data: Any, sizes: tuple[int, ...], asked: Asked) -> tuple[Plan, Groups | None]:
    """The plan and the groups of its rows.

    Raises:
        ValueError: options that do not go together.
    """
    scheme, n, weighted = asked.scheme, sizes[0], takes_weights(statistic)
    _check_method(asked, weighted, sum(sizes))
    _check_company(asked)
    found, block = None, 0.0
    if asked.groups is not None:
        labels = np.asarray(asked.groups)
        if labels.shape != (n,):
            raise ValueError(f"`groups` must have shape ({n},); got {labels.shape}.")
        found = grouped(labels)
    equal = True
    if found is not None and scheme in ("cluster", "wild"):
        lengths = np.bincount(np.asarray(found.label))
        equal = bool((lengths == lengths[0]).all())
        if scheme == "cluster" and not (weighted or equal):
            raise ValueError("`statistic` must take `weights` where clusters differ in size; got one that does not.")
        block = float(lengths[0])
    if scheme in BLOCKS:
        block = _block(scheme, data, n, asked.block_length)
    if asked.sampler is not None:
        _check_sampler(asked.sampler, data)
    if asked.fitted is not None and np.shape(asked.fitted) != jax.tree.leaves(data)[-1].shape:
        wanted = jax.tree.leaves(data)[-1].shape
        raise ValueError(
            f"`fitted` must have the shape of the last array of the data, {wanted}; got {np.shape(asked.fitted)}."
        )
    leaves, structure = jax.tree.flatten(data)
    shapes = tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves)
    like, sorts = _traced(statistic, scheme == "samples", structure, shapes)
    form = "rows"
    if weighted:
        by_rows = scheme not in ("bayesian", "poisson") and equal
        form = "ones" if by_rows and _gathers(scheme, data, sorts) else "weights"
    num_groups = 0 if found is None else int(np.asarray(found.label).max()) + 1
    return Plan(scheme, sizes, asked.size or n, block, num_groups, form, asked.sampler, like.dtype), found


def _check_method(asked: Asked, weighted: bool, n: int) -> None:
    method, scheme = asked.method, asked.scheme
    for name, value, known in (("method", method, METHODS), ("scheme", scheme, SCHEMES)):
        if value not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")
    if method == "studentized" and not weighted:
        raise ValueError("`statistic` must take `weights` for method 'studentized'; got one that does not.")
    if method == "bca" and not weighted and n > _MOST_LEFT_OUT:
        raise ValueError(
            f"`statistic` must take `weights` for method 'bca' beyond {_MOST_LEFT_OUT:,} rows, each of which would be left "
            f"out once; got {n:,} rows and one that does not."
        )
    if method == "bca" and scheme in (*BLOCKS, "cluster", "wild", "parametric"):
        raise ValueError(f"`method` must be another than bca for scheme {scheme!r}; got {method!r}.")
    if method == "studentized" and scheme in (*BLOCKS, "cluster"):
        raise ValueError(f"`method` must be percentile, basic or normal for scheme {scheme!r}; got {method!r}.")
    if scheme in ("bayesian", "poisson") and not weighted:
        raise ValueError(f"`statistic` must take `weights` for scheme {scheme!r}; got one that does not.")


def _check_company(asked: Asked) -> None:
    """Options that belong to some schemes only."""
    scheme = asked.scheme
    if (asked.groups is not None and scheme not in _WITH_GROUPS) or (asked.groups is None and _WITH_GROUPS.get(scheme)):
        raise ValueError(
            f"`groups` go with the schemes stratified and cluster, and may with wild; got scheme {scheme!r}."
        )
    if asked.size is not None:
        check_positive_int(asked.size, "size")
        if scheme != "iid":
            raise ValueError(f"`size` goes with scheme 'iid'; got {scheme!r}.")
    if asked.block_length is not None and scheme not in BLOCKS:
        raise ValueError(f"`block_length` goes with the schemes {', '.join(BLOCKS)}; got {scheme!r}.")
    for name, value, own in (("sampler", asked.sampler, "parametric"), ("fitted", asked.fitted, "wild")):
        if (value is not None) != (scheme == own):
            raise ValueError(f"`{name}` goes with scheme {own!r}, which needs it; got scheme {scheme!r}.")


def _block(scheme: str, data: Any, n: int, length: float | None) -> float:
    if length is None:
        leaves = jax.tree.leaves(data)
        if len(leaves) > 1 or leaves[0].ndim > 1 or not concrete(leaves[0]):
            raise ValueError("`block_length` must be given for data of several columns or under jit; got None.")
        best = optimal_block_length(leaves[0])
        found = float(best.stationary if scheme == "stationary" else best.circular)
        if not math.isfinite(found):
            raise ValueError("`block_length` must be given for a constant series; got None.")
        length = max(1.0, found if scheme == "stationary" else math.ceil(found))
    if not 1 <= length <= n or (scheme != "stationary" and length != int(length)):
        raise ValueError(
            f"`block_length` must lie between 1 and the {n} rows, whole but for 'stationary'; got {length}."
        )
    return float(length)


def _check_sampler(sampler: Callable[[Array], Any], data: Any) -> None:
    wanted, got = jax.eval_shape(lambda: data), jax.eval_shape(sampler, jax.random.key(0))
    alike = jax.tree.structure(wanted) == jax.tree.structure(got)
    if not alike or [a.shape for a in jax.tree.leaves(wanted)] != [a.shape for a in jax.tree.leaves(got)]:
        raise ValueError(f"`sampler` must draw data of the shapes {wanted}; got {got}.")


@functools.lru_cache(maxsize=256)
def _traced(statistic: Statistic, samples: bool, structure: Any, shapes: tuple) -> tuple[jax.ShapeDtypeStruct, bool]:
    """The shape of a statistic, and whether it sorts."""
    try:
        found, out = jax.make_jaxpr(lambda d: jnp.asarray(whole(statistic, d, samples)), return_shape=True)(
            jax.tree.unflatten(structure, shapes)
        )
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as error:
        raise ValueError(
            "`statistic` must be a JAX function whose shape does not depend on values; "
            f"got {str(error).splitlines()[0]}"
        ) from error
    return out, " sort[" in str(found)


def _gathers(scheme: str, data: Any, sorts: bool) -> bool:
    """Whether rows with weights of one are cheaper than counts as weights: unless rows are wide, or are sorted.

    What a statistic does to the data alone, sorting them say, is done once for all weights.
    """
    narrow = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(data)) <= _MOST_GATHERED
    return scheme in ("wild", "parametric") or (narrow and not sorts)
