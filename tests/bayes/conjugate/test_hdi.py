"""Shortest intervals and sets of highest density: flat, monotone, U-shaped and ordinary posteriors, against mpmath."""

import jax
import mpmath as mp
import numpy as np
import pytest

from jprob.bayes.conjugate import beta_binomial, gamma_poisson, inverse_gamma_known_mean
from jprob.density import beta, gamma, inverse_gamma
from tests.grids import X64

PROMISED = 1e-9 if X64 else 2e-5


def shortest(log_density, mass, level, start):
    """Both ends by mpmath: equal density and the mass between."""
    with mp.workdps(30):
        ends = mp.findroot(
            lambda x, y: [log_density(x) - log_density(y), mass(x, y) - level], tuple(map(mp.mpf, start)), tol=1e-40
        )
    return [float(v) for v in ends]


@pytest.mark.parametrize(("a", "rate"), [(2.5, 1.0), (30.0, 4.0), (1.2, 0.5)])
def test_gamma_against_mpmath(a, rate):
    got = np.asarray(gamma_poisson.hdi((a, rate)), float)
    a_, b_ = mp.mpf(a), mp.mpf(rate)
    want = shortest(
        lambda x: (a_ - 1) * mp.log(x) - b_ * x,
        lambda x, y: mp.gammainc(a_, b_ * x, b_ * y, regularized=True),
        mp.mpf("0.95"),
        got,
    )
    np.testing.assert_allclose(got, want, rtol=PROMISED)


@pytest.mark.parametrize(("a", "rate"), [(2.5, 1.0), (30.0, 4.0), (0.5, 0.5)])
def test_inverse_gamma_against_mpmath(a, rate):
    got = np.asarray(inverse_gamma_known_mean.hdi((a, rate)), float)
    a_, b_ = mp.mpf(a), mp.mpf(rate)
    want = shortest(
        lambda x: -(a_ + 1) * mp.log(x) - b_ / x,
        lambda x, y: mp.gammainc(a_, b_ / y, b_ / x, regularized=True),
        mp.mpf("0.95"),
        got,
    )
    np.testing.assert_allclose(got, want, rtol=PROMISED)


@pytest.mark.parametrize(("a", "b"), [(10.0, 4.0), (1.5, 30.0)])
def test_beta_against_mpmath(a, b):
    got = np.asarray(beta_binomial.hdi((a, b)), float)
    a_, b_ = mp.mpf(a), mp.mpf(b)
    want = shortest(
        lambda x: (a_ - 1) * mp.log(x) + (b_ - 1) * mp.log(1 - x),
        lambda x, y: mp.betainc(a_, b_, x, y, regularized=True),
        mp.mpf("0.95"),
        got,
    )
    np.testing.assert_allclose(got, want, rtol=PROMISED)


@pytest.mark.parametrize("level", [0.1, 0.95])
@pytest.mark.parametrize("family", [gamma, inverse_gamma], ids=lambda f: f.family.name)
def test_from_tiny_shapes_to_huge_ones(family, level):
    a = np.array([0.1, 0.5, 1.0, 1.001, 2.0, 5.0, 100.0, 1e4, 1e6 if X64 else 1e4])
    pair = gamma_poisson if family is gamma else inverse_gamma_known_mean
    low, high = np.moveaxis(np.asarray(pair.hdi((a, 2.0), level)), -1, 0)
    inside = np.asarray(family.cdf(high, a, 2.0) - family.cdf(low, a, 2.0), float)
    np.testing.assert_allclose(inside, level, atol=1e-10 if X64 else 1e-4)
    inner = (a > 1.01) | (family is inverse_gamma)
    rise = np.asarray(family.logpdf(high[inner], a[inner], 2.0) - family.logpdf(low[inner], a[inner], 2.0), float)
    np.testing.assert_allclose(rise, 0.0, atol=1e-9 if X64 else 2e-3)


def test_a_monotone_density_has_one_end_at_the_boundary():
    np.testing.assert_allclose(gamma_poisson.hdi((1.0, 100.0)), [0.0, -np.log(0.05) / 100], rtol=1e-6)
    np.testing.assert_allclose(beta_binomial.hdi((1.0, 10.0)), [0.0, 1 - 0.05**0.1], rtol=1e-6)
    np.testing.assert_allclose(beta_binomial.hdi((10.0, 1.0)), [0.05**0.1, 1.0], rtol=1e-6)


def test_a_flat_density_has_no_shortest_interval_and_the_middle_is_given():
    np.testing.assert_allclose(beta_binomial.hdi((1.0, 1.0), 0.5), [0.25, 0.75], rtol=1e-6)


def test_a_u_shaped_density_has_two_pieces():
    a, b = np.array([0.5, 0.9, 0.1, 1.0]), np.array([0.5, 0.3, 0.2, 1.0])
    found = beta_binomial.region((a, b), 0.8)
    assert np.asarray(found.num_pieces).tolist() == [2, 2, 2, 1]
    pieces = np.asarray(found.pieces, float)
    assert np.isnan(pieces[3:, 1]).all()
    np.testing.assert_allclose(pieces[3:, 0], np.asarray(beta_binomial.hdi((a, b), 0.8))[3:], rtol=1e-6)
    np.testing.assert_array_equal(pieces[:3, [0, 1], [0, 1]], [[0.0, 1.0]] * 3)
    x, y = pieces[:3, 0, 1], pieces[:3, 1, 0]
    inside = np.asarray(beta.cdf(x, a[:3], b[:3]) + beta.sf(y, a[:3], b[:3]), float)
    np.testing.assert_allclose(inside, 0.8, atol=PROMISED)
    np.testing.assert_allclose(beta.logpdf(x, a[:3], b[:3]) - beta.logpdf(y, a[:3], b[:3]), 0.0, atol=2 * PROMISED)
    # shorter in all than the shortest single interval
    single = np.diff(np.asarray(beta_binomial.hdi((a, b), 0.8), float))[:3, 0]
    assert (x + 1 - y < single).all()


def test_the_arcsine_law_by_hand():
    halves = np.full(4, 0.5)
    pieces = np.asarray(beta_binomial.region((halves, halves), 0.5).pieces, float)[0]
    quarter = np.sin(np.pi / 8) ** 2
    np.testing.assert_allclose(np.ravel(pieces), [0.0, quarter, 1 - quarter, 1.0], rtol=PROMISED)


@pytest.mark.parametrize(
    ("pair", "params"), [(gamma_poisson, (3.0, 2.0)), (inverse_gamma_known_mean, (3.0, 2.0))], ids=["gamma", "inverse"]
)
def test_ends_move_as_finite_differences_say(pair, params):
    slopes = jax.jacobian(lambda a, b: pair.hdi((a, b), 0.9), (0, 1))(*params)
    step = 1e-4 if X64 else 1e-2
    for i, slope in enumerate(slopes):
        moved = [
            np.asarray(pair.hdi(tuple(v + h * (j == i) for j, v in enumerate(params)), 0.9), float)
            for h in (-step, step)
        ]
        np.testing.assert_allclose(slope, (moved[1] - moved[0]) / (2 * step), rtol=1e-5 if X64 else 1e-2, atol=1e-4)
