r"""Quantiles of the beta distribution: the inverse of the incomplete beta function, from either tail.

In the log odds :math:`s = \log(x / (1 - x))` the logarithm of a tail is concave, so Newton's method on it lands on the
near side of the root after one step and climbs to it from there; two power laws bound the root on either side. Halley's
correction makes it cubic. A lane that has settled keeps its bits, whatever its neighbours still need.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import gammaln
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.special import pair as pairs
from jprob.special._beta_integral import near_zero, power_series, swapped, tails_by_side
from jprob.special._beta_kernel import log_density, off_centre
from jprob.special._rough import normal_quantile
from jprob.special.beta import beta_tails
from jprob.special.pair import Pair
from jprob.special.polygamma import digamma, trigamma
from jprob.special.stirling import lgamma_difference

__all__ = ["betainccinv", "betaincinv"]

_MAX_STEPS = 60


def log_odds_of_mass(a: Array, b: Array, log_p: Array) -> Pair:
    """Log odds of the point below which Beta(a, b) has mass ``exp(log_p) <= 1/2``; infinite where it underflows.

    A pair, as an odd ulp of large log odds is many of the point: what the last step lost is the lower half.
    """
    lowest = jnp.log(finfo(a).tiny).astype(a.dtype) + 3.0
    # (x/y)^a / (a B(a, b)) bounds the lower tail and (y/x)^b / (b B(a, b)) the upper: so their roots bound ours
    left = (log_p + gammaln(a + 1.0) - lgamma_difference(b, a)) / a
    right = -(jnp.log1p(-jnp.exp(log_p)) + gammaln(b + 1.0) - lgamma_difference(a, b)) / b
    left, right = jnp.clip(left, lowest, -lowest), jnp.clip(right, lowest, -lowest)
    normal = digamma(a) - digamma(b) + normal_quantile(log_p) * jnp.sqrt(trigamma(a) + trigamma(b))
    enough = finfo(a).eps ** 0.37  # Halley's method triples the digits: the next step is below rounding

    def halley(carry: tuple[Pair, Array, int]) -> tuple[Pair, Array, int]:
        (s, rest), done, i = carry
        near, swap = jax.nn.sigmoid(-jnp.abs(s)), s > 0
        shapes = pairs.pair(a), pairs.pair(b)
        tails, hazards = tails_by_side(*shapes, near, swap)
        log_tail, slope = tails.log_lower, hazards.lower
        newton = (log_p - log_tail) / slope
        curvature = jnp.where(swap, -1.0, 1.0) * off_centre(*swapped(swap, *shapes), near) - slope
        bend = newton * jnp.minimum(curvature, 0.0)  # concave; rounding may say otherwise far from the root
        moved = pairs.two_sum(s, newton / jnp.maximum(1.0 + 0.5 * bend, 0.3))
        new = jnp.clip(moved.hi, left, right)
        settled = (jnp.abs(log_p - log_tail) + jnp.abs(bend) <= enough) | (new == s)
        moved = Pair(jnp.where(done, s, new), jnp.where(done, rest, jnp.where(new == moved.hi, moved.lo, 0.0)))
        return moved, done | settled, i + 1

    start = jnp.clip(normal, left, right)
    s, *_ = lax.while_loop(
        lambda carry: (carry[2] < _MAX_STEPS) & ~jnp.all(carry[1]), halley, (pairs.pair(start), jnp.isnan(start), 0)
    )
    s, inside = _polish(a, b, log_p, s), jnp.abs(s.hi) < -lowest
    return Pair(jnp.where(inside, s.hi, jnp.sign(s.hi) * jnp.inf), jnp.where(inside, s.lo, 0.0))


def _polish(a: Array, b: Array, log_p: Array, log_odds: Pair) -> Pair:
    """Solve once more, explicitly, where the mass on the near side is a power: a tiny shape magnifies its every ulp."""
    s = log_odds.hi
    near, swap = jax.nn.sigmoid(-jnp.abs(s)), s > 0
    a, b = jnp.where(swap, b, a), jnp.where(swap, a, b)
    power = near_zero(a, b, near)
    c, series = power_series(safe(power, a, 0.5), safe(power, b, 1.0), safe(power, near, 0.5))
    log_mass = jnp.where(swap, jnp.log1p(-jnp.exp(log_p)), log_p)
    log_near = (log_mass - c - jnp.log1p(series)) / safe(power, a, 0.5)
    explicit = log_near - jnp.log1p(-jnp.exp(jnp.minimum(log_near, -0.5)))
    return Pair(jnp.where(power, jnp.where(swap, -explicit, explicit), s), jnp.where(power, 0.0, log_odds.lo))


@jax.custom_jvp
def _quantile(a: Array, b: Array, p: Array, q: Array) -> Array:
    """The point with lower tail ``p`` or upper tail ``q``, whichever is smaller; ``p + q = 1``."""
    from_below = p <= q
    s = log_odds_of_mass(jnp.where(from_below, a, b), jnp.where(from_below, b, a), jnp.log(jnp.minimum(p, q)))
    x = jax.nn.sigmoid(jnp.where(from_below, s.hi, -s.hi))
    return x * (1.0 + (1.0 - x) * jnp.where(from_below, s.lo, -s.lo))


@_quantile.defjvp
def _(primals, tangents):
    (a, b, *_), (da, db, dp, _) = primals, tangents
    x = _quantile(*primals)
    # F(x; a, b) = p, so dx = (dp - dF/da da - dF/db db) / f; by logarithms, as tails and density may underflow
    inside = (x > 0) & (x < 1)
    x_ = safe(inside, x, 0.5)
    tails, slopes = jax.jvp(lambda a, b: beta_tails(a, b, x_), (a, b), (da, db))
    logp = pairs.once(log_density(pairs.pair(a), pairs.pair(b), x_))
    by_shapes = jnp.where(
        tails.log_lower < tails.log_upper,
        -slopes.log_lower * jnp.exp(tails.log_lower - logp),
        slopes.log_upper * jnp.exp(tails.log_upper - logp),
    )
    return x, jnp.where(inside, by_shapes + dp * jnp.exp(-logp), 0.0)


def _checked(a: Array, b: Array, p: Array, q: Array) -> Array:
    valid = (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b) & (p >= 0) & (q >= 0)
    inside = valid & (p > 0) & (q > 0)
    x = _quantile(safe(inside, a, 1.0), safe(inside, b, 1.0), safe(inside, p, 0.5), safe(inside, q, 0.5))
    return jnp.where(inside, x, jnp.where(valid, (q <= 0).astype(x.dtype), jnp.nan))


@elementwise
def betaincinv(a: ArrayLike, b: ArrayLike, p: ArrayLike) -> Array:
    """The ``x`` at which ``betainc(a, b, x)`` is ``p``: the quantile of Beta(a, b).

    Args:
        a: first shape, positive. b: second shape, positive.
        p: probabilities in [0, 1].

    Returns:
        Shape ``broadcast(a, b, p)``, with relative accuracy however close to 0; 0 where the quantile underflows.
        ``nan`` for invalid shapes or ``p`` outside [0, 1]. Differentiable in all three (implicit function theorem).

    Example:
        >>> round(float(betaincinv(2.0, 1.0, 0.25)), 6)  # x^2 = 1/4
        0.5
    """
    a, b, p = jnp.broadcast_arrays(*promote(a, b, p))
    return _checked(a, b, p, 1.0 - p)


@elementwise
def betainccinv(a: ArrayLike, b: ArrayLike, q: ArrayLike) -> Array:
    """The ``x`` at which ``betaincc(a, b, x)`` is ``q``: the quantile from above.

    Args:
        a: first shape, positive. b: second shape, positive.
        q: upper-tail probabilities in [0, 1].

    Returns:
        Shape ``broadcast(a, b, q)``; accurate for tiny ``q``, where ``betaincinv(a, b, 1 - q)`` is not.

    Example:
        >>> round(float(betainccinv(1.0, 2.0, 0.25)), 6)  # (1 - x)^2 = 1/4
        0.5
    """
    a, b, q = jnp.broadcast_arrays(*promote(a, b, q))
    # dq = -dp: the tangent of p carries the sign
    return _checked(a, b, 1.0 - q, q)
