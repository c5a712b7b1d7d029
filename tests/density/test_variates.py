"""The shared samplers: exact in law by chi-square and moments, and independent of neighbours, tiles and transforms."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from jprob.density import _rejection, _variates, beta, binomial
from tests.grids import DTYPE, X64

NUM_DRAWS = 1_000_000
NUM_BINS = 64
SHAPES = [1e-3, 0.1, 0.5, 1.0, 2.5, 50.0, 1e4, 1e8]
RATES = [0.1, 3.0, 9.9, 10.1, 50.0, 1e4, 1e9]
TRIALS = [(1, 0.3), (10, 0.5), (40, 0.2), (40, 0.9), (1000, 0.5), (1e6, 1e-3), (1e9, 0.3), (1e9, 0.999)]
QUANTILES = np.arange(1, NUM_BINS) / NUM_BINS


def full(value):
    return jnp.full(NUM_DRAWS, value, DTYPE)


def between_floats(x):
    """Points half-way between neighbours in the dtype of the draws: rounding a draw never takes it across."""
    low = np.asarray(x, float).astype(DTYPE)
    return np.unique(0.5 * (low.astype(float) + np.nextafter(low, DTYPE(np.inf)).astype(float)))


def assert_law(draws, edges, cdf_at_edges):
    """Chi-square over the bins between the edges; a false alarm once in 50,000."""
    assert draws.dtype == DTYPE
    assert np.isfinite(draws).all()
    observed = np.bincount(np.searchsorted(edges, draws.astype(float)), minlength=len(edges) + 1)
    expected = np.diff(np.concatenate([[0.0], cdf_at_edges, [1.0]])) * len(draws)
    kept = expected > 0
    assert observed[~kept].sum() == 0
    assert expected[kept].min() > 5
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(statistic, kept.sum() - 1) > 2e-5


def assert_moments(draws, mean, variance, excess_kurtosis):
    """Mean and variance at five standard errors."""
    away, n = draws.astype(float) - mean, len(draws)
    assert abs(away.mean()) < 5 * math.sqrt(variance / n)
    assert abs((away**2).mean() / variance - 1) < 5 * math.sqrt((excess_kurtosis + 2) / n)


def assert_count_law(draws, law):
    """Single counts in the body of narrow laws, equiprobable bins of wide ones, and both tails at 1e-4."""
    wanted = np.concatenate([[1e-4], QUANTILES, [1 - 1e-4]])
    top = DTYPE(law.ppf(wanted[-1]))
    wide = np.nextafter(top, DTYPE(np.inf)) - top > 0.5
    edges = between_floats(law.ppf(wanted)) if wide else np.unique(law.ppf(wanted)) + 0.5
    ties_down = edges.astype(DTYPE) < edges  # counts half-way between floats go to the even one
    cdf = law.cdf(np.ceil(edges) - 1) + np.where(ties_down, law.pmf(edges), 0.0)
    inside = np.diff(np.concatenate([[0.0], cdf])) * NUM_DRAWS > 5
    inside &= law.sf(edges) * NUM_DRAWS > 5
    assert (draws == np.floor(draws)).all()
    assert_law(draws, edges[inside], cdf[inside])
    mean, variance, _, kurtosis = (float(m) for m in law.stats("mvsk"))
    assert_moments(draws, mean, variance, kurtosis)


def log_gamma_cdf(log_x, a):
    """Of log G: where x underflows, by the leading term x^a / Gamma(a + 1)."""
    near_zero = np.exp(np.minimum(a * log_x - special.gammaln(a + 1), 0.0))
    return np.where(log_x < -40, near_zero, special.gammainc(a, np.exp(np.maximum(log_x, -40))))


def log_gamma_edges(a):
    near_zero = (np.log(QUANTILES) + special.gammaln(a + 1)) / a
    with np.errstate(divide="ignore"):
        edges = np.where(near_zero < -40, near_zero, np.log(special.gammaincinv(a, QUANTILES)))
    return between_floats(edges)


@pytest.mark.parametrize("a", SHAPES)
def test_log_gamma_has_the_law(key, a):
    draws = np.asarray(_variates.log_gamma(key, full(a)))
    a = float(DTYPE(a))
    edges = log_gamma_edges(a)
    assert_law(draws, edges, log_gamma_cdf(edges, a))
    variance = float(special.polygamma(1, a))
    assert_moments(draws, float(special.digamma(a)), variance, float(special.polygamma(3, a)) / variance**2)


@pytest.mark.parametrize("a", [0.5, 2.5, 1e9])
def test_gamma_has_the_law(key, a):
    draws = np.asarray(_variates.gamma(key, full(a)))
    edges = between_floats(special.gammaincinv(a, QUANTILES))
    assert_law(draws, edges, special.gammainc(a, edges))
    assert_moments(draws, a, a, 6 / a)


@pytest.mark.parametrize("rate", RATES)
def test_poisson_has_the_law(key, rate):
    assert_count_law(np.asarray(_variates.poisson(key, full(rate))), stats.poisson(float(DTYPE(rate))))


@pytest.mark.parametrize(("n", "p"), TRIALS)
def test_binomial_has_the_law(key, n, p):
    draws = np.asarray(_variates.binomial(key, full(n), full(p)))
    assert draws.min() >= 0
    assert draws.max() <= n
    assert_count_law(draws, stats.binom(n, float(DTYPE(p))))


def test_gamma_and_log_gamma_are_one_draw(key):
    a = jnp.asarray(np.geomspace(0.5, 1e6, NUM_DRAWS), DTYPE)
    slack = 1e-13 if X64 else 1e-5
    np.testing.assert_allclose(
        np.log(np.asarray(_variates.gamma(key, a))), _variates.log_gamma(key, a), rtol=slack, atol=slack
    )


def test_tiny_shapes_stay_finite_in_log_space(key):
    a = jnp.full(5_000, 1e-12, DTYPE)
    scaled = np.asarray(_variates.log_gamma(key, a)).astype(float) * -1e-12  # -a log G(a) is Exp(1) in the limit
    assert np.isfinite(scaled).all()
    assert stats.kstest(scaled, "expon").pvalue > 2e-5


def test_huge_counts_neither_saturate_nor_wrap(key):
    for mean in (1e12, 1e30):
        draws = np.asarray(_variates.poisson(key, jnp.full(5_000, mean, DTYPE))).astype(float)
        grid = np.spacing(DTYPE(mean)).astype(float)
        assert abs(draws.mean() - float(DTYPE(mean))) < 5 * math.sqrt(mean / 5e3) + grid
        assert draws.std() < 2 * (math.sqrt(mean) + grid)


def test_certain_and_empty_counts(key):
    n, p = jnp.array([0, 7, 7, 0, 1e9], DTYPE), jnp.array([0.5, 0, 1, 1, 1], DTYPE)
    np.testing.assert_array_equal(_variates.binomial(key, n, p), [0, 0, 7, 0, 1e9])
    np.testing.assert_array_equal(_variates.poisson(key, jnp.zeros(5, DTYPE)), np.zeros(5))
    assert _variates.log_gamma(key, jnp.zeros((0, 3), DTYPE)).shape == (0, 3)
    assert _variates.log_gamma(key, jnp.ones((), DTYPE)).shape == ()


def test_missing_parameters_end_as_missing_draws(key):
    a = jnp.array([np.nan, 2.0, np.nan, 20.0, 0.5], DTYPE)
    for draws in (_variates.log_gamma(key, a), _variates.poisson(key, a), _variates.binomial(key, 40 * a, 0.5 + 0 * a)):
        np.testing.assert_array_equal(np.isnan(draws), [True, False, True, False, False])


SAMPLERS = [
    pytest.param(_variates.log_gamma, lambda x: (x,), id="log_gamma"),
    pytest.param(_variates.poisson, lambda x: (10 * x,), id="poisson"),
    pytest.param(_variates.binomial, lambda x: (jnp.round(50 * x), 0.4 + 0 * x), id="binomial"),
]


def spread(size):
    return jnp.asarray(np.random.default_rng(7).uniform(0.2, 5.0, size), DTYPE)


@pytest.mark.parametrize(("sampler", "params"), SAMPLERS)
def test_a_draw_heeds_neither_its_neighbours_nor_the_size(key, sampler, params):
    """Index and parameters decide: also across tiles, of which 40,000 lanes need three."""
    x = spread(40_000)
    draws = np.asarray(sampler(key, *params(x)))
    np.testing.assert_array_equal(sampler(key, *params(x[:5_000])), draws[:5_000])
    others = jnp.where(jnp.arange(x.size) % 3 == 0, x, 1.0)
    np.testing.assert_array_equal(np.asarray(sampler(key, *params(others)))[::3], draws[::3])


@pytest.mark.parametrize(("sampler", "params"), SAMPLERS)
def test_eager_jit_and_vmap_draw_the_same(sampler, params):
    keys, x = jax.random.split(jax.random.key(3), 2), spread((2, 5_000))
    mapped = np.asarray(jax.jit(jax.vmap(lambda key, x: sampler(key, *params(x))))(keys, x))
    single = np.stack([sampler(key, *params(row)) for key, row in zip(keys, x, strict=True)])
    np.testing.assert_allclose(mapped, single, rtol=1e-14 if X64 else 1e-5)
    assert len(np.unique(mapped[:, 0])) > 1


def test_counts_do_not_slope(key):
    x = jnp.array([3.0, 30.0], DTYPE)
    np.testing.assert_array_equal(jax.grad(lambda rate: _variates.poisson(key, rate).sum())(x), [0, 0])


def test_beta_variates_move_with_their_shapes(key):
    """The mean of the draws' slopes is the slope of the mean: a / (a + b)."""
    a, b = 2.0, 3.0
    slopes = jax.jit(jax.vmap(jax.grad(lambda a, key: beta.sample(key, a, b)), (None, 0)))(
        a, jax.random.split(key, 20_000)
    )
    assert abs(float(slopes.mean()) - b / (a + b) ** 2) < 5 * float(slopes.std()) / 20_000**0.5


