"""A grid posterior against the exact one, which it must approach."""

import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes.conjugate import beta_binomial
from jprob.bayes.hypotheses import grid_interval, grid_posterior
from jprob.density import beta, binomial
from tests.grids import X64

POINTS = jnp.linspace(0.0, 1.0, 2001)


@pytest.fixture(scope="module")
def found():
    counts = jnp.asarray([8.0, 0.0])
    return grid_posterior(POINTS, beta.logpdf(POINTS, 2.0, 2.0), binomial.logpmf(counts[:, None], 10.0, POINTS))


def test_it_is_the_exact_posterior(found):
    exact = beta_binomial.update((2.0, 2.0), [8, 0], 10)
    np.testing.assert_allclose(found.mean, beta_binomial.mean(exact), rtol=1e-5)
    np.testing.assert_allclose(found.variance, beta_binomial.variance(exact), rtol=1e-4)
    np.testing.assert_allclose(found.log_evidence, beta_binomial.log_evidence((2.0, 2.0), [8, 0], 10), atol=1e-5)
    np.testing.assert_allclose(
        grid_interval(found, 0.9), beta_binomial.interval(exact, 0.9), atol=2e-6 if X64 else 1e-5
    )
    np.testing.assert_allclose(found.density, beta.pdf(POINTS, exact.a[:, None], exact.b[:, None]), atol=2e-4)


def test_it_says_when_it_is_too_short():
    points = jnp.linspace(0.0, 0.6, 101)
    short = grid_posterior(points, jnp.zeros(101), binomial.logpmf(80.0, 100.0, points))
    assert float(short.edge) > 0.1


def test_the_spacing_may_vary(found):
    points = jnp.linspace(0.0, 1.0, 1001) ** 2
    uneven = grid_posterior(points, beta.logpdf(points, 2.0, 2.0), binomial.logpmf(8.0, 10.0, points))
    assert float(uneven.mean) == pytest.approx(float(found.mean[0]), rel=1e-4)


@pytest.mark.parametrize(
    ("points", "likelihood", "message"),
    [
        ([0.0, 0.0, 1.0], [0.0] * 3, "`points` must increase; got two neighbours that do not."),
        ([0.5], [0.0], r"`points` must have shape \(points,\), at least two; got \(1,\)."),
        ([0.0, 1.0], [-np.inf] * 2, "`log_likelihood` must allow the data at some point"),
    ],
)
def test_bad_input_is_one_sentence(points, likelihood, message):
    with pytest.raises(ValueError, match=message):
        grid_posterior(points, np.zeros(len(points)), likelihood)
