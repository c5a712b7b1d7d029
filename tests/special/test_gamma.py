"""Incomplete gamma functions and their inverses, against mpmath."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import special
from tests import oracles
from tests.grids import DTYPE, GRADIENT, TAIL, TINY, X64, probabilities
from tests.oracles import mp
from tests.truths.gamma import scaled_points

SIZE = 240
tails = jax.jit(special.gamma_tails)
inverses = {"gammaincinv": jax.jit(special.gammaincinv), "gammainccinv": jax.jit(special.gammainccinv)}


def points(seed):
    a, z = scaled_points(np.random.default_rng(seed), SIZE, 6.0)
    return a, z.astype(DTYPE)


def test_both_tails_and_their_logs_keep_their_digits():
    a, z = points(1)
    got = tails(a, z)
    for i in range(SIZE):
        true, at = oracles.gamma_tails(a[i], z[i]), f"a={a[i]}, z={z[i]}"
        for value, exact in zip((got.lower[i], got.upper[i]), true, strict=True):
            if exact > 4 * TINY:
                assert oracles.relative_error(value, exact) <= TAIL, at
        for value, exact in zip((got.log_lower[i], got.log_upper[i]), oracles.log_tails(true), strict=True):
            assert oracles.mixed_error(value, exact) <= TAIL, at


@pytest.mark.parametrize("name", inverses)
def test_quantiles_keep_their_digits(name):
    a, _ = points(3)
    p = probabilities(4, SIZE)
    got = np.asarray(inverses[name](a, p))
    compared = 0
    for i in range(SIZE):
        z = float(got[i])
        if z <= 100 * TINY:  # underflow, if it is one: the mass up to there must reach p
            reached = oracles.gamma_tails(a[i], 200 * TINY)[0]
            assert reached >= (p[i] if name == "gammaincinv" else 1 - oracles.exact(p[i])[0]) * (1 - 1e-4)
            continue
        compared += 1
        lower, upper = oracles.gamma_tails(a[i], z)
        missing = oracles.exact(p[i])[0] - lower if name == "gammaincinv" else upper - oracles.exact(p[i])[0]
        u, x = oracles.exact(a[i], z)
        log_kernel = u * mp.log(x) - x - mp.loggamma(u)
        assert abs(missing) * mp.exp(-log_kernel) <= TAIL, f"a={a[i]}, p={p[i]}"
    assert compared > SIZE // 2


def test_slopes_of_the_tails_in_the_shape():
    """By a central difference of the true tails, with sixty digits."""
    a, z = (v[:60] for v in points(5))
    got = jax.jit(jax.vmap(jax.jacfwd(lambda a, z: special.gamma_tails(a, z).log_lower, (0, 1))))(a, z)
    for i in range(a.size):
        u, x = oracles.exact(a[i], z[i])
        h = u * mp.mpf(10) ** -20
        low, high = (oracles.log_tails(oracles.gamma_tails(v, x))[0] for v in (u - h, u + h))
        assert oracles.mixed_error(got[0][i], (high - low) / (2 * h)) <= 20 * GRADIENT, f"a={u}, z={x}"
        density = mp.exp((u - 1) * mp.log(x) - x - mp.loggamma(u))
        slope = density / oracles.gamma_tails(u, x)[0]
        assert oracles.relative_error(got[1][i], slope) <= TAIL or slope < TINY


def test_quantiles_move_with_their_arguments():
    step = 1e-5 if X64 else 1e-2
    for name, inverse in inverses.items():
        by_a, by_p = jax.grad(inverse, (0, 1))(jnp.asarray(2.5, DTYPE), jnp.asarray(0.3, DTYPE))
        rise = (inverse(2.5 + step, 0.3) - inverse(2.5 - step, 0.3)) / (2 * step)
        assert float(by_a) == pytest.approx(float(rise), rel=1e-3), name
        rise = (inverse(2.5, 0.3 + step) - inverse(2.5, 0.3 - step)) / (2 * step)
        assert float(by_p) == pytest.approx(float(rise), rel=2e-3), name


def test_ends_and_nonsense():
    inf, nan = np.inf, np.nan
    assert [float(v) for v in special.gamma_tails(2.0, 0.0)] == [0.0, 1.0, -inf, 0.0]
    assert [float(v) for v in special.gamma_tails(2.0, inf)] == [1.0, 0.0, 0.0, -inf]
    assert [float(v) for v in special.gamma_tails(2.0, -1.0)] == [0.0, 1.0, -inf, 0.0]
    for a, x in ((0.0, 1.0), (-1.0, 1.0), (nan, 1.0), (inf, 1.0), (1.0, nan)):
        assert np.isnan(special.gamma_tails(a, x)).all()
    assert float(special.gammaincinv(3.0, 0.0)) == 0.0
    assert float(special.gammaincinv(3.0, 1.0)) == inf
    assert float(special.gammainccinv(3.0, 0.0)) == inf
    assert float(special.gammainccinv(3.0, 1.0)) == 0.0
    for p in (-0.1, 1.1, nan):
        assert np.isnan(float(special.gammaincinv(3.0, p)))
    assert special.gammainc(jnp.ones((0, 3)), 1.0).shape == (0, 3)
    assert special.gammainc(jnp.float32(1.0), jnp.float32(1.0)).dtype == jnp.float32
