"""Coverage by enumeration against the published tables, and by simulation against enumeration."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jprob import density, simulate
from jprob.estimate import proportion_interval
from tests.grids import X64

BINOMIAL = density.binomial.family
LOOSE = {"atol": 1e-10 if X64 else 3e-5, "rtol": 0}


METHODS = ("wald", "wilson", "agresti_coull", "clopper_pearson", "jeffreys")


def exact(method, n, p):
    def interval(k):
        return proportion_interval(k, n, method=method)

    return simulate.coverage(None, interval, BINOMIAL, {"n": n, "p": p}, truth="p")


@pytest.mark.parametrize(
    ("n", "p", "published"),
    [(17, 0.5, 0.951), (40, 0.5, 0.919), (30, 0.2, 0.946), (98, 0.2, 0.928), (591, 0.005, 0.945), (592, 0.005, 0.792)],
)
def test_wald_is_as_erratic_as_published(n, p, published):
    """Brown, Cai and DasGupta (2001), section 2."""
    assert float(exact("wald", n, [p]).coverage[0]) == pytest.approx(published, abs=6e-4)


def scipy_interval(name, n):
    k = np.arange(n + 1)
    if name in ("wilson", "clopper_pearson"):
        method = {"wilson": "wilson", "clopper_pearson": "exact"}[name]
        ends = [stats.binomtest(int(i), n).proportion_ci(0.95, method) for i in k]
        return np.array([(e.low, e.high) for e in ends])
    z = stats.norm.isf(0.025)
    if name == "jeffreys":
        low, high = stats.beta.ppf([[0.025], [0.975]], k + 0.5, n - k + 0.5)
        low[0], high[-1] = 0.0, 1.0
        return np.stack([low, high], -1)
    more = z * z if name == "agresti_coull" else 0.0
    p = (k + more / 2) / (n + more)
    half = z * np.sqrt(p * (1 - p) / (n + more))
    return np.stack([p - half, p + half], -1)


@pytest.mark.parametrize("name", METHODS)
def test_enumeration_is_the_sum_over_outcomes(name):
    n, p = 50, np.linspace(0.013, 0.987, 41)
    ends = scipy_interval(name, n).clip(0.0, 1.0)
    mass = stats.binom.pmf(np.arange(n + 1)[:, None], n, p)
    found = exact(name, n, p)
    inside = (ends[:, :1] <= p) & (p <= ends[:, 1:])
    np.testing.assert_allclose(found.coverage, (mass * inside).sum(0), **LOOSE)
    np.testing.assert_allclose(found.length, mass.T @ (ends[:, 1] - ends[:, 0]), **LOOSE)
    np.testing.assert_allclose(found.miss_below + found.miss_above + found.coverage, 1.0, **LOOSE)
    assert (found.exact, found.num_replicates, float(found.coverage_error.max())) == (True, 0, 0.0)
    if name == "clopper_pearson":
        assert float(found.coverage.min()) >= 0.95


def t_interval(x):
    half = 2.2621572 * x.std(ddof=1) / x.size**0.5  # t of 9 degrees of freedom
    return x.mean() - half, x.mean() + half


def test_simulated_coverage_of_the_t_interval(key):
    rates = jnp.array([0.5, 1.0, 4.0])
    family = density.exponential.family
    found = simulate.coverage(
        key, t_interval, family, {"rate": rates}, truth=family.mean, size=10, num_replicates=2**14
    )
    np.testing.assert_allclose(found.truth, 1 / rates)
    assert not found.exact
    assert (np.abs(np.asarray(found.coverage) - 0.901) < 5 * np.asarray(found.coverage_error) + 0.001).all()
    # the same bits for every truth: the problem is free of scale, and so are the answers
    np.testing.assert_allclose(found.coverage, found.coverage[0], atol=1e-3)
    np.testing.assert_allclose(found.length * rates, found.length[0] * rates[0], rtol=1e-4)
    assert (np.asarray(found.miss_below) > np.asarray(found.miss_above)).all()  # skew to the right


def wilson_of_draw(k):
    return proportion_interval(k, 20)


def test_simulation_agrees_with_enumeration(key):
    params = {"n": 20.0, "p": jnp.array([0.1, 0.4])}
    args = (wilson_of_draw, BINOMIAL, params)
    sure = simulate.coverage(None, *args, truth="p")
    tried = simulate.coverage(key, *args, truth="p", num_replicates=2**14)
    gap = np.abs(np.asarray(sure.coverage - tried.coverage))
    assert (gap < 5 * np.asarray(tried.coverage_error)).all()
    assert (np.abs(np.asarray(sure.length - tried.length)) < 5 * np.asarray(tried.length_error)).all()


def randomised(key, x):
    u = jax.random.uniform(key)
    return jnp.where(u < 0.25, jnp.nan, x - 1.0), x + jnp.where(u < 0.5, -0.5, 1.0)


def test_a_randomised_interval_and_nan_are_counted(key):
    found = simulate.coverage(
        key,
        randomised,
        density.uniform.family,
        {"low": 0.0, "high": 1.0},
        truth="low",
        num_replicates=4096,
        randomised=True,
    )
    assert abs(found.num_nan - 1024) < 5 * (4096 * 3 / 16) ** 0.5
    assert float(found.coverage[0]) == pytest.approx(1 - 1 / 3 / 2, abs=0.05)


def test_refusals_are_sentences(key):
    call = functools.partial(simulate.coverage, None, wilson_of_draw)
    with pytest.raises(ValueError, match="`num_replicates` must be given where the outcomes cannot be listed"):
        call(density.normal.family, {"loc": 0.0, "scale": 1.0}, truth="loc")
    with pytest.raises(ValueError, match="`num_replicates` must be given beyond 65536 outcomes; got inf"):
        call(density.poisson.family, {"rate": 1.0}, truth="rate")
    with pytest.raises(ValueError, match="`num_replicates` must be given beyond 65536 outcomes; got 1000001"):
        call(BINOMIAL, {"n": 10**6, "p": 0.5}, truth="p")
    with pytest.raises(ValueError, match="`truth` must be one of n, p; got 'q'"):
        call(BINOMIAL, {"n": 5, "p": 0.5}, truth="q")
    with pytest.raises(ValueError, match="`key` must be a JAX random key where data are drawn"):
        call(BINOMIAL, {"n": 5, "p": 0.5}, truth="p", num_replicates=5)
    with pytest.raises(ValueError, match="`num_replicates` must be given for a randomised interval"):
        call(BINOMIAL, {"n": 5, "p": 0.5}, truth="p", randomised=True)
