r"""The law of a sum over cells, Σ f(xᵢ, yᵢ), where both samples come from one law: its mean, variance and tail.

Given the totals, counts are independent counts under the condition that they sum to m: binomial ones where
reference and current were shuffled together (a multivariate hypergeometric law), negative binomial ones where the cells
were cut at order statistics of the reference (a Dirichlet-multinomial law). So each cell's law is known, the mean is
exact, and with the Hermite coefficients c of the terms and the correlation ρ of two counts

.. math:: V \approx \sum_i \mathrm{Var} f_i + \sum_{i \ne j} \sum_{k=1}^4 c_{ik} c_{jk}\, \rho_{ij}^k, \qquad
    \rho_{ij} = -\sqrt{\frac{\pi_i \pi_j}{(1 - \pi_i)(1 - \pi_j)}}

The tail is that of the gamma law with this mean and variance: chi-squared in the limit, and good from ten rows on.

References:
    Holst, L. (1972). Asymptotic normality and efficiency for certain goodness-of-fit tests. Biometrika 59: the condition.
    Mehler, F. G. (1866): the covariance of functions of two correlated normal variables.
    Wilks, S. S. (1962). Mathematical Statistics, 8.7: shares between order statistics are Dirichlet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import concrete
from jprob.special import gammaincc, log_binomial

__all__ = ["MANY", "gamma_tail", "nodes_for", "null_moments", "shifted_gamma_tail", "skewed_tail", "slope_variance"]

MANY, FEW = 256, 32
"""Values of a count at which its law is summed: where some are small each of them, where all are large a smooth law's."""
_REACH = 8.0  # standard deviations

type Term = Callable[[Array, Array, Array, Array], Array]


def nodes_for(x: Array, y: Array, drawn: Array) -> int:
    """How many values of each count will do, where a term is smooth in counts above 0; arguments as below."""
    if not concrete(x, y, drawn):
        return MANY
    law = _law(np.asarray(x, float), np.asarray(y, float), np.asarray(drawn), np)
    far = (law.low > 0) & (law.drawn | (law.high < law.total))
    return FEW if bool(np.all((law.total == 0) | far | (law.high - law.low < FEW))) else MANY


def null_moments(term: Term, x: Array, y: Array, drawn: Array, num_nodes: int = MANY) -> tuple[Array, Array]:
    """Mean and variance of ``Σ term(x, y, n, m)``.

    Args:
        term: of counts of the reference and the current sample and their totals; 0 for 0, 0.
        x: counts of the reference, shape ``(columns, cells)``. y: of the current sample.
        drawn: whether the cells were cut at order statistics of an untied reference, the last but one of them being that of
            the largest values; shape ``(columns,)``.
        num_nodes: values of each count, :data:`MANY` or what :func:`nodes_for` finds.

    Returns:
        Two arrays of shape ``(columns,)``.
    """
    law = _law(x, y, drawn, jnp)
    n, m, drawn, t, a, every, low = law.n, law.m, law.drawn, law.total, law.shape, law.shapes, law.low
    live, x = t > 0, x[..., None]
    stride = jnp.maximum(jnp.ceil((law.high - low) / (num_nodes - 1)), 1.0)
    nodes = low + stride * jnp.arange(num_nodes, dtype=x.dtype)
    inside = nodes <= law.high
    at = jnp.minimum(nodes, law.high)
    # a cell, and all others together
    counts, totals, shapes = (_beside(*pair) for pair in ((at, m - at), (t, n + m - t), (a, every - a)))
    masses = _log_mass(counts, totals, shapes, law.share, drawn)
    value = jnp.where(live, term(jnp.where(drawn, x, t - at), at, n, m), 0.0)
    weight = _weights(jnp.sum(masses, 0), inside)
    mean = jnp.sum(weight * value, -1)
    centred, away = value - mean[..., None], at - jnp.sum(weight * at, -1, keepdims=True)
    scale = jnp.sqrt(jnp.sum(weight * away**2, -1, keepdims=True))
    z = away / jnp.where(scale > 0, scale, 1.0)
    part = (jnp.where(drawn, a / every, t / (n + m)))[..., 0]
    odds = jnp.sqrt(jnp.where(part < 1.0, part / jnp.where(part < 1.0, 1.0 - part, 1.0), 0.0))
    variance = jnp.sum(weight * centred**2, (-1, -2))
    for order, polynomial in enumerate(_hermite(z), 1):
        slope = jnp.sum(weight * centred * polynomial, -1) * odds**order
        variance += (-1.0) ** order * (jnp.sum(slope, -1) ** 2 - jnp.sum(slope**2, -1))
    return jnp.sum(mean, -1), jnp.maximum(variance, 0.0)


class _Law(NamedTuple):
    """Of the counts of the current sample, arrays of shape ``(columns, cells or 1, 1)``.

    Attributes:
        n, m: rows of the two samples. drawn: as above. total: of both counts. shape: of the reference's share.
        shapes: their sum. share: of the current sample in both. low, high: what a count lies between.
    """

    n: Any
    m: Any
    drawn: Any
    total: Any
    shape: Any
    shapes: Any
    share: Any
    low: Any
    high: Any