@pytest.mark.parametrize("size", [100, 100_000])
def test_more_rejections_than_columns_are_still_exact(key, size):
    """Accepting only u > 0.45 rejects nineteen lanes in twenty; what is left is uniform."""

    def draw(lanes, like):
        return _rejection.accepted(key, lanes, lambda point, x: (point.u + 0 * x, point.u <= 0.45), like)

    draws = np.asarray(_rejection.tiled(draw, jnp.zeros(size, DTYPE)))
    assert ((draws > 0.45) & (draws <= 0.5)).all()
    assert len(np.unique(draws)) > 0.9 * size
    assert stats.kstest((draws.astype(float) - 0.45) * 20, "uniform").pvalue > 2e-5


def test_points_fill_their_strip_to_the_ends(key):
    def point(part):
        def draw(lanes, like):
            return _rejection.accepted(key, lanes, lambda p, x: (getattr(p, part) + 0 * x, x > 0), like)

        return np.asarray(_rejection.tiled(draw, jnp.zeros(2**20, DTYPE))).astype(float)

    u, edge, v = point("u"), point("edge"), point("v")
    np.testing.assert_allclose(edge, 0.5 - np.abs(u), atol=1e-7)
    for sample in (u + 0.5, 2 * edge, v):
        assert 0 < sample.min() < 2e-5
        assert sample.max() <= 1
        assert stats.kstest(sample, "uniform").pvalue > 2e-5
    table = np.histogram2d(u, v, bins=16)[0]
    assert stats.chi2.sf(((table - 2**12) ** 2).sum() / 2**12, 255) > 2e-5


