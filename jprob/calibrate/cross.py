"""Cross-fitting: every row is calibrated by a map that has not seen it, so that a score on the result is honest."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int
from jprob.calibrate._inputs import scored

__all__ = ["CrossFit", "cross_fit"]


class CrossFit(NamedTuple):
    """Calibrated probabilities of rows that were not fitted on.

    Attributes:
        probs: shape of the scores. fold: of each row, shape ``(n,)``.
        params: of each fold's map, with the folds as the first axis.
    """

    probs: Array
    fold: Array
    params: Any


def cross_fit(
    key: Array,
    method: ModuleType,
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    num_folds: int = 5,
    groups: ArrayLike | None = None,
    **options: Any,
) -> CrossFit:
    """Fit a method on all folds but one and apply it to that one, each in turn; all at once, by ``vmap``.

    Args:
        key: a JAX random key, for the folds.
        method: a module with ``fit`` and ``apply``, as ``calibrate.temperature``; ``options`` are those of its ``fit``.
        scores: as it takes them, shape ``(n,)`` or ``(n, k)``. labels: shape ``(n,)``. weights: shape ``(n,)``.
        num_folds: of them. groups: whole numbers, shape ``(n,)``: rows of one group stay in one fold.

    Returns:
        :class:`CrossFit`.

    Raises:
        ValueError: fewer rows, or groups, than folds; else as ``method.fit``.

    Example:
        >>> from jprob.calibrate import temperature
        >>> z, y = jnp.tile(jnp.array([2.0, 2.0, -2.0, -2.0]), 50), jnp.tile(jnp.array([1, 0, 0, 0]), 50)
        >>> cross_fit(jax.random.key(0), temperature, z, y).probs.shape
        (200,)
    """
    check_positive_int(num_folds, "num_folds", 2)
    rows = scored(scores, labels, weights, logits=True, least=num_folds)
    n = rows.scores.shape[0]
    if groups is None:
        fold = jax.random.permutation(key, n) % num_folds
    else:
        names, member = np.unique(np.asarray(groups), return_inverse=True)
        if member.shape != (n,) or names.size < num_folds:
            raise ValueError(f"`groups` must be {n} numbers of at least {num_folds} kinds; got {names.size} kinds.")
        fold = (jax.random.permutation(key, names.size) % num_folds)[member]

    def one(left_out: Array) -> tuple[Any, Array]:
        params = method.fit(scores, labels, jnp.where(fold == left_out, 0.0, rows.weights), **options)
        return params, method.apply(params, rows.scores)

    params, probs = jax.vmap(one)(jnp.arange(num_folds))
    return CrossFit(probs[fold, jnp.arange(n)], fold, params)
