r"""Intervals of a deployed prior: where its equation rejects, or by its slopes; both samples' noise is in either.

.. math:: s(\eta) = \frac1m \sum_i d_i, \qquad d_i = \sigma(l_i + \eta) - \sigma(\eta), \qquad
    \mathrm{Var}\, s = \frac1{m^2} \sum_i d_i^2 + \nabla_\theta s^\top \Sigma_\theta \nabla_\theta s

with log ratios l of the two classes' densities by a map with parameters θ, and the log odds η of the prior.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jprob._array import safe
from jprob.monitor._calibrator import Calibrator, log_ratios

__all__ = ["delta_interval", "score_interval"]

_FAR = 16.0  # log odds
_STRIDE, _GROWTH, _STRIDES = 0.1, 1.25, 20  # in log odds: 34 in all
_HALVINGS = 16


def score_interval(fitted: Calibrator, z: Array, prior: Array, reach: Array) -> Array:
    """Priors of label 1 that the equation does not reject; 0 or 1 where it rejects nothing up to there."""
    flat = fitted.params.ravel()
    m = z.shape[0]

    def gap(params: Array, eta: Array) -> Array:
        ratios = log_ratios(params.reshape(3, 2), z)
        return jnp.mean(jax.nn.sigmoid(ratios[:, 1] - ratios[:, 0] + eta)) - jax.nn.sigmoid(eta)

    def score(eta: Array) -> Array:
        ratios = log_ratios(fitted.params, z)
        each = jax.nn.sigmoid(ratios[:, 1] - ratios[:, 0] + eta) - jax.nn.sigmoid(eta)
        slope = jax.grad(gap)(flat, eta)
        variance = jnp.mean(each**2) / m + slope @ fitted.covariance @ slope
        return jnp.mean(each) / jnp.sqrt(jnp.maximum(variance, jnp.finfo(z.dtype).tiny))

    def end(start: Array, side: float) -> Array:
        """The first crossing on this side: far away the ratios' own noise takes the score back below any limit."""

        def rejected(eta: Array) -> Array:
            return side * score(eta) < -reach

        def march(state: tuple[Array, Array, Array], stride: Array) -> tuple[tuple[Array, Array, Array], None]:
            inner, outer, found = state
            ahead = jnp.clip(outer + side * stride, -_FAR, _FAR)
            inner, outer = jnp.where(found, inner, outer), jnp.where(found, outer, ahead)
            return (inner, outer, found | rejected(outer)), None

        def halve(ends: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            inner, outer = ends
            middle = 0.5 * (inner + outer)
            out = rejected(middle)
            return (jnp.where(out, inner, middle), jnp.where(out, middle, outer)), None

        no = jnp.zeros((), bool)
        strides = jnp.asarray(_STRIDE * _GROWTH ** np.arange(_STRIDES), z.dtype)
        (inner, outer, found), _ = lax.scan(march, (start, start, no), strides)
        inner, _ = lax.scan(halve, (inner, outer), None, length=_HALVINGS)[0]
        return jnp.where(found, jax.nn.sigmoid(inner), 0.5 + 0.5 * side)

    p = jnp.clip(prior[1], jax.nn.sigmoid(-_FAR), jax.nn.sigmoid(_FAR))
    at = jnp.log(p) - jnp.log1p(-p)
    low, high = end(at, -1.0), end(at, 1.0)
    return jnp.stack([jnp.stack([1.0 - high, 1.0 - low]), jnp.stack([low, high])])


def delta_interval(fitted: Calibrator, z: Array, prior: Array, reach: Array) -> Array:
    """Intervals of each class on log odds, from the slope of the equation in the prior and in the map."""
    flat, m = fitted.params.ravel(), z.shape[0]

    def shares(params: Array, prior: Array) -> Array:
        ratios = log_ratios(params.reshape(3, -1), z)
        return jax.nn.softmax(ratios + jnp.log(jnp.maximum(prior, jnp.finfo(z.dtype).tiny)), -1) - prior

    def gap(params: Array, prior: Array) -> Array:
        return jnp.mean(shares(params, prior), 0)

    each = shares(flat, prior)
    by_params, by_prior = jax.jacobian(gap, (0, 1))(flat, prior)
    spread = each.T @ each / m**2 + by_params @ fitted.covariance @ by_params.T
    k = prior.shape[0]
    along = jnp.eye(k, dtype=z.dtype) - 1.0 / k  # of the simplex: the prior sums to one
    back = jnp.linalg.pinv(along @ by_prior @ along, rtol=1e-5)
    error = jnp.sqrt(jnp.maximum(jnp.diagonal(back @ spread @ back.T), 0.0))
    inside = (prior > 0) & (prior < 1)
    held = safe(inside, prior, 0.5)
    odds, half = jnp.log(held) - jnp.log1p(-held), reach * error / (held * (1.0 - held))
    ends = jnp.stack([jax.nn.sigmoid(odds - half), jax.nn.sigmoid(odds + half)], -1)
    return jnp.where(inside[:, None], ends, prior[:, None])
