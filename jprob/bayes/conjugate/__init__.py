"""Conjugate pairs: exact posteriors, one module each, the same verbs in each."""

from jprob.bayes.conjugate import (
    beta_binomial,
    beta_geometric,
    beta_negative_binomial,
    dirichlet_multinomial,
    gamma_exponential,
    gamma_poisson,
    inverse_gamma_known_mean,
    linear_regression,
    normal_inverse_gamma,
    normal_known_scale,
)

__all__ = [
    "beta_binomial",
    "beta_geometric",
    "beta_negative_binomial",
    "dirichlet_multinomial",
    "gamma_exponential",
    "gamma_poisson",
    "inverse_gamma_known_mean",
    "linear_regression",
    "normal_inverse_gamma",
    "normal_known_scale",
]
