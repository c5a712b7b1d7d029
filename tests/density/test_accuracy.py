"""The digits that jprob promises, against mpmath, on inputs that were not used to tune anything."""

import jax
import numpy as np
import pytest

from jprob.density import beta, beta_binomial, binomial
from tests import oracles
from tests.grids import DENSITY, DTYPE, GRADIENT, SIZE, TAIL, TINY, X64, beta_points, binomial_points, probabilities

mp = oracles.mp


def test_beta_log_density_and_its_gradient():
    x, a, b = beta_points(11)
    got = jax.jit(beta.logpdf)(x, a, b)
    grads = jax.jit(jax.vmap(jax.grad(beta.logpdf, (0, 1, 2))))(x, a, b)
    for i in range(SIZE):
        at = f"x={x[i]}, a={a[i]}, b={b[i]}"
        assert oracles.mixed_error(got[i], oracles.beta_logpdf(x[i], a[i], b[i])) <= DENSITY, at
        u, p, q = oracles.exact(x[i], a[i], b[i])
        common = mp.digamma(p + q)
        slopes = (
            (p - 1) / u - (q - 1) / (1 - u),
            common - mp.digamma(p) + mp.log(u),
            common - mp.digamma(q) + mp.log1p(-u),
        )
        for g, slope in zip(grads, slopes, strict=True):
            assert oracles.mixed_error(g[i], slope) <= GRADIENT, at


def test_binomial_log_probability_and_its_gradient():
    k, n, p = binomial_points(12)
    got = jax.jit(binomial.logpmf)(k, n, p)
    by_p = jax.jit(jax.vmap(jax.grad(binomial.logpmf, 2)))(k, n, p)
    for i in range(SIZE):
        at = f"k={k[i]}, n={n[i]}, p={p[i]}"
        assert oracles.mixed_error(got[i], oracles.binomial_logpmf(k[i], n[i], p[i])) <= DENSITY, at
        u, m, q = oracles.exact(k[i], n[i], p[i])
        assert oracles.mixed_error(by_p[i], (u - m * q) / (q * (1 - q))) <= GRADIENT, at


def test_binomial_tails():
    k, n, p = binomial_points(13, largest=7.0)
    k = np.minimum(k, n - 1)
    got = [np.asarray(jax.jit(getattr(binomial, verb))(k, n, p)) for verb in ("cdf", "sf", "logcdf", "logsf")]
    for i in range(SIZE):
        at = f"k={k[i]}, n={n[i]}, p={p[i]}"
        true = oracles.binomial_tails(k[i], n[i], p[i])
        for value, exact in zip((got[0][i], got[1][i]), true, strict=True):
            if exact > 4 * TINY:
                assert oracles.relative_error(value, exact) <= TAIL, at
        for value, exact in zip((got[2][i], got[3][i]), oracles.log_tails(true), strict=True):
            assert oracles.mixed_error(value, exact) <= TAIL, at


@pytest.mark.parametrize("verb", ["ppf", "isf"])
def test_binomial_quantile_is_the_exact_integer(verb):
    _, n, p = binomial_points(14, largest=6.0)
    q = probabilities(15)
    got = np.asarray(jax.jit(getattr(binomial, verb))(q, n, p))
    for i in range(0, SIZE, 2):
        at = f"q={q[i]}, n={n[i]}, p={p[i]}, got {got[i]}"
        target = oracles.exact(q[i])[0]
        side = 0 if verb == "ppf" else 1

        def reached(count, target=target, side=side, i=i):
            if count >= n[i]:
                return True
            value = oracles.binomial_tails(count, n[i], p[i])[side] if count >= 0 else mp.mpf(side)
            # a quantile within rounding of a step may fall either way
            near = abs(value - target) <= (1e-13 if X64 else 2e-5) * target
            return None if near else (value >= target if side == 0 else value <= target)

        assert reached(got[i]) in (True, None), at
        assert reached(got[i] - 1) in (False, None), at


def test_beta_binomial_log_probability():
    k, n, _ = binomial_points(16)
    _, a, b = beta_points(17, largest=8.0)
    got = jax.jit(beta_binomial.logpmf)(k, n, a, b)
    for i in range(SIZE):
        true = oracles.beta_binomial_logpmf(k[i], n[i], a[i], b[i])
        assert oracles.mixed_error(got[i], true) <= DENSITY, f"k={k[i]}, n={n[i]}, a={a[i]}, b={b[i]}"


def test_entropies_of_wide_and_narrow_ones():
    for a, b in ((1e-2, 3.0), (0.5, 0.5), (1e6, 2e6), (1e8, 3.0), (40.0, 1.0)):
        p, q = oracles.exact(a, b) if X64 else oracles.exact(np.float32(a), np.float32(b))
        true = (
            mp.log(mp.beta(p, q)) - (p - 1) * mp.digamma(p) - (q - 1) * mp.digamma(q) + (p + q - 2) * mp.digamma(p + q)
        )
        assert oracles.mixed_error(beta.entropy(a, b), true) <= (1e-11 if X64 else 2e-5), (a, b)
    for n, p in ((1, 0.5), (30, 0.01), (1000, 0.3), (200, 0.999)):
        q = oracles.exact(DTYPE(p))[0]
        mass = [mp.binomial(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
        true = -sum(m * mp.log(m) for m in mass)
        assert oracles.mixed_error(binomial.entropy(n, p), true) <= (1e-11 if X64 else 2e-5), (n, p)
    # a wide one: half the log of 2 pi e variance, and the next term of its expansion
    variance = 1e9 * 0.25
    assert float(binomial.entropy(1e9, 0.5)) == pytest.approx(
        0.5 * np.log(2 * np.pi * np.e * variance), rel=1e-6 if X64 else 5e-6
    )


def test_large_counts_from_the_host_do_not_wrap():
    n = np.int64(3_000_000_000)
    assert float(binomial.mean(n, 0.5)) == 1.5e9
    assert float(binomial.logpmf(n, n, 1.0)) == 0.0
