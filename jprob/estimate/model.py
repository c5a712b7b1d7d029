r"""Maximum likelihood, or posterior mode, of a model of one's own: a regression, say.

.. math:: \hat\beta = \arg\max_\beta \Big[ \sum_i w_i\, \ell_i(\beta) + \log\pi(\beta) \Big]

With a Gaussian prior of scale τ this is least squares (of whatever likelihood) with the penalty ``|β|² / 2τ²``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import concrete, is_float64, promote
from jprob.estimate.fit import Fit, fitted
from jprob.estimate.newton import hessian, newton
from jprob.estimate.optimise import check_search, minimise

__all__ = ["check_rows", "fit_model"]

_NEWTON = 64  # parameters; beyond, the Hessian costs more than the steps it saves


def fit_model(
    log_likelihood: Callable[[Any, Any], Array],
    init: Any,
    data: Any,
    *,
    weights: ArrayLike | None = None,
    log_prior: Callable[[Any], Array] | None = None,
    max_steps: int = 200,
    tolerance: float | None = None,
) -> Fit:
    """Fit a model given by the log likelihood of each observation; works under ``vmap``.

    Parameters are unconstrained: write ``jnp.exp(params["log_scale"])``. Where the likelihood has no maximum, as that of a
    logistic regression on separable data, the fit says ``not_identified`` and has no standard errors. Compiled once for
    each pair of functions and shapes.

    Args:
        log_likelihood: ``log_likelihood(params, data)``, the log likelihood of each observation, shape ``(n,)``.
        init: where to begin, any pytree of arrays.
        data: any pytree of arrays with observations along the first axis.
        weights: of the observations, non-negative, shape ``(n,)``; one each by default.
        log_prior: ``log_prior(params)``, a scalar, added to the log likelihood.
        max_steps: most steps of the optimiser: Newton's up to 64 parameters, beyond that L-BFGS.
        tolerance: largest gradient norm per observation; 1e-9 in float64, 1e-5 in float32 by default.

    Returns:
        :class:`Fit`, estimates in the structure of ``init``.

    Raises:
        ValueError: no data, missing values, bad weights or limits.

    Example:
        >>> poisson = lambda b, data: data["y"] * b - jnp.exp(b)
        >>> fit = fit_model(poisson, 0.0, {"y": np.array([1.0, 3.0])})
        >>> round(float(fit.params), 4)  # the log of the mean
        0.6931
    """
    check_search(max_steps, tolerance)
    leaves, treedef = jax.tree.flatten(init)
    n = check_rows(data)
    *leaves, w = promote(*leaves, 1.0 if weights is None else weights)
    if w.ndim and w.shape != (n,):
        raise ValueError(f"`weights` must have shape ({n},); got {w.shape}.")
    if concrete(w) and not (np.isfinite(w) & (np.asarray(w) >= 0)).all():
        raise ValueError("`weights` must be finite and not negative; got others.")
    if tolerance is None:
        tolerance = 1e-9 if is_float64(leaves[0]) else 1e-5
    w = jnp.broadcast_to(w, (n,))
    return _fit(log_likelihood, log_prior, max_steps, jax.tree.unflatten(treedef, leaves), data, w, tolerance)


@partial(jax.jit, static_argnames=("log_likelihood", "log_prior", "max_steps"))
def _fit(
    log_likelihood: Callable[[Any, Any], Array],
    log_prior: Callable[[Any], Array] | None,
    max_steps: int,
    init: Any,
    data: Any,
    weights: Array,
    tolerance: Array,
) -> Fit:
    total = jnp.sum(weights)

    def value(params: Any) -> Array:
        each = log_likelihood(params, data)
        if each.shape != weights.shape:
            raise ValueError(f"`log_likelihood` must have shape {weights.shape}; got {each.shape}.")
        return jnp.sum(jnp.where(weights > 0, weights / total * each, 0.0))

    def loss(params: Any) -> Array:
        return -value(params) if log_prior is None else -value(params) - log_prior(params) / total

    u, unravel = ravel_pytree(init)
    few = u.size <= _NEWTON
    found = minimise(loss, init, optimizer=newton() if few else None, max_steps=max_steps, tolerance=tolerance)
    unit = jnp.abs(jnp.diagonal(hessian(lambda v: loss(unravel(v)))(u)))
    return fitted(
        loss,
        lambda params: params,
        found,
        log_likelihood=total * value(found.params),
        total=total,
        tolerance=jnp.asarray(tolerance, u.dtype),
        unit=unit,
    )


def check_rows(data: Any) -> int:
    """The common length of the first axis; ``ValueError`` where there is none, or a value is missing."""
    leaves = jax.tree.leaves(data)
    lengths = {np.shape(leaf)[0] if np.ndim(leaf) else None for leaf in leaves}
    if len(lengths) != 1 or None in lengths:
        raise ValueError(
            f"`data` must have observations along its first axis; got shapes {[np.shape(x) for x in leaves]}."
        )
    n = lengths.pop()
    if not n:
        raise ValueError("`data` must hold at least one observation; got none.")
    for leaf in leaves:
        if concrete(leaf) and np.issubdtype(np.asarray(leaf).dtype, np.floating):
            missing = np.isnan(np.asarray(leaf)).reshape(n, -1).any(1)
            if missing.any():
                raise ValueError(f"`data` must not be missing; got nan in row {int(np.argmax(missing))}.")
    return n
