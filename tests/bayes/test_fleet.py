"""Fleets: the exact posteriors, a verdict for each lane, the same bits however they are run."""

import os
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from jprob import bayes
from jprob.bayes import models
from tests.grids import X64

KEY = jax.random.key(2)
TRIALS = np.array([[20, 30], [500, 400], [7, 0], [10_000, 9_000]] * 3)[:11]
SUCCESSES = np.array([[0, 3], [50, 60], [7, 0], [150, 0]] * 3)[:11]  # none, all and no trials among them
ARMS = (SUCCESSES, TRIALS)


@pytest.fixture(scope="module")
def arms():
    return {engine: bayes.fleet(KEY, models.beta_bernoulli, ARMS, engine=engine) for engine in ("exact", "hmc", "nuts")}


def exact_moments():
    a, b = SUCCESSES + 1.0, TRIALS - SUCCESSES + 1.0
    return a / (a + b), np.sqrt(a * b / (a + b + 1)) / (a + b)


@pytest.mark.parametrize("engine", ["exact", "hmc", "nuts"])
def test_lanes_are_the_exact_posteriors(arms, engine):
    found, (mean, sd) = arms[engine], exact_moments()
    assert found.ok.all()
    assert found.samples["p"].shape == (11, 4, 250, 2)
    assert (np.abs(found.mean["p"] - mean) < 5 * np.asarray(found.mcse_mean["p"])).all()
    assert (np.abs(found.mcse_mean["p"] / sd) < 0.1).all()
    assert (np.abs(found.sd["p"] / sd - 1) < 0.25).all()
    draws = bayes.Draws({k: v[3] for k, v in found.samples.items()}, {"chain": jnp.ones(())})
    told = bayes.compare_exact(draws, bayes.conjugate.beta_binomial.update((1.0, 1.0), SUCCESSES[3], TRIALS[3]))
    assert float(told.p_value["p"].min()) > 1e-3


def test_diagnostics_are_of_the_sites_that_were_sampled(arms):
    found = arms["hmc"]
    assert set(found.rhat) == {"logit_p"} == set(found.ess_tail)
    assert set(found.mean) == {"logit_p", "p"} == set(found.mcse_mean)
    assert float(found.rhat["logit_p"].max()) < 1.02
    assert float(found.ess_bulk["logit_p"].min()) > 250
    assert not found.num_divergent.any()
    assert not found.fallback.any()
    assert jnp.isnan(arms["exact"].rhat["logit_p"]).all()  # no chains to compare


Y = np.linspace(-3.0, 3.0, 11)


def means(y=Y, **options):
    return bayes.fleet(options.pop("keys", KEY), models.normal_means, y, engine="hmc", num_samples=50, **options)


def test_tiles_devices_and_neighbours_do_not_matter():
    few = means(tile=4)
    mesh = jax.make_mesh((1,), ("lanes",), axis_types=(jax.sharding.AxisType.Auto,))
    np.testing.assert_array_equal(means(tile=4, mesh=mesh).samples["mean"], few.samples["mean"])
    np.testing.assert_array_equal(means(tile=4, progress=True).samples["mean"], few.samples["mean"])
    keys = jax.vmap(jax.random.fold_in, (None, 0))(KEY, jnp.arange(11))
    some = means({"y": Y[4:8]}, keys=keys[4:8], tile=4)
    np.testing.assert_array_equal(some.samples["mean"], few.samples["mean"][4:8])


EIGHT = """
import jax, numpy as np
from jprob import bayes
from jprob.bayes import models
def draws(mesh):
    found = bayes.fleet(jax.random.key(0), models.normal_means, np.linspace(-3, 3, 37), engine="hmc", num_samples=20,
                        tile=4, mesh=mesh)
    return np.asarray(found.samples["mean"])
mesh = jax.make_mesh((8,), ("lanes",), axis_types=(jax.sharding.AxisType.Auto,))
print(len(jax.devices()), (draws(None) == draws(mesh)).all())
"""


def test_eight_devices_make_the_same_bits():
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    ended = subprocess.run([sys.executable, "-c", EIGHT], capture_output=True, text=True, env=environment, timeout=300)
    assert ended.stdout.strip() == "8 True", ended.stderr


def test_an_interruption_keeps_the_lanes_that_are_done(monkeypatch):
    from jprob.bayes import fleet_engine

    tiles = []
    wait = jax.block_until_ready

    def interrupted(result):
        tiles.append(1)
        if len(tiles) == 2:
            raise KeyboardInterrupt
        return wait(result)

    monkeypatch.setattr(fleet_engine.jax, "block_until_ready", interrupted)
    found = means(tile=4, progress=True)
    assert found.ok.tolist() == [True] * 4 + [False] * 7
    assert not found.fallback.any()
    assert set(found.verdicts[4:]) == {"not run"}
    assert jnp.isnan(found.mean["mean"][4:]).all()
    assert jnp.isfinite(found.mean["mean"][:4]).all()


