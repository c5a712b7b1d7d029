r"""What an interval procedure really covers, over a grid of truths.

.. math:: C(\theta) = \sum_x f(x \mid \theta) \, 1[L(x) \le \theta \le U(x)]

exactly, where there are few x, and otherwise by simulation.

References:
    Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical Science 16.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import check_positive_int
from jprob.density import Family
from jprob.simulate.engine import replicate
from jprob.simulate.moments import means
from jprob.simulate.sampling import Sampler, source, the_law

__all__ = ["Coverage", "coverage"]

Interval = Callable[..., Any]

_MOST_OUTCOMES = 2**16


class Coverage(NamedTuple):
    """Coverage and length of an interval, for every truth of the grid; all but the last lines have shape ``(truths,)``.

    Attributes:
        truth: what is to be covered.
        coverage: probability that the interval contains it.
        coverage_error: Monte Carlo standard error; 0 by enumeration.
        length: expected length.
        length_error: Monte Carlo standard error; 0 by enumeration.
        miss_below: probability that the whole interval lies below the truth.
        miss_above: probability that it lies above.
        exact: by enumeration.
        num_replicates: simulated; 0 by enumeration. num_nan: of them with a ``nan`` in any interval; these are left out.
    """

    truth: Array
    coverage: Array
    coverage_error: Array
    length: Array
    length_error: Array
    miss_below: Array
    miss_above: Array
    exact: bool
    num_replicates: int
    num_nan: int


def coverage(
    key: Array | None,
    interval: Interval,
    family_or_sampler: Family | ModuleType | Sampler,
    params: Mapping[str, Any],
    *,
    truth: str | Callable[..., Any],
    size: int | None = None,
    num_replicates: int | None = None,
    randomised: bool = False,
    **engine: Any,
) -> Coverage:
    """Coverage of ``interval`` over a grid of parameters.

    With neither ``size`` nor ``num_replicates`` every outcome of one draw of a discrete family is weighed by its
    probability: no key is needed and nothing is random. Otherwise data sets are drawn; all truths see the same random
    bits, so that their differences are sharper than each of them.

    Args:
        key: a JAX random key; ``None`` for an enumeration.
        interval: ``interval(x)`` returns the two ends, as a pair or on a last axis of two. ``x`` is a data set of shape
            ``(size,)``, one draw of shape ``()``, or in an enumeration all outcomes of shape ``(outcomes,)``.
        family_or_sampler: a family, or ``sampler(key, n, **params)``.
        params: by name, numbers or arrays that broadcast to shape ``(truths,)``.
        truth: the parameter that is to be covered, or a function of the parameters, as ``family.mean``.
        size: draws in a data set; one draw without an axis by default.
        num_replicates: data sets.
        randomised: the interval draws too: ``interval(key, x)``, a bootstrap say.
        **engine: ``mesh progress checkpoint resume max_bytes tile tiles_per_dispatch`` of :func:`replicate`.

    Returns:
        :class:`Coverage`.

    Raises:
        ValueError: an enumeration of more than 65,536 outcomes, or of a law that is not discrete and bounded; unknown
            parameters.

    Example:
        >>> from jprob.density import binomial
        >>> from jprob.estimate import proportion_interval
        >>> def wald(k):
        ...     return proportion_interval(k, 40, method="wald")
        >>> found = coverage(None, wald, binomial.family, {"n": 40, "p": [0.5]}, truth="p")
        >>> round(float(found.coverage[0]), 3)  # nominally 0.95
        0.919
    """
    family_or_sampler = the_law(family_or_sampler)
    draw, values = source(family_or_sampler, params)
    grid = dict(zip(values, jnp.broadcast_arrays(*map(jnp.atleast_1d, values.values())), strict=True))
    if isinstance(truth, str) and truth not in grid:
        raise ValueError(f"`truth` must be one of {', '.join(grid)}; got {truth!r}.")
    target = grid[truth] if isinstance(truth, str) else jnp.asarray(truth(**grid))
    if size is None and num_replicates is None:
        return _enumerated(interval, family_or_sampler, grid, target, randomised)
    if key is None:
        raise ValueError("`key` must be a JAX random key where data are drawn; got None.")
    check_positive_int(1 if size is None else size, "size")
    number = 10_000 if num_replicates is None else num_replicates
    check_positive_int(number, "num_replicates")
    experiment = _experiment(draw, interval, size, randomised)
    found = replicate(key, experiment, number, args=(grid, target), reduce=means(), **engine)
    inside, length, below, above = (jax.tree.map(lambda leaf, i=i: leaf[i], found.reduced) for i in range(4))
    return Coverage(
        truth=target,
        coverage=inside.mean,
        coverage_error=inside.mean_error,
        length=length.mean,
        length_error=length.mean_error,
        miss_below=below.mean,
        miss_above=above.mean,
        exact=False,
        num_replicates=found.num_replicates,
        num_nan=found.num_nan,
    )


@functools.lru_cache(maxsize=64)
def _experiment(draw: Sampler, interval: Interval, size: int | None, randomised: bool) -> Callable:
    def experiment(key: Array, grid: dict[str, Array], target: Array) -> Array:
        data_key, own_key = jax.random.split(key)

        def one(params: dict[str, Array], true: Array) -> Array:
            x = draw(data_key, 1 if size is None else size, params)
            x = x[0] if size is None else x
            low, high = _ends(interval(own_key, x) if randomised else interval(x))
            known = ~(jnp.isnan(low) | jnp.isnan(high))
            says = [(low <= true) & (true <= high), high - low, high < true, low > true]
            return jnp.stack([jnp.where(known, value, jnp.nan) for value in says])

        return jax.vmap(one, out_axes=1)(grid, target)

    return experiment


def _enumerated(
    interval: Interval, family: Family | Sampler, grid: dict[str, Array], target: Array, randomised: bool
) -> Coverage:
    if not isinstance(family, Family) or not family.discrete:
        raise ValueError("`num_replicates` must be given where the outcomes cannot be listed; got no discrete family.")
    if randomised:
        raise ValueError("`num_replicates` must be given for a randomised interval; got None.")
    first, last = (np.asarray(end) for end in family.support(**grid))
    num = np.max(last) - np.min(first) + 1
    if not num <= _MOST_OUTCOMES:
        raise ValueError(f"`num_replicates` must be given beyond {_MOST_OUTCOMES} outcomes; got {num:.15g} of them.")
    outcomes = jnp.arange(int(num), dtype=target.dtype) + float(np.min(first))
    low, high = _ends(interval(outcomes))
    mass = jnp.exp(family.logdensity(outcomes[:, None], grid))  # −inf off the support
    low, high = (jnp.broadcast_to(end, outcomes.shape)[:, None] for end in (low, high))

    def expected(values: Array) -> Array:
        return jnp.sum(jnp.where(mass > 0, mass * values, 0.0), 0)

    none = jnp.zeros_like(target)
    return Coverage(
        truth=target,
        coverage=expected((low <= target) & (target <= high)),
        coverage_error=none,
        length=expected(high - low),
        length_error=none,
        miss_below=expected(high < target),
        miss_above=expected(low > target),
        exact=True,
        num_replicates=0,
        num_nan=0,
    )


def _ends(found: Any) -> tuple[Array, Array]:
    if isinstance(found, tuple):
        low, high = found
        return jnp.asarray(low), jnp.asarray(high)
    return found[..., 0], found[..., 1]
