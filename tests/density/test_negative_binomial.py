"""The negative binomial where it has another name, at its edges, its entropy, and its draws at extreme parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import negative_binomial, poisson
from jprob.special import log_negative_binomial
from tests import oracles
from tests.grids import DENSITY, DTYPE, TAIL, TINY, X64
from tests.oracles import mp
from tests.truths import negative_binomial as truth

ENTROPY = 1e-12 if X64 else 3e-6


def test_one_success_is_geometric():
    p = np.asarray([1e-12, 1e-6, 0.01, 0.5, 0.999], DTYPE)
    k = np.asarray([0, 1, 7, 1000, 123_456], DTYPE)[:, None]
    sf, logsf, logpmf = (np.asarray(getattr(negative_binomial, verb)(k, 1.0, p)) for verb in ("sf", "logsf", "logpmf"))
    for i, count in enumerate(oracles.exact(*k.ravel())):
        for j, prob in enumerate(oracles.exact(*p)):
            log = (count + 1) * mp.log1p(-prob)
            assert oracles.mixed_error(logsf[i, j], log) <= TAIL
            assert oracles.mixed_error(logpmf[i, j], mp.log(prob) + count * mp.log1p(-prob)) <= DENSITY
            if mp.exp(log) > 4 * TINY:
                assert oracles.relative_error(sf[i, j], mp.exp(log)) <= TAIL


def test_very_many_successes_are_poisson():
    r, p = DTYPE(1e9), DTYPE(1.0 - 2.0**-23)
    rate = negative_binomial.mean(r, p)
    k = np.asarray([60, 100, 119, 150, 200], DTYPE)
    for verb in ("logpmf", "logcdf", "logsf"):
        got, limit = getattr(negative_binomial, verb)(k, r, p), getattr(poisson, verb)(k, rate)
        np.testing.assert_allclose(got, limit, rtol=1e-5)


def test_slopes_at_probability_one():
    by_p = jax.grad(negative_binomial.logpmf, 2)
    assert float(by_p(0.0, 2.5, 1.0)) == 2.5
    assert float(by_p(0.0, 0.5, 1.0)) == 0.5
    assert float(by_p(3.0, 2.5, 1.0)) in (-np.inf, 0.0)  # from a logarithm that is already -inf
    assert float(negative_binomial.ppf(0.3, 5.0, 1.0)) == 0.0
    assert float(negative_binomial.cdf(0.0, 5.0, 1.0)) == 1.0
    assert float(negative_binomial.entropy(5.0, 1.0)) == 0.0


def test_counts_too_large_to_be_squared():
    for k, r, p in ((1e30, 1e9, 1e-12), (5e20, 1.0, 0.5), (1e24, 1e9, 1e-15)):
        row = tuple(DTYPE(v) for v in (k, r, p))
        with mp.workdps(120):
            true = truth.logdensity(*row)
        assert oracles.mixed_error(negative_binomial.logpmf(*row), true) <= DENSITY
    for verb in ("cdf", "sf", "logcdf", "logsf"):
        assert not np.isnan(
            np.asarray(getattr(negative_binomial, verb)(np.asarray([1e25, 1e37, 3e38], DTYPE), 2.0, 0.5))
        ).any()


def test_core_is_continued_to_real_counts():
    k, r = DTYPE(0.625), DTYPE(0.03125)
    for p in (1e-6, 0.3, 0.99):
        assert oracles.mixed_error(log_negative_binomial(k, r, DTYPE(p)), truth.logdensity(k, r, DTYPE(p))) <= DENSITY


def test_second_derivatives_exist():
    for k, r, p in ((4.0, 3.0, 0.5), (0.0, 0.25, 0.75), (1000.0, 1e6, 0.999)):
        hessian = jax.hessian(lambda v, k=k: negative_binomial.logpmf(DTYPE(k), v[0], v[1]))(jnp.asarray([r, p], DTYPE))
        k, r, p = oracles.exact(DTYPE(k), DTYPE(r), DTYPE(p))
        cross = 1 / p
        true = [[mp.psi(1, k + r) - mp.psi(1, r), cross], [cross, -r / p**2 - k / (1 - p) ** 2]]
        np.testing.assert_allclose(
            np.asarray(hessian, float), np.asarray(true, float), rtol=1e-9 if X64 else 1e-4, atol=2e-6
        )


@pytest.mark.parametrize(
    ("r", "p"),
    [(1e-3, 0.01), (0.05, 0.003), (1.0, 0.5), (2.5, 0.3), (30.0, 0.1), (1e4, 0.99), (1e9, 0.9999999), (0.01, 0.9999)],
)
def test_entropy_of_narrow_ones(r, p):
    r, p = oracles.exact(DTYPE(r), DTYPE(p))
    log_mass, log_q, k, total = r * mp.log(p), mp.log1p(-p), 0, mp.mpf(0)
    while True:
        term = -mp.exp(log_mass) * log_mass
        total += term
        if k > r * (1 - p) / p and abs(term) < 1e-20 * total:
            break
        log_mass += mp.log((k + r) / (k + 1)) + log_q
        k += 1
    assert oracles.mixed_error(negative_binomial.entropy(float(r), float(p)), total) <= ENTROPY


@pytest.mark.parametrize(("r", "p"), [(1.0, 1e-12), (0.5, 1e-9), (1e-3, 1e-12), (20.0, 1e-6), (2900.0, 1e-9)])
def test_entropy_of_wide_ones(r, p):
    """By counts, and beyond them an integral in the logarithm of the count with the Euler-Maclaurin formula's ends."""
    r, p = oracles.exact(DTYPE(r), DTYPE(p))
    num_whole, mean = 400, r * (1 - p) / p
    sd, rate = mp.sqrt(mean / p), (r + mp.sqrt(120 * r) + 60) / p
    low, high = mp.log(max(num_whole, mean - 14 * sd)), mp.log(rate + mp.sqrt(120 * rate) + 60)

    def term(k):
        return -mp.exp(log_pmf(k, r, p)) * log_pmf(k, r, p)

    with mp.workdps(25):
        counts = sum(term(mp.mpf(k)) for k in range(num_whole))
        beyond = mp.quad(lambda u: term(mp.exp(u)) * mp.exp(u), [low + (high - low) * i / 20 for i in range(21)])
        ends = term(mp.mpf(num_whole)) / 2 - mp.diff(term, num_whole) / 12 + mp.diff(term, num_whole, 3) / 720
    assert oracles.mixed_error(negative_binomial.entropy(float(r), float(p)), counts + beyond + ends) <= ENTROPY


def log_pmf(k, r, p):
    return mp.loggamma(k + r) - mp.loggamma(r) - mp.loggamma(k + 1) + r * mp.log(p) + k * mp.log1p(-p)


@pytest.mark.parametrize(("r", "p"), [(1e9, 1e-12), (1e9, 0.3), (5.5, 1e-6), (1e-3, 0.5), (0.3, 0.01), (1e6, 0.999999)])
def test_draws_at_extreme_parameters(r, p, key):
    count = 40_000
    x = np.asarray(negative_binomial.sample(key, r, p, shape=(count,)), float)
    r, p = float(DTYPE(r)), float(DTYPE(p))
    mean, sd = r * (1 - p) / p, (r * (1 - p)) ** 0.5 / p
    kurtosis = 6 / r + p * p / (r * (1 - p))
    assert (x >= 0).all()
    assert (x == np.floor(x)).all()
    assert abs(x.mean() - mean) < 5 * sd / count**0.5
    assert abs(x.var() / sd**2 - 1) < 5 * ((2 + kurtosis) / count) ** 0.5
    assert abs((x == 0).mean() - p**r) < 5 * (p**r * (1 - p**r) / count) ** 0.5 + 1e-9
