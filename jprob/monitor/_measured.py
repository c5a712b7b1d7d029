"""What labelled predictions show, in one compiled pass: the line of log odds, hits of each class, and ranking."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.calibrate import platt, temperature
from jprob.monitor._predictions import log_odds, logs, predicted
from jprob.monitor._sample import shares

__all__ = ["Measured", "measured"]


class Measured(NamedTuple):
    """Of labelled rows.

    Attributes:
        slope: of log odds: 1 if right, below it overconfident; of more than two classes, one over the temperature.
        slope_error: of its logarithm. offset: of log odds in the line, 0 if right. offset_error: of it.
        offset_share: by how much label 1 is commoner than the line without its offset says.
        line: the slope and the offset could be fitted.
        rows, hits: of each class, shape ``(k,)``: labels, and those that were predicted.
        area: under the ROC curve, of the rarest class against the others.
    """

    slope: Array
    slope_error: Array
    offset: Array
    offset_error: Array
    offset_share: Array
    line: Array
    rows: Array
    hits: Array
    area: Array


@jax.jit
def measured(p: Array, y: Array, ratio: Array) -> Measured:
    """Of probabilities and labels; ``ratio`` is that of the classes now to those that the probabilities are of."""
    k = 2 if p.ndim == 1 else p.shape[1]
    came = shares(y, k, p.dtype)
    rows = jnp.sum(came, 0)
    hits = jnp.sum(came * (predicted(p) == y)[:, None], 0)
    line = _binary(p, y) if p.ndim == 1 else _classes(p, y, ratio)
    return line._replace(rows=rows, hits=hits, area=_area(p, y, rows))


def _binary(p: Array, y: Array) -> Measured:
    z = log_odds(p)
    fit = platt.fit(z, y, smooth=False)
    slope = jnp.maximum(fit.slope, 1e-3)
    errors = jnp.sqrt(jnp.maximum(jnp.diagonal(fit.covariance), 0.0))
    away = jnp.mean(y - jax.nn.sigmoid(slope * z))
    sound = fit.converged & ~fit.degenerate
    return Measured(slope, errors[0] / slope, fit.intercept, errors[1], away, sound, p, p, away)


def _classes(p: Array, y: Array, ratio: Array) -> Measured:
    fit = temperature.fit(logs(p) + jnp.log(jnp.maximum(ratio, jnp.finfo(p.dtype).tiny)), y)
    none = jnp.full((), jnp.nan, p.dtype)
    sound = fit.converged & ~fit.degenerate
    return Measured(1.0 / fit.temperature, fit.log_standard_error, none, none, none, sound, p, p, none)


def _area(p: Array, y: Array, rows: Array) -> Array:
    rare = jnp.argmin(rows)
    score = jnp.where(rare == 1, p, -p) if p.ndim == 1 else p[:, rare]
    its = y == rare
    order = jnp.sort(score)
    places = jnp.searchsorted(order, score, side="left") + jnp.searchsorted(order, score, side="right")
    rank = 0.5 * (places.astype(p.dtype) + 1.0)
    n, m = jnp.sum(its), jnp.sum(~its)
    pairs = jnp.maximum(n * 1.0 * m, 1.0).astype(p.dtype)
    return (jnp.sum(jnp.where(its, rank, 0.0)) - 0.5 * n * (n + 1.0)) / pairs
