"""Data at the door of a fit, and the coordinates in which it is searched."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import concrete, finfo, promote
from jprob.density import Family

__all__ = ["Coordinates", "Params", "Sample", "coordinates", "rough_estimates", "sample"]

_WIDEST = 4096  # distinct counts for which a table is worth its size
_POINTS = 128  # for a rough spread

type Params = dict[str, Array]


class Sample(NamedTuple):
    """Data sets, one a row.

    Attributes:
        x: shape ``(sets, n, ...)``; what has no weight is replaced by something that has.
        weights: shape ``(sets, n)``, or ``(sets, 1)`` where all weigh the same; of one data set ``(n,)``, or ``()``.
        fixed: known parameters, of shape ``()``, ``(sets,)`` or ``(sets, n)``.
    """

    x: Array
    weights: Array
    fixed: Params


class Coordinates(NamedTuple):
    """Unconstrained coordinates of the parameters to estimate.

    Attributes:
        forward: from coordinates by name to parameters by name. start: where to begin.
        bounded: for each coordinate of the raveled ones, whether its parameter has an edge.
    """

    forward: Callable[[Params], Params]
    start: Params
    bounded: Array


def sample(
    family: Family, data: ArrayLike, weights: ArrayLike | None, fixed: Mapping[str, ArrayLike]
) -> tuple[tuple[int, ...], Sample]:
    """The batch shape and the data as rows; checked where the values are known."""
    x, w, *known = promote(data, 1.0 if weights is None else weights, *fixed.values())
    least = 1 + family.event_ndim
    if x.ndim < least:
        raise ValueError(f"`data` must have at least {least} axes for {family.name}; got shape {x.shape}.")
    each = x.shape[: x.ndim - family.event_ndim]
    batch, n = each[:-1], each[-1]
    if n == 0:
        raise ValueError(f"`data` must hold at least one observation; got shape {x.shape}.")
    for name, value in (("weights", w), *zip(fixed, known, strict=True)):
        if not _fits_into(value.shape, each):
            raise ValueError(f"`{name}` must broadcast against {each}; got shape {value.shape}.")
    if concrete(x, w, *known):
        _check_values(family, x, w, weights is not None)
    rows = int(np.prod(batch, dtype=int))
    x = x.reshape(rows, n, *x.shape[len(each) :])
    w = jnp.broadcast_to(w, each).reshape(rows, n) if w.ndim else jnp.broadcast_to(w, (rows, 1))
    held = {name: _held(value, each) for name, value in zip(fixed, known, strict=True)}
    if family.discrete and not family.event_ndim and concrete(x, w) and all(v.ndim < 2 for v in held.values()):
        x, w = _tabulated(x, w)
    if w.shape[1] == x.shape[1]:
        first = jnp.argmax(w > 0, 1)
        filled = jnp.take_along_axis(x, first.reshape(rows, 1, *(1,) * family.event_ndim), 1)
        x = jnp.where((w > 0).reshape(*w.shape, *(1,) * family.event_ndim), x, filled)
    return batch, Sample(x, w, held)


def _held(value: Array, each: tuple[int, ...]) -> Array:
    """A known parameter: a scalar, one for each data set, or one for each observation."""
    if value.ndim == 0:
        return value
    if value.shape[-1] == 1:
        return jnp.broadcast_to(value[..., 0], each[:-1]).reshape(-1)
    return jnp.broadcast_to(value, each).reshape(-1, each[-1])


def _fits_into(shape: tuple[int, ...], each: tuple[int, ...]) -> bool:
    trailing = zip(reversed(shape), reversed(each), strict=False)
    return len(shape) <= len(each) and all(size in (1, whole) for size, whole in trailing)


def _check_values(family: Family, x: Array, w: Array, weighted: bool) -> None:
    missing = np.isnan(np.asarray(x))
    if missing.any():
        raise ValueError(f"`data` must not be missing; got nan at {_place(missing)}.")
    bad = ~(np.asarray(w) >= 0) | np.isinf(np.asarray(w))
    if weighted and bad.any():
        value = np.asarray(w)[bad][0] if np.ndim(w) else np.asarray(w)
        raise ValueError(f"`weights` must be finite and not negative; got {value} at {_place(bad)}.")


def _place(bad: np.ndarray) -> str:
    """Where the first true entry lies, in words."""
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"row {index[0]}" if len(index) == 1 else f"index {index}"


def _tabulated(x: Array, w: Array) -> tuple[Array, Array]:
    """Counts as a table of the values between the smallest and the largest, its width a power of two."""
    counts, weights = np.asarray(x), np.broadcast_to(np.asarray(w), x.shape)
    low, high = counts.min(), counts.max()
    width = max(16, 2 ** int(np.ceil(np.log2(high - low + 1)))) if 0 <= high - low < _WIDEST else _WIDEST + 1
    if width > min(_WIDEST, counts.shape[1] // 2) or (counts != np.floor(counts)).any():
        return x, w
    index = (counts - low).astype(np.int64) + width * np.arange(len(counts))[:, None]
    table = np.bincount(index.ravel(), weights.ravel(), width * len(counts)).reshape(len(counts), width)
    values = np.broadcast_to(low + np.arange(width), table.shape)
    return jnp.asarray(values, x.dtype), jnp.asarray(table, w.dtype)


def rough_estimates(family: Family, these: Sample) -> Params:
    """The closed form where there is one, else the family's rough estimate, else its example."""
    x, weights, fixed = these
    free = [name for name in family.parameters if name not in fixed]
    example = {name: jnp.asarray(family.example_params[name], x.dtype) for name in free}
    make = family.mle or family.start
    if make is None:
        return example
    wanted = inspect.signature(make).parameters
    found = make(
        x, weights=weights if weights.ndim else None, **{name: value for name, value in fixed.items() if name in wanted}
    )
    return {name: jnp.asarray(found.get(name, example[name]), x.dtype) for name in free}


