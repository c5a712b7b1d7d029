"""Laws known by their cumulative hazard H: sf = exp(−H), and a quantile is where H reaches −log of a probability.

A tail of 1e-30 has a hazard of 70, which must be known to seven digits *after* the point: it is a pair.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from jprob._array import closed_form, finfo, safe
from jprob.density._discrete import uniform_tails
from jprob.special import Pair, two_difference
from jprob.special import pair as pairs
from jprob.special.power import exp_parts, expm1_parts


def with_rest(slopes: Callable[..., tuple[Array, ...]]) -> Callable[[Callable[..., Pair]], Callable[..., Pair]]:
    """Give the head of a function to pairs its partial derivatives in closed form; the rest has none."""

    def decorate(function: Callable[..., Pair]) -> Callable[..., Pair]:
        def kernel(*args: Array) -> Pair:
            return pairs.once(function(*args))

        head = closed_form(slopes)(lambda *args: kernel(*args).hi)
        return lambda *args: Pair(head(*args), lax.stop_gradient(kernel(*map(lax.stop_gradient, args)).lo))

    return decorate


def finite(slope: Array) -> Array:
    """A slope cut to the largest float, so that times a probability of 0 it is 0."""
    largest = finfo(slope).max
    return jnp.clip(slope, -largest, largest)


def extended(inside: Array, hazard: Pair, outside: Array) -> Pair:
    """A hazard on the support, continued by 0, inf or ``nan``."""
    return Pair(jnp.where(inside, hazard.hi, outside), jnp.where(inside & (hazard.hi < jnp.inf), hazard.lo, 0.0))


def _upper_slopes(hi: Array, lo: Array) -> tuple[Array, Array]:
    return -_upper(hi, lo), jnp.zeros_like(lo)


@closed_form(_upper_slopes)
def _upper(hi: Array, lo: Array) -> Array:
    return pairs.total(exp_parts(Pair(-hi, -lo)))


@closed_form(lambda hi, lo: (_upper(hi, lo), jnp.zeros_like(lo)))
def _lower(hi: Array, lo: Array) -> Array:
    return -pairs.total(expm1_parts(Pair(-hi, -lo)))


def sf_of(hazard: Pair) -> Array:
    """exp(−H)."""
    return _upper(*hazard)


def cdf_of(hazard: Pair) -> Array:
    """1 − exp(−H)."""
    return _lower(*hazard)


def logsf_of(hazard: Pair) -> Array:
    """−H."""
    return -pairs.total(hazard)


def logcdf_at(hazard: Pair) -> Array:
    """log(1 − exp(−H)) where H does not underflow."""
    h = pairs.total(hazard)
    inside = (h > 0) & (h < jnp.inf)
    edge = jnp.log(jnp.minimum(lax.stop_gradient(h), 1.0))
    return jnp.where(inside, logcdf_of(jnp.log(safe(inside, h, 1.0))), edge)


def _logcdf_slope(log_hazard: Array) -> tuple[Array]:
    t = jnp.exp(jnp.clip(log_hazard, -80.0, 80.0))
    small = t < 0.01
    wide = safe(~small, t, 1.0)
    return (jnp.where(small, 1.0 - t / 2.0 + t * t / 12.0 - (t * t) ** 2 / 720.0, wide / jnp.expm1(wide)),)


@closed_form(_logcdf_slope)
def logcdf_of(log_hazard: Array) -> Array:
    """log(1 − exp(−H)) from log H, finite also where H underflows."""
    t = jnp.exp(jnp.clip(log_hazard, -80.0, 80.0))
    return jnp.where(log_hazard < 0.0, log_hazard + jnp.log(-jnp.expm1(-t) / t), jnp.log1p(-jnp.exp(-t)))


@with_rest(lambda q: (-1.0 / q,))
def _minus_log(q: Array) -> Pair:
    log = pairs.log(pairs.pair(q))
    return Pair(-log.hi, -log.lo)


@with_rest(lambda q: (1.0 / (1.0 - q),))
def minus_log1m(q: Array) -> Pair:
    """−log(1 − q) for q in [0, 1), relative to itself."""
    log = pairs.log(two_difference(jnp.ones_like(q), q))
    return Pair(-log.hi, -log.lo)


def hazard_at_cdf(q: Array) -> Pair:
    """The hazard at which the cdf is ``q``: inf at 1, ``nan`` outside [0, 1]."""
    inside = (q >= 0) & (q < 1)
    return extended(inside, minus_log1m(safe(inside, q, 0.5)), jnp.where(q == 1, jnp.inf, jnp.nan))


def hazard_at_sf(q: Array) -> Pair:
    """The hazard at which sf is ``q``: inf at 0, ``nan`` outside [0, 1]."""
    inside = (q > 0) & (q <= 1)
    return extended(inside, _minus_log(safe(inside, q, 0.5)), jnp.where(q == 0, jnp.inf, jnp.nan))


def drawn_hazard(key: Array, shape: tuple[int, ...], dtype: jnp.dtype) -> Pair:
    """Standard exponential variates, as fine near 0 as they are far out."""
    lower, upper = uniform_tails(key, shape, dtype)
    return pairs.pair(jnp.where(upper < lower, -jnp.log(upper), -jnp.log1p(-lower)))
