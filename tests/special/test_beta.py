"""Incomplete beta, its inverses and its shortest interval, against mpmath."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob import special
from tests import oracles
from tests.grids import DTYPE, SIZE, TAIL, TINY, X64, beta_points, probabilities

tails = jax.jit(special.beta_tails)
inverses = {"betaincinv": jax.jit(special.betaincinv), "betainccinv": jax.jit(special.betainccinv)}


@pytest.mark.parametrize("seed", [1, 2])
def test_both_tails_and_their_logs_keep_their_digits(seed):
    x, a, b = beta_points(seed, largest=7.0)
    got = tails(a, b, x)
    for i in range(SIZE):
        true = oracles.beta_tails(a[i], b[i], x[i])
        at = f"a={a[i]}, b={b[i]}, x={x[i]}"
        for value, exact in zip((got.lower[i], got.upper[i]), true, strict=True):
            if exact > 4 * TINY:
                assert oracles.relative_error(value, exact) <= TAIL, at
        for value, exact in zip((got.log_lower[i], got.log_upper[i]), oracles.log_tails(true), strict=True):
            assert oracles.mixed_error(value, exact) <= TAIL, at


@pytest.mark.parametrize("name", inverses)
def test_quantiles_keep_their_digits(name):
    _, a, b = beta_points(3, largest=7.0)
    p = probabilities(4)
    got = np.asarray(inverses[name](a, b, p))
    compared = 0
    for i in range(SIZE):
        x = float(got[i])
        if x >= 1 - 1e-6 or x <= 100 * TINY:
            continue  # rounded to an end; the next test holds those
        compared += 1
        lower, upper = oracles.beta_tails(a[i], b[i], x)
        missing = oracles.exact(p[i])[0] - lower if name == "betaincinv" else upper - oracles.exact(p[i])[0]
        error = missing / oracles.mp.exp(oracles.beta_logpdf(x, a[i], b[i])) / x
        assert abs(error) <= TAIL, f"a={a[i]}, b={b[i]}, p={p[i]}"
    assert compared > SIZE // 2


def test_quantiles_that_round_to_an_end_do_so_rightly():
    _, a, b = beta_points(3, largest=7.0)
    p = probabilities(4)
    got = np.asarray(inverses["betaincinv"](a, b, p))
    for i in np.flatnonzero((got >= 1 - 1e-6) | (got <= 100 * TINY)):
        lower_edge, upper_edge = 200 * TINY, 1 - 2e-6
        if got[i] < 0.5:
            assert oracles.beta_tails(a[i], b[i], lower_edge)[0] >= p[i] * (1 - 1e-4)
        else:
            assert oracles.beta_tails(a[i], b[i], upper_edge)[0] <= p[i]


def test_the_figures_that_jax_gets_wrong():
    assert float(special.betainc(1e6, 1e6, 0.5)) == pytest.approx(0.5, rel=TAIL)
    x = DTYPE(0.501)
    true = oracles.beta_tails(1e5, 1e5, x)[0]
    assert oracles.relative_error(special.betainc(1e5, 1e5, x), true) <= TAIL


@pytest.mark.parametrize(
    ("a", "b", "x", "lower"),
    [(2.0, 3.0, 0.0, 0.0), (2.0, 3.0, 1.0, 1.0), (2.0, 3.0, -1.0, 0.0), (2.0, 3.0, 2.0, 1.0)],
)
def test_edges(a, b, x, lower):
    t = special.beta_tails(a, b, x)
    assert float(t.lower) == lower
    assert float(t.upper) == 1 - lower
    assert float(t.log_lower) == (0.0 if lower else -np.inf)


@pytest.mark.parametrize(
    "bad", [(0.0, 1.0, 0.5), (-1.0, 1.0, 0.5), (1.0, np.inf, 0.5), (1.0, 1.0, np.nan), (np.nan, 1.0, 0.5)]
)
def test_invalid_arguments_are_nan(bad):
    assert all(np.isnan(float(v)) for v in special.beta_tails(*bad))
    assert np.isnan(float(special.betaincinv(*bad)))
    assert np.isnan(np.asarray(special.beta_hdi(*bad))).all()


def test_a_lane_does_not_disturb_its_neighbours():
    a, b, p = np.asarray([2.0, np.nan, 1e-3, 5e8], DTYPE), np.asarray([3.0, 1.0, 1e8, 2.0], DTYPE), DTYPE(0.3)
    together = np.asarray(inverses["betaincinv"](a, b, np.full(4, p)))
    alone = [
        np.asarray(inverses["betaincinv"](np.full(4, u), np.full(4, v), np.full(4, p)))[0]
        for u, v in zip(a, b, strict=True)
    ]
    np.testing.assert_array_equal(together, np.asarray(alone))


def numerical(f, args, i, h):
    up, down = list(args), list(args)
    up[i], down[i] = args[i] + h, args[i] - h
    return (f(*up) - f(*down)) / (2 * h)


@pytest.mark.parametrize("function", ["betainc", "log_betaincc", "betaincinv", "betainccinv"])
def test_derivatives_in_every_argument(function):
    f = getattr(special, function)
    args = (2.5, 40.0, 0.03) if "inv" not in function else (2.5, 40.0, 0.2)
    grads = jax.grad(lambda a, b, x: f(a, b, x), (0, 1, 2))(*map(jnp.asarray, args))
    from scipy import special as sp

    reference = {
        "betainc": sp.betainc,
        "log_betaincc": lambda a, b, x: np.log(sp.betaincc(a, b, x)),
        "betaincinv": sp.betaincinv,
        "betainccinv": sp.betainccinv,
    }[function]
    for i, g in enumerate(grads):
        expected = numerical(reference, args, i, 1e-4 * args[i])
        assert float(g) == pytest.approx(expected, rel=1e-6 if X64 else 2e-4)


def test_second_derivatives_exist():
    f = lambda a, x: special.log_betainc(a, 3.0, x)  # noqa: E731
    second = jax.grad(jax.grad(f, 1), 0)(jnp.asarray(2.0), jnp.asarray(0.3))
    first = [float(jax.grad(f, 1)(jnp.asarray(2.0 + h), jnp.asarray(0.3))) for h in (-1e-2, 1e-2)]
    assert float(second) == pytest.approx((first[1] - first[0]) / 2e-2, rel=1e-2)


def test_hdi_is_the_shortest_interval():
    rng = np.random.default_rng(5)
    a, b = (1 + 10 ** rng.uniform(-2, 4, (2, SIZE))).astype(DTYPE)
    level = rng.uniform(0.3, 0.99, SIZE).astype(DTYPE)
    low, high = np.moveaxis(np.asarray(jax.jit(special.beta_hdi)(a, b, level)), -1, 0)
    inside = np.asarray(tails(a, b, high).lower - tails(a, b, low).lower)
    # a float32 end near 1 is known to 6e-8, a density of thousands turns that into mass
    np.testing.assert_allclose(inside, level, atol=1e-10 if X64 else 2e-3)
    # moved either way it is no shorter
    width = high - low
    for shift in (0.02, -0.02):
        moved = np.clip(low + shift * width, 0, 1).astype(DTYPE)
        target = np.asarray(tails(a, b, moved).lower) + level
        ok = target < 1
        other = np.asarray(inverses["betaincinv"](a, b, np.where(ok, target, 0.5).astype(DTYPE)))
        assert (other[ok] - moved[ok] >= width[ok] * (1 - (1e-9 if X64 else 2e-3))).all()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 1.0, (0.1, 0.9)),
        (0.5, 2.0, (0.0, None)),
        (2.0, 0.5, (None, 1.0)),
        (0.5, 0.7, (0.0, None)),
        (1.0, 3.0, (0.0, None)),
    ],
)
def test_hdi_starts_at_the_pole(a, b, expected):
    low, high = (float(v) for v in special.beta_hdi(a, b, 0.8))
    for got, end in zip((low, high), expected, strict=True):
        if end is not None:
            assert got == pytest.approx(end, abs=1e-6)
    assert float(special.betainc(a, b, high) - special.betainc(a, b, low)) == pytest.approx(0.8, rel=1e-5)


def test_hdi_differentiates():
    def width(a, b):
        low, high = special.beta_hdi(a, b, 0.9)
        return high - low

    h = 1e-2
    slope = float(jax.grad(width)(jnp.asarray(11.0), jnp.asarray(4.0)))
    assert slope == pytest.approx(float(width(11.0 + h, 4.0) - width(11.0 - h, 4.0)) / (2 * h), rel=1e-3)


def test_empty_and_broadcast():
    assert special.betainc(jnp.ones((0,)), 1.0, 0.5).shape == (0,)
    assert special.betaincinv(jnp.ones((0,)), 1.0, 0.5).shape == (0,)
    assert special.betainc(jnp.ones((3, 1)), 1.0, jnp.ones(2)).shape == (3, 2)
    assert special.beta_hdi(jnp.ones((3, 1)) + 1, jnp.ones(2), 0.5).shape == (3, 2, 2)
