r"""What a convex function exceeds its tangent by: the pieces of every divergence here, none of them ever negative.

.. math:: D(x, \mu) = x \log(x / \mu) + \mu - x, \qquad
    B(b, a) = \varphi(b) - \varphi(a) - (b - a) \varphi'(a), \quad
    \varphi(a) = \log\Gamma(a) - a \log a + a

Each takes the difference of its arguments beside them, so that a caller who knows it exactly loses nothing where they
nearly agree: there :math:`B = d^2 \int_0^1 (1 - t)\, \varphi''(a + t d)\, dt`, a sum of positive terms by Gauss's rule.
A slope that is infinite at a zero is that of the smallest normal number instead: a softmax that underflows still
differentiates.

References:
    Bregman, L. M. (1967). The relaxation method of finding the common point of convex sets.
    NIST DLMF 5.15.8: the asymptotic series of the trigamma function.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import closed_form, finfo, is_float64, safe
from jprob.special import digamma_less_log, stirling_error
from jprob.special.saddle import plain_deviance

__all__ = ["deviation", "excess_ratio", "gamma_excess", "log_ratio"]

_TRIGAMMA = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # Bernoulli numbers B_2k
_SHIFTS = 10


def log_ratio(x: Array, y: Array, difference: Array) -> Array:
    """``log(x / y)`` of non-negative numbers, relatively accurate where they nearly agree; finite at zeros."""
    near = (jnp.abs(difference) < 0.5 * y) & (y > 0)
    tiny = finfo(x).tiny
    apart = jnp.log(jnp.maximum(x, tiny)) - jnp.log(jnp.maximum(y, tiny))
    return jnp.where(near, jnp.log1p(safe(near, difference, 0.0) / safe(near, y, 1.0)), apart)


def _deviation_slopes(x: Array, mean: Array, difference: Array) -> tuple[Array, ...]:
    absent = (x == 0) & (mean == 0)
    by_mean = jnp.where(absent, 1.0, -difference / safe(~absent, mean, 1.0))
    return log_ratio(x, mean, difference), by_mean, jnp.zeros_like(x)


@closed_form(_deviation_slopes)
def deviation(x: Array, mean: Array, difference: Array) -> Array:
    """``D(x, mean)`` for ``difference = x − mean``; all of one shape. inf for mean = 0 < x, ``nan`` below zero.

    Its slopes are those of a function of the first two alone.
    """
    inside = (x > 0) & (mean > 0)
    value = plain_deviance(safe(inside, x, 1.0), safe(inside, mean, 1.0), safe(inside, difference, 0.0))
    edge = jnp.where((x == 0) & (mean >= 0), mean, jnp.where((x > 0) & (mean == 0), jnp.inf, jnp.nan))
    return jnp.where(inside, value, edge)


def excess_ratio(x: Array, y: Array) -> Array:
    """``x/y − 1 − log(x/y)`` of positive numbers."""
    return deviation(y, x, y - x) / y


def _phi_second(a: Array) -> Array:
    """``trigamma(a) − 1/a``: the recurrence and the series for large arguments, all leading terms positive."""
    z = a + _SHIFTS
    square = 1.0 / (z * z)
    series = jnp.zeros_like(a)
    for b in reversed(_TRIGAMMA):
        series = series * square + b
    total = square * (0.5 + series / z)
    for k in range(_SHIFTS):
        step = a + k
        total = total + 1.0 / step / step / (step + 1.0)
    return total


def _gamma_excess_slopes(b: Array, a: Array, difference: Array) -> tuple[Array, ...]:
    return digamma_less_log(b) - digamma_less_log(a), -difference * _phi_second(a), jnp.zeros_like(a)


@closed_form(_gamma_excess_slopes)
def gamma_excess(b: Array, a: Array, difference: Array) -> Array:
    """``B(b, a)`` for positive arguments and ``difference = b − a``; all of one shape."""
    points, weights = np.polynomial.legendre.leggauss(16 if is_float64(a) else 8)
    near = (b < 4.0 * a) & (a < 4.0 * b)
    start, step = safe(near, a, 1.0), safe(near, difference, 0.0)
    integral = sum(
        0.5 * weight * (0.5 - 0.5 * point) * _phi_second(start + (0.5 + 0.5 * point) * step)
        for point, weight in zip(points.tolist(), weights.tolist(), strict=True)
    )
    apart = stirling_error(b) - stirling_error(a) + 0.5 * (jnp.log(a) - jnp.log(b)) - difference * digamma_less_log(a)
    return jnp.where(near, step * step * integral, apart)
