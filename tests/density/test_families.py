"""Laws that every family obeys, over one table of families."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import bernoulli, beta, binomial
from tests.grids import DTYPE, X64

FAMILIES = [bernoulli.family, binomial.family, beta.family]
INVALID = {
    "bernoulli": [{"p": -0.1}, {"p": 1.1}, {"p": np.nan}],
    "binomial": [{"n": -1.0, "p": 0.3}, {"n": 2.5, "p": 0.3}, {"n": 5.0, "p": 2.0}, {"n": np.nan, "p": 0.5}],
    "beta": [{"a": 0.0, "b": 1.0}, {"a": 1.0, "b": -2.0}, {"a": np.nan, "b": 1.0}, {"a": 1.0, "b": np.inf}],
}
OUTSIDE = {"bernoulli": [-1.0, 0.5, 2.0], "binomial": [-1.0, 3.5, 21.0], "beta": [-0.5, 1.5]}
EDGES = {
    "bernoulli": [({"p": 0.0}, 0.0), ({"p": 0.0}, 1.0), ({"p": 1.0}, 1.0), ({"p": 1.0}, 0.0)],
    "binomial": [
        ({"n": 3.0, "p": 0.0}, 0.0),
        ({"n": 3.0, "p": 1.0}, 3.0),
        ({"n": 3.0, "p": 0.0}, 1.0),
        ({"n": 0.0, "p": 0.4}, 0.0),
    ],
    "beta": [
        ({"a": 1.0, "b": 3.0}, 0.0),
        ({"a": 3.0, "b": 1.0}, 1.0),
        ({"a": 2.0, "b": 2.0}, 0.0),
        ({"a": 0.5, "b": 0.5}, 1.0),
    ],
}
SLACK = 1e-12 if X64 else 2e-6

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


def support(family):
    """Points that carry all the mass: every count, or 41 inner points."""
    low, high = (float(end) for end in family.support(**family.example_params))
    return np.arange(low, high + 1).astype(DTYPE) if family.discrete else np.linspace(low, high, 43)[1:-1].astype(DTYPE)


def evaluate(family, x):
    """Every verb of x at the example parameters, compiled once for each family and shape."""
    verbs = ("cdf", "sf", "logcdf", "logsf")

    @jax.jit
    def all_of_them(x, params):
        return family.logdensity(x, params), *(getattr(family, verb)(x, **params) for verb in verbs)

    return [np.asarray(v, float) for v in all_of_them(x, family.example_params)]


@each_family
def test_normalises(family):
    x = support(family)
    logp = evaluate(family, x)[0]
    if family.discrete:
        assert np.exp(logp).sum() == pytest.approx(1.0, abs=10 * SLACK)
    else:
        nodes, weights = np.polynomial.legendre.leggauss(40)
        x = (0.5 * (nodes + 1)).astype(DTYPE)
        mass = np.exp(np.asarray(family.logdensity(x, family.example_params), float)) @ weights / 2
        assert mass == pytest.approx(1.0, abs=1e-4)


@each_family
def test_tails_complement_and_agree_with_their_logs(family):
    _, cdf, sf, logcdf, logsf = evaluate(family, support(family))
    np.testing.assert_allclose(cdf + sf, 1.0, atol=SLACK)
    np.testing.assert_allclose(np.exp(logcdf), cdf, rtol=20 * SLACK)
    np.testing.assert_allclose(np.exp(logsf), sf, rtol=20 * SLACK)
    assert (np.diff(cdf) >= 0).all()


@each_family
def test_cdf_is_the_sum_or_integral_of_the_density(family):
    x = support(family)
    logp, cdf, *_ = evaluate(family, x)
    if family.discrete:
        np.testing.assert_allclose(np.exp(logp).cumsum(), cdf, rtol=100 * SLACK)
    else:
        slope = jax.vmap(jax.grad(lambda x: family.cdf(x, **family.example_params)))(x)
        np.testing.assert_allclose(np.asarray(slope), np.exp(logp), rtol=100 * SLACK)


@each_family
def test_quantiles_invert_the_tails(family):
    x = support(family)
    _, cdf, sf, *_ = evaluate(family, x)
    params = family.example_params
    back, upper = (
        np.asarray(jax.jit(verb)(q.astype(DTYPE), **params)) for verb, q in ((family.ppf, cdf), (family.isf, sf))
    )
    if family.discrete:
        inner = cdf < 1 - 1e-6
        np.testing.assert_array_equal(back[inner], x[inner])
        np.testing.assert_array_equal(upper, x)
    else:
        np.testing.assert_allclose(back, x, rtol=1e-4 if not X64 else 1e-10)
        np.testing.assert_allclose(upper, x, rtol=1e-4 if not X64 else 1e-10)


@each_family
def test_moments_mode_and_entropy_are_those_of_the_density(family):
    params = family.example_params
    if family.discrete:
        x, weight = support(family).astype(float), np.exp(evaluate(family, support(family))[0])
    else:
        nodes, weights = np.polynomial.legendre.leggauss(60)
        x = 0.5 * (nodes + 1)
        weight = np.exp(np.asarray(family.logdensity(x.astype(DTYPE), params), float)) * weights / 2
    mean = weight @ x
    assert float(family.mean(**params)) == pytest.approx(mean, rel=1e-4)
    assert float(family.variance(**params)) == pytest.approx(weight @ (x - mean) ** 2, rel=1e-4)
    logp = np.asarray(family.logdensity(x.astype(DTYPE), params), float)
    assert float(family.entropy(**params)) == pytest.approx(-weight @ logp, rel=2e-4)
    peak = float(family.logdensity(family.mode(**params), params))
    assert peak >= logp.max() - 1e-6


@each_family
def test_draws_have_the_law(family, key):
    """Dvoretzky-Kiefer-Wolfowitz: the gap of 50,000 draws exceeds this with probability 2e-6."""
    params, n = family.example_params, 50_000
    draws = np.sort(np.asarray(family.sample(key, **params, shape=(n,))))
    points = support(family)
    empirical = np.searchsorted(draws, points, side="right") / n
    gap = np.abs(empirical - evaluate(family, points)[1]).max()
    assert gap < math.sqrt(math.log(2 / 2e-6) / (2 * n))
    assert draws.dtype == DTYPE


@each_family
def test_eager_jit_and_vmap_agree(family):
    x = support(family)[:8]
    params = family.example_params
    compiled = np.asarray(jax.jit(family.logdensity)(x, params))
    np.testing.assert_allclose(np.asarray(family.logdensity(x, params)), compiled, rtol=SLACK, atol=SLACK)
    mapped = jax.vmap(family.logdensity, (0, None))(x, params)
    np.testing.assert_allclose(np.asarray(mapped), compiled, rtol=SLACK, atol=SLACK)


@each_family
def test_score_has_mean_zero(family, key):
    params = {name: jnp.asarray(value) for name, value in family.example_params.items()}
    smooth = [name for name in params if family.constraints[name] != "count"]
    x = family.sample(key, **params, shape=(20_000,))

    def logdensity(x, chosen):
        return family.logdensity(x, params | chosen)

    score = jax.jit(jax.vmap(jax.grad(logdensity, 1), (0, None)))(x, {name: params[name] for name in smooth})
    for s in jax.tree.leaves(score):
        assert abs(float(s.mean())) < 5 * float(s.std()) / 20_000**0.5


@each_family
def test_invalid_parameters_and_missing_values_are_nan(family):
    @jax.jit
    def everything(x, q, params):
        of_x = [
            family.logdensity(x, params),
            *(getattr(family, v)(x, **params) for v in ("cdf", "sf", "logcdf", "logsf")),
        ]
        of_q = [family.ppf(q, **params), family.isf(q, **params)]
        return of_x, of_q, [getattr(family, v)(**params) for v in ("mean", "variance", "mode", "entropy")]

    def evaluated(x, q, params):
        arrays = {name: jnp.asarray(value, DTYPE) for name, value in params.items()}
        return [np.asarray(v) for v in everything(DTYPE(x), DTYPE(q), arrays)]

    good, x = family.example_params, support(family)[1]
    assert not np.isnan(np.concatenate(evaluated(x, 0.3, good))).any()
    for params in INVALID[family.name]:
        assert np.isnan(np.concatenate(evaluated(x, 0.3, params))).all(), params
    assert np.isnan(evaluated(np.nan, 0.3, good)[0]).all()
    for q in (-0.1, 1.1, np.nan):
        assert np.isnan(evaluated(x, q, good)[1]).all()


@each_family
def test_nothing_lies_off_the_support(family):
    for x in OUTSIDE[family.name]:
        assert float(family.logdensity(x, family.example_params)) == -np.inf


@each_family
def test_no_gradient_is_nan_on_off_or_at_the_edge(family):
    gradient = jax.jit(jax.grad(family.logdensity, (0, 1)))
    cases = [(family.example_params, float(x)) for x in (*support(family)[:3], *OUTSIDE[family.name])]
    for params, x in cases + EDGES[family.name]:
        params = {name: jnp.asarray(value, DTYPE) for name, value in params.items()}
        by_x, by_params = gradient(jnp.asarray(x, DTYPE), params)
        for name, g in {"x": by_x, **by_params}.items():
            assert not np.isnan(float(g)), (params, x, name)


@each_family
def test_integers_promote_and_dtype_is_kept(family):
    params = family.example_params
    assert family.logdensity(1, params).dtype == DTYPE
    assert family.logdensity(np.int64(1), params).dtype == DTYPE
    half = family.logdensity(jnp.ones((2,), jnp.float32), {k: np.float32(v) for k, v in params.items()})
    assert half.dtype == jnp.float32
    assert family.logdensity(jnp.ones((0,)), params).shape == (0,)
    assert family.ppf(jnp.ones((0,)), **params).shape == (0,)


def test_edges_have_the_values_of_their_limits():
    assert float(binomial.logpmf(0, 3, 0.0)) == 0.0
    assert float(binomial.logpmf(1, 3, 0.0)) == -np.inf
    assert float(binomial.pmf(3, 3, 1.0)) == 1.0
    assert float(beta.logpdf(0.0, 0.5, 2.0)) == np.inf
    assert float(beta.logpdf(0.0, 2.0, 2.0)) == -np.inf
    assert float(beta.pdf(0.0, 1.0, 3.0)) == pytest.approx(3.0)
    assert float(beta.pdf(1.0, 3.0, 1.0)) == pytest.approx(3.0)


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
