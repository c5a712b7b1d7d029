"""Control charts: their recursions, streams cut anywhere, run lengths of the textbooks, and by simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.monitor import (
    average_run_length,
    binomial_limits,
    cusum,
    design_limits,
    ewma,
    page_hinkley,
    shewhart,
    simulated_run_length,
)
from jprob.simulate import ar1, long_run_variance
from tests.grids import DTYPE

KEY = jax.random.key(9)
RNG = np.random.default_rng(3)
X = (5 + 2 * RNG.normal(size=200)).astype(DTYPE)
X[120:] += 2.0
KNOWN = {"centre": 5.0, "scale": 2.0}
CHARTS = {
    "ewma": lambda x, **state: ewma(x, **KNOWN, **state),
    "cusum": lambda x, **state: cusum(x, **KNOWN, **state),
    "page_hinkley": lambda x, **state: page_hinkley(x, scale=2.0, **state),
}


def test_the_recursions_are_those_of_the_books():
    z, above, below = 5.0, 0.0, 0.0
    averages, sums = [], []
    for point in X.astype(float):
        z = 0.2 * point + 0.8 * z
        above = max(0.0, above + (point - 5) / 2 - 0.5)
        below = max(0.0, below - (point - 5) / 2 - 0.5)
        averages.append(z)
        sums.append(above if above >= below else -below)
    chart = ewma(X, **KNOWN)
    np.testing.assert_allclose(chart.statistic, averages, rtol=1e-5)
    np.testing.assert_allclose([chart.lower[0], chart.upper[0]], 5 + np.array([-1, 1]) * 2.859 * 2 / 3, rtol=1e-6)
    np.testing.assert_allclose(cusum(X, **KNOWN).statistic, sums, rtol=1e-4, atol=1e-5)
    points = shewhart(X, **KNOWN)
    np.testing.assert_array_equal(points.alarm, np.abs(X - 5) > 6)
    assert 120 <= int(chart.first_alarm) < 140


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
@pytest.mark.parametrize("cut", [1, 77, 199])
def test_a_stream_cut_anywhere_is_the_whole(chart, cut):
    whole = chart(X)
    first = chart(X[:cut])
    rest = chart(X[cut:], state=first.state)
    np.testing.assert_array_equal(np.concatenate([first.statistic, rest.statistic]), whole.statistic)
    np.testing.assert_array_equal(jax.tree.leaves(rest.state), jax.tree.leaves(whole.state))


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_missing_points_are_passed_over(chart):
    holes = np.insert(X, [3, 50], np.nan)
    got, clean = chart(holes), chart(X)
    known = ~np.isnan(holes)
    np.testing.assert_array_equal(np.asarray(got.statistic)[known], clean.statistic)
    assert not np.asarray(got.alarm)[~known].any()


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_many_series_at_once(chart):
    both = np.stack([X, X[::-1]])
    got = jax.jit(chart)(both)
    assert got.first_alarm.shape == (2,)
    assert got.statistic.dtype == DTYPE
    for row, path in zip(both, got.statistic, strict=True):
        np.testing.assert_allclose(path, chart(row).statistic, rtol=1e-5, atol=1e-5)


def test_a_centre_that_is_learnt():
    means = np.cumsum(X.astype(float)) / np.arange(1, 201)
    above = below = 0.0
    path = []
    for point, mean in zip(X.astype(float), means, strict=True):
        z = (point - mean) / 2
        above, below = max(0.0, above + z - 0.25), max(0.0, below - z - 0.25)
        path.append(above if above >= below else -below)
    chart = page_hinkley(X, scale=2.0)
    np.testing.assert_allclose(chart.statistic, path, rtol=1e-3, atol=1e-4)
    assert 120 < int(chart.first_alarm) < 150


@pytest.mark.parametrize(
    ("chart", "limit", "options", "lengths"),
    [
        # Montgomery (2013), tables 9.3 and 9.10 (Lucas and Saccucci 1990): shifts of 0, .25, .5, 1, 2, 3
        ("cusum", 4.0, {}, (168, 74.2, 26.6, 8.38, 3.34, 2.19)),
        ("cusum", 5.0, {}, (465, 139, 38.0, 10.4, 4.01, 2.57)),
        ("ewma", 2.814, {"weight": 0.1}, (500, 106, 31.3, 10.3, 4.36, 2.87)),
        ("ewma", 3.054, {"weight": 0.4}, (500, 224, 71.2, 14.3, 3.52, 2.0)),
        ("shewhart", 3.0, {}, (370.4, 281.15, 155.22, 43.89, 6.3, 2.0)),
    ],
)
def test_run_lengths_of_the_textbooks(chart, limit, options, lengths):
    got = [average_run_length(chart, limit, shift=shift, **options) for shift in (0, 0.25, 0.5, 1, 2, 3)]
    np.testing.assert_allclose(got, lengths, rtol=0.013)


@pytest.mark.parametrize("chart", ["shewhart", "ewma", "cusum"])
@pytest.mark.parametrize("wanted", [20.0, 370.0, 1e5])
def test_designs_run_as_long_as_wanted(chart, wanted):
    design = design_limits(chart, wanted)
    assert design.run_length == pytest.approx(wanted, rel=1e-6)
    assert 1.0 < design.detection_delay < wanted
    assert design.detection_delay == pytest.approx(average_run_length(chart, design.limit, shift=1.0), rel=1e-9)


def normal(key, memory):
    return jax.random.normal(key), memory


def autoregression(key, last):
    here = 0.6 * last + 0.8 * jax.random.normal(key)
    return here, here


def beyond_ewma(state, point):
    state = state + 0.2 * (point - state)
    return state, jnp.abs(state) > 2.0 / 3


def test_theory_and_simulation_agree_and_dependence_breaks_it():
    theory = average_run_length("ewma", 2.0)
    got = simulated_run_length(KEY, beyond_ewma, 0.0, normal, (), num_replicates=4000)
    assert abs(float(got.mean) - theory) < 5 * float(got.mean_error)
    assert float(got.mean_error) < 0.05 * theory
    assert float(got.share_unfinished) == 0.0
    series = simulated_run_length(KEY, beyond_ewma, 0.0, autoregression, 0.0, num_replicates=2000)
    assert float(series.mean) < 0.4 * theory
    short = simulated_run_length(KEY, beyond_ewma, 0.0, normal, (), num_replicates=100, longest=2)
    assert float(short.share_unfinished) > 0.5


def test_the_long_run_variance_of_a_series_that_remembers():
    """Of AR(1) with variance 1 it is (1 + φ) / (1 − φ)."""
    found = [float(long_run_variance(ar1(0.5)(jax.random.fold_in(KEY, i), 4000))) for i in range(20)]
    assert np.mean(found) == pytest.approx(3.0, abs=5 * np.std(found) / 20**0.5 + 0.1)
    assert float(long_run_variance(RNG.normal(size=4000).astype(DTYPE))) == pytest.approx(1.0, abs=0.15)
    assert float(long_run_variance(np.ones(20, DTYPE))) == 0.0
    # means of batches lie within three of their errors as often as they should
    path = np.asarray(ar1(0.5)(KEY, 40_000)).reshape(-1, 100)
    scale = float(jnp.sqrt(long_run_variance(path.reshape(-1)) / 100))
    beyond = np.abs(path.mean(1)) > 2 * scale
    assert abs(beyond.mean() - 0.0455) < 5 * (0.0455 / 400) ** 0.5
    naive = np.abs(path.mean(1)) > 2 / 10
    assert naive.mean() > 0.15


def test_limits_of_rare_events_are_exact():
    low, high = binomial_limits(np.array([50, 500, 5000]), 0.002)
    for n, a, b in zip((50, 500, 5000), np.asarray(low), np.asarray(high), strict=True):
        law = stats.binom(n, 0.002)
        assert law.cdf(a - 1) <= 0.5 / 370 < law.cdf(a)
        assert law.sf(b) <= 0.5 / 370 < law.sf(b - 1)


def test_empty_constant_and_quiet_series():
    assert shewhart(np.zeros(0, DTYPE), **KNOWN).alarm.shape == (0,)
    quiet = cusum(np.full(50, 5.0, DTYPE), **KNOWN)
    assert int(quiet.first_alarm) == -1
    assert np.asarray(quiet.statistic).tolist() == [0.0] * 50
    infinite = ewma(np.array([5.0, np.inf], DTYPE), **KNOWN)
    assert int(infinite.first_alarm) == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: shewhart(1.0, **KNOWN), "`x` must have an axis of time; got a single number"),
        (lambda: shewhart(X, centre=0.0, scale=-1.0), "`scale` must be positive; got -1.0"),
        (lambda: shewhart(X, **KNOWN, limit=0.0), "`limit` must be positive; got 0.0"),
        (lambda: ewma(X, **KNOWN, weight=2.0), r"`weight` must lie in \(0, 1\]; got 2.0"),
        (lambda: cusum(X, **KNOWN, slack=-0.5), "`slack` must not be negative; got -0.5"),
        (lambda: average_run_length("moving", 3.0), "`chart` must be one of shewhart, ewma, cusum; got 'moving'"),
        (lambda: average_run_length("ewma", -3.0), "`limit` must be positive and finite; got -3.0"),
        (lambda: design_limits("ewma", 1.0), "`run_length` must be more than 2 and at most 1e7; got 1.0"),
        (lambda: binomial_limits(10, 0.1, run_length=1.0), "`run_length` must be more than 1; got 1.0"),
        (lambda: long_run_variance(np.ones(3)), "`x` must be one series of at least 8 values"),
    ],
)
def test_mistakes_are_named(call, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        call()
