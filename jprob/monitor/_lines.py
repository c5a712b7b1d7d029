r"""Calibration as a line in log odds, and Rao's test for what a fitted model leaves out.

.. math:: T = U^\top V^{-1} U, \qquad U = \tilde G^\top (y - \hat p), \qquad V = \tilde G^\top W \tilde G

with features G that were not fitted, made free of those that were, and the weights :math:`W = \hat p (1 - \hat p)`.

References:
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45: the line.
    Rao, C. R. (1948). Large sample tests of statistical hypotheses. Proc. Cambridge Philosophical Society 44.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.estimate import fit_model
from jprob.monitor._predictions import log_odds, predicted
from jprob.special import gammaincc

__all__ = ["Judged", "curve", "judged_rows", "line_gap", "rao"]

_BENDS = 3


class Judged(NamedTuple):
    """What may be right or wrong.

    Attributes:
        z: log odds of label 1; of more classes, of the predicted one. y: whether it came. says: 1 where it is predicted.
    """

    z: Array
    y: Array
    says: Array


def judged_rows(p: Array, y: Array) -> Judged:
    """Two classes as they are; of more, whether the predicted one came."""
    says = predicted(p)
    if p.ndim == 1:
        return Judged(log_odds(p), y, says)
    return Judged(log_odds(jnp.max(p, 1)), (says == y).astype(jnp.int32), jnp.ones_like(y))


def line_gap(z: Array, y: Array, line: Array) -> Array:
    """The p-value of a fitted line against curves that bend where a quarter of the rows have passed."""
    x = jnp.stack([jnp.ones_like(z), z], -1)
    p = jax.nn.sigmoid(line[0] * z + line[1])
    return rao(x, _bends(z, _knots(z)), y, p)[1]


def curve(z: Array, y: Array) -> tuple[Array, Array]:
    """A line that bends, fitted to labels: its features, shape ``(n, 5)``, and its probabilities."""
    x = jnp.concatenate([jnp.ones_like(z)[:, None], z[:, None], _bends(z, _knots(z))], 1)
    scale = jnp.sqrt(jnp.mean(x**2, 0))
    x = x / jnp.where(scale > 0, scale, 1.0)
    fit = fit_model(_log_likelihood, jnp.zeros(x.shape[1], x.dtype), (x, y.astype(x.dtype)), log_prior=_ridge)
    return x, jax.nn.sigmoid(x @ fit.params)


def rao(x: Array, g: Array, y: Array, p: Array) -> tuple[Array, Array]:
    """Rao's statistic for features ``g`` beside the fitted ``x``, and its p-value."""
    w = (p * (1.0 - p))[:, None]
    g = (g - jnp.mean(g, 0)) / jnp.maximum(jnp.std(g, 0), jnp.finfo(g.dtype).tiny)
    free = g - x @ (jnp.linalg.pinv(x.T @ (w * x), rtol=1e-5, hermitian=True) @ (x.T @ (w * g)))
    score = free.T @ (y - p)
    information = free.T @ (w * free)
    values, vectors = jnp.linalg.eigh(information)
    live = values > 1e-4 * jnp.max(values)
    along = vectors.T @ score
    statistic = jnp.sum(jnp.where(live, along**2 / jnp.where(live, values, 1.0), 0.0))
    df = jnp.maximum(jnp.sum(live), 1).astype(p.dtype)
    return statistic, gammaincc(0.5 * df, 0.5 * statistic)


def _knots(z: Array) -> Array:
    return jnp.quantile(z, jnp.arange(1, _BENDS + 1, dtype=z.dtype) / (_BENDS + 1.0))


def _bends(z: Array, knots: Array) -> Array:
    return jnp.maximum(z[:, None] - knots, 0.0)


def _log_likelihood(coefficients: Array, data: tuple[Array, Array]) -> Array:
    x, y = data
    odds = x @ coefficients
    return y * odds - jnp.logaddexp(0.0, odds)


def _ridge(coefficients: Array) -> Array:
    return -0.5 * jnp.sum((coefficients / 20.0) ** 2)  # so that separable rows have a fit
