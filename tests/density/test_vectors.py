"""Families of vectors and of labels: against scipy and mpmath, at hard values, and by their draws."""

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from jprob.density import beta, binomial, categorical, dirichlet, dirichlet_multinomial, multinomial
from tests.grids import DTYPE, X64

SLACK = 2e-13 if X64 else 1e-6
PROBS = (0.2, 0.5, 0.3)
ALPHA = (1.5, 3.0, 2.0)


def test_labels():
    probs = jnp.asarray((0.5, 0.25, 0.25), DTYPE)
    x = np.array([0, 1, 2, 3, -1, 0.5, np.nan], DTYPE)
    np.testing.assert_allclose(
        categorical.pmf(x, probs), [0.5, 0.25, 0.25, 0.0, 0.0, 0.0, np.nan], rtol=1e-6, equal_nan=True
    )
    k = np.arange(3.0).astype(DTYPE)
    np.testing.assert_array_equal(categorical.ppf(categorical.cdf(k, probs), probs), k)
    np.testing.assert_array_equal(categorical.isf(categorical.sf(k, probs), probs), k)
    np.testing.assert_allclose(np.exp(categorical.logcdf(k, probs)), categorical.cdf(k, probs), rtol=1e-6)
    np.testing.assert_allclose(np.exp(categorical.logsf(k, probs)), categorical.sf(k, probs), rtol=1e-6)
    assert np.asarray(categorical.ppf(np.array([0.0, 1.0], DTYPE), probs)).tolist() == [-1.0, 2.0]
    never = jnp.asarray((0.5, 0.5, 0.0), DTYPE)
    assert np.asarray(categorical.ppf(np.array([0.4, 1.0], DTYPE), never)).tolist() == [0.0, 1.0]
    assert float(categorical.sf(1, jnp.asarray((0.5, 0.5, 1e-20), DTYPE))) == pytest.approx(1e-20, rel=1e-6)
    assert float(categorical.entropy(never)) == pytest.approx(np.log(2), rel=1e-6)
    slopes = jax.grad(lambda p: categorical.logpmf(0, p))(never)
    np.testing.assert_allclose(slopes, [1.0, -1.0, -1.0], rtol=1e-6)  # relative to the sum


def test_labels_batch_draw_and_come_back():
    probs = jnp.asarray([PROBS, (0.1, 0.1, 0.8)], DTYPE)
    x = categorical.sample(jax.random.key(0), probs, shape=(40_000,))
    assert x.shape == (40_000, 2)
    fit = categorical.mle(x.T)["probs"]
    assert np.abs(fit - probs).max() < 5 * 0.5 / 200
    assert categorical.logpmf(np.zeros((4, 1), DTYPE), probs).shape == (4, 2)
    np.testing.assert_allclose(categorical.mean(probs), x.mean(0), atol=0.03)
    assert np.asarray(categorical.mode(probs)).tolist() == [1.0, 2.0]


def test_logits_have_any_size_and_no_sum():
    logits = jnp.asarray([-2000.0, 0.0, 1.0], DTYPE)
    expected = [-2000.0 - np.log1p(np.e), -np.log1p(np.e), 1 - np.log1p(np.e)]
    np.testing.assert_allclose(categorical.logpmf_of_logits(np.arange(3), logits), expected, rtol=1e-6)
    back = jax.nn.softmax(categorical.logits(jnp.asarray(PROBS, DTYPE)))
    np.testing.assert_allclose(back, PROBS, rtol=1e-6)
    assert float(categorical.logpmf_of_logits(3, logits)) == -np.inf


@pytest.mark.parametrize("family", [categorical, multinomial], ids=lambda f: f.family.name)
def test_probabilities_that_do_not_sum_to_one_are_nan(family):
    arguments = (0,) if family is categorical else (np.array([1.0, 1.0], DTYPE), 2)
    for probs in ((0.5, 0.6), (-0.5, 1.5), (np.nan, 1.0)):
        assert np.isnan(float(family.logpmf(*arguments, jnp.asarray(probs, DTYPE)))), probs
    tenth = jnp.full(10, 0.1, DTYPE)  # sums to one but for rounding
    assert np.isfinite(float(categorical.logpmf(3, tenth)))


def test_multinomial_is_scipys_and_sums_to_one():
    x = np.array([k for k in itertools.product(range(13), repeat=3) if sum(k) == 12], DTYPE)
    got = np.asarray(multinomial.logpmf(x, 12, jnp.asarray(PROBS, DTYPE)), float)
    np.testing.assert_allclose(got, stats.multinomial.logpmf(x, 12, PROBS), rtol=4e-6 if not X64 else 1e-12)
    assert np.exp(got).sum() == pytest.approx(1.0, abs=1e-6)
    peer = stats.multinomial(12, PROBS)
    assert float(multinomial.entropy(12, jnp.asarray(PROBS, DTYPE))) == pytest.approx(peer.entropy(), rel=1e-6)
    np.testing.assert_allclose(multinomial.covariance(12, jnp.asarray(PROBS, DTYPE)), peer.cov(), rtol=1e-6)
    best = np.asarray(multinomial.mode(12, jnp.asarray(PROBS, DTYPE)))
    assert float(multinomial.logpmf(best, 12, jnp.asarray(PROBS, DTYPE))) >= got.max() - 1e-6
    bad = np.array([[1, 1, 1], [12.5, 0, -0.5], [-1, 6, 7]], DTYPE)
    assert (np.asarray(multinomial.logpmf(bad, 12, jnp.asarray(PROBS, DTYPE))) == -np.inf).all()


