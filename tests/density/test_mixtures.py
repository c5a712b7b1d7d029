"""Mixtures: against scipy's components, their own quantiles, and estimates by EM."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.density import beta, dirichlet, exponential, mixture, normal, poisson
from tests.grids import DTYPE, X64

TWO = mixture([normal, normal])
PARAMS = {"probs": (0.3, 0.7), "loc_0": -1.0, "scale_0": 0.5, "loc_1": 2.0, "scale_1": 1.0}
COUNTS = mixture([poisson, poisson])
RATES = {"probs": (0.3, 0.7), "rate_0": 2.0, "rate_1": 15.0}


def arrays(params):
    return {name: jnp.asarray(value, DTYPE) for name, value in params.items()}


def test_it_is_the_weighted_mean_of_its_components():
    x = np.linspace(-6, 12, 37).astype(DTYPE)
    parts = [(0.3, stats.norm(-1.0, 0.5)), (0.7, stats.norm(2.0, 1.0))]
    got = np.asarray(TWO.logdensity(x, arrays(PARAMS)), float)
    np.testing.assert_allclose(got, np.log(sum(w * part.pdf(x) for w, part in parts)), rtol=3e-6)
    for verb in ("cdf", "sf"):
        expected = sum(w * getattr(part, verb)(x) for w, part in parts)
        np.testing.assert_allclose(getattr(TWO, verb)(x, **arrays(PARAMS)), expected, rtol=3e-6)
        log = np.asarray(getattr(TWO, "log" + verb)(x, **arrays(PARAMS)), float)
        np.testing.assert_allclose(log, np.log(expected), rtol=3e-6, atol=1e-7)
    assert float(TWO.logsf(60.0, **arrays(PARAMS))) == pytest.approx(np.log(0.7) + stats.norm.logsf(58.0), rel=1e-6)


@pytest.mark.parametrize("q", [1e-30, 1e-9, 0.01, 0.3, 0.5])
def test_quantiles_invert_both_tails_with_slopes(q):
    params = arrays(PARAMS)
    slack = 1e-9 if X64 else 3e-5
    for quantile, log_tail in ((TWO.ppf, TWO.logcdf), (TWO.isf, TWO.logsf)):
        x = quantile(DTYPE(q), **params)
        assert float(log_tail(x, **params)) == pytest.approx(np.log(q), abs=slack * max(1.0, -np.log(q)))
    slope = jax.grad(lambda loc: TWO.ppf(DTYPE(q), **params | {"loc_0": loc, "loc_1": loc + 3.0}))(DTYPE(-1.0))
    assert float(slope) == pytest.approx(1.0, rel=1e-3)  # the whole law moves


def test_quantiles_of_counts_are_the_smallest_that_reach():
    k = np.arange(30.0).astype(DTYPE)
    params = arrays(RATES)
    np.testing.assert_array_equal(COUNTS.ppf(COUNTS.cdf(k, **params), **params), k)
    np.testing.assert_array_equal(COUNTS.isf(COUNTS.sf(k, **params), **params), k)
    assert np.asarray(COUNTS.ppf(np.array([0.0, 1.0], DTYPE), **params)).tolist() == [-1.0, np.inf]
    total = np.exp(np.asarray(COUNTS.logdensity(np.arange(80.0).astype(DTYPE), params), float)).sum()
    assert total == pytest.approx(1.0, abs=1e-12 if X64 else 2e-6)


@pytest.mark.parametrize(("law", "params"), [(TWO, PARAMS), (COUNTS, RATES)], ids=["normals", "counts"])
def test_draws_have_the_moments_the_mode_and_the_entropy(law, params):
    params = arrays(params)
    x = law.sample(jax.random.key(5), **params, shape=(20_000,))
    values, root = np.asarray(x, float), 20_000**0.5
    assert abs(values.mean() - float(law.mean(**params))) < 5 * values.std() / root
    square = (values - values.mean()) ** 2
    assert abs(square.mean() - float(law.variance(**params))) < 5 * square.std() / root
    surprise = -np.asarray(law.logdensity(x, params), float)
    assert abs(surprise.mean() - float(law.entropy(**params))) < 5 * surprise.std() / root
    assert float(law.logdensity(law.mode(**params), params)) >= -surprise.min() - 1e-6


@pytest.mark.parametrize(("law", "params"), [(TWO, PARAMS), (COUNTS, RATES)], ids=["normals", "counts"])
def test_em_finds_a_flat_place_near_the_truth(law, params):
    x = law.sample(jax.random.key(6), **arrays(params), shape=(4000,))
    fit = law.mle(x)
    for name, truth in params.items():
        np.testing.assert_allclose(fit[name], truth, atol=0.5 if name.startswith("rate") else 0.12)

    def mean_loglik(p):
        return law.logdensity(x, p).mean()

    slopes = jax.jit(jax.grad(mean_loglik))(fit)
    free = {name: slope for name, slope in slopes.items() if name != "probs"}
    assert max(float(jnp.abs(slope)) for slope in free.values()) < (1e-7 if X64 else 1e-4)
    # on the simplex the slope has no part along it
    assert float(jnp.ptp(slopes["probs"])) < (1e-6 if X64 else 1e-3)


def test_a_component_without_weight_has_no_part():
    params = arrays(PARAMS | {"probs": (0.0, 1.0), "loc_0": 1e6})
    assert float(TWO.logdensity(1.0, params)) == pytest.approx(float(normal.logpdf(1.0, 2.0, 1.0)), rel=1e-6)
    assert float(TWO.ppf(0.5, **params)) == pytest.approx(2.0, rel=1e-5)
    assert float(TWO.entropy(**params)) == pytest.approx(float(normal.entropy(2.0, 1.0)), rel=1e-5)
    slope = jax.grad(lambda p: TWO.logdensity(DTYPE(1.0), p))(params)
    assert not any(np.isnan(g).any() for g in jax.tree.leaves(slope))


def test_bad_weights_are_nan_and_mistakes_are_named():
    for probs in ((0.3, 0.3), (-0.1, 1.1), (np.nan, 1.0)):
        params = arrays(PARAMS | {"probs": probs})
        assert np.isnan(float(TWO.logdensity(0.0, params)))
        assert np.isnan(float(TWO.ppf(0.5, **params)))
        assert np.isnan(float(TWO.mean(**params)))
    assert np.isnan(float(TWO.logdensity(0.0, arrays(PARAMS | {"scale_0": -1.0}))))
    for families in ([normal], [normal, dirichlet], [normal, 3]):
        with pytest.raises(ValueError, match=r"^`families` must be two or more families of numbers without atoms; got"):
            mixture(families)
    with pytest.raises(ValueError, match=r"^`families` must all have densities or all be of counts; got both"):
        mixture([normal, poisson])
    assert mixture([exponential, beta]).mle is None
