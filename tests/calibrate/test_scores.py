"""Scores against float64 definitions, their laws, and the reliability diagram."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from jprob import calibrate
from tests.calibrate.rows import CLOSE, binary, classes, softmax
from tests.grids import DTYPE, X64

BINS = 10


def defined(p, y, w, num_bins, strategy, norm):
    """ECE by its definition, in float64."""
    p, y, w = (np.asarray(v, float) for v in (p, y, w))
    edges = np.linspace(0, 1, num_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(p, edges)
    place = np.searchsorted(edges[1:-1], p, side="left")
    total, squared, gaps, noise = 0.0, 0.0, [], 0.0
    for b in np.unique(place):
        inside = place == b
        size = w[inside].sum()
        rate, forecast = (np.average(v[inside], weights=w[inside]) for v in (y, p))
        rows = size**2 / (w[inside] ** 2).sum()
        share = size / w.sum()
        total += share * abs(rate - forecast)
        squared += share * (rate - forecast) ** 2
        noise += share * rate * (1 - rate) / (rows - 1) if rows > 1.5 else 0.0
        gaps.append(abs(rate - forecast))
    return {"l1": total, "l2": squared**0.5, "debiased": max(squared - noise, 0) ** 0.5, "max": max(gaps)}[norm]


@pytest.mark.parametrize(
    ("strategy", "norm"), list(itertools.product(["uniform", "quantile"], ["l1", "l2", "debiased", "max"]))
)
def test_ece_as_defined(strategy, norm):
    options = {"num_bins": BINS, "strategy": strategy, "norm": norm}
    p, y, w = binary()
    np.testing.assert_allclose(calibrate.ece(p, y, weights=w, **options), defined(p, y, w, *options.values()), **CLOSE)
    z, labels, w = classes()
    q = softmax(z)
    top = defined(q.max(1), q.argmax(1) == labels, w, *options.values())
    np.testing.assert_allclose(calibrate.ece(q, labels, weights=w, **options), top, **CLOSE)
    each = np.mean([defined(q[:, k], labels == k, w, *options.values()) for k in range(q.shape[1])])
    np.testing.assert_allclose(calibrate.ece(q, labels, weights=w, kind="classwise", **options), each, **CLOSE)


def test_squares_are_exactly_one_sixth_off_in_any_bins():
    """p uniform and labels of p²: the frequency is below p everywhere, and the mean of p − p² is 1/6."""
    p = ((np.arange(3000) + 0.5) / 3000).astype(DTYPE)
    both, labels = np.concatenate([p, p]), np.repeat([1, 0], p.size)
    weights = np.concatenate([p**2, 1 - p**2])
    for options in ({"num_bins": 1}, {"num_bins": 15}, {"num_bins": 10, "strategy": "quantile"}):
        assert calibrate.ece(both, labels, weights=weights, **options) == pytest.approx(1 / 6, abs=1e-6)


def test_proper_scores_as_sklearn():
    p, y, w = binary()
    np.testing.assert_allclose(calibrate.brier_score(p, y, weights=w), brier_score_loss(y, p, sample_weight=w), **CLOSE)
    np.testing.assert_allclose(calibrate.log_loss(p, y, weights=w), sklearn_log_loss(y, p, sample_weight=w), **CLOSE)
    z, y, w = classes()
    q = softmax(z)
    np.testing.assert_allclose(calibrate.log_loss(q, y, weights=w), sklearn_log_loss(y, q, sample_weight=w), **CLOSE)
    squared = ((q - np.eye(q.shape[1])[y]) ** 2).sum(1)
    np.testing.assert_allclose(calibrate.brier_score(q, y, weights=w), np.average(squared, weights=w), **CLOSE)
    entropy = np.average(-(q * np.log(q)).sum(1), weights=w)
    np.testing.assert_allclose(calibrate.mean_entropy(q, y, weights=w), entropy, **CLOSE)
    p = q.max(1)
    spread = np.average((p - np.average(p, weights=w)) ** 2, weights=w)
    np.testing.assert_allclose(calibrate.sharpness(q, y, weights=w), spread, **CLOSE)
    assert calibrate.log_loss([1.0, 0.0], [1, 1]) == np.inf


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_decompositions_add_up(strategy):
    p, y, w = binary()
    z, labels, _ = classes()
    found = [
        (calibrate.brier_decomposition(p, y, weights=w, strategy=strategy), calibrate.brier_score(p, y, weights=w)),
        (
            calibrate.brier_decomposition(softmax(z), labels, strategy=strategy),
            calibrate.brier_score(softmax(z), labels),
        ),
        (calibrate.log_loss_decomposition(p, y, weights=w, strategy=strategy), calibrate.log_loss(p, y, weights=w)),
    ]
    for parts, whole in found:
        np.testing.assert_allclose(parts.score, whole, **CLOSE)
        added = parts.reliability - parts.resolution + parts.uncertainty + parts.within
        np.testing.assert_allclose(added, whole, **CLOSE)
        assert min(parts.reliability, parts.resolution, parts.uncertainty) > 0
    flat = calibrate.brier_decomposition(np.round(p, 1), y, num_bins=20)
    assert abs(float(flat.within)) < 1e-6  # one probability in each bin


@pytest.mark.parametrize("score", ["brier", "log"])
def test_isotonic_parts_add_up_and_are_not_negative(score):
    p, y, w = binary()
    parts = calibrate.corp(p, y, weights=w, score=score)
    whole = calibrate.brier_score(p, y, weights=w) if score == "brier" else calibrate.log_loss(p, y, weights=w)
    np.testing.assert_allclose(parts.score, whole, **CLOSE)
    np.testing.assert_allclose(parts.miscalibration - parts.discrimination + parts.uncertainty, whole, **CLOSE)
    assert min(parts[1:]) >= 0
    best = calibrate.isotonic.apply(calibrate.isotonic.fit(p, y, w), p)
    assert float(calibrate.corp(best, y, weights=w, score=score).miscalibration) == pytest.approx(0, abs=1e-6)


SCORES = {
    "ece": calibrate.ece,
    "mce": calibrate.mce,
    "brier": calibrate.brier_score,
    "log_loss": calibrate.log_loss,
    "sharpness": calibrate.sharpness,
    "mean_entropy": calibrate.mean_entropy,
    "parts": calibrate.brier_decomposition,
}


@pytest.mark.parametrize("name", SCORES)
def test_merged_batches_and_devices_are_the_whole(name):
    p, y, w = binary()
    score = SCORES[name]
    whole = score(p, y, weights=w)
    half = [calibrate.statistics(p[part], y[part], weights=w[part]) for part in (slice(0, 300), slice(300, 600))]
    jax.tree.map(functools.partial(np.testing.assert_allclose, **CLOSE), score(calibrate.merge(*half)), whole)

    def on_a_device(p, y, w):
        return score(jax.lax.psum(calibrate.statistics(p, y, weights=w), "devices"))

    split = [v.reshape(2, 300) for v in (p, y, w)]
    shared = jax.vmap(on_a_device, axis_name="devices")(*split)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, **CLOSE), shared, whole)


def test_all_scores_at_once():
    z, y, _ = classes()
    sums = calibrate.statistics(softmax(z), y)
    found = calibrate.score(sums)
    assert float(found.ece) == pytest.approx(float(calibrate.ece(softmax(z), y)))
    assert float(found.mce) == pytest.approx(float(calibrate.mce(sums)))
    assert float(found.debiased) < float(found.rms)
    assert float(found.brier) == pytest.approx(float(calibrate.brier_score(softmax(z), y)), rel=1e-5)
    with pytest.raises(ValueError, match="same bins"):
        calibrate.merge(sums, calibrate.statistics(softmax(z), y, num_bins=3))
    with pytest.raises(ValueError, match="at least one"):
        calibrate.merge()


def test_batches_share_bins_of_equal_numbers_by_their_edges():
    p, y, w = binary()
    edges = np.quantile(p, np.linspace(0, 1, 16)).astype(DTYPE)
    parts = [calibrate.statistics(p[part], y[part], edges=edges) for part in (slice(0, 300), slice(300, 600))]
    whole = calibrate.ece(p, y, strategy="quantile")
    np.testing.assert_allclose(calibrate.ece(calibrate.merge(*parts)), whole, **CLOSE)
    np.testing.assert_allclose(calibrate.adaptive_ece(p, y), whole, **CLOSE)
    with pytest.raises(ValueError, match="`edges` must be"):
        calibrate.statistics(p, y, weights=w, edges=[0.5, 0.2])


def test_ten_million_rows_streamed():
    p, y, _ = binary(size=500_000)
    batch = jax.jit(calibrate.statistics)
    total = batch(p, y)
    one = calibrate.score(total)
    for _ in range(19):
        total = calibrate.merge(total, batch(p, y))
    assert float(total.weight.sum()) == 10_000_000
    np.testing.assert_allclose(calibrate.score(total).ece, one.ece, rtol=2e-6)
    exact = defined(p, y, np.ones(p.size), 15, "uniform", "l1")
    np.testing.assert_allclose(one.ece, exact, rtol=1e-10 if X64 else 2e-6)  # float32 sums of half a million rows


def test_compiled_vmapped_and_differentiated():
    p, y, _ = binary()
    group = np.stack([p, p[::-1]]), np.stack([y, y])
    each = [calibrate.ece(*rows) for rows in zip(*group, strict=True)]
    np.testing.assert_allclose(jax.jit(jax.vmap(calibrate.ece))(*group), each, **CLOSE)
    eps = 1e-6 if X64 else 1e-3
    for score in (calibrate.ece, calibrate.brier_score, calibrate.log_loss, calibrate.smooth_ece):
        push = (p * (1 - p)).astype(DTYPE)
        slope = jax.grad(lambda p, score=score: score(p, y))(p) @ push
        # far from edges, that no row changes its bin
        around = [float(score(p + s * eps * push, y)) for s in (-1, 1)]
        if score is not calibrate.ece:
            assert float(slope) == pytest.approx((around[1] - around[0]) / (2 * eps), rel=2e-2)
        assert np.isfinite(slope)
    gap = jax.grad(lambda p: calibrate.ece(p, y, num_bins=1))(p)
    np.testing.assert_allclose(gap, np.full(p.size, 1 / p.size), rtol=1e-5)  # forecasts are too high on the whole


@pytest.mark.parametrize(
    ("seed", "size", "truth", "expected"),
    [
        (0, 2000, lambda p: p**2, 0.16818730896),
        (1, 2000, lambda p: p, 0.02341870050),
        (2, 300, lambda p: p, 0.04698156425),
        (3, 5000, lambda p: 1 / (1 + np.sqrt((1 - p) / p)), 0.08878070399),
    ],
)
def test_smooth_ece_as_relplot(seed, size, truth, expected):
    """By relplot 1.0's ``smECE``. Beyond a width of .17 it cuts its kernel off at half the unit; the next test is for there."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=size)
    y = (rng.uniform(size=size) < truth(p)).astype(int)
    assert float(calibrate.smooth_ece(p.astype(DTYPE), y)) == pytest.approx(expected, abs=1e-3)


