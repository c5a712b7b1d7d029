"""Forecasts of numbers: where what came lies in them, what they cost, and intervals that hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import calibrate
from jprob.bayes import Draws
from jprob.calibrate.crps import CLOSED
from jprob.density import FAMILIES, mixed
from tests.grids import DTYPE, X64

PARAMS = {
    "normal": {"loc": 0.5, "scale": 2.0},
    "laplace": {"loc": 0.5, "scale": 2.0},
    "exponential": {"rate": 0.5},
    "uniform": {"low": -1.0, "high": 3.0},
    "student_t": {"df": 3.5, "loc": 0.5, "scale": 2.0},
    "lognormal": {"loc": 0.2, "scale": 0.7},
    "gamma": {"concentration": 2.5, "rate": 0.8},
    "poisson": {"rate": 3.2},
    "bernoulli": {"p": 0.3},
}
POINTS = np.array([-1.5, 0.0, 0.4, 1.0, 2.0, 7.0])


ORACLES = {
    "normal": stats.norm(0.5, 2.0),
    "laplace": stats.laplace(0.5, 2.0),
    "exponential": stats.expon(scale=2.0),
    "uniform": stats.uniform(-1.0, 4.0),
    "student_t": stats.t(3.5, 0.5, 2.0),
    "lognormal": stats.lognorm(0.7, scale=np.exp(0.2)),
    "gamma": stats.gamma(2.5, scale=1.25),
    "poisson": stats.poisson(3.2),
    "bernoulli": stats.bernoulli(0.3),
}


def test_every_closed_form_is_in_the_table():
    assert {family.name for family in CLOSED} == set(PARAMS)


@pytest.mark.parametrize("name", PARAMS)
def test_closed_forms_are_the_integral(name):
    points = np.floor(POINTS) if FAMILIES[name].discrete else POINTS
    found = calibrate.crps(FAMILIES[name], points.astype(DTYPE), PARAMS[name])
    grid = np.linspace(-60, 400, 2_300_001) + 1e-7  # between the steps of counts
    cdf = ORACLES[name].cdf(grid)
    expected = [np.trapezoid((cdf - (grid >= y)) ** 2, grid) for y in points]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=3e-4)


@pytest.mark.parametrize("name", ["normal", "laplace"])
def test_quantiles_give_the_closed_forms(name):
    from jprob.calibrate.crps import _by_quantiles

    y = POINTS.astype(DTYPE)
    at = {key: jnp.asarray(value, DTYPE) for key, value in PARAMS[name].items()}
    np.testing.assert_allclose(_by_quantiles(FAMILIES[name], y, at), CLOSED[FAMILIES[name]](y, *at.values()), rtol=2e-4)


def test_families_without_a_closed_form_and_draws(key):
    weibull = {"concentration": 1.7, "scale": 2.0}
    y = np.array([0.3, 2.0, 5.0])
    oracle = stats.weibull_min(1.7, scale=2.0)
    grid = np.linspace(0, 40, 400_001)
    expected = [np.trapezoid((oracle.cdf(grid) - (grid >= v)) ** 2, grid) for v in y]
    np.testing.assert_allclose(calibrate.crps(FAMILIES["weibull"], y.astype(DTYPE), weibull), expected, rtol=1e-3)
    draws = FAMILIES["weibull"].sample(key, **weibull, shape=(20_000, 1))
    np.testing.assert_allclose(calibrate.crps(draws, y.astype(DTYPE)), expected, atol=0.05)
    chains = Draws({"y": draws.reshape(4, 5000, 1)}, {})
    np.testing.assert_allclose(
        calibrate.crps(chains, y.astype(DTYPE)), calibrate.crps(draws, y.astype(DTYPE)), rtol=1e-5
    )
    with pytest.raises(ValueError, match="must be draws for geometric"):
        calibrate.crps(FAMILIES["geometric"], 2.0, {"p": 0.5})


def test_the_fair_score_of_few_draws_is_that_of_their_law(key):
    draws = jax.random.normal(key, (3, 40_000), DTYPE)
    fair = np.asarray(calibrate.crps(draws, jnp.full(40_000, 0.7, DTYPE)))
    exact = float(calibrate.crps(FAMILIES["normal"], DTYPE(0.7), {"loc": 0.0, "scale": 1.0}))
    assert abs(fair.mean() - exact) < 5 * fair.std() / 200
    plain = np.asarray(calibrate.crps(draws, jnp.full(40_000, 0.7, DTYPE), fair=False))
    x, _ = np.asarray(draws[:, 0], float), 0
    direct = abs(x - 0.7).mean() - 0.5 * abs(x[:, None] - x).mean()
    assert plain[0] == pytest.approx(direct, rel=1e-5)


def test_pinball_and_interval_scores():
    levels = np.linspace(0.0005, 0.9995, 1000)
    q = calibrate.quantiles_of(FAMILIES["normal"], levels.astype(DTYPE), {"loc": 0.0, "scale": 1.0})
    mean = 2 * np.asarray(calibrate.pinball(q, DTYPE(0.7), levels.astype(DTYPE)), float).mean()
    exact = float(calibrate.crps(FAMILIES["normal"], DTYPE(0.7), {"loc": 0.0, "scale": 1.0}))
    assert mean == pytest.approx(exact, rel=2e-3)
    low, high, y = 0.0, 2.0, np.array([-1.0, 1.0, 5.0])
    pair = calibrate.pinball(low, y, 0.1) + calibrate.pinball(high, y, 0.9)
    np.testing.assert_allclose(calibrate.interval_score(low, high, y, level=0.8), 2 / 0.2 * pair, rtol=1e-5)


FORECASTS = {
    "right": (1.0, lambda u: abs(u.variance - 1 / 12) < 0.005),
    "too wide": (2.0, lambda u: u.variance < 0.05),
    "too narrow": (0.5, lambda u: u.variance > 0.12),
}


@pytest.mark.parametrize("name", FORECASTS)
def test_the_transform_tells_wide_from_narrow(key, name):
    scale, shape = FORECASTS[name]
    y = jax.random.normal(jax.random.key(1), (4000,), DTYPE)
    u = calibrate.pit(key, FAMILIES["normal"], y, {"loc": 0.0, "scale": scale})
    found = calibrate.pit_test(u)
    assert shape(found)
    assert (float(found.p_value) > 1e-3) == (name == "right")
    assert float(found.statistic) == pytest.approx(stats.kstest(np.asarray(u, float), "uniform").statistic, abs=1e-5)
    assert float(found.p_value) == pytest.approx(
        stats.kstest(np.asarray(u, float), "uniform").pvalue, rel=0.05, abs=1e-9
    )
    bars = calibrate.pit_histogram(u)
    assert float(bars.density.mean()) == pytest.approx(1.0, rel=1e-5)
    counts = np.histogram(np.asarray(u), bins=10, range=(0, 1))[0]
    assert abs(np.asarray(bars.counts) - counts).sum() <= 2  # a value on an edge
    assert float(bars.p_value) == pytest.approx(stats.chisquare(bars.counts).pvalue, rel=1e-2, abs=1e-9)


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (FAMILIES["poisson"], {"rate": 1.3}),
        (mixed.hurdle_lognormal, dict(mixed.hurdle_lognormal.example_params)),
    ],
    ids=["poisson", "hurdle_lognormal"],
)
def test_counts_and_atoms_are_spread_over_their_jumps(key, family, params):
    y = family.sample(jax.random.key(2), **params, shape=(4000,))
    u = calibrate.pit(key, family, y, params)
    assert float(calibrate.pit_test(u).p_value) > 1e-4
    assert ((u >= 0) & (u <= 1)).all()


def test_ranks_among_draws_are_uniform(key):
    draws = jax.random.normal(key, (19, 4000), DTYPE)
    y = jax.random.normal(jax.random.key(3), (4000,), DTYPE)
    assert float(calibrate.pit_test(calibrate.pit(key, draws, y)).p_value) > 1e-4
    same = calibrate.pit(key, jnp.zeros((3, 4000), DTYPE), jnp.zeros(4000, DTYPE))  # ties with what came
    assert float(calibrate.pit_test(same).p_value) > 1e-4


def test_coverage_recalibration_and_conformal_margins(key):
    """A forecast half as wide as it should be, repaired on one half of the rows and judged on the other."""
    y = jax.random.normal(key, (4000,), DTYPE)
    narrow = {"loc": 0.0, "scale": 0.5}
    ours, theirs = y[:2000], y[2000:]
    levels = np.array([0.05, 0.5, 0.95], DTYPE)

    def coverage(levels_asked):
        q = calibrate.quantiles_of(FAMILIES["normal"], levels_asked, narrow)
        return calibrate.quantile_coverage(jnp.broadcast_to(q[:, None], (3, 2000)), theirs, levels, level=0.999)

    assert coverage(levels).holds.tolist() == [False, True, False]
    repaired = calibrate.quantile_map(calibrate.pit(key, FAMILIES["normal"], ours, narrow))
    assert coverage(repaired(levels)).holds.all()
    low, high = calibrate.quantiles_of(FAMILIES["normal"], [0.05, 0.95], narrow)
    margin = calibrate.conformal(jnp.full(2000, low), jnp.full(2000, high), ours, level=0.9).margin
    before = calibrate.central_coverage(jnp.full(2000, low), jnp.full(2000, high), theirs, 0.9)
    after = calibrate.central_coverage(
        jnp.full(2000, low - margin), jnp.full(2000, high + margin), theirs, 0.9, level=0.999
    )
    assert not bool(before.holds)
    assert bool(after.holds)
    few = calibrate.conformal([0.0, 0.0], [1.0, 1.0], [0.5, 0.5])
    assert few.margin == np.inf
    assert not bool(few.enough)


def test_conformal_margins_hold_their_level_exactly(key):
    """In the mean over calibration sets of 19, one more value lies inside with probability 18/20."""
    x = jax.random.normal(key, (20_000, 20), DTYPE)
    margins = jax.vmap(lambda x: calibrate.conformal(jnp.zeros(19), jnp.zeros(19), x, level=0.9).margin)(x[:, :19])
    share = float((abs(x[:, 19]) <= margins).mean())
    assert abs(share - 0.9) < 5 * (0.09 / 20_000) ** 0.5


def test_quantiles_of_draws_and_rows():
    draws = np.arange(101, dtype=DTYPE)[:, None] * np.array([1.0, 2.0], DTYPE)
    np.testing.assert_allclose(calibrate.quantiles_of(draws, [0.25, 0.5]), [[25, 50], [50, 100]], rtol=1e-5)
    rows = calibrate.quantiles_of(FAMILIES["normal"], [0.5], {"loc": np.array([1.0, 2.0], DTYPE), "scale": 1.0})
    np.testing.assert_allclose(rows, [[1.0, 2.0]], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: calibrate.pit(k, FAMILIES["normal"], 0.0), "`params` of normal must be loc, scale"),
        (lambda k: calibrate.pit(k, np.zeros((3, 1)), 0.0, {"loc": 0.0}), "`params` must come with a family"),
        (lambda k: calibrate.pit_test([0.5, 1.5]), r"must lie in \[0, 1\]; got 1.5 in row 1"),
        (lambda k: calibrate.pit_test([]), "at least one"),
        (lambda k: calibrate.pinball(0.0, 1.0, 1.0), "`levels` must lie strictly"),
        (lambda k: calibrate.quantile_coverage([[0.0]], [1.0, 2.0], [0.5]), "levels × values"),
        (lambda k: calibrate.interval_score(0.0, 1.0, 0.5, level=2.0), "`level` must"),
        (lambda k: calibrate.crps(Draws({"a": np.zeros((1, 2)), "b": np.zeros((1, 2))}, {}), 0.0), "a single site"),
        (lambda k: calibrate.quantile_map([1.2]), r"lie in \[0, 1\]"),
        (lambda k: calibrate.conformal([], [], []), "at least one value"),
    ],
)
def test_refused_in_a_sentence(key, call, message):
    with pytest.raises(ValueError, match=message):
        call(key)


def test_forecasts_keep_their_dtype():
    y = np.float32(0.3)
    assert calibrate.crps(FAMILIES["normal"], y, {"loc": 0.0, "scale": 1.0}).dtype == jnp.float32
    assert calibrate.pinball(np.float32(0.0), y, 0.5).dtype == jnp.float32
    assert (jnp.result_type(float) == jnp.float64) == X64
