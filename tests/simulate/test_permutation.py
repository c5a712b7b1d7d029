"""Permutation tests: against all permutations, scipy, and their own level."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob.simulate import permutation_test
from tests.grids import DTYPE

KEY = jax.random.key(3)
A = np.array([1.2, 0.7, 2.9, 1.1, 0.4], DTYPE)
B = np.array([2.2, 3.1, 1.9, 4.0], DTYPE)
NUM = 20_000


def close(got, exact):
    assert abs(float(got.p_value) - exact) < 5 * max(float(got.p_value_error), 1 / NUM)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_all_ways_to_split_two_samples(alternative):
    pooled = np.concatenate([A, B]).astype(float)
    splits = itertools.combinations(range(9), 5)
    gaps = np.array([pooled[[i for i in range(9) if i not in s]].mean() - pooled[list(s)].mean() for s in splits])
    found = B.astype(float).mean() - A.astype(float).mean()
    above, below = np.mean(gaps >= found - 1e-6), np.mean(gaps <= found + 1e-6)
    exact = {"greater": above, "less": below, "two-sided": min(1, 2 * min(above, below))}[alternative]
    got = permutation_test(KEY, A, B, alternative=alternative, num_permutations=NUM)
    assert float(got.statistic) == pytest.approx(found, rel=1e-6)
    close(got, exact)


def test_all_signs_of_pairs():
    second = A + np.array([0.5, -0.1, 0.3, 0.4, 0.2], DTYPE)
    gap = (second - A).astype(float)
    means = np.array([np.mean(gap * s) for s in itertools.product([1, -1], repeat=5)])
    got = permutation_test(KEY, A, second, kind="paired", alternative="greater", num_permutations=NUM)
    close(got, np.mean(means >= gap.mean() - 1e-6))


def test_all_orders_of_a_column():
    a, b = A.astype(float), np.array([0.3, 0.2, 0.9, 0.1, 0.25])
    values = np.array([np.corrcoef(a, b[list(o)])[0, 1] for o in itertools.permutations(range(5))])
    found = np.corrcoef(a, b)[0, 1]
    got = permutation_test(KEY, A, b.astype(DTYPE), kind="association", alternative="greater", num_permutations=NUM)
    close(got, np.mean(values >= found - 1e-6))


def test_scipy_agrees_on_a_statistic_of_ones_own():
    def medians(a, b):
        return jnp.median(b) - jnp.median(a)

    got = permutation_test(KEY, A, B, medians, alternative="greater", num_permutations=NUM)
    peer = stats.permutation_test(
        (A, B), lambda a, b: np.median(b) - np.median(a), alternative="greater", n_resamples=np.inf
    )
    close(got, peer.pvalue)


def test_it_rejects_at_its_level_and_never_says_zero():
    one = permutation_test(KEY, np.zeros(5, DTYPE), np.ones(5, DTYPE) * 9, num_permutations=99)
    as_far = np.sum(np.asarray(one.draws) >= 9.0)  # both sides of it twice, the data counted once
    assert float(one.p_value) == pytest.approx(2 * (1 + as_far) / 100, rel=1e-6)
    assert float(one.p_value) >= 0.01
    data = np.random.default_rng(0).normal(size=(400, 16)).astype(DTYPE)
    # columns are tests of their own: one call, four hundred of them
    got = permutation_test(KEY, data[:, :8].T, data[:, 8:].T, num_permutations=999)
    assert got.p_value.shape == (400,)
    share = float(np.mean(np.asarray(got.p_value) <= 0.05))
    assert abs(share - 0.05) < 5 * (0.05 * 0.95 / 400) ** 0.5


def test_constant_samples_show_nothing():
    got = permutation_test(KEY, np.ones(4, DTYPE), np.ones(3, DTYPE), num_permutations=99)
    assert float(got.p_value) == 1.0
    correlation = permutation_test(KEY, np.ones(4, DTYPE), np.arange(4.0), kind="association", num_permutations=99)
    assert np.isnan(float(correlation.p_value))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"second": np.ones(0)}, r"`data` must hold at least one row; got shape \(0,\)"),
        ({"second": [1.0, np.nan]}, "`data` must not be missing; got nan at row 1"),
        ({"kind": "paired"}, "`first` and `second` must have as many rows for kind 'paired'; got 5 and 4"),
        ({"kind": "both"}, "`kind` must be one of independent, paired, association; got 'both'"),
        ({"alternative": "larger"}, "`alternative` must be one of two-sided, greater, less; got 'larger'"),
        ({"second": np.ones((4, 2))}, "`first` and `second` must have rows of one shape"),
        ({"num_permutations": 0}, "`num_permutations` must be an integer of at least 1; got 0"),
    ],
)
def test_mistakes_are_named(changed, says):
    arguments = {"second": B} | changed
    with pytest.raises(ValueError, match=f"^{says}"):
        permutation_test(KEY, A, arguments.pop("second"), **arguments)
