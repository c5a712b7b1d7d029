"""Elementary functions less their own leading terms.

References:
    Higham, N. J. (2002). Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.14.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.special._tables import bits, horner

__all__ = ["expm1mx", "log1pmx"]

_EXP_TERMS = {32: 8, 64: 15}
_ATANH_TERMS = {32: 7, 64: 16}


@elementwise
def expm1mx(x: ArrayLike) -> Array:
    r"""``exp(x) − 1 − x``, accurate for small ``x`` where it is about ``x²/2``.

    Args:
        x: shape ``(...)``.

    Returns:
        Shape ``(...)``, non-negative.

    Example:
        >>> round(float(expm1mx(1e-3)) * 1e7, 3)
        5.002
    """
    (x,) = promote(x)
    small = jnp.abs(x) < 0.5
    z = safe(small, x, 0.0)
    series = horner([1.0 / math.factorial(k) for k in range(2, 2 + _EXP_TERMS[bits(x)])], z)
    return jnp.where(small, z * z * series, jnp.expm1(x) - x)


@elementwise
def log1pmx(x: ArrayLike) -> Array:
    r"""``log(1 + x) − x``, accurate for small ``x`` where it is about ``−x²/2``.

    With ``s = x / (2 + x)`` the logarithm is 2 artanh s, and ``x − 2s = s x`` exactly.

    Args:
        x: above −1, shape ``(...)``.

    Returns:
        Shape ``(...)``, non-positive; ``-inf`` at −1, ``nan`` below.

    Example:
        >>> round(float(log1pmx(1e-3)) * 1e7, 3)
        -4.997
    """
    (x,) = promote(x)
    small = (x > -0.5) & (x < 0.7)
    z = safe(small, x, 0.0)
    s = z / (2.0 + z)
    square = s * s
    terms = [1.0 / (2 * j + 1) for j in range(1, 1 + _ATANH_TERMS[bits(x)])]
    series = square * horner(terms, square)
    return jnp.where(small, s * (2.0 * series - z), jnp.log1p(x) - x)
