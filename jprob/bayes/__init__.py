"""Data to posterior: exact where the algebra allows it, sampled elsewhere, and the one held against the other."""

from jprob.bayes import conjugate, models
from jprob.bayes.compare import Comparison, compare_exact
from jprob.bayes.draws import Draws
from jprob.bayes.nuts import nuts

__all__ = ["Comparison", "Draws", "compare_exact", "conjugate", "models", "nuts"]
