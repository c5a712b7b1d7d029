r"""How fast means become normal, and what that does to intervals: a study over sample sizes in one pass.

.. math:: z_n = \frac{\sqrt n (\bar x_n - \mu)}{\sigma}, \qquad t_n = \frac{\sqrt n (\bar x_n - \mu)}{s_n}, \qquad
    g(t) = t + \frac{\hat\gamma}{\sqrt n} \left( \frac{t^2}{3} + \frac16 \right) + \frac{\hat\gamma^2 t^3}{27 n}

Every replicate draws once as many values as the largest size needs; the means of all smaller sizes are met on the way.

References:
    Hall, P. (1992). On the removal of skewness by transformation. JRSS B 54: g, monotone, and normal to O(1/n).
    Shevtsova, I. (2011). On the absolute constants in the Berry-Esseen type inequalities. arXiv:1111.6554: 0.4748.
    Samorodnitsky, G. and Taqqu, M. (1994). Stable Non-Gaussian Random Processes, chapter 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import ndtr

from jprob._array import check_level, check_positive_int, safe
from jprob.density import Family, student_t
from jprob.simulate.engine import replicate
from jprob.simulate.moments import Means, Moments, means, moments
from jprob.simulate.ranges import histogram
from jprob.simulate.reducers import part
from jprob.simulate.sampling import Population, Sampler, check_sizes, population, running_sums, source, the_law
from jprob.special import normal_quantile

__all__ = ["CLTStudy", "clt", "smallest_size"]

_BINS = 4096
_BERRY_ESSEEN = 0.4748
_KS_95 = 1.3581  # 95 % point of Kolmogorov's law


class CLTStudy(NamedTuple):
    """The law of the mean of n draws, for every n of ``sizes``; all but the last lines have shape ``(sizes,)``.

    Names that end in ``_error`` are Monte Carlo standard errors.

    Attributes:
        sizes: n.
        mean: of the sample means.
        standard_deviation: of the sample means.
        skewness: of the sample means; σ-free.
        excess_kurtosis: of the sample means.
        coverage: share of t intervals that contain the mean.
        coverage_normal: the same with the normal quantile.
        coverage_edgeworth: with Hall's transformation, which takes out the skewness.
        ks_distance: largest distance between the distribution function of zₙ and the normal one, on a grid of 4,096
            steps of equal probability: at most 1/4096 too small.
        ks_noise: what a normal zₙ would show in one study of twenty; a smaller distance says nothing.
        berry_esseen: bound on that distance, 0.4748 E|x − μ|³ / σ³ √n, for independent draws; ``inf`` without variance.
        variance_inflation: n Var(x̄) / σ²; 1 for independent draws of finite variance.
        population: :class:`Population`; its flags say where there is no variance, or no mean, and what is then meant.
        level: nominal level of the intervals.
        num_replicates: done. num_nan: of them with a ``nan``. complete: false after Ctrl-C.
    """

    sizes: Array
    mean: Array
    mean_error: Array
    standard_deviation: Array
    standard_deviation_error: Array
    skewness: Array
    skewness_error: Array
    excess_kurtosis: Array
    excess_kurtosis_error: Array
    coverage: Array
    coverage_error: Array
    coverage_normal: Array
    coverage_normal_error: Array
    coverage_edgeworth: Array
    coverage_edgeworth_error: Array
    ks_distance: Array
    ks_distance_error: Array
    ks_noise: Array
    berry_esseen: Array
    berry_esseen_error: Array
    variance_inflation: Array
    population: Population
    level: float
    num_replicates: int
    num_nan: int
    complete: bool


def clt(
    key: Array,
    family_or_sampler: Family | ModuleType | Sampler,
    params: Mapping[str, Any] | None,
    sizes: Sequence[int],
    *,
    num_replicates: int,
    level: float = 0.95,
    mean: float | None = None,
    standard_deviation: float | None = None,
    **engine: Any,
) -> CLTStudy:
    """Study the central limit theorem at work, or failing.

    The memory is that of a tile of replicates, however many there are.

    Args:
        key: a JAX random key.
        family_or_sampler: a family such as ``density.exponential.family``, or ``sampler(key, n, **params)`` that draws
            n values, independent or not, such as :func:`ar1`.
        params: parameters by name; ``None`` for none.
        sizes: increasing sample sizes from 2.
        num_replicates: samples of the largest size.
        level: of the intervals.
        mean: of the law, where it is known; else that of the family, or of a pilot of a million draws.
        standard_deviation: of the law, likewise.
        **engine: ``mesh progress checkpoint resume max_bytes tile tiles_per_dispatch`` of :func:`replicate`.

    Returns:
        :class:`CLTStudy`.

    Raises:
        ValueError: sizes that do not increase; a level outside (0, 1); parameters that are not the family's.

    Example:
        >>> from jprob.density import exponential
        >>> study = clt(jax.random.key(0), exponential.family, {"rate": 0.5}, [10, 50], num_replicates=4000)
        >>> [round(float(m)) for m in study.mean], bool(study.skewness[1] < study.skewness[0])
        ([2, 2], True)
    """
    sizes = check_sizes(sizes)
    check_level(level)
    check_positive_int(num_replicates, "num_replicates")
    pilot_key, study_key = jax.random.split(key)
    family_or_sampler = the_law(family_or_sampler)
    draw, values = source(family_or_sampler, params)
    law = population(pilot_key, family_or_sampler, draw, values, mean, standard_deviation)
    number = jnp.asarray(np.array(sizes, float), jnp.result_type(float))
    critical = _critical(number, level)
    result = replicate(
        study_key,
        _experiment(draw, sizes),
        num_replicates,
        args=(values, law.centre, law.scale, critical),
        reduce=_REDUCE,
        **engine,
    )
    found = _summary(**result.reduced, law=law, n=number)
    return CLTStudy(
        sizes=jnp.asarray(sizes),
        **found,
        population=law,
        level=level,
        num_replicates=result.num_replicates,
        num_nan=result.num_nan,
        complete=result.complete,
    )


def smallest_size(study: CLTStudy, accuracy: float, *, of: str = "coverage") -> tuple[float, bool]:
    """The smallest n from which on the error of the study's intervals, or its distance to the normal, is small enough.

    Between sizes the error is taken as a power of n, and beyond the last one as falling with 1/n (coverages) or 1/√n
    (``"ks_distance"``).

    Args:
        study: of :func:`clt`.
        accuracy: largest tolerable \\|coverage − level\\|, or distance.
        of: ``"coverage"``, ``"coverage_normal"``, ``"coverage_edgeworth"`` or ``"ks_distance"``.

    Returns:
        The size, not rounded, and whether it lies within the sizes studied. ``inf`` where the law has no variance,
        ``nan`` where the study is empty.

    Raises:
        ValueError: an accuracy that is not positive, or another name.
    """
    if of not in _RATES:
        raise ValueError(f"`of` must be one of {', '.join(_RATES)}; got {of!r}.")
    if not accuracy > 0:
        raise ValueError(f"`accuracy` must be positive; got {accuracy}.")
    if not bool(study.population.has_variance):
        return math.inf, False
    value = np.asarray(getattr(study, of), float)
    error = np.abs(value - (study.level if of != "ks_distance" else 0.0))
    sizes = np.asarray(study.sizes, float)
    if np.isnan(error).any():
        return math.nan, False
    too_large = np.flatnonzero(error > accuracy)
    if too_large.size == 0:
        return float(sizes[0]), True
    last = too_large[-1]
    if last == len(sizes) - 1:
        return float(sizes[-1] * (error[-1] / accuracy) ** (1.0 / _RATES[of])), False
    (n0, n1), (e0, e1) = sizes[last : last + 2], error[last : last + 2]
    share = math.log(e0 / accuracy) / math.log(e0 / max(e1, 1e-12))
    return float(n0 * (n1 / n0) ** share), True


_RATES = {"coverage": 1.0, "coverage_normal": 1.0, "coverage_edgeworth": 1.0, "ks_distance": 0.5}
_REDUCE = {
    "z": part("z", moments()),
    "shares": part("shares", means()),
    "uniform": part("uniform", histogram(0.0, 1.0, _BINS)),
}


@functools.lru_cache(maxsize=64)
def _experiment(draw: Sampler, sizes: tuple[int, ...]) -> Callable:
    """One sample of the largest size, and what the samples of all sizes within it say."""

    def experiment(key: Array, params: dict, centre: Array, scale: Array, critical: Array) -> dict[str, Any]:
        y = (draw(key, sizes[-1], params).astype(scale.dtype) - centre) * (1.0 / scale)  # one division, not one a draw
        y = lax.optimization_barrier(y)  # made once: fused into every sum it would cost more than memory does
        n = jnp.asarray(np.array(sizes, float), y.dtype)
        first, second, third = running_sums(y, sizes, 3) / n
        centred = jnp.maximum(second - first**2, 0.0)
        spread = safe(centred > 0, centred, 1.0)
        t = jnp.sqrt(n - 1.0) * first / jnp.sqrt(spread)  # s has n - 1 in its denominator
        skewness = (third - 3.0 * first * second + 2.0 * first**3) / spread**1.5
        slope = skewness / jnp.sqrt(n)
        corrected = t + slope * (t**2 / 3.0 + 1.0 / 6.0) + slope**2 * t**3 / 27.0
        # a sample without spread has an interval of one point
        covered = [
            jnp.where(centred > 0, jnp.abs(v) <= c, first == 0.0).astype(y.dtype)
            for v, c in zip((t, t, corrected), (critical[0], critical[1], critical[0]), strict=True)
        ]
        covered = [jnp.where(jnp.isnan(first), jnp.nan, c) for c in covered]
        z = jnp.sqrt(n) * first
        cube = jnp.mean(jnp.abs(y[: sizes[0]]) ** 3)
        return {"z": z, "shares": {"covered": jnp.stack(covered), "cube": cube}, "uniform": ndtr(z)}

    return experiment


@jax.jit
def _critical(number: Array, level: Array) -> Array:
    tail = jnp.asarray((1.0 - level) / 2.0, number.dtype)
    t = student_t.isf(tail, number - 1.0, 0.0, 1.0)
    return jnp.stack([t, jnp.broadcast_to(normal_quantile(1.0 - tail, tail), t.shape)])


def _summary(z: Moments, shares: dict[str, Means], uniform: Any, law: Population, n: Array) -> dict[str, Array]:
    t, normal, edgeworth = (jax.tree.map(lambda leaf, i=i: leaf[i], shares["covered"]) for i in range(3))
    cube = shares["cube"]
    unit = law.scale / jnp.sqrt(n)
    counts = np.asarray(uniform.counts, float)
    total = np.maximum(counts.sum(-1, keepdims=True) + np.asarray(uniform.above, float)[:, None], 1.0)
    share = np.cumsum(counts, -1) / total  # what lies at 1 exactly is above
    gap = np.abs(share - np.arange(1, _BINS + 1) / _BINS)
    worst = np.take_along_axis(share, gap.argmax(-1)[:, None], -1)[:, 0]
    size = np.where(counts.sum(-1) > 0, total[:, 0], np.nan)

    def kept(values: np.ndarray) -> Array:
        return jnp.asarray(values, n.dtype)

    bound = jnp.where(law.has_variance, _BERRY_ESSEEN * cube.mean / jnp.sqrt(n), jnp.inf)
    return {
        "mean": law.centre + z.mean * unit,
        "mean_error": z.mean_error * unit,
        "standard_deviation": z.standard_deviation * unit,
        "standard_deviation_error": z.standard_deviation_error * unit,
        "skewness": z.skewness,
        "skewness_error": z.skewness_error,
        "excess_kurtosis": z.excess_kurtosis,
        "excess_kurtosis_error": z.excess_kurtosis_error,
        "coverage": t.mean,
        "coverage_error": t.mean_error,
        "coverage_normal": normal.mean,
        "coverage_normal_error": normal.mean_error,
        "coverage_edgeworth": edgeworth.mean,
        "coverage_edgeworth_error": edgeworth.mean_error,
        "ks_distance": kept(np.where(size > 0, gap.max(-1), np.nan)),
        "ks_distance_error": kept(np.sqrt(worst * (1.0 - worst) / size)),
        "ks_noise": kept(_KS_95 / np.sqrt(size)),
        "berry_esseen": bound,
        "berry_esseen_error": jnp.where(law.has_variance, _BERRY_ESSEEN * cube.mean_error / jnp.sqrt(n), jnp.nan),
        "variance_inflation": z.variance,
    }