def coordinates(family: Family, rough: Params, these: Sample, *, inside: bool) -> Coordinates:
    """The family's own bijectors; real parameters from the rough estimate, in units of their scale or the data's spread.

    A search must begin ``inside``: what lies at an edge begins in the middle.
    """
    spread = _spread(these.x) if family.event_ndim == 0 else jnp.ones((), these.x.dtype)
    real = {name: _unit(name, rough, spread) for name in rough if family.constraints[name] == "real"}

    def forward(u: Params) -> Params:
        return {
            name: rough[name] + real[name] * value if name in real else family.bijectors[name].forward(value)
            for name, value in u.items()
        }

    start = {
        name: jnp.zeros_like(value) if name in real else family.bijectors[name].inverse(value)
        for name, value in rough.items()
    }
    if inside:
        start = {name: jnp.where(jnp.isfinite(u), u, 0.0) for name, u in start.items()}
    edges = {name: jnp.full(u.shape, name not in real, u.dtype) for name, u in start.items()}
    return Coordinates(forward, start, ravel_pytree(edges)[0] > 0)


def _unit(name: str, rough: Params, spread: Array) -> Array:
    """Of a location the scale beside it: a lognormal's is that of the logs, whatever the spread of the data."""
    scale = rough.get(name.replace("loc", "scale"))
    if scale is None or scale is rough[name]:
        return spread
    return jnp.where((scale > 0) & jnp.isfinite(scale), scale, spread)


def _spread(x: Array) -> Array:
    """About the distance between the quartiles; one where all values are alike."""
    some = jnp.sort(x[:: -(-x.shape[0] // _POINTS)])
    spread = some[(3 * some.size) // 4] - some[some.size // 4]
    spread = jnp.where(spread > 0, spread, some[-1] - some[0])
    return jnp.where((spread > finfo(x).tiny) & jnp.isfinite(spread), spread, 1.0)
