"""From rows to sums to a score, in one compiled program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_positive_int, safe
from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.calibrate.statistics import KINDS, STRATEGIES, Statistics, bin_of, collected, edges_of

__all__ = ["NORMS", "error_of", "from_rows", "rows_of"]

_IN_CACHE = 2**15  # rows

NORMS = ("l1", "l2", "debiased", "max")
"""Mean absolute gap; root of the mean squared gap; the same less what noise adds to it; largest gap."""


def rows_of(s: Statistics) -> Array:
    """Total weight; every class has the same."""
    return jnp.sum(s.weight, -1).reshape(-1)[0]


def error_of(s: Statistics, norm: str) -> Array:
    """Over the bins; the mean over classes where there is such an axis."""
    total = jnp.sum(s.weight, -1)
    some = s.weight > 0
    size = safe(some, s.weight, 1.0)
    if norm == "l1":
        return jnp.mean(jnp.sum(jnp.abs(s.gap), -1) / total)
    if norm == "max":
        return jnp.mean(jnp.max(jnp.abs(s.gap) / size, -1))
    squared = jnp.sum(s.gap**2 / size, -1) / total
    if norm == "debiased":
        squared = squared - jnp.sum(_noise(s, some, size), -1) / total
    nothing = squared <= 0  # false for nan, which stays visible
    return jnp.mean(jnp.where(nothing, 0.0, jnp.sqrt(safe(~nothing, squared, 1.0))))


def _noise(s: Statistics, some: Array, size: Array) -> Array:
    """What chance adds to each bin's squared gap, times its weight; nothing where a single row leaves it unknown."""
    rows = jnp.where(some, size**2 / safe(some, s.weight_squared, 1.0), 0.0)
    rate = s.hits / size
    many = rows > 1.5
    return jnp.where(many, size * rate * (1.0 - rate) / safe(many, rows - 1.0, 1.0), 0.0)


def from_rows(
    of: Callable[[Statistics, Any], Any] | None,
    option: Any,
    probs: ArrayLike,
    labels: ArrayLike | None,
    weights: ArrayLike | None,
    num_bins: int,
    strategy: str,
    kind: str,
) -> Any:
    """``of(sums, option)`` of checked rows; the ECE alone, which needs a single sum, where ``of`` is ``None``."""
    check_positive_int(num_bins, "num_bins")
    check_choice("strategy", strategy, STRATEGIES)
    check_choice("kind", kind, KINDS)
    return _compiled(of, option, scored(probs, labels, weights, cast=False), num_bins, strategy, kind)


@partial(jax.jit, static_argnums=(0, 1, 3, 4, 5))
def _compiled(of, option, rows: Rows, num_bins: int, strategy: str, kind: str):
    if of is None:
        return _mean_gap(top_label(rows), num_bins, strategy)
    rows = rows._replace(labels=rows.labels.astype(rows.scores.dtype if rows.scores.ndim == 1 else jnp.int32))
    classes = kind == "classwise" and rows.scores.ndim == 2
    if strategy == "quantile" and classes:
        return _by_class(of, option, rows, num_bins)
    edges = edges_of(top_label(rows).scores, num_bins, strategy)
    return of(collected(rows, edges, num_bins, kind), option)


def _mean_gap(rows: Rows, num_bins: int, strategy: str) -> Array:
    """The ECE alone: a single sum by bin, over blocks of rows that stay in cache from their bins to their sums."""
    p, y, w = rows
    n = p.shape[0]
    edges, w, length = edges_of(p, num_bins, strategy), jnp.broadcast_to(w, p.shape), min(n, _IN_CACHE)

    def gaps(at: Array | int, size: int) -> Array:
        p_, y_, w_ = (lax.dynamic_slice_in_dim(v, at, size) for v in (p, y, w))
        return jax.ops.segment_sum(w_ * (y_.astype(p.dtype) - p_), bin_of(p_, edges, num_bins), num_bins)

    def add(total: Array, block: Array) -> tuple[Array, None]:
        return total + gaps(block * length, length), None

    whole, rest = divmod(n, length)
    total, _ = lax.scan(add, jnp.zeros(num_bins, p.dtype), jnp.arange(whole))
    return jnp.sum(jnp.abs(total + gaps(n - rest, rest) if rest else total)) / jnp.sum(w)


def _by_class(of, option, rows: Rows, num_bins: int):
    """Every class with edges of its own."""
    hits = (rows.labels[:, None] == jnp.arange(rows.scores.shape[1])).astype(rows.scores.dtype)

    def one(p: Array, y: Array) -> Statistics:
        return collected(Rows(p, y, rows.weights), edges_of(p, num_bins, "quantile"), num_bins, "top")

    sums = jax.vmap(one, (1, 1))(rows.scores, hits)
    whole = collected(rows, None, 1, "top")
    return of(sums._replace(brier=whole.brier, log_loss=whole.log_loss, entropy=whole.entropy), option)
