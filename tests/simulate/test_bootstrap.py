"""The bootstrap: its resamples, its intervals against scipy, its slopes against the jackknife, its edges."""

import arch.bootstrap
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.simulate import bootstrap, optimal_block_length, statistics
from jprob.simulate.resampling import grouped, indices, weights_of
from tests.grids import DTYPE, X64

KEY = jax.random.key(20261122)
RNG = np.random.default_rng(8)
X = RNG.lognormal(size=40).astype(DTYPE)
B = 20_000


def mean(x, weights):
    return jnp.sum(weights * x) / jnp.sum(weights)


def plain_mean(x):
    return jnp.mean(x)


def correlation(pairs, weights):
    a, b = pairs
    share = weights / jnp.sum(weights)
    a, b = a - share @ a, b - share @ b
    return (share @ (a * b)) / jnp.sqrt((share @ a**2) * (share @ b**2))


def both_moments(x):
    return jnp.stack([jnp.mean(x), jnp.mean(x**2)])


@pytest.mark.parametrize(("method", "name"), [("percentile", "percentile"), ("basic", "basic"), ("bca", "BCa")])
def test_intervals_are_scipys_within_their_simulation_errors(method, name):
    got = bootstrap(KEY, X, mean, num_resamples=B, method=method)
    peer = stats.bootstrap((X,), np.mean, n_resamples=B, method=name, rng=RNG).confidence_interval
    # both are simulated, and the accelerations differ by O(1/n)
    slack = 5 * 2**0.5 * np.asarray(got.interval_error) + (0.01 if method == "bca" else 0.0)
    assert (np.abs(np.asarray(got.interval) - [peer.low, peer.high]) < slack).all()
    assert float(got.standard_error) == pytest.approx(X.std() / 40**0.5, rel=5 / (2 * B) ** 0.5)
    assert abs(float(got.bias)) < 5 * float(got.standard_error) / B**0.5
    assert got.draws.shape == (B,)
    assert bool(got.complete)


def test_rows_and_weights_are_the_same_resamples():
    rows, weights = (bootstrap(KEY, X, f, num_resamples=B, method="percentile") for f in (plain_mean, mean))
    np.testing.assert_allclose(rows.draws, weights.draws, rtol=2e-6)


def test_draws_of_a_share_are_binomial():
    flips = np.array([1.0] * 7 + [0.0] * 13, DTYPE)
    draws = np.asarray(bootstrap(KEY, flips, mean, num_resamples=B, method="percentile").draws, float)
    counts = np.bincount(np.round(20 * draws).astype(int), minlength=21)
    expected = B * stats.binom.pmf(np.arange(21), 20, 0.35)
    often = expected > 5
    assert stats.chisquare(counts[often], expected[often] * counts[often].sum() / expected[often].sum()).pvalue > 1e-6


def test_bca_has_its_formula():
    """From the draws themselves, of a statistic with a bias: the variance."""
    got = bootstrap(KEY, X, statistics.variance, num_resamples=B)
    draws, a = np.asarray(got.draws, float), float(got.acceleration)
    z0 = stats.norm.ppf(np.mean(draws < float(got.estimate)))
    assert abs(z0) > 0.05  # or the test could not tell
    moved = z0 + stats.norm.ppf([0.025, 0.975])
    levels = stats.norm.cdf(z0 + moved / (1 - a * moved))
    np.testing.assert_allclose(got.interval, np.quantile(draws, levels), rtol=1e-3)


def test_normal_and_studentized_intervals_have_their_formulas():
    normal = bootstrap(KEY, X, mean, num_resamples=B, method="normal")
    centre = float(normal.estimate - normal.bias)
    half = stats.norm.ppf(0.975) * float(normal.standard_error)
    np.testing.assert_allclose(normal.interval, [centre - half, centre + half], rtol=1e-5)
    t = bootstrap(KEY, X, mean, num_resamples=B, method="studentized")
    # the mean's influence is what it lies from the mean: the plain standard error with n
    index = np.random.default_rng(0).integers(0, 40, (B, 40))
    draws = X.astype(float)[index]
    ratio = (draws.mean(1) - X.mean()) / (draws.std(1) / 40**0.5)
    ends = X.mean() - X.std() / 40**0.5 * np.quantile(ratio, [0.975, 0.025])
    assert (np.abs(np.asarray(t.interval) - ends) < 5 * 2**0.5 * np.asarray(t.interval_error)).all()


