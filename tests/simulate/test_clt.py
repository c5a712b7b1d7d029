"""The central limit theorem against exact laws and the worked figures, and where it fails."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import density, simulate
from jprob.simulate import sampling
from tests.grids import DTYPE, X64
from tests.simulate.test_engine import compilations, interrupting

SIZES = (10, 30, 100)
NUM = 2**15
SEEDED = np.random.default_rng(0).integers(0, 2**32, 20_000)


def near(value, error, true, bias=0.0):
    """Within five Monte Carlo errors."""
    return bool((np.abs(np.asarray(value) - np.asarray(true)) < 5 * np.asarray(error) + bias).all())


@pytest.fixture(scope="module")
def exponential():
    return simulate.clt(jax.random.key(1), density.exponential.family, {"rate": 0.5}, SIZES, num_replicates=NUM)


def test_moments_of_means_of_exponentials(exponential):
    n = np.array(SIZES)
    assert near(exponential.mean, exponential.mean_error, 2.0)
    assert near(exponential.standard_deviation, exponential.standard_deviation_error, 2 / np.sqrt(n))
    assert near(exponential.skewness, exponential.skewness_error, 2 / np.sqrt(n))
    assert near(exponential.excess_kurtosis, exponential.excess_kurtosis_error, 6 / n)
    assert near(exponential.variance_inflation, 5 * np.sqrt(2 / NUM), 1.0)
    assert exponential.sizes.tolist() == list(SIZES)
    assert (exponential.num_replicates, exponential.num_nan, exponential.complete) == (NUM, 0, True)


def test_coverage_of_the_t_interval_is_the_known_one(exponential):
    assert near(exponential.coverage, exponential.coverage_error, [0.901, 0.926, 0.942], bias=0.001)
    gap = np.abs(np.asarray([exponential.coverage_normal, exponential.coverage, exponential.coverage_edgeworth]) - 0.95)
    assert (gap[0] > gap[1]).all()
    assert (gap[1] > gap[2]).all()  # the skewness is taken out


def test_distance_to_the_normal_is_that_of_the_gamma(exponential):
    """The mean of n exponentials is Gamma(n, n / 2), and the distance is known."""
    grid = np.linspace(-4, 5, 20001)
    for i, n in enumerate(SIZES):
        true = np.abs(stats.gamma.cdf(n + grid * np.sqrt(n), n) - stats.norm.cdf(grid)).max()
        assert near(exponential.ks_distance[i], exponential.ks_distance_error[i], true, bias=1 / 4096)
        assert float(exponential.berry_esseen[i]) > true
    # E|x - 1|^3 = 12/e - 2
    bound = 0.4748 * (12 / math.e - 2) / np.sqrt(SIZES)
    assert near(exponential.berry_esseen, exponential.berry_esseen_error, bound)


def test_normal_data_are_exact_at_any_size(key):
    study = simulate.clt(key, density.normal.family, {"loc": 3.0, "scale": 2.0}, (2, 5, 20), num_replicates=NUM)
    assert near(study.coverage, study.coverage_error, 0.95)
    assert (np.asarray(study.ks_distance) < 1.3 * np.asarray(study.ks_noise)).all()
    assert near(study.skewness, study.skewness_error, 0.0)
    low = 2 * stats.t.sf(stats.norm.isf(0.025) * 1, [1, 4, 19])
    assert near(study.coverage_normal, study.coverage_normal_error, 1 - low)


def test_means_of_fifty_exponentials_are_gamma(key):
    """Kolmogorov's test of 20,000 means of 50 Exponential(.5) against Gamma(50, 25)."""

    def mean(k):
        return density.exponential.sample(k, 0.5, shape=(50,)).mean()

    draws = np.asarray(simulate.replicate(key, mean, 20_000).draws, np.float64)
    assert stats.kstest(draws, stats.gamma(50, scale=1 / 25).cdf).pvalue > 1e-6
    assert abs((draws > 2.5).mean() - 0.04599) < 5 * (0.046 * 0.954 / 20_000) ** 0.5
    assert stats.kstest(draws, stats.norm(2, 0.28284).cdf).pvalue < 1e-6  # 20,000 of them tell the two apart


@pytest.mark.parametrize(
    ("name", "params", "has_mean", "index"),
    [("cauchy", {"loc": 1.0, "scale": 2.0}, False, 1.0), ("pareto", {"alpha": 1.5, "scale": 1.0}, True, 1.5)],
)
def test_heavy_tails_are_said(key, name, params, has_mean, index):
    study = simulate.clt(key, density.FAMILIES[name], params, SIZES, num_replicates=2048)
    law = study.population
    assert (bool(law.has_mean), bool(law.has_variance)) == (has_mean, False)
    assert float(law.stable_index) == pytest.approx(index, rel=1e-3)
    assert np.isinf(study.berry_esseen).all()
    assert simulate.smallest_size(study, 0.01) == (math.inf, False)
    assert float(law.centre) == pytest.approx(1.0 if name == "cauchy" else 3.0, rel=1e-5)


def cauchy(key, n):
    return jax.random.cauchy(key, (n,))


