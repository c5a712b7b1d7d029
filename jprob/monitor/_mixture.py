r"""Predictions that moved: by how much, and whether another mix of the same classes explains it.

.. math:: T = \min_{\pi'} \; d^\top V^{-1} d, \qquad d = \hat q - \sum_k \pi'_k \hat f_k

with shares q of current predictions and f of each class of the reference in the same cells, and the covariance V of their
difference, in which both samples have their part. T is chi-squared, with cells less classes degrees of freedom, where only the
prior moved.

References:
    Hotelling, H. (1931). The generalization of Student's ratio. Annals of Mathematical Statistics 2.
    Neyman, J. (1949). Contribution to the theory of the chi-squared test. Berkeley Symposium: minimum chi-squared.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.monitor._predictions import predicted
from jprob.special import gammaincc

__all__ = ["Mixture", "mixture", "moved"]

_CELLS = 10  # of two classes; of more, two for each
_STEPS = 4


class Mixture(NamedTuple):
    """The best mix of the reference's classes: what it leaves, the chance of leaving that much, and its shares."""

    statistic: Array
    p_value: Array
    prior: Array


def mixture(p: Array, y: Array, q: Array) -> Mixture:
    """Whether current predictions are a mix of those of the reference's classes."""
    n, m = p.shape[0], q.shape[0]
    k = 2 if p.ndim == 1 else p.shape[1]
    ours, theirs, num = _cells(p, q)
    rows = jnp.zeros(k, p.dtype).at[y].add(1.0)
    f = jnp.zeros((num, k), p.dtype).at[ours, y].add(1.0) / jnp.maximum(rows, 1.0)
    shares = jnp.zeros(num, p.dtype).at[theirs].add(1.0) / m
    prior = rows / n
    for _ in range(_STEPS):
        inverse, _ = _inverse(_covariance(f, prior, rows, shares, m))
        lean = f[:-1, :-1] - f[:-1, -1:]  # the last share is what the others leave
        gap = shares[:-1] - f[:-1, -1]
        free = jnp.linalg.pinv(lean.T @ inverse @ lean, rtol=1e-5, hermitian=True) @ (lean.T @ inverse @ gap)
        prior = jnp.maximum(jnp.append(free, 1.0 - jnp.sum(free)), 0.0)
        prior = prior / jnp.sum(prior)
    inverse, rank = _inverse(_covariance(f, prior, rows, shares, m))
    left = (shares - f @ prior)[:-1]
    statistic = left @ inverse @ left
    df = jnp.maximum(rank - (k - 1.0), 1.0)
    return Mixture(statistic, gammaincc(0.5 * df, 0.5 * statistic), prior)


def moved(before: Array, now: Array) -> Array:
    """Hotelling's test that the mean of the shares is as it was; one of them is what the others leave."""
    x, y = before[:, :-1], now[:, :-1]
    n, m, d = x.shape[0], y.shape[0], x.shape[1]
    gap = jnp.mean(y, 0) - jnp.mean(x, 0)
    both = jnp.concatenate([x, y])
    centred = both - jnp.mean(both, 0)
    covariance = centred.T @ centred / (n + m) * (1.0 / n + 1.0 / m)
    statistic = gap @ jnp.linalg.pinv(covariance, rtol=1e-5, hermitian=True) @ gap
    return gammaincc(jnp.asarray(0.5 * d, x.dtype), 0.5 * statistic)


def _cells(p: Array, q: Array) -> tuple[Array, Array, int]:
    """Of two classes tenths of all predictions; of more, the predicted class and whether it is surer than the median."""
    if p.ndim == 1:
        cuts = jnp.quantile(jnp.concatenate([p, q]), jnp.linspace(0.0, 1.0, _CELLS + 1, dtype=p.dtype)[1:-1])
        return jnp.searchsorted(cuts, p), jnp.searchsorted(cuts, q), _CELLS
    k = p.shape[1]
    says, top = predicted(p), jnp.max(p, 1)
    medians = jax.vmap(lambda c: jnp.nanmedian(jnp.where(says == c, top, jnp.nan)))(jnp.arange(k))

    def cell(p: Array) -> Array:
        says = predicted(p)
        return 2 * says + (jnp.max(p, 1) > medians[says])

    return cell(p), cell(q), 2 * k


def _covariance(f: Array, prior: Array, rows: Array, shares: Array, m: int) -> Array:
    """Of the difference of the shares; current ones vary as the mean of what they are and what they should be."""

    def multinomial(share: Array) -> Array:
        return jnp.diag(share) - jnp.outer(share, share)

    weights = prior**2 / jnp.maximum(rows, 1.0)
    ours = jnp.einsum("k,kij->ij", weights, jax.vmap(multinomial, 1)(f))
    return (ours + multinomial(0.5 * (shares + f @ prior)) / m)[:-1, :-1]


def _inverse(covariance: Array) -> tuple[Array, Array]:
    """Inverse on the directions that vary, and their number; empty cells do not."""
    scale = jnp.sqrt(jnp.maximum(jnp.diagonal(covariance), 0.0))
    over = jnp.where(scale > 0, 1.0 / jnp.where(scale > 0, scale, 1.0), 0.0)
    values, vectors = jnp.linalg.eigh(covariance * jnp.outer(over, over))
    live = values > 1e-4
    inner = (vectors * jnp.where(live, 1.0 / jnp.where(live, values, 1.0), 0.0)) @ vectors.T
    return inner * jnp.outer(over, over), jnp.sum(live).astype(covariance.dtype)