def test_acceleration_by_slopes_and_by_leaving_rows_out():
    left_out = np.array([np.delete(X.astype(float), i).mean() for i in range(40)])
    gap = left_out.mean() - left_out
    exact = (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    for statistic, jackknife in ((mean, True), (plain_mean, False)):
        got = bootstrap(KEY, X, statistic, num_resamples=400, jackknife=jackknife)
        assert float(got.acceleration) == pytest.approx(exact, rel=1e-6 if X64 else 2e-3)
    by_slopes = float(bootstrap(KEY, X, mean, num_resamples=400).acceleration)
    assert by_slopes == pytest.approx(exact, rel=1e-6 if X64 else 2e-3)  # of a mean they are the same


def test_the_law_school():
    """Efron and Tibshirani's 15 schools: correlation .776, standard error .13."""
    scores = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594], DTYPE)
    grades = np.array([339, 330, 281, 303, 344, 307, 300, 343, 336, 313, 312, 274, 276, 288, 296], DTYPE) / 100
    got = bootstrap(KEY, (scores, grades), correlation, num_resamples=4000)
    assert float(got.estimate) == pytest.approx(0.776, abs=5e-4)
    assert float(got.standard_error) == pytest.approx(0.134, abs=0.008)
    low, high = np.asarray(got.interval)
    assert 0.2 < low < 0.45
    assert 0.9 < high < 0.98


def test_vectors_are_treated_component_by_component():
    both = bootstrap(KEY, X, both_moments, num_resamples=2000)
    first = bootstrap(KEY, X, plain_mean, num_resamples=2000)
    assert both.draws.shape == (2000, 2)
    assert both.interval.shape == both.interval_error.shape == (2, 2)
    np.testing.assert_allclose(both.interval[0], first.interval, rtol=1e-5)
    np.testing.assert_allclose(both.acceleration[0], first.acceleration, rtol=1e-4)


def resample(scheme, n, block=0.0, groups=None, num=400):
    keys = jax.random.split(KEY, num)
    return np.asarray(jax.vmap(lambda key: indices(key, scheme, n, n, block, groups))(keys))


@pytest.mark.parametrize("scheme", ["moving_block", "circular_block", "stationary"])
def test_blocks_are_runs_of_neighbours(scheme):
    rows = resample(scheme, 60, 6.0)
    together = (np.diff(rows, axis=1) % 60) == 1
    if scheme == "stationary":
        # a block ends with probability 1/6, and by chance its follower is the neighbour
        assert together.mean() == pytest.approx(1 - 1 / 6 + 1 / 360, abs=0.02)
    else:
        inside = (np.arange(59) + 1) % 6 != 0
        assert together[:, inside].all()
    if scheme == "moving_block":
        assert (np.diff(rows.reshape(400, 10, 6), axis=2) == 1).all()  # none runs over the end
    else:
        share = np.bincount(rows.ravel(), minlength=60) / rows.size
        assert np.abs(share - 1 / 60).max() < 5 * (6 / 60 / rows.size) ** 0.5


