"""Models: their posteriors are the exact ones, and bad data never reach the compiler."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer import Predictive
from numpyro.infer.util import log_density
from scipy.special import betaln

from jprob import bayes
from jprob.bayes import diagnostics, models
from tests.bayes.cases import FULL, LEAN, PLAYERS, RATS

COINS = [
    # successes, trials, prior
    (8, 10, (2.0, 2.0)),
    (0, 20, (1.0, 1.0)),
    (20, 20, (1.0, 1.0)),
    (0, 0, (1.0, 1.0)),
    (0, 0, (0.1, 0.1)),
    (0, 0, (0.01, 0.01)),
    (3, 3, (0.5, 0.5)),
    (10**6, 10**6, (1.0, 1.0)),
    (5 * 10**7, 10**8, (1.0, 1.0)),
    (np.int64(2_500_000_000), np.int64(3_000_000_000), (1.0, 1.0)),  # int32 would wrap
]


@pytest.mark.parametrize(("successes", "trials", "prior"), COINS)
def test_coin_draws_are_from_the_exact_posterior(successes, trials, prior, key):
    draws = bayes.nuts(key, models.coin_bias, successes, trials, prior=prior, **LEAN)
    exact = bayes.conjugate.beta_binomial.update(prior, successes, trials)
    comparison = bayes.compare_exact(draws, exact)
    assert float(comparison.p_value["p"]) > 1e-3
    assert float(diagnostics.rhat(draws.samples["logit_p"])) < 1.02


def test_arms_are_independent_and_exact(key):
    successes, trials = np.array([0, 7, 40, 0]), np.array([0, 7, 1000, 30])
    prior = (np.array([1.0, 2.0, 1.0, 0.5]), 1.0)
    draws = bayes.nuts(key, models.beta_bernoulli, successes, trials, prior=prior, **LEAN)
    comparison = bayes.compare_exact(draws, bayes.conjugate.beta_binomial.update(prior, successes, trials))
    assert comparison.p_value["p"].shape == (4,)
    assert float(comparison.p_value["p"].min()) > 1e-3 / 4
    assert np.abs(np.corrcoef(draws.samples["logit_p"].reshape(-1, 4).T) - np.eye(4)).max() < 0.15


def test_flips_and_counts_have_the_same_posterior():
    """The log densities differ by the constant that arranges the flips."""
    flips = jnp.asarray([1.0, 0.0, 1.0, 1.0, 0.0])
    padded = jnp.pad(flips, (0, 3)), jnp.arange(8) < 5

    def density(z, *args, **kwargs):
        return log_density(models.coin_bias, args, kwargs, {"logit_p": z})[0]

    for z in (-3.0, 0.5, 4.0):
        from_counts = density(z, 3.0, 5.0) - float(np.log(10))
        assert float(density(z, flips=flips)) == pytest.approx(float(from_counts), abs=1e-5)
        assert float(density(z, flips=padded[0], mask=padded[1])) == pytest.approx(float(from_counts), abs=1e-5)


def test_flips_are_padded_and_come_back_as_they_went(key):
    draws = bayes.nuts(key, models.coin_bias, flips=[1, 0, 1, 1, 0], **FULL)
    assert draws.log_likelihood["flips"].shape == (4, 1000, 5) == draws.posterior_predictive["flips"].shape
    assert draws.observed_data["flips"].tolist() == [1, 0, 1, 1, 0]
    assert bool((draws.log_likelihood["flips"] < 0).all())
    assert float(bayes.compare_exact(draws, (4.0, 3.0)).p_value["p"]) > 1e-3


@pytest.mark.parametrize(("hits", "trials"), [PLAYERS, RATS], ids=["efron-morris", "rats"])
def test_partial_pooling_is_exact_and_does_not_diverge(hits, trials, key):
    draws = bayes.nuts(key, models.beta_bernoulli_hierarchical, hits, trials, **LEAN)
    assert not draws.stats["diverging"].any()
    assert max(float(diagnostics.rhat(x).max()) for x in draws.samples.values()) < 1.02
    p = np.asarray(draws.samples["p"], float)
    error = p.std((0, 1)) / np.sqrt(np.asarray(diagnostics.ess(draws.samples["p"]), float))
    assert (np.abs(p.mean((0, 1)) - pooled_means(hits, trials)) < 5 * error + 1e-4).all()


def pooled_means(hits, trials):
    """Posterior mean of each rate by quadrature over mean and log spread."""
    mean, log_spread = np.linspace(0.02, 0.6, 300), np.linspace(-9, -1e-3, 400)
    mu, spread = np.meshgrid(mean, np.exp(log_spread))
    kappa = spread**-2.0 - 1
    a, b = (mu * kappa)[..., None], ((1 - mu) * kappa)[..., None]
    log_weight = (betaln(a + hits, b + trials - hits) - betaln(a, b)).sum(-1) + np.log(spread)
    weight = np.exp(log_weight - log_weight.max())
    conditional = (a + hits) / (a + b + trials)
    return (weight[..., None] * conditional).sum((0, 1)) / weight.sum()


def test_rats_agree_with_the_book(key):
    """Gelman et al. (2013, section 5.3): posterior means of α and β are about 2.4 and 14.3."""
    draws = bayes.nuts(key, models.beta_bernoulli_hierarchical, *RATS, **LEAN)
    mean, kappa = draws.samples["mean"], draws.samples["concentration"]
    assert float((mean * kappa).mean()) == pytest.approx(2.4, abs=0.3)
    assert float(((1 - mean) * kappa).mean()) == pytest.approx(14.3, abs=2.0)


@pytest.mark.parametrize(
    ("model", "args", "site", "shape"),
    [
        (models.coin_bias, (), "flips", ()),
        (models.coin_bias, (None, 10), "successes", ()),
        (models.beta_bernoulli, (None, np.array([5, 10])), "successes", (2,)),
        (models.beta_bernoulli_hierarchical, (None, np.array([5, 10])), "successes", (2,)),
    ],
)
def test_without_data_a_model_is_its_prior_predictive(model, args, site, shape, key):
    found = Predictive(model, num_samples=50)(key, *args)
    assert found[site].shape == (50, *shape)
    assert bool(((found["p"] >= 0) & (found["p"] <= 1)).all())


BAD = [
    ((11, 10), {}, "`trials` must not be smaller than `successes`; got 10 < 11."),
    ((-1, 10), {}, "`successes` must be whole numbers of at least 0; got -1."),
    ((3.5, 10), {}, "`successes` must be whole numbers of at least 0; got 3.5."),
    ((float("nan"), 10), {}, "`successes` must be whole numbers of at least 0; got nan."),
    ((3, float("inf")), {}, "`trials` must be whole numbers of at least 0; got inf."),
    (([1, 2], [1, 1]), {}, "`trials` must not be smaller than `successes`; got 1 < 2 at index 1."),
    (([1, 2], [1, 1, 1]), {}, "`successes` and `trials` must broadcast together; got (2,) and (3,)."),
    ((1,), {}, "`trials` must be given to condition on counts; got None."),
    ((1, 2), {"prior": (0.0, 1.0)}, "`prior` must be positive and finite; got 0."),
    ((1, 2), {"prior": (1.0, float("nan"))}, "`prior` must be positive and finite; got nan."),
    ((1, 2), {"prior": (1.0, -2.0)}, "`prior` must be positive and finite; got -2."),
    ((1, 2), {"prior": (1.0, 1.0, 1.0)}, "`prior` must be a pair (a, b); got 3 values."),
]


@pytest.mark.parametrize(("args", "options", "sentence"), BAD, ids=[sentence for *_, sentence in BAD])
@pytest.mark.parametrize("model", [models.coin_bias, models.beta_bernoulli])
def test_bad_counts_are_refused_in_a_sentence(model, args, options, sentence, key):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        bayes.nuts(key, model, *args, **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"flips": [0, 2]}, "`flips` must be 0 or 1; got 2 at index 1."),
        ({"flips": [0.0, float("nan")]}, "`flips` must be 0 or 1; got nan at index 1."),
        ({"flips": 1}, "`flips` must have shape (n,); got ()."),
        ({"flips": [0, 1], "trials": 2}, "`flips` must not be given together with `successes` or `trials`; got both."),
    ],
)
def test_bad_flips_are_refused_in_a_sentence(options, sentence, key):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        bayes.nuts(key, models.coin_bias, **options)


def test_bad_population_prior_is_refused(key):
    with pytest.raises(ValueError, match="`mean_prior` must be positive and finite"):
        bayes.nuts(key, models.beta_bernoulli_hierarchical, [1, 2], [3, 4], mean_prior=(0, 1))


def test_rates_of_replayed_draws_are_a_function_of_their_noise():
    """NumPyro's own samplers replay a model without keys: the same draw must give the same rates, others not."""

    def rates(noise):
        latent = {"logit_mean": 0.0, "spread": 0.3, "noise": noise}
        return log_density(
            models.beta_bernoulli_hierarchical, (np.array([3.0, 4.0]), np.array([9.0, 9.0])), {}, latent
        )[1]["p"]["value"]

    noise = jax.random.normal(jax.random.key(1), (2000,))
    p = jax.jit(jax.vmap(rates))(noise)
    assert bool((p[:5] == jax.jit(jax.vmap(rates))(noise[:5])).all())
    a, b = 0.5 * (0.3**-2 - 1) + 3, 0.5 * (0.3**-2 - 1) + 6
    assert float(p[:, 0].mean()) == pytest.approx(a / (a + b), abs=5 * 0.1 / 2000**0.5)
    assert float(p[:, 0].var()) == pytest.approx(a * b / (a + b) ** 2 / (a + b + 1), rel=0.2)
    assert abs(np.corrcoef(p.T)[0, 1]) < 5 / 2000**0.5
