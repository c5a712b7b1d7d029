"""Accuracy without labels, calibration drift with them, and what changed: laws, and what cannot be known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import monitor
from jprob.monitor import ACCURACY_STATUS as STATUS
from jprob.monitor import Sample
from tests.grids import DTYPE

ROWS, STUDIES = 2000, 60


def drawn(key, move=0.0, bend=1.0, loud=1.5):
    """Rows whose chances are a line in the predictions' log odds; moved, or with chances bent."""
    of_z, of_y = jax.random.split(key)
    z = move + 1.5 * jax.random.normal(of_z, (ROWS,), DTYPE)
    y = jax.random.uniform(of_y, (ROWS,), DTYPE) < jax.nn.sigmoid(bend * z)
    return jax.nn.sigmoid(loud * z + 0.3), y.astype(jnp.int32)


def rarer(key, share):
    of_y, of_x = jax.random.split(key)
    y = jax.random.uniform(of_y, (ROWS,), DTYPE) < share
    x = jax.random.normal(of_x, (ROWS,), DTYPE) + jnp.where(y, 1.0, -1.0).astype(DTYPE)
    return jax.nn.sigmoid(2.0 * x), y.astype(jnp.int32)


@functools.cache
def studied():
    @jax.jit
    def study(keys, move):
        def one(key):
            ours, theirs = jax.random.split(key)
            (p, y), (q, c) = drawn(ours), drawn(theirs, move)
            found = monitor.estimated_accuracy(q, p, y)
            drift = monitor.calibration_drift(p, y, q, c)
            return found, jnp.mean((q > 0.5) == c), drift.p_value, drift.interval

        return jax.lax.map(one, keys, batch_size=25)

    keys = jax.random.split(jax.random.key(3), STUDIES)
    return {move: jax.device_get(study(keys, jnp.asarray(move, DTYPE))) for move in (0.0, 1.0)}


@pytest.mark.parametrize("move", [0.0, 1.0])
def test_accuracy_is_in_its_interval_whatever_rows_come(move):
    found, hits, _, _ = studied()[move]
    true, slack = hits.mean(), 5 * (0.05 * 0.95 / STUDIES) ** 0.5
    for ends, target in ((found.interval, true), (found.rows_interval, hits)):
        covered = np.mean((ends[:, 0] <= target) & (target <= ends[:, 1]))
        assert covered > 0.95 - slack
    assert abs(found.accuracy.mean() - true) < 5 * (hits.std() + found.accuracy.std()) / STUDIES**0.5
    wide = np.diff(found.interval)[:, 0]
    assert wide.mean() == pytest.approx(3.92 * found.accuracy.std(), rel=0.4)  # no wider than it varies
    status = np.bincount(found.status, minlength=len(STATUS)) / STUDIES
    assert status[STATUS.index("reference miscalibrated")] < 0.01 + 5 * (0.01 / STUDIES) ** 0.5
    assert status[STATUS.index("no concept drift assumed")] > 0.9


@pytest.mark.parametrize("move", [0.0, 1.0])
def test_rows_that_move_are_no_calibration_drift(move):
    _, _, p, ends = studied()[move]
    assert np.mean(p < 0.05) < 0.05 + 5 * (0.0475 / STUDIES) ** 0.5
    assert np.mean(ends[:, 0] <= 0.0) > 0.85


def test_what_it_cannot_know_is_said(key):
    keys = jax.random.split(key)
    p, y = rarer(keys[0], 0.5)
    shifted = monitor.estimated_accuracy(rarer(keys[1], 0.05)[0], p, y)
    assert STATUS[int(shifted.status)] == "label shift"
    assert not bool(shifted.known)
    bent = jnp.where(p > 0.9, 0.6, p)  # a fold that no line in log odds undoes
    assert STATUS[int(monitor.estimated_accuracy(bent, bent, y).status)] == "reference miscalibrated"
    alone = monitor.estimated_accuracy(p)
    assert STATUS[int(alone.status)] == "no labelled reference"
    assert bool(jnp.isnan(alone.reference))
    assert float(alone.accuracy) == pytest.approx(float(jnp.mean(jnp.maximum(p, 1 - p))), rel=1e-4)


