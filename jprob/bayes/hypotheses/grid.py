"""A continuous parameter as many hypotheses: its posterior on a grid of points, by the trapezoidal rule.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 3.7.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote
from jprob.bayes.inputs import check_shapes

__all__ = ["GridPosterior", "grid_interval", "grid_posterior"]


class GridPosterior(NamedTuple):
    """A posterior on a grid.

    Attributes:
        density: at each point, per unit of the parameter, ``(..., points)``.
        cdf: probability up to each point, ``(..., points)``.
        mean: of the parameter, ``(...)``. variance: of the parameter, ``(...)``.
        log_evidence: log of the integral of prior times likelihood, ``(...)``.
        edge: share of the mass in the first and last cell: a large one says that the grid is too short, ``(...)``.
        points: the grid, ``(points,)``.
    """

    density: Array
    cdf: Array
    mean: Array
    variance: Array
    log_evidence: Array
    edge: Array
    points: Array


def grid_posterior(points: ArrayLike, log_prior: ArrayLike, log_likelihood: ArrayLike) -> GridPosterior:
    """The posterior of one parameter from prior and likelihood at the points of a grid.

    The error falls with the square of the spacing, and exponentially where the density is smooth and vanishes at both
    ends.

    Args:
        points: increasing, shape ``(points,)``, at least two; any spacing.
        log_prior: log density at each, shape ``(..., points)``; normalised if the evidence is to mean something.
        log_likelihood: at each, shape ``(..., points)``.

    Returns:
        :class:`GridPosterior`.

    Raises:
        ValueError: points that do not increase, or data impossible at all of them, as far as values are known.

    Example:
        >>> p = jnp.linspace(0.0, 1.0, 1001)
        >>> found = grid_posterior(p, jnp.zeros(1001), jnp.log(p))  # one success: density 2 p
        >>> round(float(found.mean), 4), round(float(found.log_evidence), 4)  # 2/3, log 1/2
        (0.6667, -0.6931)
    """
    if np.ndim(points) != 1 or np.shape(points)[0] < 2:
        raise ValueError(f"`points` must have shape (points,), at least two; got {np.shape(points)}.")
    if concrete(points) and not (np.diff(np.asarray(points, float)) > 0).all():
        raise ValueError("`points` must increase; got two neighbours that do not.")
    check_shapes(points=points, log_prior=log_prior, log_likelihood=log_likelihood)
    points, log_prior, log_likelihood = promote(points, log_prior, log_likelihood)
    joint = jnp.where(log_prior == -jnp.inf, -jnp.inf, log_prior + log_likelihood)
    joint = jnp.broadcast_to(joint, (*joint.shape[:-1], points.shape[0]))
    if concrete(joint) and (np.asarray(joint, float) == -np.inf).all(-1).any():
        raise ValueError("`log_likelihood` must allow the data at some point where the prior does; got -inf at all.")
    gaps = jnp.diff(points)
    log_width = jnp.log(0.5 * (jnp.pad(gaps, (1, 0)) + jnp.pad(gaps, (0, 1))))
    log_evidence = logsumexp(joint + log_width, -1)
    density = jnp.exp(joint - log_evidence[..., None])
    cells = 0.5 * (density[..., 1:] + density[..., :-1]) * gaps
    cdf = jnp.concatenate([jnp.zeros_like(cells[..., :1]), jnp.cumsum(cells, -1)], -1)
    weight = density * jnp.exp(log_width)
    centre = lax.stop_gradient(points[points.shape[0] // 2])
    mean = centre + jnp.sum(weight * (points - centre), -1)
    variance = jnp.sum(weight * jnp.square(points - mean[..., None]), -1)
    edge = cells[..., 0] + cells[..., -1]
    return GridPosterior(density, cdf, mean, variance, log_evidence, edge, points)


def grid_interval(found: GridPosterior, level: float = 0.95) -> Array:
    """Equal-tailed interval of a grid posterior, exact for the density that is linear between points.

    Args:
        found: a posterior on a grid. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> p = jnp.linspace(0.0, 1.0, 11)
        >>> found = grid_posterior(p, jnp.zeros(11), jnp.zeros(11))
        >>> [round(float(x), 4) for x in grid_interval(found, 0.9)]
        [0.05, 0.95]
    """
    check_level(level)
    tail = 0.5 * (1.0 - level)
    return jnp.stack([_quantile(found, tail), _quantile(found, 1.0 - tail)], -1)


def _quantile(found: GridPosterior, q: float) -> Array:
    target = q * found.cdf[..., -1:]
    last = found.points.shape[0] - 2
    cell = jnp.clip(jnp.sum(found.cdf <= target, -1, keepdims=True) - 1, 0, last)
    low, high = found.points[cell], found.points[cell + 1]
    f, g = (jnp.take_along_axis(found.density, i, -1) for i in (cell, cell + 1))
    rest, width = target - jnp.take_along_axis(found.cdf, cell, -1), high - low
    # f t + (g - f) t^2 / 2w = rest, in the form that does not cancel
    root = jnp.sqrt(jnp.maximum(f * f + 2.0 * (g - f) / width * rest, 0.0))
    step = 2.0 * rest / jnp.maximum(f + root, jnp.finfo(f.dtype).tiny)
    return (low + jnp.clip(step, 0.0, width))[..., 0]
