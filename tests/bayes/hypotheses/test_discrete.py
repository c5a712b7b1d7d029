"""Bayes' rule over hypotheses: worked figures, extremes of log likelihood, and what cannot be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import event
from jprob.bayes import hypotheses as h
from jprob.density import binomial
from tests.grids import DTYPE, X64

TIGHT = 1e-12 if X64 else 2e-6


def test_the_coin_of_the_chapter():
    found = h.coin(8, 10, [0.5, 0.7], [0.8, 0.2])
    assert float(found.probs[1]) == pytest.approx(0.5705, abs=5e-5)
    assert float(found.probs.sum()) == pytest.approx(1.0, abs=1e-6)
    evidence = 0.8 * float(binomial.pmf(8, 10, 0.5)) + 0.2 * float(binomial.pmf(8, 10, 0.7))
    assert float(found.log_evidence) == pytest.approx(np.log(evidence), rel=1e-5)


def test_it_is_bayes_over_a_partition():
    rng = np.random.default_rng(0)
    prior, likelihood = rng.dirichlet(np.ones(5), 20).astype(DTYPE), rng.uniform(size=(20, 5)).astype(DTYPE)
    found = h.posterior(np.log(prior.astype(float)), np.log(likelihood))
    np.testing.assert_allclose(found.probs, event.bayes(prior, likelihood), rtol=20 * TIGHT)
    np.testing.assert_allclose(found.log_evidence, np.log((prior * likelihood).sum(-1)), rtol=20 * TIGHT, atol=TIGHT)


def test_log_likelihoods_of_minus_a_hundred_thousand_cost_the_prior_nothing():
    prior = np.log([0.3, 0.2, 0.5])
    found = h.posterior(prior, np.full(3, -1e5, DTYPE))
    np.testing.assert_allclose(found.probs, [0.3, 0.2, 0.5], rtol=TIGHT)
    assert float(found.log_evidence) == pytest.approx(-1e5)
    far = h.posterior(prior, np.array([-1e5, -2e5, -3e5], DTYPE))
    assert np.asarray(far.probs).tolist() == [1.0, 0.0, 0.0]
    assert float(far.log_probs[1]) == pytest.approx(-1e5, rel=1e-5)  # known also where it underflows


def test_a_path_ends_at_the_posterior_and_does_not_depend_on_the_order():
    rng = np.random.default_rng(1)
    prior = np.log(rng.dirichlet(np.ones(3)))
    each = rng.normal(size=(4, 30, 3)).astype(DTYPE)
    along = h.path(prior, each)
    assert along.probs.shape == (4, 30, 3)
    assert along.log_evidence.shape == (4, 30)
    whole = h.posterior(prior, each.sum(1))
    np.testing.assert_allclose(along.probs[:, -1], whole.probs, rtol=1e-4 if not X64 else 1e-11)
    shuffled = h.path(prior, each[:, rng.permutation(30)])
    np.testing.assert_allclose(shuffled.probs[:, -1], along.probs[:, -1], rtol=1e-4 if not X64 else 1e-11)


def test_bayes_factors_do_not_depend_on_the_prior():
    log_likelihood = np.array([-3.0, -1.0, -2.5], DTYPE)
    factors = np.asarray(h.log_bayes_factors(log_likelihood, reference=1), float)
    for prior in ([0.2, 0.3, 0.5], [0.6, 0.3, 0.1]):
        odds = np.asarray(h.posterior(np.log(prior), log_likelihood).log_probs, float) - np.log(prior)
        np.testing.assert_allclose(odds - odds[1], factors, atol=1e-5)


def test_spike_and_slab():
    found = h.spike_and_slab([10, 5, 0], 10, prob_null=[0.5, 0.5, 1.0])
    assert float(found.log_bayes_factor[0]) == pytest.approx(np.log(2**10 / 11), rel=1e-5)
    odds = 1 / (1 + np.exp(np.asarray(found.log_bayes_factor, float)))
    np.testing.assert_allclose(found.prob_null[:2], odds[:2], rtol=1e-5)
    assert float(found.prob_null[2]) == 1.0  # what is certain stays certain
    assert float(found.mean[1]) == pytest.approx(0.5)
    # a vaguer slab favours the null, however many data there are
    vague = [float(h.spike_and_slab(5200, 10_000, slab=(s, s)).prob_null) for s in (100.0, 1.0, 0.01)]
    assert vague == sorted(vague)


def test_a_billion_flips():
    found = h.coin(500_010_000, 10**9, [0.5, 0.50001, 0.5001])
    z = (500_010_000 - 5e8) ** 2 / (2 * 10**9 * 0.25)
    assert float(found.log_probs[1] - found.log_probs[0]) == pytest.approx(z, rel=1e-3 if X64 else 0.5)


def test_it_jits_vmaps_and_differentiates():
    prior = jnp.log(jnp.asarray([0.8, 0.2]))
    lanes = jnp.asarray([[-1.0, -2.0], [-jnp.inf, -jnp.inf], [-3.0, -jnp.inf]])
    found = jax.jit(jax.vmap(lambda ll: h.posterior(prior, ll)))(lanes)
    assert np.asarray(found.possible).tolist() == [True, False, True]
    assert np.isnan(np.asarray(found.probs)).tolist() == [[False, False], [True, True], [False, False]]
    assert float(found.log_evidence[1]) == -np.inf
    assert np.asarray(found.probs[2]).tolist() == [1.0, 0.0]
    slope = jax.grad(lambda ll: h.posterior(prior, ll).log_evidence)(lanes[0])
    np.testing.assert_allclose(slope, found.probs[0], rtol=1e-5)


def test_a_traced_prior_that_does_not_sum_to_one_is_nan():
    found = jax.jit(lambda p: h.posterior(jnp.log(p), jnp.zeros(2)))(jnp.asarray([0.8, 0.3]))
    assert np.isnan(np.asarray(found.probs)).all()


def test_without_prior_probability_there_is_none_after():
    found = h.posterior([0.0, -np.inf], [-5.0, 0.0])
    assert np.asarray(found.probs).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: h.posterior(np.log([0.8, 0.3]), [0.0, 0.0]), "`log_prior` must sum to one over the hypotheses; got 1.1."),
        (lambda: h.posterior(np.log([0.5, 0.5]), [-np.inf, -np.inf]), "`log_likelihood` must allow the data under at least"),
        (lambda: h.posterior([0.0, -np.inf], [-np.inf, 0.0]), "`log_likelihood` must allow the data under at least"),
        (lambda: h.posterior(np.log([0.5, 0.5]), [[0, 0], [-np.inf] * 2]), "got -inf for all at index 1."),
        (lambda: h.posterior(np.log([0.5, 0.5]), [np.nan, 0.0]), "`log_likelihood` must be finite or -inf; got nan."),
        (lambda: h.posterior(np.log([0.5, 0.5]), [0.0] * 3), "`log_likelihood` must have one value for each hypothesis"),
        (lambda: h.coin(11, 10, [0.5, 0.7]), "`trials` must not be smaller than `successes`; got 10 < 11."),
        (lambda: h.coin(1.5, 10, [0.5, 0.7]), "`successes` must be whole numbers of at least 0; got 1.5."),
        (lambda: h.coin(8, 10, [0.5, 1.7]), "`biases` must lie in [0, 1]; got 1.7 at index 1."),
        (lambda: h.coin(8, 10, [0.5, 0.7], [0.8, 0.3]), "`prior` must sum to one over the hypotheses; got 1.1."),
        (lambda: h.coin(8, 10, [0.0, 1.0]), "`log_likelihood` must allow the data under at least one hypothesis"),
        (lambda: h.spike_and_slab(8, 10, prob_null=1.5), "`prob_null` must lie in [0, 1]; got 1.5."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
        call()
    assert message in str(refused.value)
