"""A model fitted to data that do not fit into memory: Newton's method over chunks that are read anew for each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from jprob._array import is_float64, promote
from jprob.estimate.fit import Fit, fitted
from jprob.estimate.model import check_rows
from jprob.estimate.newton import expanded, newton
from jprob.estimate.optimise import STATUS, Minimum, check_search

__all__ = ["fit_stream"]


def fit_stream(
    log_likelihood: Callable[[Any, Any], Array],
    init: Any,
    chunks: Callable[[], Iterable[Any]],
    *,
    max_steps: int = 50,
    tolerance: float | None = None,
) -> Fit:
    """The estimate of :func:`fit_model` from chunks of data, one in memory at a time.

    A loop on the host: each step reads all chunks once and adds up their values, gradients and Hessians, so the estimate
    is exact, not that of a stochastic gradient. Chunks of one shape share one compiled program.

    Args:
        log_likelihood: ``log_likelihood(params, data)``, the log likelihood of each observation of a chunk.
        init: where to begin, any pytree of arrays.
        chunks: ``chunks()`` gives an iterable over chunks, each a pytree with observations along the first axis.
        max_steps: most passes after the first. tolerance: as in :func:`fit_model`.

    Returns:
        :class:`Fit`.

    Raises:
        ValueError: no chunks, missing values, bad limits.

    Example:
        >>> poisson = lambda b, y: y * b - jnp.exp(b)
        >>> halves = [np.array([1.0, 3.0]), np.array([2.0, 2.0])]
        >>> round(float(fit_stream(poisson, 0.0, lambda: halves).params), 4)  # the log of the mean
        0.6931
    """
    check_search(max_steps, tolerance)
    leaves, treedef = jax.tree.flatten(init)
    init = jax.tree.unflatten(treedef, promote(*leaves))
    u, unravel = ravel_pytree(init)
    tolerance = (1e-9 if is_float64(u) else 1e-5) if tolerance is None else tolerance
    add = partial(_sums, log_likelihood, unravel)

    def evaluated(u: Array) -> tuple[int, Array, Array, Array]:
        count, sums = 0, None
        for chunk in chunks():
            count += check_rows(chunk)
            new = add(u, jax.tree.map(lambda a: promote(a)[0], chunk))
            sums = new if sums is None else jax.tree.map(jnp.add, sums, new)
        if sums is None:
            raise ValueError("`chunks` must give at least one chunk; got none.")
        value, grad, curvature = (-each / count for each in sums)
        return count, value, grad, curvature

    optimizer = newton()
    state, steps, unit = optimizer.init(u), 0, None
    while True:
        count, value, grad, curvature = evaluated(u)
        norm = jnp.linalg.norm(grad)
        unit = jnp.abs(jnp.diagonal(curvature)) if steps == 0 else unit
        converged = bool(jnp.isfinite(value)) and bool(norm <= tolerance)
        if converged or steps == max_steps or (steps == 0 and not np.isfinite(value)):
            break
        step, state = optimizer.update(grad, state, u, value=value, hessian=curvature)
        u, steps = u + jnp.asarray(step), steps + 1
    status = "converged" if converged else "max_steps" if np.isfinite(value) else "non_finite"
    found = Minimum(
        unravel(u),
        value,
        jnp.asarray(converged),
        jnp.asarray(STATUS.index(status), jnp.int32),
        jnp.asarray(steps, jnp.int32),
        norm,
    )
    total = jnp.asarray(count, u.dtype)
    return fitted(
        lambda _: value,
        lambda params: params,
        found,
        log_likelihood=-value * total,
        total=total,
        tolerance=jnp.asarray(tolerance, u.dtype),
        unit=unit,
        curvature=lambda _: curvature,
    )


@partial(jax.jit, static_argnames=("log_likelihood", "unravel"))
def _sums(log_likelihood: Callable, unravel: Callable, u: Array, data: Any) -> tuple[Array, Array, Array]:
    return expanded(lambda u: jnp.sum(log_likelihood(unravel(u), data)), u)
