"""Variational inference: near the exact posterior where its family holds it, and no trust where it does not."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import optax
import pytest
from numpyro import distributions as dist

from jprob import bayes
from jprob.bayes import largest_k, models, vi
from tests.grids import DTYPE

KEY = jax.random.key(6)
RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 2)).astype(DTYPE)
Y = (X @ [1.0, -0.5] + 0.3 * RNG.normal(size=60)).astype(DTYPE)


def linear(x, y=None):
    """Its posterior is normal: the guide can hold it."""
    slopes = numpyro.sample("slopes", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
    numpyro.sample("y", dist.Normal(x @ slopes, 0.3), obs=y)


def exact():
    precision = np.eye(2) + X.T.astype(float) @ X / 0.09
    covariance = np.linalg.inv(precision)
    return covariance @ X.T @ Y.astype(float) / 0.09, covariance


@pytest.fixture(scope="module")
def found():
    return vi(KEY, linear, X, Y)


def test_a_normal_posterior_is_found_to_the_digit(found):
    mean, covariance = exact()
    draws = np.asarray(found.draws.samples["slopes"][0], float)
    error = np.sqrt(np.diag(covariance) / 4000)
    assert (np.abs(draws.mean(0) - mean) < 5 * error).all()
    scale = np.sqrt(np.diag(covariance))
    assert (np.abs((np.cov(draws.T) - covariance) / np.outer(scale, scale)) < 0.12).all()
    assert bool(found.converged & found.trusted)
    assert found.draws.samples["slopes"].shape == (1, 4000, 2)
    assert found.draws.stats == {}


def test_the_bound_rises_to_the_evidence(found):
    y, x = Y.astype(float), X.astype(float)
    n = len(y)
    marginal = np.eye(n) * 0.09 + x @ x.T
    evidence = -0.5 * (n * np.log(2 * np.pi) + np.linalg.slogdet(marginal)[1] + y @ np.linalg.solve(marginal, y))
    assert float(found.log_evidence) == pytest.approx(evidence, abs=0.02)
    assert float(found.elbo) <= evidence + 5 * float(found.elbo_error) + 0.01
    assert float(found.elbo) == pytest.approx(evidence, abs=0.05)
    trace = np.asarray(found.trace)
    taken = int(found.num_steps) // 100
    assert np.isfinite(trace[:taken]).all()
    assert np.isnan(trace[taken:]).all()
    assert trace[0] < trace[taken - 1]


def test_correlations_that_a_guide_cannot_hold_cost_its_bound(found):
    tilted = np.stack([X[:, 0], X[:, 0] + 0.1 * X[:, 1]], 1)
    full, flat = (vi(KEY, linear, tilted, Y, guide=guide, corrected=False) for guide in ("normal", "diagonal"))
    assert float(full.elbo) - float(flat.elbo) > 0.5
    assert bool((flat.draws.samples["slopes"].std((0, 1)) < full.draws.samples["slopes"].std((0, 1))).all())


@pytest.mark.parametrize("prior", [(1.2, 40.0), (0.2, 40.0)])
def test_near_an_edge_neither_vi_nor_laplace_is_trusted(prior):
    for engine in (bayes.laplace, bayes.vi):
        told = engine(KEY, models.coin_bias, 0, 0, prior=prior)
        assert not bool(told.trusted)
    assert float(told.pareto_k) > largest_k(4000)


def test_nearly_level_weights_are_believed_whatever_their_tail():
    """Beta(80, 30) in log odds: a few draws of four thousand weigh half more, which fits a heavy tail and changes nothing."""
    told = vi(KEY, models.coin_bias, 78, 106, prior=(2.0, 2.0))
    assert float(told.effective_draws) > 3960
    assert bool(told.trusted)
    p = np.asarray(told.draws.samples["p"], float)
    assert abs(p.mean() - 80 / 110) < 5 * p.std() / 4000**0.5


def test_it_vmaps_over_data_and_takes_any_optimiser():
    optimizer = optax.adabelief(0.1)
    several = jax.vmap(lambda key, y: vi(key, linear, X, y, optimizer=optimizer, num_samples=200, max_steps=3000))
    told = several(jax.random.split(KEY, 3), jnp.stack([jnp.asarray(Y)] * 3))
    mean, covariance = exact()
    gap = np.asarray(told.draws.samples["slopes"][:, 0], float).mean(1) - mean
    assert (np.abs(gap) < 6 * np.sqrt(np.diag(covariance) / 200)).all()
    assert told.converged.all()


def test_too_few_steps_are_said():
    told = vi(KEY, linear, X, Y, max_steps=100)
    assert not bool(told.converged)
    assert not bool(told.trusted)
    assert int(told.num_steps) == 100


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"guide": "mean field"}, "`guide` must be one of diagonal, normal, lowrank, flow; got 'mean field'"),
        ({"guide": "flow"}, "`guide` must not be 'flow' for a posterior of one dimension; got 'flow'"),
        ({"max_steps": 10}, "`max_steps` must be an integer of at least 100; got 10"),
        ({"num_particles": 1}, "`num_particles` must be an integer of at least 2; got 1"),
        ({"num_samples": 5}, "`num_samples` must be an integer of at least 25; got 5"),
    ],
)
def test_mistakes_are_named(options, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        vi(KEY, models.coin_bias, 3, 10, **options)
    with pytest.raises(ValueError, match="`trials` must not be smaller"):
        vi(KEY, models.coin_bias, 11, 10)
