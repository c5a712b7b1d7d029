r"""Shortest intervals of the gamma distribution and of its reciprocal.

Where the density, as a function of a gamma variate z, goes as :math:`z^m e^{-z}`, it has fallen by δ at the two roots of
:math:`e^w - 1 - w = \delta / m` with :math:`z = m e^w`. The logarithm of the mass outside them is a nearly straight,
convex function of δ: Newton's method finds the depth, as for the beta (:func:`jprob.special.beta_hdi`).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.special import expm1mx, gamma_tails, gammaincinv, log_gamma_density

__all__ = ["gamma_hdi", "inverse_gamma_hdi"]

_NUM_STEPS = 12


def _roots(c: Array) -> Array:
    """Both ``w`` with ``exp(w) − 1 − w = c``, the negative one first, shape ``(2, ...)``: Newton's method from outside."""
    near = jnp.sqrt(2.0 * c)
    outside = jnp.stack([-(c + jnp.minimum(near, 1.0)), jnp.minimum(near, jnp.log1p(c + near))])

    def newton(_: int, w: Array) -> Array:
        return w - (expm1mx(w) - c) / jnp.expm1(w)

    return lax.fori_loop(0, 7, newton, outside)


def _outside(a: Array, m: Array, w: Array) -> tuple[Array, Array]:
    """Log of the mass outside ``m exp(w)`` and its slope in the depth."""
    least = jnp.log(finfo(a).tiny) + 10.0
    log_z = jnp.log(m) + w
    z, beyond = jnp.exp(jnp.maximum(log_z, least)), a * jnp.minimum(log_z[0] - least, 0.0)  # a tail is a power there
    tails = gamma_tails(a, z)
    log_mass = jnp.logaddexp(tails.log_lower[0] + beyond, tails.log_upper[1])
    log_flanks = log_gamma_density(a, z, 1.0) + jnp.log(z) + jnp.stack([beyond, jnp.zeros_like(beyond)])
    return log_mass, -jnp.sum(jnp.exp(log_flanks - log_mass) / (m * jnp.abs(jnp.expm1(w))), 0)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _ends(shift: float, a: Array, level: Array) -> Array:
    """Log of the two points where ``z^m e^-z`` is equal, m = a + shift, with mass ``level`` between, ``(2, ...)``."""
    m = a + shift
    target = jnp.log1p(-level)

    def newton(_: int, depth: Array) -> Array:
        log_mass, slope = _outside(a, m, _roots(depth / m))
        return jnp.clip(depth - (log_mass - target) / slope, 1e-3 * depth, 1e3 * depth)

    start = 0.5 * ndtri(0.5 * (1.0 - level)) ** 2  # a normal's
    return jnp.log(m) + _roots(lax.fori_loop(0, _NUM_STEPS, newton, start) / m)


@_ends.defjvp
def _(shift, primals, tangents):
    (a, level), (da, dlevel) = primals, tangents
    log_z = _ends(shift, a, level)
    z, m = jnp.exp(jnp.maximum(log_z, jnp.log(finfo(a).tiny) + 10.0)), a + shift
    # F(high) - F(low) = level and equal heights, differentiated in log z and solved
    _, by_shape = jax.jvp(lambda a: gamma_tails(a, z).lower, (a,), (da,))
    mass = dlevel - (by_shape[1] - by_shape[0])
    flank, fall = jnp.exp(log_gamma_density(a, z, 1.0)) * z, m - z
    dhigh = (da * (log_z[0] - log_z[1]) * flank[0] - fall[0] * mass) / (fall[1] * flank[0] - fall[0] * flank[1])
    return log_z, jnp.stack([(flank[1] * dhigh - mass) / flank[0], dhigh])


@elementwise
def gamma_hdi(a: ArrayLike, rate: ArrayLike, level: ArrayLike) -> Array:
    """The shortest interval with mass ``level`` under Gamma(a, rate), shape ``(..., 2)``; from 0 for a shape up to 1."""
    a, rate, level = jnp.broadcast_arrays(*promote(a, rate, level))
    inner = a > 1
    between = jnp.exp(_ends(-1.0, safe(inner, a, 2.0), safe(inner, level, 0.5)))
    upper = gammaincinv(safe(~inner, a, 1.0), level)
    ends = jnp.where(inner, between, jnp.stack([jnp.zeros_like(upper), upper]))
    return jnp.moveaxis(jnp.where(a > 0, ends / rate, jnp.nan), 0, -1)


@elementwise
def inverse_gamma_hdi(a: ArrayLike, rate: ArrayLike, level: ArrayLike) -> Array:
    """The shortest interval with mass ``level`` under InverseGamma(a, rate), shape ``(..., 2)``."""
    a, rate, level = jnp.broadcast_arrays(*promote(a, rate, level))
    ends = _ends(1.0, safe(a > 0, a, 1.0), level)[::-1]
    return jnp.moveaxis(jnp.where(a > 0, jnp.exp(jnp.log(rate) - ends), jnp.nan), 0, -1)
