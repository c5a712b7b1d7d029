"""Tails, quantiles and the Mills ratio of the standard normal, against mpmath."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import special
from tests import oracles
from tests.grids import DTYPE, TINY, X64
from tests.oracles import exact, mp

EPS = float(np.finfo(DTYPE).eps)


def scores(seed, size=400):
    rng = np.random.default_rng(seed)
    small = rng.choice([-1.0, 1.0], size) * 10 ** rng.uniform(-12, 0, size)
    far = rng.choice([-1.0, 1.0], size) * 10 ** rng.uniform(0, 6, size)
    return np.choose(rng.integers(0, 3, size), [small, rng.uniform(-40, 40, size), far]).astype(DTYPE)


def true_tails(z):
    (z,) = exact(z)
    return mp.erfc(-z / mp.sqrt(2)) / 2, mp.erfc(z / mp.sqrt(2)) / 2


def test_tails_have_relative_accuracy_at_any_distance():
    z = scores(1)
    got = jax.jit(special.normal_tails)(z)
    for i, v in enumerate(z):
        lower, upper = true_tails(v)
        for value, true in ((got.lower[i], lower), (got.upper[i], upper)):
            if true > 4 * TINY:
                assert oracles.relative_error(value, true) <= 6 * EPS, v
        for value, true in zip((got.log_lower[i], got.log_upper[i]), oracles.log_tails((lower, upper)), strict=True):
            assert oracles.mixed_error(value, true) <= 6 * EPS, v


def test_tails_at_the_ends():
    t = special.normal_tails(np.asarray([-np.inf, np.inf, np.nan], DTYPE))
    np.testing.assert_array_equal(t.lower, [0.0, 1.0, np.nan])
    np.testing.assert_array_equal(t.log_upper, [0.0, -np.inf, np.nan])


def test_slopes_of_the_logs_are_hazards_that_do_not_overflow():
    z = scores(2, 100)
    slopes = jax.jit(jax.vmap(jax.grad(lambda z: special.normal_tails(z).log_upper)))(z)
    for v, got in zip(z, slopes, strict=True):
        (v,) = exact(v)
        true = -mp.exp(-v * v / 2) / mp.sqrt(2 * mp.pi) / true_tails(v)[1]
        assert oracles.mixed_error(got, true) <= 20 * EPS * max(1, float(min(abs(v), 14)))


def test_mills_ratio():
    z = np.abs(scores(3))
    for v, got in zip(z, jax.jit(special.mills_ratio)(z), strict=True):
        (v,) = exact(v)
        true = mp.sqrt(mp.pi / 2) * mp.exp(v * v / 2) * mp.erfc(v / mp.sqrt(2))
        assert oracles.relative_error(got, true) <= 5 * EPS
    assert np.isnan(float(special.mills_ratio(-1.0)))


def test_quantiles_from_either_tail():
    rng = np.random.default_rng(4)
    small = 10 ** rng.uniform(np.log10(TINY) + 1, -0.31, 200)
    p = np.concatenate([small, 0.5 - 10 ** rng.uniform(np.log10(EPS), -1, 100)]).astype(DTYPE)
    lower, upper = special.normal_quantile(p, 1 - p), special.normal_quantile(1 - p, p)
    np.testing.assert_array_equal(lower, -upper)
    for v, z in zip(p, np.asarray(lower), strict=True):
        (tail,), (z,) = exact(v), exact(z)
        missing = (true_tails(z)[0] - tail) * mp.sqrt(2 * mp.pi) * mp.exp(z * z / 2)
        assert abs(missing) <= 4 * EPS * abs(z)
    ends = special.normal_quantile(jnp.asarray([0.0, 1.0, -0.1]), jnp.asarray([1.0, 0.0, 1.1]))
    np.testing.assert_array_equal(ends, [-np.inf, np.inf, np.nan])


def test_slope_of_the_quantile_is_one_over_the_density():
    for p in (1e-30, 1e-3, 0.4, 0.5):
        z = float(special.normal_quantile(p, 1 - p))
        slope = jax.grad(lambda p: special.normal_quantile(p, 1 - p))(p)
        true = np.sqrt(2 * np.pi) * np.exp(z * z / 2)
        assert float(slope) == pytest.approx(true, rel=1e-11 if X64 else 2e-5)


def test_score_keeps_the_digits_that_a_float_loses():
    x, loc, scale = (DTYPE(v) for v in (3.7, 1.1, 0.07))
    z = special.standard_score(special.two_sum(x, -loc), jnp.asarray(scale))
    a, b, c = exact(x, loc, scale)
    assert abs(mp.mpf(float(z.hi)) + mp.mpf(float(z.lo)) - (a - b) / c) <= 1e-3 * EPS * float((a - b) / c)
