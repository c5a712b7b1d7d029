"""Natural forms: the same density, slopes of the log-normaliser as moments, divergences, conjugate priors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import density
from jprob.density import binomial, categorical, dirichlet, expfam, gamma, normal, poisson, weibull
from jprob.information import kl_families
from tests.grids import DTYPE, X64

ROWS = [
    ("bernoulli", {}, {"p": 0.3}, {"p": 0.45}, [0.0, 1.0]),
    ("binomial", {"n": 12.0}, {"p": 0.3}, {"p": 0.45}, [0.0, 3.0, 12.0]),
    ("poisson", {}, {"rate": 4.2}, {"rate": 5.0}, [0.0, 3.0, 11.0]),
    ("geometric", {}, {"p": 0.3}, {"p": 0.45}, [1.0, 4.0]),
    ("negative_binomial", {"r": 2.5}, {"p": 0.3}, {"p": 0.45}, [0.0, 4.0]),
    ("normal", {}, {"loc": 1.5, "scale": 2.0}, {"loc": 1.0, "scale": 1.5}, [-1.0, 0.0, 4.0]),
    ("lognormal", {}, {"loc": 0.5, "scale": 0.75}, {"loc": 0.2, "scale": 0.9}, [0.2, 1.0, 4.0]),
    ("exponential", {}, {"rate": 2.0}, {"rate": 1.5}, [0.2, 3.0]),
    ("gamma", {}, {"concentration": 2.5, "rate": 0.8}, {"concentration": 3.0, "rate": 1.0}, [0.2, 3.0]),
    ("inverse_gamma", {}, {"concentration": 2.5, "rate": 0.8}, {"concentration": 3.0, "rate": 1.0}, [0.2, 3.0]),
    ("beta", {}, {"a": 2.5, "b": 4.0}, {"a": 2.0, "b": 3.0}, [0.2, 0.7]),
]
each_row = pytest.mark.parametrize(("name", "known", "params", "other", "points"), ROWS, ids=[row[0] for row in ROWS])
SLACK = 1e-11 if X64 else 3e-6


def eta_of(form, params):
    return form.natural(**{name: jnp.asarray(value, DTYPE) for name, value in params.items()})


@each_row
def test_the_density_is_the_familys_and_parameters_come_back(name, known, params, other, points):
    form, family = expfam.of(density.FAMILIES[name], **known), density.FAMILIES[name]
    eta, x = eta_of(form, params), np.array(points, DTYPE)
    np.testing.assert_allclose(form.logdensity(x, eta), family.logdensity(x, params | known), rtol=SLACK, atol=SLACK)
    for parameter, value in form.params(eta).items():
        assert float(value) == pytest.approx(params[parameter], rel=SLACK)
    assert form.parameters == tuple(params)


@each_row
def test_slopes_of_the_log_normaliser_are_moments_of_the_statistics(name, known, params, other, points):
    form, family = expfam.of(density.FAMILIES[name], **known), density.FAMILIES[name]
    eta, num = eta_of(form, params), 40_000
    draws = family.sample(jax.random.key(11), **(params | known), shape=(num,))
    t = np.asarray(form.statistics(draws), float)
    mean, covariance = np.asarray(form.mean(eta), float), np.asarray(form.fisher_information(eta), float)
    assert (np.abs(t.mean(0) - mean) < 5 * t.std(0) / num**0.5).all()
    products = np.einsum("ni,nj->nij", t - mean, t - mean)
    assert (np.abs(products.mean(0) - covariance) < 5 * products.std(0) / num**0.5 + 1e-6).all()
    score = np.asarray(form.score(np.array(points, DTYPE), eta))
    slope = jax.vmap(jax.grad(form.logdensity, 1), (0, None))(jnp.array(points, DTYPE), eta)
    np.testing.assert_allclose(score, slope, rtol=100 * SLACK, atol=100 * SLACK)


@each_row
def test_the_bregman_divergence_is_the_closed_form_far_and_near(name, known, params, other, points):
    form, family = expfam.of(density.FAMILIES[name], **known), density.FAMILIES[name]
    close = {key: value * 1.001 for key, value in params.items()}
    # of near ones the parameters themselves are rounded, in float32 by 1e-4 of their distance
    for second, slack in ((other, 1e-5), (close, 1e-8 if X64 else 3e-3)):
        second = {key: float(DTYPE(value)) for key, value in second.items()}
        exact = float(kl_families(family, params | known, second | known).kl)
        assert float(form.kl(eta_of(form, params), eta_of(form, second))) == pytest.approx(exact, rel=slack), second


@each_row
def test_the_conjugate_prior_counts_and_peaks_where_the_mean_is(name, known, params, other, points):
    form, family = expfam.of(density.FAMILIES[name], **known), density.FAMILIES[name]
    draws = family.sample(jax.random.key(12), **(params | known), shape=(60,))
    prior = expfam.ConjugatePrior(0.0 * form.mean(eta_of(form, params)), jnp.zeros(()))
    whole = form.update(prior, draws)
    halves = form.update(form.update(prior, draws[:23]), draws[23:])
    np.testing.assert_allclose(whole.statistics, halves.statistics, rtol=1e-5)
    assert float(whole.num_values) == 60.0
    # up to a constant it is the likelihood of the draws
    etas = jnp.stack([eta_of(form, params), eta_of(form, other)])
    gap = np.diff(np.asarray(form.conjugate_logdensity(etas, whole), float))
    by_draws = np.diff([float(form.logdensity(draws, eta).sum()) for eta in etas])
    np.testing.assert_allclose(gap, by_draws, rtol=1e-3 if not X64 else 1e-9, atol=1e-3)


def test_labels_and_shares():
    form = expfam.of(categorical, num_labels=3)
    probs = jnp.asarray((0.2, 0.5, 0.3), DTYPE)
    eta = form.natural(probs=probs)
    np.testing.assert_allclose(form.logdensity(np.arange(3), eta), np.log([0.2, 0.5, 0.3]), rtol=1e-5)
    np.testing.assert_allclose(form.mean(eta), probs[:2], rtol=1e-5)
    np.testing.assert_allclose(form.params(eta)["probs"], probs, rtol=1e-5)
    form, a, x = expfam.of(dirichlet), jnp.asarray((1.5, 3.0, 2.0), DTYPE), np.array([0.2, 0.3, 0.5], DTYPE)
    assert float(form.logdensity(x, form.natural(concentration=a))) == pytest.approx(
        float(dirichlet.logpdf(x, a)), rel=1e-5
    )
    assert form.fisher_information(a).shape == (3, 3)


def test_batches_of_natural_parameters():
    form = expfam.of(gamma)
    eta = form.natural(concentration=jnp.ones((4, 1), DTYPE), rate=jnp.ones((5,), DTYPE))
    assert eta.shape == (4, 5, 2)
    assert form.mean(eta).shape == (4, 5, 2)
    assert form.fisher_information(eta).shape == (4, 5, 2, 2)
    assert form.kl(eta, eta).shape == (4, 5)
    np.testing.assert_allclose(form.kl(eta, eta), 0.0, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: expfam.of(weibull), "`family` must be one of bernoulli"),
        (lambda: expfam.of(binomial), r"`of\(binomial\)` takes n as known; got nothing"),
        (lambda: expfam.of(normal, n=3), r"`of\(normal\)` takes nothing as known; got n"),
        (lambda: expfam.of(poisson).natural(p=0.5), "`natural` of poisson takes rate; got p"),
    ],
)
def test_mistakes_are_named(make, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        make()
