"""Two samples at the door: shapes, kinds and one sentence where they do not fit."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote
from jprob.monitor.result import Drift

__all__ = ["check_judgement", "numbers", "rows", "samples", "shaped"]


def samples(reference: ArrayLike, current: ArrayLike) -> tuple[Array, Array]:
    """Both samples as ``(columns, rows)`` arrays of one floating dtype; nan and infinities may be among them.

    Raises:
        ValueError: no numbers, no rows, other columns.
    """
    x, y = rows(reference, current)
    return x.T, y.T


def rows(reference: ArrayLike, current: ArrayLike) -> tuple[Array, Array]:
    """The same as ``(rows, columns)``, as they lie in memory."""
    numbers("reference", reference)
    numbers("current", current)
    x, y = promote(reference, current)
    if x.ndim not in (1, 2):
        raise ValueError(f"`reference` must have shape (n,) or (n, columns); got {x.shape}.")
    if y.ndim != x.ndim or y.shape[1:] != x.shape[1:]:
        expected = "(n,)" if x.ndim == 1 else f"(n, {x.shape[1]}), the columns of `reference`"
        raise ValueError(f"`current` must have shape {expected}; got {y.shape}.")
    for name, sample in (("reference", x), ("current", y)):
        if sample.shape[0] == 0:
            raise ValueError(f"`{name}` must have at least one row; got none.")
    return (x[:, None], y[:, None]) if x.ndim == 1 else (x, y)


def numbers(name: str, values: Any) -> None:
    """Raise ``ValueError`` unless an argument is made of real numbers."""
    kind = getattr(values, "dtype", np.asarray(values).dtype if concrete(values) else np.dtype(float)).kind
    if kind not in "biufV":  # V: bfloat16
        raise ValueError(f"`{name}` must be numbers; got {np.asarray(values).dtype}.")


def check_judgement(alpha: float | Array, level: float | Array, limit: float | Array) -> None:
    """Raise ``ValueError`` unless a significance, a level and a limit of sizes make sense."""
    check_level(alpha, "alpha")
    check_level(level)
    if concrete(limit) and not float(np.asarray(limit)) >= 0.0:
        raise ValueError(f"`limit` must not be negative; got {limit}.")


def shaped(result: Drift, reference: ArrayLike) -> Drift:
    """Scalars again where the samples had no columns."""
    return jax.tree.map(lambda a: a[0], result) if np.ndim(reference) == 1 else result
