"""Minimise a function with any optax optimiser, in one compiled loop that says how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import concrete, is_float64, promote
from jprob.estimate.newton import SecondOrder, expanded

__all__ = ["STATUS", "Minimum", "check_search", "minimise"]

STATUS = ("converged", "max_steps", "non_finite", "no_decrease")
"""What a status stands for: ``STATUS[int(minimum.status)]``."""

_CONVERGED, _MAX_STEPS, _NON_FINITE, _NO_DECREASE = range(4)


class Minimum(NamedTuple):
    """Where a search ended and why.

    Attributes:
        params: the last point if it converged, else the best one seen; structure of ``init``.
        loss: there.
        converged: the loss is finite and the gradient no longer than the tolerance.
        status: index into ``STATUS``.
        num_steps: updates made. grad_norm: Euclidean, at ``params``.
        trace: the loss at each point visited, shape ``(max_steps + 1,)``, nan after the last; ``None`` unless asked for.
        hessian: of the loss in the raveled ``params``, shape ``(p, p)``, from an optimiser that needs it; else ``None``.
    """

    params: Any
    loss: Array
    converged: Array
    status: Array
    num_steps: Array
    grad_norm: Array
    trace: Array | None = None
    hessian: Array | None = None


class _Point(NamedTuple):
    params: Any
    loss: Array
    grad: Any
    norm: Array
    hessian: Array | None


class _Search(NamedTuple):
    now: _Point
    best: _Point
    optimizer: Any
    num_steps: Array
    idle: Array
    trace: Array | None


def minimise(
    loss_fn: Callable[[Any], Array],
    init: Any,
    *,
    optimizer: optax.GradientTransformation | None = None,
    max_steps: int | Array = 500,
    tolerance: ArrayLike | None = None,
    patience: int = 50,
    trace: bool = False,
) -> Minimum:
    """A local minimum of a function of any pytree, with its status; works under ``jit`` and ``vmap``.

    A loss that is infinite has a gradient of zero in JAX, so convergence asks for a finite loss and a small gradient.
    Whether it is the lowest minimum no search of this kind knows.

    Args:
        loss_fn: ``loss_fn(params)`` is a scalar. init: where to begin, any pytree of arrays.
        optimizer: any optax transformation; ``optax.lbfgs()`` by default. See also :func:`jprob.estimate.newton`.
        max_steps: most updates; 0 only evaluates.
        tolerance: largest Euclidean norm of the gradient; 1e-9 in float64, 1e-5 in float32 by default.
        patience: updates in a row without a lower loss after which to give up.
        trace: keep the loss at each step.

    Returns:
        :class:`Minimum`.

    Raises:
        ValueError: a negative tolerance or number of steps.

    Example:
        >>> found = minimise(lambda p: (p["x"] - 1.0) ** 2, {"x": 4.0})
        >>> round(float(found.params["x"]), 4), STATUS[int(found.status)]
        (1.0, 'converged')
    """
    check_search(max_steps, tolerance, patience)
    leaves, treedef = jax.tree.flatten(init)
    leaves = promote(*leaves)
    init = jax.tree.unflatten(treedef, leaves)
    if tolerance is None:
        tolerance = 1e-9 if is_float64(leaves[0]) else 1e-5
    step = optax.with_extra_args_support(optax.lbfgs() if optimizer is None else optimizer)
    bent = isinstance(optimizer, SecondOrder)

    def at(params: Any) -> _Point:
        loss, grad, hessian = expanded(loss_fn, params) if bent else (*jax.value_and_grad(loss_fn)(params), None)
        return _Point(params, loss, grad, optax.tree.norm(grad), hessian)

    def good(point: _Point) -> Array:
        return jnp.isfinite(point.loss) & (point.norm <= tolerance)

    def going(s: _Search) -> Array:
        return ~good(s.now) & (s.num_steps < max_steps) & (s.idle < patience) & jnp.isfinite(s.best.loss)

    def advance(s: _Search) -> _Search:
        now = s.now
        about = {"hessian": now.hessian} if bent else {"grad": now.grad, "value_fn": loss_fn}
        updates, state = step.update(now.grad, s.optimizer, now.params, value=now.loss, **about)
        new = at(optax.apply_updates(now.params, updates))
        lower = (new.loss < s.best.loss) & jnp.isfinite(new.norm)
        best = jax.tree.map(lambda a, b: jnp.where(lower, a, b), new, s.best)
        count = s.num_steps + 1
        kept = None if s.trace is None else s.trace.at[count].set(new.loss)
        return _Search(new, best, state, count, jnp.where(lower, 0, s.idle + 1), kept)

    first = at(init)
    kept = jnp.full(int(max_steps) + 1, jnp.nan, first.loss.dtype).at[0].set(first.loss) if trace else None
    zero = jnp.zeros((), jnp.int32)
    end = lax.while_loop(going, advance, _Search(first, first, step.init(init), zero, zero, kept))
    converged = good(end.now)
    found = jax.tree.map(lambda a, b: jnp.where(converged, a, b), end.now, end.best)
    stopped = jnp.where(end.idle >= patience, _NO_DECREASE, _MAX_STEPS)
    lost = ~jnp.isfinite(end.now.loss) | ~jnp.isfinite(end.now.norm)
    status = jnp.where(converged, _CONVERGED, jnp.where(lost, _NON_FINITE, stopped)).astype(jnp.int32)
    return Minimum(found.params, found.loss, converged, status, end.num_steps, found.norm, end.trace, found.hessian)


def check_search(max_steps: Any, tolerance: Any, patience: Any = 1) -> None:
    """Raise ``ValueError`` for limits of a search that make no sense."""
    for name, value, least in (("max_steps", max_steps, 0), ("patience", patience, 1)):
        if concrete(value) and not (np.ndim(value) == 0 and value == int(value) and value >= least):
            raise ValueError(f"`{name}` must be a whole number of at least {least}; got {value!r}.")
    if tolerance is not None and concrete(tolerance) and not float(np.asarray(tolerance)) >= 0.0:
        raise ValueError(f"`tolerance` must not be negative; got {tolerance}.")
