"""Label shift: prevalence recovered, intervals that cover, and inputs that do not fit."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import monitor
from tests.grids import DTYPE

ROWS, STUDIES = 2000, 60
METHODS = ["em", "bbse"]


def two_classes(key, num, share, slope=1.0, offset=0.0):
    """Predictions of label 1, calibrated under equal classes but for a line in log odds, and labels."""
    of_y, of_x = jax.random.split(key)
    y = jax.random.uniform(of_y, (num,), DTYPE) < share
    x = jax.random.normal(of_x, (num,), DTYPE) + jnp.where(y, 1.0, -1.0).astype(DTYPE)
    return jax.nn.sigmoid(slope * 2.0 * x + offset), y.astype(jnp.int32)


def three_classes(key, num, shares):
    of_y, of_x = jax.random.split(key)
    y = jax.random.categorical(of_y, jnp.log(jnp.asarray(shares, DTYPE)), shape=(num,))
    x = jax.random.normal(of_x, (num, 3), DTYPE) + 2.0 * jax.nn.one_hot(y, 3, dtype=DTYPE)
    return jax.nn.softmax(3.0 * x, -1), y


@functools.cache
def studied(method):
    """``(prevalence, low, high, identifiable)`` of many studies at each prevalence, one program for all."""

    @jax.jit
    def study(keys, share):
        def one(key):
            ours, theirs = jax.random.split(key)
            p, y = two_classes(ours, ROWS, 0.5, 1.4, 0.5)
            q, _ = two_classes(theirs, ROWS, share, 1.4, 0.5)
            found = monitor.label_shift(p, y, q, method=method)
            return found.prevalence[1], *found.interval[1], found.p_value, found.identifiable

        return jax.lax.map(one, keys, batch_size=50)

    keys = jax.random.split(jax.random.key(8), STUDIES)
    return {share: jax.device_get(study(keys, jnp.asarray(share, DTYPE))) for share in (0.01, 0.1, 0.5)}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_intervals_cover_and_the_prevalence_is_recovered(method, share):
    """93 to 97 % by the benchmark's 2,000 studies; here five standard errors of sixty around that."""
    found, low, high, _, told_apart = studied(method)[share]
    covered = np.mean((low <= share) & (share <= high))
    assert 0.93 - 5 * (0.05 * 0.95 / STUDIES) ** 0.5 < covered <= 1.0
    assert abs(np.mean(found) - share) < 5 * np.std(found) / STUDIES**0.5 + 0.3 * share * (share < 0.1)  # 0 is an end
    assert told_apart.all()
    assert (high - low).max() < 0.16


@pytest.mark.parametrize("method", METHODS)
def test_p_values_are_uniform_without_a_shift_and_tiny_with_one(method):
    p = studied(method)[0.5][3]
    assert np.mean(p < 0.1) < 0.1 + 5 * (0.09 / STUDIES) ** 0.5
    assert np.mean(p) == pytest.approx(0.5, abs=5 * (1 / 12 / STUDIES) ** 0.5)
    assert studied(method)[0.1][3].max() < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_three_classes(key, method):
    before, now = (0.4, 0.35, 0.25), (0.05, 0.25, 0.7)
    p, y = three_classes(key, 3000, before)
    q, _ = three_classes(jax.random.fold_in(key, 1), 3000, now)
    found = monitor.label_shift(p, y, q, method=method)
    assert found.prevalence.dtype == DTYPE
    assert found.interval.shape == (3, 2)
    error = (found.interval[:, 1] - found.interval[:, 0]) / 3.92
    assert bool(jnp.all(jnp.abs(found.prevalence - jnp.asarray(now)) < 5 * error))
    assert float(found.prevalence.sum()) == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(found.ratio, found.prevalence / found.reference)
    assert bool(found.identifiable)
    assert bool(found.converged)
    assert not bool(found.degenerate)


