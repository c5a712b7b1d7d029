"""Rates of events over an exposure: alone, and as members of a population.

Rates are sampled as logarithms, where their densities are bounded and log-concave; the site ``rate`` is the rate.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import promote
from jprob.bayes.conjugate import gamma_poisson as pair
from jprob.bayes.distributions import LogGamma, NegativeBinomialCounts, PoissonCounts
from jprob.bayes.inputs import Inputs, check_prior, check_shapes, check_whole
from jprob.bayes.models._known import check_positive, given, known, noise_key

__all__ = ["gamma_poisson", "gamma_poisson_hierarchical"]

Prior = tuple[ArrayLike, ArrayLike]


def _inputs(counts: ArrayLike | None, exposure: ArrayLike, **priors: Prior) -> Inputs:
    for name, prior in priors.items():
        check_prior(prior, name)
    (seen,) = given(counts=counts)
    check_whole("counts", seen)
    check_positive("exposure", exposure)
    check_shapes(counts=seen, exposure=exposure)
    pairs = {name: promote(*prior) for name, prior in priors.items()}
    return Inputs((), {"counts": promote(seen)[0], "exposure": promote(exposure)[0], **pairs}, {})


def _flat_inputs(counts: ArrayLike | None = None, exposure: ArrayLike = 1.0, *, prior: Prior = (1.0, 1.0)) -> Inputs:
    return _inputs(counts, exposure, prior=prior)


def _flat_exact(
    key: Array, num: int, counts: ArrayLike | None, exposure: ArrayLike = 1.0, *, prior: Prior = (1.0, 1.0)
) -> dict[str, Array]:
    (seen,) = given(counts=counts)
    z = LogGamma(*pair.update(prior, seen, exposure)).sample(key, (num,))
    return {"log_rate": z, "rate": jnp.exp(z)}


@known(_flat_inputs, _flat_exact)
def gamma_poisson(counts: ArrayLike | None = None, exposure: ArrayLike = 1.0, *, prior: Prior = (1.0, 1.0)) -> None:
    r"""Rates that know nothing of each other, each with its own Gamma prior.

    .. math:: \lambda_i \sim \mathrm{Gamma}(a_i, b_i), \qquad k_i \sim \mathrm{Poisson}(\lambda_i t_i)

    Sites ``log_rate``, ``rate`` and ``counts``.

    Args:
        counts: whole, not negative, ``(K,)`` or a scalar. exposure: positive: hours, miles, patients.
        prior: concentration and rate (a, b), scalars or ``(K,)``.
    """
    (t,) = promote(exposure)
    shape = jnp.broadcast_shapes(t.shape, np.shape(0.0 if counts is None else counts))
    a, b = promote(*prior)
    shape = jnp.broadcast_shapes(shape, a.shape, b.shape)
    z = numpyro.sample("log_rate", LogGamma(jnp.broadcast_to(a, shape), b))
    numpyro.deterministic("rate", jnp.exp(jnp.asarray(z)))
    numpyro.sample("counts", PoissonCounts(t, z), obs=counts)


def _hierarchical_inputs(
    counts: ArrayLike | None = None, exposure: ArrayLike = 1.0, *, mean_prior: Prior = (1.0, 1.0)
) -> Inputs:
    return _inputs(counts, exposure, mean_prior=mean_prior)


@known(_hierarchical_inputs)
def gamma_poisson_hierarchical(
    counts: ArrayLike | None = None, exposure: ArrayLike = 1.0, *, mean_prior: Prior = (1.0, 1.0)
) -> None:
    r"""Rates from one population, so that each borrows strength from the others (partial pooling).

    .. math::
        \lambda_i \sim \mathrm{Gamma}(\kappa, \kappa / \mu), \quad k_i \sim \mathrm{Poisson}(\lambda_i t_i), \quad
        \mu \sim \mathrm{Gamma}, \quad (1 + \kappa)^{-1/2} \sim \mathrm{Uniform}(0, 1)

    The rates have mean μ and coefficient of variation κ^(−1/2). They are integrated out, which leaves no funnel, and then
    drawn exactly given μ and κ. Sites ``log_mean``, ``mean``, ``spread``, ``concentration`` (κ), ``rate`` of shape ``(K,)``
    and ``counts``, whose pointwise likelihood and predictive are those of a *new* member of the population.

    Args:
        counts: ``(K,)``, whole, not negative. exposure: positive, ``(K,)`` or one for all.
        mean_prior: concentration and rate of the Gamma prior of the population's mean μ.

    References:
        Gelman, Carlin, Stern, Dunson, Vehtari & Rubin, *Bayesian Data Analysis*, third edition (2013), section 2.7.
    """
    (t,) = promote(exposure)
    t = jnp.broadcast_to(t, jnp.broadcast_shapes(t.shape, np.shape(0.0 if counts is None else counts)))
    log_mean = jnp.asarray(numpyro.sample("log_mean", LogGamma(*promote(*mean_prior))))
    mean = numpyro.deterministic("mean", jnp.exp(log_mean))
    spread = numpyro.sample("spread", dist.Uniform(0.0, 1.0))
    concentration = numpyro.deterministic("concentration", (1.0 - spread) * (1.0 + spread) / jnp.square(spread))
    (k,) = promote(numpyro.sample("counts", NegativeBinomialCounts(mean * t, concentration), obs=counts))
    a, b = jax.lax.stop_gradient((concentration + k, concentration / mean + t))
    numpyro.deterministic("rate", jnp.exp(LogGamma(a, b).sample(noise_key())))
