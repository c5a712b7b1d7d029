r"""The deviance of a Poisson count from its mean: the other half of a saddle-point density.

The coefficients below interpolate :math:`(\operatorname{artanh}(v)/v - 1)/v^2` as a polynomial in :math:`v^2` at the
Chebyshev nodes of :math:`|v| \le 0.34`, computed with 60 digits by mpmath: error 2e-9 for float32, 2e-17 for float64.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.special import pair as pairs
from jprob.special._tables import bits, horner
from jprob.special.pair import Pair

__all__ = ["deviance", "deviance_pair", "plain_deviance"]

_TERMS = {32: 4, 64: 8}
_NEAR = 0.34
_ARTANH = {
    32: (0.3333333374, 0.1999982615, 0.1429761865, 0.1082946729, 0.1173268784),
    64: (
        0.3333333333333332717,
        0.2000000000001065074,
        0.1428571428268205842,
        0.1111111144514874306,
        0.09090890459499197237,
        0.0769290215803529057,
        0.06655189913959463657,
        0.06018083236263018262,
        0.04312510700438034912,
        0.08264673882725413318,
    ),
}


def plain_deviance(x: Array, mean: Array, difference: Array) -> Array:
    r"""``x log(x / mean) + mean − x`` in plain floats, to a few ulp of itself: enough where all else has its sign.

    Args:
        x: non-negative. mean: positive, ``x / mean`` below overflow; both may carry their rounding.
        difference: ``x − mean`` with full *relative* accuracy.

    Returns:
        Shape of the arguments, non-negative; its derivatives are ``log(x / mean)`` and ``-difference / mean``.
    """
    v = difference / (x + mean)
    square = v * v
    series = horner(_ARTANH[bits(square)], square)
    near = v * (difference + 2.0 * x * (square * series))
    far = x * jnp.log(jnp.maximum(x / mean, jnp.finfo(x.dtype).tiny)) - difference  # 0 log 0 = 0
    return jnp.where(square < _NEAR**2, near, far)


def deviance_pair(x: Pair, mean: Pair, difference: Pair, log_ratio: Pair) -> Pair:
    r"""``x log(x / mean) + mean − x`` as a pair, from parts the caller knows exactly.

    Near the mean ``log(x / mean)`` is 2 artanh v with ``v = (x − mean) / (x + mean)``, and the deviance is
    ``(x − mean) v`` plus a small series; far from it nothing cancels.

    Args:
        x: positive. mean: positive. difference: ``x − mean`` with full *relative* accuracy.
        log_ratio: ``log x − log mean``.

    Returns:
        A pair, non-negative.
    """
    total = pairs.add(x, mean)
    v = pairs.div(difference, total)
    square = v.hi * v.hi
    terms = [1.0 / (2 * j + 1) for j in range(1, 1 + _TERMS[bits(square)])]
    series = square * horner(terms, square)
    near = pairs.add(pairs.mul(difference, v), pairs.pair(2.0 * x.hi * v.hi * series))
    far = pairs.sub(pairs.mul(x, log_ratio), difference)
    close = jnp.abs(difference.hi) < 0.1 * total.hi
    return Pair(jnp.where(close, near.hi, far.hi), jnp.where(close, near.lo, far.lo))


@jax.custom_jvp
def _deviance(x: Array, mean: Array) -> Array:
    x_, mean_ = pairs.pair(x), pairs.pair(mean)
    log_ratio = pairs.sub(pairs.log(x_), pairs.log(mean_))
    return pairs.total(deviance_pair(x_, mean_, pairs.two_difference(x, mean), log_ratio))


@_deviance.defjvp
def _(primals, tangents):
    (x, mean), (dx, dmean) = primals, tangents
    return _deviance(x, mean), dx * (jnp.log(x) - jnp.log(mean)) + dmean * (mean - x) / mean


@elementwise
def deviance(x: ArrayLike, mean: ArrayLike) -> Array:
    r"""Half the unit deviance of a Poisson count.

    .. math:: D(x, \mu) = x\log(x/\mu) + \mu - x \ge 0

    Arguments broadcast. ``D(0, mean) = mean``; ``inf`` for ``mean = 0 < x``; ``nan`` for negative arguments.

    Args:
        x: non-negative, shape ``(...)``.
        mean: non-negative, shape ``(...)``.

    Returns:
        Shape ``broadcast(x, mean)``, relative accuracy a few ulp also where ``x`` and ``mean`` nearly agree.

    Example:
        >>> round(float(deviance(1.0, 2.0)), 6)  # 1 - log 2
        0.306853

    References:
        Loader (2000), the function ``bd0``.
    """
    x, mean = jnp.broadcast_arrays(*promote(x, mean))
    inside = (x > 0) & (mean > 0)
    value = _deviance(safe(inside, x, 1.0), safe(inside, mean, 1.0))
    edge = jnp.where((x == 0) & (mean >= 0), mean, jnp.where((x > 0) & (mean == 0), jnp.inf, jnp.nan))
    return jnp.where(inside, value, edge)
