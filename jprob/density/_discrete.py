"""What the count families share: exact integer quantiles and entropies without a sum over the support."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo
from jprob.special import Tails

_NUM_ENTROPY_NODES = 256


def smallest_count(
    tails: Callable[[Array], Tails], p: Array, q: Array, *, given_lower: bool, guess: Array, low: Array, high: Array
) -> Array:
    """The smallest whole ``k`` in [low, high] with cdf(k) >= p, or sf(k) <= q where ``q = 1 - p`` is the smaller.

    A few ulp of slack in the probability that was given make the quantile of a computed ``cdf(k)`` come back as ``k``.
    """
    eps = finfo(p).eps
    by_lower = p <= q
    # the smaller tail is compared; it was either given, or formed as 1 less what was given, to half an ulp of that
    low_p = p * (1.0 - 8.0 * eps) if given_lower else jnp.maximum(p - 0.75 * eps, 0.25 * p)
    high_q = q + 0.75 * eps if given_lower else q * (1.0 + 8.0 * eps)
    log_p, log_q = jnp.log(jnp.where(by_lower, low_p, 0.5)), jnp.log(jnp.where(by_lower, 0.5, high_q))

    def reached(k: Array) -> Array:
        t = tails(k)
        return jnp.where(by_lower, t.log_lower >= log_p, t.log_upper <= log_q)

    return first_count(reached, guess, low, high)


def first_count(reached: Callable[[Array], Array], guess: Array, low: Array, high: Array) -> Array:
    """The smallest whole ``k`` in [low, high] from which on ``reached`` is true; ``high`` if it is nowhere.

    Strides that double leave the guess until the verdict turns, bisection does the rest.
    """

    def inside(k: Array, below: Array, above: Array) -> Array:
        return (k > below) & (k < above)

    def middle(below: Array, above: Array) -> Array:
        return jnp.floor(0.5 * (below + above))

    def search(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        below, above, probe, step, galloping, was_hit = carry
        hit = reached(probe) | (probe >= high)
        fresh = inside(probe, below, above)
        below, above = jnp.where(fresh & ~hit, probe, below), jnp.where(fresh & hit, probe, above)
        galloping &= (hit == was_hit) | (step == 1.0)  # the first verdict gives the direction
        stride = jnp.where(hit, probe - step, probe + step)
        probe = jnp.where(galloping & inside(stride, below, above), stride, middle(below, above))
        return below, above, probe, 2.0 * step, galloping, hit

    guess = jnp.clip(jnp.round(guess), low, high)
    fresh = jnp.ones(guess.shape, bool)
    start = (low - 1.0, high, guess, jnp.ones_like(guess), fresh, fresh)  # low - 1 is never reached, high always is
    return lax.while_loop(lambda c: jnp.any(inside(middle(c[0], c[1]), c[0], c[1])), search, start)[1]


def entropy_of_counts(logpmf: Callable[[Array], Array], mean: Array, variance: Array, high: Array) -> Array:
    """Entropy of a unimodal count on 0..high from its log probability continued to real counts."""
    return mean_over_counts(lambda k, logp: -logp, logpmf, mean, variance, high)


def mean_over_counts(
    fn: Callable[[Array, Array], Array], logpmf: Callable[[Array], Array], mean: Array, variance: Array, high: Array
) -> Array:
    """Mean of ``fn(k, logpmf(k))`` for a unimodal count on 0..high, both continued to real counts.

    A sum over whole numbers of a function as smooth as a wide probability equals a trapezoid rule of step sd / 12 on
    its continuation (Poisson summation; error e^-2 pi^2 144). Narrow ones are summed as they are.
    """
    step = jnp.maximum(1.0, jnp.sqrt(variance) / 12.0)
    # whole counts when the step is one: start on one, and at zero if that is near
    start = jnp.maximum(jnp.floor(mean) - 0.5 * _NUM_ENTROPY_NODES * step, 0.0)
    start = jnp.where(step > 1.0, start, jnp.floor(start))

    def add_count(i: int, totals: tuple[Array, Array]) -> tuple[Array, Array]:
        k = start + jnp.asarray(i, mean.dtype) * step
        logp = logpmf(jnp.minimum(k, high))
        weight = jnp.where(k <= high, jnp.exp(logp), 0.0)
        return totals[0] + weight, totals[1] + jnp.where(k <= high, weight * fn(k, logp), 0.0)

    zero = jnp.zeros_like(mean)
    mass, total = lax.fori_loop(0, _NUM_ENTROPY_NODES, add_count, (zero, zero))
    return total / mass  # the mass is one over step but for rounding, which divides out


def uniform_tails(key: Array, shape: tuple[int, ...], dtype: jnp.dtype) -> tuple[Array, Array]:
    """``(u, 1 - u)`` for uniform u, the smaller of the two resolved to 2^-48 or finer, neither ever 0."""
    side_key, high_key, low_key = jax.random.split(key, 3)
    bits = 24
    high = jax.random.bits(high_key, shape, jnp.uint32) >> (32 - bits)
    low = jax.random.bits(low_key, shape, jnp.uint32) >> (32 - bits)
    small = (high.astype(dtype) + (low.astype(dtype) + 0.5) * 2.0**-bits) * 2.0 ** -(bits + 1)
    below = jax.random.bernoulli(side_key, 0.5, shape)
    return jnp.where(below, small, 1.0 - small), jnp.where(below, 1.0 - small, small)
