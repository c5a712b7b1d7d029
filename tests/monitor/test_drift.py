"""Laws of every statistic, false alarms, and data that would break a careless one."""

import functools

import jax
import numpy as np
import pytest

from jprob import monitor
from tests.grids import DTYPE

NUMERIC = ["psi", "kl", "js", "total_variation", "ks", "anderson_darling", "wasserstein", "energy"]
ALL = [*NUMERIC, "chi2", "g_test"]
N, COLUMNS = 100, 600


def found(name, x, y, **options):
    return getattr(monitor, name)(np.asarray(x, DTYPE), np.asarray(y, DTYPE), **options)


@functools.cache
def same():
    rng = np.random.default_rng(11)
    return rng.normal(size=(2, N, COLUMNS)).astype(DTYPE)


def moved(by):
    x, y = same()
    return x, y + DTYPE(by)


@pytest.mark.parametrize("name", ALL)
def test_false_alarms_are_nominal(name):
    """Five standard errors around a fifth of 5 %, downwards further for those on a lattice."""
    result = getattr(monitor, name)(*same())
    slack = 5.0 * (0.05 * 0.95 / COLUMNS) ** 0.5
    rate = float(np.mean(result.p_value < 0.05))
    assert 0.05 * 0.7 - slack < rate < 0.05 * 1.2 + slack
    assert bool(np.isfinite(result.p_value).all())


@pytest.mark.parametrize("name", ALL)
def test_what_has_moved_is_alarmed_and_measured(name):
    result = getattr(monitor, name)(*moved(1.5))
    assert bool(result.alarm.all())
    assert bool((result.interval[:, 0] <= result.size).all())
    assert bool((result.size <= result.interval[:, 1]).all())
    assert result.statistic.shape == (COLUMNS,)
    assert result.interval.shape == (COLUMNS, 2)
    assert result.statistic.dtype == DTYPE