def pareto(key, n, alpha):
    return jax.random.pareto(key, alpha, (n,))


def shifted(key, n):
    return 5.0 + 2.0 * jax.random.normal(key, (n,))


def examined(key, sampler, params=None, *told):
    from jprob.simulate.sampling import population, source

    return population(key, sampler, *source(sampler, params), *told)


def test_samplers_are_examined_by_a_pilot(key):
    heavy = examined(key, cauchy)
    assert (bool(heavy.has_mean), bool(heavy.has_variance)) == (False, False)
    assert abs(float(heavy.stable_index) - 1.0) < 5 / 16
    heavy = examined(key, pareto, {"alpha": 1.5})
    assert (bool(heavy.has_mean), bool(heavy.has_variance)) == (True, False)
    assert abs(float(heavy.stable_index) - 1.5) < 5 * 1.5 / 16
    light = examined(key, shifted)
    assert (bool(light.has_mean), bool(light.has_variance), float(light.stable_index)) == (True, True, 2.0)
    assert float(light.centre) == pytest.approx(5.0, abs=0.01)
    assert float(light.scale) == pytest.approx(2.0, abs=0.01)
    told = examined(key, shifted, None, 4.0, 1.0)
    assert (float(told.centre), float(told.scale)) == (4.0, 1.0)


def test_dependent_data_break_the_formula(key):
    study = simulate.clt(key, simulate.ar1(0.6), None, (50, 400), num_replicates=4096, mean=0.0, standard_deviation=1.0)
    exact = [1 + 2 * sum((1 - k / n) * 0.6**k for k in range(1, n)) for n in (50, 400)]
    error = 2 * np.asarray(study.standard_deviation_error / study.standard_deviation) * exact
    assert near(study.variance_inflation, error, exact)
    assert (np.asarray(study.coverage) < 0.72).all()  # 2 Φ(1.96 / 2) − 1 = .673 in the limit
    assert simulate.ar1(0.6) is simulate.ar1(0.6)
    with pytest.raises(ValueError, match=r"`coefficient` must lie strictly between -1 and 1; got 1.0"):
        simulate.ar1(1.0)


def test_other_parameters_compile_nothing(exponential):
    def again():
        return simulate.clt(
            jax.random.key(5), density.exponential.family, {"rate": 3.0}, SIZES, num_replicates=100, level=0.9
        )

    again()
    assert compilations(lambda: again().coverage) == 0


