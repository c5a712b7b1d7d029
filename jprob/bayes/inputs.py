"""What enters a model from the host: checked while values are known, padded to a few sizes, split from structure."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote

__all__ = [
    "Inputs",
    "Structure",
    "check_counts",
    "check_flips",
    "check_prior",
    "check_shapes",
    "check_whole",
    "join",
    "padded",
    "refuse",
    "split",
]

_DATA = "<data>"


class Inputs(NamedTuple):
    """A model's arguments, checked.

    Attributes:
        args: positional arguments. kwargs: arguments by name.
        lengths: the true length of each site or argument whose last axis has been padded.
    """

    args: tuple
    kwargs: dict[str, Any]
    lengths: dict[str, int]

    @classmethod
    def unprepared(cls, *args: Any, **kwargs: Any) -> Inputs:
        """The arguments of a model that has no check of its own."""
        return cls(args, kwargs, {})


class Structure(NamedTuple):
    """Arguments without their data: what a compiled program is specialised to."""

    tree: Any
    static: tuple[Hashable, ...]


def split(arguments: Any) -> tuple[list[Array], Structure]:
    """Numbers and arrays, which are data, apart from the rest, which is structure and must be hashable."""
    leaves, tree = jax.tree.flatten(arguments)
    data = [_as_data(leaf) for leaf in leaves if _is_data(leaf)]
    static = tuple(_DATA if _is_data(leaf) else leaf for leaf in leaves)
    for leaf in static:
        if not isinstance(leaf, Hashable):
            raise ValueError(f"`args` must be numbers, arrays or hashable; got {type(leaf).__name__}.")
    return data, Structure(tree, static)


def join(data: list[Array], structure: Structure) -> Any:
    """The inverse of :func:`split`."""
    values = iter(data)
    leaves = [next(values) if leaf is _DATA else leaf for leaf in structure.static]
    return jax.tree.unflatten(structure.tree, leaves)


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, bool | str | bytes):
        return False
    return isinstance(leaf, int | float | complex | Array) or (
        hasattr(leaf, "__array__") and np.asarray(leaf).dtype.kind in "biufc"
    )


def _as_data(leaf: Any) -> Array:
    """An array of the dtype JAX gives its kind; integers beyond that dtype become floats instead of wrapping."""
    if isinstance(leaf, Array):
        return leaf
    array = np.asarray(leaf)
    if array.dtype.kind in "iu":
        limits = jnp.iinfo(jnp.result_type(int))
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            return promote(array)[0]
        return jnp.asarray(array.astype(limits.dtype))
    return jnp.asarray(array, jax.dtypes.canonicalize_dtype(array.dtype))


def padded(x: ArrayLike, minimum: int = 16) -> tuple[Array, Array]:
    """``x`` of shape ``(n,)`` zero-padded to the next power of two, and the mask of what is real.

    >>> x, mask = padded([1.0, 0.0, 1.0], minimum=4)
    >>> mask.tolist()
    [True, True, True, False]
    """
    host = np.asarray(x)  # padded on the host: on the device every length would be a compilation
    n = host.shape[0]
    size = max(minimum, 1 << (n - 1).bit_length()) if n else minimum
    return promote(np.pad(host, (0, size - n)))[0], jnp.asarray(np.arange(size) < n)


def check_prior(prior: tuple[ArrayLike, ...], name: str = "prior") -> None:
    """Raise ``ValueError`` unless ``prior`` is a pair of positive finite shapes, as far as the values are known."""
    if len(prior) != 2:
        raise ValueError(f"`{name}` must be a pair (a, b); got {len(prior)} values.")
    for shape in prior:
        if concrete(shape):
            values = np.asarray(shape, float)
            refuse(~(np.isfinite(values) & (values > 0)), values, f"`{name}` must be positive and finite")


def check_counts(successes: ArrayLike | None, trials: ArrayLike | None) -> None:
    """Raise ``ValueError`` unless counts are whole and 0 ≤ successes ≤ trials, as far as the values are known."""
    for name, counts in (("successes", successes), ("trials", trials)):
        if counts is not None:
            check_whole(name, counts)
    if successes is not None and trials is not None and concrete(successes, trials):
        check_shapes(successes=successes, trials=trials)
        k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
        if (k > n).any():
            where = np.unravel_index(np.argmax(k > n), k.shape)
            raise ValueError(
                f"`trials` must not be smaller than `successes`; got {n[where]:g} < {k[where]:g}{_at(where)}."
            )


def check_whole(name: str, counts: ArrayLike) -> None:
    """Raise ``ValueError`` unless counts are whole and not negative, as far as the values are known."""
    if concrete(counts):
        values = np.asarray(counts, float)
        good = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
        refuse(~good, values, f"`{name}` must be whole numbers of at least 0")


def check_flips(flips: ArrayLike) -> None:
    """Raise ``ValueError`` unless flips are a vector of zeros and ones, as far as the values are known."""
    if np.ndim(flips) != 1:
        raise ValueError(f"`flips` must have shape (n,); got {np.shape(flips)}.")
    if concrete(flips):
        values = np.asarray(flips, float)
        refuse((values != 0) & (values != 1), values, "`flips` must be 0 or 1")


def check_shapes(**arrays: ArrayLike) -> None:
    """Raise ``ValueError`` unless the named arrays broadcast together."""
    shapes = [np.shape(array) for array in arrays.values()]
    try:
        jnp.broadcast_shapes(*shapes)
    except ValueError:
        names = " and ".join(f"`{name}`" for name in arrays)
        raise ValueError(f"{names} must broadcast together; got {' and '.join(map(str, shapes))}.") from None


def refuse(bad: np.ndarray, values: np.ndarray, expected: str) -> None:
    """Raise ``ValueError`` that says what was expected, what came and where, if any value is bad."""
    if bad.any():
        where = np.unravel_index(np.argmax(bad), bad.shape)
        raise ValueError(f"{expected}; got {values[where]:g}{_at(where)}.")


def _at(where: tuple) -> str:
    index = ", ".join(str(int(i)) for i in where)
    return f" at index {index}" if index else ""
