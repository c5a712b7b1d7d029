r"""Random variates that several families share: exact in law, fast, in log space where the dtype would end.

Every function takes a key and parameters that are valid, promoted and of the full shape, and returns draws of that
shape and dtype. Large means are split off before anything is rounded: a gamma variate is drawn as the log of its ratio
to its shape, a count as its whole distance from its mean, so that float32 serves shapes and counts of 10⁹.

Counts are constant between their jumps: their derivatives are zero. A gamma variate moves with its shape as the quantile
of its own probability does (implicit reparametrisation).

References:
    Marsaglia, G. and Tsang, W. W. (2000). A simple method for generating gamma variables. ACM TOMS 26.
    Hörmann, W. (1993). The generation of binomial random variates. J. Statist. Comput. Simul. 46; and The transformed
    rejection method for generating Poisson random variables. Insurance: Math. Econ. 12.
    Figurnov, M., Mohamed, S. and Mnih, A. (2018). Implicit reparameterization gradients. NeurIPS 31.
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri

from jprob._array import safe
from jprob.density._rejection import Point, accepted, tiled, uniform
from jprob.special import log1pmx, log_gamma_quantile_slope, two_difference
from jprob.special import pair as pairs
from jprob.special.saddle import plain_deviance
from jprob.special.stirling import stirling_series

__all__ = ["binomial", "gamma", "log_gamma", "log_gamma_ratio", "poisson"]

_RARE = 10.0  # means below it are inverted
_CENTRE = 0.47


@jax.jit
def log_gamma(key: Array, a: Array) -> Array:
    """Logarithms of Gamma(a, 1) variates, one for each element of ``a``: finite however small ``a`` is.

    Example:
        >>> bool(jnp.isfinite(log_gamma(jax.random.key(0), jnp.full(1000, 1e-3))).all())
        True
    """

    def draw(lanes: Array, a: Array) -> Array:
        large, small = pairs.log(pairs.pair(_raised(a)))
        return large + (small + _excess(key, lanes, a))

    return tiled(draw, a)


@jax.jit
def gamma(key: Array, a: Array) -> Array:
    """Gamma(a, 1) variates, one for each element of ``a``; those of tiny ``a`` may underflow to 0.

    Example:
        >>> bool(abs(gamma(jax.random.key(0), jnp.full(1000, 1e8)).mean() / 1e8 - 1) < 1e-5)
        True
    """

    def draw(lanes: Array, a: Array) -> Array:
        mean, excess = _raised(a), _excess(key, lanes, a)
        near = jnp.abs(excess) < 0.5  # the variate is rounded once, not its ratio to the mean before
        return jnp.where(near, mean + mean * jnp.expm1(excess), mean * jnp.exp(excess))

    return tiled(draw, a)


@jax.jit
def log_gamma_ratio(key: Array, a: Array, b: Array) -> Array:
    """Log of the ratio of a Gamma(a, 1) to a Gamma(b, 1) variate: the log odds of a Beta(a, b) variate.

    Example:
        >>> bool(abs(log_gamma_ratio(jax.random.key(0), *jnp.full((2, 1000), 1e8)).std() * 1e4 - 2**0.5) < 0.2)
        True
    """

    def draw(lanes: Array, a: Array, b: Array) -> Array:
        # side by side in one tile, the second from the upper half of the lane numbers: one sampler to compile
        both = _excess(key, jnp.concatenate([lanes, lanes | jnp.uint32(2**31)]), jnp.concatenate([a, b]))
        large, small = pairs.log(pairs.div(pairs.pair(_raised(a)), pairs.pair(_raised(b))))
        return large + (small + (both[: a.size] - both[a.size :]))

    return tiled(draw, a, b)


def _raised(a: Array) -> Array:
    """The shape that is drawn: ``a``, or ``a + 1`` below one, since ``G(a) = G(a + 1) U^(1/a)``."""
    a = lax.stop_gradient(a)
    return jnp.where(a < 1, a + 1.0, a)


def _excess(key: Array, lanes: Array, a: Array) -> Array:
    """Log of a Gamma(a, 1) variate less the log of its raised shape."""
    cube_key, power_key = jax.random.split(key)
    moving, a = a, lax.stop_gradient(a)
    shape = _raised(a)
    log_ratio = accepted(cube_key, lanes, _cube, shape) + jnp.log1p(-1.0 / (3.0 * shape))

    def lowered() -> Array:
        power = jnp.log(uniform(power_key, lanes, a)) / a
        return log_ratio + jnp.where(a < 1, power, 0.0)

    return _with_slope(lax.cond(jnp.any(a < 1), lowered, lambda: log_ratio), moving)


@jax.custom_jvp
def _with_slope(excess: Array, a: Array) -> Array:
    """The excess, moving with ``a`` as the whole log variate does: callers hold its raised shape still."""
    return excess


@_with_slope.defjvp
def _(primals, tangents):
    (excess, a), (_, da) = primals, tangents
    return excess, da * log_gamma_quantile_slope(a, jnp.log(_raised(a)) + excess)


def _cube(point: Point, shape: Array) -> tuple[Array, Array]:
    """Marsaglia and Tsang's proposal ``G = d (1 + y)^3`` for normal y of variance 1/9d, as ``log(G / d)``.

    With ``y^2 d = z^2 / 9`` the large terms of their log acceptance ``z^2/2 + d - d v + d log v`` cancel by hand.
    """
    d = shape - 1.0 / 3.0
    y = jnp.copysign(-ndtri(point.edge), point.u) / jnp.sqrt(9.0 * d)
    log_less_y = log1pmx(y)
    log_acceptance = d * (3.0 * log_less_y + y * y * (1.5 - y))
    return 3.0 * (log_less_y + y), (y <= -1.0) | (jnp.log(point.v) > log_acceptance)


@jax.jit
def poisson(key: Array, rate: Array) -> Array:
    """Poisson counts as floats, one for each element of ``rate``; beyond 2²⁴ in float32 the nearest float.

    Example:
        >>> poisson(jax.random.key(0), jnp.array([0.0, 1e30])).tolist()[0]
        0.0
    """

    def propose(point: Point, rate: Array) -> tuple[Array, Array]:
        rare = rate < _RARE
        mean = safe(~rare, rate, 2.0 * _RARE)
        start = jnp.floor(mean)
        step, log_hat = _transformed(point, mean, mean - start)
        count, away = start + step, step - (mean - start)
        log_pmf = 0.5 * jnp.log(mean / _weight(count)) - _stirling(count) - plain_deviance(count, mean, away)
        return count, ~rare & ((count < 0) | (log_hat > log_pmf))

    def draw(lanes: Array, rate: Array) -> Array:
        def inverted() -> Array:
            mean = safe(rate < _RARE, rate, 0.0)
            return _inverted(uniform(invert_key, lanes, rate), jnp.exp(-mean), lambda k: mean / k)

        return _by_mean(rate, inverted, lambda: accepted(reject_key, lanes, propose, rate))

    invert_key, reject_key = jax.random.split(key)
    return tiled(draw, lax.stop_gradient(rate))


@jax.jit
def binomial(key: Array, n: Array, p: Array) -> Array:
    """Binomial counts as floats, one for each element of ``n`` and ``p``; beyond 2²⁴ in float32 the nearest float.

    Example:
        >>> binomial(jax.random.key(0), jnp.array([5.0, 5.0, 0.0]), jnp.array([0.0, 1.0, 0.5])).tolist()
        [0.0, 5.0, 0.0]
    """

    def propose(point: Point, n: Array, p: Array) -> tuple[Array, Array]:
        small = jnp.minimum(p, 1.0 - p)
        rare = n * small < _RARE
        n, small = safe(~rare, n, 4.0 * _RARE), safe(~rare, small, 0.5)
        mean, left = pairs.two_product(n, small), n * (1.0 - small)
        start = jnp.floor(mean.hi)
        part = (mean.hi - start) + mean.lo
        step, log_hat = _transformed(point, left * small, part)
        count, rest, away = start + step, two_difference(n, start), step - part
        others = rest.hi + (rest.lo - step)
        log_pmf = (
            0.5 * jnp.log((left * small / _weight(count)) * (_weight(n) / _weight(others)))
            + (_stirling(n) - _stirling(count) - _stirling(others))
            - (plain_deviance(count, mean.hi, away) + plain_deviance(others, left, -away))
        )
        outside = (count < 0) | (others < 0) | (log_hat > log_pmf)
        return jnp.where(p > 0.5, others, count), ~rare & outside

    def draw(lanes: Array, n: Array, p: Array) -> Array:
        small = jnp.minimum(p, 1.0 - p)

        def inverted() -> Array:
            s = safe(n * small < _RARE, small, 0.0)
            odds = s / (1.0 - s)
            count = _inverted(
                uniform(invert_key, lanes, p), jnp.exp(n * jnp.log1p(-s)), lambda k: odds * ((n + 1.0 - k) / k)
            )
            return jnp.where(p > 0.5, n - count, count)

        return _by_mean(n * small, inverted, lambda: accepted(reject_key, lanes, propose, n, p))

    invert_key, reject_key = jax.random.split(key)
    return tiled(draw, lax.stop_gradient(n), lax.stop_gradient(p))


def _by_mean(mean: Array, inverted: Callable[[], Array], rejected: Callable[[], Array]) -> Array:
    """Inversion for rare counts, rejection for the others; a tile of one kind does only that one."""
    rare = mean < _RARE
    other = lax.cond(jnp.all(rare), lambda: jnp.zeros_like(mean), rejected)
    return lax.cond(jnp.any(rare), lambda: jnp.where(rare, inverted(), other), lambda: other)


def _transformed(point: Point, variance: Array, part: Array) -> tuple[Array, Array]:
    """Hörmann's hat for a count: whole steps from the floor of the mean, ``part`` below it, and the hat's log.

    The step is that of ``(2a / edge + b) u``, whose slope over the constant is the inverse of the hat. His constant
    falls up to 0.5 % short of the probability at the outer end of a step; this one covers every Poisson and binomial
    of p <= 1/2 with a mean of 10 or more. All in units of the standard deviation, which may be huge.
    """
    sd = jnp.sqrt(variance)
    b = 2.53 + 0.931 / sd
    a = 0.02483 * b - 0.059 / sd
    step = jnp.floor(sd * ((2.0 * a / point.edge + b) * point.u) + (part + _CENTRE))
    bound = 1.124 + 0.49 / (sd - 0.8)
    return step, jnp.log(point.v * bound / (a / (point.edge * point.edge) + b))


def _stirling(count: Array) -> Array:
    """Stirling error of a count, none for 0."""
    return jnp.where(count > 0, stirling_series(jnp.maximum(count, 1.0)), 0.0)


def _weight(count: Array) -> Array:
    """The square of Stirling's root: 2 pi k, or 1 for k = 0."""
    return jnp.where(count > 0, 2.0 * math.pi * count, 1.0)


def _inverted(t: Array, first: Array, ratio: Callable[[Array], Array]) -> Array:
    """The largest ``k`` with ``P(X >= k) > t``, from ``P(X = 0)`` and the ratios ``P(X = k) / P(X = k - 1)``.

    The upper tail is summed from a count beyond which 2^-70 is left downwards, smallest terms first: it is relatively
    accurate however small ``t`` is.
    """

    def rise(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, top, mass, rising = state
        following = mass * ratio(k + 1.0)
        rising &= following >= 2.0**-70
        return k + 1.0, jnp.where(rising, k + 1.0, top), jnp.where(rising, following, mass), rising

    def descend(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, top, mass, above, count = state
        reached = k <= top
        above = jnp.where(reached, above + mass, above)
        count = jnp.where(reached & (above <= t), k - 1.0, count)
        return k - 1.0, top, jnp.where(reached, mass / ratio(k), mass), above, count

    start, none = jnp.zeros((), t.dtype), jnp.zeros_like(t)
    k, top, mass, _ = lax.while_loop(lambda s: jnp.any(s[3]), rise, (start, none, first, jnp.ones(t.shape, bool)))
    return lax.while_loop(lambda s: s[0] > 0, descend, (k, top, mass, none, top))[4]