@pytest.mark.parametrize("name", NUMERIC)
def test_order_and_columns_do_not_matter_and_jit_is_eager(name):
    x, y = moved(0.4)
    statistic = getattr(monitor, name)
    whole = statistic(x, y)
    shuffled = statistic(x[::-1], y[::-1])
    compiled = jax.jit(statistic)(x, y)
    for other in (shuffled, compiled):
        np.testing.assert_allclose(other.statistic, whole.statistic, rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(other.p_value, whole.p_value, rtol=2e-3, atol=1e-6)
    if name not in ("psi", "ks", "wasserstein"):  # one of each kind
        return
    single = statistic(x[:, 7], y[:, 7])
    assert single.statistic.shape == ()
    np.testing.assert_allclose(single.statistic, whole.statistic[7], rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["psi", "kl", "js", "ks"])
def test_monotone_maps_change_nothing(name):
    x, y = moved(0.4)
    before, after = (getattr(monitor, name)(f(x), f(y)) for f in (lambda z: z, lambda z: 8.0 * z))
    np.testing.assert_array_equal(before.statistic, after.statistic)


@pytest.mark.parametrize("name", ["wasserstein", "energy"])
def test_distances_in_data_units_scale_and_their_sizes_do_not(name):
    x, y = moved(0.4)
    before, after = getattr(monitor, name)(x, y), getattr(monitor, name)(4 * x, 4 * y)
    factor = 4.0 if name == "wasserstein" else 2.0
    np.testing.assert_allclose(after.statistic, factor * before.statistic, rtol=1e-5)
    np.testing.assert_allclose(after.size, before.size, rtol=1e-4, atol=1e-6)


def edges(case):
    """A hundred rows of reference and current, and whether the change must be seen."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, N))
    half = np.arange(N) % 2 == 0
    most = np.arange(N) < 90
    ones = np.ones(N)
    return {
        "all out of range": (x, y + 1e6, True),
        "all out of range below": (x, y - 1e6, True),
        "nine of ten moved": (x, np.where(most, 50.0, y), True),
        "half nan": (x, np.where(half, np.nan, y), True),
        "all nan": (x, np.full(N, np.nan), True),
        "reference all nan": (np.full(N, np.nan), y, True),
        "both half nan": (np.where(half, np.nan, x), np.where(half, np.nan, y), False),
        "constant, stays": (ones, ones, False),
        "constant, moves up": (ones, 2 * ones, True),
        "constant, moves down": (ones, 0 * ones, True),
        "constant, spreads": (ones, y, True),
        "becomes constant": (x, ones, True),
        "ties, stay": (np.round(x), np.round(y), False),
        "ties, move": (np.round(x), np.round(y + 1.0), True),
        "infinities": (x, np.where(half, np.inf, -np.inf), True),
        "infinities, stay": (np.where(half, np.inf, x), np.where(half, np.inf, y), False),
        "constant at zero, moves below": (0 * ones, -ones, True),
        "largest floats": (x, np.full(N, np.finfo(DTYPE).max), True),
    }[case]


CASES = [
    "all out of range",
    "all out of range below",
    "nine of ten moved",
    "half nan",
    "all nan",
    "reference all nan",
    "both half nan",
    "constant, stays",
    "constant, moves up",
    "constant, moves down",
    "constant, spreads",
    "becomes constant",
    "ties, stay",
    "ties, move",
    "infinities",
    "infinities, stay",
    "constant at zero, moves below",
    "largest floats",
]


@pytest.mark.parametrize("name", [*NUMERIC, "chi2"])
def test_edges_are_finite_and_seen(name):
    """All cases as columns of one call: a bad lane never stops its neighbours."""
    x, y, seen = zip(*(edges(case) for case in CASES), strict=True)
    rest = same()[:, :, len(CASES) :]  # as many columns as elsewhere: compiled once
    every = found(name, *(np.hstack([np.stack(case, 1), z]) for case, z in zip((x, y), rest, strict=True)))
    result = jax.tree.map(lambda field: field[: len(CASES)], every)
    for field in result[:4]:
        assert np.isfinite(field).all(), dict(zip(CASES, np.isfinite(field).tolist(), strict=True))
    assert dict(zip(CASES, result.alarm.tolist(), strict=True)) == dict(zip(CASES, seen, strict=True))


@pytest.mark.parametrize("name", ["psi", "total_variation", "ks", "anderson_darling", "wasserstein"])
def test_ten_rows_and_one(name):
    x = np.arange(10.0)
    assert bool(found(name, x, x + 100.0).alarm)
    assert not bool(found(name, x, x + 0.5).alarm)
    if name != "anderson_darling":
        assert np.isfinite(found(name, x[:1], x[:1]).p_value)


def test_a_small_psi_of_few_rows_is_nothing_and_of_many_something():
    rng = np.random.default_rng(4)
    few = monitor.psi(*rng.normal(size=(2, 200, 500)).astype(DTYPE))
    assert float(np.mean(few.statistic > 0.1)) > 0.2  # the usual threshold alarms
    assert float(np.mean(few.alarm)) < 0.05 + 5 * (0.05 / 500) ** 0.5
    x, y = rng.normal(size=(2, 20_000)).astype(DTYPE)
    trifle = monitor.psi(x, y + DTYPE(0.05))
    assert float(trifle.p_value) < 0.01
    assert not bool(trifle.alarm)


def test_new_and_vanished_categories():
    result = monitor.chi2(["a"] * 50 + ["b"] * 50, ["b"] * 50 + ["c"] * 50)
    assert float(result.statistic) == pytest.approx(100.0, rel=1e-5)
    assert bool(result.alarm)
    assert not bool(monitor.g_test(["a"] * 10, ["a"] * 10).alarm)
    assert float(monitor.chi2(["a"] * 10, ["a"] * 10).p_value) == 1.0


def test_mmd_sees_what_margins_do_not():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(300, 2)).astype(DTYPE)
    turned = np.stack([x[:, 0], 0.9 * x[:, 0] + 0.44 * x[:, 1]], 1)
    assert bool(monitor.mmd(x, turned).alarm)
    assert not bool(monitor.mmd(x, rng.normal(size=(300, 2)).astype(DTYPE)).alarm)
    p = [float(monitor.mmd(*rng.normal(size=(2, 40)).astype(DTYPE), num_permutations=99).p_value) for _ in range(150)]
    assert np.mean(np.asarray(p) <= 0.05) < 0.05 + 5 * (0.05 * 0.95 / 150) ** 0.5


def test_a_classifier_sees_spread_and_missing_values_and_little_else():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 200, 3)).astype(DTYPE)
    lost = np.where(np.arange(200)[:, None] % 2 == 0, np.nan, y)
    for other in (y * DTYPE(1.8), lost, y + DTYPE(1e6), np.where(np.isnan(lost), np.inf, y)):
        result = monitor.classifier_test(x, other)
        assert bool(result.alarm)
        assert float(result.interval[0]) <= float(result.size) <= float(result.interval[1])
    pairs = rng.normal(size=(150, 2, 40, 2)).astype(DTYPE)
    p = np.asarray([float(monitor.classifier_test(*pair).p_value) for pair in pairs])
    assert np.mean(p < 0.05) < 0.05 * 1.2 + 5 * (0.05 * 0.95 / 150) ** 0.5
    with pytest.raises(ValueError, match="`current` must have at least four rows"):
        monitor.classifier_test(x, y[:3])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: monitor.psi([], [1.0]), "`reference` must have at least one row"),
        (lambda: monitor.ks([1.0], []), "`current` must have at least one row"),
        (lambda: monitor.ks([1.0], ["a"]), "`current` must be numbers"),
        (lambda: monitor.ks(np.ones((3, 2)), np.ones((3, 4))), "`current` must have shape"),
        (lambda: monitor.psi([1.0], [1.0], alpha=2.0), "`alpha` must lie"),
        (lambda: monitor.psi([1.0], [1.0], limit=-1.0), "`limit` must not be negative"),
        (lambda: monitor.psi([1.0], [1.0], edges=[2.0, 1.0]), "`edges` must ascend"),
        (lambda: monitor.psi([1.0], [1.0], num_bins=1), "`num_bins` must be an integer"),
        (lambda: monitor.chi2(["a"], [1.0]), "must both be words or both be numbers"),
        (lambda: monitor.mmd([1.0, np.nan], [1.0, 2.0]), "`reference` must be finite"),
        (lambda: monitor.mmd([1.0], [1.0, 2.0]), "`reference` must have at least two rows"),
        (lambda: jax.jit(monitor.chi2)(np.ones(3), np.ones(3)), "must be known"),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        call()
    assert str(caught.value).endswith(".")
