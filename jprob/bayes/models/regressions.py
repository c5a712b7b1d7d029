"""Outcomes that depend on covariates: yes or no, and amounts with outliers.

Priors are on the scale of the covariates: standardise them first.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import concrete, promote
from jprob.bayes.inputs import Inputs, refuse
from jprob.bayes.models._known import check_finite, check_positive, given, known

__all__ = ["logistic_regression", "robust_regression"]


def _inputs(x: ArrayLike, y: ArrayLike | None, mask: ArrayLike | None, **scales: ArrayLike) -> Inputs:
    if np.ndim(x) != 2:
        raise ValueError(f"`x` must have shape (observations, covariates); got {np.shape(x)}.")
    (seen,) = given(y=y)
    if np.shape(seen) != np.shape(x)[:1]:
        raise ValueError(f"`y` must have one value for each row of `x`; got {np.shape(seen)} and {np.shape(x)}.")
    check_finite("x", x)
    check_finite("y", seen)
    for name, scale in scales.items():
        check_positive(name, scale)
    options = {name: promote(scale)[0] for name, scale in scales.items()}
    return Inputs((), {"x": promote(x)[0], "y": promote(seen)[0], "mask": mask, **options}, {})


def _logistic_inputs(
    x: ArrayLike, y: ArrayLike | None = None, *, mask: ArrayLike | None = None, scale: ArrayLike = 2.5
) -> Inputs:
    inputs = _inputs(x, y, mask, scale=scale)
    if concrete(inputs.kwargs["y"]):
        values = np.asarray(y, float)
        refuse((values != 0) & (values != 1), values, "`y` must be 0 or 1")
    return inputs


@known(_logistic_inputs)
def logistic_regression(
    x: ArrayLike, y: ArrayLike | None = None, *, mask: ArrayLike | None = None, scale: ArrayLike = 2.5
) -> None:
    r"""Yes or no, with log odds linear in the covariates.

    .. math:: y_i \sim \mathrm{Bernoulli}(\sigma(\alpha + x_i \beta)), \qquad \alpha, \beta_j \sim \mathcal N(0, s^2)

    Sites ``intercept``, ``coefficients`` of shape ``(covariates,)`` and ``y``.

    Args:
        x: covariates, ``(n, covariates)``, standardised. y: 0 or 1, ``(n,)``. mask: which rows are real, ``(n,)``.
        scale: prior standard deviation s of intercept and coefficients.
    """
    predictor = _predictor(x, scale)
    with numpyro.handlers.mask(mask=True if mask is None else mask):
        numpyro.sample("y", dist.Bernoulli(logits=predictor), obs=y)


def _robust_inputs(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    scale: ArrayLike = 2.5,
    noise: ArrayLike = 1.0,
) -> Inputs:
    return _inputs(x, y, mask, scale=scale, noise=noise)


@known(_robust_inputs)
def robust_regression(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    scale: ArrayLike = 2.5,
    noise: ArrayLike = 1.0,
) -> None:
    r"""Amounts linear in the covariates, with errors whose tails the data choose.

    .. math::
        y_i \sim t_\nu(\alpha + x_i \beta, \sigma), \quad \alpha, \beta_j \sim \mathcal N(0, s^2), \quad
        \sigma \sim \mathrm{HalfNormal}(r), \quad \nu \sim \mathrm{Gamma}(2, 0.1)

    Sites ``intercept``, ``coefficients`` of shape ``(covariates,)``, ``noise`` (σ), ``df`` (ν) and ``y``.

    Args:
        x: covariates, ``(n, covariates)``, standardised. y: ``(n,)``. mask: which rows are real, ``(n,)``.
        scale: prior standard deviation s of intercept and coefficients. noise: prior scale r of the errors.

    References:
        Juárez, M. and Steel, M. (2010). Model-based clustering of non-Gaussian panel data: the prior of ν.
    """
    predictor = _predictor(x, scale)
    sigma = numpyro.sample("noise", dist.HalfNormal(*promote(noise)))
    df = numpyro.sample("df", dist.Gamma(2.0, 0.1))
    with numpyro.handlers.mask(mask=True if mask is None else mask):
        numpyro.sample("y", dist.StudentT(df, predictor, sigma), obs=y)


def _predictor(x: ArrayLike, scale: ArrayLike) -> Array:
    x, scale = promote(x, scale)
    intercept = numpyro.sample("intercept", dist.Normal(0.0, scale))
    law = dist.Normal(0.0, scale).expand([x.shape[-1]]).to_event(1)
    return jnp.asarray(intercept) + x @ jnp.asarray(numpyro.sample("coefficients", law))
