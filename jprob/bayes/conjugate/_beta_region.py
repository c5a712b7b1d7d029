"""The set of highest density under a beta: one interval, or two pieces at the ends where the density is U-shaped."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import betaln, expit

from jprob._array import check_level, elementwise, finfo, is_float64, promote, safe
from jprob.bayes.conjugate._beta import params
from jprob.special import beta_hdi, betaincinv

__all__ = ["Region", "region"]


class Region(NamedTuple):
    """Where the density is highest.

    Attributes:
        pieces: low and high end of each piece, ``(..., 2, 2)``; ``nan`` for a second piece that is not there.
        num_pieces: 1 or 2, ``(...)``.
    """

    pieces: Array
    num_pieces: Array


def region(posterior: Any, level: float = 0.95) -> Region:
    """The smallest set with this mass: no point outside it has a higher density than any inside.

    With both shapes below one the density is highest at 0 *and* at 1, and the set is two intervals, one from each end.
    Otherwise it is the interval that :func:`hdi` gives.

    Args:
        posterior: shapes ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        :class:`Region`.

    Example:
        >>> found = region((0.5, 0.5), 0.5)  # the arcsine law: a quarter at either end
        >>> [[round(float(x), 4) for x in piece] for piece in found.pieces], int(found.num_pieces)
        ([[0.0, 0.1464], [0.8536, 1.0]], 2)
    """
    check_level(level)
    a, b = params(posterior, "posterior")
    two, one = (a < 1) & (b < 1), beta_hdi(a, b, level)
    low, above = _equal_heights(safe(two, a, 0.5), safe(two, b, 0.5), jnp.asarray(level, a.dtype))
    first = jnp.where(two[..., None], jnp.stack([jnp.zeros_like(low), low], -1), one)
    second = jnp.where(two[..., None], jnp.stack([1.0 - above, jnp.ones_like(low)], -1), jnp.nan)
    return Region(jnp.stack([first, second], -2), jnp.where(two, 2, 1))


@elementwise
def _equal_heights(a: Array, b: Array, level: Array) -> tuple[Array, Array]:
    """``x`` and ``y`` with equal density at x and 1 − y and mass ``level`` below the one and above the other.

    The share of the mass that lies below is found by bisection of its log odds: up to the lowest point of the density
    the height at x falls with it, and that at 1 − y rises.
    """
    a, b, level = jnp.broadcast_arrays(*promote(a, b, level))
    shapes, side = (jnp.stack([a, b]), jnp.stack([b, a])), jnp.asarray([1.0, -1.0], a.dtype).reshape(2, *[1] * a.ndim)
    lowest = (1.0 - shapes[0]) / (2.0 - a - b)
    far, steps = (600.0, 62) if is_float64(a) else (70.0, 31)

    def halve(_: int, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        low, high, _x = state
        middle = 0.5 * (low + high)
        log_x, x = _log_quantile(*shapes, level * expit(side * middle))
        height = (shapes[0] - 1.0) * log_x + (shapes[1] - 1.0) * jnp.log1p(-jnp.minimum(x, lowest))
        more = (x[0] <= lowest[0]) & ((x[1] > lowest[1]) | (height[0] > height[1]))
        return jnp.where(more, middle, low), jnp.where(more, high, middle), x

    start = jnp.full_like(a, -far), jnp.full_like(a, far), jnp.zeros_like(shapes[0])
    x, y = lax.fori_loop(0, steps, halve, start)[2]
    return x, y


def _log_quantile(a: Array, b: Array, mass: Array) -> tuple[Array, Array]:
    """Log of a quantile of Beta(a, b) and itself; near zero the mass below is ``x^a / (a B(a, b))``."""
    x = betaincinv(a, b, mass)
    tiny = x < 1e6 * finfo(x).tiny
    by_power = (jnp.log(mass) + jnp.log(a) + betaln(a, b)) / a
    return jnp.where(tiny, by_power, jnp.log(safe(~tiny, x, 0.5))), x
