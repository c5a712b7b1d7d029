"""Arrays at the door: promotion, guarded branches and static checks.

Every public function sends its arguments through :func:`promote` once and computes in the dtype that comes out.
This is the only file that may decide on a dtype.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike

__all__ = [
    "check_level",
    "check_positive_int",
    "closed_form",
    "concrete",
    "elementwise",
    "finfo",
    "from_sort_keys",
    "in_pieces",
    "is_float64",
    "promote",
    "safe",
    "sort_keys",
    "whole",
]


def promote(*args: ArrayLike) -> tuple[Array, ...]:
    """Arrays of one floating dtype: that of the floating arguments, else JAX's default.

    Host integers are turned into floats *before* JAX sees them: ``jnp.asarray`` would wrap numpy's int64 3e9 to
    −1294967296 without a word. Python scalars do not widen: ``promote(float32_array, 0.5)`` is float32.

    >>> promote(np.int64(3_000_000_000))[0].item() == 3e9
    True
    """
    args = tuple(_unwrapped(arg) for arg in args)
    dtype = jnp.result_type(*args)
    if not jnp.issubdtype(dtype, jnp.floating):
        dtype = jnp.result_type(float)
    return tuple(jnp.asarray(arg, dtype) for arg in args)


def _unwrapped(arg: ArrayLike) -> ArrayLike:
    """Integers and booleans that live on the host as floats; everything else as it is."""
    if isinstance(arg, Array | float):
        return arg
    array = np.asarray(arg)
    if array.dtype.kind in "iub":
        return float(array) if array.ndim == 0 else array.astype(jnp.result_type(float))
    if array.dtype.kind == "O":  # Python integers beyond 64 bits
        return array.astype(np.float64)
    # x64 off: numpy's float64 data become float32, as everywhere in JAX
    return arg if isinstance(arg, np.ndarray | np.generic) else array.astype(jnp.result_type(float))


def elementwise[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays, promoting its arguments on the way in.

    Called eagerly it is one program instead of hundreds, compiled once for each shape; under ``jit`` it is inlined.
    """
    compiled, signature = jax.jit(function), inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return compiled(*promote(*signature.bind(*args, **kwargs).args))

    return wrapper


def closed_form(slopes: Callable[..., tuple[Array, ...]]) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Give a function its partial derivatives in closed form, one for each argument, as a tuple of ``slopes``.

    Sums and products without error must not be differentiated; what is written here is, so second derivatives exist
    where ``slopes`` is made of differentiable pieces.

    >>> square = closed_form(lambda x: (2.0 * x,))(lambda x: x * x)
    >>> float(jax.grad(square)(3.0))
    6.0
    """

    def decorate(function: Callable[..., Array]) -> Callable[..., Array]:
        differentiable = jax.custom_jvp(function)

        def rule(primals, tangents):
            out = differentiable(*primals)
            moving = (
                slope * tangent
                for slope, tangent in zip(slopes(*primals), tangents, strict=True)
                if not isinstance(tangent, SymbolicZero)
            )
            return out, sum(moving, jnp.zeros_like(out))

        differentiable.defjvp(rule, symbolic_zeros=True)
        return differentiable

    return decorate


def safe(condition: Array, x: Array, fallback: ArrayLike) -> Array:
    """``x`` where the condition holds, else a harmless value: the discarded branch must stay finite for ``grad``."""
    return jnp.where(condition, x, jnp.asarray(fallback, x.dtype))


def whole(x: Array) -> Array:
    """True where ``x`` is a finite integer."""
    return jnp.isfinite(x) & (x == jnp.floor(x))


def is_float64(x: Array) -> bool:
    """Whether ``x`` carries 53 bits; decides the number of terms and nodes, never the dtype."""
    return x.dtype == jnp.float64


def finfo(x: Array):
    """The floating-point limits of the dtype of ``x``."""
    return jnp.finfo(x.dtype)


def sort_keys(x: Array) -> Array:
    """Integers in the order of ``x``, nan last and zeros alike: XLA compares floats several times as slowly.

    >>> from_sort_keys(jnp.sort(sort_keys(jnp.asarray([2.0, -1.0, 0.5]))), jnp.float32).tolist()
    [-1.0, 0.5, 2.0]
    """
    x = x if x.dtype.itemsize >= 4 else x.astype(jnp.float32)
    bits = jax.lax.bitcast_convert_type(
        jnp.where(jnp.isnan(x), jnp.nan, x + 0.0), jnp.dtype(f"int{8 * x.dtype.itemsize}")
    )
    return _turned(bits)


def from_sort_keys(keys: Array, dtype: Any) -> Array:
    """The inverse of :func:`sort_keys`."""
    wide = jnp.float64 if keys.dtype == jnp.int64 else jnp.float32
    return jax.lax.bitcast_convert_type(_turned(keys), wide).astype(dtype)


def _turned(bits: Array) -> Array:
    """Negative floats count down in their bits; its own inverse."""
    return jnp.where(bits < 0, bits ^ jnp.iinfo(bits.dtype).max, bits)


def in_pieces(function: Callable[[Array], Any], num: int, most: int) -> Any:
    """``function`` of every index below ``num``, at most ``most`` of them at once, and compiled once.

    ``lax.map`` with a batch size compiles its function again for the rest; here the last piece is filled up.

    >>> in_pieces(lambda i: i * i, 5, 2).tolist()
    [0, 1, 4, 9, 16]
    """
    pieces = -(-num // max(1, most))
    width = -(-num // pieces)

    def piece(start: Array) -> Any:
        return jax.vmap(function)(jnp.minimum(start + jnp.arange(width), num - 1))

    found = jax.lax.map(piece, width * jnp.arange(pieces))
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:num], found)


def concrete(*arrays: ArrayLike) -> bool:
    """Whether all values are known now, so that a host edge may check them before compiling."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(arrays))


def check_level(level: ArrayLike, name: str = "level") -> None:
    """Raise ``ValueError`` unless a static probability lies strictly between 0 and 1."""
    if concrete(level) and not 0.0 < float(np.asarray(level)) < 1.0:
        raise ValueError(f"`{name}` must lie strictly between 0 and 1; got {level}.")


def check_positive_int(value: int, name: str, minimum: int = 1) -> None:
    """Raise ``ValueError`` unless a static count is an integer of at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise ValueError(f"`{name}` must be an integer of at least {minimum}; got {value!r}.")
