r"""Tests of hypotheses about parameters: likelihood ratio, Wald and score.

.. math:: 2(\hat\ell - \ell_0), \qquad
    h^\top \big(\dot h\, C\, \dot h^\top\big)^{-1} h, \qquad
    s_0^\top I_0^{-1} s_0 \;\sim\; \chi^2_k

All three agree to first order. With few data or near an edge of the parameter space the likelihood ratio is the safest and
Wald's, which depends on how the hypothesis is written, the least; at an edge none of them is χ².

References:
    Cox, D. R. and Hinkley, D. V. (1974). Theoretical Statistics, section 9.3.
    Self, S. G. and Liang, K.-Y. (1987). Asymptotic properties under nonstandard conditions. JASA 82.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob.density import Family, gamma
from jprob.estimate._likelihood import mean_log_density, the_family
from jprob.estimate._sample import Params, Sample, coordinates, sample
from jprob.estimate.fisher import fisher_information
from jprob.estimate.fit import Fit
from jprob.estimate.maximum import check_free, mle
from jprob.estimate.newton import hessian
from jprob.estimate.robust import delta_method

__all__ = ["Test", "likelihood_ratio_test", "score_test", "wald_test"]


class Test(NamedTuple):
    """A test of a hypothesis.

    Attributes:
        statistic: shape ``(...)``. df: degrees of freedom of its χ² law. p_value: of as much or more; nan where a fit
            failed.
    """

    __test__ = False  # for pytest, which collects what is called so

    statistic: Array
    df: int
    p_value: Array


def _chi_squared(statistic: Array, df: int) -> Test:
    return Test(statistic, df, gamma.sf(jnp.maximum(statistic, 0.0), 0.5 * df, 0.5))


def likelihood_ratio_test(fit: Fit, null: Fit) -> Test:
    """Test of a model against one nested in it.

    Args:
        fit: of the larger model. null: of the smaller one, to the same data.

    Returns:
        :class:`Test`; its degrees of freedom are the parameters that the null fixes.

    Raises:
        ValueError: a null that has no fewer parameters.

    Example:
        >>> from jprob import density, estimate
        >>> x = jnp.asarray([1.0, 2.0, 3.0, 2.0])
        >>> family = density.poisson.family
        >>> free = estimate.mle(family, x)
        >>> rate_one = free._replace(log_likelihood=family.logdensity(x, {"rate": 1.0}).sum(), covariance=jnp.zeros((0, 0)))
        >>> round(float(likelihood_ratio_test(free, rate_one).statistic), 4)  # 2 (8 log 2 - 4)
        3.0904
    """
    df = fit.covariance.shape[-1] - null.covariance.shape[-1]
    if df < 1:
        raise ValueError(f"`null` must have fewer parameters than `fit`; got {-df} more.")
    return _chi_squared(2.0 * (fit.log_likelihood - null.log_likelihood), df)


def wald_test(fit: Fit, hypothesis: Callable[[Any], ArrayLike]) -> Test:
    """Test that a function of the parameters is zero.

    Args:
        fit: of one data set or of a batch.
        hypothesis: ``hypothesis(params)`` is zero, a number or a vector, if the null holds.

    Returns:
        :class:`Test` with as many degrees of freedom as there are numbers.

    Example:
        >>> from jprob import density, estimate
        >>> fit = estimate.mle(density.poisson, [1.0, 2.0, 3.0, 2.0])
        >>> float(wald_test(fit, lambda params: params["rate"] - 1.0).statistic)  # 1 / (2 / 4)
        2.0
    """
    derived = delta_method(fit, lambda params: jnp.atleast_1d(jnp.asarray(hypothesis(params))).ravel())
    solved = jnp.linalg.solve(derived.covariance, derived.value[..., None])[..., 0]
    return _chi_squared(jnp.sum(derived.value * solved, -1), derived.value.shape[-1])


def score_test(
    family: Family | ModuleType,
    data: ArrayLike,
    null: Mapping[str, ArrayLike],
    *,
    weights: ArrayLike | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
) -> Test:
    """Test that parameters have given values, without estimating them: Rao's.

    With the expected information where it has a closed form, else the observed one, in unconstrained coordinates.

    Args:
        family: the family or its module. data: shape ``(..., n)``.
        null: the values by name, scalars.
        weights, fixed: as in :func:`mle`.

    Returns:
        :class:`Test`.

    Raises:
        ValueError: as :func:`mle`; a null that names no parameter to estimate.

    Example:
        >>> from jprob import density
        >>> x = [1.0, 2.0, 3.0, 2.0]
        >>> round(float(score_test(density.poisson, x, {"rate": 0.5}).statistic), 3)  # (8 - 2)² / 2
        18.0
    """
    family, known = the_family(family), dict(fixed or {})
    free = check_free(family, known)
    if not null or any(name not in free for name in null):
        raise ValueError(f"`null` must name parameters of {', '.join(free)}; got {', '.join(null) or 'none'}.")
    batch, these = sample(family, data, weights, known)
    others = [name for name in free if name not in null]
    at = {name: jnp.broadcast_to(jnp.asarray(value, these.x.dtype), batch) for name, value in null.items()}
    if others:
        fit = mle(family, data, weights=weights, fixed=known | dict(null))
        at |= {name: fit.params[name] for name in others}
    at = {name: value.reshape(these.x.shape[0], *value.shape[len(batch) :]) for name, value in at.items()}
    return _chi_squared(_score_statistic(family, these, at).reshape(batch), len(null))


@partial(jax.jit, static_argnames="family")
def _score_statistic(family: Family, these: Sample, at: Params) -> Array:
    def one(x: Array, weights: Array, fixed: Params, at: Params) -> Array:
        weights = jnp.broadcast_to(weights, x.shape[:1])
        total = jnp.sum(weights)
        value = mean_log_density(family, x, weights / total)
        space = coordinates(family, at, Sample(x, weights, fixed), inside=True)
        u, unravel = ravel_pytree(space.start)

        def gain(u: Array) -> Array:
            return value(fixed | space.forward(unravel(u)))

        expected = fisher_information(family, fixed | at)
        if expected is None or expected.ndim > 2 or len(at) < expected.shape[-1]:
            score, information = jax.grad(gain)(u), -hessian(gain)(u)
        else:
            score, information = ravel_pytree(jax.grad(lambda p: value(fixed | p))(at))[0], expected
        return total * score @ jnp.linalg.solve(information, score)

    along = {name: 0 if value.ndim else None for name, value in these.fixed.items()}
    return jax.vmap(one, in_axes=(0, 0, along, 0))(*these, at)
