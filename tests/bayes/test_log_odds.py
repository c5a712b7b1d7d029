"""Beta and binomial laws of the log odds against mpmath."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from jprob.bayes import log_odds

SHAPES = (1e-3, 0.1, 1.0, 3.7, 1e3, 1e6, 1e8)
TRIALS = (0, 1, 5, 45, 10**4, 10**6, 10**8)


def softplus(z):
    return mp.log1p(mp.exp(z))


def log_beta_function(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def beta_logpdf(z, a, b):
    return -a * softplus(-z) - b * softplus(z) - log_beta_function(a, b)


def log_choose(n, k):
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def binomial_logpmf(k, n, z):
    return log_choose(n, k) - k * softplus(-z) - (n - k) * softplus(z)


def beta_binomial_logpmf(k, n, a, b):
    return log_choose(n, k) + log_beta_function(a + k, b + n - k) - log_beta_function(a, b)


def worst_error(ours, exact, *arguments):
    """Largest error, relative above one, over the columns of arguments as the device sees them."""
    arguments = [np.asarray(a, jnp.result_type(float)) for a in arguments]
    with mp.workdps(40):
        true = [exact(*(mp.mpf(float(v)) for v in row)) for row in zip(*arguments, strict=True)]
        found = [mp.mpf(float(v)) for v in jax.jit(ours)(*arguments)]
        return max(float(abs(f - t) / max(1, abs(t))) for f, t in zip(found, true, strict=True))


def around(a, b):
    """Log odds near the mode of Beta(a, b) and far from it."""
    return [np.log(a / b) + t * np.sqrt(1 / a + 1 / b) for t in (-30, -3, -1, 0, 0.3, 2, 8)]


def test_beta_density(x64):
    rows = [(z, a, b) for a in SHAPES for b in SHAPES for z in around(a, b)]
    assert worst_error(log_odds.beta_logpdf, beta_logpdf, *zip(*rows, strict=True)) < (1e-11 if x64 else 2e-3)


def test_binomial_mass(x64):
    counts = [(np.floor(n * share), n) for n in TRIALS for share in (0, 0.01, 0.5, 0.9, 1)]
    rows = [(k, n, z) for k, n in counts for z in around(k + 0.5, n - k + 0.5)]
    assert worst_error(log_odds.binomial_logpmf, binomial_logpmf, *zip(*rows, strict=True)) < (1e-11 if x64 else 2e-3)


def test_beta_binomial_mass(x64):
    counts = [(np.floor(n * share), n) for n in TRIALS for share in (0, 0.01, 0.5, 1)]
    rows = [(k, n, a, b) for k, n in counts for a in SHAPES[:-1] for b in SHAPES[:-1]]
    error = worst_error(log_odds.beta_binomial_logpmf, beta_binomial_logpmf, *zip(*rows, strict=True))
    assert error < (1e-12 if x64 else 2e-5)


def test_beta_binomial_sums_to_one():
    total = jnp.exp(log_odds.beta_binomial_logpmf(jnp.arange(46), 45, 0.3, 2.0)).sum()
    assert float(total) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("concentration", [1e1, 1e4, 1e7])
def test_the_slope_in_the_concentration_survives_float32(concentration):
    """Its terms cancel to n²/κ² of their size: where a float32 sampler diverged."""
    hits = jnp.asarray([18.0, 12.0, 7.0])

    def total(log_kappa):
        kappa = jnp.exp(log_kappa)
        return log_odds.beta_binomial_logpmf(hits, 45.0, 0.27 * kappa, 0.73 * kappa).sum()

    def exact(log_kappa):
        kappa = mp.exp(log_kappa)
        return sum(
            beta_binomial_logpmf(mp.mpf(float(k)), 45, mp.mpf("0.27") * kappa, mp.mpf("0.73") * kappa) for k in hits
        )

    with mp.workdps(40):
        true = float(mp.diff(exact, mp.log(concentration)))
    assert float(jax.jit(jax.grad(total))(jnp.log(concentration))) == pytest.approx(true, abs=5e-5)


def test_beta_cdf_beyond_the_grid_of_rates():
    """Half of Beta(.01, .01) lies below 10⁻³⁰, where the rate underflows and its log odds do not."""
    z = jnp.asarray([-1000.0, -100.0, -5.0, 5.0, 50.0])
    with mp.workdps(60):
        true = [float(mp.betainc(0.01, 0.01, 0, 1 / (1 + mp.exp(-float(v))), regularized=True)) for v in z]
    np.testing.assert_allclose(jax.jit(log_odds.beta_cdf)(z, 0.01, 0.01), true, rtol=2e-5)


@pytest.mark.parametrize(
    "law", [lambda z: log_odds.beta_logpdf(z, 2.0, 5.0), lambda z: log_odds.binomial_logpmf(2, 7, z)]
)
def test_slope_in_the_log_odds(law):
    z = jnp.linspace(-20, 20, 41)
    successes, trials = 2.0, 7.0
    slope = jax.jit(jax.vmap(jax.grad(law)))(z)
    np.testing.assert_allclose(slope, successes - trials * jax.nn.sigmoid(z), atol=1e-5)


def test_derivatives_in_the_shapes(x64):
    def exact(a):
        return mp.diff(lambda a: beta_logpdf(mp.mpf(1), a, mp.mpf(3)), a)

    assert float(jax.jit(jax.grad(log_odds.beta_logpdf, 1))(1.0, 2.0, 3.0)) == pytest.approx(float(exact(2)), abs=1e-5)
