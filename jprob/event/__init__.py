"""Finite probability spaces that compute: an event is a mask, a random variable a map, and the axioms can be checked."""

from jprob.event.frequency import Empirical, empirical
from jprob.event.kolmogorov import Axioms, axioms
from jprob.event.partitions import bayes, partition, total_probability
from jprob.event.probability import (
    Independence,
    chain_rule,
    condition,
    conditional,
    conditionally_independent,
    independent,
    is_null,
    prob,
)
from jprob.event.products import joint, marginal, product
from jprob.event.spaces import Space, space, where
from jprob.event.variables import Chernoff, cgf, chernoff, covariance, expectation, pushforward, variance

__all__ = [
    "Axioms",
    "Chernoff",
    "Empirical",
    "Independence",
    "Space",
    "axioms",
    "bayes",
    "cgf",
    "chain_rule",
    "chernoff",
    "condition",
    "conditional",
    "conditionally_independent",
    "covariance",
    "empirical",
    "expectation",
    "independent",
    "is_null",
    "joint",
    "marginal",
    "partition",
    "prob",
    "product",
    "pushforward",
    "space",
    "total_probability",
    "variance",
    "where",
]
