"""Laws of an experiment's answer, whatever the data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import ab
from tests.grids import DTYPE, X64

SLACK = 1e-8 if X64 else 4e-6
successes = np.asarray([[12.0, 20.0, 9.0], [0.0, 0.0, 4.0], [500.0, 480.0, 2.0]], DTYPE)
trials = np.asarray([[100.0, 110.0, 95.0], [3.0, 0.0, 4.0], [5000.0, 5000.0, 20.0]], DTYPE)
batch = jax.jit(lambda s, n: ab.analyze(s, n, rope=0.1))


@pytest.fixture(scope="module")
def three():
    return jax.tree.map(np.asarray, batch(successes, trials))


def test_one_arm_is_best(three):
    np.testing.assert_allclose(three.prob_best.sum(-1), 1.0, atol=SLACK)


def test_order_of_the_arms_does_not_matter(three):
    turned = jax.tree.map(np.asarray, batch(successes[:, [0, 2, 1]], trials[:, [0, 2, 1]]))
    for field in ("prob_best", "expected_loss", "lift", "rope_mass", "lift_interval"):
        value = getattr(turned, field)[:, [0, 2, 1]]
        np.testing.assert_allclose(value, getattr(three, field), rtol=100 * SLACK, atol=SLACK, err_msg=field)


def test_three_arms_against_draws(three):
    rng, n = np.random.default_rng(2), 200_000
    for i in range(3):
        p = rng.beta(*(np.asarray(v[i], float) for v in three.posterior), (n, 3))
        best = p.argmax(-1)
        loss = p.max(-1, keepdims=True) - p
        for k in range(3):
            assert abs((best == k).mean() - three.prob_best[i, k]) < 5 * 0.5 / np.sqrt(n)
            assert abs(loss[:, k].mean() - three.expected_loss[i, k]) < 5 * loss[:, k].std() / np.sqrt(n) + SLACK
            lift = p[:, k] / p[:, 0] - 1
            if k:
                assert abs((np.abs(lift) <= 0.1).mean() - three.rope_mass[i, k]) < 5 * 0.5 / np.sqrt(n)
                assert abs((lift > 0).mean() - three.prob_beats_control[i, k]) < 5 * 0.5 / np.sqrt(n)


def test_a_batch_is_its_experiments_one_by_one(three):
    mapped = jax.tree.map(np.asarray, jax.jit(jax.vmap(lambda s, n: ab.analyze(s, n, rope=0.1)))(successes, trials))
    for field in three._fields:
        for a, b in zip(jax.tree.leaves(getattr(mapped, field)), jax.tree.leaves(getattr(three, field)), strict=True):
            np.testing.assert_allclose(a, b, rtol=100 * SLACK, atol=SLACK, err_msg=field)


def test_a_lane_that_cannot_be_is_nan_and_leaves_the_others_alone(three):
    broken = trials.copy()
    broken[1, 1] = -2.0
    result = jax.tree.map(np.asarray, batch(successes, broken))
    assert np.isnan(result.prob_best[1]).all()
    for i in (0, 2):
        np.testing.assert_array_equal(result.prob_best[i], three.prob_best[i])
        np.testing.assert_array_equal(result.lift_interval[i], three.lift_interval[i])


def test_identical_arms_tie():
    result = ab.analyze([7, 7], [50, 50])
    np.testing.assert_allclose(result.prob_best, 0.5, atol=SLACK)
    assert float(result.lift[1]) == pytest.approx(0.0, abs=1e-6)
    assert float(result.lift_interval[1, 0]) < 0 < float(result.lift_interval[1, 1])


def test_more_data_of_the_same_shares_is_more_certain():
    certain = [
        float(ab.prob_best((np.asarray([10.0, 12.0]) * c, np.asarray([90.0, 88.0]) * c))[1]) for c in (1, 10, 100)
    ]
    assert certain == sorted(certain)
    assert certain[-1] > 0.999


def test_gradients_in_data_and_prior_are_those_of_differences():
    def value(x):
        result = ab.analyze(x[:2], jnp.asarray([100.0, 110.0]), prior=(x[2], x[3]))
        return jnp.stack(
            [
                result.prob_best[1],
                result.expected_loss[0],
                result.lift[1],
                result.lift_interval[1, 0],
                result.rate_interval[0, 1],
            ]
        )

    value = jax.jit(value)
    x = jnp.asarray([12.0, 20.0, 1.5, 2.0])
    slopes = np.asarray(jax.jit(jax.jacobian(value))(x))
    assert np.isfinite(slopes).all()
    if X64:
        h = 1e-4
        for i in range(4):
            # counts are checked to be whole: along them, compare with prior shapes, which enter the same way
            if i < 2:
                continue
            step = jnp.zeros(4).at[i].set(h)
            np.testing.assert_allclose(
                slopes[:, i], (value(x + step) - value(x - step)) / (2 * h), rtol=1e-5, atol=1e-9
            )


@pytest.mark.parametrize(
    ("successes", "trials", "options", "match"),
    [
        ([1, 2], [3, 1], {}, "`trials` must not be smaller than `successes`; got 1 < 2 at index"),
        ([-1, 2], [3, 4], {}, "`successes` must be whole numbers of at least 0; got -1"),
        ([0.5, 2], [3, 4], {}, "`successes` must be whole numbers"),
        ([1, 2], [np.nan, 4], {}, "`trials` must be whole numbers of at least 0"),
        ([1, 2], [np.inf, 4], {}, "`trials` must be whole numbers of at least 0"),
        ([1], [3], {}, "two arms"),
        (1, 3, {}, "two arms"),
        ([1, 2], [3, 4], {"prior": (0.0, 1.0)}, "`prior` must be positive"),
        ([1, 2], [3, 4], {"prior": (1.0, np.nan)}, "`prior` must be positive"),
        ([1, 2], [3, 4], {"level": 1.0}, "`level` must lie strictly between 0 and 1"),
        ([1, 2], [3, 4], {"control": 2}, "`control` must be the index of an arm"),
        ([1, 2], [3, 4], {"rope": -0.1}, "`rope` must be"),
        ([1, 2], [3, 4], {"rope": (0.2, 0.1)}, "`rope` must be"),
    ],
)
def test_bad_input_is_one_sentence(successes, trials, options, match):
    with pytest.raises(ValueError, match=match):
        ab.analyze(successes, trials, **options)


def test_counts_beyond_32_bits_do_not_wrap():
    n = np.asarray([3_000_000_000, 3_000_000_000])
    result = ab.analyze(np.asarray([1_000_000_000, 1_000_100_000]), n)
    # z = 100000 / sqrt(2 n p q) = 2.74: the normal's .9969, to the size of the next term
    assert float(result.prob_best[1]) == pytest.approx(0.99693, abs=1e-4)
