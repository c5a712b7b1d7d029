r"""A Beta posterior in log-odds, where it is smooth, log-concave and has no edges.

With :math:`z = \log p/(1-p)` and :math:`\sigma` the logistic function the density of Beta(a, b) is

.. math:: f(z) \propto \sigma(z)^a \, \sigma(-z)^b,

analytic for \|Im z\| < π, with its mode at :math:`m = \log(a/b)`. With :math:`n = a + b`, :math:`x = a/n`,
:math:`y = b/n` and :math:`\delta = z - m`,

.. math:: \log \frac{f(m + \delta)}{f(m)} = -n \kappa(\delta), \qquad
          \kappa(\delta) = \log\bigl(1 + y\,\psi(-x\delta) + x\,\psi(y\delta)\bigr), \qquad \psi(w) = e^w - 1 - w.

Every term is positive, so nothing cancels: float32 keeps its digits at n = 10⁹, as long as offsets are taken from
the mode and never as differences of log-odds.

Throughout this room an array has its own axes first (nodes, arms, ends of an interval) and experiments last: these are
the lanes of the vector units, and what belongs to one experiment broadcasts against its nodes without a word.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import is_float64, safe
from jprob.special import pair as pairs
from jprob.special.pair import Pair

__all__ = ["Arms", "arms", "centre_from_mode", "centre_gap", "density", "determinant", "ends", "mode", "scale"]


class Arms(NamedTuple):
    """Beta posteriors whose parameters keep what a float cannot: a prior of 0.3 beside a million conversions.

    Attributes:
        a: first shapes. b: second shapes; pairs of arrays of one shape.
    """

    a: Pair
    b: Pair


def arms(a: Array, b: Array) -> Arms:
    """Arms from plain parameters."""
    return Arms(pairs.pair(a), pairs.pair(b))


@jax.custom_jvp
def log_density(delta: Array, a: Array, b: Array) -> Array:
    """``log f(m + delta) / f(m)``; as a function of ``a`` and ``b`` it holds the point ``m + delta`` still."""
    return -(a + b) * _kappa(delta, a, b)


@log_density.defjvp
def _(primals, tangents):
    delta, a, b = primals
    by_delta, by_a, by_b = tangents
    n = a + b
    kappa = _kappa(delta, a, b)
    # log σ(z)/σ(m) and log σ(−z)/σ(−m)
    slope = by_a * (b / n * delta - kappa) - by_b * (a / n * delta + kappa)
    return -n * kappa, slope + by_delta * log_density_slope(delta, a, b)


def log_density_slope(delta: Array, a: Array, b: Array) -> Array:
    """Derivative of :func:`log_density` in ``delta``, ``−n (σ(m + delta) − σ(m))``."""
    return -(a + b) * _kappa_slope(delta, a, b)


def _kappa(delta: Array, a: Array, b: Array) -> Array:
    x, y = a / (a + b), b / (a + b)
    near = jnp.abs(delta) <= 1.0
    d = safe(near, delta, 0.0)
    peak = y * _psi(-x * d) + x * _psi(y * d)
    # elsewhere: the larger of the two exponentials and the share of the other
    log_x, log_y = -jnp.log1p(b / a), -jnp.log1p(a / b)
    tail = jnp.maximum(log_y - x * delta, log_x + y * delta)
    share = jnp.exp(-jnp.abs(log_x - log_y + delta))
    return jnp.where(near, 0.0, tail) + _log1p(jnp.where(near, peak, share))


def _kappa_slope(delta: Array, a: Array, b: Array) -> Array:
    """``σ(m + delta) − σ(m)`` without cancellation."""
    x, y = a / (a + b), b / (a + b)
    e = jnp.expm1(-jnp.abs(delta))
    return jnp.sign(delta) * x * y * -e / (1.0 + jnp.where(delta < 0, x, y) * e)


_PSI_TERMS, _ATANH_TERMS = {32: 9, 64: 17}, {32: 8, 64: 17}


def _log1p(x: Array) -> Array:
    """``log(1 + x)`` for 0 ≤ x ≤ 1, which is 2 artanh(x / (2 + x)): in float64 a quarter of the price of a logarithm."""
    s = x / (2.0 + x)
    square, series = s * s, jnp.zeros_like(s)
    for k in reversed(range(_ATANH_TERMS[64 if is_float64(x) else 32])):
        series = series * square + 2.0 / (2 * k + 1)
    return s * series


def _psi(w: Array) -> Array:
    """``exp(w) − 1 − w`` for \\|w\\| ≤ 1, by its Taylor series."""
    series = jnp.zeros_like(w)
    for k in reversed(range(2, 2 + _PSI_TERMS[64 if is_float64(w) else 32])):
        series = series * w + 1.0 / math.factorial(k)
    return w * w * series


def density(delta: Array, arm: Arms) -> Array:
    """Density relative to the mode at offsets ``delta`` of shape ``(..., lanes)``."""
    return jnp.exp(log_density(delta, arm.a.hi, arm.b.hi))


def scale(arm: Arms) -> Array:
    """Two standard deviations for a large sample, and never much wider than the logistic function itself."""
    return 2.0 * jnp.sqrt(1.0 / (arm.a.hi + 1.0) + 1.0 / (arm.b.hi + 1.0))


def mode(arm: Arms) -> Array:
    """Log-odds of the mode, ``log(a / b)``."""
    return jnp.log(arm.a.hi) - jnp.log(arm.b.hi)


def centre_from_mode(arm: Arms) -> Array:
    """Offset from the mode of the centre log((a+1)/(b+1)), where a density of tiny shapes has its shoulder."""
    return jnp.log1p(1.0 / arm.a.hi) - jnp.log1p(1.0 / arm.b.hi)


def determinant(this: Arms, other: Arms) -> Array:
    """``a b' − a' b``, the numerator of every difference of rates, to its last digit."""
    return pairs.total(pairs.sub(pairs.mul(this.a, other.b), pairs.mul(other.a, this.b)))


def centre_gap(this: Arms, other: Arms) -> Array:
    """Centre of ``this`` less centre of ``other``, with full relative accuracy where they are close."""
    one = jax.tree.map(jnp.ones_like, this.a.hi)
    up = Arms(pairs.add(this.a, pairs.pair(one)), pairs.add(this.b, pairs.pair(one)))
    other = Arms(pairs.add(other.a, pairs.pair(one)), pairs.add(other.b, pairs.pair(one)))
    gap = determinant(up, other)
    larger = jnp.where(gap > 0, other.a.hi * up.b.hi, up.a.hi * other.b.hi)
    return jnp.sign(gap) * jnp.log1p(jnp.abs(gap) / larger)


def ends(arm: Arms, drop: float) -> tuple[Array, Array]:
    """Offsets from the mode, left and right, at which the log density has fallen by about ``drop``."""
    a, b = arm.a.hi, arm.b.hi
    return -_reach(b, a, drop), _reach(a, b, drop)


def _reach(a: Array, b: Array, drop: float) -> Array:
    """To the right: from outside, two Newton steps on a convex function."""
    v = jnp.log1p(drop / a + jnp.sqrt(2.0 * drop / a)) + drop / b + jnp.sqrt(2.0 * drop / b)
    for _ in range(2):
        v = v - (_kappa(v, a, b) - drop / (a + b)) / _kappa_slope(v, a, b)
    return v
