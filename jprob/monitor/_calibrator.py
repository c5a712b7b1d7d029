r"""Predictions as ratios of densities: what a labelled reference says of each class, and how far to trust that.

.. math:: \log \frac{f_k(x)}{f(x)} = s_k z_k(x) + b_k - \log \pi_k

by vector scaling on the reference; of two classes this is Platt's line. Each reference row moves the parameters by its
influence, :math:`H^{-1} \nabla \ell_i`, and their covariance is that of the influences, whether or not the line is right.

References:
    Alexandari, A., Kundaje, A. and Shrikumar, A. (2020). Maximum likelihood with bias-corrected calibration is
        hard-to-beat at label shift adaptation. ICML.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.calibrate import vector

__all__ = ["Calibrator", "calibrator", "log_ratios"]


class Calibrator(NamedTuple):
    """A map fitted on the reference.

    Attributes:
        params: scales, shifts and the prior of the classes, shape ``(3, k)``.
        covariance: of them, unrolled, shape ``(3 k, 3 k)``.
        probs: calibrated ones of the reference, shape ``(n, k)``.
        degenerate: there was no optimum; the identity is taken.
    """

    params: Array
    covariance: Array
    probs: Array
    degenerate: Array


def calibrator(z: Array, y: Array) -> Calibrator:
    """Vector scaling of logits ``(n, k)``, with all that the reference does not know for sure."""
    n, k = z.shape
    fit = vector.fit(z, y)
    came = jax.nn.one_hot(y, k, dtype=z.dtype)
    prior = jnp.mean(came, 0)
    params = jnp.stack([fit.scale, fit.shift, prior])
    p = jax.nn.softmax(fit.scale * z + fit.shift, -1)
    off = came - p
    slopes = jnp.concatenate([off * z, off], 1)
    x = jnp.concatenate([z, jnp.ones_like(z)], 1)
    curved = p[:, :, None] * (jnp.eye(k, dtype=z.dtype) - p[:, None, :])
    tiled = jnp.tile(curved, (1, 2, 2)) * x[:, :, None] * x[:, None, :]
    # flat directions, the common shift above all, change no probability: they get no influence
    moved = slopes @ jnp.linalg.pinv(jnp.mean(tiled, 0), rtol=1e-5, hermitian=True)
    influence = jnp.concatenate([jnp.where(fit.degenerate, 0.0, moved), came - prior], 1)
    return Calibrator(params, influence.T @ influence / n**2, p, fit.degenerate)


def log_ratios(params: Array, z: Array) -> Array:
    """Log density of each class over that of the reference, up to a constant in each row; shape ``(n, k)``."""
    scale, shift, prior = params
    return scale * z + shift - jnp.log(prior)
