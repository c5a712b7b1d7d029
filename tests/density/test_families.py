"""Laws that every family obeys, over one table of families."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import bernoulli, beta, binomial
from tests.density.cases import CASES
from tests.density.derived_cases import DERIVED
from tests.grids import DTYPE, X64

ALL = CASES + DERIVED
SLACK = 1e-12 if X64 else 2e-6
WIDTH = 48  # every array of points has this many, so that a family's programs compile once
NUM_DRAWS = 50_000
TAILS, MOMENTS = ("cdf", "sf", "logcdf", "logsf"), ("mean", "variance", "mode", "entropy")

each_case = pytest.mark.parametrize("case", ALL, ids=lambda case: case.family.name)


@functools.cache
def programs(name):
    """Every verb of a family in one compiled program, its slopes in another."""
    family = next(case.family for case in ALL if case.family.name == name)

    @jax.jit
    def values(x, q, params):
        of_x = {"logdensity": family.logdensity(x, params)} | {v: getattr(family, v)(x, **params) for v in TAILS}
        of_q = {v: getattr(family, v)(q, **params) for v in ("ppf", "isf")}
        return of_x | of_q | {v: getattr(family, v)(**params) for v in MOMENTS}

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, None))
    def slopes(x, params):
        return jax.grad(family.logdensity, (0, 1))(x, params), jax.grad(lambda x: family.cdf(x, **params))(x)

    return values, slopes


def padded(x):
    x = np.atleast_1d(np.asarray(x, DTYPE))
    return np.pad(x, (0, WIDTH - x.size), mode="edge")


def arrays(params):
    return {name: jnp.asarray(value, DTYPE) for name, value in params.items()}


def evaluate(case, x=None, q=0.5, **changed):
    """Every verb at ``x`` and ``q``, in float64 for the arithmetic of the tests."""
    x, q = np.atleast_1d(case.points if x is None else x), np.atleast_1d(q)
    params = arrays(case.family.example_params | changed)
    out = programs(case.family.name)[0](padded(x), padded(q), params)
    size = {**dict.fromkeys(("logdensity", *TAILS), x.size), "ppf": q.size, "isf": q.size}
    return {k: np.asarray(v, float)[: size[k]] if k in size else float(v) for k, v in out.items()}


def slopes(case, x, **changed):
    (by_x, by_params), density = programs(case.family.name)[1](padded(x), arrays(case.family.example_params | changed))
    count = np.size(x)
    return {name: np.asarray(g)[:count] for name, g in {"x": by_x, **by_params}.items()}, np.asarray(density)[:count]


@functools.cache
def draws(name, seed=20261122):
    family = next(case.family for case in ALL if case.family.name == name)
    return np.asarray(family.sample(jax.random.key(seed), **family.example_params, shape=(NUM_DRAWS,)))


@each_case
def test_tails_complement_and_agree_with_their_logs(case):
    got = evaluate(case)
    np.testing.assert_allclose(got["cdf"] + got["sf"], 1.0, atol=SLACK)
    np.testing.assert_allclose(np.exp(got["logcdf"]), got["cdf"], rtol=20 * SLACK)
    np.testing.assert_allclose(np.exp(got["logsf"]), got["sf"], rtol=20 * SLACK)
    assert (np.diff(got["cdf"]) >= 0).all()
    assert (np.diff(got["sf"]) <= 0).all()


@each_case
def test_all_mass_lies_between_the_ends_of_the_support(case):
    low, high = (float(end) for end in case.family.support(**case.family.example_params))
    ends = evaluate(case, [low - 1.0, high + 1.0])  # infinite ends stay what they are
    assert (ends["cdf"] == [0.0, 1.0]).all()
    assert (ends["sf"] == [1.0, 0.0]).all()
    assert (ends["logcdf"] == [-np.inf, 0.0]).all()
    assert (ends["logsf"] == [0.0, -np.inf]).all()


@each_case
def test_cdf_is_the_sum_or_integral_of_the_density(case):
    got = evaluate(case)
    if case.family.discrete:
        np.testing.assert_allclose(np.exp(got["logdensity"]).cumsum(), got["cdf"], rtol=100 * SLACK)
    else:
        _, density = slopes(case, case.points)
        np.testing.assert_allclose(density, np.exp(got["logdensity"]), rtol=100 * SLACK)


@each_case
def test_quantiles_invert_the_tails(case):
    x, got = case.points, evaluate(case)
    back, upper = evaluate(case, q=got["cdf"])["ppf"], evaluate(case, q=got["sf"])["isf"]
    if case.family.discrete:
        inner = got["sf"] > (1e-12 if X64 else 1e-4)
        np.testing.assert_array_equal(back[inner], x[inner])
        np.testing.assert_array_equal(upper, x)
    else:
        # a probability near one says little about x; the other tail says it
        lower_half, slack = got["cdf"] < 0.9, 1e-10 if X64 else 1e-4
        np.testing.assert_allclose(back[lower_half], x[lower_half], rtol=slack, atol=slack * np.ptp(x) / 100)
        np.testing.assert_allclose(upper[got["sf"] < 0.9], x[got["sf"] < 0.9], rtol=slack, atol=slack * np.ptp(x) / 100)


@each_case
def test_quantiles_of_zero_and_one_are_the_ends(case):
    low, high = (float(end) for end in case.family.support(**case.family.example_params))
    got = evaluate(case, q=[0.0, 1.0])
    below = low - 1.0 if case.family.discrete else low  # as scipy has it
    np.testing.assert_array_equal(got["ppf"], [below, high])
    np.testing.assert_array_equal(got["isf"], [high, below])


def law(case):
    """Points and weights of the whole distribution: every count, or a trapezoid rule in the log odds of the cdf.

    Its nodes are dense about the median, where a density may have a corner.
    """
    if case.family.discrete:
        return case.points, np.exp(evaluate(case)["logdensity"])
    t = np.linspace(-3.4, 3.4, 2 * WIDTH - 1)
    s = 2 * np.sinh(t)
    lower = evaluate(case, q=1 / (1 + np.exp(-s[:WIDTH])))["ppf"]
    upper = evaluate(case, q=1 / (1 + np.exp(s[WIDTH:])))["isf"]
    weight = (t[1] - t[0]) * np.cosh(t) / (1 + np.cosh(s))
    return np.concatenate([lower, upper]), weight


@each_case
def test_moments_mode_and_entropy_are_those_of_the_density(case):
    x, weight = law(case)
    got = evaluate(case)
    logp = np.concatenate([evaluate(case, part)["logdensity"] for part in np.array_split(x, 2)])
    if case.has_moments:
        mean = weight @ x
        assert got["mean"] == pytest.approx(mean, rel=2e-4, abs=1e-5)
        assert got["variance"] == pytest.approx(weight @ (x - mean) ** 2, rel=1e-3)
    charged = weight > 0
    assert got["entropy"] == pytest.approx(-weight[charged] @ logp[charged], rel=5e-4)
    peak = evaluate(case, got["mode"])["logdensity"]
    assert peak >= logp[charged].max() - 1e-6


@each_case
def test_draws_have_the_law(case):
    """Dvoretzky-Kiefer-Wolfowitz: the gap exceeds this with probability 2e-6."""
    sample = draws(case.family.name)
    empirical = np.searchsorted(np.sort(sample), case.points.astype(DTYPE), side="right") / NUM_DRAWS
    gap = np.abs(empirical - evaluate(case)["cdf"]).max()
    assert gap < math.sqrt(math.log(2 / 2e-6) / (2 * NUM_DRAWS))
    assert sample.dtype == DTYPE


def moves(case, name):
    """Whether the parameter moves the ends of the support: then its score has another mean."""
    params = case.family.example_params
    changed = case.family.support(**params | {name: 1.125 * params[name]})
    return any(float(a) != float(b) for a, b in zip(case.family.support(**params), changed, strict=True))


@each_case
def test_score_has_mean_zero(case):
    x = draws(case.family.name)
    smooth = [name for name, kind in case.family.constraints.items() if kind != "count" and not moves(case, name)]
    by_params = jax.jit(jax.vmap(jax.grad(case.family.logdensity, 1), (0, None)))(x, arrays(case.family.example_params))
    for name in smooth:
        s = np.asarray(by_params[name], float)
        assert abs(s.mean()) < 5 * s.std() / NUM_DRAWS**0.5, name


@each_case
def test_eager_and_compiled_agree(case):
    x, params = case.points[:8].astype(DTYPE), case.family.example_params
    compiled = evaluate(case, x)["logdensity"]
    np.testing.assert_allclose(np.asarray(case.family.logdensity(x, params)), compiled, rtol=SLACK, atol=SLACK)


@each_case
def test_invalid_parameters_and_missing_values_are_nan(case):
    x = case.points[case.points.size // 2]
    good = evaluate(case, x, 0.3)
    expected = {name for name in ("mean", "variance") if not case.has_moments}
    assert {name for name, value in good.items() if np.isnan(value).any()} <= expected
    for changed in case.invalid:
        got = evaluate(case, x, 0.3, **changed)
        assert all(np.isnan(value).all() for value in got.values()), (changed, got)
    missing = evaluate(case, np.nan, 0.3)
    assert all(np.isnan(missing[verb]).all() for verb in ("logdensity", *TAILS))
    outside = evaluate(case, x, [-0.1, 1.1, np.nan])
    assert np.isnan(outside["ppf"]).all()
    assert np.isnan(outside["isf"]).all()


@each_case
def test_nothing_lies_off_the_support(case):
    assert (evaluate(case, case.outside)["logdensity"] == -np.inf).all()


@each_case
def test_edges_have_the_values_of_their_limits_and_slopes_that_are_numbers(case):
    for x in (*case.points[:3], *case.outside):
        gradient, _ = slopes(case, x)
        assert not any(np.isnan(g).any() for g in gradient.values()), (x, gradient)
    for changed, x, value in case.edges:
        got = evaluate(case, x, **changed)["logdensity"][0]
        assert got == pytest.approx(value, abs=1e-5), (changed, x)
        gradient, _ = slopes(case, x, **changed)
        assert not any(np.isnan(g).any() for g in gradient.values()), (changed, x, gradient)


@each_case
def test_integers_promote_and_dtype_is_kept(case):
    family, params = case.family, case.family.example_params
    assert family.logdensity(1, params).dtype == DTYPE
    assert family.logdensity(np.int64(1), params).dtype == DTYPE
    half = family.logdensity(jnp.ones((2,), jnp.float32), {k: np.float32(v) for k, v in params.items()})
    assert half.dtype == jnp.float32
    single = {k: jnp.float32(v) for k, v in params.items()}
    for verb in (*MOMENTS, *TAILS, "ppf", "isf"):  # also where the default is float64
        arguments = () if verb in MOMENTS else (jnp.full(2, 0.5, jnp.float32),)
        out = jax.eval_shape(lambda *x, verb=verb: getattr(family, verb)(*x, **single), *arguments)
        assert out.dtype == jnp.float32, verb
    assert family.logdensity(jnp.ones((0,)), params).shape == (0,)
    assert family.ppf(jnp.ones((0,)), **params).shape == (0,)
    batch = {name: jnp.full((3, 1), value) for name, value in params.items()}
    assert family.logdensity(case.points[:2], batch).shape == (3, 2)


@each_case
def test_constraints_have_bijectors_that_invert(case):
    for name, value in case.family.example_params.items():
        if case.family.constraints[name] == "count":
            assert name not in case.family.bijectors
            continue
        forward, inverse, log_slope = case.family.bijectors[name]
        u = inverse(jnp.asarray(value, DTYPE))
        assert float(forward(u)) == pytest.approx(value, rel=1e-5)
        assert float(jnp.log(jax.grad(forward)(u))) == pytest.approx(float(log_slope(u)), abs=1e-5)


def test_one_sided_slopes_at_the_edges():
    assert float(jax.grad(bernoulli.logpmf, 1)(0.0, 0.0)) == -1.0
    assert float(jax.grad(bernoulli.logpmf, 1)(1.0, 1.0)) == 1.0
    assert float(jax.grad(binomial.logpmf, 2)(0.0, 5.0, 0.0)) == -5.0
    assert float(jax.grad(binomial.logpmf, 2)(5.0, 5.0, 1.0)) == 5.0
    assert float(jax.grad(beta.logpdf)(0.0, 1.0, 3.0)) == -2.0
    assert float(jax.grad(beta.logpdf)(1.0, 3.0, 1.0)) == 2.0


def test_maximum_likelihood_in_closed_form():
    assert float(bernoulli.mle([0, 1, 1, 1])["p"]) == 0.75
    assert float(bernoulli.mle([0, 1, 1, 1], [3, 1, 1, 1])["p"]) == 0.5
    assert float(binomial.mle([1, 2], 4)["p"]) == 0.375
    assert binomial.mle(np.ones((5, 3)), 4)["p"].shape == (5,)
    assert np.isnan(float(binomial.mle([0], 0)["p"]))
