"""Simulation-based calibration: right inferences pass, and planted faults are found and named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.bayes import conjugate, models, sbc
from jprob.bayes.simulation_based_calibration import ecdf_band

KEY = jax.random.key(1)
PRIOR, TRIALS = (2.0, 2.0), 10.0
beta_binomial = conjugate.beta_binomial


def posterior(prior=PRIOR, heads=0.0):
    def engine(key, data, num_draws):
        seen = jnp.minimum(data["successes"] + heads, TRIALS)
        return {"p": beta_binomial.sample(key, beta_binomial.update(prior, seen, TRIALS), (num_draws,))}

    return engine


def reused(key, data, num_draws):
    return posterior()(jax.random.key(0), data, num_draws)


def too_wide(key, data, num_draws):
    half = beta_binomial.discount(beta_binomial.update(PRIOR, data["successes"], TRIALS), 0.5)
    return {"p": beta_binomial.sample(key, half, (num_draws,))}


def checked(engine, **options):
    return sbc(KEY, models.coin_bias, 0, TRIALS, prior=PRIOR, engine=engine, **{"num_simulations": 1000} | options)


@pytest.mark.parametrize("engine", [posterior(), "laplace", "nuts"], ids=["exact", "laplace", "nuts"])
def test_right_inferences_pass(engine):
    found = checked(engine)
    assert found.verdict == "calibrated"
    assert found.ranks["p"].shape == (1000,)
    assert bool(found.inside_band["p"])
    assert float(found.p_value["p"]) > 1e-4
    assert 0 <= int(found.ranks["p"].min()) < int(found.ranks["p"].max()) <= 99
    assert found.num_failed == 0


@pytest.mark.parametrize(
    ("mutant", "word"),
    [
        (posterior(prior=(0.01, 0.01)), "overconfident"),  # the prior is missing from the update
        (posterior(heads=1.0), "biased"),  # the likelihood is off by one head
        (reused, "miscalibrated"),  # every posterior is drawn with one key
        (too_wide, "underconfident"),
    ],
    ids=["no prior", "one head more", "one key", "half the data"],
)
def test_planted_faults_are_found(mutant, word):
    found = checked(mutant, num_simulations=4000)
    assert not bool(found.inside_band["p"])
    assert float(found.p_value["p"]) < 1e-4
    assert found.verdict == word


def normal_mean(y=None):
    import numpyro
    from numpyro import distributions as dist

    precision = numpyro.sample("precision", dist.Gamma(2.0, 2.0))
    mean = numpyro.sample("mean", dist.Normal(0.0, 1.0 / jnp.sqrt(precision)))
    numpyro.sample("y", dist.Normal(mean, 1.0 / jnp.sqrt(precision)).expand([3]), obs=y)


def student(extra):
    """The exact posterior of the mean, with ``extra`` degrees of freedom."""

    def engine(key, data, num_draws):
        y = data["y"]
        centre, a = jnp.sum(y) / 4, 2.0 + 1.5
        b = 2.0 + 0.5 * (jnp.sum((y - jnp.mean(y)) ** 2) + 0.75 * jnp.mean(y) ** 2)
        scale = jnp.sqrt(b / (a * 4))
        return {"mean": centre + scale * jax.random.t(key, 2 * a + extra, (num_draws,))}

    return engine


def test_degrees_of_freedom_matter():
    right = sbc(KEY, normal_mean, np.zeros(3), engine=student(0.0), num_simulations=4000)
    assert right.verdict == "calibrated"
    wrong = sbc(KEY, normal_mean, np.zeros(3), engine=student(-6.0), num_simulations=4000)
    assert wrong.verdict == "underconfident"


def test_a_model_that_observes_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^`args` must hold observations, of which the shape is taken"):
        sbc(KEY, normal_mean, engine=student(0.0))


def test_the_band_holds_uniform_ranks_as_often_as_it_says():
    low, high = ecdf_band(500, 99, 0.95)
    ranks = np.random.default_rng(7).integers(0, 100, (2000, 500))
    counts = (ranks[:, :, None] <= np.arange(99)[None, None, ::9]).sum(1)
    assert ((counts >= low[::9]) & (counts <= high[::9])).all(1).mean() > 0.95 - 5 * (0.05 * 0.95 / 2000) ** 0.5
    everywhere = np.apply_along_axis(lambda r: np.bincount(r, minlength=100)[:99].cumsum(), 1, ranks)
    share = ((everywhere >= low) & (everywhere <= high)).all(1).mean()
    assert abs(share - 0.95) < 5 * (0.05 * 0.95 / 2000) ** 0.5 + 0.01
    middle = stats.binom(500, 0.5)
    assert middle.cdf(low[49] - 1) < 0.025 < 0.5 < middle.cdf(high[49])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"engine": "gibbs"}, "`engine` must be one of exact, hmc, nuts, laplace, or a function; got 'gibbs'"),
        ({"num_simulations": 10}, "`num_simulations` must be an integer of at least 100; got 10"),
        ({"num_ranks": 1}, "`num_ranks` must be an integer of at least 19; got 1"),
        ({"level": 99}, "`level` must lie strictly between 0 and 1; got 99"),
        ({"sites": ("q",)}, "`sites` must be in the prior and in the posterior, as p; got `q`"),
        (
            {"engine": lambda key, data, num: {"p": jnp.full(num, jnp.nan)}},
            "`engine` must give finite posteriors; got 0 of 1,000",
        ),
    ],
)
def test_mistakes_are_named(changed, says):
    options = {"engine": posterior()} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        checked(options.pop("engine"), **options)
