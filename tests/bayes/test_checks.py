"""Checks of a fitted model: predictions, leave-one-out, sensitivity to the prior; ArviZ and exact formulas as oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arviz_stats.base import array_stats

from jprob import bayes
from jprob.bayes import models
from jprob.bayes.conjugate import beta_binomial, gamma_poisson
from tests.grids import DTYPE, X64

KEY = jax.random.key(8)
RNG = np.random.default_rng(4)
COUNTS = RNG.poisson(4.0, 30)


def one_rate(y, site="y"):
    import numpyro
    from numpyro import distributions as dist

    rate = numpyro.sample("rate", dist.Gamma(2.0, 0.5))
    numpyro.sample(site, dist.Poisson(rate).expand([len(y)]), obs=y)


@pytest.fixture(scope="module")
def draws():
    return bayes.nuts(KEY, one_rate, COUNTS, num_warmup=300, num_samples=500)


def test_leave_one_out_agrees_with_arviz(draws):
    found = bayes.loo(draws)
    each = np.moveaxis(np.asarray(draws.log_likelihood["y"], float), -1, 0)
    theirs = [array_stats.loo(row) for row in each]
    tolerance = 1e-6 if X64 else 2e-4
    np.testing.assert_allclose(found.pointwise, [t[0] for t in theirs], rtol=tolerance)
    np.testing.assert_allclose(found.pareto_k, [t[1] for t in theirs], atol=1e-5 if X64 else 0.02)
    assert float(found.p_loo) == pytest.approx(sum(t[2] for t in theirs), rel=1e-3 if X64 else 0.05)
    assert bool(found.trusted)
    assert int(found.num_bad) == 0


def test_leave_one_out_is_refitting(draws):
    """The rate is Gamma: each prediction without its observation is negative binomial."""
    rest = COUNTS.sum() - COUNTS
    exact = [
        gamma_poisson.log_evidence(gamma_poisson.update((2.0, 0.5), float(r), 29.0), float(k), 1.0)
        for r, k in zip(rest, COUNTS, strict=True)
    ]
    found = bayes.loo(draws)
    np.testing.assert_allclose(found.pointwise, np.asarray(exact), atol=0.06)
    spread = np.sqrt(30 * np.var(np.asarray(exact)))
    assert float(found.standard_error) == pytest.approx(spread, rel=0.1)


def test_an_observation_that_decides_alone_is_flagged():
    """Its likelihood leaves a proposal without it nothing to reweight."""
    y = np.append(np.zeros(29, int), 1200)
    told = bayes.loo(bayes.nuts(KEY, one_rate, y, num_warmup=300, num_samples=500))
    assert not bool(told.trusted)
    assert int(np.argmax(told.pareto_k)) == 29


def test_models_are_compared_on_the_same_observations(draws):
    found = bayes.loo(draws)
    itself = bayes.loo_difference(found, found)
    assert float(itself.elpd) == 0.0 == float(itself.standard_error)
    worse = found._replace(pointwise=found.pointwise - 0.1 + 0.01 * jnp.arange(30) / 30)
    told = bayes.loo_difference(found, worse)
    assert float(told.elpd) == pytest.approx(30 * 0.1 - 0.01 * 14.5, rel=1e-4)
    assert float(told.probability_better) > 0.99
    with pytest.raises(ValueError, match=r"must be of the same observations; got \(30,\) and \(4,\)"):
        bayes.loo_difference(found, found._replace(pointwise=jnp.zeros(4)))


def test_sensitivity_agrees_with_arviz(draws):
    found = bayes.prior_sensitivity(draws)
    x = np.asarray(draws.samples["rate"], float)
    for ours, group in ((found.prior, draws.log_prior), (found.likelihood, draws.log_likelihood)):
        total = sum(np.asarray(v, float).reshape(4, 500, -1).sum(-1) for v in group.values())
        lower, upper = (np.exp((a - 1) * (total - total.max())) for a in (0.99, 1.01))
        theirs = array_stats.power_scale_sense(x, lower / lower.sum(), upper / upper.sum(), 0.99, 1.01)
        assert float(ours["rate"]) == pytest.approx(float(theirs), rel=1e-6 if X64 else 0.02)


def test_a_prior_that_fights_the_data_is_named():
    fight = bayes.nuts(KEY, models.coin_bias, 0, 40, prior=(40.0, 40.0), num_warmup=300)
    weak = bayes.nuts(KEY, models.coin_bias, 1, 2, prior=(40.0, 80.0), num_warmup=300)
    plenty = bayes.nuts(KEY, models.coin_bias, 400, 1000, prior=(1.0, 1.0), num_warmup=300)
    assert bool(bayes.prior_sensitivity(fight).conflict["p"])
    assert bool(bayes.prior_sensitivity(weak).dominated["p"])
    none = bayes.prior_sensitivity(plenty)
    assert not bool(none.conflict["p"] | none.dominated["p"])


def test_gradients_in_the_prior_are_exact():
    a, b, k, n = 2.0, 3.0, 8.0, 10.0
    found = bayes.prior_gradient(beta_binomial, (a, b), k, n)
    total = a + b + n
    np.testing.assert_allclose(np.asarray(found), [(b + n - k) / total**2, -(a + k) / total**2], rtol=1e-5)
    odds = bayes.prior_gradient(beta_binomial, (a, b), k, n, quantity=lambda post: post.a / post.b)
    np.testing.assert_allclose(np.asarray(odds), [1 / (b + n - k), -(a + k) / (b + n - k) ** 2], rtol=1e-5)
    with pytest.raises(ValueError, match="`quantity` must be a function of beta_binomial; got 'median'"):
        bayes.prior_gradient(beta_binomial, (a, b), k, n, quantity="median")


def test_replicates_are_held_against_the_data(draws):
    fine = bayes.predictive_check(draws, "mean")
    assert fine.replicated.shape == (4, 500)
    assert float(fine.observed) == pytest.approx(COUNTS.mean())
    assert 0.05 < float(fine.p_value) <= 1.0
    made = np.asarray(fine.replicated)
    tails = [(made >= COUNTS.mean()).mean(), (made <= COUNTS.mean()).mean()]
    assert float(fine.upper) == pytest.approx(tails[0], abs=1e-3)
    assert float(fine.p_value) == pytest.approx(min(1.0, 2 * min(tails)), abs=2e-3)
    spread = bayes.nuts(KEY, one_rate, np.repeat([0, 12], 15), num_warmup=300, num_samples=500)
    assert float(bayes.predictive_check(spread, "sd").p_value) < 0.01
    assert float(bayes.predictive_check(spread, "zeros").upper) < 0.01
    own = bayes.predictive_check(draws, lambda y: jnp.max(y) - jnp.min(y))
    assert float(own.observed) == np.ptp(COUNTS)
    assert float(own.error) < 0.05


def test_the_prior_is_checked_before_the_data_have_spoken():
    far = bayes.nuts(KEY, one_rate, np.full(30, 30), num_warmup=300, num_samples=500)
    assert float(bayes.predictive_check(far, "mean", group="prior").p_value) < 0.01
    assert float(bayes.predictive_check(far, "mean").p_value) > 0.1


def test_predictions_of_new_rows_have_the_right_law():
    """Held-out counts: intervals of the predictive hold what they say."""
    from jprob import calibrate

    posterior = gamma_poisson.update((2.0, 0.5), float(COUNTS.sum()), 30.0)
    samples = {"rate": gamma_poisson.sample(KEY, posterior, (1, 4000)).astype(DTYPE)}
    drawn = bayes.predict(jax.random.key(1), one_rate, samples, np.zeros(6))["y"]
    assert drawn.shape == (1, 4000, 6)
    mean = float(gamma_poisson.mean(posterior))
    assert float(drawn.mean()) == pytest.approx(mean, abs=5 * (mean * 1.2 / 24_000) ** 0.5)
    held = np.random.default_rng(9).poisson(4.0, 400)
    low, high = jnp.quantile(drawn[0, :, 0], jnp.asarray([0.05, 0.95]))
    told = calibrate.central_coverage(jnp.full(400, low), jnp.full(400, high), held, 0.9)
    assert float(told.share) > 0.9 - 5 * (0.09 / 400) ** 0.5  # discrete: at least its level


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda d: bayes.loo(d._replace(log_likelihood=None)),
            "`draws` must have pointwise log likelihoods; sample with",
        ),
        (lambda d: bayes.loo(d, site="z"), "`site` must be one of y; got 'z'"),
        (
            lambda d: bayes.prior_sensitivity(d._replace(log_prior=None)),
            "`draws` must have log prior and log likelihood",
        ),
        (
            lambda d: bayes.predictive_check(d, "mode"),
            "`statistic` must be one of mean, sd, min, max, zeros, or a function",
        ),
        (
            lambda d: bayes.predictive_check(d, "mean", group="both"),
            "`group` must be 'posterior' or 'prior'; got 'both'",
        ),
        (lambda d: bayes.predictive_check(d, "mean", site="z"), "`site` must be one of y; got 'z'"),
        (
            lambda d: bayes.predictive_check(d._replace(posterior_predictive=None), "mean"),
            "`draws` must have replicated data; sample with",
        ),
    ],
)
def test_mistakes_are_named(draws, call, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        call(draws)
