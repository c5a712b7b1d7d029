"""Maps of one probability for several classes: each class against the rest, then made to sum to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import safe
from jprob.calibrate._inputs import Rows

__all__ = ["against_the_rest", "normalised"]


def against_the_rest(fit: Callable[[Rows], Any], rows: Rows) -> Any:
    """One fit, or one for each class, with the classes as the first axis of the result."""
    if rows.scores.ndim == 1:
        return fit(rows)
    hits = (rows.labels[:, None] == jnp.arange(rows.scores.shape[1])).astype(rows.scores.dtype)
    return jax.vmap(lambda z, y: fit(Rows(z, y, rows.weights)), (1, 1))(rows.scores, hits)


def normalised(apply: Callable[[Any, Array], Array], params: Any, scores: Array) -> Array:
    """The probability of label 1, or those of the classes; equal ones where every class got none."""
    if scores.ndim == 1:
        return apply(params, scores)
    raw = jax.vmap(apply, (0, 1), 1)(params, scores)
    total = jnp.sum(raw, 1, keepdims=True)
    return jnp.where(total > 0, raw / safe(total > 0, total, 1.0), 1.0 / raw.shape[1])
