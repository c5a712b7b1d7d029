r"""The change of log gamma over half a step, less what is large in it: the constant of Student's t.

.. math:: h(n) = \log\Gamma(n+\tfrac12) - \log\Gamma(n) - \tfrac12\log n \approx -\frac1{8n},
          \quad h(n) = h(n+1) + \tfrac12\log\frac{n(n+1)}{(n+\frac12)^2}

The recurrence brings every n to n >= 1. There h is a polynomial in 1/n, the interpolant at the Chebyshev nodes of [0, 1],
computed with 60 digits by mpmath: error 6e-9 for float32, 6e-16 for float64.

References:
    NIST Digital Library of Mathematical Functions, 5.11.13.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.special._tables import bits

__all__ = ["student_t_half_step"]

_HALF_STEP = {
    32: (
        -0.1250000063,
        8.106811833e-7,
        0.00519073431,
        0.0001491642488,
        -0.002194631754,
        0.001442739445,
        -0.000408772802,
        3.772267704e-5,
    ),
    64: (
        -0.124999999999999365,
        -5.09319624830905388e-13,
        0.00520833340209278592,
        -3.72824835409330692e-9,
        -0.00156239187893579663,
        -1.93573442357137652e-6,
        0.00120910117002710514,
        -0.000198164012751673457,
        -0.000447408192762101588,
        -0.00572180529096621998,
        0.0235662063299243048,
        -0.0493856522530792639,
        0.0702767084676410457,
        -0.0735117185729277243,
        0.0578124224016568999,
        -0.034019055516369693,
        0.0145852031615095787,
        -0.00431204448594230222,
        0.000786755203363745787,
        -0.0000667881045452801657,
    ),
}


def tabulated(n: Array) -> tuple[Array, Array]:
    """``h(n)`` for ``n >= 1`` and its slope."""
    t = 1.0 / n
    value, slope = jnp.zeros_like(t), jnp.zeros_like(t)
    for c in (*reversed(_HALF_STEP[bits(n)]), 0.0):
        value, slope = value * t + c, slope * t + value
    return value, -t * t * slope


def student_t_half_step(n: ArrayLike) -> tuple[Array, Array]:
    r"""``h(n) = log Γ(n + 1/2) − log Γ(n) − log(n) / 2`` for positive ``n``, and its slope: no cancellation in either.

    Args:
        n: positive, shape ``(...)``.

    Returns:
        ``(h, h')`` of shape ``(...)``: about ``-1/(8n)`` and ``1/(8n^2)`` for large ``n``.

    Example:
        >>> h, slope = student_t_half_step(1e6)
        >>> round(float(h) * 1e6, 6), round(float(slope) * 1e12, 6)
        (-0.125, 0.125)
    """
    (n,) = promote(n)
    value, slope = tabulated(n + 1.0)
    step = jnp.where(n < 1.0, jnp.log(n * (n + 1.0) / (n + 0.5) ** 2), jnp.log1p(-0.25 / (n + 0.5) ** 2))
    return value + 0.5 * step, slope + 0.25 / (n + 0.5) / n / (n + 1.0)
