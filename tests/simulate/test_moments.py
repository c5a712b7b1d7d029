"""Streaming moments against hard data, exact laws and their own standard errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import simulate
from tests.grids import DTYPE, X64

NUM, TILE = 2048, 64


def moments_of(values):
    """Of given numbers, streamed through the engine's own reducer."""
    reducer, values = simulate.moments(), np.asarray(values, DTYPE)
    draw = jax.ShapeDtypeStruct((), DTYPE)

    @jax.jit
    def stream(tiles):
        def step(state, tile):
            part = reducer.update(reducer.init(draw), tile, jnp.ones(tile.shape, bool))
            return reducer.merge(state, part), None

        return reducer.finish(jax.lax.scan(step, reducer.init(draw), tiles)[0])

    return stream(values.reshape(-1, TILE))


def test_hard_data_of_nist():
    """Alternating 1000000.1 and 1000000.3 around 1000000.2: a standard deviation of .1."""
    values = np.where(np.arange(NUM) % 2, 1000000.3, 1000000.1)
    found = moments_of(values)
    if X64:
        assert float(found.standard_deviation) == pytest.approx(0.1 * (NUM / (NUM - 1)) ** 0.5, rel=1e-8)
        assert float(found.mean) == pytest.approx(1000000.2, rel=1e-14)
    assert bool(found.unresolved) == (not X64)
    assert not bool(moments_of(values - 1000000.0).unresolved)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_nothing_over_or_underflows(scale, shift):
    x = np.random.default_rng(0).exponential(size=NUM) + shift
    found = moments_of(x * scale)
    loose = {"rtol": 1e-6 if X64 else 1e-3}
    np.testing.assert_allclose(found.standard_deviation, x.std(ddof=1) * scale, **loose)
    np.testing.assert_allclose(found.skewness, stats.skew(x), **loose)
    np.testing.assert_allclose(found.excess_kurtosis, stats.kurtosis(x), **loose)
    assert np.isfinite([float(found.skewness_error), float(found.excess_kurtosis_error)]).all()


def test_constant_data_have_no_shape():
    found = moments_of(np.zeros(NUM))
    assert float(found.variance) == float(found.mean_error) == 0.0
    assert np.isnan(float(found.skewness))
    assert np.isnan(float(found.excess_kurtosis))
    assert bool(found.unresolved)


def sample(key):
    return jax.random.exponential(key, (100,))


def test_standard_errors_are_those_seen_over_columns(key):
    """100 columns of 4096 exponentials: each estimate scatters as its error says."""
    found = simulate.replicate(key, sample, 4096, reduce=simulate.moments()).reduced
    truth = {"mean": 1.0, "variance": 1.0, "standard_deviation": 1.0, "skewness": 2.0}
    for name, true in truth.items():
        value, error = np.asarray(getattr(found, name)), np.asarray(getattr(found, f"{name}_error"))
        z = (value - true) / error
        assert abs(z.mean()) < 0.6, name  # the estimates of the higher ones are biased by a fraction of their error
        assert 0.8 < value.std() / np.median(error) < 1.5, name


def gaussian(key):
    return jax.random.normal(key, (100,))


def test_normal_kurtosis_has_its_textbook_error(key):
    found = simulate.replicate(key, gaussian, 4096, reduce=simulate.moments()).reduced
    np.testing.assert_allclose(np.median(found.skewness_error), (6 / 4096) ** 0.5, rtol=0.05)
    np.testing.assert_allclose(np.median(found.excess_kurtosis_error), (24 / 4096) ** 0.5, rtol=0.05)
    z = np.asarray(found.excess_kurtosis / found.excess_kurtosis_error)
    assert abs(z.mean()) < 0.6
    assert 0.7 < z.std() < 1.4
