"""What a posterior sampler returns: draws, and what says how far to trust them."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

__all__ = ["Draws"]


class Draws(NamedTuple):
    """Draws from a posterior, from a Markov chain or exact, as one pytree of ``{site: array}`` dictionaries.

    Every array of draws begins with ``(chains, draws)``. Exact, independent draws have one chain and no ``stats``:
    there is no chain to diagnose. A group that was not asked for is ``None``.

    Attributes:
        samples: posterior draws by site, each of shape ``(chains, draws, ...)``.
        stats: ``diverging num_steps tree_depth accept_prob step_size energy log_density``, each ``(chains, draws)``;
            ``log_density`` is that of the unconstrained parameters, Jacobian included. Empty for exact draws.
        log_likelihood: log density of each observation under each draw, ``(chains, draws, ...)``.
        log_prior: log density of each latent site under its prior, ``(chains, draws, ...)``.
        posterior_predictive: replicated observations, ``(chains, draws, ...)``.
        prior: draws of the same sites before the data, ``(1, draws, ...)``.
        prior_predictive: observations that the prior alone would predict, ``(1, draws, ...)``.
        observed_data: the observations.
        constant_data: the numeric arguments of the model that are not observations, as sizes, covariates, priors.
    """

    samples: dict[str, Array]
    stats: dict[str, Array]
    log_likelihood: dict[str, Array] | None = None
    log_prior: dict[str, Array] | None = None
    posterior_predictive: dict[str, Array] | None = None
    prior: dict[str, Array] | None = None
    prior_predictive: dict[str, Array] | None = None
    observed_data: dict[str, Array] | None = None
    constant_data: dict[str, Array] | None = None
