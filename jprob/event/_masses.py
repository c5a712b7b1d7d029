"""Sums of masses, the tolerance of their dtype, and the check at the host edge."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import closed_form, concrete, finfo, safe

__all__ = ["check_masses", "largest", "measure", "normalised", "over", "tolerance", "total"]

_BLOCK = 64
_FEW = 16


def folded(operation: Callable[[Array, Array], Array], x: Array) -> Array:
    """Fold the last axis. A few columns are written out: so a million rows fuse into one pass, as reductions do not."""
    return functools.reduce(operation, (x[..., i] for i in range(x.shape[-1])))


def measure(masses: Array, mask: Array) -> Array:
    """Mass of an event; column by column for a few outcomes, where a constant mask leaves only its own columns."""
    size = masses.shape[-1]
    if size > _FEW:
        return total(jnp.where(mask, masses, 0.0))
    return functools.reduce(jnp.add, (jnp.where(mask[..., i], masses[..., i], 0.0) for i in range(size)))


def largest(x: Array) -> Array:
    """Maximum over the last axis."""
    return folded(jnp.maximum, x) if x.shape[-1] <= _FEW else x.max(-1)


def total(x: Array) -> Array:
    """Sum over the last axis, in blocks: a million equal float32 masses one after another drift by per cents."""
    if x.shape[-1] <= _FEW:
        return folded(jnp.add, x)
    while x.shape[-1] > _BLOCK:
        padding = [(0, 0)] * (x.ndim - 1) + [(0, -x.shape[-1] % _BLOCK)]
        x = jnp.pad(x, padding).reshape(*x.shape[:-1], -1, _BLOCK).sum(-1)
    return x.sum(-1)


def tolerance(x: Array) -> float:
    """How far sums of masses may stray: each mass is a few ulp off, and so is a softmax's total, the more the longer."""
    return float(finfo(x).eps) * (16.0 + x.shape[-1] ** 0.5)


def normalised(weights: Array) -> Array:
    """Weights over their total, which itself may overflow, and whose reciprocal may underflow."""
    top = weights.max(-1, keepdims=True)
    scale = jnp.where(top > 1, 2.0**-8, 2.0**8).astype(weights.dtype)
    share = (weights * scale) / (top * scale)
    return share / total(share)[..., None]


def over(part: Array, whole: Array) -> Array:
    """``part / whole``, ``nan`` without a whole, with slopes that do not spoil the other lanes."""
    part, whole = jnp.broadcast_arrays(part, whole)
    known = whole != 0
    return jnp.where(known, _quotient(part, safe(known, whole, 1.0)), jnp.nan)


# the slope that JAX writes has the square of the whole, which leaves the range long before the whole does
@closed_form(lambda part, whole: (1.0 / whole, -(part / whole) / whole))
def _quotient(part: Array, whole: Array) -> Array:
    return part / whole


def check_masses(masses: Array, *, any_total: bool, name: str = "probs") -> None:
    """Raise ``ValueError`` for masses that are known and are not a law."""
    if not concrete(masses):
        return
    host = np.asarray(masses, np.float64)
    if (bad := ~np.isfinite(host)).any():
        raise ValueError(f"`{name}` must be finite; got {_first(host, bad)}.")
    if (bad := host < 0).any():
        raise ValueError(f"`{name}` must not be negative; got {_first(host, bad)}.")
    if any_total:
        if (bad := (host == 0).all(-1)).any():
            raise ValueError(f"`{name}` must have a positive total; got {_first(np.zeros(bad.shape), bad)}.")
        return
    sums = host.sum(-1)
    if (bad := np.abs(sums - 1.0) > tolerance(masses)).any():
        raise ValueError(f"`{name}` must sum to one; got {_first(sums, bad)}.")


def _first(values: np.ndarray, bad: np.ndarray) -> str:
    index = np.argwhere(bad)[0].tolist()
    value = f"{values[tuple(index)]:.7g}"
    return value if not index else f"{value} at index {index[0] if len(index) == 1 else tuple(index)}"
