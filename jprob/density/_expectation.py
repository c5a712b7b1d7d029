r"""Mean, variance and entropy of a law that has quantiles and a density but no formulas for them.

.. math:: E\, g(X) = \int g\big(F^{-1}(u(t))\big)\, u (1 - u)\, dt, \qquad u(t) = \frac{1}{1 + e^{-t}}

by the trapezoidal rule, which is at its best where an integrand falls off like e^{−\|t\|}. Counts are summed one by one
while there are few enough of them, else every so many with Euler and Maclaurin's correction at the ends.

References:
    Trefethen, L. N. and Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule. SIAM Review 56.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo
from jprob.density._derived import Level, Params, exact_level

__all__ = ["expectation", "moments"]

_REACH = 42.0  # log odds: what lies beyond has a mass of 6e-19
_STEP = 0.125
_COUNTS = 1024
_END = (-3.0, 4.0, -1.0)

type Nodes = tuple[Array, Array]


def expectation(
    fn: Callable[[Array], Array],
    discrete: bool,
    logdensity: Callable[[Array, Params], Array],
    quantile: Callable[[Level, Params], Array],
    params: Params,
) -> Array:
    """The mean of ``fn`` of a value of the law; ``nan`` where the tails are too heavy for it."""
    x, weight = (_counts if discrete else _points)(logdensity, quantile, params)
    terms = jnp.where(weight == 0, 0.0, weight * fn(x))
    return jnp.sum(terms, 0) if discrete else _settled(terms)


def moments(
    discrete: bool,
    logdensity: Callable[[Array, Params], Array],
    quantile: Callable[[Level, Params], Array],
) -> Mapping[str, Callable[[Params], Array]]:
    """``mean``, ``variance`` and ``entropy`` as functions of parameters by name."""

    def mean(params: Params) -> Array:
        return expectation(lambda x: x, discrete, logdensity, quantile, params)

    def variance(params: Params) -> Array:
        centre = mean(params)
        return expectation(lambda x: (x - centre) ** 2, discrete, logdensity, quantile, params)

    def entropy(params: Params) -> Array:
        return expectation(lambda x: -logdensity(x, params), discrete, logdensity, quantile, params)

    return {"mean": mean, "variance": variance, "entropy": entropy}


def _like(params: Params) -> Array:
    """One value for each lane: parameters of families of numbers are scalars."""
    return jnp.broadcast_arrays(*params.values())[0]


def _points(logdensity, quantile, params: Params) -> Nodes:
    like = _like(params)
    num = round(_REACH / _STEP)
    t = (_STEP * jnp.arange(-num, num + 1)).astype(like.dtype).reshape(-1, *(1,) * like.ndim)
    small, large = jax.nn.sigmoid(-jnp.abs(t)), jax.nn.sigmoid(jnp.abs(t))
    x = quantile(exact_level(jnp.where(t < 0, small, large), jnp.where(t < 0, large, small)), params)
    return x, jnp.broadcast_to(_STEP * small * large, x.shape)


def _counts(logdensity, quantile, params: Params) -> Nodes:
    like = lax.stop_gradient(_like(params))
    small = jnp.full_like(like, jax.nn.sigmoid(-_REACH))
    ends = exact_level(jnp.stack([small, 1.0 - small]), jnp.stack([1.0 - small, small]))
    low, high = lax.stop_gradient(quantile(ends, params))
    stride = jnp.maximum(jnp.ceil((high - low + 1.0) / _COUNTS), 1.0)
    num = jnp.floor((high - low) / stride)  # of strides; what remains ends with a node of its own
    rest = high - low - num * stride
    index = jnp.arange(_COUNTS + 1, dtype=like.dtype).reshape(-1, *(1,) * like.ndim)
    k = jnp.where(index <= num, low + index * stride, jnp.where(index == num + 1.0, high, high + 1.0))
    bend = (stride * stride - 1.0) / (24.0 * stride)  # slopes at the ends, from three nodes each
    weight = stride + jnp.where(index <= 2.0, jnp.choose(index.astype(int), _END, mode="clip") * bend, 0.0)
    back = num - index
    weight += jnp.where((back >= 0) & (back <= 2.0), jnp.choose(back.astype(int), _END, mode="clip") * bend, 0.0)
    weight += jnp.where(index == 0, 0.5 * (1.0 - stride), 0.0)
    weight += jnp.where(back == 0, 0.5 * jnp.where(rest > 0, rest - stride, 1.0 - stride), 0.0)
    weight = jnp.where(index <= num, weight, jnp.where((index == num + 1.0) & (rest > 0), 0.5 * (rest + 1.0), 0.0))
    return k, jnp.where(jnp.isnan(high), jnp.nan, weight * jnp.exp(logdensity(jnp.minimum(k, high), params)))


def _settled(terms: Array) -> Array:
    """The sum, unless its ends still matter: then the integral does not exist."""
    total = jnp.sum(terms, 0)
    ends = jnp.maximum(jnp.abs(terms[0]), jnp.abs(terms[-1]))
    return jnp.where(ends > 64.0 * finfo(total).eps * jnp.sum(jnp.abs(terms), 0), jnp.nan, total)
