r"""Log probability of the beta-binomial at counts known to twice the digits, as large ones have gaps.

With :math:`M = a + b + n` and :math:`x = (a + k)/M`, the point where binomial, prior and posterior are all large, it is
minus the four deviances :math:`D(k, nx) + D(n-k, n(1-x)) + D(a, (a+b)x) + D(b, (a+b)(1-x))` and Stirling errors: all of
one sign. The four differences are one, :math:`d = (kb - (n-k)a)/M`, formed exactly.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import finfo, is_float64
from jprob.special import pair as pairs
from jprob.special._beta_kernel import log_power_ratio
from jprob.special._factorial import count_rest, factorial_rest, volume
from jprob.special.pair import Pair
from jprob.special.polygamma import digamma


class Counts(NamedTuple):
    """Successes and failures."""

    successes: Pair
    failures: Pair


def log_mass(at: Counts, n: Array, a: Array, b: Array) -> Array:
    """Log probability, of plain floats but for ``d``."""
    k, f, m = at.successes.hi, at.failures.hi, a + b
    s, t, total = a + k, b + f, m + n
    cross = pairs.sub(pairs.two_product(k, b), pairs.two_product(f, a))
    d = (cross.hi + (cross.lo + (at.successes.lo * b - at.failures.lo * a))) / total
    x, y = s / total, t / total
    cost = count_rest(k, n * x, d) + count_rest(f, n * y, -d) + count_rest(a, m * x, -d) + count_rest(b, m * y, d)
    rest = factorial_rest(n) + factorial_rest(m) + factorial_rest(s) + factorial_rest(t) - factorial_rest(total)
    height = volume(n) / (volume(k) * volume(f)) * (volume(m) / (volume(a) * volume(b)))
    height *= volume(s) / volume(total) * volume(t)
    # a b / m over s t / total, in an order that neither overflows nor cancels
    harmonic = (jnp.minimum(a, b) / jnp.minimum(s, t)) * ((jnp.maximum(a, b) / m) / (jnp.maximum(s, t) / total))
    return 0.5 * jnp.log(height) + jnp.log(harmonic) + (rest - cost)


def slopes(k: Array, n: Array, a: Array, b: Array) -> tuple[Array, ...]:
    """Its partial derivatives."""
    k = jnp.clip(k, 0.0, n)  # finite slopes also where a caller discards the value
    of_s, of_f, of_rest = digamma(k + a), digamma(n - k + b), digamma(n - k + 1.0)
    of_all, common = digamma(n + a + b), digamma(a + b) - digamma(n + a + b)
    return (
        of_rest - digamma(k + 1.0) + of_s - of_f,
        digamma(n + 1.0) - of_rest + of_f - of_all,
        (of_s - digamma(a)) + common,  # in this order a tiny shape's pole cancels
        (of_f - digamma(b)) + common,
    )


@jax.custom_jvp
def moving_log_mass(at: Counts, n: Array, a: Array, b: Array) -> Array:
    """The same, differentiable in ``a`` and ``b``: counts are known and do not move."""
    return log_mass(at, n, a, b)


@moving_log_mass.defjvp
def _(primals, tangents):
    (at, n, a, b), (_, _, da, db) = primals, tangents
    _, _, by_a, by_b = slopes(at.successes.hi, n, a, b)
    return moving_log_mass(at, n, a, b), da * by_a + db * by_b


@jax.custom_jvp
def first_log_mass(at: Counts, n: Array, a: Array, b: Array) -> Pair:
    """The same as a pair, for tails of 1e-30 in float32; differentiable in ``a`` and ``b``."""
    return pairs.pair(log_mass(at, n, a, b)) if is_float64(n) else _accurate(at, n, a, b)


@first_log_mass.defjvp
def _(primals, tangents):
    (at, n, a, b), (_, _, da, db) = primals, tangents
    _, _, by_a, by_b = slopes(at.successes.hi, n, a, b)
    return first_log_mass(at, n, a, b), Pair(da * by_a + db * by_b, jnp.zeros_like(a))


def _accurate(at: Counts, n: Array, a: Array, b: Array) -> Pair:
    """binomial(k | x) beta(x | a, b) / beta(x | a + k, b + n - k), at the point x where all three are large."""
    one, m, s, f = pairs.pair(jnp.ones_like(n)), a + b, at.successes.hi + a, at.failures.hi + b
    x = jnp.clip(s / (m + n), finfo(n).tiny * 2.0**24, 1.0 - finfo(n).epsneg)
    prior = pairs.add(pairs.pair(a), one), pairs.add(pairs.pair(b), one)
    shapes = (
        (pairs.add(at.successes, one), pairs.add(at.failures, one), 1.0 / (n + 1.0)),
        (*prior, (a / m) * (b / (m + 1.0))),
        (pairs.add(prior[0], at.successes), pairs.add(prior[1], at.failures), (s / (m + n)) * (f / (m + n + 1.0))),
    )
    first, second, factor = jax.tree.map(lambda *v: jnp.stack(v), *shapes)  # one kernel to compile
    kernels = pairs.once(log_power_ratio(first, second, jnp.broadcast_to(x, factor.shape), 0, factor))
    binomial, density, posterior = (Pair(kernels.hi[i], kernels.lo[i]) for i in range(3))
    return pairs.sub(pairs.add(binomial, density), posterior)
