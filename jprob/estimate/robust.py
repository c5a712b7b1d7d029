r"""Errors that do not take the model's word for it, and errors of what is computed from the estimates.

.. math:: \widehat{\mathrm{Cov}} = C \Big(\sum_g s_g s_g^\top\Big) C, \qquad s_g = \sum_{i \in g} w_i \nabla \ell_i

References:
    Huber, P. J. (1967). The behavior of maximum likelihood estimates under nonstandard conditions.
    White, H. (1982). Maximum likelihood estimation of misspecified models. Econometrica 50.
    Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import concrete, promote
from jprob.density import Family
from jprob.estimate._likelihood import the_family
from jprob.estimate.fit import Fit

__all__ = ["Derived", "delta_method", "estimated", "sandwich"]


class Derived(NamedTuple):
    """A function of the estimates.

    Attributes:
        value: shape ``(..., *event)``. standard_error: to first order, same shape.
        covariance: of the raveled values, shape ``(..., m, m)``.
    """

    value: Array
    standard_error: Array
    covariance: Array


def estimated(fit: Fit) -> Any:
    """The parameters that were estimated, without those that were fixed."""
    if isinstance(fit.params, Mapping) and isinstance(fit.standard_error, Mapping):
        return {name: fit.params[name] for name in fit.standard_error}
    return fit.params


def delta_method(fit: Fit, fn: Callable[[Any], ArrayLike]) -> Derived:
    """Value and standard error of a smooth function of the parameters.

    Args:
        fit: of one data set or of a batch. fn: ``fn(params)`` of one data set's parameters; any shape.

    Returns:
        :class:`Derived`.

    Example:
        >>> from jprob import density, estimate
        >>> fit = estimate.mle(density.exponential, [1.0, 2.0, 3.0, 2.0])
        >>> mean = delta_method(fit, lambda params: 1.0 / params["rate"])
        >>> float(mean.value), float(mean.standard_error)
        (2.0, 1.0)
    """
    batch = fit.log_likelihood.shape
    free = estimated(fit)
    others = {} if free is fit.params else {n: v for n, v in fit.params.items() if n not in free}

    def one(params: Any, covariance: Array) -> Derived:
        flat, unravel = ravel_pytree(params)

        def of(v: Array) -> Array:
            return jnp.asarray(fn(others | unravel(v) if others else unravel(v)))

        value = of(flat)
        slope = jax.jacfwd(lambda v: of(v).ravel())(flat)
        spread = slope @ covariance @ slope.T
        return Derived(value, jnp.sqrt(jnp.diagonal(spread)).reshape(value.shape), spread)

    for _ in batch:
        one = jax.vmap(one)
    return one(free, fit.covariance)


def sandwich(
    model: Family | ModuleType | Callable[[Any, Any], Array],
    data: Any,
    fit: Fit,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> Array:
    """Covariance of the estimates that holds also where the model is wrong or rows belong together.

    Without clusters that of Huber and White, without a small-sample factor; with G clusters their summed scores take the
    place of single ones, times G / (G − 1). Few clusters (fewer than about forty) still give too small errors.

    Args:
        model: the family or its module, or the ``log_likelihood(params, data)`` of :func:`fit_model`.
        data: as it was fitted: shape ``(..., n)``, of vectors ``(..., n, k)``; for a model its pytree.
        fit: the fit to these data. weights: as in the fit.
        clusters: a label for each observation, shape ``(n,)``, of any kind.

    Returns:
        Shape ``(..., p, p)``, in the order of ``fit.covariance``; nan where that is.

    Raises:
        ValueError: a number of labels other than that of observations, or fewer than two clusters.

    Example:
        >>> from jprob import density, estimate
        >>> x = jnp.asarray([0.0, 0.0, 4.0, 4.0])
        >>> fit = estimate.mle(density.poisson, x)
        >>> float(fit.covariance[0, 0]), float(sandwich(density.poisson, x, fit)[0, 0])  # λ/n, and s²/n
        (0.5, 1.0)
    """
    if isinstance(model, Family | ModuleType):
        held = {n: v for n, v in fit.params.items() if n not in fit.standard_error}
        family = the_family(model)
        (data,) = promote(data)
        each = data.shape[: data.ndim - family.event_ndim]
        spread = {n: jnp.broadcast_to(jnp.asarray(v, data.dtype), each) for n, v in held.items()}
        rows = (data, spread)

        def each_log_density(params: Any, rows: Any) -> Array:
            return family.logdensity(rows[0], rows[1] | params)

        log_likelihood = each_log_density
    else:
        rows, log_likelihood = data, model
        each = (np.shape(jax.tree.leaves(data)[0])[0],)
    w = jnp.broadcast_to(promote(1.0 if weights is None else weights)[0], each)
    labels, factor = _labels(clusters, each[-1])

    def one(params: Any, covariance: Array, rows: Any, w: Array) -> Array:
        flat, unravel = ravel_pytree(params)
        scores = jax.jacfwd(lambda v: log_likelihood(unravel(v), rows))(flat)
        scores = jnp.where((w > 0)[:, None], w[:, None] * scores, 0.0)
        if labels is not None:
            scores = jax.ops.segment_sum(scores, labels, each[-1])
        return factor * covariance @ (scores.T @ scores) @ covariance

    for _ in fit.log_likelihood.shape:
        one = jax.vmap(one)
    return one(estimated(fit), fit.covariance, rows, w.astype(fit.covariance.dtype))


def _labels(clusters: ArrayLike | None, n: int) -> tuple[Array | None, Any]:
    if clusters is None:
        return None, 1.0
    if np.shape(clusters) != (n,):
        raise ValueError(f"`clusters` must have shape ({n},); got {np.shape(clusters)}.")
    if not concrete(clusters):
        raise ValueError("`clusters` must be known before compiling; got traced values.")
    names, labels = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"`clusters` must be at least two; got {len(names)}.")
    return jnp.asarray(labels), len(names) / (len(names) - 1)
