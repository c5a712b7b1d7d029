"""Counts in large numbers of trials, where no sum can be afforded: closed forms, limits and edges."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.density import bernoulli, beta_binomial, binomial
from tests import oracles
from tests.grids import DENSITY, DTYPE, GRADIENT, TAIL, TINY, X64, wide
from tests.oracles import mp
from tests.truths.beta_binomial import upper

ENTROPY = 1e-11 if X64 else 2e-6


def at_least(k, n, b):
    """P(X >= k) of a beta-binomial with a = 1: a product."""
    k, n, b = oracles.exact(k, n, b)
    with mp.workdps(80):
        return mp.exp(mp.loggamma(n + 1) - mp.loggamma(n - k + 1) + mp.loggamma(b + n - k + 1) - mp.loggamma(b + n + 1))


def test_tails_of_a_billion_trials_with_one_shape_equal_to_one():
    rng = np.random.default_rng(31)
    n, b = np.floor(10 ** rng.uniform(2, 9, 200)).astype(DTYPE), wide(rng, 200)
    k = np.floor(n * np.where(rng.uniform(size=200) < 0.5, rng.uniform(size=200), 10 ** rng.uniform(-9, 0, 200)))
    k = np.clip(k, 0, np.floor(n * 0.999)).astype(DTYPE)

    @jax.jit
    def tails(k, n, b):
        return (
            beta_binomial.sf(k, n, 1.0, b),
            beta_binomial.logsf(k, n, 1.0, b),
            beta_binomial.cdf(k, n, 1.0, b),
            beta_binomial.cdf(n - k - 1.0, n, b, 1.0),  # failures: only where n - k - 1 is exact
        )

    sf, logsf, cdf, mirrored = (np.asarray(v) for v in tails(k, n, b))
    for i in range(k.size):
        true, where = at_least(float(k[i]) + 1, n[i], b[i]), f"k={k[i]}, n={n[i]}, b={b[i]}"
        assert oracles.mixed_error(logsf[i], mp.log(true)) <= TAIL, where
        if true > 4 * TINY:
            assert oracles.relative_error(sf[i], true) <= TAIL, where
        if 1 - true > 4 * TINY:
            assert oracles.relative_error(cdf[i], 1 - true) <= TAIL, where
        if float(n[i]) < 2.0**24 and true > 4 * TINY:
            assert oracles.relative_error(mirrored[i], true) <= TAIL, where


def test_tails_of_many_trials_by_their_sums():
    for k, n, a, b in (
        (61_000, 100_000, 0.5, 0.5),
        (3, 50_000, 1e-3, 40.0),
        (9_000, 80_000, 900.0, 7e3),
        (0, 9e4, 3, 2),
    ):
        k, n, a, b = (DTYPE(v) for v in (k, n, a, b))
        true = upper(*oracles.exact(k, n, a, b))
        assert oracles.relative_error(beta_binomial.sf(k, n, a, b), true) <= TAIL, (k, n, a, b)
        assert oracles.relative_error(beta_binomial.cdf(k, n, a, b), 1 - true) <= TAIL, (k, n, a, b)


def test_quantiles_of_a_billion_trials_undo_the_tails():
    n, a, b = DTYPE(1e9), np.asarray([2.0, 1e-3, 1e9, 30.0], DTYPE), np.asarray([3.0, 1e-3, 1e9, 1e8], DTYPE)
    q = np.asarray([[0.3], [1e-20], [0.8]], DTYPE)
    k = beta_binomial.ppf(q, n, a, b)
    below = jnp.minimum(k - 1.0, jnp.nextafter(k, DTYPE(-1.0)))
    slack = 1e-12 if X64 else 2e-5
    assert (beta_binomial.cdf(k, n, a, b) >= q * (1 - slack)).all()
    assert (beta_binomial.cdf(below, n, a, b) <= q * (1 + slack)).all()
    assert float(beta_binomial.isf(0.25, 1e9, 1.0, 1.0)) == pytest.approx(7.5e8, rel=1e-9 if X64 else 2e-6)


def test_slopes_of_the_tails_are_sums_of_slopes():
    n, a, b, j = 60.0, 0.7, 5.0, jnp.arange(61.0)

    @jax.jit
    @jax.vmap
    def score(j):
        return beta_binomial.pmf(j, n, a, b), jax.grad(beta_binomial.logpmf, (2, 3))(j, n, a, b)

    @jax.jit
    @jax.vmap
    def slopes(k, a, b):
        return jax.grad(beta_binomial.cdf, (2, 3))(k, n, a, b), jax.grad(beta_binomial.logsf, (1, 2, 3))(k, n, a, b)

    mass, scores = score(j)
    k = jnp.asarray([4.0, 0.0, 59.0, 60.0, -1.0])
    by_shapes, _ = slopes(k, jnp.full(5, a), jnp.full(5, b))
    for got, by_one in zip(by_shapes, scores, strict=True):
        true = jnp.where(j[:, None] <= k, (mass * by_one)[:, None], 0.0).sum(0)
        np.testing.assert_allclose(got, true, atol=GRADIENT)
    extreme = slopes(k, jnp.full(5, 1e-3), jnp.full(5, 1e9))
    assert not any(np.isnan(g).any() for g in jax.tree.leaves(extreme))


def test_entropies_of_beta_binomials():
    for n, a, b in ((1, 1.0, 3.0), (40, 0.01, 0.02), (3000, 0.5, 7.0), (2500, 2e4, 9e4), (900, 1e-3, 1e6)):
        n, a, b = (DTYPE(v) for v in (n, a, b))
        logs = [oracles.beta_binomial_logpmf(k, n, a, b) for k in range(int(n) + 1)]
        true = -sum(mp.exp(v) * v for v in logs)
        assert oracles.mixed_error(beta_binomial.entropy(n, a, b), true) <= ENTROPY, (n, a, b)
    assert oracles.mixed_error(beta_binomial.entropy(1e9, 1.0, 1.0), mp.log(10**9 + 1)) <= ENTROPY
    # narrow beside the support: half the log of 2 pi e variance
    gaussian = 0.5 * np.log(2 * np.pi * np.e * 5e8)
    assert float(beta_binomial.entropy(1e9, 5e8, 5e8)) == pytest.approx(gaussian, rel=1e-6)
    assert float(beta_binomial.entropy(0.0, 2.0, 3.0)) == 0.0


def test_modes_of_beta_binomials():
    cases = (
        ((10, 3.0, 2.0), 7.0),  # 7 1/3
        ((9, 2.0, 2.0), 5.0),  # of 4 and 5, the larger
        ((9, 0.5, 2.0), 0.0),
        ((9, 2.0, 0.5), 9.0),
        ((9, 0.5, 0.4), 9.0),
        ((9, 0.5, 0.5), 0.0),  # of both ends
        ((9, 1.0, 1.0), 0.0),  # of all
        ((9, 1.0, 0.5), 9.0),
        ((0, 3.0, 2.0), 0.0),
    )
    for (n, a, b), mode in cases:
        assert float(beta_binomial.mode(n, a, b)) == mode, (n, a, b)


def test_draws_do_not_pile_up_where_a_chance_rounds_to_one():
    """With b = 0.05 a quarter of all chances lie closer to one than float32 can say."""
    n, a, b = 1e9, 3.0, 0.05
    k = np.asarray(beta_binomial.sample(jax.random.key(3), n, a, b, shape=(4000,)))
    for end in (1e9, 1e9 - 6400.0):
        chance = float(beta_binomial.cdf(np.nextafter(DTYPE(end), DTYPE(0)), n, a, b))
        assert abs((k < end).mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / k.size)


def test_slopes_at_chances_of_zero_and_one_are_one_sided():
    by_p = jax.grad(binomial.logpmf, 2)
    assert [float(by_p(*row)) for row in ((0.0, 5.0, 0.0), (5.0, 5.0, 1.0), (2.0, 5.0, 0.0))] == [-5.0, 5.0, 0.0]
    slope = jax.grad(bernoulli.logpmf, 1)
    assert [float(slope(*row)) for row in ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.5, 0.3))] == [-1.0, 1.0, 0.0, 0.0]


def test_tiny_chances_keep_their_digits():
    p = DTYPE(3e-12)
    assert oracles.relative_error(bernoulli.logpmf(0.0, p), mp.log1p(-oracles.exact(p)[0])) <= 4 * np.finfo(DTYPE).eps
    true = 1000 * mp.log1p(-oracles.exact(p)[0])
    assert oracles.mixed_error(binomial.logpmf(0.0, 1000.0, p), true) <= DENSITY
