"""Families of distributions: one module each, the same verbs in each."""

from jprob.density import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    categorical,
    cauchy,
    dirichlet,
    dirichlet_multinomial,
    expfam,
    exponential,
    gamma,
    geometric,
    halfnormal,
    inverse_gamma,
    laplace,
    lognormal,
    mixed,
    multinomial,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    uniform,
    weibull,
)
from jprob.density.bijector import Bijector
from jprob.density.family import Family
from jprob.density.mixed import hurdle, zero_inflated
from jprob.density.mixtures import mixture
from jprob.density.restricted import censored, truncated

__all__ = [
    "FAMILIES",
    "Bijector",
    "Family",
    "bernoulli",
    "beta",
    "beta_binomial",
    "binomial",
    "categorical",
    "cauchy",
    "censored",
    "dirichlet",
    "dirichlet_multinomial",
    "expfam",
    "exponential",
    "gamma",
    "geometric",
    "halfnormal",
    "hurdle",
    "inverse_gamma",
    "laplace",
    "lognormal",
    "mixed",
    "mixture",
    "multinomial",
    "negative_binomial",
    "normal",
    "pareto",
    "poisson",
    "student_t",
    "truncated",
    "uniform",
    "weibull",
    "zero_inflated",
]

FAMILIES = {
    module.family.name: module.family
    for module in (
        bernoulli,
        binomial,
        geometric,
        poisson,
        negative_binomial,
        beta_binomial,
        uniform,
        normal,
        lognormal,
        halfnormal,
        student_t,
        cauchy,
        laplace,
        exponential,
        gamma,
        inverse_gamma,
        weibull,
        pareto,
        beta,
    )
}
"""Every family of numbers by its name: counts first, then the line, the half line and the interval."""
