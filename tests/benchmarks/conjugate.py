"""A million posteriors updated and summarised in one compiled call, beside scipy; memory; and a thousand planted priors.

``JAX_ENABLE_X64=1`` for the float64 figures. Some two minutes.
"""

import resource

import jax
import numpy as np
import scipy.special
import scipy.stats

from jprob.bayes import empirical, hypotheses
from jprob.bayes.conjugate import beta_binomial, gamma_poisson
from tests.benchmarks._timing import claims, interleaved, seconds, table
from tests.grids import DTYPE, X64

SIZE = 1_000_000


def summarise(pair):
    """Mean and 95 % interval after the update."""

    @jax.jit
    def run(prior, x, size):
        posterior = pair.update(prior, x, size)
        return pair.mean(posterior), pair.interval(posterior)

    return run


def scipy_beta(x, n):
    a, b = 1.0 + x, 1.0 + n - x
    return a / (a + b), scipy.special.betaincinv(a, b, 0.025), scipy.special.betaincinv(a, b, 0.975)


def scipy_gamma(x, t):
    a, b = 1.0 + x, 1.0 + t
    return a / b, scipy.special.gammaincinv(a, 0.025) / b, scipy.special.gammainccinv(a, 0.025) / b


def gap(ours, theirs):
    """Largest relative difference of the interval's ends."""
    ends = np.asarray(ours[1], float)
    return max(float(np.max(np.abs(ends[:, i] / theirs[1 + i] - 1))) for i in (0, 1))


def main() -> int:
    rng = np.random.default_rng(0)
    n = rng.integers(10, 100_000, SIZE).astype(DTYPE)
    k = rng.binomial(n.astype(int), rng.beta(2, 30, SIZE)).astype(DTYPE)
    t = rng.uniform(1, 1000, SIZE).astype(DTYPE)
    events = rng.poisson(t * rng.gamma(2.0, 1.0, SIZE)).astype(DTYPE)
    coin, rate = summarise(beta_binomial), summarise(gamma_poisson)
    wide = [v.astype(float) for v in (k, n, events, t)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = {}
    for name, ours, theirs in (
        ("beta", lambda: coin((1.0, 1.0), k, n), lambda: scipy_beta(*wide[:2])),
        ("gamma", lambda: rate((1.0, 1.0), events, t), lambda: scipy_gamma(*wide[2:])),
    ):
        times = interleaved({"jprob": ours, "scipy, vectorised": theirs}, repeats=3)
        table(f"{SIZE:,} {name} posteriors: update, mean, 95 % interval, {np.dtype(DTYPE).name}", times)
        results[name] = times, gap(ours(), theirs())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    some = slice(0, 2000)
    loop = seconds(
        lambda: [
            scipy.stats.beta(1 + a, 1 + m - a).interval(0.95) for a, m in zip(wide[0][some], wide[1][some], strict=True)
        ]
    )
    of_loop = loop * SIZE / 2000 / results["beta"][0]["jprob"]
    studies, groups = 1000, 100
    size = rng.integers(5, 60, (studies, groups))
    found = empirical.fit_beta(rng.binomial(size, rng.beta(3.0, 7.0, size.shape)), size)
    z = (np.asarray(found.prior.a) - 3.0) / np.asarray(found.standard_error.a)
    good = ~np.asarray(found.at_boundary) & np.asarray(found.converged)
    bounds = hypotheses.wald_bounds(0.05, 0.1)
    exact = hypotheses.coin_characteristics([0.5, 0.7], 0.5, 0.7, bounds, max_observations=1000)
    tolerance = 1e-10 if X64 else 2e-4
    share = float(np.mean(np.abs(z[good]) < 1.96))
    faster = {name: times["scipy, vectorised"] / times["jprob"] for name, (times, _) in results.items()}
    errors = [float(exact.prob_alternative[0]), float(exact.prob_null[1])]
    return claims(
        [(f"{name} ends within {gap_:.1e} of scipy", gap_ < tolerance) for name, (_, gap_) in results.items()]
        + [
            (f"{name}: {ratio:.2f} times as fast as scipy's arrays, at least 1", ratio >= 1)
            for name, ratio in faster.items()
        ]
        + [
            (f"{of_loop:.0f} times as fast as a loop over scipy.stats, at least 100", of_loop > 100),
            (f"memory grew by {grown:.0f} MiB, at most 1000", grown < 1000),
            (f"{studies:,} planted priors: {share:.3f} within 1.96 errors, 0.90 to 0.98", 0.90 < share < 0.98),
            (f"{np.mean(good):.3f} of them converged inside, at least 0.99", bool(np.mean(good) > 0.99)),
            (f"SPRT at .05 and .1 truly errs by {errors[0]:.4f} and {errors[1]:.4f}", sum(errors) <= 0.15),
        ]
    )
