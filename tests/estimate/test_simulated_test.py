"""Ratio tests whose law is simulated: where theory knows it, and where chi-squared is wrong."""

import jax
import numpy as np
import pytest
from scipy import stats

from jprob import density, estimate
from tests.grids import DTYPE

KEY = jax.random.key(6)
RNG = np.random.default_rng(2)
B = 1999


def near(got, exact):
    assert abs(float(got.p_value) - exact) < 5 * max(float(got.p_value_error), 1 / B)
    assert int(got.num_failed) == 0


def test_of_a_normal_mean_it_is_students():
    """The ratio grows with t², so its exact p-value is that of the t test; chi-squared's is not, with six rows."""
    x = np.array([0.1, 1.3, 0.8, -0.4, 1.9, 0.6], DTYPE)
    got = estimate.simulated_ratio_test(KEY, density.normal, x, {"loc": 0.0}, num_resamples=B)
    exact = stats.ttest_1samp(x.astype(float), 0.0)
    assert float(got.statistic) == pytest.approx(6 * np.log1p(exact.statistic**2 / 5), rel=1e-4)
    near(got, exact.pvalue)
    naive = stats.chi2.sf(float(got.statistic), 1)
    assert naive < exact.pvalue - 5 * float(got.p_value_error)


def test_a_null_without_free_parameters():
    x = RNG.exponential(size=20).astype(DTYPE)
    got = estimate.simulated_ratio_test(KEY, density.exponential, x, {"rate": 0.7}, num_resamples=B)
    # the ratio is a function of the sum, whose law is gamma's
    total = stats.gamma(20, scale=1 / 0.7).rvs(200_000, random_state=1)
    law = 2 * (20 * np.log(20 / total / 0.7) - 20 + 0.7 * total)
    near(got, np.mean(law >= float(got.statistic)))


def test_an_inflation_at_the_edge_is_half_a_chi_squared():
    x = np.repeat([0, 1, 2, 3, 4, 5], [34, 33, 24, 15, 6, 3]).astype(DTYPE)
    inflated = density.zero_inflated(density.poisson)
    got = estimate.simulated_ratio_test(KEY, inflated, x, density.poisson, num_resamples=B)
    half = 0.5 * stats.chi2.sf(float(got.statistic), 1)
    assert 0.02 < half < 0.4
    assert abs(float(got.p_value) - half) < 0.03 + 5 * float(got.p_value_error)
    assert float(got.null_params["rate"]) == pytest.approx(x.mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"null": {"mean": 0.0}}, "`null` must name parameters of loc, scale; got mean"),
        ({"null": {}}, "`null` must name parameters of loc, scale; got none"),
        ({"data": np.ones((2, 3))}, r"`data` must be one data set of shape \(n,\)"),
        ({"data": [1.0, np.nan]}, "`data` must not be missing; got nan at row 1"),
        ({"num_resamples": 0}, "`num_resamples` must be an integer of at least 1; got 0"),
    ],
)
def test_mistakes_are_named(changed, says):
    arguments = {"data": [1.0, 2.0], "null": {"loc": 0.0}} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        estimate.simulated_ratio_test(KEY, density.normal, arguments.pop("data"), arguments.pop("null"), **arguments)
