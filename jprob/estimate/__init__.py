"""Data to parameters: maximum likelihood and its errors, one data set or ten thousand."""

from jprob.estimate.dispersion import Dispersion, dispersion_test
from jprob.estimate.fisher import fisher_information
from jprob.estimate.fit import Fit
from jprob.estimate.goodness import STATISTICS, GoodnessOfFit, goodness_of_fit
from jprob.estimate.hypothesis_tests import Test, likelihood_ratio_test, score_test, wald_test
from jprob.estimate.intervals import Profile, profile_interval, wald_interval
from jprob.estimate.maximum import mle
from jprob.estimate.mode import map_estimate
from jprob.estimate.model import fit_model
from jprob.estimate.newton import newton
from jprob.estimate.online import FromTotals, from_totals, merge, totals
from jprob.estimate.optimise import STATUS, Minimum, minimise
from jprob.estimate.plots import ProbabilityPlot, TailCheck, pp_points, qq_points, quantile_residuals, tail_check
from jprob.estimate.proportion import PROPORTION_METHODS, proportion_interval
from jprob.estimate.recommend import Candidate, Recommendation, recommend
from jprob.estimate.robust import Derived, delta_method, sandwich
from jprob.estimate.simulated_test import SimulatedTest, simulated_ratio_test
from jprob.estimate.streaming import fit_stream
from jprob.estimate.strength import PriorStrength, prior_strength

__all__ = [
    "PROPORTION_METHODS",
    "STATISTICS",
    "STATUS",
    "Candidate",
    "Derived",
    "Dispersion",
    "Fit",
    "FromTotals",
    "GoodnessOfFit",
    "Minimum",
    "PriorStrength",
    "ProbabilityPlot",
    "Profile",
    "Recommendation",
    "SimulatedTest",
    "TailCheck",
    "Test",
    "delta_method",
    "dispersion_test",
    "fisher_information",
    "fit_model",
    "fit_stream",
    "from_totals",
    "goodness_of_fit",
    "likelihood_ratio_test",
    "map_estimate",
    "merge",
    "minimise",
    "mle",
    "newton",
    "pp_points",
    "prior_strength",
    "profile_interval",
    "proportion_interval",
    "qq_points",
    "quantile_residuals",
    "recommend",
    "sandwich",
    "score_test",
    "simulated_ratio_test",
    "tail_check",
    "totals",
    "wald_interval",
    "wald_test",
]
