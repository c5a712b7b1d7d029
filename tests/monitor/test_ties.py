"""Anderson and Darling's null where values repeat: few values mean more variance, and no more false alarms than stated."""

import numpy as np
import pytest
from scipy import stats

from jprob import monitor
from tests.grids import DTYPE

PAIRS, N = 1500, 100
LAWS = {
    "two values": lambda rng, shape: rng.integers(0, 2, shape),
    "five values": lambda rng, shape: rng.integers(0, 5, shape),
    "geometric": lambda rng, shape: rng.geometric(0.5, shape),
    "nine in ten zero": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.9, 0.0, rng.normal(size=shape)),
    "half zero": lambda rng, shape: np.where(rng.uniform(size=shape) < 0.5, 0.0, rng.normal(size=shape)),
    "counts about 20": lambda rng, shape: rng.poisson(20, shape),
    "no ties": lambda rng, shape: rng.normal(size=shape),
}


@pytest.mark.parametrize("name", LAWS)
def test_false_alarms_are_those_stated_however_heavy_the_ties(name):
    x, y = LAWS[name](np.random.default_rng(7), (2, N, PAIRS)).astype(DTYPE)
    p = np.asarray(monitor.anderson_darling(x, y).p_value)
    for alpha in (0.05, 0.2):  # within a fifth, and what a lattice of few values adds
        assert abs(np.mean(p < alpha) - alpha) < 0.25 * alpha + 5 * (alpha * (1 - alpha) / PAIRS) ** 0.5


def test_of_two_values_it_is_a_chi_squared_test():
    """One z² alone: Pearson's statistic without correction, by (N − 1) / N."""
    x, y = (np.repeat([0.0, 1.0], counts).astype(DTYPE) for counts in ((300, 200), (250, 250)))
    pearson = stats.chi2_contingency([[300, 200], [250, 250]], correction=False).statistic * 999 / 1000
    found = monitor.anderson_darling(x, y)
    assert float(found.p_value) == pytest.approx(stats.chi2.sf(pearson, 1), rel=0.03)


def test_the_statistic_is_still_that_of_scipy():
    x, y = np.random.default_rng(3).poisson(3, (2, 80)).astype(float)
    theirs = stats.anderson_ksamp([x, y + 1], variant="midrank", method=stats.PermutationMethod(n_resamples=9))
    assert float(monitor.anderson_darling(x, y + 1).statistic) == pytest.approx(theirs.statistic, rel=1e-5)


def test_a_single_value_is_no_alarm():
    found = monitor.anderson_darling(np.ones(30, DTYPE), np.ones(30, DTYPE))
    assert float(found.p_value) == 1.0
    assert not bool(found.alarm)
