r"""An estimate with its errors: what is read off the likelihood where it is highest.

.. math:: \widehat{\mathrm{Cov}}(\hat\theta) = J\, \big(-\ddot\ell(\hat u)\big)^{-1} J^\top, \qquad
    J = \partial\theta / \partial u

with the observed information taken in unconstrained coordinates u, where the likelihood is closest to a parabola.

References:
    Efron, B. and Hinkley, D. V. (1978). Assessing the accuracy of the maximum likelihood estimator. Biometrika 65.
    Hurvich, C. M. and Tsai, C.-L. (1989). Regression and time series model selection in small samples. Biometrika 76.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from jprob._array import finfo
from jprob.estimate.newton import eigen, hessian
from jprob.estimate.optimise import Minimum

__all__ = ["Fit", "fitted"]

_FAR = 5.0  # on the log or log odds scale: a factor, or odds, of 150


class Fit(NamedTuple):
    """Maximum-likelihood (or posterior-mode) estimates and how far to trust them.

    Rows and columns of matrices follow ``jax.flatten_util.ravel_pytree(standard_error)``: names in alphabetical order,
    vectors unrolled.

    Attributes:
        params: estimates by name, each of shape ``(...)``, and what was ``fixed`` as it was given.
        standard_error: of each estimate, from the observed information; nan where the search failed or a flag below says that it
            means nothing.
        covariance: of the estimates, shape ``(..., p, p)``.
        log_likelihood: at the estimate, in nats. num_observations: the sum of the weights.
        aic: Akaike's criterion. aicc: corrected for small samples; infinite for n ≤ p + 1. bic: Schwarz's criterion.
        converged: finite log-likelihood and gradient norm below tolerance; of a closed form: finite.
        at_boundary: the likelihood rises up to the edge of the parameter space, or the support hangs on the estimate.
        hessian_pd: the observed information is positive definite.
        not_identified: the likelihood is flat in some direction, or rises for ever in one.
        status: index into ``STATUS``. num_steps: of the optimiser; 0 for a closed form.
        grad_norm: of the mean log-likelihood, per observation, in unconstrained coordinates.
        fisher_information: expected information of all observations, shape ``(..., p, p)``; ``None`` where there is no
            closed form.
    """

    params: Any
    standard_error: Any
    covariance: Array
    log_likelihood: Array
    num_observations: Array
    aic: Array
    aicc: Array
    bic: Array
    converged: Array
    at_boundary: Array
    hessian_pd: Array
    not_identified: Array
    status: Array
    num_steps: Array
    grad_norm: Array
    fisher_information: Array | None = None


def fitted(
    loss: Callable[[Any], Array],
    forward: Callable[[Any], Any],
    found: Minimum,
    *,
    log_likelihood: Array,
    total: Array,
    tolerance: Array,
    unit: Array | None = None,
    bounded: Array | None = None,
    curvature: Callable[[Any], Array] | None = None,
) -> Fit:
    """The report on one search that ended at ``found.params``, in coordinates in which the mean loss is ``loss``.

    Args:
        loss: minus the mean log-likelihood (or log posterior) of unconstrained coordinates.
        forward: coordinates to parameters. found: where the search ended.
        log_likelihood: there. total: number of observations. tolerance: of the gradient.
        unit: curvature in each coordinate that counts as one, shape ``(p,)``; ones by default.
        bounded: whether each coordinate belongs to a parameter with an edge, shape ``(p,)``.
        curvature: the information of one observation, where not that observed.
    """
    u, unravel = ravel_pytree(found.params)
    finite = jnp.all(jnp.isfinite(u))
    u = jnp.where(jnp.isfinite(u), u, 0.0)
    params = forward(unravel(u))
    flat = ravel_pytree(params)[0]
    if curvature is not None:
        information = curvature(unravel(u))
    elif found.hessian is not None:
        information = found.hessian
    else:
        information = hessian(lambda v: loss(unravel(v)))(u)
    unit = jnp.ones_like(u) if unit is None else jnp.where(unit > 0, unit, 1.0)
    bounded = jnp.zeros(u.shape, bool) if bounded is None else bounded
    root = jnp.sqrt(unit)
    known = finite & jnp.all(jnp.isfinite(information))
    relative = jnp.where(known, information, 0.0) / (root[:, None] * root)
    sizes, axes = eigen(relative)
    floor = 4.0 * u.size * finfo(u).eps * jnp.max(jnp.abs(sizes))
    positive = known & (sizes[0] > floor)
    # where one Newton step is no longer small at a gradient within tolerance, the gradient says nothing
    blunt = jnp.where((found.num_steps > 0) | ~found.converged, 10.0 * tolerance, 0.0)
    flat_there = ~finite | known & (sizes[0] <= jnp.maximum(floor, blunt))
    lost = ~known | ~found.converged & ~(found.grad_norm <= 100.0 * tolerance)
    flattest = jnp.argmax(jnp.abs(axes[:, 0]))
    # what has an edge but lies far from it is flat for another reason: the data do not tell parameters apart
    towards_edge = bounded[flattest] & (jnp.abs(u[flattest]) > _FAR) | ~finite
    slope = jax.jacfwd(lambda v: ravel_pytree(forward(unravel(v)))[0])(u)
    inverse = axes @ (axes.T / jnp.where(flat_there, 1.0, sizes)[:, None]) / (root[:, None] * root)
    covariance = jnp.where(flat_there | lost, jnp.nan, slope @ inverse @ slope.T / total)
    error = jnp.sqrt(jnp.diagonal(covariance))
    k = u.size
    aic = 2.0 * k - 2.0 * log_likelihood
    spare = total - k - 1.0
    return Fit(
        params=params,
        standard_error=ravel_pytree(params)[1](error.astype(flat.dtype)),
        covariance=covariance,
        log_likelihood=log_likelihood,
        num_observations=total,
        aic=aic,
        aicc=jnp.where(spare > 0, aic + 2.0 * k * (k + 1.0) / jnp.where(spare > 0, spare, 1.0), jnp.inf),
        bic=k * jnp.log(total) - 2.0 * log_likelihood,
        converged=found.converged,
        at_boundary=flat_there & towards_edge,
        hessian_pd=positive,
        not_identified=(flat_there & ~towards_edge) | ~(total > 0),
        status=found.status,
        num_steps=found.num_steps,
        grad_norm=found.grad_norm,
    )