def test_the_budget_does_not_change_a_study(key):
    def study(**engine):
        return simulate.clt(key, density.exponential.family, {"rate": 0.5}, SIZES, num_replicates=9000, **engine)

    for a, b in zip(jax.tree.leaves(study()), jax.tree.leaves(study(tiles_per_dispatch=1)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_smallest_size(exponential):
    n, within = simulate.smallest_size(exponential, 0.03)
    assert within
    assert 10 < n < 30
    n, within = simulate.smallest_size(exponential, 0.0001)
    assert not within
    assert n > 1000
    assert simulate.smallest_size(exponential, 0.2) == (10.0, True)
    n, within = simulate.smallest_size(exponential, 0.03, of="ks_distance")  # the distance is .133 / √n
    assert within
    assert 12 < n < 30
    with pytest.raises(ValueError, match=r"`of` must be one of coverage, .*; got 'mean'"):
        simulate.smallest_size(exponential, 0.1, of="mean")
    with pytest.raises(ValueError, match="`accuracy` must be positive; got 0"):
        simulate.smallest_size(exponential, 0)


def test_ctrl_c_before_anything_is_done_is_nan_not_a_number(key, monkeypatch):
    family = density.exponential.family
    interrupting(monkeypatch, 1)
    study = simulate.clt(key, family, {"rate": 0.5}, SIZES, num_replicates=100)
    assert (study.num_replicates, study.complete) == (0, False)
    assert np.isnan([study.coverage, study.ks_distance, study.mean, study.berry_esseen]).all()
    assert math.isnan(simulate.smallest_size(study, 0.01)[0])
    interrupting(monkeypatch, 1)
    paths = simulate.lln(key, family, {"rate": 0.5}, SIZES)
    assert paths.running_mean.shape == (0, 3)
    assert np.isnan(paths.lower).tolist() == [True] * 3
    interrupting(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):  # the pilot says nothing by halves
        simulate.clt(key, shifted, None, SIZES, num_replicates=100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": (10, 10)}, r"`sizes` must increase; got \[10, 10\]"),
        ({"sizes": (30, 10)}, "`sizes` must increase"),
        ({"sizes": ()}, "`sizes` must be at least one; got none"),
        ({"sizes": (1, 10)}, "`sizes` must be an integer of at least 2; got 1"),
        ({"level": 95}, "`level` must lie strictly between 0 and 1; got 95"),
        ({"num_replicates": 0}, "`num_replicates` must be an integer of at least 1"),
        ({"params": {"scale": 1.0}}, "`params` must be rate; got scale"),
        ({"family_or_sampler": 3}, "`family_or_sampler` must be a Family or a function"),
        ({"standard_deviation": 0.0}, "`standard_deviation` must be positive and finite; got 0.0"),
    ],
)
def test_bad_studies_are_sentences(key, options, message):
    given = {"family_or_sampler": density.exponential.family, "params": {"rate": 1.0}, "sizes": (5,)} | options
    num = given.pop("num_replicates", 100)
    what, params, sizes = given.pop("family_or_sampler"), given.pop("params"), given.pop("sizes")
    with pytest.raises(ValueError, match=message):
        simulate.clt(key, what, params, sizes, num_replicates=num, **given)


def test_running_means_settle_or_do_not(key):
    sizes = (10, 100, 1000)
    paths = simulate.lln(key, density.exponential.family, {"rate": 2.0}, sizes, num_trajectories=400)
    assert paths.running_mean.shape == (400, 3)
    np.testing.assert_allclose(paths.standard_error, 0.5 / np.sqrt(sizes), rtol=1e-5)
    spread = np.asarray(paths.running_mean).std(0)
    np.testing.assert_allclose(spread, paths.standard_error, rtol=5 / np.sqrt(800))
    wild = simulate.lln(key, density.cauchy.family, {"loc": 0.0, "scale": 1.0}, sizes, num_trajectories=400)
    assert not bool(wild.population.has_mean)
    width = np.asarray(wild.upper - wild.lower)
    assert width[2] > 0.5 * width[0]  # as wide after a thousand as after ten
    assert np.isinf(wild.standard_error).all()


def test_quick_samplers_have_the_law_of_their_families(key):
    from jprob.simulate.sampling import source

    for name, params in (("exponential", {"rate": 2.0}), ("weibull", {"concentration": 0.7, "scale": 3.0})):
        draw, values = source(density.FAMILIES[name], params)
        x = np.asarray(jax.jit(draw, static_argnums=1)(key, 20_000, values), np.float64)
        assert stats.kstest(np.asarray(density.FAMILIES[name].cdf(x, **params)), "uniform").pvalue > 1e-6
    draw, values = source(density.pareto.family, {"alpha": 1.5, "scale": 2.0})
    x = np.asarray(draw(key, 20_000, values), np.float64)
    assert stats.kstest(x, stats.pareto(1.5, scale=2.0).cdf).pvalue > 1e-6


def test_the_exponential_of_a_study_is_the_logarithm_of_its_words(key, monkeypatch):
    words = np.concatenate([np.arange(9), 2**31 + np.arange(-4, 4), 2**32 - 2 ** np.arange(12), SEEDED]).astype(
        np.uint32
    )
    monkeypatch.setattr(jax.random, "bits", lambda *_: jnp.asarray(words))
    got = np.asarray(sampling._standard_exponential(key, words.shape, jnp.dtype(DTYPE)), float)
    want = -np.log((words.astype(DTYPE) + DTYPE(0.5)).astype(float) / 2**32)
    np.testing.assert_allclose(got, want, rtol=3e-7 if np.float32 == DTYPE else 1e-15)


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 1001)])
def test_the_fast_key_gives_the_numbers_of_jax_random(key, shape):
    fast = simulate.fast_key(key)
    for dtype in (jnp.uint8, jnp.uint16, jnp.uint32) + ((jnp.uint64,) if X64 else ()):
        np.testing.assert_array_equal(jax.random.bits(fast, shape, dtype), jax.random.bits(key, shape, dtype))
    np.testing.assert_array_equal(jax.random.normal(fast, shape), jax.random.normal(key, shape))
    many = jax.vmap(lambda k: jax.random.bits(simulate.fast_key(k), (5,)))(jax.random.split(key, 3))
    np.testing.assert_array_equal(many, jax.vmap(lambda k: jax.random.bits(k, (5,)))(jax.random.split(fast, 3)))
    child = jax.random.fold_in(fast, 3)
    assert bool((jax.random.key_data(child) == jax.random.key_data(jax.random.fold_in(key, 3))).all())


def test_the_fast_key_leaves_other_generators_alone(key):
    other = jax.random.key(0, impl="rbg")
    assert simulate.fast_key(other).dtype == other.dtype
    legacy = simulate.fast_key(jax.random.PRNGKey(0))
    assert bool((jax.random.key_data(legacy) == jax.random.PRNGKey(0)).all())
    with pytest.raises(ValueError, match=r"`shape` must be of fewer than 2\*\*32 numbers; got 4294967296"):
        jax.jit(lambda k: jax.random.bits(k, (2**16, 2**16), jnp.uint8)).lower(simulate.fast_key(key))


@pytest.mark.parametrize("size", [1, 2, 6, 1000, 2**16 - 1, 2**16, 10**6, 2**31, 2**32 - 1])
def test_indices_are_the_high_word_of_the_product(key, size):
    words = np.asarray(jax.random.bits(simulate.fast_key(key), (5000,), jnp.uint32)).astype(object)
    expected = np.array([int(w) * size >> 32 for w in words], np.uint64)
    np.testing.assert_array_equal(np.asarray(simulate.random_indices(key, (5000,), size)).astype(np.uint64), expected)
    for bad in (0, 2**32):
        with pytest.raises(ValueError, match="`size` must be"):
            simulate.random_indices(key, (5,), bad)
