r"""The probability integral transform: where what came lies in its forecast. Uniform if the forecast is right.

.. math:: u = F(y^-) + V \big(F(y) - F(y^-)\big), \qquad V \sim U(0, 1)

A hump is a forecast too wide, a valley one too narrow, a slope one that leans.

References:
    Dawid, A. P. (1984). Statistical theory: the prequential approach. JRSS A 147.
    Gneiting, T., Balabdaoui, F. and Raftery, A. E. (2007). Probabilistic forecasts, calibration and sharpness. JRSS B 69.
    Stephens, M. A. (1970). Use of the Kolmogorov-Smirnov statistics without extensive tables. JRSS B 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, concrete, promote
from jprob.calibrate._forecast import as_family, ensemble_of
from jprob.density import Family
from jprob.special import gammaincc
from jprob.special.proportion import wilson_ends

__all__ = ["PitHistogram", "UniformityTest", "pit", "pit_histogram", "pit_test"]


class UniformityTest(NamedTuple):
    """The largest gap between the values' cdf and the diagonal.

    Attributes:
        statistic: Kolmogorov and Smirnov's. p_value: of it, by Stephens' approximation, good from some ten values on.
        mean: ½ if the forecast does not lean. variance: 1/12 if it is as wide as it should be; smaller if too wide.
    """

    statistic: Array
    p_value: Array
    mean: Array
    variance: Array


class PitHistogram(NamedTuple):
    """Shares of values in bins of equal width.

    Attributes:
        density: 1 if uniform, shape ``(bins,)``. lower, upper: intervals, by Wilson. counts: values in each bin.
        statistic: chi-squared against uniform. p_value: of it.
        edges: shape ``(bins + 1,)``.
    """

    density: Array
    lower: Array
    upper: Array
    counts: Array
    statistic: Array
    p_value: Array
    edges: Array


def pit(
    key: Array,
    forecast: Family | ModuleType | ArrayLike | Any,
    y: ArrayLike,
    params: Mapping[str, ArrayLike] | None = None,
) -> Array:
    """Where each value lies in its forecast, from 0 to 1; at random within a jump of the cdf.

    Args:
        key: a JAX random key, used where the law has atoms or is given by draws.
        forecast: a family or its module, with ``params``; or draws, shape ``(draws, ...)``, or :class:`jprob.bayes.Draws`
            with a single site.
        y: what came, shape ``(...)``. params: by name, broadcasting against y.

    Returns:
        Shape of y and the parameters.

    Raises:
        ValueError: a family without parameters, parameters without a family.

    Example:
        >>> from jprob.density import normal
        >>> round(float(pit(jax.random.key(0), normal, 1.0, {"loc": 1.0, "scale": 2.0})), 6)
        0.5
    """
    family = as_family(forecast, params)
    if family is None:
        draws, y = promote(ensemble_of(forecast), y)
        below, same = jnp.sum(draws < y, 0), jnp.sum(draws == y, 0)
        share = jax.random.uniform(key, below.shape, draws.dtype)
        return (below + share * (same + 1)) / (draws.shape[0] + 1.0)
    names = tuple(params or {})
    y, *values = promote(y, *(params or {}).values())
    at = dict(zip(names, values, strict=True))
    upper = family.cdf(y, **at)
    if not (family.discrete or family.atoms):
        return upper
    mass = jnp.exp(family.logdensity(y, at))
    if not family.discrete:
        mass = jnp.where(jnp.isin(y, jnp.asarray(family.atoms, y.dtype)), mass, 0.0)
    return jnp.clip(upper - jax.random.uniform(key, upper.shape, upper.dtype) * mass, 0.0, 1.0)


def pit_test(values: ArrayLike) -> UniformityTest:
    """Whether values are uniform.

    Args:
        values: in [0, 1], shape ``(n,)``.

    Returns:
        :class:`UniformityTest`, each of shape ``()``.

    Raises:
        ValueError: values outside [0, 1], or none.

    Example:
        >>> round(float(pit_test([0.1, 0.2, 0.3, 0.4]).statistic), 4)
        0.6
    """
    return _uniform(_unit(values))


def pit_histogram(values: ArrayLike, *, num_bins: int = 10, level: float = 0.95) -> PitHistogram:
    """The histogram of values that should be uniform, with intervals.

    Args:
        values: in [0, 1], shape ``(n,)``. num_bins: of them. level: of each bin's interval.

    Returns:
        :class:`PitHistogram`.

    Raises:
        ValueError: values outside [0, 1], or none.

    Example:
        >>> pit_histogram([0.1, 0.2, 0.3, 0.9], num_bins=2).density.tolist()
        [1.5, 0.5]
    """
    check_positive_int(num_bins, "num_bins", 2)
    check_level(level)
    u = _unit(values)
    return _histogram(u, jnp.asarray(level, u.dtype), num_bins)


def _unit(values: ArrayLike) -> Array:
    (u,) = promote(values)
    if u.ndim != 1 or not u.shape[0]:
        raise ValueError(f"`values` must have shape (n,) with at least one; got {u.shape}.")
    if concrete(u):
        host = np.asarray(u)
        bad = ~((host >= 0) & (host <= 1))
        if bad.any():
            raise ValueError(f"`values` must lie in [0, 1]; got {host[bad][0]} in row {int(np.argmax(bad))}.")
    return u


@jax.jit
def _uniform(u: Array) -> UniformityTest:
    n = u.shape[0]
    x, rank = jnp.sort(u), jnp.arange(n, dtype=u.dtype)
    d = jnp.maximum(jnp.max(x - rank / n), jnp.max((rank + 1.0) / n - x))
    t = (n**0.5 + 0.12 + 0.11 / n**0.5) * d
    k = jnp.arange(1, 101, dtype=u.dtype)
    far = 2.0 * jnp.sum(jnp.where(k % 2 == 1, 1.0, -1.0) * jnp.exp(-2.0 * (k * t) ** 2))
    # below a third of a unit the alternating sum has not converged, and p is one to eight digits
    return UniformityTest(d, jnp.where(t < 0.3, 1.0, jnp.clip(far, 0.0, 1.0)), jnp.mean(u), jnp.var(u))


@partial(jax.jit, static_argnums=2)
def _histogram(u: Array, level: Array, num_bins: int) -> PitHistogram:
    n = u.shape[0]
    place = jnp.minimum((u * num_bins).astype(jnp.int32), num_bins - 1)
    count = jax.ops.segment_sum(jnp.ones_like(u), place, num_bins)
    ends = wilson_ends(count, n - count, level) * num_bins
    expected = n / num_bins
    statistic = jnp.sum((count - expected) ** 2) / expected
    p = gammaincc(jnp.asarray(0.5 * (num_bins - 1), u.dtype), 0.5 * statistic)
    edges = jnp.linspace(0.0, 1.0, num_bins + 1, dtype=u.dtype)
    return PitHistogram(count / expected, ends[:, 0], ends[:, 1], count, statistic, p, edges)