def test_smooth_ece_is_the_fixed_point_of_its_definition():
    rng = np.random.default_rng(4)
    p = rng.uniform(size=400)
    y = (rng.uniform(size=400) < 0.8).astype(int)
    t = np.linspace(0, 1, 1001)

    def at(width):
        images = [stats.norm.pdf(t[:, None], sign * p + 2 * m, width) for m in (-1, 0, 1) for sign in (1, -1)]
        return np.trapezoid(np.abs(sum(images) @ (y - p)) / p.size, t)

    width = float(calibrate.smooth_ece(p.astype(DTYPE), y))
    assert width > 0.2
    assert at(width) == pytest.approx(width, abs=2e-5)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_diagram_as_sklearn(strategy):
    p, y, _ = binary()
    frequency, confidence = calibration_curve(y, p.astype(float), n_bins=BINS, strategy=strategy)
    found = calibrate.reliability(p, y, num_bins=BINS, strategy=strategy)
    np.testing.assert_allclose(found.frequency, frequency, atol=1e-5)
    np.testing.assert_allclose(found.confidence, confidence, atol=1e-5)
    assert found.count.sum() == p.size
    share = np.asarray(found.count) / p.size
    np.testing.assert_allclose(
        (share * abs(found.frequency - found.confidence)).sum(),
        calibrate.ece(p, y, num_bins=BINS, strategy=strategy),
        **CLOSE,
    )


