r"""The kernel ``z^a e^-z / Γ(a)``: the common factor of the gamma density and both its tails.

Loader's saddle-point form is taken at ``A = a + 1``, where the Stirling error is not singular; the way back is
rational: ``Γ(A + 1) = a (a + 1) Γ(a)``.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

from jprob.special import pair as pairs
from jprob.special.pair import Pair
from jprob.special.parts import log_parts
from jprob.special.saddle import deviance_pair
from jprob.special.stirling import digamma_less_log, stirling_series

_INVERSE_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


def log_kernel(a: Pair, z: Pair, *, shift: int = 0, factor: Array | float = 1.0) -> Pair:
    """``log[factor z^(a - shift) e^-z / Γ(a)]`` for positive ``a`` and ``z``.

    Every power of z that Loader's form does not hold is a multiple of ``r = log(A / z)``, which it needs anyhow.
    """
    raised = pairs.two_sum(a.hi, jnp.ones_like(a.hi))
    A = Pair(raised.hi, raised.lo + a.lo)  # as good as normalised, and XLA needs no pass of its own for it
    r = pairs.log_quotient(A, z)
    inverse = 1.0 / A.hi
    power = {-1: A.hi, 0: 1.0, 1: inverse}[shift]
    constant = factor * a.hi * power * jnp.sqrt(inverse) * _INVERSE_SQRT_2PI
    head, rest = log_parts(constant)
    out = pairs.two_sum(head, rest - stirling_series(A.hi))
    out = pairs.add(out, pairs.scale(r, 1.0 + shift))
    return pairs.sub(out, deviance_pair(A, z, pairs.sub(A, z), r))


def log_shape_slope(a: Pair, z: Pair) -> Array:
    """``log z - digamma(a)``, the slope of the log kernel in ``a``; nothing large cancels."""
    gap = off_centre(a, z) / a.hi
    near = jnp.abs(gap) < 0.5
    log_ratio = jnp.where(near, jnp.log1p(jnp.where(near, gap, 0.0)), jnp.log(z.hi) - jnp.log(a.hi))
    return log_ratio - digamma_less_log(a.hi)


@jax.custom_jvp
def off_centre(a: Pair, z: Pair) -> Array:
    """``z - a``, exact to an ulp where it cancels."""
    return pairs.total(pairs.sub(z, a))


@off_centre.defjvp
def _(primals, tangents):
    return off_centre(*primals), pairs.total(tangents[1]) - pairs.total(tangents[0])


@jax.custom_jvp
def log_kernel_parts(a: Pair, z: Pair) -> Pair:
    """``log_kernel`` without shift, differentiable."""
    return pairs.once(log_kernel(a, z))


@log_kernel_parts.defjvp
def _(primals, tangents):
    (a, z), (da, dz) = primals, tangents
    slope = pairs.total(da) * log_shape_slope(a, z) - pairs.total(dz) * off_centre(a, z) / z.hi
    return log_kernel_parts(a, z), Pair(slope, jnp.zeros_like(slope))
