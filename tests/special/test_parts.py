"""Logs in parts: a multiple of log 2, exact heads and a small rest, against mpmath."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.special import parts
from tests.grids import DTYPE
from tests.oracles import exact, mp

WIDTH = float(np.finfo(DTYPE).eps / np.finfo(np.float32).eps)


def logs(x):
    multiple, log_m = parts.octaves_and_log(x)
    return jnp.zeros_like(x), multiple.hi + log_m.hi, multiple.lo, log_m.lo  # the heads without error


@pytest.mark.parametrize(("function", "error"), [(logs, 1e-9), (parts.log_terms, 3e-11)])
def test_logs_as_a_multiple_of_log_2_and_the_rest(function, error):
    rng = np.random.default_rng(1)
    x = np.concatenate([10 ** rng.uniform(-30, 30, 300), 1 + rng.uniform(-0.3, 0.4, 300)]).astype(DTYPE)
    got = np.stack([np.asarray(part) for part in jax.jit(function)(x)], -1)
    for v, (k, *rest) in zip(x, got, strict=True):
        value = mp.fsum(exact(*rest)) + int(k) * mp.log(2)
        assert abs(value - mp.log(exact(v)[0])) <= error * WIDTH
