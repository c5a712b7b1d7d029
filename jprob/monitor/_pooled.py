"""Two samples in one order: the only place that sorts.

Floats are sorted as integers whose order is theirs, nan last. On a CPU numbers that are known now go through numpy,
whose sort uses the vector unit, several times as fast as XLA's; traced ones and other devices go through ``lax.sort``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import concrete, from_sort_keys, sort_keys

__all__ = ["Pooled", "each_column", "in_chunks", "in_order", "on_host", "ordered", "pooled"]

_AT_ONCE = 2**23  # values sorted together
_BLOCK = 256
_THREADED = 2**16  # values from which threads pay


class Pooled(NamedTuple):
    """Both samples in order.

    Attributes:
        values: shape ``(columns, n + m)``.
        first: how many of the reference are among the values up to here, as integers.
    """

    values: Array
    first: Array


def ordered(x: Array) -> Array:
    """Every row in ascending order, nan last."""
    if on_host(x):
        return jnp.asarray(in_order(np.asarray(x)))
    return from_sort_keys(lax.sort(sort_keys(x), dimension=-1, is_stable=False), x.dtype)


def in_order(x: np.ndarray) -> np.ndarray:
    """The same on the host; a view of columns is turned a block at a time, which the cache holds."""
    values = np.empty(x.shape, x.dtype)
    for at in range(0, x.shape[1], _BLOCK):
        values[:, at : at + _BLOCK] = x[:, at : at + _BLOCK]
    parts = np.array_split(values, os.cpu_count() or 1)
    each_column(lambda at: parts[at].sort(-1), len(parts), values.size)
    return values


def pooled(x: Array, y: Array) -> Pooled:
    """The rows of two arrays merged: a reference ``(columns, n)`` and a current sample ``(columns, m)``."""
    if on_host(x, y):
        return Pooled(*map(jnp.asarray, _merged(np.asarray(x), np.asarray(y))))
    keys = sort_keys(jnp.concatenate([x, y], -1))
    mine = jnp.broadcast_to(jnp.arange(keys.shape[-1]) < x.shape[-1], keys.shape).astype(jnp.int32)
    keys, mine = lax.sort((keys, mine), dimension=-1, num_keys=1, is_stable=False)
    return Pooled(from_sort_keys(keys, x.dtype), jnp.cumsum(mine, -1))


def in_chunks(function: Any, x: Array, y: Array) -> Any:
    """``function`` of some columns at a time, so that memory stays bounded; results have the columns first."""
    width = max(1, _AT_ONCE // (x.shape[1] + y.shape[1]))
    parts = [function(x[at : at + width], y[at : at + width]) for at in range(0, x.shape[0], width)]
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *a: jnp.concatenate(a), *parts)


def on_host(*arrays: Array) -> bool:
    """Whether numpy may look at the values: they are known, and in the memory of a CPU."""
    return concrete(*arrays) and jax.default_backend() == "cpu"


def each_column(function: Callable[[int], Any], columns: int, size: int) -> list[Any]:
    """``function`` of each column's number, of ``size`` values in all; numpy lets several threads work at once."""
    if size < _THREADED or columns == 1:
        return [function(at) for at in range(columns)]
    with ThreadPoolExecutor(min(columns, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, range(columns)))


def _merged(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column by column, which stay in the cache; numpy lets several threads work at once."""
    columns, num = x.shape[0], x.shape[1] + y.shape[1]
    values, first = np.empty((columns, num), x.dtype), np.empty((columns, num), np.int32)
    merge = _merge_narrow if x.dtype == np.float32 else _merge_wide

    def one(at: int) -> None:
        merge(x[at], y[at], values[at], first[at])

    each_column(one, columns, columns * num)
    return values, first


def _merge_narrow(x: np.ndarray, y: np.ndarray, values: np.ndarray, first: np.ndarray) -> None:
    """float32: the sample rides in the last bit of a key of 64."""
    values[: x.size], values[x.size :] = x, y
    values += np.float32(0.0)  # one zero
    missing = np.isnan(values)
    if missing.any():
        values[missing] = np.nan  # one nan
    keys = values.view(np.int32)
    keys = (keys ^ ((keys >> 31) & 0x7FFFFFFF)).astype(np.int64)
    keys <<= 1
    keys[: x.size] |= 1
    keys.sort()
    np.cumsum((keys & 1).astype(np.int32), out=first)
    keys >>= 1
    bits = keys.astype(np.int32)
    values[:] = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


def _merge_wide(x: np.ndarray, y: np.ndarray, values: np.ndarray, first: np.ndarray) -> None:
    both = np.concatenate([x, y])
    order = np.argsort(both)
    np.cumsum((order < x.size).astype(np.int32), out=first)
    values[:] = both[order]
