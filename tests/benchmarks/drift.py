"""Drift at speed beside scipy and numpy, a stream beside reading it, and false alarms of every statistic.

PSI is that of 1,000 columns of 10⁵ rows each. What decides is the whole job as it is written with numpy: ``quantile`` of the
reference for the edges, ``histogram`` of both samples, the formula; beside it stand the same with edges given to both, and
one ``histogram`` of one sample, which is a part of the job. numpy has its columns contiguous, jprob as rows of a table.
The other loops are of 50 columns: they take the same time for each. False alarms are those of 5,000 pairs of equal normal
samples at n = 100 and 1,000. ``JAX_ENABLE_X64=1`` for the float64 figures.
"""

import io

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jprob import monitor
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

COLUMNS, WIDE, ROWS, STREAM = 50, 1000, 100_000, 1_000_000
NAMES = ("psi", "kl", "js", "total_variation", "ks", "anderson_darling", "wasserstein", "energy", "chi2", "g_test")
DECILES = np.arange(1, 10) / 10


def opened(cuts: np.ndarray) -> np.ndarray:
    return np.concatenate([[-np.inf], cuts, [np.inf]]).astype(DTYPE)


def numpy_psi(x: np.ndarray, y: np.ndarray, edges: np.ndarray | None = None) -> float:
    edges = opened(np.quantile(x, DECILES)) if edges is None else edges
    q, p = (np.maximum(np.histogram(z, edges)[0], 0.5) / len(z) for z in (x, y))
    return float(np.sum((p - q) * np.log(p / q)))


def psi_speed() -> int:
    rng = np.random.default_rng(0)
    columns = [rng.standard_normal((WIDE, ROWS), dtype=np.float32).astype(DTYPE, copy=False) for _ in range(2)]
    held = [jnp.asarray(np.ascontiguousarray(z.T)) for z in columns]
    edges = opened(np.quantile(columns[0][0], DECILES))

    def given():
        return monitor.psi(*held, edges=edges[1:-1])

    calls = {
        "numpy: quantile, histogram twice, PSI": lambda: [numpy_psi(x, y) for x, y in zip(*columns, strict=True)],
        "jprob psi": lambda: monitor.psi(*held),
        "numpy: histogram twice, PSI, edges given": lambda: [
            numpy_psi(x, y, edges) for x, y in zip(*columns, strict=True)
        ],
        "jprob psi, edges given": given,
        "numpy: one histogram, edges given": lambda: [np.histogram(y, edges)[0] for y in columns[1]],
    }
    times = interleaved(calls, repeats=3)
    table(f"{WIDE} columns x {ROWS:,} rows, {np.dtype(DTYPE).name}, {jax.default_backend()}", times)
    whole, psi, both, psi_given, one = times.values()
    theirs = [numpy_psi(x, y, edges) for x, y in zip(*(z[:20] for z in columns), strict=True)]
    gap = float(np.max(np.abs(np.asarray(given().statistic[:20]) - theirs)))
    print(
        f"  with edges given to both {both / psi_given:.1f} times as fast; beside the whole of psi, histograms of both"
    )
    print(
        f"  samples and the formula take {both / psi:.1f} times as long, one numpy.histogram a column {one / psi:.1f} times"
    )
    return claims(
        [
            (f"psi {whole / psi:.1f} times as fast as the same job by numpy, at least 8", whole >= 8 * psi),
            (f"of the same edges the same PSI as by numpy to {gap:.1e}, at most 1e-6", gap <= 1e-6),
        ]
    )


def speed() -> int:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, ROWS, COLUMNS)).astype(DTYPE)
    columns = [np.ascontiguousarray(z.T) for z in (x, y)]
    held = [jnp.asarray(z) for z in (x, y)]

    def loop_ks():
        return [stats.ks_2samp(a, b).pvalue for a, b in zip(*columns, strict=True)]

    calls = {"loop of scipy.stats.ks_2samp": loop_ks, "jprob ks": lambda: monitor.ks(*held)}
    times = interleaved(calls, repeats=3)
    table(f"{COLUMNS} columns x {ROWS:,} rows, {np.dtype(DTYPE).name}, {jax.default_backend()}", times)
    scipys, ks = times.values()
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
    return psi_speed() + speed() + false_alarms(100) + false_alarms(1000)
