"""The bootstrap beside scipy and arch: n = B = 10,000, and its memory at a million rows. scipy has batches of its best size."""

import gc
import resource
import warnings

import arch.bootstrap
import jax
import numpy as np
from scipy import stats

from jprob import simulate
from jprob.simulate import statistics
from tests.benchmarks._timing import claims, interleaved, seconds, table
from tests.grids import DTYPE

KEY = jax.random.key(0)
SIZE = NUM = 10_000
RNG = np.random.default_rng(0)
X = RNG.lognormal(size=SIZE).astype(DTYPE)
Y = (X + RNG.normal(size=SIZE)).astype(DTYPE)
FLIPS = (RNG.uniform(size=SIZE) < 0.1).astype(DTYPE)


def ours(data, statistic, method="percentile", **options):
    return lambda: simulate.bootstrap(KEY, data, statistic, num_resamples=NUM, method=method, **options).interval


def scipys(data, statistic, num=NUM, **options):
    def call():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return stats.bootstrap(data, statistic, n_resamples=num, method="percentile", rng=1, **options)

    return lambda: call() and None


def archs(data, statistic, num=NUM):
    return lambda: arch.bootstrap.IIDBootstrap(*data, seed=1).conf_int(statistic, num, "percentile").sum()


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1]


def timed(title, calls, repeats=3):
    times = interleaved(calls, repeats)
    table(f"{title}, {np.dtype(DTYPE).name}", times)
    mine, *peers = times.values()
    return mine, peers


def scaled(call, times):
    """Seconds of a call that is a share of the whole: the peers that would take minutes."""
    return seconds(call) * times


def main() -> int:
    mine, peers = timed(
        "mean, n = B = 10,000",
        {
            "jprob": ours(X, statistics.mean),
            "scipy": scipys((X,), np.mean, vectorized=True, batch=100),
            "arch": archs((X,), np.mean),
        },
    )
    checks = [(f"mean: {min(peers) / mine:.2f} times the faster peer, at least 2.5", min(peers) >= 2.5 * mine)]
    bca, plain = timed(
        "mean by BCa", {"BCa": ours(X, statistics.mean, "bca"), "percentile": ours(X, statistics.mean)}, 9
    )
    checks.append((f"BCa adds {100 * (bca / plain[0] - 1):.0f} % to percentile, at most 20", bca <= 1.2 * plain[0]))
    mine, peers = timed(
        "correlation, n = B = 10,000",
        {"jprob": ours((X, Y), statistics.correlation), "arch": archs((X, Y), correlation)},
    )
    checks.append((f"correlation: {peers[0] / mine:.1f} times arch, at least 5", peers[0] >= 5 * mine))
    theirs = scaled(scipys((X, Y), correlation, NUM // 10, paired=True, vectorized=False), 10)
    print(f"  scipy, from a tenth of the resamples           {theirs:.3g} s {theirs / mine:12.4g} x")
    checks.append((f"correlation: {theirs / mine:.1f} times scipy, at least 15", theirs >= 15 * mine))
    for title, column, statistic, plain_statistic in (
        ("median", X, statistics.median, np.median),
        ("share", FLIPS, statistics.mean, np.mean),
    ):
        mine, peers = timed(
            f"{title} by theory, n = B = 10,000",
            {
                "jprob, short cut": ours(column, statistic, shortcut=True),
                "jprob, drawn": ours(column, statistic),
                "scipy": scipys((column,), plain_statistic, vectorized=True, batch=100),
                "arch": archs((column,), plain_statistic),
            },
        )
        fastest = min(peers[1:])
        checks.append(
            (f"{title} by theory: {fastest / mine:.0f} times the faster peer, at least 200", fastest >= 200 * mine)
        )
    big = RNG.normal(size=10**6).astype(DTYPE)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = seconds(lambda: simulate.bootstrap(KEY, big, statistics.mean, num_resamples=200, method="bca").interval)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\nn = 10^6, 200 resamples: {took:.2f} s with compilation, peak {grown:.0f} MiB above what was resident")
    checks.append((f"{grown:.0f} MiB beyond the data at n = 10^6, at most 64", grown <= 64))
    return claims(checks)
