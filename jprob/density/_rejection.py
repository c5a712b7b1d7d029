"""Vectorised rejection that repeats only what was rejected.

A loop that redraws every lane until the last is accepted pays five full rounds for a few stubborn ones. Here all lanes
are tried once; then the lanes stand in columns, and each round retries the first rejected lane of every column:
columns of 8 while many are left, of 64 for the stragglers. No round depends on how many were rejected, so shapes are
static, and the loop ends when none is left.

Every attempt of a lane reads words of its own, keyed by attempt and index: ``key_data(fold_in(key, i))`` is one
threefry block, of which both words are used. So a draw depends on its key, its index and its parameters, and neither on
its neighbours nor on how the work is cut. Tiles keep the words in the processor's cache.

References:
    Salmon, J. K. et al. (2011). Parallel random numbers: as easy as 1, 2, 3. Proc. SC11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import is_float64

__all__ = ["Point", "accepted", "tiled", "uniform"]

_TILE = {"cpu": 2**14}  # what stays in its cache
_LARGE_TILE = 2**20
_COLUMNS = (8, 64)  # heights, each dividing the next
_WORD = 2.0**-32


class Point(NamedTuple):
    """A uniform point of the strip (-1/2, 1/2) x (0, 1), from which one attempt is made.

    Attributes:
        u: the abscissa, relatively accurate near 0.
        edge: its distance ``1/2 - |u|`` from the nearer end, relatively accurate near 0: half a tail probability.
        v: the ordinate, relatively accurate near 0.
    """

    u: Array
    edge: Array
    v: Array


def tiled(draw: Callable[..., Array], *params: Array) -> Array:
    """``draw(lanes, *params)`` over parameters of one shape, in tiles that suit the processor.

    Args:
        draw: lane numbers (uint32) and flat parameters to draws of that length; no lane may heed another.
        params: arrays of one shape.

    Returns:
        Draws of that shape.
    """
    shape, size = params[0].shape, params[0].size
    if size == 0:
        return params[0]
    count = -(-size // _TILE.get(jax.default_backend(), _LARGE_TILE))
    height = _COLUMNS[-1] if size > _COLUMNS[-1] ** 2 else 1
    width = -(-size // (count * height)) * height
    flat = [jnp.pad(p.ravel(), (0, count * width - size), mode="edge").reshape(count, width) for p in params]
    lanes = jnp.arange(count * width, dtype=jnp.uint32).reshape(count, width)
    out = draw(lanes[0], *(p[0] for p in flat)) if count == 1 else lax.map(lambda tile: draw(*tile), (lanes, *flat))
    return out.ravel()[:size].reshape(shape)


def accepted(key: Array, lanes: Array, propose: Callable[..., tuple[Array, Array]], *params: Array) -> Array:
    """Draws by rejection, one for each lane of a tile.

    Args:
        key: a JAX random key. lanes: numbers of the lanes.
        propose: a :class:`Point` and parameters to ``(value, rejected)``, elementwise. A comparison with nan is false:
            let that mean acceptance, or an invalid parameter would never end.
        params: one value for each lane.

    Returns:
        The first value of every lane that was not rejected.
    """
    value, rejected = propose(_point(key, lanes, jnp.zeros((), jnp.uint32), params[0]), *params)
    attempt = rejected.astype(jnp.uint32)  # the number of the next attempt; 0 means settled
    heights = [h for h in _COLUMNS if lanes.size % h == 0] or [1]
    for height, following in zip(heights, [*heights[1:], None], strict=True):
        enough = 0 if following is None else lanes.size // following
        value, attempt = _retried(key, lanes, propose, params, value, attempt, height, enough)
    return value


def _retried(
    key: Array,
    lanes: Array,
    propose: Callable[..., tuple[Array, Array]],
    params: tuple[Array, ...],
    value: Array,
    attempt: Array,
    height: int,
    enough: int,
) -> tuple[Array, Array]:
    """Retries the first open lane of every column until no more than ``enough`` lanes are open."""
    rows, columns = jnp.arange(height)[:, None], jnp.arange(lanes.size // height)

    def columns_of(x: Array) -> Array:
        return x.reshape(height, -1)

    def retry(state: tuple[Array, Array]) -> tuple[Array, Array]:
        value, attempt = state
        first = jnp.where(attempt > 0, rows, height).min(0)  # `height` in a column without an open lane
        at = jnp.minimum(first, height - 1), columns
        tried, chosen, *parts = lax.optimization_barrier(
            [attempt[at], columns_of(lanes)[at], *(columns_of(p)[at] for p in params)]
        )
        new, rejected = propose(_point(key, chosen, tried, value), *parts)
        here = rows == first
        # or the compiler would evaluate the proposal once for every row it is compared with
        new, rejected, following = lax.optimization_barrier((new, rejected, jnp.where(rejected, tried + 1, 0)))
        return jnp.where(here & ~rejected, new, value), jnp.where(here, following, attempt)

    def unfinished(state: tuple[Array, Array]) -> Array:
        return jnp.sum(state[1] > 0) > enough

    value, attempt = lax.while_loop(unfinished, retry, (columns_of(value), columns_of(attempt)))
    return value.ravel(), attempt.ravel()


def uniform(key: Array, lanes: Array, like: Array) -> Array:
    """A uniform in (0, 1] for each lane, relatively accurate near 0 and never 0, in the dtype of ``like``."""
    high, low = _block(key, lanes, jnp.zeros((), jnp.uint32))
    return (high.astype(like.dtype) + (low.astype(like.dtype) + 0.5) * _WORD) * _WORD


def _block(key: Array, lanes: Array, stream: Array) -> tuple[Array, Array]:
    """Two random words for each lane; the stream is one number, or one for each lane."""

    def of_lane(lane: Array, stream: Array) -> Array:
        return jax.random.key_data(jax.random.fold_in(jax.random.fold_in(key, stream), lane))

    words = jax.vmap(of_lane, (0, 0 if stream.ndim else None))(lanes, stream)
    return words[:, 0], words[:, 1]


def _point(key: Array, lanes: Array, attempt: Array, like: Array) -> Point:
    """The point of an attempt: from 64 bits, in float64 from 128."""
    if is_float64(like):
        across, up = _block(key, lanes, 2 * attempt)
        fine_across, fine_up = _block(key, lanes, 2 * attempt + 1)
        ordinate = up.astype(like.dtype) + (fine_up.astype(like.dtype) + 0.5) * _WORD
    else:
        across, up = _block(key, lanes, attempt)
        # the ordinate's last bits also extend the abscissa's: they matter to both only once in 2^46 draws
        fine_across, ordinate = up << 24, up.astype(like.dtype) + 0.5
    fine = (fine_across.astype(like.dtype) + 0.5) * _WORD
    size = (across >> 1).astype(jnp.int32)
    edge = (size.astype(like.dtype) + fine) * _WORD
    inner = ((2**31 - 1 - size).astype(like.dtype) + (1.0 - fine)) * _WORD
    return Point(jnp.where(across & 1, inner, -inner), edge, ordinate * _WORD)
