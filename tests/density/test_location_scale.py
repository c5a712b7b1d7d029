"""Slopes of tails and quantiles, extremes, and estimates of the normal, its relatives, laplace, cauchy and uniform."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import cauchy, halfnormal, laplace, lognormal, normal, poisson, uniform
from tests import oracles
from tests.grids import DTYPE, GRADIENT, X64
from tests.oracles import exact, mp
from tests.truths import truth_of


def by_scale(x, loc, scale):
    return 1, (x - loc) / scale


def of_log(x, loc, scale):
    return x, x * (mp.log(x) - loc) / scale


# how a quantile moves with each parameter: all slopes of tails and quantiles follow from it and the density
MOVES = {
    normal: by_scale,
    laplace: by_scale,
    cauchy: by_scale,
    halfnormal: lambda x, scale: (x / scale,),
    lognormal: of_log,
    uniform: lambda x, low, high: ((high - x) / (high - low), (x - low) / (high - low)),
}
EXTREMES = np.asarray([-np.inf, -1e30, -1.0, 0.0, 0.3, 1e30, np.inf], DTYPE)

each_module = pytest.mark.parametrize("module", MOVES, ids=lambda m: m.family.name)
on_the_line = pytest.mark.parametrize("module", [normal, laplace, cauchy], ids=lambda m: m.family.name)


def example(module):
    return [DTYPE(v) for v in module.family.example_params.values()]


def slopes(f, first, params):
    """Every partial derivative at each element of ``first``."""
    derivative = jax.grad(lambda *args: f(*args), tuple(range(1 + len(params))))
    return np.stack(jax.jit(jax.vmap(derivative, (0, *(None for _ in params))))(first, *params), -1)


@each_module
def test_slopes_of_the_tails(module):
    truth, params = truth_of(module.family.name), example(module)
    x = np.asarray(module.ppf(np.asarray([1e-5, 0.2, 0.6, 0.97], DTYPE), *params))
    for verb in ("cdf", "sf", "logcdf", "logsf"):
        got = slopes(getattr(module, verb), x, params)
        for i, v in enumerate(x):
            row = exact(v, *params)
            tail = truth.tails(*row)[0 if verb.endswith("cdf") else 1]
            unit = (1 if verb.endswith("cdf") else -1) * mp.exp(truth.logdensity(*row))
            unit = unit / tail if verb.startswith("log") else unit
            for slope, move in zip(got[i], (-1, *MOVES[module](*row)), strict=True):
                assert oracles.mixed_error(slope, -unit * move) <= GRADIENT, (verb, row)


@each_module
@pytest.mark.parametrize("verb", ["ppf", "isf"])
def test_slopes_of_the_quantiles(module, verb):
    truth, params = truth_of(module.family.name), example(module)
    q = np.asarray([1e-9, 0.2, 0.499, 0.6, 0.97], DTYPE)
    x, got = np.asarray(getattr(module, verb)(q, *params)), slopes(getattr(module, verb), q, params)
    for i, v in enumerate(x):
        row = exact(v, *params)
        by_q = (1 if verb == "ppf" else -1) * mp.exp(-truth.logdensity(*row))
        for slope, true in zip(got[i], (by_q, *MOVES[module](*row)), strict=True):
            assert oracles.mixed_error(slope, true) <= 4 * GRADIENT, (q[i], row)  # the quantile itself is rounded


@each_module
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_no_slope_is_nan_however_far_out(module, scale):
    params = [0.0, scale][-len(example(module)) :]
    for verb in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        assert not np.isnan(slopes(getattr(module, verb), EXTREMES, params)).any(), verb
    for verb in ("ppf", "isf"):
        assert not np.isnan(slopes(getattr(module, verb), np.asarray([0.0, 1e-30, 0.5, 1.0], DTYPE), params)).any()


@each_module
def test_second_derivatives_in_the_parameters(module):
    """Those of the log density, against differences of the closed-form slopes."""
    x, params, step = module.ppf(DTYPE(0.8), *example(module)), jnp.asarray(example(module)), 1e-3
    score = jax.jit(jax.grad(lambda p: module.logpdf(x, *p)))
    hessian = np.asarray(jax.jit(jax.hessian(lambda p: module.logpdf(x, *p)))(params))
    for j in range(params.size):
        change = step * jnp.eye(params.size)[j]
        difference = (score(params + change) - score(params - change)) / (2 * step)
        np.testing.assert_allclose(hessian[j], difference, rtol=1e-3, atol=1e-3)


@each_module
def test_a_single_precision_argument_stays_one(module):
    x, params = np.full(3, 0.5, np.float32), [np.float32(p) for p in example(module)]
    for verb in ("logpdf", "cdf", "logsf", "ppf", "isf"):
        assert getattr(module, verb)(x, *params).dtype == np.float32
    assert module.sample(jax.random.key(0), *params).dtype == np.float32


@on_the_line
def test_far_densities_and_tails_neither_overflow_nor_vanish(module):
    truth = truth_of(module.family.name)
    for x, loc, scale in ((1e30, 0.0, 1e-12), (-1e30, 3.0, 1e-12), (1e18, 1.0, 1e9), (-3e18, 0.0, 1.0)):
        row = [DTYPE(v) for v in (x, loc, scale)]
        tail = min(truth.tails(*row))
        log_tail = module.logsf(*row) if x > 0 else module.logcdf(*row)
        for got, true in ((module.logpdf(*row), truth.logdensity(*row)), (log_tail, mp.log(tail))):
            if abs(true) < np.finfo(DTYPE).max:
                assert oracles.mixed_error(got, true) <= (1e-12 if X64 else 2e-6), row
            else:
                assert got == -np.inf


@on_the_line
def test_entropies_at_extreme_scales(module):
    unit = {normal: mp.log(2 * mp.pi * mp.e) / 2, laplace: 1 + mp.log(2), cauchy: mp.log(4 * mp.pi)}[module]
    for scale in (1e-12, 1e9):
        true = unit + mp.log(exact(DTYPE(scale))[0])
        assert oracles.mixed_error(module.entropy(3.0, scale), true) <= (1e-14 if X64 else 1e-6)
        if module is normal:
            assert oracles.mixed_error(halfnormal.entropy(scale), true - mp.log(2)) <= (1e-14 if X64 else 1e-6)
            assert oracles.mixed_error(lognormal.entropy(3.0, scale), true + 3) <= (1e-14 if X64 else 1e-6)


def test_an_interval_wider_than_the_largest_float():
    end = float(np.finfo(DTYPE).max)
    low, high = DTYPE(-end), DTYPE(end)
    assert oracles.mixed_error(uniform.logpdf(0.0, low, high), -mp.log(2 * mp.mpf(end))) <= 1e-6
    assert float(uniform.cdf(0.0, low, high)) == float(uniform.sf(0.0, low, high)) == 0.5
    assert float(uniform.mean(low, high)) == 0.0
    assert float(uniform.ppf(0.5, low, high)) == 0.0
    assert float(uniform.ppf(1.0, low, high)) == end
    draws = np.asarray(uniform.sample(jax.random.key(1), low, high, shape=(100,)))
    assert np.isfinite(draws).all()
    assert draws.min() < 0 < draws.max()


def test_quantiles_that_meet_zero_keep_their_digits():
    low, high, q = DTYPE(-0.1), DTYPE(0.2), DTYPE(1 / 3)
    a, b, p = exact(low, high, q)
    assert oracles.relative_error(uniform.ppf(q, low, high), a + p * (b - a)) <= 4 * np.finfo(DTYPE).eps


def test_normal_draws_have_their_tails():
    draws = jax.jit(lambda key: normal.sample(key, np.float32(0), np.float32(1), shape=(2**24,)))(jax.random.key(7))
    tail = np.asarray(normal.sf(np.float32(4.0), 0.0, 1.0)) * 2**24
    assert abs(int((draws > 4.0).sum()) - tail) < 6 * tail**0.5
    assert abs(int((draws < -4.0).sum()) - tail) < 6 * tail**0.5
    assert bool(jnp.isfinite(draws).all())


def test_estimates_in_closed_form():
    x, w = np.asarray([1.0, 2.0, 4.0, 9.0]), np.asarray([1.0, 0.0, 2.0, 1.0])
    np.testing.assert_allclose([*normal.mle([1.0, 3.0, 5.0, 7.0]).values()], [4.0, 5**0.5], rtol=1e-6)
    np.testing.assert_allclose([*normal.mle(x, w).values()], [4.5, (0.25 * (12.25 + 0.5 + 20.25)) ** 0.5], rtol=1e-6)
    np.testing.assert_allclose([*lognormal.mle(np.exp(x), w).values()], [*normal.mle(x, w).values()], rtol=1e-5)
    np.testing.assert_allclose(halfnormal.mle(x, w)["scale"], ((1 + 32 + 81) / 4) ** 0.5, rtol=1e-6)
    assert {k: float(v) for k, v in uniform.mle(x, [0.0, 1.0, 1.0, 0.0]).items()} == {"low": 2.0, "high": 4.0}
    assert normal.mle(np.ones((5, 3)))["scale"].shape == (5,)
    # a mean of 1e6 and a deviation of one: nothing may be lost to the square of the mean
    np.testing.assert_allclose(normal.mle(DTYPE(1e6) + np.asarray([-1.0, 1.0], DTYPE))["scale"], 1.0, rtol=1e-6)


def test_weighted_medians():
    def loc(x, w=None):
        return float(laplace.mle(x, w)["loc"])

    assert loc([3.0, 1.0, 2.0]) == 2.0
    assert loc([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert loc([5.0]) == 5.0
    assert loc([1.0, 2.0, 10.0], [1.0, 1.0, 3.0]) == 10.0
    assert loc([1.0, 2.0, 10.0], [1.0, 1.0, 2.0]) == 6.0
    assert loc([1.0, 5.0, 10.0], [1.0, 0.0, 1.0]) == 5.5
    assert loc([7.0, 7.0, 1.0]) == 7.0
    assert float(laplace.mle([1.0, 2.0, 6.0])["scale"]) == pytest.approx(5 / 3)
    assert laplace.mle(np.ones((2, 5, 3)))["loc"].shape == (2, 5)


@pytest.mark.parametrize("module", [normal, lognormal, halfnormal, laplace], ids=lambda m: m.family.name)
def test_estimates_are_where_the_likelihood_is_flat(module):
    x = module.sample(jax.random.key(3), *example(module), shape=(501,))
    weights = jax.random.uniform(jax.random.key(4), x.shape, x.dtype)
    estimate = module.mle(x, weights)

    def mean_log_likelihood(params):
        return jnp.sum(weights * module.logpdf(x, **params)) / jnp.sum(weights)

    value = mean_log_likelihood(estimate)
    for name, best in estimate.items():
        for factor in (0.98, 1.02):
            assert float(mean_log_likelihood(estimate | {name: factor * best})) < float(value) + 1e-6


def test_curvature_is_there_at_the_centre():
    """An optimiser that starts on a value must see it."""
    assert float(jax.grad(jax.grad(lambda loc: cauchy.logpdf(DTYPE(1.0), loc, 2.0)))(DTYPE(1.0))) == pytest.approx(-0.5)
    slope = jax.grad(jax.grad(lambda rate: poisson.logpmf(DTYPE(3.0), rate)))(DTYPE(3.0))
    assert float(slope) == pytest.approx(-1 / 3)
