r"""Mean, variance, skewness and kurtosis of a stream, each with its Monte Carlo standard error.

Central moments up to the eighth are merged, not sums of powers:

.. math:: m_p = \sum_{k=0}^{p} \binom{p}{k} \left[ \frac{n_A}{n} \, u_A^k \, m_{p-k}^A
    + \frac{n_B}{n} \, u_B^k \, m_{p-k}^B \right], \qquad u_A = -\frac{n_B}{n} \delta, \quad u_B = \frac{n_A}{n} \delta

with δ the difference of the means, all in units of the largest deviation seen so far: nothing overflows in float32.

References:
    Pébay, P. (2008). Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
    moments. Sandia report SAND2008-6212.
    Cramér, H. (1946). Mathematical Methods of Statistics, section 27.7: the errors, by the delta method.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import finfo, safe
from jprob.simulate.counts import Count, added, as_float, counted
from jprob.simulate.reducers import Reducer, per_leaf

__all__ = ["Means", "Moments", "means", "moments"]

_HIGHEST = 8


class Moments(NamedTuple):
    """Moments over replicates, each of the shape of one draw, and their Monte Carlo standard errors.

    Attributes:
        mean: of the replicates that are not ``nan``; ``nan`` where there is none.
        mean_error: standard deviation over √n.
        variance: with n − 1 in the denominator.
        variance_error: from the fourth moment.
        standard_deviation: root of the variance.
        standard_deviation_error: by the delta method.
        skewness: m₃ / m₂^{3/2}.
        skewness_error: from the sixth moment, honest without normality.
        excess_kurtosis: m₄ / m₂² − 3.
        excess_kurtosis_error: from the eighth moment.
        unresolved: the spread is below 8 units in the last place of the mean: the dtype cannot carry these data, and
            everything but the mean is noise. Subtract a constant, or use float64.
        num_values: replicates that are not ``nan``, uint64.
    """

    mean: Array
    mean_error: Array
    variance: Array
    variance_error: Array
    standard_deviation: Array
    standard_deviation_error: Array
    skewness: Array
    skewness_error: Array
    excess_kurtosis: Array
    excess_kurtosis_error: Array
    unresolved: Array
    num_values: Count


class Means(NamedTuple):
    """Means over replicates, each of the shape of one draw: all that shares and expectations need.

    Attributes:
        mean: of the replicates that are not ``nan``; ``nan`` where there is none.
        mean_error: standard deviation over √n.
        standard_deviation: with n − 1 in the denominator.
        num_values: replicates that are not ``nan``, uint64.
    """

    mean: Array
    mean_error: Array
    standard_deviation: Array
    num_values: Count


class _Central(NamedTuple):
    """``moments[p - 2]`` is the mean of ``((x - mean) / scale)^p``."""

    number: Count
    mean: Array
    scale: Array
    moments: Array


def moments() -> Reducer:
    """A reducer to :class:`Moments` of every array of a draw; ``nan`` replicates are left out and counted.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> result = simulate.replicate(jax.random.key(0), jax.random.uniform, 5000, reduce=simulate.moments())
        >>> bool(abs(result.reduced.mean - 0.5) < 4 * result.reduced.mean_error)
        True
    """
    return _MOMENTS


def means() -> Reducer:
    """A reducer to :class:`Means`, at a fraction of the work of :func:`moments`.

    Example:
        >>> import jax
        >>> from jprob import simulate
        >>> inside = lambda key: jax.random.uniform(key) < 0.25
        >>> found = simulate.replicate(jax.random.key(0), inside, 5000, reduce=simulate.means()).reduced
        >>> bool(abs(found.mean - 0.25) < 4 * found.mean_error)
        True
    """
    return _MEANS


def _init(highest: int, shape: tuple[int, ...], dtype: jnp.dtype) -> _Central:
    zeros = jnp.zeros(shape, dtype)
    return _Central(counted(jnp.zeros(shape, jnp.uint32)), zeros, zeros, jnp.zeros((highest - 1, *shape), dtype))


def _of_tile(highest: int, x: Array, keep: Array) -> _Central:
    number = jnp.sum(keep, 0, dtype=jnp.uint32)
    n = jnp.maximum(number, 1).astype(x.dtype)

    def average(values: Array) -> Array:
        return jnp.sum(jnp.where(keep, values, 0.0), 0) / n

    rough = average(x)
    mean = rough + average(x - rough)  # the second sum corrects the rounding of the first
    away = jnp.where(keep, x - mean, 0.0)
    scale = jnp.max(jnp.abs(away), 0)
    unit = away / safe(scale > 0, scale, 1.0)
    powers, power = [], unit
    for _ in range(2, highest + 1):
        power = power * unit
        powers.append(jnp.sum(power, 0) / n)
    return _Central(counted(number), mean, scale, jnp.stack(powers))


def _merge(a: _Central, b: _Central) -> _Central:
    number_a, number_b = as_float(a.number, a.mean.dtype), as_float(b.number, a.mean.dtype)
    total = jnp.maximum(number_a + number_b, 1.0)
    share_a, share_b = number_a / total, number_b / total
    shift = jnp.where((number_a > 0) & (number_b > 0), b.mean - a.mean, 0.0)
    scale = jnp.maximum(jnp.maximum(a.scale, b.scale), jnp.abs(shift))
    unit = safe(scale > 0, scale, 1.0)
    merged = _moved(a, unit, -share_b * shift / unit, share_a) + _moved(b, unit, share_a * shift / unit, share_b)
    mean = jnp.where(number_a > 0, a.mean + share_b * shift, b.mean)
    return _Central(added(a.number, b.number), mean, scale, merged[2:])


def _moved(state: _Central, unit: Array, away: Array, share: Array) -> Array:
    """``share`` times the moments from order 0 on about a point ``away`` from the mean, in another unit."""
    ratio = state.scale / unit
    ones = jnp.ones_like(ratio)
    highest = state.moments.shape[0] + 1
    known = jnp.stack([ones, 0.0 * ones, *(state.moments[p - 2] * ratio**p for p in range(2, highest + 1))])
    moved, power = share * known, share * ones
    for k in range(1, highest + 1):
        power = power * away
        binomials = np.array([math.comb(p, k) for p in range(k, highest + 1)]).reshape(-1, *(1,) * ratio.ndim)
        moved = moved.at[k:].add(power * binomials.astype(ratio.dtype) * known[: highest + 1 - k])
    return moved


def _finish(state: _Central) -> Moments:
    n = as_float(state.number, state.mean.dtype)
    second, *_ = state.moments
    spread = second > 0
    root = jnp.sqrt(safe(spread, second, 1.0))
    # standardised moments; without spread or data they are not defined
    _, a3, a4, a5, a6, _, a8 = (
        jnp.where(spread, m / root**p, jnp.nan) for p, m in zip(range(2, _HIGHEST + 1), state.moments, strict=True)
    )
    some = jnp.where(n > 0, n, jnp.nan)
    # the scale last: its square may overflow where it does not
    sd = jnp.where(n > 1, state.scale * jnp.sqrt(second * (n / jnp.maximum(n - 1.0, 1.0))), jnp.nan)
    variance = sd * sd
    relative = jnp.sqrt(jnp.maximum(jnp.where(spread, a4 - 1.0, 0.0), 0.0) / some)  # of the variance
    of_skewness = a6 - 6.0 * a4 + 9.0 + a3**2 * (2.25 * a4 + 8.75) - 3.0 * a3 * a5
    of_kurtosis = a8 - 4.0 * a4 * a6 + 4.0 * a4**3 - a4**2 + 16.0 * a3**2 * (a4 + 1.0) - 8.0 * a3 * a5
    mean = jnp.where(n > 0, state.mean, jnp.nan)
    return Moments(
        mean=mean,
        mean_error=sd / jnp.sqrt(some),
        variance=variance,
        variance_error=variance * relative,
        standard_deviation=sd,
        standard_deviation_error=sd * relative / 2.0,
        skewness=a3,
        skewness_error=jnp.sqrt(jnp.maximum(of_skewness, 0.0) / some),
        excess_kurtosis=a4 - 3.0,
        excess_kurtosis_error=jnp.sqrt(jnp.maximum(of_kurtosis, 0.0) / some),
        unresolved=sd <= 8.0 * finfo(mean).eps * jnp.abs(mean),
        num_values=state.number,
    )


def _finish_means(state: _Central) -> Means:
    n = as_float(state.number, state.mean.dtype)
    sd = jnp.where(n > 1, state.scale * jnp.sqrt(state.moments[0] * (n / jnp.maximum(n - 1.0, 1.0))), jnp.nan)
    error = sd / jnp.sqrt(jnp.where(n > 0, n, jnp.nan))
    return Means(jnp.where(n > 0, state.mean, jnp.nan), error, sd, state.number)


_MOMENTS = per_leaf(partial(_init, _HIGHEST), partial(_of_tile, _HIGHEST), _merge, _finish, _Central)
_MEANS = per_leaf(partial(_init, 2), partial(_of_tile, 2), _merge, _finish_means, _Central)
