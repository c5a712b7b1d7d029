"""Data to posterior: exact where the algebra allows it, sampled elsewhere, and the one held against the other.

What needs NumPyro loads on first use: exact answers do not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from jprob.bayes import conjugate
from jprob.bayes.compare import Comparison, compare_exact
from jprob.bayes.draws import Draws

if TYPE_CHECKING:
    from jprob.bayes import models
    from jprob.bayes.family_distribution import distribution
    from jprob.bayes.no_u_turn import nuts

__all__ = ["Comparison", "Draws", "compare_exact", "conjugate", "distribution", "models", "nuts"]


def __getattr__(name: str):
    if name == "models":
        return importlib.import_module("jprob.bayes.models")
    if name == "distribution":
        return importlib.import_module("jprob.bayes.family_distribution").distribution
    if name == "nuts":
        return importlib.import_module("jprob.bayes.no_u_turn").nuts
    raise AttributeError(f"module 'jprob.bayes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