def squared(y):
    """One of its lanes has no density, and one is far from normal."""
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(jnp.where(y > 5.0, 10.0 * jnp.square(x), x), 0.1), obs=y)


def test_a_broken_lane_is_flagged_and_the_others_are_right():
    y = np.array([0.5, np.nan, -1.0, 40.0])
    found = bayes.fleet(KEY, squared, y, engine="hmc", num_samples=100)
    assert found.verdicts == ["ok", "no density", "ok", "chains disagree"]  # the last has two modes
    precision = 1 + 1 / 0.1**2
    expected = np.array([0.5, -1.0]) / 0.1**2 / precision
    assert (np.abs(found.mean["x"][jnp.array([0, 2])] - expected) < 5 * precision**-0.5 / np.sqrt(200)).all()


def funnel(y):
    scale = numpyro.sample("scale", dist.Normal(0.0, 1.5))
    x = numpyro.sample("x", dist.Normal(0.0, jnp.exp(scale)))
    numpyro.sample("y", dist.Normal(x, 1.0), obs=y)


def test_lanes_that_the_fast_engine_cannot_do_go_to_nuts():
    found = bayes.fleet(KEY, funnel, np.array([0.0, 3.0, 8.0]), num_samples=150, num_warmup=300)
    assert found.fallback.any()
    fast = bayes.fleet(KEY, funnel, np.array([0.0, 3.0, 8.0]), engine="hmc", num_samples=150, num_warmup=300)
    assert (np.asarray(found.fallback) == (np.asarray(fast.status) != 0)).all()
    kept = ~found.fallback
    np.testing.assert_array_equal(found.mean["x"][kept], fast.mean["x"][kept])


def test_one_chain_has_no_rhat_and_draws_need_not_be_kept():
    found = bayes.fleet(KEY, models.normal_means, Y, engine="hmc", num_chains=1, keep_draws=False)
    assert found.samples is None
    assert jnp.isnan(found.rhat["mean"]).all()
    assert found.ok.all()
    short = bayes.fleet(KEY, models.normal_means, Y, engine="hmc", num_chains=1, num_samples=8)
    assert set(short.verdicts) == {"few effective draws"}


def test_it_jits():
    def means(successes):
        return bayes.fleet(KEY, models.beta_bernoulli, (successes, TRIALS), engine="exact", num_samples=50).mean["p"]

    np.testing.assert_allclose(jax.jit(means)(SUCCESSES), means(SUCCESSES), rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (ARMS, {"engine": "gibbs"}, "`engine` must be one of auto, exact, hmc, nuts, laplace; got 'gibbs'."),
        (ARMS, {"num_samples": 2}, "`num_samples` must be an integer of at least 4; got 2."),
        (
            (np.array([[1, 2], [3, 4.5]]), np.full((2, 2), 9)),
            {},
            "Lane 1: `successes` must be whole numbers of at least 0; got 4.5 at index 1.",
        ),
        (
            (np.array([[1, np.nan]]), np.full((1, 2), 9)),
            {},
            "Lane 0: `successes` must be whole numbers of at least 0; got nan at index 1.",
        ),
        (
            (np.array([[1, 2], [3, 10]]), np.full((2, 2), 9)),
            {},
            "Lane 1: `trials` must not be smaller than `successes`; got 9 < 10 at index 1.",
        ),
        (
            (np.ones((3, 2)), np.ones((2, 2))),
            {},
            "`data` must have arrays with one leading axis of at least one lane; got (3, 2) and (2, 2).",
        ),
        (
            (np.ones((0, 2)), np.ones((0, 2))),
            {},
            "`data` must have arrays with one leading axis of at least one lane; got (0, 2) and (0, 2).",
        ),
        (ARMS, {"progress": 0, "num_chains": 0}, "`num_chains` must be an integer of at least 1; got 0."),
        (
            {"successes": SUCCESSES, "trials": TRIALS},
            {"trials": 3},
            "`data` and the shared arguments must have different names; got `trials` twice.",
        ),
        (
            ARMS,
            {"num_samples": 10**8},
            f"`keep_draws` must be False for draws beyond 4 GiB; got {131 if X64 else 66} GiB.",
        ),
    ],
)
def test_mistakes_are_named(data, options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        bayes.fleet(KEY, models.beta_bernoulli, data, **options)


def test_a_model_without_exact_posterior_says_so():
    with pytest.raises(ValueError, match="`engine` must not be 'exact' for a model that is not conjugate"):
        bayes.fleet(KEY, squared, np.zeros(2), engine="exact")
    with pytest.raises(ValueError, match="`keys` must be one or one for each lane; got 3 keys and 11 lanes"):
        bayes.fleet(jax.random.split(KEY, 3), models.beta_bernoulli, ARMS)
