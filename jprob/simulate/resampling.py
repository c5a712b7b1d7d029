r"""Resamples of rows: which ones, or how much each of them weighs.

Every scheme is a function of a key. Where rows are drawn with replacement a resample is a vector of indices or, the same
thing, of counts; a statistic of weights takes the counts, and so also weights that are no counts.

References:
    Künsch, H. R. (1989). The jackknife and the bootstrap for general stationary observations. Annals of Statistics 17.
    Politis, D. N. and Romano, J. P. (1994). The stationary bootstrap. JASA 89.
    Rubin, D. B. (1981). The Bayesian bootstrap. Annals of Statistics 9.
    Davidson, R. and Flachaire, E. (2008). The wild bootstrap, tamed at last. Journal of Econometrics 146: signs.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob.simulate.bits import fast_key, random_indices

__all__ = ["BLOCKS", "SCHEMES", "Groups", "counts", "grouped", "indices", "signs", "weights_of"]

BLOCKS = ("moving_block", "circular_block", "stationary")
SCHEMES = ("iid", "stratified", "cluster", "samples", *BLOCKS, "bayesian", "poisson", "wild", "parametric")


class Groups(NamedTuple):
    """Strata or clusters as arrays.

    Attributes:
        order: rows, those of a group beside each other. first: for each row in that order, where its group begins.
        size: of its group. label: of each row in the order of the data.
    """

    order: Array
    first: Array
    size: Array
    label: Array


def grouped(labels: np.ndarray) -> Groups:
    """Rows by group, from any labels that sort."""
    _, label = np.unique(labels, return_inverse=True)
    order = np.argsort(label, kind="stable")
    sizes = np.bincount(label)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rows = label[order]
    return Groups(*(jnp.asarray(v, jnp.int32) for v in (order, first[rows], sizes[rows], label)))


def indices(key: Array, scheme: str, n: int, size: int, block: float, groups: Groups | None) -> Array:
    """Rows of one resample, shape ``(size,)``: for schemes that choose whole rows."""
    if scheme == "iid":
        return random_indices(key, (size,), n)
    if scheme == "stratified":
        assert groups is not None
        share = jax.random.uniform(fast_key(key), (n,))
        step = jnp.minimum(jnp.floor(share * groups.size).astype(jnp.int32), groups.size - 1)
        return groups.order[groups.first + step]
    if scheme == "cluster":  # of one size: checked by the caller
        assert groups is not None
        length = int(block)
        chosen = random_indices(key, (n // length,), n // length)
        return groups.order[(chosen[:, None] * length + jnp.arange(length)).reshape(-1)]
    if scheme == "stationary":
        return _stationary(key, n, block)
    length = int(block)
    num = -(-n // length)
    starts = random_indices(key, (num,), n - length + 1 if scheme == "moving_block" else n)
    return ((starts[:, None] + jnp.arange(length)) % n).reshape(-1)[:n]


def _stationary(key: Array, n: int, mean_length: float) -> Array:
    """Blocks of geometric length: at every step a new beginning with probability one over the mean length."""
    start_key, break_key = jax.random.split(key)
    starts = random_indices(start_key, (n,), n)
    place = jnp.arange(n)
    begins = (jax.random.uniform(fast_key(break_key), (n,)) * mean_length < 1.0) | (place == 0)
    last = lax.associative_scan(jnp.maximum, jnp.where(begins, place, 0))
    return (starts[last] + place - last) % n


def counts(index: Array, n: int) -> Array:
    """How often each of ``n`` rows was drawn."""
    return jax.ops.segment_sum(jnp.ones(index.shape), index, n)


def weights_of(
    key: Array, scheme: str, n: int, size: int, block: float, groups: Groups | None, num_groups: int
) -> Array:
    """Weights of one resample with mean 1, shape ``(n,)``."""
    if scheme == "bayesian":
        weights = jax.random.exponential(fast_key(key), (n,))
    elif scheme == "poisson":
        weights = jax.random.poisson(key, 1.0, (n,)).astype(float)
    elif scheme == "cluster":
        assert groups is not None
        weights = counts(random_indices(key, (num_groups,), num_groups), num_groups)[groups.label]
    else:
        weights = counts(indices(key, scheme, n, size, block, groups), n)
    return weights / jnp.mean(weights)


def signs(key: Array, n: int, groups: Groups | None, num_groups: int) -> Array:
    """Plus or minus one for each of ``n`` residuals; of a cluster the same."""
    words = jax.random.bits(fast_key(key), (n if groups is None else num_groups,), jnp.uint32)
    flips = 1.0 - 2.0 * (words >> 31).astype(float)
    return flips if groups is None else flips[groups.label]
