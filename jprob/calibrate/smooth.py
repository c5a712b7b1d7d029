r"""Calibration error without bins: residuals smoothed by a Gaussian kernel that is reflected at 0 and 1.

.. math:: \text{smECE}_\sigma = \int_0^1 \Big| \frac1n \sum_i K_\sigma(t, p_i)(y_i - p_i) \Big|\, dt, \qquad
    \text{smECE} = \text{smECE}_{\sigma^*} \text{ where it equals } \sigma^*

The reflected kernel is that of heat on a rod: on a grid, a cosine transform and a factor exp(−(πkσ)²/2) for each wave.

References:
    Błasiok, J. and Nakkiran, P. (2023). Smooth ECE: principled reliability diagrams via kernel smoothing. arXiv:2309.12236.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import safe
from jprob.calibrate._inputs import Rows, scored, top_label
from jprob.calibrate.statistics import Statistics, check_top

__all__ = ["smooth_ece"]

_CELLS = 1024
_LEAST = 1e-3  # the narrowest kernel, about a cell
_HALVINGS = 30


def smooth_ece(
    probs: ArrayLike | Statistics, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
) -> Array:
    """Smooth calibration error, which chooses its own bandwidth; differentiable in the probabilities.

    O(n) and a few hundred short Fourier transforms. Bandwidths end at .001, and so does what it can tell from zero.

    Args:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label; or :class:`Statistics`
            of the top label, and no labels: rows then stand at the means of their bins, of which there should be thousands.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.

    Returns:
        Shape ``()``.

    Raises:
        ValueError: rows that are no probabilities and labels.

    Example:
        >>> round(float(smooth_ece([0.5, 0.5], [1, 1])), 3)  # a residual of one half, at one half
        0.5
    """
    if isinstance(probs, Statistics):
        check_top(probs)
        return _of_sums(probs)
    return _of_rows(top_label(scored(probs, labels, weights)))


@jax.jit
def _of_rows(rows: Rows) -> Array:
    p, y, w = rows
    w = jnp.broadcast_to(w, p.shape)
    return _smooth(p, w * (y - p) / jnp.sum(w))


@jax.jit
def _of_sums(sums: Statistics) -> Array:
    place = sums.confidence / safe(sums.weight > 0, sums.weight, 1.0)
    return _smooth(place, sums.gap / jnp.sum(sums.weight))


def _smooth(p: Array, residual: Array) -> Array:
    waves = _waves(p, residual)
    fixed = lax.stop_gradient(waves)

    def halve(ends: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        low, high = ends
        middle = 0.5 * (low + high)
        above = _error(fixed, middle) > middle
        return (jnp.where(above, middle, low), jnp.where(above, high, middle)), None

    ends = (jnp.asarray(_LEAST, p.dtype), jnp.ones((), p.dtype))
    (width, _), _ = lax.scan(halve, ends, None, length=_HALVINGS)
    slope = jax.grad(lambda s: _error(fixed, s))(width)  # one step of Newton, for the derivative of the fixed point
    value = _error(waves, width)
    inside = width > _LEAST
    return jnp.where(inside, width + (value - width) / (1.0 - jnp.where(inside, slope, 0.0)), value)


def _waves(p: Array, mass: Array) -> Array:
    """Cosine transform of the residuals, each shared between the two nodes around it."""
    place = jnp.clip(p, 0.0, 1.0) * _CELLS
    left = jnp.clip(jnp.floor(place), 0, _CELLS - 1)
    share = place - left
    at = left.astype(jnp.int32)
    nodes = jax.ops.segment_sum(mass * (1.0 - share), at, _CELLS + 1)
    nodes = nodes + jax.ops.segment_sum(mass * share, at + 1, _CELLS + 1)
    nodes = nodes.at[jnp.array([0, _CELLS])].multiply(2.0)  # they meet their own image
    return jnp.fft.rfft(jnp.concatenate([nodes, nodes[-2:0:-1]])).real


def _error(waves: Array, width: Array) -> Array:
    wave = jnp.arange(_CELLS + 1, dtype=width.dtype)
    damped = waves * jnp.exp(-0.5 * (jnp.pi * wave * width) ** 2)
    density = _CELLS * jnp.fft.irfft(damped.astype(jnp.result_type(width, jnp.complex64)))[: _CELLS + 1]
    size = jnp.abs(density)
    return (jnp.sum(size) - 0.5 * (size[0] + size[-1])) / _CELLS
