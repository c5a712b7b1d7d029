"""The length of a vector of EWMAs: limits of the textbooks, the single EWMA, and a chart without memory."""

import math

import pytest
from scipy import stats

from jprob.monitor import average_run_length, design_limits, vector_limit, vector_run_length


@pytest.mark.parametrize(
    ("num_means", "weight", "run_length", "squared"),
    [(4, 0.25, 500.0, 16.38), (3, 0.25, 1000.0, 15.82), (3, 0.1, 1000.0, 14.76), (3, 0.05, 1000.0, 13.60)],
)
def test_limits_are_those_of_rigdon_and_knoth(num_means, weight, run_length, squared):
    assert vector_limit(run_length, num_means, weight=weight) ** 2 == pytest.approx(squared, abs=0.005)


@pytest.mark.parametrize("weight", [0.1, 0.4])
def test_of_one_mean_it_is_the_ewma_chart(weight):
    assert vector_limit(370.0, 1, weight=weight) == pytest.approx(design_limits("ewma", 370.0, weight=weight).limit)
    assert vector_run_length(2.0, 1, weight=weight) == pytest.approx(average_run_length("ewma", 2.0, weight=weight))


def test_without_memory_every_point_is_by_itself():
    for num_means in (1, 2, 7, 60):
        limit = vector_limit(740.0, num_means, weight=1.0)
        assert stats.chi2.sf(limit**2, num_means) == pytest.approx(1 / 740, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: vector_run_length(0.0, 2), "`limit` must be positive and finite; got 0.0"),
        (lambda: vector_run_length(math.inf, 2), "`limit` must be positive and finite; got inf"),
        (lambda: vector_limit(2.0, 2), "`run_length` must be more than 2 and at most 1e7; got 2.0"),
        (lambda: vector_limit(370.0, 0), "`num_means` must be"),
        (lambda: vector_limit(370.0, 2, weight=0.0), r"`weight` must lie in \(0, 1\]; got 0.0"),
    ],
)
def test_mistakes_are_named(call, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        call()