def test_the_hat_covers_every_count():
    """Largest count probability over the slope of the transformation, at the outer end of each step, below the bound."""
    closest = 0.0
    for mean in np.concatenate([np.linspace(10, 14, 25), np.geomspace(14, 3e4, 40)]):
        for p in (0.0, 0.05, 0.2, 0.3, 0.4, 0.45, 0.5):
            law = stats.binom(np.ceil(mean / p), p) if p else stats.poisson(mean)
            centre, sd = float(law.mean()), float(law.std())
            k = np.arange(max(0, np.floor(centre - 10 * sd)), np.ceil(centre + 12 * sd + 20))
            b = 0.931 + 2.53 * sd
            a = -0.059 + 0.02483 * b
            low = k - centre - 0.47
            x = np.maximum(np.abs(low), np.abs(low + 1))
            q = x + 2 * a - b / 2  # x = (2 a / edge + b) (1/2 - edge), solved for the edge
            edge = (np.sqrt(q * q + 4 * a * b) - q) / (2 * b)
            closest = max(closest, (law.pmf(k) * (a / edge**2 + b)).max() / (1.124 + 0.49 / (sd - 0.8)))
    assert 0.99 < closest < 1


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.5, 50.0), (1e8, 1e8)])
def test_beta_draws_have_the_law(key, a, b):
    logit = np.asarray(beta.sample_logit(key, DTYPE(a), DTYPE(b), shape=(NUM_DRAWS,)))
    edges = between_floats(special.logit(special.betaincinv(a, b, QUANTILES)))
    assert_law(logit, edges, special.betainc(a, b, special.expit(edges)))
    np.testing.assert_allclose(beta.sample(key, DTYPE(a), DTYPE(b), shape=(9,)), special.expit(logit[:9]), rtol=1e-5)


def test_invalid_families_draw_nan_beside_valid_neighbours(key):
    draws = binomial.sample(key, jnp.array([5.0, -1.0, 2.5, np.nan, 100.0]), 0.5, shape=(3,))
    np.testing.assert_array_equal(np.isnan(draws), [[False, True, True, True, False]] * 3)
    draws = beta.sample(key, jnp.array([1.0, 0.0, np.inf]), 2.0, shape=(2,))
    np.testing.assert_array_equal(np.isnan(draws), [[False, True, True]] * 2)


@pytest.mark.parametrize("a", [0.02, 0.7, 3.0, 500.0])
def test_gamma_variates_move_with_their_shape_as_quantiles_do(a):
    key, a = jax.random.key(3), jnp.full(200, a, DTYPE)
    slope = jax.jit(jax.grad(lambda a: _variates.log_gamma(key, a).sum()))(a)
    assert np.isfinite(np.asarray(slope)).all()
    z = _variates.gamma(key, a)
    kept = (z > 1e-30) & (z < a + 2 * jnp.sqrt(a) + 2)
    p, step = special.gammainc(a, z), (1e-6 if np.float64 == DTYPE else 1e-2) * a
    rise = (jnp.log(special.gammaincinv(a + step, p)) - jnp.log(special.gammaincinv(a - step, p))) / (2 * step)
    np.testing.assert_allclose(slope[kept], rise[kept], rtol=2e-2 if np.float32 == DTYPE else 1e-4)
