r"""Regularised incomplete beta function and its inverses, differentiable in every argument.

.. math:: I_x(a, b) = \frac{1}{B(a, b)} \int_0^x t^{a-1} (1-t)^{b-1}\,dt

Arguments come in the order of ``scipy.special``: shapes first. Everything broadcasts and keeps the floating dtype;
measured relative errors over shapes from 10⁻³ to 10⁹ are in ``tests/special/test_beta.py``.

References:
    NIST Digital Library of Mathematical Functions, section 8.17.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.special._beta_integral import tails_by_side
from jprob.special._beta_kernel import log_density
from jprob.special.pair import Pair, once, pair
from jprob.special.tails import Hazards, Tails

__all__ = [
    "beta_tails",
    "betainc",
    "betaincc",
    "log_beta_density",
    "log_betainc",
    "log_betaincc",
    "tails_of_pairs",
]


def _inner(a: Pair, b: Pair, x: Array) -> tuple[Tails, Hazards]:
    swap = x > 0.5
    return tails_by_side(a, b, jnp.where(swap, 1.0 - x, x), swap)


@jax.custom_jvp
def _tails(a: Pair, b: Pair, x: Array) -> Tails:
    return _inner(a, b, x)[0]


@_tails.defjvp
def _(primals, tangents):
    (a, b, x), (da, db, dx) = primals, tangents
    # the parameters by differentiating the integral, x in closed form: the density
    (out, hazards), (by_shapes, _) = jax.jvp(lambda a, b: _inner(a, b, x), (a, b), (da, db))
    density, move = jnp.exp(once(log_density(a, b, x))), dx / (x * (1.0 - x))
    by_x = Tails(density * dx, -density * dx, hazards.lower * move, -hazards.upper * move)
    return out, Tails(*(s + t for s, t in zip(by_shapes, by_x, strict=True)))


def tails_of_pairs(a: Pair, b: Pair, x: Array) -> Tails:
    """:func:`beta_tails` for shapes known to twice the digits, such as ``k + 1`` and ``n - k`` of large counts."""
    valid = (a.hi > 0) & (b.hi > 0) & ~jnp.isnan(x) & jnp.isfinite(a.hi) & jnp.isfinite(b.hi)
    inside = valid & (x > 0) & (x < 1)
    a = Pair(safe(inside, a.hi, 1.0), safe(inside, a.lo, 0.0))
    b = Pair(safe(inside, b.hi, 1.0), safe(inside, b.lo, 0.0))
    t = _tails(a, b, safe(inside, x, 0.5))
    below = x <= 0
    edges = Tails(
        jnp.where(below, 0.0, 1.0),
        jnp.where(below, 1.0, 0.0),
        jnp.where(below, -jnp.inf, 0.0),
        jnp.where(below, 0.0, -jnp.inf),
    )
    return Tails(
        *(jnp.where(inside, v, jnp.where(valid, e, jnp.nan).astype(v.dtype)) for v, e in zip(t, edges, strict=True))
    )


@elementwise
def beta_tails(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Tails:
    """Both tails of Beta(a, b) at ``x`` and their logarithms, for the price of one.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points; below 0 and above 1 all mass lies on one side.

    Returns:
        :class:`Tails` of shape ``broadcast(a, b, x)``; ``nan`` for invalid shapes or missing ``x``.

    Example:
        >>> tails = beta_tails(2.0, 1.0, 0.5)  # x^2
        >>> round(float(tails.lower), 6), round(float(tails.upper), 6)
        (0.25, 0.75)
    """
    a, b, x = jnp.broadcast_arrays(*promote(a, b, x))
    return tails_of_pairs(pair(a), pair(b), x)


@elementwise
def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Regularised incomplete beta function: the cdf of Beta(a, b) at ``x``.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points, shape ``(...)``.

    Returns:
        Shape ``broadcast(a, b, x)``, with relative accuracy however small.

    Example:
        >>> round(float(betainc(1e6, 1e6, 0.5)), 6)
        0.5
    """
    return beta_tails(a, b, x).lower


@elementwise
def betaincc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Complement of :func:`betainc`, with its own relative accuracy.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points, shape ``(...)``.

    Returns:
        Shape ``broadcast(a, b, x)``.

    Example:
        >>> round(float(betaincc(1.0, 2.0, 0.5)), 6)  # (1 - x)^2
        0.25
    """
    return beta_tails(a, b, x).upper


@elementwise
def log_betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Logarithm of :func:`betainc`, finite also where that underflows.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points, shape ``(...)``.

    Returns:
        Shape ``broadcast(a, b, x)``, in nats.

    Example:
        >>> round(float(log_betainc(1000.0, 1.0, 0.5)), 3)  # 1000 log(1/2)
        -693.147
    """
    return beta_tails(a, b, x).log_lower


@elementwise
def log_betaincc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Logarithm of :func:`betaincc`, finite also where that underflows.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points, shape ``(...)``.

    Returns:
        Shape ``broadcast(a, b, x)``, in nats.

    Example:
        >>> round(float(log_betaincc(1.0, 1000.0, 0.5)), 3)
        -693.147
    """
    return beta_tails(a, b, x).log_upper


@elementwise
def log_beta_density(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Log density of Beta(a, b) for ``0 < x < 1`` and positive shapes, unchecked.

    The checked one is ``jprob.density.beta.logpdf``.

    Args:
        a: first shape, positive. b: second shape, positive.
        x: points strictly inside (0, 1).

    Returns:
        Shape ``broadcast(a, b, x)``, in nats.

    Example:
        >>> round(float(log_beta_density(1.0, 1.0, 0.3)), 6) + 0.0
        0.0
    """
    a, b, x = jnp.broadcast_arrays(*promote(a, b, x))
    return log_density(pair(a), pair(b), x)
