r"""Quantiles of the gamma distribution: the inverse of the incomplete gamma functions, from either tail.

In :math:`r = \log(z / a)` the logarithm of either tail is concave, so Newton's method on it lands on the near side of
the root after one step and climbs to it from there; a power law and a Chernoff bound hold the root between them.
Halley's correction makes it cubic. A lane that has settled keeps its bits, whatever its neighbours still need.

References:
    Wilson, E. B. and Hilferty, M. M. (1931). The distribution of chi-square. PNAS 17 (the starting quantile).
    Boucheron, S., Lugosi, G. and Massart, P. (2013). Concentration Inequalities, section 2.4 (the bound from above).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import gammaln
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.special import pair as pairs
from jprob.special._gamma_integral import near_zero, power_series, smooth_tails
from jprob.special._gamma_kernel import log_kernel, off_centre
from jprob.special._rough import normal_quantile
from jprob.special.polygamma import digamma
from jprob.special.stirling import lgamma1p

__all__ = ["gammainccinv", "gammaincinv", "log_gamma_quantile_slope"]

_MAX_STEPS = 60


def _log_ratio(a: Array, log_p: Array, lower: Array) -> Array:
    """``log(z / a)`` of the z with tail ``exp(log_p) <= 1/2`` on the side of ``lower``."""
    lowest = jnp.log(finfo(a).tiny).astype(a.dtype) + 3.0 - jnp.minimum(jnp.log(a), 0.0)
    log_mass = jnp.where(lower, log_p, jnp.log1p(-jnp.exp(log_p)))
    # P(z) <= z^a / Γ(a + 1), and P(X > a + sqrt(2 a t) + t) <= e^-t
    left = jnp.maximum((log_mass + gammaln(a + 1.0)) / a - jnp.log(a), lowest)
    right = jnp.where(lower, 0.0, jnp.log1p(jnp.sqrt(-2.0 * log_p / a) - log_p / a))
    third = 1.0 / (9.0 * a)
    cube_root = 1.0 - third + jnp.where(lower, 1.0, -1.0) * normal_quantile(log_p) * jnp.sqrt(third)
    normal = jnp.where(cube_root > 0.2, 3.0 * jnp.log(jnp.maximum(cube_root, 0.2)), left)
    enough = finfo(a).eps ** 0.37  # Halley's method triples the digits: the next step is below rounding
    sign = jnp.where(lower, 1.0, -1.0).astype(a.dtype)

    def halley(carry: tuple[Array, Array, int]) -> tuple[Array, Array, int]:
        r, done, i = carry
        a_, z = pairs.pair(a), pairs.pair(a * jnp.exp(r))
        tails, hazards = smooth_tails(a_, z)
        log_tail = jnp.where(lower, tails.log_lower, tails.log_upper)
        slope = jnp.where(lower, hazards.lower, hazards.upper)
        newton = sign * (log_p - log_tail) / slope
        bend = newton * -(off_centre(a_, z) + sign * slope)
        new = jnp.clip(r + newton / jnp.maximum(1.0 + 0.5 * bend, 0.3), left, right)
        settled = (jnp.abs(log_p - log_tail) + jnp.abs(bend) <= enough) | (new == r)
        return jnp.where(done, r, new), done | settled, i + 1

    start = jnp.clip(normal, left, right)
    r, *_ = lax.while_loop(
        lambda carry: (carry[2] < _MAX_STEPS) & ~jnp.all(carry[1]), halley, (start, jnp.isnan(start), 0)
    )
    return _polish(a, log_mass, r)


def _polish(a: Array, log_mass: Array, r: Array) -> Array:
    """Solve once more, explicitly, where the mass below is a power: a tiny shape magnifies its every ulp."""
    z = a * jnp.exp(r)
    power = near_zero(a, z)
    s = power_series(safe(power, a, 0.5), safe(power, z, 0.5))
    exact = (log_mass + lgamma1p(safe(power, a, 0.5)) - jnp.log1p(s)) / a - jnp.log(a)
    return jnp.where(power, exact, r)


@jax.custom_jvp
def _quantile(a: Array, p: Array, q: Array) -> Array:
    """The point with lower tail ``p`` or upper tail ``q``, whichever is smaller; ``p + q = 1``."""
    return a * jnp.exp(_log_ratio(a, jnp.log(jnp.minimum(p, q)), p <= q))


@_quantile.defjvp
def _(primals, tangents):
    (a, *_), (da, dp, _) = primals, tangents
    z = _quantile(*primals)
    # P(a, z) = p, so dz = (dp - dP/da da) / f; in logarithms, as tails and density may underflow
    inside = (z > 0) & (z < jnp.inf)
    z_ = safe(inside, z, 1.0)
    logp = pairs.once(pairs.total(log_kernel(pairs.pair(a), pairs.pair(z_), shift=1)))
    by_shape = z_ * log_gamma_quantile_slope(a, jnp.log(z_))
    return z, jnp.where(inside, by_shape * da + dp * jnp.exp(-logp), 0.0)


def log_gamma_quantile_slope(a: Array, log_z: Array) -> Array:
    """How the log of a quantile of Gamma(a, 1) moves with ``a`` at a fixed probability, by the implicit function theorem.

    Args:
        a: shape, positive. log_z: log of the quantile, any real number.

    Returns:
        Shape of the arguments; it is also the derivative of the log of a gamma variate in its shape.
    """
    tiny = log_z < jnp.log(finfo(a).tiny) + 3.0  # there the mass below is z^a / Γ(a + 1) and nothing else
    z = jnp.exp(safe(~tiny, log_z, 0.0))
    (tails, hazards), (slopes, _) = jax.jvp(
        lambda a: smooth_tails(pairs.pair(a), pairs.pair(z)), (a,), (jnp.ones_like(a),)
    )
    by_lower = tails.log_lower < tails.log_upper
    slope = jnp.where(by_lower, -slopes.log_lower / hazards.lower, slopes.log_upper / hazards.upper)
    return jnp.where(tiny, (digamma(a + 1.0) - log_z) / a, slope)


def _checked(a: Array, p: Array, q: Array) -> Array:
    valid = (a > 0) & jnp.isfinite(a) & (p >= 0) & (q >= 0)
    inside = valid & (p > 0) & (q > 0)
    z = _quantile(safe(inside, a, 1.0), safe(inside, p, 0.5), safe(inside, q, 0.5))
    edge = jnp.where(q <= 0, jnp.inf, 0.0)
    return jnp.where(inside, z, jnp.where(valid, edge, jnp.nan))


@elementwise
def gammaincinv(a: ArrayLike, p: ArrayLike) -> Array:
    """The ``x`` at which ``gammainc(a, x)`` is ``p``: the quantile of Gamma(a, 1).

    Args:
        a: shape, positive.
        p: probabilities in [0, 1].

    Returns:
        Shape ``broadcast(a, p)``, with relative accuracy however close to 0; 0 where the quantile underflows. ``nan``
        for an invalid shape or ``p`` outside [0, 1]. Differentiable in both (implicit function theorem).

    Example:
        >>> round(float(gammaincinv(1.0, 0.5)), 6)  # log 2
        0.693147
    """
    a, p = jnp.broadcast_arrays(*promote(a, p))
    return _checked(a, p, 1.0 - p)


@elementwise
def gammainccinv(a: ArrayLike, q: ArrayLike) -> Array:
    """The ``x`` at which ``gammaincc(a, x)`` is ``q``: the quantile from above.

    Args:
        a: shape, positive.
        q: upper-tail probabilities in [0, 1].

    Returns:
        Shape ``broadcast(a, q)``; accurate for tiny ``q``, where ``gammaincinv(a, 1 - q)`` is not.

    Example:
        >>> round(float(gammainccinv(1.0, 1e-20)), 4)  # 20 log 10
        46.0517
    """
    a, q = jnp.broadcast_arrays(*promote(a, q))
    # dq = -dp: the tangent of p carries the sign
    return _checked(a, 1.0 - q, q)
