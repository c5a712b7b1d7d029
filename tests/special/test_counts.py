"""The smooth cores of the counts: deviances in plain floats, log probabilities continued to real counts."""

import jax
import jax.numpy as jnp
import numpy as np

from jprob import special
from jprob.special.saddle import plain_deviance
from tests import oracles
from tests.grids import DENSITY, DTYPE, GRADIENT, wide
from tests.oracles import exact, mp

EPS = float(np.finfo(DTYPE).eps)
SIZE = 200


def test_plain_deviance_has_a_few_ulp():
    rng = np.random.default_rng(41)
    mean = wide(rng, SIZE)
    x = mean * 10 ** np.where(rng.uniform(size=SIZE) < 0.5, rng.uniform(-3, 3, SIZE), rng.normal(size=SIZE) * 1e-3)
    x = x.astype(DTYPE)
    difference = np.asarray([exact(u)[0] - exact(m)[0] for u, m in zip(x, mean, strict=True)], DTYPE)
    got = jax.jit(plain_deviance)(x, mean, difference)
    for u, m, d, value in zip(x, mean, difference, got, strict=True):
        if d:
            u, m = exact(u, m)
            assert oracles.relative_error(value, u * mp.log(u / m) + m - u) <= 5 * EPS, (u, m)
    assert float(plain_deviance(*(jnp.asarray(v) for v in (0.0, 3.0, -3.0)))) == 3.0


def real_counts(rng):
    """Counts between whole ones, many of them within one of an end."""
    n = np.floor(10 ** rng.uniform(0, 9, SIZE)).astype(DTYPE)
    unit, kind = rng.uniform(size=SIZE), rng.integers(0, 3, SIZE)
    return np.clip(np.choose(kind, [unit, n - unit, n * unit]), 0, n).astype(DTYPE), n


def test_log_binomial_at_real_counts():
    rng = np.random.default_rng(42)
    (k, n), p = real_counts(rng), rng.uniform(0.01, 0.99, SIZE).astype(DTYPE)
    got = jax.jit(special.log_binomial)(k, n, p)
    slopes = jax.jit(jax.vmap(jax.grad(special.log_binomial)))(k, n, p)
    for row in zip(k, n, p, got, slopes, strict=True):
        *row, value, slope = row
        u, m, chance = exact(*row)
        assert oracles.mixed_error(value, oracles.binomial_logpmf(*row)) <= DENSITY, row
        true = mp.digamma(m - u + 1) - mp.digamma(u + 1) + mp.log(chance) - mp.log1p(-chance)
        assert oracles.mixed_error(slope, true) <= GRADIENT, row


def test_log_beta_binomial_at_real_counts():
    rng = np.random.default_rng(43)
    (k, n), a, b = real_counts(rng), wide(rng, SIZE), wide(rng, SIZE)
    got = jax.jit(special.log_beta_binomial)(k, n, a, b)
    for row in zip(k, n, a, b, got, strict=True):
        *row, value = row
        assert oracles.mixed_error(value, oracles.beta_binomial_logpmf(*row)) <= DENSITY, row