def test_two_labels_are_a_binomial_at_a_billion_trials():
    p = DTYPE(0.296875)  # exact, as is what is left
    n = DTYPE(1e9)
    k = DTYPE(296_890_368.0)
    probs = jnp.asarray([p, 1 - p], DTYPE)
    got = float(multinomial.logpmf(jnp.asarray([k, n - k], DTYPE), n, probs))
    assert got == pytest.approx(float(binomial.logpmf(k, n, p)), rel=1e-6)
    assert float(multinomial.entropy(n, probs)) == pytest.approx(float(binomial.entropy(n, p)), rel=3e-6)
    draws = multinomial.sample(jax.random.key(1), n, probs, shape=(500,))
    sd = float(n * p * (1 - p)) ** 0.5
    assert abs(float(draws[:, 0].mean()) - float(n * p)) < 5 * sd / 500**0.5
    assert (np.asarray(draws.sum(-1)) == n).all()


def test_slopes_of_the_multinomial_stay_on_the_simplex():
    x = jnp.asarray([3.0, 4.0, 5.0], DTYPE)
    slopes = jax.grad(multinomial.logpmf, 2)(x, 12.0, jnp.asarray(PROBS, DTYPE))
    np.testing.assert_allclose(slopes, np.array([3, 4, 5]) / np.array(PROBS) - 12, rtol=2e-6, atol=2e-6)
    edge = jax.grad(multinomial.logpmf, 2)(jnp.asarray([0.0, 2.0], DTYPE), 2.0, jnp.asarray([0.0, 1.0], DTYPE))
    np.testing.assert_allclose(edge, [-2.0, 0.0], atol=1e-6)
    assert float(multinomial.logpmf([1, 1], 2, jnp.asarray([0.0, 1.0], DTYPE))) == -np.inf


def dirichlet_truth(x, a):
    with mpmath.workdps(50):
        x, a = [mpmath.mpf(float(v)) for v in x], [mpmath.mpf(float(v)) for v in a]
        whole = mpmath.fsum(x)
        shares = [v / whole for v in x]
        return float(
            mpmath.loggamma(mpmath.fsum(a))
            - mpmath.fsum(map(mpmath.loggamma, a))
            + mpmath.fsum((b - 1) * mpmath.log(v) for v, b in zip(shares, a, strict=True))
        )


def test_dirichlet_from_tiny_to_huge_concentrations():
    rng = np.random.default_rng(0)
    for scale in (-3, -1, 0, 2, 4, 6, 8):
        a = (10.0 ** (scale + rng.uniform(-1, 1, 4))).astype(DTYPE)
        x = rng.dirichlet(np.maximum(a.astype(float), 0.3)).astype(DTYPE)
        truth = dirichlet_truth(x, a)
        got = float(dirichlet.logpdf(x, a))
        assert abs(got - truth) <= (2e-12 if X64 else 4e-6) * max(1.0, abs(truth)), (scale, got, truth)


def test_dirichlet_at_the_edge_of_the_simplex():
    zero = np.array([0.0, 0.5, 0.5], DTYPE)
    assert float(dirichlet.logpdf(zero, jnp.asarray([1.0, 2.0, 2.0], DTYPE))) == pytest.approx(np.log(6.0), rel=1e-5)
    assert float(dirichlet.logpdf(zero, jnp.asarray([2.0, 2.0, 2.0], DTYPE))) == -np.inf
    assert float(dirichlet.logpdf(zero, jnp.asarray([0.5, 2.0, 2.0], DTYPE))) == np.inf
    for off in ((0.1, 0.5, 0.5), (-0.1, 0.6, 0.5)):
        assert float(dirichlet.logpdf(jnp.asarray(off, DTYPE), jnp.asarray(ALPHA, DTYPE))) == -np.inf
    assert np.isnan(float(dirichlet.logpdf(zero, jnp.asarray([0.0, 2.0, 2.0], DTYPE))))
    assert np.isnan(float(dirichlet.logpdf(jnp.asarray([np.nan, 0.5, 0.5], DTYPE), jnp.asarray(ALPHA, DTYPE))))
    for x in (zero, np.array([0.2, 0.3, 0.5], DTYPE)):
        for a in ((1.0, 2.0, 2.0), (0.5, 2.0, 2.0), ALPHA):
            slopes = jax.grad(dirichlet.logpdf, (0, 1))(jnp.asarray(x), jnp.asarray(a, DTYPE))
            assert not any(np.isnan(g).any() for g in slopes), (x, a)


