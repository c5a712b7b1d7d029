"""Numbers of A/B tests that are known: to thirty digits, in closed form, or from the published data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jprob import ab
from jprob.bayes.conjugate import beta_binomial
from tests.ab.truth import prob_beats
from tests.grids import DTYPE, X64

# (successes, trials) of two arms, from nothing to a million, equal and very unequal
CASES = [
    ((0, 0), (0, 0)),
    ((1, 10), (0, 10)),
    ((0, 10), (10, 10)),
    ((3, 3), (3, 3)),
    ((5, 100), (8, 120)),
    ((20034, 44700), (20119, 45489)),
    ((3, 10), (300_000, 1_000_000)),
    ((0, 1_000_000), (3, 1_000_000)),
    ((500_000, 1_000_000), (501_000, 1_000_000)),
    ((999_999, 1_000_000), (5, 5)),
    ((999_000, 1_000_000), (999_050, 1_000_000)),
    ((100, 1_000_000), (0, 1)),
    ((1_000, 1_000_000), (1_100, 1_000_000)),
]
TOLERANCE = 1e-8 if X64 else 2e-6  # the bound on prob_best

analyze = jax.jit(ab.analyze)


@pytest.fixture(scope="module")
def results():
    """All cases as one batch of experiments: one program."""
    counts = np.asarray(CASES, DTYPE)
    return jax.tree.map(np.asarray, analyze(jnp.asarray(counts[..., 0]), jnp.asarray(counts[..., 1])))


@pytest.mark.parametrize("i", range(len(CASES)), ids=str)
def test_prob_best(results, i):
    (s, n), (t, m) = CASES[i]
    true = float(prob_beats(s + 1, n - s + 1, t + 1, m - t + 1))
    assert abs(results.prob_best[i, 1] - true) <= TOLERANCE
    assert abs(results.prob_best[i, 0] - (1 - true)) <= TOLERANCE
    assert results.prob_beats_control[i, 1] == pytest.approx(results.prob_best[i, 1], abs=TOLERANCE)


def test_sixteen_of_twenty_one(results):
    assert results.prob_best[1, 0] == pytest.approx(16 / 21, abs=TOLERANCE)


def test_losses_differ_by_the_difference_of_the_means(results):
    mean = np.array([[(s + 1) / (n + 2) for s, n in case] for case in CASES])
    np.testing.assert_allclose(results.rate, mean, rtol=1e-12 if X64 else 1e-6)
    gap = results.expected_loss[:, 0] - results.expected_loss[:, 1]
    np.testing.assert_allclose(gap, mean[:, 1] - mean[:, 0], atol=1e-8 if X64 else 2e-6)
    assert (results.expected_loss >= 0).all()


def test_rate_intervals_are_the_exact_quantiles(results):
    posterior = beta_binomial.BetaParams(*(np.asarray(v, float) for v in results.posterior))
    expected = np.stack([scipy.stats.beta.ppf(q, *posterior) for q in (0.025, 0.975)], -1)
    np.testing.assert_allclose(results.rate_interval, expected, rtol=1e-6 if X64 else 1e-4)
    width = np.diff(results.rate_interval)[..., 0]
    assert (np.diff(results.rate_hdi)[..., 0] <= width * (1 + 1e-4)).all()
    inside = scipy.stats.beta.cdf(results.rate_hdi[..., 1], *posterior) - scipy.stats.beta.cdf(
        results.rate_hdi[..., 0], *posterior
    )
    # a float32 end of an interval of width 1e-3 next to 1 is known to 1e-4 of it
    np.testing.assert_allclose(inside, 0.95, atol=1e-6 if X64 else 2e-3)


def test_lifts_have_the_quantiles_of_draws(results):
    """Against a hundred thousand draws, at five standard errors of the share below each end."""
    rng, n = np.random.default_rng(1), 100_000
    for i in (1, 4, 5, 6, 10):
        a, b = (np.asarray(v[i], float) for v in results.posterior)
        control, arm = rng.beta(a, b, (n, 2)).T
        error = 5 * np.sqrt(0.025 * 0.975 / n)
        for draws, ends, median in (
            (arm / control - 1, results.lift_interval[i, 1], results.lift[i, 1]),
            (arm - control, results.absolute_lift_interval[i, 1], None),
        ):
            assert abs((draws < ends[0]).mean() - 0.025) < error, CASES[i]
            assert abs((draws > ends[1]).mean() - 0.025) < error, CASES[i]
            if median is not None:
                assert abs((draws < median).mean() - 0.5) < 2.5 / np.sqrt(n)
        for draws, hdi, ends in (
            (arm / control - 1, results.lift_hdi[i, 1], results.lift_interval[i, 1]),
            (arm - control, results.absolute_lift_hdi[i, 1], results.absolute_lift_interval[i, 1]),
        ):
            inside = ((draws > hdi[0]) & (draws < hdi[1])).mean()
            assert abs(inside - 0.95) < 5 * np.sqrt(0.95 * 0.05 / n), CASES[i]
            assert hdi[1] - hdi[0] <= (ends[1] - ends[0]) * (1 + 1e-4)


def test_the_control_has_no_lift(results):
    for field in (results.lift, results.absolute_lift):
        assert (field[:, 0] == 0).all()
    for field in (results.lift_interval, results.lift_hdi, results.absolute_lift_interval, results.absolute_lift_hdi):
        assert (field[:, 0] == 0).all()
    assert (results.prob_beats_control[:, 0] == 0.5).all()
    assert (results.rope_mass == 0).all(), "without a region there is no mass in it"


def test_sample_ratio_mismatch(results):
    for i, ((_, n), (_, m)) in enumerate(CASES):
        if n + m:
            expected = scipy.stats.chisquare([n, m]).pvalue
            assert results.srm_pvalue[i] == pytest.approx(expected, rel=1e-6 if X64 else 1e-3, abs=1e-30)
    planned = ab.analyze([5, 50], [100, 900], allocation=(0.1, 0.9))
    assert float(planned.srm_pvalue) == pytest.approx(1.0)


def test_cookie_cats(results):
    assert results.prob_best[5, 0] == pytest.approx(0.9628, abs=5e-5)
    assert results.absolute_lift[5, 1] == pytest.approx(20120 / 45491 - 20035 / 44702, abs=1e-6)
