"""Data in pieces: totals that merge, chunks that stream, and priors of different strengths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import density, estimate
from jprob.density.expfam import ConjugatePrior
from tests.estimate.test_mle import case, counts_of
from tests.estimate.test_models import FLIPS, N, P, beta_prior, fit_of, logistic, poisson, regression
from tests.grids import DTYPE, X64

CLOSE = 1e-6 if X64 else 2e-3


@pytest.mark.parametrize(
    "name",
    [
        "bernoulli",
        "binomial",
        "poisson",
        "geometric",
        "exponential",
        "normal",
        "lognormal",
        "gamma",
        "inverse_gamma",
        "beta",
    ],
)
def test_totals_of_pieces_give_the_estimate_of_the_whole(name):
    family, data, fit = case(name)
    known = counts_of(family)
    parts = [estimate.totals(family, piece, **known) for piece in np.split(data, [10, 100], -1)]
    for order in (parts, parts[::-1]):
        got = estimate.from_totals(family, estimate.merge(*order), **known)
        assert got.converged.all()
        for parameter, value in got.params.items():
            assert value.dtype == DTYPE
            np.testing.assert_allclose(value, fit.params[parameter], rtol=CLOSE, atol=CLOSE)


def test_a_conjugate_prior_is_data_seen_before():
    """Incremental updates end at the batch's posterior mode, in log odds, of a Beta(2, 2) prior."""
    family = density.bernoulli.family
    state = ConjugatePrior(jnp.asarray([2.0]), jnp.asarray(4.0))
    for piece in np.split(FLIPS[0], 4):
        state = estimate.merge(state, estimate.totals(family, piece))
    batch = estimate.map_estimate(family, FLIPS, beta_prior, coordinates="unconstrained")
    np.testing.assert_allclose(estimate.from_totals(family, state).params["p"], batch.params["p"][0], rtol=1e-4)
    assert float(estimate.from_totals(family, state).params["p"]) == pytest.approx(16 / 24)


def test_nothing_seen_is_not_an_estimate():
    nothing = ConjugatePrior(jnp.zeros((2, 1)), jnp.asarray([0.0, 0.0]))
    assert not estimate.from_totals(density.poisson.family, nothing).converged.any()
    with pytest.raises(ValueError, match="`family` must be one of"):
        estimate.totals(density.cauchy.family, [1.0])


def test_chunks_are_the_whole():
    data = regression("poisson")
    chunks = [jax.tree.map(lambda a, i=i: a[i : i + 50], data) for i in range(0, N, 50)]
    got = estimate.fit_stream(poisson, np.zeros(P, DTYPE), lambda: iter(chunks))
    whole = fit_of("poisson", data)
    assert bool(got.converged & got.hessian_pd)
    assert float(got.num_observations) == N
    np.testing.assert_allclose(got.params, whole.params, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(got.covariance, whole.covariance, rtol=10 * CLOSE, atol=CLOSE * 1e-2)
    np.testing.assert_allclose(got.log_likelihood, whole.log_likelihood, rtol=1e-5)
    short = estimate.fit_stream(poisson, np.zeros(P, DTYPE), lambda: chunks, max_steps=0)
    assert not bool(short.converged)
    with pytest.raises(ValueError, match="`chunks` must give at least one chunk; got none"):
        estimate.fit_stream(poisson, np.zeros(P, DTYPE), list)
    with pytest.raises(ValueError, match="`tolerance` must not be negative"):
        estimate.fit_stream(poisson, np.zeros(P, DTYPE), lambda: chunks, tolerance=-1.0)


def gaussian(beta, scale):
    return jax.scipy.stats.norm.logpdf(beta, 0.0, scale).sum()


def straight_line(beta, data):
    return jax.scipy.stats.norm.logpdf(data["y"], data["x"] @ beta, 1.0)


def test_evidence_of_a_linear_model_is_exact():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(30, 4))
    y = x @ rng.normal(size=4) * 0.3 + rng.normal(size=30)
    scales = np.array([0.03, 0.3, 3.0])
    data = {"x": x.astype(DTYPE), "y": y.astype(DTYPE)}
    got = estimate.prior_strength(jax.random.key(0), straight_line, np.zeros(4, DTYPE), data, gaussian, scales)
    for scale, value in zip(scales, np.asarray(got.log_evidence), strict=True):
        covariance = np.eye(30) + scale**2 * x @ x.T
        exact = -0.5 * (y @ np.linalg.solve(covariance, y) + np.linalg.slogdet(covariance)[1] + 30 * np.log(2 * np.pi))
        assert value == pytest.approx(exact, rel=1e-4 if not X64 else 1e-9)
    assert got.converged.all()
    assert float(got.by_evidence) == pytest.approx(0.3)


def test_validation_leaves_each_fold_out():
    data = jax.tree.map(lambda a: a[:60], regression("logistic"))
    scales = np.array([1e-3, 1.0], DTYPE)
    got = estimate.prior_strength(
        jax.random.key(0), logistic, np.zeros(P, DTYPE), data, gaussian, scales, folds=60
    )  # one observation a fold: no matter how they are dealt
    kept = np.arange(60) != 7
    fold = estimate.fit_model(logistic, np.zeros(P, DTYPE), data, weights=kept, log_prior=lambda b: gaussian(b, 1.0))
    assert bool(fold.converged)
    np.testing.assert_allclose(got.held_out[0], 60 * np.log(0.5), rtol=1e-2)  # a prior at zero knows nothing
    assert float(got.held_out[1]) > float(got.held_out[0])
    assert float(got.by_validation) == 1.0
    with pytest.raises(ValueError, match="`folds` must not exceed the 60 observations; got 61"):
        estimate.prior_strength(jax.random.key(0), logistic, np.zeros(P), data, gaussian, scales, folds=61)
    with pytest.raises(ValueError, match="`folds` must be an integer of at least 2; got 1"):
        estimate.prior_strength(jax.random.key(0), logistic, np.zeros(P), data, gaussian, scales, folds=1)