def test_diagram_intervals_and_band():
    p, y, _ = binary()
    found = calibrate.reliability(p, y, num_bins=BINS, interval="clopper_pearson", level=0.9)
    k, n = np.asarray(found.frequency * found.count).round(), np.asarray(found.count)
    np.testing.assert_allclose(found.lower, np.nan_to_num(stats.beta.ppf(0.05, k, n - k + 1)), rtol=2e-4)
    np.testing.assert_allclose(found.upper, stats.beta.ppf(0.95, k + 1, n - k), rtol=2e-4)
    mean = np.asarray(found.confidence, float)
    np.testing.assert_allclose(found.band_lower, stats.binom.ppf(0.05, n, mean) / n, atol=1e-6)
    np.testing.assert_allclose(found.band_upper, stats.binom.isf(0.05, n, mean) / n, atol=1e-6)
    wilson = calibrate.reliability(p, y, num_bins=BINS)
    assert (wilson.lower <= wilson.frequency).all()  # one without a hit
    assert (wilson.frequency < wilson.upper).all()


def test_edges_of_bins_are_closed_above_and_empty_ones_say_so():
    tenths = (np.arange(11) / 10).astype(DTYPE)
    found = calibrate.reliability(tenths, np.ones(11, int), num_bins=BINS)
    assert found.count.tolist() == [2] + [1] * 9  # 0 joins .1; 1 is in the last bin
    found = calibrate.reliability(np.array([0.05, 1.0], DTYPE), [0, 1], num_bins=BINS)  # more bins than rows
    assert found.count.tolist() == [1, *[0] * 8, 1]
    assert np.isnan(found.frequency[1:-1]).all()
    assert (found.lower[1:-1] == 0).all()
    assert (found.upper[1:-1] == 1).all()
    assert calibrate.ece(np.array([0.05, 1.0], DTYPE), [0, 1]) == pytest.approx(0.025)
    assert calibrate.mce(np.array([0.05, 1.0], DTYPE), [0, 1]) == pytest.approx(0.05)


