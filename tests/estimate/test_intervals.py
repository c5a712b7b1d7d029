"""Tests and intervals: against closed forms, against scipy, and by how often they hold."""

import jax
import numpy as np
import pytest
from scipy import optimize, stats

from jprob import density, estimate
from tests.estimate.test_mle import case
from tests.grids import DTYPE, X64

CLOSE = 1e-7 if X64 else 2e-3
CHI = float(stats.chi2.ppf(0.95, 1))


def exponential_end(x, side):
    """Where twice the log likelihood ratio of an exponential rate is χ²'s quantile."""
    n, best = len(x), 1 / x.mean()

    def excess(rate):
        return 2 * n * (np.log(best / rate) - 1 + rate / best) - CHI

    return optimize.brentq(excess, best, best * 50) if side else optimize.brentq(excess, best / 50, best)


def test_profile_of_one_parameter_by_hand():
    data = np.asarray(density.exponential.family.sample(jax.random.key(1), 0.7, shape=(4, 12)))
    got = estimate.profile_interval(density.exponential.family, data, "rate")
    assert got.converged.all()
    assert not got.unbounded.any()
    assert got.interval.dtype == DTYPE
    expected = [[exponential_end(x.astype(float), side) for side in (0, 1)] for x in data]
    np.testing.assert_allclose(got.interval, expected, rtol=CLOSE)


def test_profile_of_a_normal_mean_and_scale():
    """Closed forms: t² = n (e^(χ²/n) − 1) for the mean, one equation for the scale."""
    family, data, fit = case("normal")
    n, scale = data.shape[-1], data.astype(float).std(-1)
    half = scale * np.sqrt(np.exp(CHI / n) - 1)
    got = estimate.profile_interval(family, data, "loc")
    np.testing.assert_allclose(got.interval, data.astype(float).mean(-1)[:, None] + half[:, None] * [-1, 1], rtol=CLOSE)
    got = estimate.profile_interval(family, data, "scale")

    def excess(ratio):
        return n * (2 * np.log(ratio) + 1 / ratio**2 - 1) - CHI

    ends = np.array([optimize.brentq(excess, 0.5, 1.0), optimize.brentq(excess, 1.0, 2.0)])
    np.testing.assert_allclose(got.interval, scale[:, None] * ends, rtol=CLOSE)
    wald = estimate.wald_interval(fit)["loc"]
    np.testing.assert_allclose((wald[:, 1] - wald[:, 0]) / 2, 1.959964 * fit.standard_error["loc"], rtol=1e-4)


def test_an_end_of_the_profile_is_an_end_of_the_ratio_test():
    family, data, fit = case("gamma")
    got = estimate.profile_interval(family, data, "concentration")
    assert got.converged.all()
    for side in (0, 1):
        null = estimate.mle(family, data, fixed={"concentration": got.interval[:, side, None]})
        test = estimate.likelihood_ratio_test(fit, null)
        np.testing.assert_allclose(test.p_value, 0.05, rtol=1e-5 if X64 else 2e-2)


def test_an_unbounded_side_ends_at_the_edge():
    flips = np.repeat([[1.0], [0.0]], 10, -1)
    got = estimate.profile_interval(density.bernoulli.family, flips, "p")
    end = np.exp(-CHI / 20)
    np.testing.assert_allclose(got.interval, [[end, 1.0], [0.0, 1 - end]], rtol=10 * CLOSE, atol=1e-7)
    assert got.unbounded.tolist() == [[False, True], [True, False]]
    assert got.converged.all()
    counts = np.tile([2.0, 3.0], 64)  # the Poisson limit is not excluded
    r = estimate.profile_interval(density.negative_binomial.family, counts, "r")
    assert np.isinf(r.interval[1])
    assert r.interval[0] > 5


def test_a_bad_lane_of_profiles():
    family, data, _ = case("gamma")
    bad = data.copy()
    bad[2, 0] = -1.0
    got = estimate.profile_interval(family, bad, "concentration")
    keep = np.arange(len(data)) != 2
    assert got.converged.all(-1).tolist() == keep.tolist()
    assert np.isnan(got.interval[2]).all()
    np.testing.assert_allclose(
        got.interval[keep], estimate.profile_interval(family, data, "concentration").interval[keep]
    )


def test_coverage_where_theory_promises_it():
    truth = density.gamma.family.example_params
    data = density.gamma.family.sample(jax.random.key(11), **truth, shape=(2000, 200))
    fit = estimate.mle(density.gamma.family, data)
    assert fit.converged.all()
    intervals = {
        "wald": estimate.wald_interval(fit, family=density.gamma.family)["rate"],
        "profile": estimate.profile_interval(density.gamma.family, data, "rate").interval,
    }
    for interval in intervals.values():
        share = np.mean((interval[:, 0] <= truth["rate"]) & (truth["rate"] <= interval[:, 1]))
        assert 0.935 <= share <= 0.965


def test_where_wald_fails_and_the_profile_does_not():
    """Twenty trials of probability 0.05: a third of Wald's intervals are a point."""
    flips = np.random.default_rng(5).uniform(size=(2000, 20)) < 0.05
    fit = estimate.mle(density.bernoulli.family, flips)
    wald = estimate.wald_interval(fit)["p"]
    profile = estimate.profile_interval(density.bernoulli.family, flips, "p").interval
    share = [np.mean((i[:, 0] <= 0.05) & (i[:, 1] >= 0.05)) for i in (wald, profile)]
    assert share[0] < 0.7
    assert share[1] > 0.9


