"""The door: promotion that does not wrap, functions that compile, checks that are sentences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob._array import check_level, check_positive_int, elementwise, promote, safe, whole
from tests.grids import DTYPE


def test_host_integers_do_not_wrap():
    for big in (np.int64(3_000_000_000), 3_000_000_000, 10**25, np.asarray([3_000_000_000])):
        (value,) = promote(big)
        assert value.dtype == DTYPE
        assert float(value.reshape(())) == float(DTYPE(int(np.asarray(big).reshape(()))))


def test_the_floating_arguments_decide_on_the_dtype():
    half = jnp.ones(2, jnp.float32)
    assert [v.dtype for v in promote(half, 0.5, 3, np.int64(2))] == [jnp.float32] * 4
    assert promote(1, True)[0].dtype == DTYPE
    assert promote([1, 2], [0.5, 1.5])[1].tolist() == [0.5, 1.5]


def test_elementwise_takes_positions_and_names_and_says_what_is_missing():
    calls = []

    @elementwise
    def difference(x, y):
        """Document."""
        calls.append(None)
        return x - y

    assert float(difference(3, 1)) == float(difference(y=1, x=3)) == 2.0
    assert difference.__doc__ == "Document."
    assert len(calls) == 1, "the second call must not trace again"
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        difference(3)
    assert float(jax.grad(difference, 1)(3.0, 1.0)) == -1.0


def test_safe_and_whole():
    x = jnp.asarray([1.0, np.nan, 2.5, np.inf])
    assert whole(x).tolist() == [True, False, False, False]
    assert safe(jnp.isfinite(x), x, 7.0).tolist() == [1.0, 7.0, 2.5, 7.0]


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, np.nan, np.inf])
def test_levels(level):
    with pytest.raises(ValueError, match=r"`level` must lie strictly between 0 and 1; got"):
        check_level(level)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_counts_of_things(value):
    with pytest.raises(ValueError, match="`num_samples` must be an integer of at least 1; got"):
        check_positive_int(value, "num_samples")
