r"""Binned distances between a reference and a current sample, each with a null that knows how many rows there were.

With q the shares of the reference in the bins and p those of the current sample,

.. math:: PSI = \sum (p - q) \log\frac{p}{q}, \quad KL = \sum p \log\frac{p}{q}, \quad
    JS = \tfrac12 KL(p, \bar p) + \tfrac12 KL(q, \bar p), \quad TV = \tfrac12 \sum |p - q|

Bins hold equal shares of the reference and stay frozen; the outermost are open; values that are missing have a bin of
their own, and so has an atom (a value that fills a whole bin). A bin that is empty in one sample only counts as half a
row there; one that is empty in both does not count. Where both samples come from one law PSI is about
``(1/n + 1/m) χ²`` with ``bins − 1`` degrees of freedom, KL half and JS an eighth of it: of 200 rows a PSI of 0.1 is
nothing. Here mean and variance are those of the counts themselves (:mod:`jprob.monitor._null`).

References:
    Yurdakul, B. and Naranjo, J. (2020). Statistical properties of the population stability index. Journal of Risk Model
    Validation 14.
    Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Transactions on Information Theory 37.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete
from jprob.monitor._cells import both_counts, frozen_cuts, untied
from jprob.monitor._inputs import check_judgement, rows, shaped
from jprob.monitor._null import MANY, gamma_tail, nodes_for, null_moments, slope_variance
from jprob.monitor.result import Drift, judged, symmetric

__all__ = ["BINNED", "js", "judge_counts", "kl", "psi", "total_variation"]


def psi(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.1,
    level: float = 0.95,
) -> Drift:
    r"""Population stability index, with its p-value.

    .. math:: \sum (p - q) \log (p / q)

    The size is the index less what it is on average where nothing has changed.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``; nan is a value like others, in a bin of its own.
        current: shape ``(m,)`` or ``(m, columns)``.
        edges: between the bins, ascending; below the first and above the last are bins too. By default quantiles of the
            reference (of some 4,000 rows of it beyond 32,768).
        num_bins: where no edges are given; fewer below two rows a bin.
        alpha: significance of an alarm. limit: size that an alarm must exceed. level: of the interval for the size.

    Returns:
        :class:`Drift`, fields of shape ``()`` or ``(columns,)``.

    Raises:
        ValueError: no rows or numbers, other columns, edges that do not ascend, a level outside (0, 1).

    Example:
        >>> result = psi([1.0] * 50 + [2.0] * 50, [1.0] * 80 + [2.0] * 20, edges=[1.5])
        >>> round(float(result.statistic), 5), bool(result.alarm)  # .3 log 1.6 + .3 log 2.5
        (0.41589, True)
    """
    return _binned("psi", reference, current, edges, num_bins, alpha, limit, level)


def kl(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.05,
    level: float = 0.95,
) -> Drift:
    r"""Kullback and Leibler's divergence of the current sample from the reference, in nats; its size is bias-corrected.

    .. math:: \sum p \log (p / q)

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        edges, num_bins: as :func:`psi`. alpha, limit, level: likewise.

    Returns:
        :class:`Drift`.

    Raises:
        ValueError: as :func:`psi`.

    Example:
        >>> result = kl([1.0] * 50 + [2.0] * 50, [1.0] * 100, edges=[1.5])  # log 2, the empty bin as half a row
        >>> round(float(result.statistic), 2), bool(result.alarm)
        (0.67, True)
    """
    return _binned("kl", reference, current, edges, num_bins, alpha, limit, level)


def js(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.0125,
    level: float = 0.95,
) -> Drift:
    r"""Jensen and Shannon's divergence in nats, from 0 to log 2 (the square of their distance); size bias-corrected.

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        edges, num_bins: as :func:`psi`. alpha, limit, level: likewise.

    Returns:
        :class:`Drift`.

    Raises:
        ValueError: as :func:`psi`.

    Example:
        >>> result = js([1.0] * 1000, [2.0] * 1000, edges=[1.5])
        >>> round(float(result.statistic), 2)  # log 2: nothing in common
        0.69
    """
    return _binned("js", reference, current, edges, num_bins, alpha, limit, level)


def total_variation(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    num_bins: int = 10,
    alpha: float = 0.05,
    limit: float = 0.1,
    level: float = 0.95,
) -> Drift:
    r"""Total variation over bins: the share of rows that would have to move, from 0 to 1.

    .. math:: \tfrac12 \sum |p - q|

    Args:
        reference: shape ``(n,)`` or ``(n, columns)``. current: shape ``(m,)`` or ``(m, columns)``.
        edges, num_bins: as :func:`psi`. alpha, limit, level: likewise.

    Returns:
        :class:`Drift`; the size is the root of what the square exceeds its mean under the null by.

    Raises:
        ValueError: as :func:`psi`.

    Example:
        >>> result = total_variation([1.0] * 50 + [2.0] * 50, [1.0] * 75 + [2.0] * 25, edges=[1.5])
        >>> round(float(result.statistic), 6)
        0.25
    """
    return _binned("total_variation", reference, current, edges, num_bins, alpha, limit, level)


def judge_counts(
    name: str, x: Array, y: Array, drawn: Array, alpha: float | Array, limit: float | Array, level: float | Array
) -> Drift:
    """A binned distance from its counts.

    Args:
        name: of :data:`BINNED`. x, y: counts of reference and current sample, as floats, shape ``(columns, cells)``.
        drawn: whether the bins are order statistics of an untied reference, shape ``(columns,)``.
        alpha, limit, level: as :func:`psi`.

    Returns:
        :class:`Drift`, fields of shape ``(columns,)``; p-value 1 and size 0 where a sample has no rows.
    """
    num_nodes = MANY if name == "total_variation" else nodes_for(x, y, drawn)  # |p − q| is not smooth
    return _judged(name, num_nodes, x, y, drawn, alpha, limit, level)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _judged(
    name: str,
    num_nodes: int,
    x: Array,
    y: Array,
    drawn: Array,
    alpha: float | Array,
    limit: float | Array,
    level: float | Array,
) -> Drift:
    share = BINNED[name]
    n, m = (jnp.maximum(jnp.sum(c, 1, keepdims=True), 1.0) for c in (x, y))

    def term(x: Array, y: Array, n: Array, m: Array) -> Array:
        p, q = jnp.maximum(y, 0.5) / m, jnp.maximum(x, 0.5) / n
        return jnp.where(x + y > 0, share(p, q), 0.0)

    some = (jnp.sum(x, 1) > 0) & (jnp.sum(y, 1) > 0)
    statistic = jnp.where(some, jnp.sum(term(x, y, n, m), 1), 0.0)
    mean, variance = null_moments(term, x, y, drawn, num_nodes)
    p_value = jnp.where(some, gamma_tail(statistic, mean, variance), 1.0)
    error = jnp.sqrt(slope_variance(share, x, y, n, m) + variance)
    if name == "total_variation":
        size = jnp.sqrt(jnp.maximum(statistic**2 - mean**2 - variance, 0.0))
    else:
        size = jnp.maximum(statistic - mean, 0.0)
    size = jnp.where(some, size, 0.0)
    return judged(statistic, p_value, size, symmetric(size, error, level), alpha, limit)


def _binned(
    name: str,
    reference: ArrayLike,
    current: ArrayLike,
    edges: ArrayLike | None,
    num_bins: int,
    alpha: float,
    limit: float,
    level: float,
) -> Drift:
    check_positive_int(num_bins, "num_bins", 2)
    check_judgement(alpha, level, limit)
    x, y = rows(reference, current)
    cuts = frozen_cuts(x, num_bins) if edges is None else _edges(edges, x)
    mine, theirs = both_counts(x, y, cuts)
    drawn = untied(cuts, mine, x.shape[0]) & (edges is None)
    result = judge_counts(name, mine.astype(x.dtype), theirs.astype(x.dtype), drawn, alpha, limit, level)
    return shaped(result, reference)


def _edges(edges: ArrayLike, x: Array) -> Array:
    cuts = jnp.asarray(edges, x.dtype)
    if cuts.ndim != 1 or cuts.size == 0:
        raise ValueError(f"`edges` must have shape (bins - 1,); got {cuts.shape}.")
    if concrete(cuts) and not bool(jnp.all(cuts[1:] > cuts[:-1])):
        raise ValueError("`edges` must ascend; got others.")
    return jnp.broadcast_to(cuts, (x.shape[1], cuts.size))


def _psi(p: Array, q: Array) -> Array:
    return (p - q) * jnp.log(p / q)


def _kl(p: Array, q: Array) -> Array:
    return p * jnp.log(p / q) - (p - q)


def _js(p: Array, q: Array) -> Array:
    middle = 0.5 * (p + q)
    return 0.5 * (_kl(p, middle) + _kl(q, middle))


def _total_variation(p: Array, q: Array) -> Array:
    return 0.5 * jnp.abs(p - q)


BINNED: dict[str, Callable[[Array, Array], Array]] = {
    "psi": _psi,
    "kl": _kl,
    "js": _js,
    "total_variation": _total_variation,
}
"""The part of one cell, by name: of its shares in the current sample and in the reference."""
