r"""Beta-binomial: successes in ``n`` trials whose common probability is drawn from Beta(a, b).

.. math:: P(X = k) = \binom{n}{k} \frac{B(a + k,\, b + n - k)}{B(a, b)}, \quad k = 0, \dots, n

It is what a beta posterior predicts. All functions take the value first, then ``n``, ``a``, ``b``, and broadcast;
results keep the floating dtype. ``nan`` for invalid parameters; a value that is no whole number in 0..n has probability 0.

References:
    Johnson, N. L., Kemp, A. W. and Kotz, S. (2005). Univariate Discrete Distributions, section 6.2.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe, whole
from jprob.density import beta, binomial
from jprob.special import log_beta_binomial

__all__ = ["logpmf", "mean", "pmf", "sample", "variance"]


def _valid(n: Array, a: Array, b: Array) -> Array:
    return (n >= 0) & whole(n) & (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b)


@elementwise
def logpmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Log probability of ``k`` successes; −inf off 0..n.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``, in nats.

    Example:
        >>> round(float(logpmf(8, 10, 2.0, 2.0)), 4)
        -2.3602
    """
    k, n, a, b = jnp.broadcast_arrays(*promote(k, n, a, b))
    valid = _valid(n, a, b)
    inside = valid & (k >= 0) & (k <= n) & whole(k)
    value = log_beta_binomial(safe(inside, k, 0.0), safe(inside, n, 1.0), safe(inside, a, 1.0), safe(inside, b, 1.0))
    return jnp.where(valid & ~jnp.isnan(k), jnp.where(inside, value, -jnp.inf), jnp.nan)


@elementwise
def pmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Probability of ``k`` successes.

    Args:
        k: successes. n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(k, n, a, b)``.

    Example:
        >>> round(float(pmf(3, 9, 1.0, 1.0)), 6)  # uniform on 0..9
        0.1
    """
    return jnp.exp(logpmf(k, n, a, b))


@elementwise
def mean(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Mean, n a / (a + b).

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``.

    Example:
        >>> float(mean(9, 1.0, 2.0))
        3.0
    """
    n, a, b = promote(n, a, b)
    return jnp.where(_valid(n, a, b), n * (a / (a + b)), jnp.nan)


@elementwise
def variance(n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """Variance, n a b (a + b + n) / ((a + b)² (a + b + 1)): wider than the binomial's.

    Args:
        n: trials. a: first shape. b: second shape.

    Returns:
        Shape ``broadcast(n, a, b)``.

    Example:
        >>> float(variance(1, 1.0, 1.0))
        0.25
    """
    n, a, b = promote(n, a, b)
    s = a + b
    return jnp.where(_valid(n, a, b), n * (a / s) * (b / s) * ((s + n) / (s + 1.0)), jnp.nan)


def sample(key: Array, n: ArrayLike, a: ArrayLike, b: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws: a probability from the beta, then successes from the binomial.

    Args:
        key: a JAX random key. n: trials. a: first shape. b: second shape.
        shape: of the draws, in front of ``broadcast(n, a, b)``.

    Returns:
        Shape ``shape + broadcast(n, a, b)``, as floats; ``nan`` for invalid parameters.

    Example:
        >>> sample(jax.random.key(0), 5, 2.0, 3.0, shape=(4,)).shape
        (4,)
    """
    n, a, b = jnp.broadcast_arrays(*promote(n, a, b))
    key_p, key_k = jax.random.split(key)
    p = beta.sample(key_p, a, b, shape=shape)
    return binomial.sample(key_k, n, p)
