"""Families of distributions: one module each, the same verbs in each."""

from jprob.density import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    exponential,
    gamma,
    geometric,
    inverse_gamma,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    weibull,
)
from jprob.density.family import Family

__all__ = [
    "Family",
    "bernoulli",
    "beta",
    "beta_binomial",
    "binomial",
    "exponential",
    "gamma",
    "geometric",
    "inverse_gamma",
    "negative_binomial",
    "normal",
    "pareto",
    "poisson",
    "student_t",
    "weibull",
]