def test_likelihood_ratio_and_wald_and_score_by_hand():
    family, data, fit = case("exponential")
    n, mean = data.shape[-1], data.astype(float).mean(-1)
    null = 1.1 * family.example_params["rate"]
    wald = estimate.wald_test(fit, lambda p: p["rate"] - null)
    np.testing.assert_allclose(wald.statistic, n * (1 - null * mean) ** 2, rtol=1e-3)
    score = estimate.score_test(family, data, {"rate": null})
    np.testing.assert_allclose(score.statistic, n * (1 - null * mean) ** 2, rtol=1e-3)
    np.testing.assert_allclose(score.p_value, stats.chi2.sf(np.asarray(score.statistic), 1), rtol=1e-4)
    assert wald.df == score.df == 1


def test_score_and_ratio_agree_near_the_truth():
    family, data, fit = case("gamma")
    null = {"concentration": 2.5}
    score = estimate.score_test(family, data, null)
    ratio = estimate.likelihood_ratio_test(fit, estimate.mle(family, data, fixed=null))
    np.testing.assert_allclose(score.statistic, ratio.statistic, rtol=0.3, atol=0.05)
    both = estimate.score_test(family, data, family.example_params)
    assert both.df == 2
    binomial, data, _ = case("binomial")
    known = estimate.score_test(binomial, data, {"p": 0.3}, fixed={"n": 20.0})
    z = (data.astype(float).mean(-1) - 6.0) / np.sqrt(20 * 0.3 * 0.7 / data.shape[-1])
    np.testing.assert_allclose(known.statistic, z**2, rtol=1e-2, atol=1e-3)


def test_wald_of_two_numbers():
    fit = case("normal")[2]
    test = estimate.wald_test(fit, lambda p: np.asarray([1.0]) * p["loc"] - 1.5)
    both = estimate.wald_test(fit, lambda p: jax.numpy.stack([p["loc"] - 1.5, p["scale"] - 2.0]))
    assert (test.df, both.df) == (1, 2)
    z = (np.asarray(fit.params["loc"]) - 1.5) / np.asarray(fit.standard_error["loc"])
    s = (np.asarray(fit.params["scale"]) - 2.0) / np.asarray(fit.standard_error["scale"])
    np.testing.assert_allclose(both.statistic, z**2 + s**2, rtol=1e-3)


COUNTS = [(0, 10), (1, 10), (5, 10), (10, 10), (3, 100), (999, 1000)]


@pytest.mark.parametrize(
    ("method", "theirs"), [("wilson", "wilson"), ("wilson_continuity", "wilsoncc"), ("clopper_pearson", "exact")]
)
def test_proportions_as_scipy(method, theirs):
    k, n = np.array(COUNTS, float).T
    for level in (0.9, 0.99):
        got = estimate.proportion_interval(k, n, level=level, method=method)
        for i, (a, b) in enumerate(COUNTS):
            ci = stats.binomtest(a, b).proportion_ci(level, theirs)
            np.testing.assert_allclose(got[i], [ci.low, ci.high], rtol=1e-4 if not X64 else 1e-9, atol=1e-7)


def test_other_proportions_by_their_formulas():
    k, n = np.array(COUNTS, float).T
    z = stats.norm.ppf(0.975)
    got = estimate.proportion_interval(k, n, method="agresti_coull")
    p = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(p * (1 - p) / (n + z**2))
    np.testing.assert_allclose(got, np.clip(np.stack([p - half, p + half], -1), 0, 1), rtol=1e-4, atol=1e-6)
    got = estimate.proportion_interval(k, n, method="jeffreys")
    low = np.where(k > 0, stats.beta.ppf(0.025, k + 0.5, n - k + 0.5), 0)
    high = np.where(k < n, stats.beta.ppf(0.975, k + 0.5, n - k + 0.5), 1)
    np.testing.assert_allclose(got, np.stack([low, high], -1), rtol=1e-4, atol=1e-7)
    got = estimate.proportion_interval([5, 0], 10, method="wald")
    np.testing.assert_allclose(got, [[0.5 - z * 0.025**0.5, 0.5 + z * 0.025**0.5], [0, 0]], rtol=1e-4)


@pytest.mark.parametrize("method", estimate.PROPORTION_METHODS)
def test_proportions_are_symmetric(method):
    k = np.arange(11.0)
    got = np.asarray(estimate.proportion_interval(k, 10, method=method))
    np.testing.assert_allclose(got[::-1], 1 - got[:, ::-1], atol=1e-6)
    assert got.dtype == DTYPE
    assert ((got >= 0) & (got <= 1)).all()
    if method == "wilson":
        mapped = jax.vmap(lambda k: estimate.proportion_interval(k, 10.0))(k.astype(DTYPE))
        np.testing.assert_allclose(mapped, got, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(estimate.proportion_interval(0, 0, method=method), [0.0, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: estimate.proportion_interval(11, 10),
            "`successes` must be whole numbers from 0 to `trials`; got 11 of 10",
        ),
        (lambda: estimate.proportion_interval(1.5, 10), "got 1.5 of 10"),
        (lambda: estimate.proportion_interval(1, 10, method="exact"), "`method` must be one of wilson,"),
        (lambda: estimate.proportion_interval(1, 10, level=1.0), "`level` must lie strictly between"),
        (lambda: estimate.wald_interval(case("gamma")[2], level=0.0), "`level` must lie strictly between"),
        (
            lambda: estimate.profile_interval(density.gamma.family, [1.0, 2.0], "shape"),
            "`parameter` must be a single number among concentration, rate; got 'shape'",
        ),
        (
            lambda: estimate.score_test(density.gamma.family, [1.0, 2.0], {}),
            "`null` must name parameters of concentration, rate; got none",
        ),
        (
            lambda: estimate.likelihood_ratio_test(case("gamma")[2], case("gamma")[2]),
            "`null` must have fewer parameters than `fit`",
        ),
    ],
)
def test_nonsense_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
