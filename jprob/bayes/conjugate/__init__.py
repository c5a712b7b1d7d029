"""Conjugate pairs: exact posteriors, one module each, the same verbs in each."""

from jprob.bayes.conjugate import beta_binomial

__all__ = ["beta_binomial"]
