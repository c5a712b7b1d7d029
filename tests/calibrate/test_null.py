"""Verdicts: false alarms at their rate, power against known faults, intervals that hold the truth."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import calibrate
from tests.calibrate.rows import CLOSE, binary, classes, log_odds, sigmoid, softmax
from tests.grids import DTYPE

STUDIES, ROWS, BINS = 500, 100, 10


def drawn(key, temperature):
    """Log odds and labels at a temperature."""
    ours, theirs = jax.random.split(key)
    z = 1.5 * jax.random.normal(ours, (ROWS,), DTYPE)
    return jax.nn.sigmoid(z), jax.random.uniform(theirs, z.shape) < jax.nn.sigmoid(z / temperature)


@functools.partial(jax.jit, static_argnums=1)
def p_values(keys, temperature):
    def one(key):
        data, test = jax.random.split(key)
        p, y = drawn(data, temperature)
        ours = calibrate.calibration_test(test, p, y, num_bins=BINS, num_simulations=99)
        z = calibrate.spiegelhalter(p, y)
        groups = calibrate.hosmer_lemeshow(p, y, num_groups=5)
        return ours.p_value, z.p_value, groups.p_value

    return jax.vmap(one)(keys)


def test_false_alarms_come_at_their_rate(key):
    """p-values of 100 equal steps: at most 5 hundredths in 5 % of studies; five standard errors of 500 are 4.9 %."""
    ours, z, groups = (np.asarray(v) for v in p_values(jax.random.split(key, STUDIES), 1.0))
    for p in (ours, z, groups):
        assert abs((p <= 0.05).mean() - 0.05) < 5 * (0.05 * 0.95 / STUDIES) ** 0.5
        assert abs(p.mean() - 0.5) < 5 * (1 / 12 / STUDIES) ** 0.5 + 0.01
    sharp = [np.asarray(v) for v in p_values(jax.random.split(key, STUDIES), 3.0)]
    assert all((p <= 0.05).mean() > 0.3 for p in sharp)  # they see logits three times too large


def test_what_noise_alone_shows(key):
    """A calibrated model with 1,000 rows in 10 bins shows an ECE of .031."""
    p, y, _ = binary(size=1000, truth=lambda p: p)
    found = calibrate.calibration_test(key, p, y, num_bins=10)
    assert float(found.null_mean) == pytest.approx(0.031, abs=0.003)
    assert float(found.p_value) > 0.01
    assert np.all(np.diff(found.null) >= 0)
    assert float(found.null_quantile) == pytest.approx(np.quantile(found.null, 0.95), rel=1e-5)
    assert float(found.statistic) == pytest.approx(float(calibrate.ece(p, y, num_bins=10)), rel=1e-5)


def test_a_fault_is_found_with_weights_and_of_classes(key):
    p, y, w = binary(size=1000)
    assert float(calibrate.calibration_test(key, p, y, weights=w, num_bins=10).p_value) == pytest.approx(0.001)
    z, y, _ = classes()  # logits twice too large
    assert float(calibrate.calibration_test(key, softmax(z), y, num_bins=10, strategy="quantile").p_value) < 0.01


def test_sums_of_batches_say_what_their_rows_say(key):
    """Intervals and diagrams are those of the sums; labels drawn bin by bin have the noise of labels drawn row by row."""
    p, y, w = binary(size=1000)
    fine = [calibrate.statistics(p[half], y[half], num_bins=20 * BINS) for half in (slice(0, 500), slice(500, 1000))]
    sums = calibrate.merge(*fine)
    coarse = calibrate.coarsen(sums, BINS)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, **CLOSE), coarse, calibrate.statistics(p, y, num_bins=BINS)
    )
    pairs = [
        (calibrate.ece_interval(key, coarse), calibrate.ece_interval(key, p, y, num_bins=BINS)),
        (calibrate.reliability(coarse), calibrate.reliability(p, y, num_bins=BINS)),
    ]
    for ours, theirs in pairs:
        jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), ours, theirs)
    many = calibrate.statistics(p, y, num_bins=3000)
    assert float(calibrate.smooth_ece(many)) == pytest.approx(float(calibrate.smooth_ece(p, y)), rel=0.01)
    for norm in ("l1", "max"):
        ours = calibrate.calibration_test(key, sums, num_bins=BINS, norm=norm, num_simulations=999)
        theirs = calibrate.calibration_test(key, p, y, num_bins=BINS, norm=norm, num_simulations=999)
        assert float(ours.statistic) == pytest.approx(float(theirs.statistic), rel=1e-4)
        assert float(ours.p_value) == float(theirs.p_value) == pytest.approx(0.001)
        error = np.std(theirs.null) / np.sqrt(999 / 2)
        assert abs(float(ours.null_mean - theirs.null_mean)) < 5 * error
        assert np.std(ours.null) == pytest.approx(np.std(theirs.null), rel=5 / np.sqrt(999))
    weighted = calibrate.statistics(p, y, weights=w, num_bins=BINS)
    both = calibrate.statistics(np.stack([p, 1 - p], 1), y, kind="classwise")
    with pytest.raises(ValueError, match="rows without weights"):
        calibrate.calibration_test(key, weighted, num_bins=BINS)
    with pytest.raises(ValueError, match="`num_bins` must divide the 10 bins"):
        calibrate.calibration_test(key, coarse, num_bins=3)
    for call in (calibrate.reliability, calibrate.smooth_ece, functools.partial(calibrate.ece_interval, key)):
        with pytest.raises(ValueError, match="sums of the top label"):
            call(both)


def test_spiegelhalter_as_defined():
    p, y, w = binary()
    p, w = p.astype(float), w.astype(float)
    top = (w * (y - p) * (1 - 2 * p)).sum()
    z = top / np.sqrt((w**2 * (1 - 2 * p) ** 2 * p * (1 - p)).sum())
    found = calibrate.spiegelhalter(p.astype(DTYPE), y, weights=w.astype(DTYPE))
    assert float(found.statistic) == pytest.approx(z, rel=1e-4)
    assert float(found.p_value) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-3)
    nothing = calibrate.spiegelhalter([0.5, 0.5, 1.0], [0, 1, 1])
    assert bool(nothing.degenerate)
    assert float(nothing.p_value) == 1.0


def test_hosmer_lemeshow_as_defined():
    p, y, _ = binary()
    found = calibrate.hosmer_lemeshow(p, y)
    wide = p.astype(float)
    group = np.searchsorted(np.quantile(wide, np.linspace(0, 1, 11))[1:-1], wide)
    total = 0.0
    for g in range(10):
        inside = group == g
        expected = wide[inside].sum()
        total += (y[inside].sum() - expected) ** 2 / (expected * (1 - expected / inside.sum()))
    assert float(found.statistic) == pytest.approx(total, rel=1e-4)
    assert int(found.df) == 10
    assert float(calibrate.hosmer_lemeshow(p, y, fitted=True).p_value) == pytest.approx(
        stats.chi2.sf(total, 8), rel=1e-2, abs=1e-12
    )
    sure = calibrate.hosmer_lemeshow([1.0, 1.0], [1, 0], num_groups=2)
    assert float(sure.statistic) == np.inf  # what was certain did not come
    assert bool(calibrate.hosmer_lemeshow([1.0, 1.0], [1, 1], num_groups=2).degenerate)


@pytest.mark.parametrize("fault", ["none", "cool", "one_bin"])
def test_intervals_hold_the_true_error(key, fault):
    """Of the bins as they are: without a fault, with logits twice too large, with a single bin that is off."""

    def truth(p):
        return {
            "none": p,
            "cool": jax.nn.sigmoid(jnp.log(p / (1 - p)) / 2),
            "one_bin": jnp.where(p > 0.8, p - 0.15, p),
        }[fault]

    @jax.jit
    @jax.vmap
    def inside(key):
        data, labels, test = jax.random.split(key, 3)
        p = jax.random.uniform(data, (400,), DTYPE, 0.01, 0.99)
        found = calibrate.ece_interval(test, p, jax.random.uniform(labels, p.shape) < truth(p), num_bins=10)
        return (found.interval[0] <= true) & (true <= found.interval[1]), found.interval

    grid = jnp.linspace(0.01, 0.99, 20_001)
    tenths = np.clip(np.ceil(np.asarray(grid) * 10).astype(int) - 1, 0, 9)
    true = np.abs(np.bincount(tenths, truth(grid) - grid)).sum() / grid.size
    held, ends = inside(jax.random.split(key, 300))
    assert held.mean() > 0.95 - 5 * (0.05 * 0.95 / 300) ** 0.5
    if fault == "none":
        assert (np.asarray(ends)[:, 0] == 0).mean() > 0.9
    if fault == "cool":
        assert (np.asarray(ends)[:, 0] > 0).mean() > 0.8


def test_bootstrap_goes_through_the_engine(key):
    p, y, _ = binary()
    found = calibrate.ece_bootstrap(key, p, y, num_bins=10, num_resamples=400)
    assert float(found.estimate) == pytest.approx(float(calibrate.ece(p, y, num_bins=10)), rel=1e-5)
    assert found.interval[0] < 1 / 6 < found.interval[1]
    direct = calibrate.ece_interval(key, p, y, num_bins=10)
    assert direct.interval[0] < 1 / 6 < direct.interval[1]


def test_refused(key):
    z, y, _ = log_odds()
    p = sigmoid(z)
    with pytest.raises(ValueError, match="num_simulations"):
        calibrate.calibration_test(key, p, y, num_simulations=0)
    with pytest.raises(ValueError, match="level"):
        calibrate.ece_interval(key, p, y, level=1.0)
    with pytest.raises(ValueError, match="num_groups"):
        calibrate.hosmer_lemeshow(p, y, num_groups=1)