def test_three_classes_promise_the_share_of_hits(key):
    of_y, of_x = jax.random.split(key)
    y = jax.random.categorical(of_y, jnp.zeros(3, DTYPE), shape=(2 * ROWS,))
    x = jax.random.normal(of_x, (2 * ROWS, 3), DTYPE) + 1.5 * jax.nn.one_hot(y, 3, dtype=DTYPE)
    p = jax.nn.softmax(3.0 * x, -1)  # twice as loud as it should be
    found = monitor.estimated_accuracy(p[ROWS:], p[:ROWS], y[:ROWS])
    hits = float(jnp.mean(jnp.argmax(p[ROWS:], 1) == y[ROWS:]))
    assert float(found.rows_interval[0]) < hits < float(found.rows_interval[1])
    assert float(jnp.mean(jnp.max(p, 1))) > float(found.rows_interval[1])


@pytest.mark.parametrize(("change", "at"), [({"bend": 0.4}, 0), ({"bend": 1.0, "move": 0.0}, None)])
def test_calibration_drift_sees_what_a_prediction_means(key, change, at):
    keys = jax.random.split(key)
    found = monitor.calibration_drift(*drawn(keys[0]), *drawn(keys[1], **change))
    assert bool(found.alarm) == (at == 0)
    assert float(found.interval[0]) <= float(found.size) <= float(found.interval[1])
    assert found.size.dtype == DTYPE
    assert float(found.reference[0]) == pytest.approx(1 / 1.5, abs=0.15)
    assert float(found.current[0]) == pytest.approx(change["bend"] / 1.5, abs=0.15)


def test_labels_of_one_kind_allow_no_line(key):
    p, y = drawn(key)
    found = monitor.calibration_drift(p, y, p, jnp.zeros_like(y))
    assert bool(found.degenerate)
    assert float(found.p_value) == 1.0
    assert not bool(found.alarm)


CHANGES = {
    "nothing": (drawn, {}, {}),
    "covariate": (drawn, {}, {"move": 1.0}),
    "concept": (drawn, {}, {"bend": 0.3}),
    "label": (rarer, {"share": 0.5}, {"share": 0.05}),
}


def samples(name, seed, labels=True):
    draw, before, now = CHANGES[name]
    ours, theirs = jax.random.split(jax.random.key(seed))
    current = Sample(*draw(theirs, **now))
    return Sample(*draw(ours, **before)), current if labels else current._replace(labels=None)


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_names_it(name):
    verdicts = [monitor.what_changed(*samples(name, seed)) for seed in range(10)]
    assert sum(found.verdict == name for found in verdicts) >= 9
    assert all(found.known for found in verdicts)


@pytest.mark.parametrize(("name", "said"), [("nothing", "nothing"), ("label", "label"), ("concept", "nothing")])
def test_without_labels_a_concept_drift_is_not_seen_and_that_is_said(name, said):
    found = [monitor.what_changed(*samples(name, seed, labels=False)) for seed in range(10)]
    assert sum(one.verdict == said for one in found) >= 9
    assert not any(one.known for one in found)
    assert all(np.isnan(one.concept.p_value) for one in found)


def test_without_labels_of_the_reference_the_cause_is_unknown():
    before, now = samples("covariate", 0)
    assert monitor.what_changed(before._replace(labels=None), now).verdict == "unknown"


def test_a_feature_that_moved_is_covariate_shift_even_where_predictions_did_not():
    before, now = samples("nothing", 0)
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, ROWS, 2)).astype(DTYPE)
    found = monitor.what_changed(before._replace(features=x), now._replace(features=z + np.array([0, 1], DTYPE)))
    assert found.verdict == "covariate"
    assert found.features.size > 0.1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: monitor.estimated_accuracy([0.5], [0.5]),
            "`reference_probs` and `reference_labels` must both be given",
        ),
        (lambda: monitor.estimated_accuracy([1.5]), r"`probs` must lie in \[0, 1\]; got 1.5 in row 0"),
        (lambda: monitor.estimated_accuracy([]), "`probs` must have at least one row; got none"),
        (lambda: monitor.estimated_accuracy(["a"]), "`probs` must be numbers; got <U1"),
        (lambda: monitor.what_changed(Sample(), [0.5]), "`reference` must have probabilities; got none"),
        (
            lambda: monitor.what_changed([0.5], [[0.5, 0.3, 0.2]]),
            "`current` must have shape .n,., the classes of `reference`",
        ),
        (
            lambda: monitor.calibration_drift([0.5], [0], [0.5], [2]),
            "`current_labels` must be whole numbers from 0 to 1",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
