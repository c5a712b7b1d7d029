"""Families as NumPyro distributions: densities, shapes, supports, and posteriors that are known exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from numpyro.infer import Predictive

from jprob import bayes
from jprob.density import (
    FAMILIES,
    beta,
    categorical,
    dirichlet,
    gamma,
    inverse_gamma,
    mixed,
    multinomial,
    normal,
    poisson,
    student_t,
    truncated,
)

Claims = bayes.distribution(mixed.hurdle_lognormal)
PRIOR = {"centre": 0.5, "weight": 2.0, "shape": 3.0, "rate": 2.0}


def claims_model(amounts):
    """Beta times normal-inverse-gamma: conjugate to a hurdle-lognormal."""
    prob = numpyro.sample("prob", dist.Beta(1.0, 2.0))
    variance = numpyro.sample("variance", bayes.distribution(inverse_gamma)(PRIOR["shape"], PRIOR["rate"]))
    loc = numpyro.sample("loc", bayes.distribution(normal)(PRIOR["centre"], jnp.sqrt(variance / PRIOR["weight"])))
    numpyro.sample("amounts", Claims(prob, loc, jnp.sqrt(variance)), obs=amounts)


def test_nuts_on_a_hurdle_lognormal_is_the_exact_posterior(key):
    rng = np.random.default_rng(5)
    amounts = np.where(rng.uniform(size=60) < 0.4, 0.0, rng.lognormal(1.0, 0.8, 60))
    draws = bayes.nuts(key, claims_model, amounts, num_warmup=500, num_samples=1000, num_chains=2)
    logs = np.log(amounts[amounts > 0])
    zeros, n = float((amounts == 0).sum()), float(logs.size)
    weight, shape = PRIOR["weight"] + n, PRIOR["shape"] + n / 2
    centre = (PRIOR["weight"] * PRIOR["centre"] + logs.sum()) / weight
    between = PRIOR["weight"] * n / weight * (logs.mean() - PRIOR["centre"]) ** 2
    rate = PRIOR["rate"] + 0.5 * (((logs - logs.mean()) ** 2).sum() + between)
    exact = {
        "prob": (1.0 + zeros, 2.0 + n),
        "variance": (inverse_gamma, (shape, rate)),
        "loc": (student_t, (2 * shape, centre, (rate / shape / weight) ** 0.5)),
    }
    comparison = bayes.compare_exact(draws, exact)
    assert min(float(p) for p in comparison.p_value.values()) > 1e-4, comparison


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda f: f.name)
def test_every_family_has_a_face(family, key):
    law = bayes.distribution(family)(**family.example_params, validate_args=True)
    x = law.sample(key, (5,))
    np.testing.assert_array_equal(law.log_prob(x), family.logdensity(x, family.example_params))
    assert law.batch_shape == law.event_shape == ()
    assert law.is_discrete == family.discrete
    assert bool(law.support(x).all())
    if not family.discrete:
        inside = dist.biject_to(law.support)(jnp.linspace(-3.0, 3.0, 7))
        assert np.isfinite(law.log_prob(inside)).all()
    np.testing.assert_array_equal(law.mean, family.mean(**family.example_params))


def test_batches_expand_mask_jit_and_vmap(key):
    law = Claims(0.25, 0.0, jnp.array([1.0, 2.0, 3.0]))
    assert law.batch_shape == (3,)
    assert law.sample(key, (2,)).shape == (2, 3)
    assert law.expand((4, 3)).log_prob(jnp.zeros((4, 3))).shape == (4, 3)
    assert float(law.mask(jnp.array([True, False, True])).log_prob(jnp.zeros(3))[1]) == 0.0
    expected = law.log_prob(1.0)
    np.testing.assert_allclose(jax.jit(lambda d: d.log_prob(1.0))(law), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(lambda d: d.log_prob(1.0))(law), expected, rtol=1e-6)
    assert law.support(jnp.array([-1.0, 0.0, 2.0])).tolist() == [False, True, True]


def test_vectors_have_an_event(key):
    shares = bayes.distribution(dirichlet)(jnp.ones((2, 3)))
    assert (shares.batch_shape, shares.event_shape) == ((2,), (3,))
    np.testing.assert_allclose(shares.log_prob(shares.sample(key)), np.log(2.0), rtol=1e-5)
    counts = bayes.distribution(multinomial)(5.0, jnp.full((2, 3), 1 / 3))
    assert (counts.batch_shape, counts.event_shape) == ((2,), (3,))
    assert counts.log_prob(counts.sample(key, (4,))).shape == (4, 2)
    labels = bayes.distribution(categorical)(jnp.full((2, 3), 1 / 3))
    assert (labels.batch_shape, labels.event_shape) == ((2,), ())


def test_plates_and_predictive_draws(key):
    Gamma, Poisson = bayes.distribution(gamma), bayes.distribution(poisson)

    def model(counts=None):
        with numpyro.plate("groups", 3):
            rate = numpyro.sample("rate", Gamma(2.0, 1.0))
            numpyro.sample("counts", Poisson(rate), obs=counts)

    prior = Predictive(model, num_samples=7)(key)
    assert prior["counts"].shape == (7, 3)
    draws = bayes.nuts(key, model, np.array([0.0, 3.0, 9.0]), num_warmup=300, num_samples=500, num_chains=2)
    exact = (gamma, (2.0 + np.array([0.0, 3.0, 9.0]), np.full(3, 2.0)))
    assert float(bayes.compare_exact(draws, {"rate": exact}).p_value["rate"].min()) > 1e-4


def test_truncated_families_bound_a_latent_site():
    below = bayes.distribution(truncated(normal, high=1.0))(0.0, 1.0)
    assert (dist.biject_to(below.support)(jnp.linspace(-3.0, 3.0, 7)) < 1.0).all()


def test_a_latent_site_with_atoms_is_refused(key):
    def model():
        numpyro.sample("amount", Claims(0.5, 0.0, 1.0))

    with pytest.raises(NotImplementedError):
        bayes.nuts(key, model, num_warmup=10, num_samples=10, num_chains=1)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"^`family` must be a family of jprob.density; got 3"):
        bayes.distribution(3)
    with pytest.raises(ValueError, match=r"^`HurdleLognormal` takes prob, loc, scale; got prob, loc"):
        Claims(0.5, 0.0)
    with pytest.raises(ValueError, match="prob"):
        Claims(1.5, 0.0, 1.0, validate_args=True)
    assert bayes.distribution(beta) is bayes.distribution(beta.family)