def test_one_class_only_and_a_single_row():
    p = np.full(20, 0.25, DTYPE)
    assert calibrate.ece(p, np.zeros(20, int)) == 0.25
    parts = calibrate.brier_decomposition(p, np.zeros(20, int))
    assert parts.uncertainty == 0
    assert parts.resolution == 0
    assert calibrate.log_loss_decomposition(p, np.zeros(20, int)).reliability == pytest.approx(-np.log(0.75))
    assert calibrate.smooth_ece(p, np.zeros(20, int)) == pytest.approx(0.25, abs=1e-5)
    assert calibrate.ece([0.5], [1], norm="debiased") == 0.5  # a single row has no noise that is known


def test_float32_stays_float32_and_labels_may_be_any_numbers():
    p = np.array([0.2, 0.8], np.float32)
    for labels in (
        [0, 1],
        np.array([False, True]),
        np.array([0.0, 1.0]),
        jnp.array([0, 1]),
        np.array([0, 1], np.uint8),
    ):
        assert calibrate.ece(p, labels).dtype == jnp.float32
        assert calibrate.ece(p, labels) == pytest.approx(0.2)
    assert all(leaf.dtype == jnp.float32 for leaf in calibrate.statistics(p, [0, 1]))


P, Y = [0.2, 0.8], [0, 1]


@pytest.mark.parametrize(
    ("probs", "labels", "options", "message"),
    [
        (P, [0, 2], {}, "`labels` must be 0 or 1; got 2 in row 1"),
        (P, [0, 0.5], {}, "`labels` must be 0 or 1; got 0.5 in row 1"),
        (P, ["no", "yes"], {}, "say which class counts"),
        (P, [0, np.nan], {}, "`labels` must be 0 or 1; got nan"),
        ([[0.5, 0.5]] * 2, [0, 2], {}, "whole numbers from 0 to 1; got 2 in row 1"),
        ([[0.5, 0.5], [0.7, 0.2]], Y, {}, r"sum to 1 in each row; got a sum off by -0.1 in row 1"),
        ([0.2, 1.1], Y, {}, r"`probs` must lie in \[0, 1\]; got 1.1 in row 1"),
        ([-0.1, 1.0], Y, {}, r"`probs` must lie in \[0, 1\]; got -0.1 in row 0"),
        ([0.2, np.nan], Y, {}, "got nan in row 1"),
        ([0.2, np.inf], Y, {}, "got inf in row 1"),
        ([], [], {}, "at least 1 row; got 0"),
        (P, [0, 1, 1], {}, r"`labels` must have shape \(2,\), one for each row; got \(3,\)"),
        (0.5, 1, {}, r"`probs` must have shape \(n,\) or \(n, k\)"),
        (["a", "b"], Y, {}, "`probs` must be numbers"),
        ([[1.0], [1.0]], Y, {}, "at least two columns"),
        (P, Y, {"weights": [1.0]}, r"`weights` must have shape \(2,\)"),
        (P, Y, {"weights": [1.0, -1.0]}, "`weights` must be finite, not negative"),
        (P, Y, {"num_bins": 0}, "`num_bins` must be an integer of at least 1; got 0"),
        (P, Y, {"strategy": "equal"}, "`strategy` must be one of uniform, quantile; got 'equal'"),
        (P, Y, {"norm": "l3"}, "`norm` must be one of"),
        (P, Y, {"kind": "all"}, "`kind` must be one of top, classwise"),
    ],
)
def test_refused_in_a_sentence(probs, labels, options, message):
    with pytest.raises(ValueError, match=message):
        calibrate.ece(probs, labels, **options)


def test_rounding_of_the_dtype_is_not_refused():
    z = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32) * 5
    calibrate.ece(np.asarray(jax.nn.softmax(z)), np.zeros(200, int))
    calibrate.ece(np.array([1.0 + 1.2e-7, -1e-7], np.float32), [1, 0])


def test_traced_missing_values_stay_visible():
    p, y, _ = binary()
    assert np.isnan(jax.jit(calibrate.ece)(jnp.asarray(p).at[3].set(jnp.nan), y))
