r"""Counts that are zero by a law of their own: the mathematics behind ``hurdle`` of a family of counts.

.. math:: P(0) = \pi, \qquad P(k) = (1 - \pi) \frac{p(k)}{1 - p(0)}, \quad k > 0
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import promote, safe
from jprob.density._derived import Level, Params, quantile_of_counts, tails_of
from jprob.density.family import Family
from jprob.special import Tails

__all__ = ["entropy", "estimated", "logdensity", "mean", "mode", "quantile", "tails", "variance"]


def split(params: Params) -> tuple[Array, Array, dict[str, Array]]:
    """The probability of zero, whether it is one, and the family's parameters."""
    base = dict(params)
    prob = base.pop("prob")
    return prob, (prob >= 0) & (prob <= 1), base


def _zero(like: Array) -> Array:
    return jnp.zeros((), like.dtype)


def logdensity(family: Family, k: Array, params: Params) -> Array:
    """The probability of zero, or the family's of ``k`` given that it is not zero."""
    prob, valid, base = split(params)
    own, zero = family.logdensity(k, base), k == 0
    beyond = jnp.log1p(-safe(~zero, prob, 0.5)) + (own - family.logsf(_zero(prob), **base))
    value = jnp.where(zero, jnp.log(safe(zero, prob, 0.5)), beyond)
    return jnp.where(valid & ~jnp.isnan(own), value, jnp.nan)


def _positive(family: Family, k: Array, base: Params) -> Tails:
    """Tails of the family given that it is not zero, at counts from 0 on."""
    at, zero = tails_of(family, k, base), tails_of(family, _zero(k), base)
    log_upper = at.log_upper - zero.log_upper
    near = at.lower < 0.5  # the smaller difference keeps its digits
    gap = safe(near & (k > 0), at.log_lower - zero.log_lower, 1.0)
    gap = jnp.where(jnp.isfinite(gap), gap, 1.0)
    log_lower_near = jnp.where(
        zero.lower > 0, zero.log_lower + jnp.log(jnp.expm1(gap)) - zero.log_upper, at.log_lower - zero.log_upper
    )
    log_lower_far = jnp.log(-jnp.expm1(safe(~near & (k > 0), log_upper, -1.0)))
    log_lower = jnp.where(k > 0, jnp.where(near, log_lower_near, log_lower_far), -jnp.inf)
    return Tails(jnp.exp(log_lower), jnp.exp(log_upper), log_lower, log_upper)


def tails(family: Family, k: Array, params: Params) -> Tails:
    """A step at zero, then the family's tails given that it is not zero."""
    prob, valid, base = split(params)
    below = k < 0
    own = _positive(family, safe(~below, jnp.floor(k), 0.0), base)
    lower, upper = prob + (1.0 - prob) * own.lower, (1.0 - prob) * own.upper
    log_upper = jnp.log1p(-prob) + own.log_upper
    by_lower = (lower < 0.5) & (prob > 0)
    log_lower = jnp.where(
        by_lower,
        jnp.log(safe(by_lower, lower, 0.5)),
        jnp.where(prob > 0, jnp.log1p(-safe(~by_lower & (upper < 1), upper, 0.5)), own.log_lower),
    )
    result = Tails(
        jnp.where(below, 0.0, lower),
        jnp.where(below, 1.0, upper),
        jnp.where(below, -jnp.inf, log_lower),
        jnp.where(below, 0.0, log_upper),
    )
    return Tails(*(jnp.where(valid & ~jnp.isnan(own.upper + k), t, jnp.nan) for t in result))


def quantile(family: Family, level: Level, params: Params) -> Array:
    """Zero up to its probability, beyond it the family's quantile given that it is not zero."""
    prob, _, base = split(params)
    first = jnp.where(prob > 0, 0.0, 1.0)
    last = jnp.where(prob < 1, jnp.asarray(family.support(**base)[1], prob.dtype), 0.0)
    return quantile_of_counts(level, lambda k: tails(family, k, params), family.mean(**base), first, last)


def mean(family: Family, params: Params) -> Array:
    """The family's mean given that it is not zero, times the probability of that."""
    prob, valid, base = split(params)
    return jnp.where(valid, (1.0 - prob) * family.mean(**base) / family.sf(_zero(prob), **base), jnp.nan)


def variance(family: Family, params: Params) -> Array:
    """Mean square less squared mean."""
    prob, valid, base = split(params)
    centre = family.mean(**base)
    square = (1.0 - prob) * (family.variance(**base) + centre * centre) / family.sf(_zero(prob), **base)
    return jnp.where(valid, square - mean(family, params) ** 2, jnp.nan)


def mode(family: Family, params: Params) -> Array:
    """Zero, or the most probable count beyond it."""
    prob, _, base = split(params)
    beyond = jnp.maximum(family.mode(**base), 1.0)
    height = logdensity(family, beyond, params)
    return jnp.where(jnp.isnan(height), jnp.nan, jnp.where(jnp.log(prob) >= height, 0.0, beyond))


def entropy(family: Family, params: Params) -> Array:
    """Of the step over zero, and of the counts beyond it."""
    prob, valid, base = split(params)
    log_zero, log_rest = family.logdensity(_zero(prob), base), family.logsf(_zero(prob), **base)
    there = jnp.isfinite(log_zero)
    at_zero = jnp.where(there, jnp.exp(log_zero) * safe(there, log_zero, 0.0), 0.0)
    beyond = (family.entropy(**base) + at_zero) / jnp.exp(log_rest) + log_rest
    choice = -jax.scipy.special.xlogy(prob, prob) - jax.scipy.special.xlog1py(1.0 - prob, -prob)
    return jnp.where(valid, choice + jnp.where(prob < 1, (1.0 - prob) * beyond, 0.0), jnp.nan)


def estimated(family: Family, estimate, k, weights, *, pseudo: float = 0.0) -> dict[str, Array]:
    """The share of zeros, ``pseudo`` observations added to it and to the rest, and the family's estimate from the rest."""
    k, weights = jnp.broadcast_arrays(*promote(k, 1.0 if weights is None else weights))
    beyond = jnp.where(k == 0, 0.0, weights)
    prob = (jnp.sum(weights - beyond, -1) + pseudo) / (jnp.sum(weights, -1) + 2.0 * pseudo)
    return {"prob": prob} | estimate(jnp.where(k == 0, 1.0, k), beyond)