def test_it_does_not_matter_how_the_classifier_is_miscalibrated(key):
    """A line in log odds is undone on the reference; the rule of classes is the same."""
    ours, theirs = jax.random.split(key)
    found = [
        monitor.label_shift(*two_classes(ours, ROWS, 0.5, *line), two_classes(theirs, ROWS, 0.1, *line)[0])
        for line in ((1.0, 0.0), (0.5, 0.7))
    ]
    assert np.allclose(found[0].prevalence, found[1].prevalence, atol=2e-3)
    assert np.allclose(found[0].interval, found[1].interval, atol=2e-3)


def test_two_columns_are_as_one(key):
    ours, theirs = jax.random.split(key)
    (p, y), (q, _) = two_classes(ours, ROWS, 0.5), two_classes(theirs, ROWS, 0.2)
    one = monitor.label_shift(p, y, q)
    two = monitor.label_shift(jnp.stack([1 - p, p], -1), y, jnp.stack([1 - q, q], -1))
    assert np.allclose(one.prevalence, two.prevalence, atol=1e-5)
    assert np.allclose(one.interval, two.interval, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_predictions_that_know_nothing_say_so(key, method):
    p = jax.random.uniform(key, (ROWS,), DTYPE)
    y = (jnp.arange(ROWS) % 2).astype(jnp.int32)
    found = monitor.label_shift(p, y, jax.random.uniform(jax.random.fold_in(key, 1), (ROWS,), DTYPE), method=method)
    assert not bool(found.identifiable)
    assert bool(jnp.isfinite(found.prevalence).all())


def test_a_few_rows_of_a_class_are_flagged(key):
    p, _ = two_classes(key, ROWS, 0.5)
    found = monitor.label_shift(p, (jnp.arange(ROWS) < 4).astype(jnp.int32), p)
    assert bool(found.degenerate)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([0.2, 0.7], [0, 0], [0.5]), "`reference_labels` must hold each class at least once; got none of 1"),
        (([0.25, 1.5], [0, 1], [0.5]), r"`reference_probs` must lie in \[0, 1\]; got 1.5 in row 1"),
        (([0.2, 0.7], [0, 1], [-3.0]), r"`current_probs` must lie in \[0, 1\]; got -3.0 in row 0"),
        (
            ([0.2, 0.7], [0, 1], [[0.5, 0.3, 0.2]]),
            "`current_probs` must have shape .n,., the classes of `reference_probs`",
        ),
        (([0.2, 0.7], [0, 2], [0.5]), "`reference_labels` must be whole numbers from 0 to 1; got 2 in row 1"),
        (([0.2, 0.7], [0], [0.5]), "`reference_labels` must have shape .2,., one for each row"),
        (([0.2, 0.7], ["no", "yes"], [0.5]), "`reference_labels` must be whole numbers from 0 to 1; got 'no'"),
        (([0.2, 0.7], [0, 1], []), "`current_probs` must have at least one row; got none"),
        (([[0.5, 0.2]], [0], [[0.5, 0.5]]), "`reference_probs` must sum to 1 in each row; got a sum off by -0.3"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    probs, labels, current = arguments
    with pytest.raises(ValueError, match=sentence):
        monitor.label_shift(np.array(probs), np.array(labels), np.array(current, float))


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="`method` must be one of em, bbse; got 'rlls'"):
        monitor.label_shift([0.1, 0.9], [0, 1], [0.5], method="rlls")


def test_an_interval_widens_with_its_level_as_the_normal_quantile():
    p, y = jnp.array([0.75, 0.25] * 400), jnp.array([1, 0, 1, 0, 1, 0, 0, 1] * 100)
    now = jnp.array([0.75, 0.75, 0.75, 0.25, 0.25, 0.25, 0.25, 0.25] * 200)
    wide, narrow = (jnp.diff(monitor.label_shift(p, y, now, level=level).interval[1])[0] for level in (0.95, 0.9))
    assert float(wide / narrow) == pytest.approx(1.959964 / 1.644854, rel=0.02)
