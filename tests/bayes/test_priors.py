"""Where priors come from and whether they fit: empirical Bayes, what a person knows, prior–data conflict."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import bayes
from jprob.bayes import elicit, empirical
from jprob.bayes.conjugate import (
    beta_binomial,
    dirichlet_multinomial,
    gamma_exponential,
    gamma_poisson,
    inverse_gamma_known_mean,
    normal_inverse_gamma,
    normal_known_scale,
)
from jprob.density import beta, gamma, normal
from tests.bayes.cases import PLAYERS
from tests.grids import X64

STUDIES, GROUPS = 12, 200


def fit_beta(successes, trials):
    """The fit in the shape that all tests share, so that it is compiled once: empty groups say nothing."""
    k, n = (np.zeros((STUDIES, GROUPS)) for _ in range(2))
    size = np.shape(successes)[-1]
    k[:, :size], n[:, :size] = successes, trials
    return jax.tree.map(lambda v: v[0] if v.ndim == 1 else v[0, :size], empirical.fit_beta(k, n))


@pytest.fixture(scope="module")
def coins():
    rng = np.random.default_rng(0)
    n = rng.integers(5, 60, (STUDIES, GROUPS))
    return empirical.fit_beta(rng.binomial(n, rng.beta(3.0, 7.0, n.shape)), n)


@pytest.fixture(scope="module")
def rates():
    rng = np.random.default_rng(1)
    t = rng.uniform(0.5, 5.0, (STUDIES, GROUPS))
    return empirical.fit_gamma(rng.poisson(rng.gamma(2.0, 2.0, t.shape) * t), t)


@pytest.mark.parametrize(("which", "planted"), [("coins", (3.0, 7.0)), ("rates", (2.0, 0.5))])
def test_planted_hyperparameters_are_recovered(which, planted, request):
    found = request.getfixturevalue(which)
    assert np.asarray(found.converged).all()
    assert not np.asarray(found.at_boundary).any()
    for estimate, error, truth in zip(found.prior, found.standard_error, planted, strict=True):
        z = (np.asarray(estimate, float) - truth) / np.asarray(error, float)
        assert (np.abs(z) < 4).all()
        assert 0.4 < z.std() < 1.8  # the errors are neither too large nor too small


def test_the_evidence_is_at_its_top(coins):
    assert (np.asarray(coins.log_evidence) > np.asarray(coins.log_evidence_pooled)).all()
    hits, at_bats = PLAYERS
    found = fit_beta(hits, at_bats)
    for a, b in ((0.8, 1.0), (1.25, 1.0), (1.0, 0.8), (1.0, 1.25)):
        moved = beta_binomial.log_evidence((found.prior.a * a, found.prior.b * b), hits, at_bats).sum()
        assert float(moved) < float(found.log_evidence)


def test_batters_are_shrunk_to_each_other():
    hits, at_bats = PLAYERS
    found = fit_beta(hits, at_bats)
    raw, shrunk = hits / at_bats, np.asarray(beta_binomial.mean(found.posterior), float)
    assert shrunk.std() < 0.5 * raw.std()
    assert np.array_equal(np.argsort(np.argsort(raw)), np.argsort(np.argsort(np.round(shrunk, 9))))


@pytest.mark.parametrize(
    ("successes", "expected"),
    [([0] * 5, True), ([10] * 5, True), ([3] * 5, True), ([0, 10, 0, 10, 10], True), ([0, 9, 2, 10, 5], False)],
)
def test_groups_that_teach_nothing_about_their_spread_are_flagged(successes, expected):
    found = fit_beta(successes, [10] * 5)
    assert bool(found.at_boundary) is expected
    assert np.isfinite(np.asarray(beta_binomial.mean(found.posterior))).all()
    assert (float(found.standard_error.a) == np.inf) is expected


def test_rates_that_are_all_alike_are_flagged():
    events = np.broadcast_to(np.arange(GROUPS) % 4, (STUDIES, GROUPS)).copy()
    events[0], events[1], events[2, ::2] = 5, 0, 20
    found = empirical.fit_gamma(events, np.ones(GROUPS))
    assert np.asarray(found.at_boundary)[:3].tolist() == [True, True, False]
    assert np.isfinite(np.asarray(gamma_poisson.mean(found.posterior))).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: empirical.fit_beta([1, 11], [10, 10]), "`trials` must not be smaller than `successes`"),
        (lambda: empirical.fit_beta([1], [10]), "`groups` along the last axis must be at least two"),
        (lambda: empirical.fit_gamma([1, 2], [1.0, 0.0]), "`exposure` must be positive; got 0."),
        (lambda: empirical.fit_gamma([1, 2.5], [1.0, 1.0]), "`events` must be whole numbers of at least 0; got 2.5"),
    ],
)
def test_bad_groups_are_one_sentence(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
        call()
    assert message in str(refused.value)


def test_a_mean_and_an_interval_become_a_prior():
    mean, low, high = np.array([0.05, 0.5, 0.9]), np.array([0.02, 0.4, 0.6]), np.array([0.09, 0.55, 1.0])
    prior = elicit.beta_from_mean_interval(mean, (low, high), 0.9)
    np.testing.assert_allclose(beta_binomial.mean(prior), mean, rtol=1e-5)
    inside = beta.cdf(high, *prior) - beta.cdf(low, *prior)
    np.testing.assert_allclose(inside, 0.9, atol=1e-9 if X64 else 1e-4)
    rate = elicit.gamma_from_mean_interval(mean * 40, (low * 40, high * 40), 0.9)
    np.testing.assert_allclose(gamma_poisson.mean(rate), mean * 40, rtol=1e-5)
    inside = gamma.cdf(high * 40, *rate) - gamma.cdf(low * 40, *rate)
    np.testing.assert_allclose(inside, 0.9, atol=1e-9 if X64 else 1e-4)


def test_two_quantiles_become_the_prior_they_came_from():
    tight = {"rtol": 1e-8 if X64 else 2e-3}
    probs = (0.1, 0.8)
    for a, b in ((2.0, 5.0), (0.7, 0.6), (40.0, 10.0)):
        values = tuple(float(beta.ppf(p, a, b)) for p in probs)
        np.testing.assert_allclose(elicit.beta_from_quantiles(probs, values), (a, b), **tight)
        values = tuple(float(gamma.ppf(p, a, b)) for p in probs)
        np.testing.assert_allclose(elicit.gamma_from_quantiles(probs, values), (a, b), **tight)
    values = tuple(float(normal.ppf(p, -3.0, 2.0)) for p in probs)
    np.testing.assert_allclose(elicit.normal_from_quantiles(probs, values), (-3.0, 2.0), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: elicit.beta_from_mean_interval(0.5, (0.6, 0.9)), "`interval` must lie in [0, 1] with `mean` strictly"),
        (lambda: elicit.beta_from_mean_interval(0.5, (0.4, 1.2)), "`interval` must lie in [0, 1] with `mean` strictly"),
        (lambda: elicit.gamma_from_quantiles((0.5, 0.2), (1.0, 2.0)), "`probs` must increase strictly between 0 and 1"),
        (lambda: elicit.normal_from_quantiles((0.2, 0.5), (2.0, 1.0)), "`values` must increase strictly between -inf"),
        (
            lambda: elicit.beta_from_mean_interval(0.5, (0.0, 1.0)),
            "`interval` or `values` must be what such a prior can",
        ),
    ],
)
def test_what_no_prior_can_have_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
        call()
    assert message in str(refused.value)


def test_data_from_the_prior_rarely_conflict_and_others_do():
    """Under the prior predictive the p-value is at most uniform; far from it it is tiny."""
    rng = np.random.default_rng(2)
    m = 600
    p, lam, var = rng.beta(2.0, 5.0, m), rng.gamma(3.0, 0.5, m), 1 / rng.gamma(3.0, 0.5, m)
    loc = rng.normal(1.0, np.sqrt(var / 2.0))
    x = loc[:, None] + np.sqrt(var)[:, None] * rng.normal(size=(m, 8))
    cases = [
        (beta_binomial, (2.0, 5.0), (rng.binomial(200, p), 200), (199, 200)),
        (gamma_poisson, (3.0, 2.0), (rng.poisson(50 * lam), 50.0), (5000, 50.0)),
        (gamma_exponential, (3.0, 2.0), (20, rng.gamma(20, 1 / lam)), (20, 1e5)),
        (normal_known_scale, (1.0, 2.0), (rng.normal(rng.normal(1.0, 2.0, m), 1.0), 4, 2.0), (30.0, 4, 2.0)),
        (inverse_gamma_known_mean, (3.0, 2.0), (var * rng.chisquare(9, m), 9), (1e6, 9)),
        (normal_inverse_gamma, (1.0, 2.0, 3.0, 2.0), normal_inverse_gamma.statistics(x), (500.0, 8, 8.0)),
    ]
    for pair, prior, data, far in cases:
        nothing = tuple(0.0 * np.asarray(v) + (v == 2.0) for v in far)  # but for the known scale
        columns = [
            np.append(np.broadcast_to(d, m), [f, 0 if n < 1 else f]) for d, f, n in zip(data, far, nothing, strict=True)
        ]
        p_values = np.asarray(bayes.conflict(pair, prior, *columns).p_value, float)
        for level in (0.05, 0.5):
            share = (p_values[:m] < level).mean()
            assert share < level + 5 * (level * (1 - level) / m) ** 0.5, pair.__name__
            assert share > 0.7 * level, pair.__name__
        assert p_values[m] < 1e-3, pair.__name__
        assert p_values[m + 1] == 1.0, pair.__name__  # no data conflict with nothing


def test_conflict_jits_and_refuses_what_has_no_single_number():
    pair = normal_known_scale
    found = jax.jit(lambda n: bayes.conflict(pair, (2.0, 5.0), 1.0, n, 1.0).p_value)(jnp.asarray([3.0, -1.0]))
    assert np.isnan(np.asarray(found)).tolist() == [False, True]
    with pytest.raises(ValueError, match="`pair` must be one of beta_binomial, "):
        bayes.conflict(dirichlet_multinomial, [1.0, 1.0], [1, 2])
