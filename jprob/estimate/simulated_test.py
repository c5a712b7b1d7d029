r"""A likelihood-ratio test whose law is simulated: where χ² is wrong, at an edge or with few data.

.. math:: p = \frac{1 + \#\{b : 2(\hat\ell_b - \hat\ell_{0,b}) \ge 2(\hat\ell - \hat\ell_0)\}}{1 + B}

over B data sets drawn from the null fitted to the data, each fitted anew by both models.

References:
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 4.2. Cambridge.
    McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic. Applied Statistics 36: mixtures.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, promote
from jprob.density import Family
from jprob.estimate._likelihood import the_family
from jprob.estimate._sample import Params, sample
from jprob.estimate.maximum import check_free, mle
from jprob.simulate import replicate

__all__ = ["SimulatedTest", "simulated_ratio_test"]


class SimulatedTest(NamedTuple):
    """A likelihood-ratio test by parametric bootstrap.

    Attributes:
        statistic: twice the difference of the log likelihoods.
        p_value: of as much or more under the fitted null. p_value_error: its simulation error.
        draws: the statistic of each simulated data set, shape ``(resamples,)``.
        num_failed: of them that could not be fitted; they count as extreme.
        null_params: from which they were drawn.
        complete: false after Ctrl-C.
    """

    __test__ = False  # for pytest, which collects what is called so

    statistic: Array
    p_value: Array
    p_value_error: Array
    draws: Array
    num_failed: Array
    null_params: Params
    complete: Array


def simulated_ratio_test(
    key: Array,
    family: Family | ModuleType,
    data: ArrayLike,
    null: Mapping[str, ArrayLike] | Family | ModuleType,
    *,
    fixed: Mapping[str, ArrayLike] | None = None,
    num_resamples: int = 999,
    **engine: Any,
) -> SimulatedTest:
    """Test a family against parameters of given values, or against another family nested in it.

    Args:
        key: a JAX random key.
        family: the larger model. data: one data set, shape ``(n,)``.
        null: values by name, scalars; or the smaller family, as ``poisson`` in ``zero_inflated(poisson)``.
        fixed: known parameters of both, scalars.
        num_resamples: data sets drawn from the null.
        **engine: ``mesh progress max_bytes`` of :func:`jprob.simulate.replicate`.

    Returns:
        :class:`SimulatedTest`.

    Raises:
        ValueError: as :func:`mle`; data of more than one set; a null that names no parameter to estimate.

    Example:
        >>> from jprob.density import poisson
        >>> test = simulated_ratio_test(jax.random.key(0), poisson, [1.0, 2.0, 3.0, 2.0], {"rate": 1.0}, num_resamples=199)
        >>> round(float(test.statistic), 4), bool(0.03 < test.p_value < 0.25)  # 2 (8 log 2 - 4); by chi-squared .079
        (3.0904, True)
    """
    check_positive_int(num_resamples, "num_resamples")
    family, known = the_family(family), tuple((fixed or {}).items())
    if isinstance(null, Mapping):
        free = check_free(family, dict(known))
        if not null or any(name not in free for name in null):
            raise ValueError(f"`null` must name parameters of {', '.join(free)}; got {', '.join(null) or 'none'}.")
        smaller, held = family, tuple(null.items())
    else:
        smaller, held = the_family(null), ()
    batch, _ = sample(family, data, None, {})
    if batch:
        raise ValueError(f"`data` must be one data set of shape (n,); got one axis more, {batch}.")
    (x,) = promote(data)
    found, params = _ratio(family, smaller, dict(known), dict(held), x)
    names = tuple(name for name, _ in known), tuple(name for name, _ in held)
    values = {name: jnp.asarray(value, x.dtype) for name, value in (*known, *held)}
    run = replicate(key, _experiment(family, smaller, names, x.size), num_resamples, args=(params, values), **engine)
    return _judged(found, run.draws, params, run.complete)


def _ratio(
    family: Family, smaller: Family, known: Mapping[str, ArrayLike], held: Mapping[str, ArrayLike], x: Array
) -> tuple[Array, Params]:
    """The statistic, and the null's parameters."""
    free = mle(family, x, fixed=known)
    if {*held, *known} >= set(smaller.parameters):
        params = {name: jnp.asarray(value, x.dtype) for name, value in {**known, **held}.items()}
        return 2.0 * (free.log_likelihood - jnp.sum(smaller.logdensity(x, params))), params
    own = {name: value for name, value in {**known, **held}.items() if name in smaller.parameters}
    null = mle(smaller, x, fixed=own)
    return 2.0 * (free.log_likelihood - null.log_likelihood), {
        n: jnp.asarray(null.params[n], x.dtype) for n in smaller.parameters
    }


@functools.lru_cache(maxsize=64)
def _experiment(family: Family, smaller: Family, names: tuple[tuple[str, ...], ...], size: int) -> Callable[..., Array]:
    def draw(key: Array, params: Params, values: Params) -> Array:
        x = smaller.sample(key, **params, shape=(size,))
        known, held = ({name: values[name] for name in group} for group in names)
        return _ratio(family, smaller, known, held, x)[0]

    return draw


@jax.jit
def _judged(found: Array, draws: Array, params: Params, complete: bool) -> SimulatedTest:
    num, failed = draws.shape[0], ~jnp.isfinite(draws)
    # a larger model that gains nothing gains it up to the tolerance of its search
    slack = 1e-6 * (1.0 + jnp.abs(found)) if draws.dtype == jnp.float64 else 1e-4 * (1.0 + jnp.abs(found))
    p = (1.0 + jnp.sum((draws >= found - slack) | failed)) / (num + 1.0)
    return SimulatedTest(
        statistic=found,
        p_value=jnp.where(jnp.isfinite(found), p, jnp.nan).astype(draws.dtype),
        p_value_error=jnp.sqrt(p * (1.0 - p) / num).astype(draws.dtype),
        draws=draws,
        num_failed=jnp.sum(failed),
        null_params=params,
        complete=jnp.asarray(complete),
    )
