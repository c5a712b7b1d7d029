"""NumPyro distributions: draws follow their densities."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jprob.bayes import log_odds
from jprob.bayes.distributions import BetaBinomialCounts, BinomialCounts, LogOddsBeta

DRAWS = 4000


@partial(jax.jit, static_argnums=(0, 2))
def sample(law, key, shape, *params):
    return law(*params).sample(key, shape)


@pytest.mark.parametrize(("a", "b"), [(0.01, 0.01), (0.1, 3.0), (1.0, 1.0), (2e5, 30.0)])
def test_log_odds_follow_their_distribution(a, b, key):
    z = sample(LogOddsBeta, key, (DRAWS,), a, b)
    p_value = scipy.stats.kstest(
        np.asarray(z, float), lambda z: np.asarray(jax.jit(log_odds.beta_cdf)(z, a, b), float)
    ).pvalue
    assert p_value > 1e-3


@pytest.mark.parametrize(
    ("n", "z"), [(10, 0.0), (10, 3.0), (10**6, -1.0), (10**9, 0.5), (10**9, -15.0), (5 * 10**6, 8.0)]
)
def test_counts_have_mean_and_variance(n, z, key):
    x = np.asarray(sample(BinomialCounts, key, (DRAWS,), float(n), z), float)
    p = 1 / (1 + np.exp(-z))
    variance = n * p * (1 - p)
    assert abs(x.mean() - n * p) < 5 * np.sqrt(variance / DRAWS) + 2e-7 * n
    assert x.var() == pytest.approx(variance, rel=5 * np.sqrt(3 / DRAWS))
    assert ((x >= 0) & (x <= n)).all()


def test_no_trials_give_no_successes(key):
    assert sample(BinomialCounts, key, (DRAWS,), 0.0, 0.3).max() == 0.0
    assert float(BinomialCounts(0, 0.3).log_prob(0)) == 0.0


def test_beta_binomial_counts_follow_their_mass(key):
    law = BetaBinomialCounts(5, 0.5, 2.0)
    found = np.bincount(np.asarray(sample(BetaBinomialCounts, key, (DRAWS,), 5.0, 0.5, 2.0), int), minlength=6)
    expected = DRAWS * np.exp(np.asarray(law.log_prob(jnp.arange(6.0)), float))
    assert scipy.stats.chisquare(found, expected * DRAWS / expected.sum()).pvalue > 1e-3


@pytest.mark.parametrize(
    ("law", "params"), [(LogOddsBeta, (2.0, 3.0)), (BinomialCounts, (5.0, 0.0)), (BetaBinomialCounts, (5.0, 2.0, 3.0))]
)
def test_shapes_and_support(law, params, key):
    law = law(jnp.full(3, params[0]), *params[1:])
    keys = jax.random.split(key, 5)
    x = jax.jit(jax.vmap(lambda key: law.sample(key, (4, 2))))(keys)
    assert x.shape == (5, 4, 2, 3) == law.log_prob(x).shape
    assert bool(law.support(x).all())
