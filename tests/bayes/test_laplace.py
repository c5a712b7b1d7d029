"""Laplace's approximation and smoothed weights: against exact posteriors, ArviZ, and where they must not be believed."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from arviz_stats.base import array_stats
from numpyro import distributions as dist

from jprob import bayes
from jprob.bayes import laplace, largest_k, models, smoothed_weights
from jprob.bayes.pareto import resampled
from tests.grids import DTYPE, X64

KEY = jax.random.key(4)
RNG = np.random.default_rng(6)
S = 4000


def coin(successes, trials, prior):
    found = laplace(KEY, models.coin_bias, successes, trials, prior=prior, num_samples=S)
    return found, bayes.conjugate.beta_binomial.update(prior, successes, trials)


@pytest.mark.parametrize(
    ("successes", "trials", "prior"), [(8, 10, (2.0, 2.0)), (300, 1000, (1.0, 1.0)), (5, 40, (1.0, 1.0))]
)
def test_weighted_draws_are_from_the_exact_posterior(successes, trials, prior):
    found, exact = coin(successes, trials, prior)
    assert bool(found.converged & found.trusted)
    a, b = (float(v) for v in exact)
    mean, sd = a / (a + b), (a * b / (a + b + 1)) ** 0.5 / (a + b)
    p = np.asarray(found.draws.samples["p"][0], float)
    slack = 5 * (2 / float(found.effective_draws)) ** 0.5
    assert abs(p.mean() - mean) < slack * sd
    assert abs(p.std() / sd - 1) < slack
    evidence = float(bayes.conjugate.beta_binomial.log_evidence(prior, successes, trials))
    assert abs(float(found.log_evidence) - evidence) < slack
    # in log odds the mode is log a/b and the curvature ab / (a + b)
    assert float(found.mode["logit_p"]) == pytest.approx(np.log(a / b), abs=1e-4)
    assert float(found.covariance[0, 0]) == pytest.approx((a + b) / (a * b), rel=1e-3)


def heavy():
    numpyro.sample("x", dist.Cauchy(0.0, 1.0))


def test_what_is_far_from_normal_is_not_trusted():
    """One Pareto k is itself an estimate: eight of them."""
    keys = jax.random.split(KEY, 8)
    found = jax.vmap(lambda key: laplace(key, heavy, num_samples=S)[5:])(keys)
    assert float(jnp.mean(found[0])) > largest_k(S)
    assert float(jnp.mean(found[3])) <= 0.5


def regression(x, y=None):
    beta = numpyro.sample("beta", dist.Normal(0.0, 2.0).expand([2]).to_event(1))
    scale = numpyro.sample("scale", dist.HalfNormal(2.0))
    numpyro.sample("y", dist.Normal(beta[0] + beta[1] * x, scale), obs=y)


def test_a_model_of_ones_own_beside_nuts():
    x = np.linspace(-1, 1, 60).astype(DTYPE)
    y = (1 + 2 * x + 0.5 * RNG.normal(size=60)).astype(DTYPE)
    found = laplace(KEY, regression, x, y, num_samples=S, predictive=True)
    assert bool(found.trusted)
    assert found.draws.samples["beta"].shape == (1, S, 2)
    assert found.draws.log_likelihood["y"].shape == (1, S, 60)
    chain = bayes.nuts(KEY, regression, x, y, num_warmup=300, num_samples=500, predictive=False)
    for site in ("beta", "scale"):
        ours, theirs = (
            np.asarray(d.samples[site], float).reshape(-1, *d.samples[site].shape[2:]) for d in (found.draws, chain)
        )
        spread = theirs.std(0)
        assert (np.abs(ours.mean(0) - theirs.mean(0)) < 0.15 * spread).all()
        assert (np.abs(ours.std(0) / spread - 1) < 0.15).all()


def test_in_a_batch_each_is_itself():
    counts = jnp.asarray([3.0, 8.0])
    both = jax.vmap(
        lambda k: laplace(KEY, models.coin_bias, k, 10.0, prior=(2.0, 2.0), num_samples=500).mode["logit_p"]
    )(counts)
    np.testing.assert_allclose(both, np.log([5 / 9, 10 / 4]), atol=1e-3)


@pytest.mark.parametrize("law", ["standard_t", "normal", "exponential"])
def test_smoothing_is_arvizs(law):
    draws = {
        "standard_t": RNG.standard_t(4, 1000),
        "normal": RNG.normal(size=1000),
        "exponential": 1.5 * RNG.exponential(size=1000),
    }
    ratios = draws[law].astype(DTYPE).astype(float)
    weights, k = array_stats.psislw(-ratios)
    got = smoothed_weights(ratios.astype(DTYPE))
    assert float(got.k) == pytest.approx(float(k), abs=1e-6 if X64 else 2e-3)
    np.testing.assert_allclose(got.log_weights, weights, atol=1e-6 if X64 else 5e-3)
    assert float(got.effective_draws) == pytest.approx(1 / np.exp(2 * weights).sum(), rel=1e-5 if X64 else 1e-2)


def test_weights_at_the_edges():
    equal = smoothed_weights(jnp.full(200, -1e4))
    assert float(equal.k) == -np.inf
    assert float(equal.effective_draws) == pytest.approx(200.0, rel=1e-4)
    none = smoothed_weights(jnp.where(jnp.arange(200) < 190, -jnp.inf, 0.0))
    assert np.isfinite(np.asarray(none.log_weights)[190:]).all()
    assert not np.isnan(np.asarray(none.log_weights)).any()
    with pytest.raises(ValueError, match=r"^`log_ratios` must have at least 25 draws; got shape"):
        smoothed_weights(jnp.zeros(3))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"num_samples": 3}, "`num_samples` must be an integer of at least 25; got 3"),
        ({"max_steps": 0}, "`max_steps` must be an integer of at least 1; got 0"),
        ({"successes": 11}, "`trials` must not be smaller than `successes`"),
    ],
)
def test_mistakes_are_named(changed, says):
    arguments = {"successes": 3} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        laplace(KEY, models.coin_bias, arguments.pop("successes"), 10, **arguments)


def test_resampling_follows_the_weights():
    weights = jnp.asarray([0.1, 0.0, 0.6, 0.3])
    many = jnp.repeat(weights, 1000) / 1000
    chosen = np.asarray(resampled(KEY, jnp.repeat(jnp.arange(4), 1000), jnp.log(many)))
    shares = np.bincount(chosen, minlength=4) / 4000
    assert (np.abs(shares - np.asarray(weights)) <= 5 * np.sqrt(np.asarray(weights * (1 - weights)) / 4000)).all()
