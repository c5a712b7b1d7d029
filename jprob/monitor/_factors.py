r"""The other factorisation, tested where both samples have labels: shares of the classes, and predictions within each.

.. math:: p(z, y) = p(y)\, p(z \mid y)

References:
    Hotelling, H. (1931). The generalization of Student's ratio. Annals of Mathematical Statistics 2.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from jprob.monitor._mixture import moved
from jprob.monitor._predictions import predicted
from jprob.monitor._sample import shares
from jprob.special import gammaincc, normal_quantile

__all__ = ["factors"]

_FEW = 5  # rows of a class


@jax.jit
def factors(p: Array, y: Array, q: Array, c: Array, level: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Shares of the classes, and predictions within each class."""
    k = 2 if p.ndim == 1 else p.shape[1]
    before, after = (shares(labels, k, p.dtype) for labels in (y, c))
    gap = jnp.mean(after, 0) - jnp.mean(before, 0)
    size = 0.5 * jnp.sum(jnp.abs(gap))
    lean = 0.5 * jnp.where(gap < 0, -1.0, 1.0)
    error = jnp.sqrt(jnp.var(before @ lean) / y.size + jnp.var(after @ lean) / c.size)
    tail = 0.5 * (1.0 - level)
    reach = normal_quantile(1.0 - tail, tail) * error
    ends = jnp.stack([jnp.maximum(size - reach, 0.0), jnp.minimum(size + reach, 1.0)])
    score = jnp.where(error > 0, size / jnp.where(error > 0, error, 1.0), 0.0)
    told = (score, moved(before, after), size, ends)
    return told, _within(_seen(p, q), before, after)


def _seen(p: Array, q: Array) -> tuple[Array, Array]:
    """What is compared within a class: place and spread of its predictions among all; of classes, also which was named."""
    top, now = (p, q) if p.ndim == 1 else (jnp.max(p, 1), jnp.max(q, 1))
    order = jnp.sort(jnp.concatenate([top, now]))
    find = partial(jnp.searchsorted, order)
    u, v = (
        (find(z, side="left") + find(z, side="right")).astype(p.dtype) / (2.0 * order.size) - 0.5 for z in (top, now)
    )
    if p.ndim == 1:
        return jnp.stack([u, u**2], 1), jnp.stack([v, v**2], 1)
    named = (shares(predicted(z), p.shape[1], p.dtype)[:, :-1] for z in (p, q))
    return tuple(jnp.concatenate([z[:, None], one], 1) for z, one in zip((u, v), named, strict=True))  # pyright: ignore[reportReturnType]


def _within(seen: tuple[Array, Array], before: Array, after: Array) -> tuple[Array, ...]:
    """Hotelling's statistics of the classes, added; classes of few rows are left out."""
    u, v = seen

    def one(ours: Array, theirs: Array) -> tuple[Array, Array]:
        n, m = jnp.sum(ours), jnp.sum(theirs)
        means = ours @ u / jnp.maximum(n, 1.0), theirs @ v / jnp.maximum(m, 1.0)
        centred = [
            (z - mean) * jnp.sqrt(weight)[:, None] for z, mean, weight in zip(seen, means, (ours, theirs), strict=True)
        ]
        freedom = jnp.maximum(n + m - 2.0, 1.0)
        covariance = sum(z.T @ z for z in centred) / freedom * (1.0 / jnp.maximum(n, 1.0) + 1.0 / jnp.maximum(m, 1.0))
        gap = means[1] - means[0]
        few = (u.shape[1] + 1.0) / freedom  # of Hotelling's law over chi-squared, to first order
        statistic = gap @ jnp.linalg.pinv(covariance, rtol=1e-4, hermitian=True) @ gap * jnp.maximum(1.0 - few, 0.0)
        enough = (n >= _FEW) & (m >= _FEW)
        return jnp.where(enough, statistic, 0.0), jnp.where(enough, float(u.shape[1]), 0.0)

    statistic, df = (jnp.sum(part) for part in jax.vmap(one, (1, 1))(before, after))
    p_value = jnp.where(df > 0, gammaincc(0.5 * jnp.maximum(df, 1.0), 0.5 * statistic), 1.0)
    nan = jnp.full((2,), jnp.nan, u.dtype)
    return statistic, p_value, nan[0], nan
