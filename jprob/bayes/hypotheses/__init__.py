"""A few things that may be true: how probable each is after the data, what to do about it, and when to stop looking."""

from jprob.bayes.hypotheses.coins import SpikeAndSlab, coin, spike_and_slab
from jprob.bayes.hypotheses.decisions import (
    Decision,
    bayes_action,
    expected_loss,
    value_of_perfect_information,
    value_of_sample_information,
)
from jprob.bayes.hypotheses.discrete import Posterior, log_bayes_factors, path, posterior
from jprob.bayes.hypotheses.grid import GridPosterior, grid_interval, grid_posterior
from jprob.bayes.hypotheses.sequential import (
    Bounds,
    Characteristics,
    Stopped,
    coin_characteristics,
    coin_increments,
    odds_bounds,
    sprt,
    wald_bounds,
    wald_characteristics,
)

__all__ = [
    "Bounds",
    "Characteristics",
    "Decision",
    "GridPosterior",
    "Posterior",
    "SpikeAndSlab",
    "Stopped",
    "bayes_action",
    "coin",
    "coin_characteristics",
    "coin_increments",
    "expected_loss",
    "grid_interval",
    "grid_posterior",
    "log_bayes_factors",
    "odds_bounds",
    "path",
    "posterior",
    "spike_and_slab",
    "sprt",
    "value_of_perfect_information",
    "value_of_sample_information",
    "wald_bounds",
    "wald_characteristics",
]
