"""Log probabilities of counts, for real counts inside their support: the smooth cores of the discrete densities.

References:
    Loader, C. (2000). Fast and accurate computation of binomial probabilities.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import digamma
from jax.typing import ArrayLike

from jprob._array import elementwise, promote
from jprob.special import pair as pairs
from jprob.special._beta_kernel import log_power_ratio

__all__ = ["log_beta_binomial", "log_binomial"]


@jax.custom_jvp
def _excess(k: Array, n: Array, p: Array) -> Array:
    """``k - n p``, exact to an ulp where it cancels."""
    return pairs.total(pairs.sub(pairs.pair(k), pairs.two_product(n, p)))


@_excess.defjvp
def _(primals, tangents):
    (k, n, p), (dk, dn, dp) = primals, tangents
    return _excess(k, n, p), dk - dn * p - n * dp


@jax.custom_jvp
def _log_binomial(k: Array, n: Array, p: Array) -> Array:
    one = jnp.ones_like(k)
    rest = pairs.sub(pairs.two_sum(n, -k), pairs.pair(-one))
    return pairs.total(log_power_ratio(pairs.two_sum(k, one), rest, p, 0, 1.0 / (n + 1.0)))


@_log_binomial.defjvp
def _(primals, tangents):
    (k, n, p), (dk, dn, dp) = primals, tangents
    of_rest, log_q = digamma(n - k + 1.0), jnp.log1p(-p)
    by_k = of_rest - digamma(k + 1.0) + jnp.log(p) - log_q
    by_n = digamma(n + 1.0) - of_rest + log_q
    by_p = _excess(k, n, p) / (p * (1.0 - p))
    return _log_binomial(k, n, p), dk * by_k + dn * by_n + dp * by_p


@elementwise
def log_binomial(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    r"""Log of the binomial probability, continued to real ``0 <= k <= n``, for ``0 < p < 1``; unchecked.

    .. math:: \log\frac{\Gamma(n+1)}{\Gamma(k+1)\,\Gamma(n-k+1)} + k\log p + (n-k)\log(1-p)

    Args:
        k: successes. n: trials. p: probability of success.

    Returns:
        Shape ``broadcast(k, n, p)``, in nats. The checked one is ``jprob.density.binomial.logpmf``.

    Example:
        >>> round(float(jnp.exp(log_binomial(1.0, 2.0, 0.5))), 6)
        0.5
    """
    return _log_binomial(*jnp.broadcast_arrays(*promote(k, n, p)))


@jax.custom_jvp
def _log_beta_binomial(k: Array, n: Array, a: Array, b: Array) -> Array:
    one = jnp.ones_like(k)
    successes, failures = pairs.pair(k), pairs.two_sum(n, -k)
    prior_a, prior_b = pairs.two_sum(a, one), pairs.two_sum(b, one)
    x = (a + k) / (a + b + n)
    x = jnp.clip(x, jnp.finfo(x.dtype).tiny * 2.0**24, 1.0 - jnp.finfo(x.dtype).epsneg)
    m, s, f = a + b, k + a, (n - k) + b
    # binomial(k | x) beta(x | a, b) / beta(x | a + k, b + n - k), at the point where all three are large
    binomial = log_power_ratio(
        pairs.add(successes, pairs.pair(one)), pairs.add(failures, pairs.pair(one)), x, 0, 1.0 / (n + 1.0)
    )
    prior = log_power_ratio(prior_a, prior_b, x, 0, (a / m) * (b / (m + 1.0)))
    posterior = log_power_ratio(
        pairs.add(prior_a, successes), pairs.add(prior_b, failures), x, 0, (s / (m + n)) * (f / (m + n + 1.0))
    )
    return pairs.total(pairs.sub(pairs.add(binomial, prior), posterior))


@_log_beta_binomial.defjvp
def _(primals, tangents):
    (k, n, a, b), (dk, dn, da, db) = primals, tangents
    of_s, of_f, of_all = digamma(k + a), digamma(n - k + b), digamma(n + a + b)
    of_rest, of_prior = digamma(n - k + 1.0), digamma(a + b)
    slope = dk * (of_rest - digamma(k + 1.0) + of_s - of_f) + dn * (digamma(n + 1.0) - of_rest + of_f - of_all)
    slope += da * (of_s - of_all + of_prior - digamma(a)) + db * (of_f - of_all + of_prior - digamma(b))
    return _log_beta_binomial(k, n, a, b), slope


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
