"""Families of distributions: one module each, the same verbs in each."""

from jprob.density import bernoulli, beta, beta_binomial, binomial
from jprob.density.family import Family

__all__ = ["Family", "bernoulli", "beta", "beta_binomial", "binomial"]
