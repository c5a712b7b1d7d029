"""Statistics and exact p-values against scipy, the null moments against enumeration, the tail against tables."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import monitor
from jprob.monitor._null import null_moments
from jprob.monitor.anderson import _limit_tail
from tests.grids import DTYPE, X64

CLOSE = {"rtol": 1e-6 if X64 else 2e-5, "atol": 1e-6}
N, M = 60, 45


def pair(tied):
    rng = np.random.default_rng(5 + tied)
    x, y = rng.normal(size=N), rng.normal(0.3, 1.3, size=M)
    if tied:
        x, y = np.round(2.0 * x), np.round(2.0 * y)
    return x.astype(DTYPE), y.astype(DTYPE)


@pytest.mark.parametrize("tied", [False, True])
def test_distances_of_distribution_functions_are_scipys(tied):
    x, y = pair(tied)
    found, expected = monitor.ks(x, y), stats.ks_2samp(x, y, method="exact")
    np.testing.assert_allclose(found.statistic, expected.statistic, **CLOSE)
    np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-5)
    np.testing.assert_allclose(monitor.wasserstein(x, y).statistic, stats.wasserstein_distance(x, y), **CLOSE)
    np.testing.assert_allclose(monitor.energy(x, y).statistic, stats.energy_distance(x, y), **CLOSE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tied", [False, True])
def test_anderson_darling_is_scipys(tied):
    x, y = pair(tied)
    expected = stats.anderson_ksamp([x, y]).statistic
    np.testing.assert_allclose(monitor.anderson_darling(x, y).statistic, expected, **CLOSE)


def test_ks_far_out_keeps_its_digits():
    x, y = np.arange(N, dtype=DTYPE), np.arange(M, dtype=DTYPE) + 50
    np.testing.assert_allclose(monitor.ks(x, y).p_value, stats.ks_2samp(x, y, method="exact").pvalue, rtol=1e-5)


@pytest.mark.parametrize(("name", "power"), [("chi2", 1.0), ("g_test", 0.0)])
def test_contingency_tables_are_scipys(name, power):
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 5, 80), rng.integers(1, 6, 120)
    table = np.stack([np.bincount(x, minlength=6), np.bincount(y, minlength=6)])
    expected = stats.chi2_contingency(table, correction=False, lambda_=power)
    found = getattr(monitor, name)(x, y)
    np.testing.assert_allclose(found.statistic, expected.statistic, **CLOSE)
    if name == "chi2":
        np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-4)


def test_binned_distances_are_their_formulas():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=400).astype(DTYPE), rng.normal(0.5, 1.2, 400).astype(DTYPE)
    edges = np.array([-1.0, 0.0, 1.0])
    q, p = (np.histogram(z, [-np.inf, *edges, np.inf])[0] / 400 for z in (x, y))
    half = (p + q) / 2
    expected = {
        "psi": ((p - q) * np.log(p / q)).sum(),
        "kl": (p * np.log(p / q)).sum(),
        "js": 0.5 * (p * np.log(p / half) + q * np.log(q / half)).sum(),
        "total_variation": 0.5 * np.abs(p - q).sum(),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(monitor, name)(x, y, edges=edges).statistic, value, **CLOSE)


def test_population_values():
    """N(0, 1) against N(.5, 1.2²): KS .19255 and PSI .2630 between ten bins on [−3, 3]."""
    u = (np.arange(200_000) + 0.5) / 200_000
    x, y = (stats.norm.ppf(u).astype(DTYPE), (0.5 + 1.2 * stats.norm.ppf(u)).astype(DTYPE))
    np.testing.assert_allclose(monitor.ks(x, y).statistic, 0.19255, atol=2e-5)
    found = monitor.psi(x, y, edges=np.linspace(-3, 3, 11)[1:-1])
    np.testing.assert_allclose(found.statistic, 0.2630, atol=2e-3)
    assert float(found.interval[0]) < float(found.size) < float(found.interval[1])


def test_null_moments_are_those_of_all_tables():
    """Three cells, twelve rows: every table of its margins, weighted by its hypergeometric probability."""
    t, m = np.array([5, 4, 3]), 5
    tables = np.array([y for y in itertools.product(*(range(k + 1) for k in t)) if sum(y) == m])
    weights = stats.multivariate_hypergeom.pmf(tables, t, m)

    def term(x, y, n, m):
        return (y / m - x / n) ** 2 + jnp.abs(y - x) / 10.0

    values = np.asarray(term(t - tables, tables, 7, m)).sum(1)
    y = np.array([[2.0, 2.0, 1.0]], DTYPE)
    mean, variance = null_moments(term, jnp.asarray(t - y, DTYPE), jnp.asarray(y), jnp.array([False]))
    np.testing.assert_allclose(mean[0], weights @ values, rtol=1e-4)
    np.testing.assert_allclose(variance[0], weights @ values**2 - (weights @ values) ** 2, rtol=0.03)


def test_the_tail_of_anderson_darling_is_that_of_tables():
    """Points of the limiting law, and √3 erfc √z far out."""
    points, tails = [1.933, 2.492, 3.857], [0.10, 0.05, 0.01]
    np.testing.assert_allclose(_limit_tail(jnp.asarray(points, DTYPE)), tails, rtol=0.03)
    np.testing.assert_allclose(_limit_tail(jnp.asarray(40.0, DTYPE)), 3**0.5 * 2 * stats.norm.sf(80**0.5), rtol=0.02)


def test_false_discoveries_are_scipys():
    p = np.random.default_rng(0).uniform(size=30).astype(DTYPE) ** 2
    for name, method in (("benjamini_hochberg", "bh"), ("benjamini_yekutieli", "by")):
        expected = stats.false_discovery_control(p, method=method)
        np.testing.assert_allclose(jax.jit(getattr(monitor, name))(p), expected, rtol=1e-5)
