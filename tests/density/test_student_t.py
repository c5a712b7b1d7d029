"""Student's t where it has another name, and where its tails, its moments or its draws end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import normal, student_t
from tests import oracles
from tests.density.test_accuracy import quantile_error
from tests.grids import DENSITY, DTYPE, GRADIENT, TAIL, X64
from tests.oracles import mp
from tests.truths import student_t as truth


def test_one_degree_of_freedom_is_cauchy():
    t = (10.0 ** np.linspace(-15, 15, 61)).astype(DTYPE)
    sf, cdf = np.asarray(student_t.sf(t, 1.0, 0.0, 1.0)), np.asarray(student_t.cdf(-t, 1.0, 0.0, 1.0))
    np.testing.assert_array_equal(sf, cdf)
    for i, x in enumerate(oracles.exact(*t)):
        assert oracles.relative_error(sf[i], mp.atan(1 / x) / mp.pi) <= TAIL
        assert oracles.mixed_error(student_t.logpdf(t[i], 1.0, 0.0, 1.0), -mp.log(mp.pi * (1 + x * x))) <= DENSITY
    q = np.asarray([1e-30, 1e-9, 0.01, 0.3, 0.4999], DTYPE)
    for got, p in zip(np.asarray(student_t.isf(q, 1.0, 0.0, 1.0)), oracles.exact(*q), strict=True):
        assert oracles.relative_error(got, mp.cot(mp.pi * p)) <= TAIL


def test_two_degrees_of_freedom_have_an_algebraic_law():
    t = (10.0 ** np.linspace(-9, 9, 61)).astype(DTYPE)
    sf = np.asarray(student_t.sf(t, 2.0, 0.0, 1.0))
    for got, x in zip(sf, oracles.exact(*t), strict=True):
        root = mp.sqrt(2 + x * x)
        assert oracles.relative_error(got, 1 / (root * (root + x))) <= TAIL
    q = np.asarray([1e-30, 1e-9, 0.01, 0.3, 0.4999], DTYPE)
    for got, p in zip(np.asarray(student_t.isf(q, 2.0, 0.0, 1.0)), oracles.exact(*q), strict=True):
        assert oracles.relative_error(got, (1 - 2 * p) / mp.sqrt(2 * p * (1 - p))) <= TAIL


def test_very_many_degrees_of_freedom_are_normal():
    x = np.linspace(-12.0, 12.0, 49).astype(DTYPE)
    for verb in ("logpdf", "logcdf", "logsf"):
        got, limit = getattr(student_t, verb)(x, 1e12, 0.5, 2.0), getattr(normal, verb)(x, 0.5, 2.0)
        np.testing.assert_allclose(got, limit, rtol=2e-7 if X64 else 1e-6, atol=1e-9)
    np.testing.assert_allclose(student_t.ppf(0.975, 1e30, 0.0, 1.0), 1.959963984540054, rtol=TAIL)


def test_points_whose_square_overflows():
    for x, df, scale in ((1e30, 1e-3, 1e-12), (-3e37, 0.5, 1e-12), (3e37, 2.0, 1e9)):
        row = tuple(DTYPE(v) for v in (x, df, 0.0, scale))
        assert oracles.mixed_error(student_t.logpdf(*row), truth.logdensity(*row)) <= DENSITY
        for got, slope in zip(jax.grad(student_t.logpdf, (0, 1, 2, 3))(*row), truth.slopes(*row), strict=True):
            assert oracles.mixed_error(got, slope) <= GRADIENT
        lower, upper = truth.tails(*row)
        assert oracles.mixed_error(student_t.logcdf(*row), mp.log(lower)) <= TAIL
        assert oracles.mixed_error(student_t.logsf(*row), mp.log(upper)) <= TAIL


def test_quantiles_that_all_but_cancel_the_centre():
    """What is left of 617,038 below 612,746 has lost two digits: few are to spare."""
    q, *params = (DTYPE(v) for v in (0.5499275922775269, 0.023088039830327034, 612745.75, 84488.3828125))
    x = float(student_t.isf(q, *params))
    assert quantile_error(truth, "isf", x, q, params, -np.inf, np.inf) <= TAIL / 2


def test_quantiles_whose_standard_score_overflows():
    df, scale = DTYPE(0.3), DTYPE(1e-12)
    q = DTYPE(1e-13 if not X64 else 1e-96)
    x = float(student_t.isf(q, df, 0.0, scale))
    missing = truth.tails(x, df, 0.0, scale)[1] / oracles.exact(q)[0] - 1
    assert abs(missing) < TAIL * float(df)
    assert float(student_t.isf(0.1, 1e-3, 0.0, 1.0)) == np.inf


ROWS = [(0.3, 0.01), (-1.2, 3.0), (1.45, 2.5), (1.45, 1e4), (-6.0, 0.4), (9.0, 40.0), (-5.0, 1e6), (1e6, 1.5)]


@pytest.mark.parametrize(("t", "df"), ROWS)
def test_slopes_of_the_tails_and_of_quantiles(t, df):
    x, df = DTYPE(0.5 + 2.0 * t), DTYPE(df)
    row, true = (x, df, DTYPE(0.5), DTYPE(2.0)), truth.tails(x, df, 0.5, 2.0)
    score, nu = oracles.exact((float(x) - 0.5) / 2.0, df)
    step = nu * mp.mpf(10) ** -20
    by_df = (truth.beyond(abs(score), nu + step) - truth.beyond(abs(score), nu - step)) / (2 * step)
    density = mp.exp(truth.logdensity(*row))
    of_upper = (-density, by_df if score > 0 else -by_df, density, density * score)
    bound = 1e-10 if X64 else 5e-5
    for which in range(4):
        for verb, slope in (
            ("sf", of_upper[which]),
            ("cdf", -of_upper[which]),
            ("logsf", of_upper[which] / true[1]),
            ("logcdf", -of_upper[which] / true[0]),
        ):
            got = jax.grad(getattr(student_t, verb), which)(*row)
            assert oracles.relative_error(got, slope) <= bound, (verb, which)
    q = DTYPE(min(true))
    verb = student_t.ppf if t < 0 else student_t.isf
    got = jax.grad(verb, (0, 1, 2, 3))(q, *row[1:])
    slopes = (1 / density * np.sign(-t), of_upper[1] / density, mp.mpf(1), score)
    for value, slope in zip(got, slopes, strict=True):
        assert oracles.relative_error(value, slope) <= 4 * bound  # the quantile of a rounded probability


def test_second_derivatives_exist():
    def logp(v):
        return student_t.logpdf(DTYPE(1.5), v[0], v[1], v[2])

    for params in ([3.0, 0.5, 0.5], [3.0, 1.0, 0.5], [3.0, 1.5, 0.5], [1e6, 1.0, 0.25]):
        hessian = np.asarray(jax.hessian(logp)(jnp.asarray(params, DTYPE)), float)
        point = tuple(mp.mpf(p) for p in params)
        true = [[mp.diff(log_density, point, order(i, j)) for j in range(3)] for i in range(3)]
        np.testing.assert_allclose(hessian, np.asarray(true, float), rtol=1e-9 if X64 else 2e-4, atol=1e-7)


def order(i, j):
    return tuple((k == i) + (k == j) for k in range(3))


def log_density(df, loc, scale):
    return truth.log_standard((mp.mpf("1.5") - loc) / scale, df) - mp.log(scale)


def test_moments_end_where_they_do():
    df = np.asarray([0.5, 1.0, 1.5, 2.0, 3.0], DTYPE)
    np.testing.assert_array_equal(student_t.mean(df, 1.5, 2.0), [np.nan, np.nan, 1.5, 1.5, 1.5])
    np.testing.assert_allclose(student_t.variance(df, 1.5, 2.0), [np.nan, np.nan, np.inf, np.inf, 12.0], rtol=1e-6)
    assert not np.isnan(np.asarray(jax.vmap(jax.grad(student_t.variance), (0, None, None))(df, 1.5, 2.0))).any()


@pytest.mark.parametrize("df", [1e-3, 0.5, 1.0, 2.0, 30.0, 1e4, 1e9])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_entropy(df, scale):
    nu, s = oracles.exact(DTYPE(df), DTYPE(scale))
    n, m = nu / 2, (nu + 1) / 2
    true = m * (mp.digamma(m) - mp.digamma(n)) + mp.log(nu) / 2 + mp.log(mp.beta(n, mp.mpf(1) / 2)) + mp.log(s)
    assert oracles.mixed_error(student_t.entropy(df, 0.0, scale), true) <= (1e-14 if X64 else 1e-6)


@pytest.mark.parametrize("df", [1e-3, 0.05, 1.0, 1e9])
def test_draws_far_out_and_close_in(df, key):
    count = 40_000
    x = np.asarray(student_t.sample(key, df, 0.0, 1.0, shape=(count,)), float)
    assert not np.isnan(x).any()
    assert abs((x > 0).mean() - 0.5) < 2.5 / count**0.5
    for t in (1e-3, 0.5, 3.0, 1e6):
        p = 2.0 * float(student_t.sf(t, df, 0.0, 1.0))
        assert abs((np.abs(x) > t).mean() - p) < 5 * (p * (1 - p) / count) ** 0.5 + 1e-12, t
