"""The beta-binomial: log probability continued to real counts, both tails, entropy.

A tail has no closed form: it is summed from its own end, so it keeps its digits however small. The larger of the two is
one less the smaller. Cost and accuracy do not depend on the number of trials.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, section 6.2.2.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote
from jprob.special import pair as pairs
from jprob.special._beta_binomial_mass import Counts, first_log_mass, log_mass, moving_log_mass, slopes
from jprob.special._beta_binomial_sum import sum_from
from jprob.special.polygamma import digamma
from jprob.special.tails import Tails

__all__ = ["beta_binomial_entropy", "beta_binomial_tails", "log_beta_binomial"]


@closed_form(slopes)
def _log_beta_binomial(k: Array, n: Array, a: Array, b: Array) -> Array:
    return log_mass(Counts(pairs.pair(k), pairs.two_difference(n, k)), n, a, b)


@elementwise
def log_beta_binomial(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    r"""Log of the beta-binomial probability, continued to real ``0 <= k <= n``, for ``a, b > 0``; unchecked.

    .. math:: \log\frac{\Gamma(n+1)}{\Gamma(k+1)\,\Gamma(n-k+1)} + \log B(a + k, b + n - k) - \log B(a, b)

    Args:
        k: successes. n: trials. a: first shape of the prior. b: second shape of the prior.

    Returns:
        Shape ``broadcast(k, n, a, b)``, in nats. The checked one is ``jprob.density.beta_binomial.logpmf``.

    Example:
        >>> round(float(jnp.exp(log_beta_binomial(3.0, 9.0, 1.0, 1.0))), 6)  # uniform on 0..9
        0.1
    """
    return _log_beta_binomial(*jnp.broadcast_arrays(*promote(k, n, a, b)))


@elementwise
def beta_binomial_tails(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Tails:
    """Both tails at whole ``0 <= k < n``, for ``a, b > 0``, and their logarithms; unchecked.

    Args:
        k: successes. n: trials. a: first shape of the prior. b: second shape of the prior.

    Returns:
        :class:`Tails` of shape ``broadcast(k, n, a, b)``, with relative accuracy however small; differentiable in ``a``
        and ``b``.

    Example:
        >>> round(float(beta_binomial_tails(2.0, 9.0, 1.0, 1.0).lower), 6)  # uniform on 0..9
        0.3
    """
    return _tails(*jnp.broadcast_arrays(*promote(k, n, a, b)))


def _by_shapes[R](function: Callable[..., R]) -> Callable[..., R]:
    """Derivatives in the last two arguments, in forward mode: backwards the products of ratios overflow."""
    smooth = jax.custom_jvp(function)

    @smooth.defjvp
    def _(primals, tangents):
        *counts, a, b = primals
        unit = jnp.stack([jnp.ones_like(a), jnp.zeros_like(a)])
        push = jax.vmap(lambda da, db: jax.jvp(lambda a, b: function(*counts, a, b), (a, b), (da, db))[1])
        slopes = push(unit, unit[::-1])
        return smooth(*primals), jax.tree.map(lambda s: s[0] * tangents[-2] + s[1] * tangents[-1], slopes)

    return smooth


@_by_shapes
def _tails(k: Array, n: Array, a: Array, b: Array) -> Tails:
    by_upper = _upper_is_smaller(k, n, *lax.stop_gradient((a, b)))
    start, a, b = jax.tree.map(lambda *v: jnp.where(by_upper, *v), *_two_sides(k, n, a, b))
    first = pairs.once(first_log_mass(start, n, a, b))

    def relative(at: Counts) -> Array:
        return jnp.minimum((moving_log_mass(at, n, a, b) - first.hi) - first.lo, 0.5 * jnp.log(finfo(n).max))

    total = pairs.once(sum_from(start, jnp.zeros_like(n), n, a, b, relative, lambda p: p))
    root = jnp.exp(0.5 * first.hi)  # the first of many terms may underflow where their sum does not
    small, log_small = root * total * (1.0 + first.lo) * root, first.hi + (first.lo + jnp.log(total))
    log_large = jnp.log1p(-jnp.minimum(small, 0.99))
    return Tails(
        jnp.where(by_upper, 1.0 - small, small),
        jnp.where(by_upper, small, 1.0 - small),
        jnp.where(by_upper, log_large, log_small),
        jnp.where(by_upper, log_small, log_large),
    )


def _two_sides(k: Array, n: Array, a: Array, b: Array) -> tuple[tuple[Counts, Array, Array], ...]:
    """Where the counts above ``k`` start, and those up to ``k`` with failures for successes and ``b`` for ``a``."""
    one, rest = jnp.ones_like(n), pairs.two_difference(n, k)
    above = Counts(pairs.two_sum(k, one), pairs.sub(rest, pairs.pair(one)))
    return (above, a, b), (Counts(rest, pairs.pair(k)), b, a)


def _upper_is_smaller(k: Array, n: Array, a: Array, b: Array) -> Array:
    """Whether P(X > k) is below about .6: by the mean log odds of the beta with the same moments."""
    m = a + b
    total = jnp.maximum((n - 1.0) * (m / (m + n)), 1e-3)  # shapes whose variance is that of X / n
    return jnp.log((k + 1.0) / (n - k)) > digamma(a / m * total) - digamma(b / m * total)


@elementwise
def beta_binomial_entropy(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Entropy for ``a, b > 0``, unchecked.

    Args:
        n: trials. a: first shape of the prior. b: second shape of the prior.

    Returns:
        Shape ``broadcast(n, a, b)``, in nats; differentiable in ``a`` and ``b``.

    Example:
        >>> round(float(beta_binomial_entropy(9.0, 1.0, 1.0)), 6)  # log 10
        2.302585
    """
    return _entropy(*jnp.broadcast_arrays(*promote(n, a, b)))


@_by_shapes
def _entropy(n: Array, a: Array, b: Array) -> Array:
    trials = jnp.maximum(n, 1.0)
    middle = jnp.clip(jnp.floor(trials * lax.stop_gradient(a / (a + b))), 0.0, trials - 1.0)
    start, a, b = jax.tree.map(lambda *v: jnp.stack(v), *_two_sides(middle, trials, a, b))
    trials = jnp.broadcast_to(trials, a.shape)

    def at_counts(at: Counts) -> Array:
        return moving_log_mass(at, trials, a, b)

    def surprise(p: Array) -> Array:
        return -p * jnp.log(jnp.maximum(p, finfo(p).tiny))

    sides = sum_from(start, at_counts(start), trials, a, b, at_counts, surprise)
    return jnp.where(n > 0, sides.sum(0), 0.0)