def _law(x: Any, y: Any, drawn: Any, xp: Any) -> _Law:
    """By numpy or by JAX: how many nodes are needed is asked before anything is compiled."""
    n, m = xp.sum(x, -1, keepdims=True), xp.sum(y, -1, keepdims=True)
    n, m = xp.maximum(n, 1.0)[..., None], xp.maximum(m, 1.0)[..., None]
    drawn = drawn[..., None, None]
    x, t = x[..., None], (x + y)[..., None]
    beyond = xp.arange(x.shape[-2])[:, None] == x.shape[-2] - 2  # what lies above the largest: one share more
    a = xp.maximum(x, 0.5) + beyond
    every = xp.sum(xp.where(t > 0, a, 0.0), -2, keepdims=True)
    share = xp.where(drawn, every / (every + m), m / (n + m))
    middle = xp.where(drawn, m * a / every, t * share)
    deviation = xp.sqrt(xp.where(drawn, middle / share, middle * (1.0 - share)))
    most = xp.where(drawn, m, xp.minimum(t, m))
    low = xp.maximum(xp.floor(middle - _REACH * deviation - 2.0), xp.where(drawn, 0.0, xp.maximum(t - n, 0.0)))
    high = xp.minimum(xp.ceil(middle + _REACH * deviation + 12.0), most)
    return _Law(n, m, drawn, t, a, every, share, low, high)


def _hermite(z: Array) -> tuple[Array, ...]:
    """Of the normal law, orthonormal, from the first to the fourth."""
    return z, (z**2 - 1.0) / 2.0**0.5, (z**3 - 3.0 * z) / 6.0**0.5, (z**4 - 6.0 * z**2 + 3.0) / 24.0**0.5


def gamma_tail(statistic: Array, mean: Array, variance: Array) -> Array:
    """Probability that a gamma variable of this mean and variance is at least the statistic; 1 where it cannot vary."""
    varies = (variance > 0) & (mean > 0)
    mean, variance = jnp.where(varies, mean, 1.0), jnp.where(varies, variance, 1.0)
    tail = gammaincc(mean**2 / variance, jnp.maximum(statistic, 0.0) * mean / variance)
    return jnp.where(varies, tail, jnp.where(statistic > 0, 0.0, 1.0))


def shifted_gamma_tail(statistic: Array, draws: Array) -> Array:
    """The upper tail of the gamma law, moved, that has the first three moments of ``draws``, ``(num, columns)``."""
    mean = jnp.mean(draws, 0)
    centred = draws - mean
    variance = jnp.mean(centred**2, 0)
    unit = centred / jnp.sqrt(jnp.where(variance > 0, variance, 1.0))
    score = (statistic - mean) / jnp.sqrt(jnp.where(variance > 0, variance, 1.0))
    tail = skewed_tail(score, jnp.mean(unit**3, 0))
    return jnp.where(variance > 0, tail, jnp.where(statistic > mean, 0.0, 1.0))


def skewed_tail(score: Array, skewness: Array) -> Array:
    """The upper tail of the gamma law that is moved and scaled to mean 0 and variance 1, of this skewness."""
    shape = 4.0 / jnp.maximum(skewness, 0.05) ** 2
    return gammaincc(shape, jnp.maximum(shape + score * jnp.sqrt(shape), 0.0))


def slope_variance(share: Callable[[Array, Array], Array], x: Array, y: Array, n: Array, m: Array) -> Array:
    """Variance of the sum over cells to first order, from its slopes in both samples' shares."""
    p, q = jnp.maximum(y, 0.5) / m, jnp.maximum(x, 0.5) / n
    live, ones = x + y > 0, jnp.ones_like(p)
    by_p = jax.jvp(lambda p: share(p, q), (p,), (ones,))[1]
    by_q = jax.jvp(lambda q: share(p, q), (q,), (ones,))[1]

    def variance(slope: Array, weight: Array, num: Array) -> Array:
        slope, weight = jnp.where(live, slope, 0.0), jnp.where(live, weight, 0.0)
        centre = jnp.sum(weight * slope, 1, keepdims=True) / jnp.sum(weight, 1, keepdims=True)
        return jnp.sum(weight * (slope - centre) ** 2, 1) / num[:, 0]

    return variance(by_p, p, m) + variance(by_q, q, n)


def _log_mass(count: Array, t: Array, a: Array, share: Array, drawn: Array) -> Array:
    """Binomial of t, or negative binomial of shape a: a successes among a + count trials, the last of them one."""
    binomial = log_binomial(
        jnp.where(drawn, a, jnp.minimum(count, t)), jnp.where(drawn, a + count, t), jnp.broadcast_to(share, a.shape)
    )
    return binomial + jnp.where(drawn, jnp.log(a / (a + count)), 0.0)


def _beside(first: Array, second: Array) -> Array:
    return jnp.stack(jnp.broadcast_arrays(first, second))


def _weights(log_mass: Array, inside: Array) -> Array:
    mass = jnp.where(inside, log_mass, -jnp.inf)
    mass = jnp.exp(mass - jnp.max(mass, -1, keepdims=True))
    return mass / jnp.sum(mass, -1, keepdims=True)
