r"""Logistic regression of few features on targets in [0, 1], by damped Newton steps.

.. math:: \hat\beta = \arg\max_\beta \sum_i w_i \big[t_i \log\sigma(x_i^\top \beta) + (1 - t_i) \log\sigma(-x_i^\top\beta)\big]
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo, safe

__all__ = ["Logistic", "logistic", "separated"]

_MOST_STEPS = 100


class Logistic(NamedTuple):
    """Coefficients, their covariance by the curvature, and whether the slope vanished there."""

    coefficients: Array
    covariance: Array
    converged: Array


class _Search(NamedTuple):
    at: Array
    loss: Array
    step: Array
    scale: Array
    decrement: Array
    done: Array


def logistic(x: Array, targets: Array, weights: Array, used: Array) -> Logistic:
    """Fit of features ``(n, d)``; those that are not ``used``, shape ``(d,)``, have the coefficient 0."""
    w = jnp.broadcast_to(weights, targets.shape)
    total = jnp.sum(w)
    unit = jnp.max(jnp.where(w[:, None] > 0, jnp.abs(x), 0.0), 0)
    unit = safe(unit > 0, unit, 1.0)
    x = jnp.where(w[:, None] > 0, x, 0.0) / unit * used
    rest = jnp.diag(1.0 - used)

    def loss(beta: Array) -> Array:
        z = x @ beta
        return jnp.sum(w * (jax.nn.softplus(z) - targets * z)) / total

    def curvature(beta: Array) -> Array:
        p = jax.nn.sigmoid(x @ beta)
        return (x * (w * p * (1.0 - p))[:, None]).T @ x / total + rest

    def direction(beta: Array) -> tuple[Array, Array]:
        slope = x.T @ (w * (jax.nn.sigmoid(x @ beta) - targets)) / total
        # a floor far below any curvature that matters, so that a flat direction is left alone
        bent = curvature(beta) + finfo(x).eps * jnp.eye(x.shape[1], dtype=x.dtype)
        step = jnp.linalg.solve(bent, slope)
        return step, slope @ step

    def going(s: _Search) -> Array:
        return (s.decrement > finfo(x).eps) & (s.done < _MOST_STEPS) & (s.scale > 1e-6)

    def advance(s: _Search) -> _Search:
        new = s.at - s.scale * s.step
        value = loss(new)
        lower = value <= s.loss + 4.0 * finfo(x).eps * jnp.abs(s.loss)
        step, decrement = direction(new)
        kept = _Search(new, value, step, jnp.minimum(1.0, 4.0 * s.scale), decrement, s.done + 1)
        back = s._replace(scale=s.scale / 4.0, done=s.done + 1)
        return jax.tree.map(lambda a, b: jnp.where(lower, a, b), kept, back)

    start = jnp.zeros(x.shape[1], x.dtype)
    first = _Search(start, loss(start), *_paired(direction(start)), jnp.zeros((), jnp.int32))
    end = lax.while_loop(going, advance, first)
    # one more step: convergence is quadratic, and the decrement was that of the step not yet taken
    last = end.at - jnp.where(end.decrement <= 1e-3, 1.0, 0.0) * end.step
    better = loss(last) <= end.loss + 4.0 * finfo(x).eps * jnp.abs(end.loss)
    beta = jnp.where(better, last, end.at)
    inverse = jnp.linalg.inv(total * curvature(beta))
    covariance = inverse / jnp.outer(unit, unit) * jnp.outer(used, used)
    small = end.decrement <= 10.0 * finfo(x).eps * (1.0 + jnp.abs(end.loss))
    known = small & jnp.all(jnp.isfinite(covariance)) & jnp.all(jnp.isfinite(beta))
    return Logistic(beta / unit * used, covariance, known)


def separated(x: Array, y: Array, w: Array) -> Array:
    """A threshold on ``x`` has all of label 1 above and all of label 0 below, or there is only one label."""
    w = jnp.broadcast_to(w, x.shape)
    highest = jnp.max(jnp.where((w > 0) & (y < 0.5), x, -jnp.inf))
    lowest = jnp.min(jnp.where((w > 0) & (y >= 0.5), x, jnp.inf))
    return highest <= lowest


def _paired(found: tuple[Array, Array]) -> tuple[Array, Array, Array]:
    step, decrement = found
    return step, jnp.ones((), step.dtype), decrement
