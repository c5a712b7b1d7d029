"""The digits that jprob promises, against mpmath, on inputs that were not used to tune anything."""

import jax
import numpy as np
import pytest

from jprob.density import beta, beta_binomial, binomial
from tests import oracles
from tests.density.cases import CASES
from tests.grids import DENSITY, DTYPE, GRADIENT, SIZE, TAIL, TINY, X64, beta_points, binomial_points, probabilities
from tests.oracles import mp
from tests.truths import truth_of

NUM_POINTS = 120  # of each family; ``python -m tests.benchmarks densities`` tries more

each_family = pytest.mark.parametrize("family", [case.family for case in CASES], ids=lambda f: f.name)


def named(family, params):
    return dict(zip(family.parameters, params, strict=True))


def rows(*arrays):
    """The inputs one by one, each with its description."""
    for i, row in enumerate(zip(*arrays, strict=True)):
        yield i, f"at {tuple(float(v) for v in row)}", row


@each_family
def test_log_density(family):
    truth = truth_of(family.name)
    x, *params = truth.points(11, NUM_POINTS)
    got = np.asarray(jax.jit(family.logdensity)(x, named(family, params)))
    for i, at, row in rows(x, *params):
        assert oracles.mixed_error(got[i], truth.logdensity(*row)) <= DENSITY, at


@each_family
def test_gradient_of_the_log_density(family):
    truth = truth_of(family.name)
    x, *params = truth.points(12, NUM_POINTS)
    by_x, by_params = jax.jit(jax.vmap(jax.grad(family.logdensity, (0, 1))))(x, named(family, params))
    got = [by_x, *(by_params[name] for name in family.parameters)]
    for i, at, row in rows(x, *params):
        for which, slope, value in zip(("x", *family.parameters), truth.slopes(*row), got, strict=True):
            if slope is not None:
                assert oracles.mixed_error(value[i], slope) <= GRADIENT, f"by {which} {at}"


@each_family
def test_tails_and_their_logs(family):
    truth = truth_of(family.name)
    x, *params = truth.points(13, NUM_POINTS)

    @jax.jit
    def tails(x, params):
        return [getattr(family, verb)(x, **params) for verb in ("cdf", "sf", "logcdf", "logsf")]

    got = [np.asarray(v) for v in tails(x, named(family, params))]
    for i, at, row in rows(x, *params):
        true = truth.tails(*row)
        for value, exact in zip((got[0][i], got[1][i]), true, strict=True):
            if exact == 0 or exact > 4 * TINY:
                assert oracles.relative_error(value, exact) <= TAIL, at
        for value, exact in zip((got[2][i], got[3][i]), true, strict=True):
            if exact == 0:
                assert value == -np.inf, at
            else:
                other = true[0] + true[1] - exact
                log = mp.log(exact) if exact < 0.5 else mp.log1p(-other)
                assert oracles.mixed_error(value, log) <= TAIL, at


@each_family
@pytest.mark.parametrize("verb", ["ppf", "isf"])
def test_quantiles(family, verb):
    truth = truth_of(family.name)
    _, *params = truth.points(14, NUM_POINTS)
    q = probabilities(15, NUM_POINTS)
    got = np.asarray(jax.jit(getattr(family, verb))(q, **named(family, params)))
    check = whole_quantile_error if family.discrete else quantile_error
    for i, at, row in rows(q, *params):
        low, high = (float(end) for end in family.support(*row[1:]))
        error = check(truth, verb, float(got[i]), row[0], row[1:], low, high)
        assert error <= TAIL, f"{got[i]} {at}"


def quantile_error(truth, verb, x, q, params, low, high):
    """Relative error of ``x``: the mass that is missing over the density there."""
    target, side = oracles.exact(q)[0], 0 if verb == "ppf" else 1
    if x <= low or x >= high:  # rounded to an end: a point just inside must already be on the other side of the root
        inner = just_inside(low, high) if x <= low else -just_inside(-high, -low)
        beyond = truth.tails(inner, *params)[side] - target
        return 0.0 if (beyond if (x <= low) == (side == 0) else -beyond) >= -1e-4 * target else np.inf
    if abs(x) < 100 * TINY:
        return 0.0  # subnormal or nearly so
    missing = abs(truth.tails(x, *params)[side] - target)
    linear = float(missing / mp.exp(truth.logdensity(x, *params)) / abs(mp.mpf(x))) if missing else 0.0
    if linear > TAIL:  # the density may change within an ulp of x: is the root nearby?
        below, above = (truth.tails(max(low, x * (1 + step)), *params)[side] for step in (-TAIL, TAIL))
        return TAIL if min(below, above) <= target <= max(below, above) else linear
    return linear


def just_inside(low, high):
    """The second float above ``low``, which may be zero or infinite."""
    if np.isinf(low):
        return -0.99 * float(np.finfo(DTYPE).max)
    return 200 * TINY if low == 0 else float(np.nextafter(np.nextafter(DTYPE(low), DTYPE(high)), DTYPE(high)))


def whole_quantile_error(truth, verb, k, q, params, low, high):
    """Zero if ``k`` is the smallest count that reaches ``q``, but for ``q`` within rounding of a step."""
    target = oracles.exact(q)[0]

    def reached(count):
        if count < low or count >= high:
            return count >= high
        value = truth.tails(count, *params)[0 if verb == "ppf" else 1]
        near = abs(value - target) <= (1e-13 if X64 else 2e-5) * target
        return None if near else (value >= target if verb == "ppf" else value <= target)

    # float32 holds large counts with gaps: the one below is the next that it holds
    below = min(k - 1, float(np.nextafter(DTYPE(k), DTYPE(-np.inf))))
    return 0.0 if reached(k) in (True, None) and reached(below) in (False, None) else np.inf


def test_beta_binomial_log_probability():
    k, n, _ = binomial_points(16)
    _, a, b = beta_points(17, largest=8.0)
    got = jax.jit(beta_binomial.logpmf)(k, n, a, b)
    for i in range(SIZE):
        true = oracles.beta_binomial_logpmf(k[i], n[i], a[i], b[i])
        assert oracles.mixed_error(got[i], true) <= DENSITY, f"k={k[i]}, n={n[i]}, a={a[i]}, b={b[i]}"


def test_entropies_of_wide_and_narrow_ones():
    for a, b in ((1e-2, 3.0), (0.5, 0.5), (1e6, 2e6), (1e8, 3.0), (40.0, 1.0)):
        p, q = oracles.exact(DTYPE(a), DTYPE(b))
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