def test_strata_keep_their_sizes_and_clusters_stay_together():
    labels = np.array(["b"] * 5 + ["a"] * 3 + ["b"] * 4)
    rows = resample("stratified", 12, groups=grouped(labels))
    assert ((labels[rows] == "a").sum(1) == 3).all()
    assert set(rows[labels[rows] == "a"].tolist()) == {5, 6, 7}
    clusters = grouped(np.repeat(np.arange(4), 3))
    rows = resample("cluster", 12, 3.0, clusters).reshape(400, 4, 3)
    assert (rows // 3 == rows[..., :1] // 3).all()
    weights = np.asarray(weights_of(KEY, "cluster", 12, 12, 3.0, clusters, 4))
    assert (weights.reshape(4, 3) == weights.reshape(4, 3)[:, :1]).all()
    assert weights.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("scheme", ["bayesian", "poisson", "stratified"])
def test_other_weights_have_nearly_the_same_error(scheme):
    groups = {"groups": np.arange(40) % 2} if scheme == "stratified" else {}
    got = bootstrap(KEY, X, mean, num_resamples=4000, scheme=scheme, method="percentile", **groups)
    assert float(got.standard_error) == pytest.approx(X.std() / 40**0.5, rel=0.1)


def test_blocks_know_a_series_is_dependent():
    noise = np.random.default_rng(3).normal(size=500)
    series = np.zeros(500)
    for i in range(1, 500):
        series[i] = 0.8 * series[i - 1] + noise[i]
    series = series.astype(DTYPE)
    long_run = (1 / 0.2) / 500**0.5  # standard deviation of the mean
    errors = {
        scheme: float(
            bootstrap(KEY, series, mean, num_resamples=2000, scheme=scheme, method="percentile").standard_error
        )
        for scheme in ("iid", "moving_block", "stationary")
    }
    assert errors["iid"] < 0.45 * long_run
    assert errors["moving_block"] > 0.6 * long_run
    assert errors["stationary"] > 0.6 * long_run
    best = optimal_block_length(series)
    assert float(best.circular) == pytest.approx(float(best.stationary) * 1.5 ** (1 / 3), rel=1e-5)
    assert 5 < float(best.stationary) < 60
    assert float(optimal_block_length(noise.astype(DTYPE)).stationary) < 5


def test_constant_data_and_single_rows_are_points():
    for data in (np.ones(5, DTYPE), np.ones(1, DTYPE)):
        for method in ("bca", "percentile", "basic", "normal", "studentized"):
            got = bootstrap(KEY, data, mean, num_resamples=200, method=method)
            assert np.asarray(got.interval).tolist() == [1.0, 1.0], method
            assert bool(got.degenerate)


def test_statistics_that_are_no_number_are_counted():
    def ratio(x):
        return jnp.where(jnp.max(x) > 1.5, jnp.mean(x), jnp.nan)

    got = bootstrap(KEY, np.array([1.0, 1.0, 2.0], DTYPE), ratio, num_resamples=2000, method="percentile")
    assert abs(int(got.num_nan) - 2000 * 8 / 27) < 5 * (2000 * 8 / 27) ** 0.5
    assert np.isfinite(got.interval).all()
    assert np.isfinite(float(got.standard_error))


def test_fewer_rows_vary_more():
    few = bootstrap(KEY, X, plain_mean, num_resamples=4000, size=10, method="percentile")
    assert float(few.standard_error) == pytest.approx(X.std() / 10**0.5, rel=0.1)


def slope(pair):
    x, y = pair
    return jnp.sum((x - jnp.mean(x)) * y) / jnp.sum((x - jnp.mean(x)) ** 2)


def test_wild_resamples_give_the_robust_error():
    """Signs of residuals keep their sizes where they are: the law has White's variance, exactly."""
    x = np.linspace(0, 1, 40)
    y = 1 + 2 * x + x * RNG.normal(size=40)
    coefficient = np.polyfit(x, y, 1)
    fitted = np.polyval(coefficient, x)
    gap = x - x.mean()
    white = np.sqrt(np.sum(gap**2 * (y - fitted) ** 2)) / np.sum(gap**2)
    pair = (x.astype(DTYPE), y.astype(DTYPE))
    got = bootstrap(KEY, pair, slope, scheme="wild", fitted=fitted.astype(DTYPE), method="percentile", num_resamples=B)
    assert float(got.standard_error) == pytest.approx(white, rel=5 / (2 * B) ** 0.5)
    assert abs(float(got.bias)) < 5 * white / B**0.5 + 1e-6
    # in clusters of four the signs go together
    groups = np.repeat(np.arange(10), 4)
    scores = np.array([np.sum((gap * (y - fitted))[groups == g]) for g in range(10)])
    got = bootstrap(
        KEY,
        pair,
        slope,
        scheme="wild",
        fitted=fitted.astype(DTYPE),
        groups=groups,
        method="percentile",
        num_resamples=B,
    )
    assert float(got.standard_error) == pytest.approx(np.sqrt(np.sum(scores**2)) / np.sum(gap**2), rel=0.03)


def test_parametric_resamples_have_the_models_law():
    def draw(key):
        return jax.random.normal(key, (40,), DTYPE) * 3 + 1

    got = bootstrap(KEY, X, mean, scheme="parametric", sampler=draw, method="percentile", num_resamples=B)
    draws = np.asarray(got.draws, float)
    assert stats.kstest(draws, stats.norm(1, 3 / 40**0.5).cdf).pvalue > 1e-6
    assert float(got.estimate) == pytest.approx(X.mean(), rel=1e-6)


def test_samples_are_drawn_each_by_itself():
    """A difference of means: its exact error, scipy's two-sample acceleration, and both forms of the statistic."""
    a, b = X, RNG.gamma(2.0, size=25).astype(DTYPE)

    def gap(samples):
        return jnp.mean(samples[1]) - jnp.mean(samples[0])

    got = bootstrap(KEY, (a, b), statistics.difference, scheme="samples", num_resamples=B)
    error = np.sqrt(a.var() / 40 + b.var() / 25)
    assert float(got.standard_error) == pytest.approx(error, rel=5 / (2 * B) ** 0.5)
    peer = stats.bootstrap(
        (a, b), lambda a, b, axis: b.mean(axis) - a.mean(axis), n_resamples=B, method="BCa", rng=RNG
    ).confidence_interval
    slack = 5 * 2**0.5 * np.asarray(got.interval_error) + 0.01
    assert (np.abs(np.asarray(got.interval) - [peer.low, peer.high]) < slack).all()
    rows = bootstrap(KEY, (a, b), gap, scheme="samples", num_resamples=400)
    np.testing.assert_allclose(rows.draws, got.draws[:400], rtol=1e-5, atol=1e-5)
    assert float(rows.acceleration) == pytest.approx(float(got.acceleration), rel=1e-6 if X64 else 2e-3)


def test_under_vmap_the_draws_are_the_same():
    many = RNG.lognormal(size=(3, 40)).astype(DTYPE)
    got = jax.jit(jax.vmap(lambda x: bootstrap(KEY, x, mean, num_resamples=500)))(many)
    assert got.interval.shape == (3, 2)
    for i, row in enumerate(many):
        alone = bootstrap(KEY, row, mean, num_resamples=500)
        np.testing.assert_allclose(got.draws[i], alone.draws, rtol=2e-6)
        np.testing.assert_allclose(got.interval[i], alone.interval, rtol=1e-4)


@pytest.mark.parametrize("scheme", ["iid", "stationary"])
def test_arch_agrees(scheme):
    """Its law of a mean, and its block lengths."""
    series = RNG.normal(size=300).cumsum().astype(DTYPE) * 0.1 + RNG.normal(size=300).astype(DTYPE)
    lengths = arch.bootstrap.optimal_block_length(series.astype(float))
    best = optimal_block_length(series)
    tolerance = 1e-6 if X64 else 1e-3
    assert float(best.stationary) == pytest.approx(lengths["stationary"].iloc[0], rel=tolerance)
    assert float(best.circular) == pytest.approx(lengths["circular"].iloc[0], rel=tolerance)
    peer = (
        arch.bootstrap.IIDBootstrap(series, seed=1)
        if scheme == "iid"
        else arch.bootstrap.StationaryBootstrap(12, series, seed=1)
    )
    theirs = peer.apply(np.mean, 4000)[:, 0]
    block = {"block_length": 12} if scheme == "stationary" else {}
    ours = np.asarray(
        bootstrap(KEY, series, mean, num_resamples=4000, scheme=scheme, method="percentile", **block).draws
    )
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-6


def test_clusters_of_one_are_rows():
    each = bootstrap(KEY, X, mean, num_resamples=B, scheme="cluster", groups=np.arange(40), method="percentile")
    assert float(each.standard_error) == pytest.approx(X.std() / 40**0.5, rel=5 / (2 * B) ** 0.5)


def test_weights_that_are_all_zero_are_counted():
    got = bootstrap(KEY, np.array([1.0, 2.0], DTYPE), mean, num_resamples=4000, scheme="poisson", method="percentile")
    none = 4000 * np.exp(-2)
    assert abs(int(got.num_nan) - none) < 5 * none**0.5
    assert np.isfinite(got.interval).all()


def test_strata_have_influences_of_their_own():
    """Between strata that are far apart nothing varies: the studentised error knows."""
    groups = np.arange(40) % 2
    shifted = (X + 100 * groups).astype(DTYPE)
    near, far = (
        bootstrap(KEY, x, mean, num_resamples=2000, scheme="stratified", groups=groups, method="studentized")
        for x in (X, shifted)
    )
    width = [float(r.interval[1] - r.interval[0]) for r in (near, far)]
    assert width[1] == pytest.approx(width[0], rel=1e-2)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"data": np.ones(0)}, r"`data` must hold at least one row; got shape \(0,\)"),
        ({"data": [1.0, np.nan]}, "`data` must not be missing; got nan at row 1"),
        ({"data": (np.ones(3), np.ones(4))}, "`data` must have as many rows in every array, but for scheme"),
        ({"method": "bc"}, "`method` must be one of percentile"),
        ({"scheme": "wilder"}, "`scheme` must be one of iid"),
        ({"level": 95}, "`level` must lie strictly between 0 and 1; got 95"),
        ({"num_resamples": 0}, "`num_resamples` must be an integer of at least 2; got 0"),
        ({"method": "studentized"}, "`statistic` must take `weights` for method 'studentized'"),
        ({"scheme": "bayesian"}, "`statistic` must take `weights` for scheme 'bayesian'"),
        ({"scheme": "stationary"}, "`method` must be another than bca for scheme 'stationary'; got 'bca'"),
        (
            {"scheme": "moving_block", "method": "basic", "block_length": 41},
            "`block_length` must lie between 1 and the 40",
        ),
        (
            {"scheme": "stratified"},
            "`groups` go with the schemes stratified and cluster, and may with wild; got",
        ),
        ({"scheme": "stratified", "groups": [1, 2]}, r"`groups` must have shape \(40,\); got \(2,\)"),
        ({"data": np.ones(20_001)}, "`statistic` must take `weights` for method 'bca' beyond 20,000 rows"),
        ({"block_length": 3}, "`block_length` goes with the schemes moving_block"),
        ({"scheme": "wild"}, "`method` must be another than bca for scheme 'wild'"),
        ({"scheme": "wild", "method": "normal"}, "`fitted` goes with scheme 'wild', which needs it; got scheme 'wild'"),
        ({"sampler": np.ones}, "`sampler` goes with scheme 'parametric', which needs it; got scheme 'iid'"),
        (
            {"scheme": "parametric", "method": "normal", "sampler": lambda key: jnp.ones(3)},
            "`sampler` must draw data of the shapes",
        ),
        ({"size": 3, "scheme": "stratified", "groups": np.ones(40)}, "`size` goes with scheme 'iid'; got 'stratified'"),
    ],
)
def test_mistakes_are_named(changed, says):
    arguments = {"data": X} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        bootstrap(KEY, arguments.pop("data"), plain_mean, **arguments)


def test_a_statistic_whose_shape_depends_on_values_is_refused():
    with pytest.raises(ValueError, match=r"^`statistic` must be a JAX function whose shape does not depend"):
        bootstrap(KEY, X, lambda x: x[x > 1])
