"""Exponential, Weibull, Pareto and geometric at their special edges: poles, moments, estimates, extreme parameters."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import exponential, geometric, pareto, weibull
from tests import oracles
from tests.grids import DTYPE, TAIL, X64
from tests.oracles import exact, mp

CLOSE = 1e-12 if X64 else 2e-6
PDF = {"exponential": exponential.pdf, "weibull": weibull.pdf, "pareto": pareto.pdf}
LOG_DENSITY = {
    "exponential": lambda x, rate: mp.log(rate) - rate * x,
    "weibull": lambda x, k, scale: mp.log(k / x) + k * mp.log(x / scale) - (x / scale) ** k,
    "pareto": lambda x, alpha, scale: mp.log(alpha / x) - alpha * mp.log(x / scale),
    "geometric": lambda k, p: mp.log(p) + (k - 1) * mp.log(1 - p),
}
FAMILIES = [exponential.family, weibull.family, pareto.family, geometric.family]

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


def test_maximum_likelihood_in_closed_form():
    assert float(exponential.mle([1.0, 2.0, 5.0])["rate"]) == 0.375
    assert float(exponential.mle([1.0, 2.0, 5.0], [2, 0, 1])["rate"]) == pytest.approx(3 / 7)
    assert float(exponential.mle([0.0, 0.0])["rate"]) == np.inf
    assert float(geometric.mle([1, 2, 5])["p"]) == 0.375
    assert float(geometric.mle([1, 1])["p"]) == 1.0
    assert geometric.mle(np.ones((5, 3)))["p"].shape == (5,)
    one = pareto.mle([2.0, 4.0, 1.0], [1, 2, 0])  # the smallest value does not count
    assert float(one["scale"]) == 2.0
    assert float(one["alpha"]) == pytest.approx(3 / (2 * np.log(2)), rel=1e-6)
    assert float(pareto.mle([3.0, 3.0])["alpha"]) == np.inf
    assert pareto.mle(np.ones((5, 3)))["scale"].shape == (5,)
    assert weibull.family.mle is None


def test_no_data_have_no_estimate():
    assert np.isnan(float(exponential.mle([])["rate"]))
    assert np.isnan(float(geometric.mle([], [])["p"]))
    assert np.isnan(float(pareto.mle([1.0], [0.0])["alpha"]))


@pytest.mark.parametrize("k", [0.05, 0.3, 0.9, 1.0, 1.999, 2.001, 7.0, 19.0, 21.0, 1e3, 1e6, 1e9])
def test_weibull_moments_neither_cancel_nor_overflow(k):
    (q,) = exact(DTYPE(k))
    mean = 3 * mp.gamma(1 + 1 / q)
    variance = 9 * (mp.gamma(1 + 2 / q) - mp.gamma(1 + 1 / q) ** 2)
    assert oracles.relative_error(weibull.mean(k, 3.0), mean) <= TAIL
    if variance < np.finfo(DTYPE).max:
        assert oracles.relative_error(weibull.variance(k, 3.0), variance) <= TAIL
    else:
        assert float(weibull.variance(k, 3.0)) == np.inf
    entropy = mp.euler * (1 - 1 / q) + mp.log(3 / q) + 1
    assert oracles.mixed_error(weibull.entropy(k, 3.0), entropy) <= CLOSE


def test_a_small_scale_saves_a_large_mean_from_overflow():
    k = DTYPE(1 / 40)
    true = DTYPE(1e-15) * mp.gamma(1 + 1 / exact(k)[0])
    assert oracles.relative_error(weibull.mean(k, 1e-15), true) <= 2 * TAIL
    assert float(weibull.mean(1e-3, 1.0)) == np.inf


def test_pareto_moments_are_infinite_rather_than_unknown():
    assert float(pareto.mean(0.5, 2.0)) == np.inf
    assert float(pareto.variance(1.5, 2.0)) == np.inf
    assert float(pareto.mean(1e9, 2.0)) == pytest.approx(2.0)
    assert float(pareto.variance(1e6, 1.0)) == pytest.approx(1e-12, rel=1e-5)


@pytest.mark.parametrize("p", [1e-12, 1e-3, 0.5, 1 - 2.0**-20, 1.0])
def test_geometric_entropy(p):
    (q,) = exact(DTYPE(p))
    true = -mp.log(q) - ((1 - q) * mp.log1p(-q) / q if q < 1 else 0)
    assert oracles.mixed_error(geometric.entropy(p), true) <= CLOSE


def test_entropies_of_extreme_scales():
    for rate in (1e-12, 1.0, 1e9):
        assert oracles.mixed_error(exponential.entropy(rate), 1 - mp.log(exact(DTYPE(rate))[0])) <= CLOSE
    for alpha, scale in ((1e-3, 1.0), (1e9, 1e-12), (2.0, 1e9)):
        a, s = exact(DTYPE(alpha), DTYPE(scale))
        assert oracles.mixed_error(pareto.entropy(alpha, scale), mp.log(s / a) + 1 / a + 1) <= CLOSE


@pytest.mark.parametrize("concentration", [3e6, 1e8, 1e9])
@pytest.mark.parametrize("q", [1e-30, 1e-3, 0.5])
def test_quantiles_of_a_weibull_that_is_nearly_a_point(concentration, q):
    """The density changes within an ulp of x, so the error is that of x itself."""
    k, target = exact(DTYPE(concentration), DTYPE(q))
    for got, hazard in (
        (weibull.isf(q, concentration, 0.3), -mp.log(target)),
        (weibull.ppf(q, concentration, 0.3), -mp.log1p(-target)),
    ):
        assert oracles.relative_error(got, exact(DTYPE(0.3))[0] * hazard ** (1 / k)) <= np.finfo(DTYPE).eps


def test_slopes_at_the_ends_of_the_support():
    assert float(jax.grad(exponential.logpdf)(0.0, 3.0)) == -3.0
    assert float(jax.grad(exponential.logpdf, 1)(0.0, 4.0)) == 0.25
    assert float(jax.grad(exponential.cdf)(0.0, 4.0)) == 4.0
    assert float(jax.grad(exponential.ppf)(0.0, 4.0)) == 0.25
    assert float(jax.grad(weibull.logpdf)(0.0, 1.0, 2.0)) == -0.5
    assert float(jax.grad(weibull.logpdf, 2)(0.0, 1.0, 2.0)) == -0.5
    assert float(jax.grad(weibull.cdf)(0.0, 1.0, 2.0)) == 0.5
    assert float(jax.grad(weibull.ppf)(0.0, 1.0, 2.0)) == 2.0
    assert float(jax.grad(pareto.logpdf, 2)(2.0, 3.0, 2.0)) == 1.5
    assert float(jax.grad(pareto.cdf)(2.0, 3.0, 2.0)) == 1.5
    assert float(jax.grad(geometric.logpmf, 1)(1.0, 1.0)) == 1.0


@each_family
@pytest.mark.parametrize("verb", ["logdensity", "pdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"])
def test_no_slope_is_ever_nan(family, verb):
    low, _ = (float(end) for end in family.support(**family.example_params))
    x = [-np.inf, -1.0, 0.0, low, np.nextafter(low, 9.0), 1e-30, 1.0, 1.5, 3.0, 1e9, 1e30, np.inf]
    q = [0.0, 1e-30, 0.3, 1.0 - np.finfo(DTYPE).eps, 1.0]
    hard = {"concentration": (1e-3, 0.5, 1.0, 2.0, 1e9), "p": (1e-12, 0.4, 1.0)}
    values = [(*hard.get(name, (1e-12, 0.7, 1e9)), family.example_params[name]) for name in family.parameters]
    rows = np.array(list(itertools.product(q if verb in ("ppf", "isf") else x, *values)), DTYPE)

    def f(x, *row):
        params = dict(zip(family.parameters, row, strict=True))
        if verb == "pdf":
            return jnp.exp(family.logdensity(x, params)) if family.discrete else PDF[family.name](x, **params)
        return family.logdensity(x, params) if verb == "logdensity" else getattr(family, verb)(x, **params)

    slopes = jax.jit(jax.vmap(jax.grad(f, tuple(range(rows.shape[1])))))(*rows.T)
    for slope, what in zip(slopes, ("x", *family.parameters), strict=True):
        assert not np.isnan(slope).any(), (what, rows[np.isnan(slope)])


def test_density_at_a_pole_has_slopes_that_are_numbers():
    assert float(weibull.pdf(0.0, 0.5, 1.0)) == np.inf
    assert np.isfinite(jax.grad(weibull.pdf, (0, 1, 2))(0.0, 0.5, 1.0)).all()


@pytest.mark.parametrize("family", FAMILIES[:3], ids=lambda f: f.name)
def test_quantiles_have_the_slopes_of_the_implicit_function(family):
    params = {name: jnp.asarray(value, DTYPE) for name, value in family.example_params.items()}
    for q in (1e-6, 0.2, 0.9):
        q = DTYPE(q)
        for quantile, tail in ((family.ppf, family.cdf), (family.isf, family.sf)):
            by_q, by_params = jax.grad(lambda q, p, f=quantile: f(q, **p), (0, 1))(q, params)
            x = quantile(q, **params)
            at_x, at_params = jax.grad(lambda x, p, f=tail: f(x, **p), (0, 1))(x, params)
            assert float(by_q * at_x) == pytest.approx(1.0, rel=1e-4)
            for name in params:
                assert float(by_params[name]) == pytest.approx(float(-at_params[name] / at_x), rel=1e-4, abs=1e-7)


@each_family
def test_second_derivatives(family):
    x, params = DTYPE(3.0), [DTYPE(v) for v in family.example_params.values()]
    hessian = jax.hessian(lambda row: family.logdensity(x, dict(zip(family.parameters, row, strict=True))))(params)
    density = functools.partial(LOG_DENSITY[family.name], *exact(x))
    for orders in itertools.product(range(len(params)), repeat=2):
        counts = tuple(orders.count(i) for i in range(len(params)))
        got = hessian[orders[0]][orders[1]]
        with mp.workdps(60):
            assert oracles.mixed_error(got, mp.diff(density, exact(*params), counts)) <= 2e-5, orders


def test_tiny_rates_and_far_counts_keep_their_digits():
    p, k = DTYPE(1e-9), DTYPE(2.0**36)
    hazard = -mp.mpf(float(k)) * mp.log1p(-mp.mpf(float(p)))
    assert oracles.relative_error(geometric.sf(k, p), mp.exp(-hazard)) <= TAIL
    assert float(geometric.sf(5.0, 1.0)) == 0.0
    assert float(geometric.cdf(1.0, 1.0)) == 1.0
    assert [float(geometric.ppf(q, 1.0)) for q in (0.0, 0.3, 1.0)] == [0.0, 1.0, 1.0]
    np.testing.assert_array_equal(geometric.cdf(2.9, 0.5), geometric.cdf(2.0, 0.5))


@pytest.mark.parametrize("p", [1e-9, 1e-4, 0.9])
def test_geometric_draws_have_the_law_for_any_rate(p):
    draws = np.asarray(geometric.sample(jax.random.key(7), p, shape=(50_000,)), float)
    assert (draws == np.floor(draws)).all()
    assert (draws >= 1).all()
    gap = np.abs(
        np.mean(draws[:, None] <= (points := np.quantile(draws, np.linspace(0.01, 0.99, 30))), 0)
        - np.asarray(geometric.cdf(points.astype(DTYPE), p), float)
    ).max()
    assert gap < (np.log(2 / 2e-6) / (2 * draws.size)) ** 0.5


def test_draws_reach_both_ends():
    x = np.asarray(exponential.sample(jax.random.key(3), 1.0, shape=(400_000,)))
    assert 0 < x.min() < 1e-4
    assert x.max() > 10
    assert len(np.unique(x[x < 1e-3])) == (x < 1e-3).sum()
    y = np.asarray(pareto.sample(jax.random.key(4), 1e9, 1.0, shape=(100,)))
    assert (y >= 1).all()
