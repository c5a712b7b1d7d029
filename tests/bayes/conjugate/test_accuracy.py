"""Digits: evidences, means and variances against mpmath for counts and hyperparameters up to a billion."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from jprob.bayes import conjugate
from tests.grids import DTYPE, X64, wide
from tests.oracles import mixed_error

PROMISED = 1e-12 if X64 else 2e-6
SIZE = 160


def _numbers(seed, low=-3.0):
    """Hyperparameters and data over twelve decades; in most lanes prior and data nearly agree, where terms cancel."""
    rng = np.random.default_rng(seed)
    a, b, t = (wide(rng, SIZE, low) for _ in range(3))
    k = np.floor(wide(rng, SIZE, 0.0)).astype(DTYPE)
    near = rng.uniform(size=SIZE) < 0.6
    expected = b / a * k * np.exp(rng.normal(size=SIZE) / np.sqrt(np.minimum(a, k) + 1))
    t = np.where(near, np.clip(expected, 1e-3, 1e9), t).astype(DTYPE)
    k = np.where(rng.uniform(size=SIZE) < 0.1, 0, k).astype(DTYPE)
    return a, b, k, t


def gamma_ratio(a, b, n, t):
    return mp.loggamma(a + n) - mp.loggamma(a) + a * mp.log(b) - (a + n) * mp.log(b + t)


def poisson(a, b, k, t):
    return gamma_ratio(a, b, k, t) + k * mp.log(t) - mp.loggamma(k + 1)


def failures(a, b, f, r):
    ways = mp.loggamma(f + r) - mp.loggamma(r) - mp.loggamma(f + 1)
    return ways + mp.log(mp.beta(a + r, b + f)) - mp.log(mp.beta(a, b))


def unknown_variance(a, b, n, s):
    return gamma_ratio(a, b, n / 2, s / 2) - n / 2 * mp.log(2 * mp.pi)


def check(got, truth, columns):
    assert np.isfinite(np.asarray(got)).all()
    errors = [
        mixed_error(g, truth(*(mp.mpf(float(v)) for v in row)))
        for g, *row in zip(np.asarray(got), *columns, strict=True)
    ]
    worst = int(np.argmax(errors))
    assert errors[worst] < PROMISED, [float(column[worst]) for column in columns]


@pytest.mark.parametrize(
    ("pair", "truth"),
    [
        (conjugate.gamma_poisson, poisson),
        (conjugate.gamma_exponential, gamma_ratio),
    ],
    ids=["gamma_poisson", "gamma_exponential"],
)
def test_evidence_of_rates(pair, truth):
    a, b, k, t = _numbers(1)
    check(jax.jit(lambda a, b, k, t: pair.log_evidence((a, b), k, t))(a, b, k, t), truth, (a, b, k, t))


def test_evidence_of_variances():
    a, b, n, s = _numbers(2)
    n = np.maximum(n, 1)
    pair = conjugate.inverse_gamma_known_mean
    check(jax.jit(lambda a, b, n, s: pair.log_evidence((a, b), s, n))(a, b, n, s), unknown_variance, (a, b, n, s))


def test_evidence_of_failures():
    a, b, f, t = _numbers(3)
    r = np.maximum(np.floor(t), 1)
    pair = conjugate.beta_negative_binomial
    check(jax.jit(lambda a, b, f, r: pair.log_evidence((a, b), f, r))(a, b, f, r), failures, (a, b, f, r))


def test_evidence_of_means_and_variances():
    rng = np.random.default_rng(4)
    a, b, n, s = _numbers(5)
    strength, loc, mean = wide(rng, SIZE), *rng.normal(size=(2, SIZE)).astype(DTYPE)
    n = np.maximum(n, 1)
    got = jax.jit(lambda *v: conjugate.normal_inverse_gamma.log_evidence(v[:4], *v[4:]))(
        loc, strength, a, b, mean, n, s
    )

    def truth(loc, k, a, b, mean, n, s):
        more = (s + (mean - loc) ** 2 * k * n / (k + n)) / 2
        return gamma_ratio(a, b, n / 2, more) - n / 2 * mp.log(2 * mp.pi) + mp.log(k / (k + n)) / 2

    check(got, truth, (loc, strength, a, b, mean, n, s))


def test_evidence_of_a_mean():
    rng = np.random.default_rng(6)
    scale, noise = wide(rng, SIZE), wide(rng, SIZE)
    n = np.floor(wide(rng, SIZE, 0.0)) + 1
    loc = rng.normal(size=SIZE).astype(DTYPE)
    mean = (loc + 3 * np.hypot(scale, noise / np.sqrt(n)) * rng.normal(size=SIZE)).astype(DTYPE)
    got = jax.jit(lambda *v: conjugate.normal_known_scale.log_evidence(v[:2], *v[2:]))(loc, scale, mean, n, noise)

    def truth(loc, scale, mean, n, noise):
        variance = scale**2 + noise**2 / n
        return -((mean - loc) ** 2) / variance / 2 - mp.log(2 * mp.pi * variance) / 2

    check(got, truth, (loc, scale, mean, n, noise))


def test_evidence_of_labels():
    rng = np.random.default_rng(7)
    a = np.stack([wide(rng, SIZE, high=6.0) for _ in range(3)], -1)
    x = np.floor(np.stack([wide(rng, SIZE, 0.0, 6.5) for _ in range(3)], -1)).astype(DTYPE)
    got = jax.jit(conjugate.dirichlet_multinomial.log_evidence)(a, x)

    def truth(*v):
        a, x = v[:3], v[3:]
        value = mp.loggamma(sum(x) + 1) + mp.loggamma(sum(a)) - mp.loggamma(sum(a) + sum(x))
        return value + sum(mp.loggamma(c + s) - mp.loggamma(s) - mp.loggamma(c + 1) for c, s in zip(x, a, strict=True))

    check(got, truth, (*a.T, *x.T))


def test_means_and_variances():
    rng = np.random.default_rng(8)
    a, b = wide(rng, SIZE), wide(rng, SIZE)
    beta, gamma, inverse = (conjugate.beta_binomial, conjugate.gamma_poisson, conjugate.inverse_gamma_known_mean)
    for moment, truth in (
        (beta.mean, lambda a, b: a / (a + b)),
        (beta.variance, lambda a, b: a * b / (a + b) ** 2 / (a + b + 1)),
        (gamma.mean, lambda a, b: a / b),
        (gamma.variance, lambda a, b: a / b**2),
        (lambda p: inverse.mean((p[0] + 2.0, p[1])), lambda a, b: b / (mp.mpf(float(DTYPE(a) + DTYPE(2))) - 1)),
    ):
        got = np.asarray(moment((a, b)))
        exact = [truth(mp.mpf(float(x)), mp.mpf(float(y))) for x, y in zip(a, b, strict=True)]
        worst = max(abs(float((mp.mpf(float(g)) - t) / t)) for g, t in zip(got, exact, strict=True))
        assert worst < PROMISED


def test_what_a_billion_hours_predict_for_one():
    """A p that rounds to 1 has lost the exposure ahead; the evidence under the posterior has not."""
    posterior = conjugate.gamma_poisson.update((1.0, 1.0), 7, 1e9)
    got = conjugate.gamma_poisson.log_evidence(posterior, 1, 1.0)
    a, b = (mp.mpf(float(v)) for v in posterior)
    assert mixed_error(got, poisson(a, b, mp.mpf(1), mp.mpf(1))) < PROMISED


def test_predictive_laws_agree_with_the_evidence_of_one_more():
    from jprob.density import beta_binomial, negative_binomial, normal, pareto, student_t

    close = {"rel": 1e-12 if X64 else 1e-5}
    coin, rate, wait, mean, line, spread = (
        conjugate.beta_binomial,
        conjugate.gamma_poisson,
        conjugate.gamma_exponential,
        conjugate.normal_known_scale,
        conjugate.normal_inverse_gamma,
        conjugate.inverse_gamma_known_mean,
    )
    two, four = (3.0, 2.0), (1.0, 2.0, 3.0, 4.0)
    law = wait.predictive(two)
    pairs = [
        (beta_binomial.logpmf(3, *coin.predictive(two, 7)), coin.log_evidence(two, 3, 7)),
        (negative_binomial.logpmf(4, *rate.predictive(two, 1.5)), rate.log_evidence(two, 4, 1.5)),
        (pareto.logpdf(law.scale + 0.75, *law), wait.log_evidence(two, 1, 0.75)),
        (normal.logpdf(2.0, *mean.predictive(two, 2.0, 4)), mean.log_evidence(two, 2.0, 4, 2.0)),
        (student_t.logpdf(2.0, *line.predictive(four)), line.log_evidence(four, 2.0, 1, 0.0)),
        (student_t.logpdf(2.0, *spread.predictive(two, 1.0)), spread.log_evidence(two, 1.0, 1)),
    ]
    for got, want in pairs:
        assert float(got) == pytest.approx(float(want), **close)
    prior = conjugate.linear_regression.prior([1.0, 0.5], 2.0, 3.0, 4.0)
    row = np.array([[1.0, -2.0]], DTYPE)
    got = student_t.logpdf(2.0, *conjugate.linear_regression.predictive(prior, row[0]))
    want = conjugate.linear_regression.log_evidence(
        prior, *conjugate.linear_regression.statistics(row, np.array([2.0], DTYPE))
    )
    assert float(got) == pytest.approx(float(want), **close)


def test_waits_ahead_have_the_moments_that_are_claimed():
    failures_ahead = jnp.arange(4000.0)
    law = conjugate.beta_geometric.predictive((9.0, 4.0), 2)
    mass = np.exp(np.asarray(conjugate.beta_geometric.log_evidence((9.0, 4.0), failures_ahead + 2, 2), float))
    f = np.asarray(failures_ahead, float)
    assert mass.sum() == pytest.approx(1.0, abs=1e-5)
    assert mass @ f == pytest.approx(float(law.mean), rel=1e-4)
    assert mass @ (f - mass @ f) ** 2 == pytest.approx(float(law.variance), rel=1e-4)


def test_a_regression_keeps_the_digits_that_normal_equations_lose():
    """Regressors that nearly coincide: the condition number is 1e4 (1e7), its square beyond the dtype."""
    rng = np.random.default_rng(9)
    x = np.stack([np.ones(50), 1 + (1e-7 if X64 else 1e-3) * rng.normal(size=50)], -1)
    beta = np.array([1.0, 2.0])
    x, y = x.astype(DTYPE), (x.astype(DTYPE).astype(float) @ beta).astype(DTYPE)
    prior = conjugate.linear_regression.prior([0.0, 0.0], 1e9, 1.0, 1.0)
    found = conjugate.linear_regression.update(prior, *conjugate.linear_regression.statistics(x, y))
    np.testing.assert_allclose(found.loc, beta, atol=1e-5 if X64 else 5e-3)