def test_dirichlet_slopes_moments_and_draws():
    a, x = jnp.asarray(ALPHA, DTYPE), jnp.asarray([0.2, 0.3, 0.5], DTYPE)
    exact = np.log([0.2, 0.3, 0.5]) - [float(mpmath.digamma(v)) for v in ALPHA] + float(mpmath.digamma(6.5))
    np.testing.assert_allclose(jax.grad(dirichlet.logpdf, 1)(x, a), exact, rtol=5e-6, atol=1e-6)
    peer = stats.dirichlet(ALPHA)
    assert float(dirichlet.entropy(a)) == pytest.approx(peer.entropy(), rel=1e-6)
    big = jnp.asarray([1e6, 3e6], DTYPE)
    assert float(dirichlet.entropy(big)) == pytest.approx(float(beta.entropy(DTYPE(1e6), DTYPE(3e6))), rel=1e-6)
    np.testing.assert_allclose(dirichlet.covariance(a), peer.cov(), rtol=1e-5)
    draws = np.asarray(dirichlet.sample(jax.random.key(2), a, shape=(20_000,)), float)
    np.testing.assert_allclose(draws.sum(-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(draws.mean(0), peer.mean(), atol=5 * 0.19 / 20_000**0.5)
    assert np.abs(np.cov(draws.T) - peer.cov()).max() < 5 * 0.05 / 20_000**0.5
    best = dirichlet.mode(a)
    assert float(dirichlet.logpdf(best, a)) >= np.asarray(dirichlet.logpdf(draws.astype(DTYPE), a)).max() - 1e-6
    tiny = dirichlet.sample(jax.random.key(3), jnp.full(3, 1e-3, DTYPE), shape=(200,))
    assert np.isfinite(tiny).all()
    start = dirichlet.family.start(jnp.asarray(draws, DTYPE))["concentration"]
    np.testing.assert_allclose(start, ALPHA, rtol=0.1)


def test_dirichlet_multinomial_is_scipys_and_sums_to_one():
    x = np.array([k for k in itertools.product(range(13), repeat=3) if sum(k) == 12], DTYPE)
    a = jnp.asarray(ALPHA, DTYPE)
    got = np.asarray(dirichlet_multinomial.logpmf(x, 12, a), float)
    expected = stats.dirichlet_multinomial.logpmf(x.astype(int), ALPHA, np.full(len(x), 12))
    np.testing.assert_allclose(got, expected, rtol=2e-6)
    assert np.exp(got).sum() == pytest.approx(1.0, abs=2e-6)
    assert float(dirichlet_multinomial.entropy(12, a)) == pytest.approx(-(np.exp(got) @ got), rel=2e-5)
    draws = np.asarray(dirichlet_multinomial.sample(jax.random.key(4), 12, a, shape=(20_000,)), float)
    assert (draws.sum(-1) == 12).all()
    np.testing.assert_allclose(draws.mean(0), dirichlet_multinomial.mean(12, a), atol=5 * 2.8 / 20_000**0.5)
    covariance = np.asarray(dirichlet_multinomial.covariance(12, a))
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.35)
    np.testing.assert_allclose(np.diag(covariance), dirichlet_multinomial.variance(12, a), rtol=1e-6)


@pytest.mark.parametrize(("n", "a"), [(9, (1.0, 1.0)), (1e6, (2.0, 3.0)), (1e3, (0.02, 0.3))])
def test_two_labels_are_a_beta_binomial(n, a):
    k = DTYPE(np.floor(0.3 * n))
    got = dirichlet_multinomial.logpmf(jnp.asarray([k, n - k], DTYPE), n, jnp.asarray(a, DTYPE))
    assert float(got) == pytest.approx(stats.betabinom.logpmf(int(k), int(n), *a), rel=1e-9 if X64 else 3e-6)
    if n < 1e4:
        entropy = float(dirichlet_multinomial.entropy(n, jnp.asarray(a, DTYPE)))
        logp = stats.betabinom.logpmf(np.arange(int(n) + 1), int(n), *a)
        assert entropy == pytest.approx(-(np.exp(logp) @ logp), rel=2e-5)


def test_vectors_have_no_cdf_and_say_so():
    with pytest.raises(ValueError, match=r"^`dirichlet` is a law of vectors and has no `cdf`; got a call of it"):
        dirichlet.family.cdf(0.5, concentration=jnp.ones(3))
    assert dirichlet.family.event_ndim == 1
    assert categorical.family.event_ndim == 0


def test_they_compile_and_batch():
    a = jnp.ones((4, 3), DTYPE)
    assert dirichlet.logpdf(jnp.full((5, 1, 3), 1 / 3, DTYPE), a).shape == (5, 4)
    assert multinomial.sample(jax.random.key(0), jnp.full((2, 1), 5.0), a / 3, shape=(7,)).shape == (7, 2, 4, 3)
    one = jax.vmap(lambda row: dirichlet.entropy(row))(a)
    np.testing.assert_allclose(one, dirichlet.entropy(a), rtol=1e-6)
    assert dirichlet.logpdf(np.ones((0, 3), DTYPE), a[0]).shape == (0,)
