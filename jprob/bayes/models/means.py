"""Means that were measured with known standard errors: alone, and as members of a population."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpyro
from jax import Array
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import promote
from jprob.bayes.conjugate import normal_known_scale as pair
from jprob.bayes.inputs import Inputs, check_shapes
from jprob.bayes.models._known import check_finite, check_positive, given, known, noise_key

__all__ = ["normal_means", "normal_means_hierarchical"]

Prior = tuple[ArrayLike, ArrayLike]


def _inputs(y: ArrayLike | None, standard_error: ArrayLike, prior: Prior, **more: ArrayLike) -> Inputs:
    name = "mean_prior" if more else "prior"
    if len(prior) != 2:
        raise ValueError(f"`{name}` must be a pair (loc, scale); got {len(prior)} values.")
    check_finite(name, prior[0])
    check_positive(name, prior[1])
    (seen,) = given(y=y)
    check_finite("y", seen)
    check_positive("standard_error", standard_error)
    check_shapes(y=seen, standard_error=standard_error)
    for option, value in more.items():
        check_positive(option, value)
    rest = {option: promote(value)[0] for option, value in more.items()}
    arrays = {"y": promote(seen)[0], "standard_error": promote(standard_error)[0]}
    return Inputs((), arrays | {name: promote(*prior)} | rest, {})


def _flat_inputs(y: ArrayLike | None = None, standard_error: ArrayLike = 1.0, *, prior: Prior = (0.0, 1.0)) -> Inputs:
    return _inputs(y, standard_error, prior)


def _flat_exact(
    key: Array, num: int, y: ArrayLike | None, standard_error: ArrayLike = 1.0, *, prior: Prior = (0.0, 1.0)
) -> dict[str, Array]:
    (seen,) = given(y=y)
    posterior = pair.update(prior, seen, 1, standard_error)
    return {"mean": pair.sample(key, posterior, (num,))}


@known(_flat_inputs, _flat_exact)
def normal_means(y: ArrayLike | None = None, standard_error: ArrayLike = 1.0, *, prior: Prior = (0.0, 1.0)) -> None:
    r"""Means that know nothing of each other.

    .. math:: \theta_i \sim \mathcal N(m, s^2), \qquad y_i \sim \mathcal N(\theta_i, \sigma_i^2)

    Sites ``mean`` and ``y``.

    Args:
        y: measurements, ``(K,)`` or a scalar. standard_error: of each, known and positive.
        prior: loc and scale (m, s) of the means.
    """
    (sigma,) = promote(standard_error)
    loc, scale = promote(*prior)
    shape = jnp.broadcast_shapes(sigma.shape, loc.shape, scale.shape, jnp.shape(0.0 if y is None else y))
    mean = numpyro.sample("mean", dist.Normal(jnp.broadcast_to(loc, shape), scale))
    numpyro.sample("y", dist.Normal(mean, sigma), obs=y)


def _hierarchical_inputs(
    y: ArrayLike | None = None,
    standard_error: ArrayLike = 1.0,
    *,
    mean_prior: Prior = (0.0, 1.0),
    spread_prior: ArrayLike = 1.0,
) -> Inputs:
    return _inputs(y, standard_error, mean_prior, spread_prior=spread_prior)


@known(_hierarchical_inputs)
def normal_means_hierarchical(
    y: ArrayLike | None = None,
    standard_error: ArrayLike = 1.0,
    *,
    mean_prior: Prior = (0.0, 1.0),
    spread_prior: ArrayLike = 1.0,
) -> None:
    r"""Means from one population, so that each borrows strength from the others: a random-effects meta-analysis.

    .. math::
        \theta_i \sim \mathcal N(\mu, \tau^2), \quad y_i \sim \mathcal N(\theta_i, \sigma_i^2), \quad
        \mu \sim \mathcal N(m, s^2), \quad \tau \sim \mathrm{HalfNormal}(r)

    The means are integrated out, which leaves no funnel, and then drawn exactly given μ and τ. Sites ``population_mean``
    (μ), ``spread`` (τ), ``mean`` of shape ``(K,)`` and ``y``, whose pointwise likelihood and predictive are those of a
    *new* member of the population.

    Args:
        y: measurements, ``(K,)``. standard_error: of each, known and positive.
        mean_prior: loc and scale (m, s) of the population's mean. spread_prior: scale r of the population's spread.

    References:
        Gelman, Carlin, Stern, Dunson, Vehtari & Rubin, *Bayesian Data Analysis*, third edition (2013), section 5.4.
    """
    (sigma,) = promote(standard_error)
    sigma = jnp.broadcast_to(sigma, jnp.broadcast_shapes(sigma.shape, jnp.shape(0.0 if y is None else y)))
    mu = numpyro.sample("population_mean", dist.Normal(*promote(*mean_prior)))
    tau = numpyro.sample("spread", dist.HalfNormal(*promote(spread_prior)))
    (seen,) = promote(numpyro.sample("y", dist.Normal(mu, jnp.hypot(tau, sigma)), obs=y))
    weight = jnp.square(tau) / (jnp.square(tau) + jnp.square(sigma))
    loc, scale = jax.lax.stop_gradient((mu + weight * (seen - mu), sigma * jnp.sqrt(weight)))
    numpyro.deterministic("mean", loc + scale * jax.random.normal(noise_key(), loc.shape, loc.dtype))
