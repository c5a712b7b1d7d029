"""Simulation: a billion replicates in bounded memory, on any devices, with the same bits."""

from jprob.simulate import statistics
from jprob.simulate.bits import fast_key, random_indices, threefry
from jprob.simulate.blocks import BlockLength, long_run_variance, optimal_block_length
from jprob.simulate.bootstrap import Bootstrap, bootstrap
from jprob.simulate.clt import CLTStudy, clt, smallest_size
from jprob.simulate.coverage import Coverage, coverage
from jprob.simulate.engine import Replicates, join, replicate, shares
from jprob.simulate.lln import LLN, lln
from jprob.simulate.moments import Means, Moments, means, moments
from jprob.simulate.normality import QQ, NormalityTest, anderson_darling, qq_normal, shapiro_wilk
from jprob.simulate.permutation import PermutationTest, permutation_test
from jprob.simulate.quantiles import Quantiles, quantiles
from jprob.simulate.ranges import Extremes, Histogram, extremes, histogram, tally
from jprob.simulate.reducers import Reducer, part
from jprob.simulate.sampling import Population, ar1

__all__ = [
    "LLN",
    "QQ",
    "BlockLength",
    "Bootstrap",
    "CLTStudy",
    "Coverage",
    "Extremes",
    "Histogram",
    "Means",
    "Moments",
    "NormalityTest",
    "PermutationTest",
    "Population",
    "Quantiles",
    "Reducer",
    "Replicates",
    "anderson_darling",
    "ar1",
    "bootstrap",
    "clt",
    "coverage",
    "extremes",
    "fast_key",
    "histogram",
    "join",
    "lln",
    "long_run_variance",
    "means",
    "moments",
    "optimal_block_length",
    "part",
    "permutation_test",
    "qq_normal",
    "quantiles",
    "random_indices",
    "replicate",
    "shapiro_wilk",
    "shares",
    "smallest_size",
    "statistics",
    "tally",
    "threefry",
]
