"""Streaming counts and verdicts over columns: a batch, a stream and merged shards are one."""

import itertools
import json

import jax
import numpy as np
import pandas as pd
import pytest

from jprob import monitor
from jprob.simulate.counts import exact
from tests.grids import DTYPE

RNG = np.random.default_rng(8)
REFERENCE = RNG.normal(size=(500, 3)).astype(DTYPE)
CURRENT = RNG.normal(0.3, 1.0, size=(900, 3)).astype(DTYPE)
CURRENT[::7, 1] = np.nan
update = jax.jit(monitor.update)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


@pytest.fixture(scope="module")
def state():
    return monitor.reference(REFERENCE)


def test_batch_stream_and_merge_agree_to_the_bit_in_any_order(state):
    whole = update(state, CURRENT)
    parts = [CURRENT[:300], CURRENT[300:600], CURRENT[600:]]
    for order in itertools.permutations(parts):
        stream = state
        for part in order:
            stream = update(stream, part)
        shards = [update(state, part) for part in order]
        assert same(stream, whole)
        assert same(monitor.merge(monitor.merge(shards[0], shards[1]), shards[2]), whole)
    assert exact(whole.current).sum(1).tolist() == [900, 900, 900]
    assert exact(whole.current)[1, -1] == 129


@pytest.mark.parametrize("name", ["psi", "kl", "js", "total_variation"])
def test_the_score_of_a_stream_is_the_statistic_of_its_rows(state, name):
    streamed = monitor.score(update(state, CURRENT), name)
    direct = getattr(monitor, name)(REFERENCE, CURRENT)
    for a, b in zip(streamed, direct, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_counts_of_tables_score_too(state):
    counted = update(state, CURRENT)
    assert bool(monitor.score(counted, "chi2").alarm.any())
    assert bool(monitor.score(counted, "g_test").alarm.any())


def test_nothing_counted_is_no_drift(state):
    result = monitor.score(state)
    np.testing.assert_array_equal(result.p_value, np.ones(3))
    assert not bool(result.alarm.any())


def test_json_brings_everything_back(state):
    counted = update(state, CURRENT)
    text = monitor.to_json(counted)
    assert json.loads(text)["current"] == exact(counted.current).tolist()
    back = monitor.from_json(text)
    assert same(back, counted)
    assert back.cuts.dtype == DTYPE
    single = update(monitor.reference(np.where(RNG.uniform(size=50) < 0.5, np.inf, 1.0).astype(DTYPE)), CURRENT[:50, 0])
    assert same(monitor.from_json(monitor.to_json(single)), single)


def test_counts_go_beyond_one_word(state):
    document = json.loads(monitor.to_json(state))
    document["current"] = (np.asarray(document["current"], np.uint64) + np.uint64(2**33)).tolist()
    large = monitor.from_json(json.dumps(document))
    assert exact(update(large, CURRENT).current).sum() == 3 * 11 * 2**33 + 2700


@pytest.mark.parametrize("text", ["", "{}", '{"cuts": 1}', '{"cuts":["zz"],"dtype":"float32"}'])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="`text` must be a monitor"):
        monitor.from_json(text)


def test_a_window_forgets(state):
    last = monitor.window(state, 2)
    for part in (CURRENT[:300], CURRENT[300:600], CURRENT[600:]):
        last = monitor.slide(last, part)
    assert same(last.monitor, update(state, CURRENT[300:]))
    np.testing.assert_array_equal(monitor.score(last).statistic, monitor.score(update(state, CURRENT[300:])).statistic)


def test_wrong_states_and_batches_are_told(state):
    with pytest.raises(ValueError, match="`batch` must have shape"):
        monitor.update(state, CURRENT[:, :2])
    with pytest.raises(ValueError, match="`second` must have the reference of `first`"):
        monitor.merge(state, monitor.reference(CURRENT))
    with pytest.raises(ValueError, match="`statistic` must be one of"):
        monitor.score(state, "nonsense")


def test_clean_data_sets_are_called_drifted_at_the_stated_rate():
    """A hundred data sets of ten columns: the verdict errs in at most one of twenty, at five standard errors."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 100, 1000)).astype(DTYPE)
    p = np.asarray(monitor.psi(x, y).p_value).reshape(100, 10)
    wrong = float(np.mean((np.asarray(monitor.benjamini_hochberg(p)) <= 0.05).any(1)))
    assert wrong < 0.05 * 1.2 + 5 * (0.05 * 0.95 / 100) ** 0.5


def test_columns_by_name_in_any_order_with_the_drifted_one_found():
    before = {"a": REFERENCE[:, 0], "b": REFERENCE[:, 1], "city": ["x", "y"] * 250}
    after = {"city": ["x", "y"] * 450, "new": CURRENT[:, 0], "b": RNG.normal(2.0, 1.0, 900), "a": RNG.normal(size=900)}
    for method in ("hochberg", "yekutieli"):
        result = monitor.drift(before, after, method=method)
        assert result.names == ("a", "b", "city")
        assert result.tests == ("psi", "psi", "chi2")
        assert result.alarm.tolist() == [False, True, False]
        assert result.ignored == ("new",)
        assert bool(result.drifted)
        assert float(result.share) == pytest.approx(1 / 3)
    np.testing.assert_allclose(result.p_value[0], monitor.psi(before["a"], after["a"].astype(DTYPE)).p_value, rtol=1e-4)


def test_a_data_frame_is_columns_by_name():
    frame = pd.DataFrame({"a": REFERENCE[:, 0], "city": ["x", None] * 250})
    found = monitor.drift(frame, frame)
    assert found.names == ("a", "city")
    assert not bool(found.drifted)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"a": [1.0]}, {"b": [1.0]}, "got none named 'a'"),
        ({"a": [1.0]}, {"a": ["x"]}, "must have numbers in column 'a'"),
        ({}, {}, "at least one column"),
        ({"a": []}, {"a": [1.0]}, "n at least 1"),
        ([1.0], [2.0], "columns by name"),
    ],
)
def test_data_sets_that_do_not_fit(before, after, sentence):
    with pytest.raises(ValueError, match=sentence):
        monitor.drift(before, after)
