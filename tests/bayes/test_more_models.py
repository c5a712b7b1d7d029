"""The other models: exact posteriors, published numbers, calibrated inference, and what they refuse."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from numpyro.infer import Predictive
from numpyro.infer.util import log_density
from scipy import special, stats

from jprob import bayes
from jprob.bayes import diagnostics, log_rates, models
from jprob.bayes.conjugate import gamma_poisson
from jprob.bayes.short_trajectories import Point, transition
from tests.grids import X64

KEY = jax.random.key(12)
RNG = np.random.default_rng(5)
COUNTS, HOURS = np.array([0, 3, 70]), np.array([2.0, 1.0, 10.0])
SPENT = np.where(RNG.random((2, 40)) < 0.5, np.exp(RNG.normal(1.0, 0.7, (2, 40))), 0.0)
X = RNG.normal(size=(30, 2))

CONJUGATE = {
    "gamma_poisson": (models.gamma_poisson, (COUNTS, HOURS), {"prior": (2.0, 1.0)}),
    "normal_means": (models.normal_means, (np.array([-1.0, 4.0]), np.array([0.5, 2.0])), {"prior": (0.0, 2.0)}),
    "hurdle_lognormal": (
        models.hurdle_lognormal,
        (SPENT,),
        {"prior": (2.0, 2.0), "amount_prior": (0.0, 1.0, 3.0, 3.0)},
    ),
    "coin_mixture": (models.coin_mixture, (8, 10), {}),
}


@pytest.mark.parametrize("name", CONJUGATE)
def test_chains_are_the_exact_posterior(name):
    model, args, options = CONJUGATE[name]
    model.prepare(*args, **options)
    draws = bayes.hmc(KEY, model, *args, num_samples=1500, num_warmup=100, **options)
    exact = model.exact(KEY, 20_000, *args, **options)
    assert set(exact) == set(draws.samples)
    for site, x in draws.samples.items():
        found = diagnostics.diagnose(x)
        truth = np.asarray(exact[site], float)
        mean, sd = truth.mean(0), truth.std(0)
        assert (np.abs(x.mean((0, 1)) - mean) < 5 * np.hypot(found.mcse_mean, sd / 20_000**0.5)).all(), site
        wide = stats.kurtosis(truth, axis=0) + 2
        error = np.hypot(found.mcse_sd, sd * np.sqrt(np.maximum(wide, 2.0) / 80_000))
        assert (np.abs(x.std((0, 1)) - sd) < 5 * error).all(), site
        assert (found.rhat < 1.03).all(), site


def test_exact_draws_are_the_conjugate_posteriors():
    posterior = gamma_poisson.update((2.0, 1.0), COUNTS, HOURS)
    drawn = models.gamma_poisson.exact(KEY, 20_000, COUNTS, HOURS, prior=(2.0, 1.0))["rate"]
    for i in range(3):
        law = stats.gamma(float(posterior[0][i]), scale=1 / float(posterior[1][i]))
        assert stats.kstest(np.asarray(drawn[:, i], float), law.cdf).pvalue > 1e-5
    mixture = models.coin_mixture.exact(KEY, 20_000, 8, 10)
    # Beta(50, 50) or Beta(1, 1) before; their evidences are beta-binomial
    evidence = [stats.betabinom(10, a, a).pmf(8) for a in (50, 1)]
    share = evidence[0] / sum(evidence)
    assert float(mixture["hypothesis"][:, 0].mean()) == pytest.approx(share, abs=5 * 0.5 / 20_000**0.5)


@pytest.mark.parametrize("k", [0.0, 1.0, 30.0, 2.0**20])
def test_log_rates_keep_their_digits(k):
    z = np.log(max(k, 0.5) / 3.0) + np.linspace(-0.3, 0.3, 7)
    poisson = stats.poisson(3.0 * np.exp(z)).logpmf(k)
    tolerance = 1e-11 if X64 else 2e-6
    np.testing.assert_allclose(log_rates.poisson_logpmf(k, 3.0, z), poisson, rtol=tolerance * max(k, 1) ** 0.5)
    for a in (0.01, 1.0, 500.0):
        truth = stats.loggamma(a).logpdf(z)
        np.testing.assert_allclose(log_rates.gamma_logpdf(z, a, 1.0), truth, rtol=1e-11 if X64 else 3e-6, atol=2e-6)


def replayed(model, args, latent, site, num=4000):
    """What a model draws given its latent sites, as a function of the noise that a sampler carries."""

    def one(noise):
        return log_density(model, args, {}, latent | {"noise": noise})[1][site]["value"]

    return np.asarray(jax.jit(jax.vmap(one))(jax.random.normal(KEY, (num,))), float)


def test_members_of_a_population_are_drawn_from_their_conditional_law():
    """It is what calibration by simulation cannot see: a wrong law would make wrong truths as well."""
    mu, tau, y, sigma = 1.0, 0.7, np.array([3.0, -1.0]), np.array([0.5, 2.0])
    means = replayed(models.normal_means_hierarchical, (y, sigma), {"population_mean": mu, "spread": tau}, "mean")
    precision = 1 / tau**2 + 1 / sigma**2
    assert (np.abs(means.mean(0) - (mu / tau**2 + y / sigma**2) / precision) < 5 / np.sqrt(4000 * precision)).all()
    assert (np.abs(means.var(0) * precision - 1) < 5 * (2 / 4000) ** 0.5).all()

    spread, mean, counts, hours = 0.5, 2.0, np.array([0.0, 40.0]), np.array([3.0, 10.0])
    kappa = spread**-2 - 1
    latent = {"log_mean": np.log(mean), "spread": spread}
    rates = replayed(models.gamma_poisson_hierarchical, (counts, hours), latent, "rate")
    a, b = kappa + counts, kappa / mean + hours
    assert (np.abs(rates.mean(0) - a / b) < 5 * np.sqrt(a / b**2 / 4000)).all()
    assert (np.abs(rates.var(0) / (a / b**2) - 1) < 5 * ((2 + 6 / a) / 4000) ** 0.5).all()


def test_a_coarse_trajectory_is_put_right_by_its_acceptance():
    """A density exp(-z^4/4), in steps so long that a third is refused: E z^2 = 2 gamma(3/4) / gamma(1/4)."""
    density = jax.value_and_grad(lambda z: jnp.sum(z**4) / 4)

    def step(point, key):
        point, moved = transition(density, key, point, jnp.asarray(1.1))
        return point, (point.z[0], moved.accept_prob)

    def chain(key):
        z = jnp.ones(1)
        return jax.lax.scan(step, Point(z, *density(z)), jax.random.split(key, 8000))[1]

    z, accept = jax.jit(jax.vmap(chain))(jax.random.split(KEY, 16))
    assert 0.4 < float(accept.mean()) < 0.9
    truth = 2 * special.gamma(0.75) / special.gamma(0.25)
    found = diagnostics.diagnose(jnp.square(z[:, 100:]))
    assert abs(float(jnp.square(z[:, 100:]).mean()) - truth) < 5 * float(found.mcse_mean)
    assert float(found.mcse_mean) < 0.012


SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def eight_schools(sigma, y=None):
    """As a user writes it; non-centred."""
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", 8):
        offset = numpyro.sample("offset", dist.Normal(0.0, 1.0))
        theta = numpyro.deterministic("theta", mu + tau * offset)
        numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


def test_eight_schools_are_the_published_ones():
    """Reference posterior of posteriordb, ten thousand draws: mu 4.41 (3.31), tau 3.60 (3.20)."""
    y, sigma = SCHOOLS
    draws = bayes.nuts(KEY, eight_schools, sigma, y, num_samples=2000, target_accept=0.95, predictive=False)
    for site, mean, sd in (("mu", 4.41, 3.31), ("tau", 3.60, 3.20)):
        x = draws.samples[site]
        found = diagnostics.diagnose(x)
        theirs = sd / 100  # of ten thousand independent draws
        assert abs(float(x.mean()) - mean) < 4 * np.hypot(float(found.mcse_mean), theirs) + 0.005
        assert abs(float(x.std()) - sd) < 4 * np.hypot(float(found.mcse_sd), sd / 100) + 0.005


@pytest.mark.parametrize(
    ("model", "args", "options"),
    [
        (models.normal_means_hierarchical, (np.zeros(5), np.linspace(0.9, 1.8, 5)), {}),
        (models.logistic_regression, (X, np.zeros(30)), {}),
    ],
    ids=["population of means", "logistic"],
)
def test_inference_is_calibrated(model, args, options):
    """Every model and engine: ``python -m tests.benchmarks sbc``."""
    found = bayes.sbc(KEY, model, *args, engine="hmc", **options)
    assert found.verdict == "calibrated"
    assert all(bool(inside.all()) for inside in found.inside_band.values())


def test_outliers_do_not_move_the_robust_line():
    y = X @ [1.0, -1.0] + 0.2 * RNG.normal(size=30)
    wild = y.copy()
    wild[:2] = 40.0
    clean, spoiled = (
        bayes.laplace(KEY, models.robust_regression, X, target).draws.samples["coefficients"].mean((0, 1))
        for target in (y, wild)
    )
    assert np.abs(clean - spoiled).max() < 0.3
    assert np.abs(clean - np.array([1.0, -1.0])).max() < 0.2


def test_masked_rows_do_not_count():
    y = (X[:, 0] > 0).astype(float)
    mask = np.arange(30) < 20
    garbage = np.where(mask, y, 1.0 - y)
    some = [
        bayes.laplace(KEY, models.logistic_regression, X, target, mask=mask).mode["coefficients"]
        for target in (y, garbage)
    ]
    np.testing.assert_array_equal(*some)


@pytest.mark.parametrize(
    ("model", "args", "site", "shape"),
    [
        (models.gamma_poisson, (None, HOURS), "counts", (3,)),
        (models.gamma_poisson_hierarchical, (None, HOURS), "counts", (3,)),
        (models.normal_means, (None, HOURS), "y", (3,)),
        (models.normal_means_hierarchical, (None, HOURS), "y", (3,)),
        (models.coin_mixture, (None, 10), "successes", ()),
        (models.logistic_regression, (X,), "y", (30,)),
        (models.robust_regression, (X,), "y", (30,)),
    ],
)
def test_without_data_a_model_is_its_prior_predictive(model, args, site, shape):
    found = Predictive(model, num_samples=20)(KEY, *args)
    assert found[site].shape == (20, *shape)
    assert bool(jnp.isfinite(found[site]).all())


@pytest.mark.parametrize(
    ("model", "args", "options", "says"),
    [
        (models.gamma_poisson, ([1, -2],), {}, "`counts` must be whole numbers of at least 0; got -2 at index 1."),
        (models.gamma_poisson, ([1.5],), {}, "`counts` must be whole numbers of at least 0; got 1.5 at index 0."),
        (models.gamma_poisson, ([1], 0.0), {}, "`exposure` must be positive and finite; got 0."),
        (models.gamma_poisson, ([1, 2], [1, 2, 3]), {}, "`counts` and `exposure` must broadcast together; got"),
        (models.gamma_poisson, (), {}, "`counts` must be given to condition on data; got None."),
        (models.gamma_poisson_hierarchical, ([1],), {"mean_prior": (0, 1)}, "`mean_prior` must be positive and finite"),
        (models.normal_means, ([np.nan],), {}, "`y` must be finite; got nan at index 0."),
        (models.normal_means, ([1.0], [-1.0]), {}, "`standard_error` must be positive and finite; got -1 at index 0."),
        (
            models.normal_means_hierarchical,
            ([1.0],),
            {"spread_prior": 0.0},
            "`spread_prior` must be positive and finite",
        ),
        (models.hurdle_lognormal, ([-1.0, 2.0],), {}, "`revenue` must be finite and not negative; got -1 at index 0."),
        (models.hurdle_lognormal, (3.0,), {}, "`revenue` must have shape (..., visitors); got ()."),
        (models.logistic_regression, (X, np.full(30, 2.0)), {}, "`y` must be 0 or 1; got 2 at index 0."),
        (models.logistic_regression, (X[:, 0], np.zeros(30)), {}, "`x` must have shape (observations, covariates);"),
        (models.robust_regression, (X, np.zeros(3)), {}, "`y` must have one value for each row of `x`; got (3,) and"),
        (models.coin_mixture, (3, 2), {}, "`trials` must not be smaller than `successes`; got 2 < 3."),
        (models.coin_mixture, (1, 2), {"weights": (1.0,)}, "`weights` and both of `shapes` must have shape"),
    ],
)
def test_bad_data_are_refused_in_a_sentence(model, args, options, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        bayes.hmc(KEY, model, *args, **options)
