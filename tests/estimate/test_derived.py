"""Families made from others are fitted like any: EM and the direct search agree, planted truths come back, flags are set."""

import jax
import numpy as np
import pytest

from jprob.density import (
    bernoulli,
    censored,
    dirichlet,
    dirichlet_multinomial,
    exponential,
    mixed,
    mixture,
    poisson,
    truncated,
    weibull,
    zero_inflated,
)
from jprob.estimate import mle
from tests.grids import DTYPE, X64

KEY = jax.random.key(20261122)


@pytest.mark.parametrize("law", [mixed.zero_inflated_poisson, mixed.hurdle_poisson], ids=lambda law: law.name)
def test_em_and_the_direct_search_agree(law):
    k = law.sample(KEY, prob=0.3, rate=1.5, shape=(3, 1000))
    em, direct = law.mle(k), mle(law, k, method="newton")
    assert bool(direct.converged.all())
    for name in law.parameters:
        np.testing.assert_allclose(em[name], direct.params[name], rtol=1e-6 if X64 else 2e-4)


def test_em_and_the_direct_search_agree_on_a_mixture():
    law = mixture([poisson, poisson])
    k = law.sample(KEY, probs=(0.3, 0.7), rate_0=2.0, rate_1=15.0, shape=(1000,))
    em, direct = law.mle(k), mle(law, k, method="newton")
    for name in law.parameters:
        np.testing.assert_allclose(em[name], direct.params[name], rtol=1e-6 if X64 else 1e-3)


@pytest.mark.parametrize(
    ("law", "params"),
    [
        (mixed.hurdle_gamma, {"prob": 0.3, "concentration": 2.5, "rate": 0.8}),
        (mixed.hurdle_lognormal, {"prob": 0.85, "loc": 7.0, "scale": 1.1}),
        (mixed.zero_inflated_negative_binomial, {"prob": 0.3, "r": 4.0, "p": 0.4}),
        (mixed.zero_one_inflated_beta, {"probs": (0.1, 0.2), "a": 2.5, "b": 4.0}),
        (truncated(weibull, 0.5, 3.0), {"concentration": 2.0, "scale": 1.5}),
        (dirichlet.family, {"concentration": (1.5, 3.0, 2.0)}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_planted_truths_come_back_within_their_errors(law, params):
    x = law.sample(KEY, **params, shape=(2000,))
    fit = mle(law, x)
    assert bool(fit.converged)
    assert not bool(fit.at_boundary)
    for name, truth in params.items():
        gap = np.abs(np.asarray(fit.params[name]) - np.asarray(truth))
        assert (gap < 4 * np.asarray(fit.standard_error[name])).all(), name


def test_following_that_ends_is_no_death():
    rng = np.random.default_rng(2)
    times, followed = rng.exponential(2.0, 2000), rng.uniform(0.5, 4.0, 2000)
    seen = np.minimum(times, followed).astype(DTYPE)
    fit = mle(censored(exponential, high=followed.astype(DTYPE)), seen)
    events_over_time = (times <= followed).sum() / seen.astype(float).sum()
    assert float(fit.params["rate"]) == pytest.approx(events_over_time, rel=1e-4)
    assert float(fit.standard_error["rate"]) == pytest.approx(
        events_over_time / (times <= followed).sum() ** 0.5, rel=1e-3
    )


def test_vectors_of_counts_are_fitted_with_their_trials_known():
    x = dirichlet_multinomial.sample(KEY, 20.0, np.array([1.5, 3.0, 2.0], DTYPE), shape=(1500,))
    fit = mle(dirichlet_multinomial.family, x, fixed={"n": 20.0})
    gap = np.abs(np.asarray(fit.params["concentration"]) - [1.5, 3.0, 2.0])
    assert (gap < 4 * np.asarray(fit.standard_error["concentration"])).all()


def test_inflation_that_the_data_cannot_show_is_flagged():
    """Zeros and ones alone do not say which zeros are extra."""
    fit = mle(zero_inflated(bernoulli), np.tile([0.0, 0.0, 0.0, 1.0], 50).astype(DTYPE))
    assert bool(fit.not_identified)
    assert not bool(fit.at_boundary)
    assert np.isnan(float(fit.standard_error["prob"]))


def test_edges_are_flagged():
    zeros = mle(mixed.hurdle_lognormal, np.zeros(20, DTYPE))
    assert not bool(zeros.converged)
    none = mle(mixed.zero_inflated_poisson, np.tile([3.0, 4.0, 5.0], 20).astype(DTYPE))
    assert bool(none.at_boundary)  # no zeros: nothing is inflated
    single = mle(mixed.hurdle_poisson, np.array([0.0, 1.0, 1.0, 0.0, 1.0] * 20, DTYPE), method="newton")
    assert bool(single.at_boundary | single.not_identified | ~single.converged)  # all ones beyond the hurdle: no rate
