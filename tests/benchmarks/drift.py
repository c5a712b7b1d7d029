"""Drift at speed beside scipy and numpy, a stream beside reading it, and false alarms of every statistic.

Columns are 50 instead of 1,000, of 10⁵ rows each: the loops beside them take the same time for each column. False alarms
are those of 5,000 pairs of equal normal samples at n = 100 and 1,000. ``JAX_ENABLE_X64=1`` for the float64 figures.
"""

import io

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jprob import monitor
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

COLUMNS, ROWS, STREAM = 50, 100_000, 1_000_000
NAMES = ("psi", "kl", "js", "total_variation", "ks", "anderson_darling", "wasserstein", "energy", "chi2", "g_test")


def speed() -> int:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, ROWS, COLUMNS)).astype(DTYPE)
    columns = [np.ascontiguousarray(z.T) for z in (x, y)]
    edges = np.quantile(columns[0], np.arange(1, 10) / 10, axis=1).T.astype(DTYPE)
    held = [jnp.asarray(z) for z in (x, y)]

    state = monitor.reference(held[0])

    def loop_ks():
        return [stats.ks_2samp(a, b).pvalue for a, b in zip(*columns, strict=True)]

    def loop_histogram():
        ends = [np.concatenate([[-np.inf], e, [np.inf]]) for e in edges]
        return [[np.histogram(z, e)[0] for z in pair] for *pair, e in zip(*columns, ends, strict=True)]

    calls = {
        "loop of scipy.stats.ks_2samp": loop_ks,
        "jprob ks": lambda: monitor.ks(*held),
        "loop of numpy.histogram, twice": loop_histogram,
        "jprob psi, with its quantiles": lambda: monitor.psi(*held),
        "jprob psi, edges given": lambda: monitor.psi(*held, edges=edges[0]),
        "jprob update (counts of one sample)": lambda: monitor.update(state, held[1]),
    }
    times = interleaved(calls, repeats=3)
    table(f"{COLUMNS} columns x {ROWS:,} rows, {np.dtype(DTYPE).name}, {jax.default_backend()}", times)
    scipys, ks, numpys, psi, given, _ = times.values()
    numbers = rng.normal(size=STREAM).astype(DTYPE)
    text = "\n".join(map(str, numbers.tolist()))
    first, update = monitor.reference(numbers[:10_000]), jax.jit(monitor.update)
    batch = jnp.asarray(numbers)
    stream = interleaved(
        {
            "reading from CSV (numpy.loadtxt)": lambda: np.loadtxt(io.StringIO(text)),
            "jprob update": lambda: update(first, batch),
        },
        repeats=3,
    )
    table(f"a batch of {STREAM:,} rows", stream)
    read, counted = stream.values()
    return claims(
        [
            (f"ks {scipys / ks:.1f} times as fast as the loop, at least 6", scipys >= 6 * ks),
            (f"psi {numpys / psi:.1f} times as fast as numpy.histogram, at least 8", numpys >= 8 * psi),
            (f"psi with given edges {numpys / given:.1f} times, at least 8", numpys >= 8 * given),
            (f"an update {read / counted:.0f} times as fast as reading, at least 1", counted <= read),
        ]
    )


def false_alarms(n: int, simulations: int = 5000) -> int:
    rng = np.random.default_rng(n)
    checks = []
    for name in NAMES:
        x, y = rng.normal(size=(2, n, simulations)).astype(DTYPE)
        if name in ("chi2", "g_test"):
            x, y = rng.integers(0, 6, size=(2, n, simulations))
        result = getattr(monitor, name)(x, y)
        rate = float(np.mean(result.p_value < 0.05))
        error = (0.05 * 0.95 / simulations) ** 0.5
        sentence = f"{name} at n = {n}: {rate:.4f} ± {error:.4f} of 0.05, alarms {float(np.mean(result.alarm)):.4f}"
        checks.append((sentence, 0.04 - 2 * error <= rate <= 0.06 + 2 * error))
    return claims(checks)


def main() -> int:
    return speed() + false_alarms(100) + false_alarms(1000)
