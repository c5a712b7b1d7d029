r"""Newton's step as an optax transformation, for few parameters.

.. math:: u \leftarrow u - t\, |H|^{-1} g, \qquad |H| = V\, |\Lambda|\, V^\top

The Hessian's eigenvalues are taken in absolute value, so that the step always leads downhill; a step that went uphill
is taken back and quartered. One evaluation a step, whatever happens: under ``vmap`` no lane waits for another's search.

References:
    Dauphin, Y. et al. (2014). Identifying and attacking the saddle point problem in high-dimensional optimization.
    Nocedal, J. and Wright, S. (2006). Numerical Optimization, 2nd ed., chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from jprob._array import finfo, safe

__all__ = ["NewtonState", "SecondOrder", "eigen", "expanded", "hessian", "newton"]

_FEW = 4  # so many parameters are cheaper forwards twice than backwards and forwards


class NewtonState(NamedTuple):
    """The best point so far and what is known there.

    Attributes:
        point: parameters as a vector ``(p,)``. value: the loss there; infinite before the first step.
        grad: shape ``(p,)``. curvature: shape ``(p, p)``.
        scale: the share of Newton's step that is tried, at most one.
    """

    point: Array
    value: Array
    grad: Array
    curvature: Array
    scale: Array


class SecondOrder(optax.GradientTransformationExtraArgs):
    """An optax transformation that would rather be given the ``hessian`` than find it."""


def newton() -> optax.GradientTransformationExtraArgs:
    """A damped Newton step that stays downhill where the loss is not convex.

    The update needs ``value`` and ``value_fn``, as that of ``optax.lbfgs`` does, or the ``hessian`` of the raveled parameters in
    place of the latter; :func:`minimise` gives them. Cost and
    memory grow with the square of the number of parameters, so up to some dozens.

    Returns:
        An optax transformation with a :class:`NewtonState`.

    Example:
        >>> from jprob.estimate.optimise import minimise
        >>> found = minimise(lambda u: (u - 3.0) ** 2, 0.0, optimizer=newton())
        >>> float(found.params), int(found.num_steps)
        (3.0, 1)
    """

    def init(params: Any) -> NewtonState:
        u = ravel_pytree(params)[0]
        inf, one = jnp.full((), jnp.inf, u.dtype), jnp.ones((), u.dtype)
        return NewtonState(u, inf, jnp.zeros_like(u), jnp.zeros(u.shape * 2, u.dtype), one)

    def update(updates: Any, state: Any, params: Any = None, **about: Any) -> tuple[Any, NewtonState]:
        value, known = about["value"], about.get("hessian")
        u, unravel = ravel_pytree(params)
        here = state._replace(
            point=u,
            value=value,
            grad=ravel_pytree(updates)[0],
            curvature=hessian(lambda v: about["value_fn"](unravel(v)))(u) if known is None else known,
            scale=jnp.minimum(4.0 * state.scale, 1.0),
        )
        finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(here.grad)) & jnp.all(jnp.isfinite(here.curvature))
        slack = 4.0 * finfo(u).eps * (1.0 + jnp.abs(value))
        downhill = finite & (value <= state.value + slack)
        back = state._replace(scale=state.scale / 4.0)
        new = NewtonState(*(jnp.where(downhill, a, b) for a, b in zip(here, back, strict=True)))
        most = 1e3 * (1.0 + jnp.max(jnp.abs(new.point)))  # from further away there would be no exact way back
        step = jnp.clip(new.scale * _step(new.grad, new.curvature), -most, most)
        return unravel(new.point - u + step), new

    return SecondOrder(init, update)


def expanded(function: Callable[[Any], Array], params: Any) -> tuple[Array, Any, Array]:
    """Value, gradient and second derivatives ``(p, p)`` of a scalar function of a pytree, in one pass."""
    u, unravel = ravel_pytree(params)

    def slope(v: Array) -> tuple[Array, tuple[Array, Array]]:
        value, grad = jax.value_and_grad(lambda v: function(unravel(v)))(v)
        return grad, (value, grad)

    curvature, (value, grad) = jax.jacfwd(slope, has_aux=True)(u)
    return value, unravel(grad), curvature


def hessian(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Second derivatives of a scalar function of a vector ``(p,)``, shape ``(p, p)``."""

    def of(u: Array) -> Array:
        inner = jax.jacfwd(function) if u.size <= _FEW else jax.grad(function)
        return jax.jacfwd(inner)(u)

    return of


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues in increasing order and eigenvectors as columns; without a call for each lane up to two by two."""
    if matrix.shape[-1] == 1:
        return matrix[0], jnp.ones_like(matrix)
    if matrix.shape[-1] > 2:
        return jnp.linalg.eigh(matrix)
    (a, b), (_, d) = matrix
    middle, apart = 0.5 * (a + d), 0.5 * (a - d)
    half = jnp.hypot(apart, b)
    # cosine and sine of half the angle of (apart, b): the larger by a sum, the smaller from their product
    some = half > 0
    size = safe(some, half, 1.0)
    large = jnp.where(some, jnp.sqrt(0.5 * (1.0 + jnp.abs(apart) / size)), 1.0)
    small = 0.5 * b / (size * large)
    wide = apart >= 0
    cos, sin = jnp.where(wide, large, jnp.abs(small)), jnp.where(wide, small, jnp.copysign(large, b))
    return jnp.stack([middle - half, middle + half]), jnp.stack([jnp.stack([-sin, cos]), jnp.stack([cos, sin])])


def _step(grad: Array, curvature: Array) -> Array:
    sizes, axes = eigen(curvature)
    sizes = jnp.abs(sizes)
    floor = finfo(grad).eps * jnp.max(sizes) + finfo(grad).tiny
    return -axes @ (axes.T @ grad / jnp.maximum(sizes, floor))
