"""Truncation and censoring: against scipy and mpmath, deep in the tails and in narrow windows."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from jprob.density import cauchy, censored, exponential, hurdle, normal, poisson, truncated, weibull
from tests.grids import DTYPE, X64

STANDARD = {"loc": DTYPE(0.0), "scale": DTYPE(1.0)}


def test_a_truncated_normal_is_scipys():
    law, peer = truncated(normal, -1.0, 2.5), stats.truncnorm((-1 - 0.3) / 1.2, (2.5 - 0.3) / 1.2, loc=0.3, scale=1.2)
    params, x = {"loc": DTYPE(0.3), "scale": DTYPE(1.2)}, np.linspace(-0.9, 2.4, 12).astype(DTYPE)
    np.testing.assert_allclose(law.logdensity(x, params), peer.logpdf(x), rtol=2e-6)
    np.testing.assert_allclose(law.cdf(x, **params), peer.cdf(x), rtol=2e-5)
    np.testing.assert_allclose(law.sf(x, **params), peer.sf(x), rtol=2e-5)
    assert float(law.mean(**params)) == pytest.approx(peer.mean(), rel=1e-5)
    assert float(law.variance(**params)) == pytest.approx(peer.var(), rel=1e-5)
    assert float(law.entropy(**params)) == pytest.approx(peer.entropy(), rel=1e-5)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_tail_of_probability_1e_30_is_as_good_as_the_middle(side):
    law = truncated(normal, low=11.4) if side > 0 else truncated(normal, high=-11.4)
    with mpmath.workdps(50):
        mass = mpmath.ncdf(-mpmath.mpf(float(DTYPE(11.4))))
        for x in (11.5, 12.0, 14.0):
            exact = mpmath.log(mpmath.npdf(mpmath.mpf(float(DTYPE(x)))) / mass)
            assert float(law.logdensity(DTYPE(side * x), STANDARD)) == pytest.approx(
                float(exact), rel=2e-12 if X64 else 1e-5
            )
    peer = stats.truncnorm(11.4, np.inf)
    q = np.array([1e-6, 0.1, 0.5, 0.9], DTYPE)
    far = (law.ppf if side > 0 else law.isf)(q, **STANDARD)
    np.testing.assert_allclose(side * np.asarray(far), peer.ppf(q), rtol=1e-6)
    for q in (1e-9, 1e-18):  # scipy's is 14.24 for the second
        x = mpmath.mpf(side * float((law.isf if side > 0 else law.ppf)(DTYPE(q), **STANDARD)))
        assert float(mpmath.log(mpmath.ncdf(-x) / mass)) == pytest.approx(np.log(q), rel=1e-9 if X64 else 1e-6)
    assert side * float(law.mean(**STANDARD)) == pytest.approx(peer.mean(), rel=1e-6)
    draws = law.sample(jax.random.key(0), **STANDARD, shape=(1000,))
    assert (side * np.asarray(draws) >= 11.4 - 1e-5).all()
    assert abs(side * float(draws.mean()) - peer.mean()) < 5 * peer.std() / 1000**0.5


def test_a_window_far_narrower_than_the_law_is_uniform():
    law = truncated(normal, 0.0, 1e-4)
    x = np.array([0.0, 3e-5, 9e-5], DTYPE)
    np.testing.assert_allclose(law.logdensity(x, STANDARD), -np.log(1e-4), rtol=1e-6)
    few = truncated(poisson, 1_000_000, 1_000_003)
    p = np.exp(np.asarray(few.logdensity(np.arange(1e6, 1e6 + 4).astype(DTYPE), {"rate": DTYPE(1e6)}), float))
    assert p.sum() == pytest.approx(1.0, abs=1e-6)
    assert np.ptp(p) < 2e-6


def test_moments_of_truncated_counts_few_and_many():
    for rate, low, high in ((2.0, 1, 40), (1e5, 99_000, 100_500)):
        law, k = truncated(poisson, low, high), np.arange(low, high + 1)
        p = stats.poisson.pmf(k, rate)
        p /= p.sum()
        mean = p @ k
        params = {"rate": DTYPE(rate)}
        assert float(law.mean(**params)) == pytest.approx(mean, rel=1e-6)
        assert float(law.variance(**params)) == pytest.approx(p @ (k - mean) ** 2, rel=1e-4)
        assert float(law.entropy(**params)) == pytest.approx(-(p @ np.log(p)), rel=1e-5)


def test_a_mean_that_does_not_exist_is_nan():
    params = {"loc": DTYPE(0.0), "scale": DTYPE(1.0)}
    assert np.isnan(float(truncated(cauchy, low=0.0).mean(**params)))
    exact = np.log(26) / 2 / np.arctan(5)
    assert float(truncated(cauchy, 0.0, 5.0).mean(**params)) == pytest.approx(exact, rel=1e-5)


def test_censoring_piles_the_tails_onto_the_bounds():
    law, params = censored(normal, -1.0, 2.0), {"loc": DTYPE(0.3), "scale": DTYPE(1.2)}
    peer = stats.norm(0.3, 1.2)
    at = np.array([-1.0, 2.0, 0.5, -1.5, 3.0], DTYPE)
    expected = [peer.logcdf(-1.0), peer.logsf(2.0), peer.logpdf(0.5), -np.inf, -np.inf]
    np.testing.assert_allclose(law.logdensity(at, params), expected, rtol=2e-6)
    np.testing.assert_allclose(law.cdf(at, **params), [peer.cdf(-1.0), 1.0, peer.cdf(0.5), 0.0, 1.0], rtol=1e-5)
    assert law.atoms == (-1.0, 2.0)
    x = np.clip(np.random.default_rng(0).normal(0.3, 1.2, 400_000), -1, 2)
    root = x.size**0.5
    assert abs(float(law.mean(**params)) - x.mean()) < 5 * x.std() / root
    assert abs(float(law.variance(**params)) - x.var()) < 5 * ((x - x.mean()) ** 2).std() / root
    surprise = -np.asarray(law.logdensity(x.astype(DTYPE), params), float)
    assert abs(float(law.entropy(**params)) - surprise.mean()) < 5 * surprise.std() / root


def test_censored_counts_have_all_their_mass():
    law, params = censored(poisson, 1, 4), {"rate": DTYPE(2.0)}
    p = np.exp(np.asarray(law.logdensity(np.arange(6.0).astype(DTYPE), params), float))
    k = np.clip(np.arange(60), 1, 4)
    pmf = stats.poisson.pmf(np.arange(60), 2.0)
    np.testing.assert_allclose(p, [pmf[k == v].sum() if 1 <= v <= 4 else 0.0 for v in range(6)], rtol=3e-6)
    assert float(law.mean(**params)) == pytest.approx(pmf @ k, rel=1e-5)
    assert np.asarray(law.ppf(np.array([0.1, 0.5, 0.99], DTYPE), **params)).tolist() == [1.0, 2.0, 4.0]


def test_a_time_for_each_row_gives_the_survival_estimate():
    rng = np.random.default_rng(2)
    times, followed = rng.exponential(2.0, 3000), rng.uniform(0.5, 4.0, 3000)
    seen = np.minimum(times, followed).astype(DTYPE)
    law = censored(exponential, high=followed.astype(DTYPE))
    slope = jax.grad(lambda rate: law.logdensity(seen, {"rate": rate}).sum())
    rate = float((times <= followed).sum() / seen.astype(float).sum())  # events over time at risk
    assert abs(float(slope(DTYPE(rate)))) < (1e-8 if X64 else 0.02)


def test_slopes_are_numbers_everywhere():
    for law in (truncated(weibull, 0.5, 3.0), censored(weibull, 0.5, 3.0), truncated(normal, low=11.4)):
        params = {name: jnp.asarray(value, DTYPE) for name, value in law.example_params.items()}
        for x in (0.5, 1.0, 3.0, 12.0, -1.0):
            slopes = jax.grad(law.logdensity, (0, 1))(DTYPE(x), params)
            assert not any(np.isnan(g).any() for g in jax.tree.leaves(slopes)), (law, x)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: truncated(normal), "`low` or `high` must be given; got neither"),
        (lambda: truncated(normal, 2.0, 1.0), "`low` must lie below `high`; got 2.0 and 1.0"),
        (lambda: censored(normal, np.nan, 1.0), "`low` must lie below `high`; got nan and 1.0"),
        (lambda: truncated(hurdle(normal), 0.0), "`family` must be a family of numbers without atoms; got"),
    ],
)
def test_mistakes_are_named(make, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        make()
