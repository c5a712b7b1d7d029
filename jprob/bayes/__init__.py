"""Data to posterior: exact where the algebra allows it, sampled elsewhere, and the one held against the other.

What needs NumPyro or optax loads on first use: exact answers do not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from jprob.bayes import conjugate, elicit, hypotheses
from jprob.bayes.compare import Comparison, compare_exact
from jprob.bayes.draws import Draws
from jprob.bayes.exact import exact_draws, posterior_draws
from jprob.bayes.leave_one_out import LOO, LOODifference, loo, loo_difference
from jprob.bayes.pareto import Smoothed, largest_k, smoothed_weights
from jprob.bayes.power_scaling import PriorSensitivity, prior_gradient, prior_sensitivity
from jprob.bayes.prior_data import Conflict, conflict

if TYPE_CHECKING:
    from jprob.bayes import empirical, models
    from jprob.bayes.family_distribution import distribution
    from jprob.bayes.fleet_engine import Fleet, fleet
    from jprob.bayes.laplace_approximation import Laplace, laplace
    from jprob.bayes.no_u_turn import nuts
    from jprob.bayes.predictive_checks import PredictiveCheck, predict, predictive_check
    from jprob.bayes.short_trajectories import hmc
    from jprob.bayes.simulation_based_calibration import SBC, sbc
    from jprob.bayes.variational import VI, vi

__all__ = [
    "LOO",
    "SBC",
    "VI",
    "Comparison",
    "Conflict",
    "Draws",
    "Fleet",
    "LOODifference",
    "Laplace",
    "PredictiveCheck",
    "PriorSensitivity",
    "Smoothed",
    "compare_exact",
    "conflict",
    "conjugate",
    "distribution",
    "elicit",
    "empirical",
    "exact_draws",
    "fleet",
    "hmc",
    "hypotheses",
    "laplace",
    "largest_k",
    "loo",
    "loo_difference",
    "models",
    "nuts",
    "posterior_draws",
    "predict",
    "predictive_check",
    "prior_gradient",
    "prior_sensitivity",
    "sbc",
    "smoothed_weights",
    "vi",
]

_LAZY = {
    "Fleet": "fleet_engine",
    "Laplace": "laplace_approximation",
    "SBC": "simulation_based_calibration",
    "VI": "variational",
    "distribution": "family_distribution",
    "fleet": "fleet_engine",
    "hmc": "short_trajectories",
    "laplace": "laplace_approximation",
    "PredictiveCheck": "predictive_checks",
    "nuts": "no_u_turn",
    "predict": "predictive_checks",
    "predictive_check": "predictive_checks",
    "sbc": "simulation_based_calibration",
    "vi": "variational",
}


def __getattr__(name: str):
    if name in ("empirical", "models"):
        return importlib.import_module(f"jprob.bayes.{name}")
    if name in _LAZY:
        return getattr(importlib.import_module(f"jprob.bayes.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'jprob.bayes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
