"""Normality tests against scipy, and their size by simulation."""

import jax
import numpy as np
import pytest
from scipy import stats

from jprob import simulate
from tests.grids import DTYPE, X64

CLOSE = {"rtol": 1e-6 if X64 else 2e-3, "atol": 1e-9 if X64 else 2e-5}


@pytest.mark.parametrize("n", [3, 4, 5, 6, 11, 12, 50, 500])
def test_shapiro_wilk_is_that_of_royston(n):
    rng = np.random.default_rng(n)
    x = np.stack([rng.normal(3, 2, n), rng.exponential(size=n), rng.uniform(size=n)]).astype(DTYPE)
    found = simulate.shapiro_wilk(x)
    for i, row in enumerate(np.asarray(x, np.float64)):
        reference = stats.shapiro(row)
        np.testing.assert_allclose(found.statistic[i], reference.statistic, rtol=1e-6 if X64 else 1e-5)
        np.testing.assert_allclose(found.p_value[i], reference.pvalue, **CLOSE)


@pytest.mark.parametrize("n", [8, 50, 500])
def test_anderson_darling_has_the_statistic_of_scipy_and_its_critical_values(n):
    rng = np.random.default_rng(n)
    x = np.stack([rng.normal(3, 2, n), rng.exponential(size=n)]).astype(DTYPE)
    found = simulate.anderson_darling(x)
    for i, row in enumerate(np.asarray(x, np.float64)):
        z = np.sort((row - row.mean()) / row.std(ddof=1))
        k = np.arange(1, n + 1)
        squared = -n - ((2 * k - 1) * (stats.norm.logcdf(z) + stats.norm.logsf(z[::-1]))).mean()
        np.testing.assert_allclose(found.statistic[i], squared, rtol=1e-8 if X64 else 1e-3)


def p_values(key):
    x = jax.random.normal(key, (20,))
    return simulate.shapiro_wilk(x).p_value, simulate.anderson_darling(x).p_value, simulate.qq_normal(x).outside


def test_p_values_are_uniform_under_normality(key):
    shapiro, anderson, outside = (np.asarray(v, float) for v in simulate.replicate(key, p_values, 20_000).draws)
    for p in (shapiro, anderson):
        for level in (0.01, 0.05, 0.1, 0.5):
            error = 5 * (level * (1 - level) / 20_000) ** 0.5
            assert abs((p < level).mean() - level) < error + 0.04 * level + 0.001
    assert outside.mean() < 0.05  # standardising by the sample pulls the points in


def test_the_quantile_plot(key):
    x = np.asarray(jax.random.normal(key, (3, 200))) * 5 + 2
    found = simulate.qq_normal(x)
    k = np.arange(1, 201)
    np.testing.assert_allclose(found.theoretical, stats.norm.ppf((k - 0.375) / 200.25), atol=1e-5)
    np.testing.assert_allclose(found.lower, stats.norm.ppf(stats.beta.ppf(0.025, k, 201 - k)), atol=2e-4)
    np.testing.assert_allclose(found.upper, stats.norm.ppf(stats.beta.ppf(0.975, k, 201 - k)), atol=2e-4)
    assert found.observed.shape == (3, 200)
    assert float(simulate.qq_normal(np.exp(x / 5)).outside.min()) > 0.2


def test_edges():
    constant = np.ones((2, 10), DTYPE)
    for test in (simulate.shapiro_wilk, simulate.anderson_darling):
        found = test(constant)
        assert np.isnan(found.statistic).all()
        assert np.isnan(found.p_value).all()
        assert np.isnan(test(np.array([np.nan, *range(9)], DTYPE)).p_value)
        assert float(test(np.array([*range(99), 1e6], DTYPE)).p_value) < 1e-6
    with pytest.raises(ValueError, match=r"`x` must have from 3 to 5000 values on its last axis; got shape \(2,\)"):
        simulate.shapiro_wilk([1.0, 2.0])
    with pytest.raises(ValueError, match="`x` must have at least 8 values"):
        simulate.anderson_darling(np.ones(7))
    with pytest.raises(ValueError, match="`level` must lie strictly"):
        simulate.qq_normal(np.ones(7), level=95)
