"""Bins of long references, counts of two samples side by side, and the law of counts that are all large."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.monitor import _cells, _null
from tests.grids import DTYPE, X64

ROWS, COLUMNS = 24 * _cells.SOME, 24


@pytest.fixture(scope="module")
def table():
    """Long, with a period that is the stretch of which one row is taken; one column misses some rows."""
    rng = np.random.default_rng(0)
    hour = np.arange(ROWS) % 24
    columns = [hour + rng.random(ROWS), np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS))]
    return np.stack([*columns, *rng.normal(size=(COLUMNS - 2, ROWS))], 1).astype(DTYPE)


def test_bins_of_a_long_reference_are_even_whatever_its_period(table):
    counts = np.asarray(_cells.cell_counts(jnp.asarray(table), _cells.frozen_cuts(jnp.asarray(table), 10)))
    present = ROWS - counts[:, -1:]
    shares = counts[:, :-1] / present
    np.testing.assert_allclose(shares, 0.1, atol=5 * (0.1 * 0.9 / _cells.SOME) ** 0.5)
    assert counts[1, -1] == np.isnan(table[:, 1]).sum()


def test_cuts_are_the_same_traced(table):
    for rows in (ROWS, 500):  # some of the rows, and all
        some = jnp.asarray(table[:rows])
        traced = jax.jit(lambda x: _cells.frozen_cuts(x, 10))(some)
        np.testing.assert_array_equal(_cells.frozen_cuts(some, 10), traced)


def test_samples_side_by_side_are_counted_as_each_alone(table):
    x, y = jnp.asarray(table), jnp.asarray(table[::-1][: ROWS // 2])
    assert x.size + y.size >= _cells._THREADED
    cuts = _cells.frozen_cuts(x, 10)
    assert cuts.dtype == DTYPE
    for sample, counts in zip((x, y), _cells.both_counts(x, y, cuts), strict=True):
        for column, edges, got in zip(np.asarray(sample).T, np.asarray(cuts), np.asarray(counts), strict=True):
            known = column[~np.isnan(column)]
            expected = np.bincount(np.searchsorted(edges, known), minlength=10)
            assert got.tolist() == [*expected, len(column) - len(known)]


@pytest.mark.parametrize("drawn", [False, True])
def test_large_counts_need_few_values(drawn):
    rng = np.random.default_rng(1)
    flat = np.full(10, 0.1)
    x = np.full((50, 10), 500) if drawn else rng.multinomial(5000, flat, 50)
    pair = [
        np.c_[counts, blank] for counts, blank in ((x, np.zeros(50)), (rng.multinomial(4000, flat, 50), np.ones(50)))
    ]
    x, y = (jnp.asarray(counts, DTYPE) for counts in pair)
    drawn = jnp.full(50, drawn)
    assert _null.nodes_for(x, y, drawn) < _null.MANY
    assert _null.nodes_for(x / 10, y / 10, drawn) == _null.MANY
    few, many = (moments(x, y, drawn, num) for num in (_null.nodes_for(x, y, drawn), _null.MANY))
    np.testing.assert_allclose(few, many, rtol=1e-9 if X64 else 2e-3)


@functools.partial(jax.jit, static_argnums=3)
def moments(x, y, drawn, num_nodes):
    def term(x, y, n, m):
        return (y / m - x / n) ** 2 / (x / n + y / m + 1e-9)

    return _null.null_moments(term, x, y, drawn, num_nodes)
