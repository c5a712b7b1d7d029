"""What enters a conjugate pair: hyperparameters and sufficient statistics, checked while their values are known.

Traced values cannot raise: there a lane that cannot be becomes ``nan`` and leaves its neighbours alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.bayes.inputs import check_shapes, refuse

__all__ = ["check_data", "discounted", "parameters", "summed", "unless", "weighted"]

_WORDS = {1: "one array", 2: "a pair", 3: "three values", 4: "four values"}
_KINDS = {
    "positive": ("positive and finite", lambda v: np.isfinite(v) & (v > 0)),
    "non-negative": ("finite and at least 0", lambda v: np.isfinite(v) & (v >= 0)),
    "whole": ("whole numbers of at least 0", lambda v: np.isfinite(v) & (v >= 0) & (v == np.floor(v))),
    "real": ("finite", np.isfinite),
    "bit": ("0 or 1", lambda v: (v == 0) | (v == 1)),
    "share": ("between 0 and 1", lambda v: (v >= 0) & (v <= 1)),
}


def parameters[P: tuple](kind: type[P], given: Any, name: str = "prior", *, real: tuple[str, ...] = ()) -> P:
    """Hyperparameters as arrays of one dtype, each positive but for those named ``real``; all ``nan`` where one is not."""
    fields: tuple[str, ...] = getattr(kind, "_fields", ())
    if not isinstance(given, tuple | list) or len(given) != len(fields):
        came = f"{len(given)} values" if isinstance(given, tuple | list) else type(given).__name__
        raise ValueError(f"`{name}` must be {_WORDS[len(fields)]} ({', '.join(fields)}); got {came}.")
    for field, value in zip(fields, given, strict=True):
        _check(name if len(real) == 0 else f"{name}.{field}", value, "real" if field in real else "positive")
    check_shapes(**{f"{name}.{field}": value for field, value in zip(fields, given, strict=True)})
    arrays = promote(*given)
    good = jnp.ones((), bool)
    for field, value in zip(fields, arrays, strict=True):
        good = good & jnp.isfinite(value) & ((value > 0) | (field in real))
    return kind(*unless(~good, *arrays))


def discounted[P: tuple](kind: type[P], prior: Any, factor: ArrayLike, initial: Any) -> P:
    """Hyperparameters that count observations, those of ``prior`` with weight ``factor``, the rest that of ``initial``."""
    check_data(factor=("share", factor))
    old = parameters(kind, prior)
    weight = promote(factor, *old)[0]
    first = kind(*(jnp.zeros_like(v) for v in old)) if initial is None else parameters(kind, initial, "initial")
    return parameters(
        kind, tuple(weight * v + (1.0 - weight) * w for v, w in zip(old, first, strict=True)), "discounted prior"
    )


def unless(bad: Array, *values: Array) -> tuple[Array, ...]:
    """Each value, ``nan`` where ``bad``."""
    return tuple(jnp.where(bad, jnp.nan, value) for value in values)


def check_data(**named: tuple[str, ArrayLike]) -> None:
    """Raise ``ValueError`` unless each value is of its kind and all broadcast, as far as values are known."""
    for name, (kind, value) in named.items():
        _check(name, value, kind)
    check_shapes(**{name: value for name, (_, value) in named.items()})


def _check(name: str, value: ArrayLike, kind: str) -> None:
    if concrete(value):
        expected, good = _KINDS[kind]
        values = np.asarray(value, float)
        refuse(~good(values), values, f"`{name}` must be {expected}")


def summed[S: tuple](kind: type[S], parts: Iterable[Any]) -> S:
    """The statistics of all parts together where they add up; zeros of nothing."""
    fields: tuple[str, ...] = getattr(kind, "_fields", ())
    total: tuple[Array, ...] = ()
    for part in parts:
        if not isinstance(part, tuple | list) or len(part) != len(fields):
            raise ValueError(f"`parts` must each be ({', '.join(fields)}); got {part!r}.")
        more = promote(*part)
        total = tuple(a + b for a, b in zip(total, more, strict=True)) if total else more
    return kind(*(total or promote(*(0.0 for _ in fields))))


def weighted(x: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array]:
    """Observations and how often each was seen, of one shape; an observation that counts for nothing may be missing."""
    if weights is not None:
        _check("weights", weights, "non-negative")
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    return jnp.where(weights > 0, x, 0.0), weights
