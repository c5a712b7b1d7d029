"""Error-free pairs, Stirling errors, deviances and their neighbours, against mpmath."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import special
from jprob.special import pair as pairs
from tests import oracles
from tests.grids import DENSITY, DTYPE, X64

mp = oracles.mp
EPS = float(np.finfo(DTYPE).eps)


def floats(seed, low, high, size=300):
    return (10 ** np.random.default_rng(seed).uniform(low, high, size)).astype(DTYPE)


def as_exact(p):
    return [mp.mpf(float(h)) + mp.mpf(float(l)) for h, l in zip(p.hi, p.lo, strict=True)]


@pytest.mark.parametrize("operation", ["two_sum", "two_product"])
def test_sums_and_products_lose_nothing_under_jit(operation):
    """A compiler that fuses multiply and add must not break them: compiled, with a product of the inputs beside."""
    x, y = floats(1, -6, 6), -floats(2, -6, 6)
    function = jax.jit(lambda x, y: (getattr(pairs, operation)(x, y), x * y + x))
    got, _ = function(x, y)
    for u, v, pair in zip(x, y, as_exact(got), strict=True):
        u, v = oracles.exact(u, v)
        if operation == "two_sum":
            assert pair == u + v
        else:  # in float64 the two low halves make one bit too many
            assert abs(pair - u * v) <= (EPS**2 * abs(u * v) if X64 else 0)


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div"])
def test_pair_arithmetic_has_twice_the_digits(operation):
    x, y = pairs.two_sum(floats(3, 0, 6), floats(4, -9, 0)), pairs.two_sum(floats(5, 0, 6), floats(6, -9, 0))
    got = as_exact(jax.jit(getattr(pairs, operation))(x, y))
    exact = {"add": lambda u, v: u + v, "sub": lambda u, v: u - v, "mul": lambda u, v: u * v, "div": lambda u, v: u / v}
    for u, v, value in zip(as_exact(x), as_exact(y), got, strict=True):
        scale = max(u, v) if operation in ("add", "sub") else abs(exact[operation](u, v))
        assert abs(value - exact[operation](u, v)) <= 4 * EPS**2 * scale


def test_pair_logarithm():
    x = np.concatenate([floats(7, -30, 30), (1 + 1e-3 * np.random.default_rng(8).normal(size=300)).astype(DTYPE)])
    got = as_exact(jax.jit(lambda x: pairs.log(pairs.pair(x)))(x))
    for v, value in zip(x, got, strict=True):
        true = mp.log(oracles.exact(v)[0])
        assert abs(value - true) <= 0.05 * EPS * max(abs(true), mp.mpf(1) / 50)


def test_stirling_error():
    n = np.concatenate([floats(9, -3, 9), np.asarray([1, 2, 1e9, 0.5], DTYPE)])
    for v, got in zip(n, jax.jit(special.stirling_error)(n), strict=True):
        v = oracles.exact(v)[0]
        true = mp.loggamma(v) - mp.log(2 * mp.pi / v) / 2 - v * mp.log(v) + v
        assert abs(float(got) - true) <= (EPS / 2 if v >= 1 else 2 * EPS * max(1, true))
    assert np.isnan(float(special.stirling_error(-1.0)))


def test_lgamma1p():
    s = np.concatenate([floats(10, -9, 0), np.asarray([1.0, 0.0], DTYPE)])
    for v, got in zip(s, special.lgamma1p(s), strict=True):
        assert abs(float(got) - mp.loggamma(1 + oracles.exact(v)[0])) <= 6 * EPS * float(v)
    assert np.isnan(np.asarray(special.lgamma1p(jnp.asarray([-0.1, 1.1, np.nan])))).all()


def test_lgamma_difference_is_accurate_relative_to_the_step():
    x, s = floats(11, -3, 9), floats(12, -9, 0)
    for u, v, got in zip(x, s, jax.jit(special.lgamma_difference)(x, s), strict=True):
        u, v = oracles.exact(u, v)
        true = mp.loggamma(u + v) - mp.loggamma(u)
        # conditioning: v times the digamma between, which is what a step of v is worth
        assert abs(float(got) - true) <= 12 * EPS * max(abs(true), v, v / (u + v))


def test_digamma_less_log():
    z = floats(13, -3, 9)
    for v, got in zip(z, special.digamma_less_log(z), strict=True):
        v = oracles.exact(v)[0]
        true = mp.digamma(v) - mp.log(v)
        assert abs(float(got) - true) <= (8 * EPS * abs(true) if v > 8 else 8 * EPS * max(1, abs(true)))


def test_deviance():
    rng = np.random.default_rng(14)
    m = floats(15, -3, 9)
    x = np.where(rng.uniform(size=m.size) < 0.5, m * (1 + 1e-4 * rng.normal(size=m.size)), floats(16, -3, 9)).astype(
        DTYPE
    )
    for u, v, got in zip(x, m, jax.jit(special.deviance)(x, m), strict=True):
        u, v = oracles.exact(u, v)
        assert oracles.relative_error(got, u * mp.log(u / v) + v - u) <= 6 * EPS
    edge = [float(special.deviance(u, v)) for u, v in ((0.0, 2.0), (2.0, 0.0), (0.0, 0.0), (-1.0, 1.0))]
    np.testing.assert_array_equal(edge, [2.0, np.inf, 0.0, np.nan])


@pytest.mark.parametrize(
    ("function", "exact"), [("expm1mx", lambda x: mp.expm1(x) - x), ("log1pmx", lambda x: mp.log1p(x) - x)]
)
def test_functions_less_their_leading_terms(function, exact):
    x = np.concatenate([floats(17, -6, 1), -floats(18, -6, -0.1)])
    for v, got in zip(x, jax.jit(getattr(special, function))(x), strict=True):
        assert oracles.relative_error(got, exact(oracles.exact(v)[0])) <= 16 * EPS


def test_derivatives_of_the_pieces():
    step = 1e-3
    cases = [
        (special.stirling_error, (3.0,)),
        (special.stirling_error, (0.4,)),
        (special.lgamma1p, (0.4,)),
        (special.lgamma_difference, (5.0, 0.3)),
        (special.deviance, (3.0, 5.0)),
        (special.expm1mx, (0.3,)),
        (special.log1pmx, (0.3,)),
        (special.digamma_less_log, (30.0,)),
    ]
    for f, args in cases:
        for i, g in enumerate(jax.grad(f, tuple(range(len(args))))(*map(jnp.asarray, args))):
            up, down = list(args), list(args)
            up[i], down[i] = args[i] + step, args[i] - step
            slope = (float(f(*up)) - float(f(*down))) / (2 * step)
            assert float(g) == pytest.approx(slope, rel=1e-5 if X64 else 2e-3, abs=1e-9 if X64 else 3e-4), f.__name__


def test_log_binomial_cores_are_finite_at_both_ends_of_the_counts():
    for k in (0.0, 7.0):
        assert float(special.log_binomial(k, 7.0, 0.25)) == pytest.approx(
            k * np.log(0.25) + (7 - k) * np.log(0.75), rel=10 * DENSITY
        )


@pytest.mark.parametrize(("name", "order"), [("digamma", 0), ("trigamma", 1)])
def test_slopes_of_log_gamma(name, order):
    """Values and, beside them, derivatives; the root of digamma at 1.46 costs digits only beside its size."""
    function = getattr(special, name)
    x = np.concatenate([floats(13, -6, 9), 10 * floats(14, -1, 0), np.asarray([1, 2, 7.999, 8, 1e30], DTYPE)])
    slopes = jax.jit(jax.vmap(jax.value_and_grad(function)))(x)
    for v, got, slope in zip(x, *slopes, strict=True):
        v = oracles.exact(v)[0]
        for value, true in ((got, mp.psi(order, v)), (slope, mp.psi(order + 1, v))):
            assert abs(float(value) - true) <= 12 * EPS * max(abs(true), 1)
            if order:
                assert abs(float(value) - true) <= 40 * EPS * abs(true) + float(np.finfo(DTYPE).tiny)
    ends = np.asarray(function(jnp.asarray([0.0, -0.0, -1.5, np.nan])))
    assert ends[0] == ends[1] == (np.inf if order else -np.inf)
    assert np.isnan(ends[2:]).all()
