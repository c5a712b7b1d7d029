r"""Sums that calibration scores are made of: of any number of rows, in one piece or in many.

A row with probability p, label y and weight w falls into bin b and adds w, wp, wy, w(y − p), wp² and wpy there. Bins are
closed above, (a, b], and the first one below too. Sums add: over batches, and by ``jax.lax.psum`` over devices.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import xlog1py, xlogy
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete, promote
from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.information import entropy

__all__ = [
    "KINDS",
    "STRATEGIES",
    "Statistics",
    "bin_of",
    "check_top",
    "coarsen",
    "collected",
    "edges_of",
    "merge",
    "statistics",
    "total_of",
]

STRATEGIES = ("uniform", "quantile")
KINDS = ("top", "classwise")
_BLOCKS = 256  # partial sums: a float32 that has grown large no longer hears small ones


class Statistics(NamedTuple):
    """Sums over rows, by bin; class-wise with an axis of classes before that of bins.

    Attributes:
        weight: of the rows, shape ``(bins,)``: their number where none has a weight. weight_squared: of squared weights.
        confidence: of probabilities. hits: of labels. gap: of labels less probabilities.
        confidence_squared: of squared probabilities. product: of probability times label.
        brier: squared distances of all rows, shape ``()``. log_loss: minus log probabilities of what came, in nats.
        entropy: of the predicted laws, in nats.
    """

    weight: Array
    weight_squared: Array
    confidence: Array
    hits: Array
    gap: Array
    confidence_squared: Array
    product: Array
    brier: Array
    log_loss: Array
    entropy: Array


def statistics(
    probs: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    num_bins: int = 15,
    edges: ArrayLike | None = None,
    kind: str = "top",
) -> Statistics:
    """What rows add to any of the scores; a batch of them at a time, or all at once.

    Args:
        probs: of label 1, shape ``(n,)``, or of each class, shape ``(n, k)``.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        num_bins: of equal width. edges: instead of them, increasing, shape ``(bins + 1,)``; the outer two are open.
        kind: for classes, ``"top"``: the predicted one and whether it came, or ``"classwise"``: each against the rest.

    Returns:
        :class:`Statistics`.

    Raises:
        ValueError: rows that are no probabilities and labels; bins or a kind there is not.

    Example:
        >>> sums = statistics([0.1, 0.3, 1.0], [0, 1, 1], num_bins=2)
        >>> sums.weight.tolist(), sums.hits.tolist()
        ([2.0, 1.0], [1.0, 1.0])
    """
    check_positive_int(num_bins, "num_bins")
    check_choice("kind", kind, KINDS)
    rows = scored(probs, labels, weights)
    if edges is None:
        return _compiled(rows, None, num_bins, kind)
    (edges,) = promote(edges)
    if edges.ndim != 1 or edges.shape[0] < 2 or (concrete(edges) and not (np.diff(np.asarray(edges)) >= 0).all()):
        raise ValueError(f"`edges` must be at least two increasing numbers; got {np.asarray(edges)}.")
    return _compiled(rows, edges.astype(rows.scores.dtype), edges.shape[0] - 1, kind)


def merge(*parts: Statistics) -> Statistics:
    """Sums of several parts of the data, as if they had been one; all with the same bins.

    Example:
        >>> one, two = statistics([0.2], [0]), statistics([0.9], [1])
        >>> float(merge(one, two).weight.sum())
        2.0
    """
    if not parts:
        raise ValueError("`parts` must be at least one; got none.")
    shapes = {part.weight.shape for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"`parts` must have the same bins; got shapes {sorted(shapes)}.")
    return jax.tree.map(lambda *sums: sum(sums[1:], sums[0]), *parts)


def coarsen(sums: Statistics, num_bins: int) -> Statistics:
    """The same sums in fewer bins of equal width: neighbours together, to the edges that so many bins have.

    Args:
        sums: of ``num_bins`` bins, or of two, three, ... times as many. num_bins: that are wanted.

    Returns:
        :class:`Statistics`.

    Raises:
        ValueError: the bins cannot be shared out evenly.

    Example:
        >>> fine = statistics([0.1, 0.3, 1.0], [0, 1, 1], num_bins=4)
        >>> fine.weight.tolist(), coarsen(fine, 2).weight.tolist()
        ([1.0, 1.0, 0.0, 1.0], [2.0, 1.0])
    """
    check_positive_int(num_bins, "num_bins")
    bins = sums.weight.shape[-1]
    if bins % num_bins:
        raise ValueError(f"`num_bins` must divide the {bins} bins of the sums; got {num_bins}.")
    return jax.tree.map(lambda v: v.reshape(*v.shape[:-1], num_bins, -1).sum(-1) if v.ndim else v, sums)


def check_top(sums: Statistics) -> None:
    """Raise ``ValueError`` where sums have an axis of classes."""
    if sums.weight.ndim != 1:
        raise ValueError(f"`probs` must be sums of the top label, of shape (bins,); got {sums.weight.shape}.")


def collected(rows: Rows, edges: Array | None, num_bins: int, kind: str) -> Statistics:
    """The sums of checked rows; what a caller does not use is not computed once this is compiled."""
    p, y = rows.scores, rows.labels
    brier, log_loss, spread = _proper(p, y)
    if kind == "classwise" and p.ndim == 2:
        hits = (y[:, None] == jnp.arange(p.shape[1])).astype(p.dtype)
        binned = jax.vmap(lambda p, y: _binned(p, y, rows.weights, edges, num_bins), (1, 1))(p, hits)
    else:
        top = top_label(rows)
        binned = _binned(top.scores, top.labels, top.weights, edges, num_bins)
    return Statistics(*binned, *(jnp.sum(rows.weights * each) for each in (brier, log_loss, spread)))


def edges_of(p: Array, num_bins: int, strategy: str) -> Array | None:
    """Where bins of about equal numbers of rows end; ``None`` for equal widths, which need no table."""
    if strategy == "uniform":
        return None
    return jnp.quantile(p, jnp.linspace(0.0, 1.0, num_bins + 1, dtype=p.dtype))


def bin_of(p: Array, edges: Array | None, num_bins: int) -> Array:
    """The bin of each probability, closed above; exact at an edge, whatever rounding does to p times the bins."""
    if edges is not None:
        return jnp.searchsorted(edges[1:-1], p, side="left", method="compare_all")
    guess = jnp.ceil(p * num_bins).astype(jnp.int32) - 1
    low = guess.astype(p.dtype) / num_bins
    high = (guess + 1).astype(p.dtype) / num_bins
    return jnp.clip(guess - (p <= low) + (p > high), 0, num_bins - 1)


def total_of(values: Array, place: Array, num_bins: int) -> Array:
    """Sums by bin, of blocks of rows first."""
    n = values.shape[0]
    blocks = max(1, min(_BLOCKS, n // 1024))
    block = jnp.arange(n) // -(-n // blocks)
    sums = jax.ops.segment_sum(values, place + num_bins * block, num_bins * blocks)
    return jnp.sum(sums.reshape(blocks, num_bins), 0)


def _binned(p: Array, y: Array, w: Array, edges: Array | None, num_bins: int) -> tuple[Array, ...]:
    place = bin_of(p, edges, num_bins)
    values = (w, w * w, w * p, w * y, w * (y - p), w * p * p, w * p * y)
    return tuple(total_of(jnp.broadcast_to(each, p.shape), place, num_bins) for each in values)


def _proper(p: Array, y: Array) -> tuple[Array, Array, Array]:
    """Brier score, log loss and entropy of each row; the loss is infinite where what came was excluded."""
    if p.ndim == 1:
        loss = -xlogy(y, p) - xlog1py(1.0 - y, -p)
        return (p - y) ** 2, loss, -xlogy(p, p) - xlog1py(1.0 - p, -p)
    came = jnp.take_along_axis(p, y[:, None], 1)[:, 0]
    squared = jnp.sum((p - (y[:, None] == jnp.arange(p.shape[1]))) ** 2, 1)
    return squared, -jnp.log(came), entropy(p)


_compiled = partial(jax.jit, static_argnums=(2, 3))(collected)
