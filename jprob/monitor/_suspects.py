"""A symptom that was looked for: its evidence, and what would follow from it."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from jprob.density import binomial
from jprob.estimate import proportion_interval
from jprob.monitor._sample import Rows, Sample
from jprob.monitor.changes import Changes, Evidence
from jprob.special import normal_quantile

__all__ = [
    "DRIFTING",
    "NARROW",
    "NOT_PROBABILITIES",
    "OVERCONFIDENT",
    "PRIOR_SHIFT",
    "RARE",
    "SILENT",
    "SYMPTOMS",
    "UNDERCONFIDENT",
    "Case",
    "Suspect",
    "at_most",
    "normal_two_sided",
    "reach_of",
    "share_interval",
]

NOT_PROBABILITIES = "outputs that do not sum to one"
SILENT = "silent failure"
PRIOR_SHIFT = "prior shift"
OVERCONFIDENT = "overconfident"
UNDERCONFIDENT = "underconfident"
NARROW = "intervals too narrow"
DRIFTING = "predictions shifting over time"
RARE = "fails on rare events"
SYMPTOMS = (NOT_PROBABILITIES, SILENT, PRIOR_SHIFT, OVERCONFIDENT, UNDERCONFIDENT, NARROW, DRIFTING, RARE)
"""What is looked for, upstream first: what comes earlier makes what comes later."""


class Case(NamedTuple):
    """All that is known: both samples, their checked rows, and what changed between them."""

    reference: Sample
    current: Sample
    old: Rows | None
    new: Rows | None
    changes: Changes | None
    nominal: float
    alpha: float
    level: float


class Suspect(NamedTuple):
    """A symptom with its evidence; it is found where that is significant and the size is above the limit."""

    symptom: str
    evidence: Evidence
    limit: float
    says: str
    cause: str
    repair: str
    call: str


def normal_two_sided(score: float) -> float:
    """The p-value of a standard normal score."""
    return math.erfc(abs(score) / math.sqrt(2.0)) if math.isfinite(score) else 1.0


def reach_of(level: float) -> float:
    """Standard errors to either side of an interval."""
    tail = 0.5 * (1.0 - level)
    return float(normal_quantile(1.0 - tail, tail))


def at_most(hits: int, num: int, probability: float) -> float:
    """Probability of so few hits or fewer."""
    dtype = jnp.result_type(float)
    return float(binomial.cdf(*(jnp.asarray(v, dtype) for v in (hits, num, probability))))


def share_interval(hits: int, num: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share."""
    low, high = np.asarray(proportion_interval(float(hits), float(num), level=level, method="clopper_pearson"))
    return float(low), float(high)
