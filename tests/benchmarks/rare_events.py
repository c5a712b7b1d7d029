"""Average precision beside scikit-learn's, and what its intervals cover where positives are few.

``python -m tests.benchmarks rare_events`` simulates 2,000 samples of each law, prevalence 1 % of n = 5,000 first; takes two
minutes. ``JAX_ENABLE_X64=1`` for the float64 figures. Scores of negatives are standard normal, those of positives normal about d.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats
from sklearn.metrics import average_precision_score, precision_recall_curve

from jprob import monitor
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

ROWS, REPLICATES = 1_000_000, 2000
LAWS = {  # d, scale of the positives, prevalence, n
    "d = 0.5": (0.5, 1.0, 0.01, 5000),
    "d = 1": (1.0, 1.0, 0.01, 5000),
    "d = 1.5": (1.5, 1.0, 0.01, 5000),
    "d = 2": (2.0, 1.0, 0.01, 5000),
    "d = 2.5": (2.5, 1.0, 0.01, 5000),
    "d = 3": (3.0, 1.0, 0.01, 5000),
    "d = 4": (4.0, 1.0, 0.01, 5000),
    "d = 2, scale 2": (2.0, 2.0, 0.01, 5000),
    "prevalence 10 %, n = 1,000": (2.0, 1.0, 0.1, 1000),
    "prevalence 30 %, n = 100": (2.0, 1.0, 0.3, 100),
}
BAND = ("d = 1", "d = 1.5", "d = 2", "d = 2.5", "d = 3", "d = 4", "d = 2, scale 2")


def truth(d, scale, prevalence):
    """Average precision of the law itself."""
    s = np.linspace(-10.0, 20.0, 400_001)
    found, false = stats.norm.sf((s - d) / scale), stats.norm.sf(s)
    precision = prevalence * found / np.maximum(prevalence * found + (1 - prevalence) * false, 1e-300)
    return float(np.trapezoid(precision * stats.norm.pdf((s - d) / scale) / scale, s))


def covered(d, scale, prevalence, n, step=None):
    """Share of intervals that hold the truth, those above it, those below it, and their mean width."""

    def one(key):
        labels, noise = jax.random.split(key)
        y = jax.random.bernoulli(labels, prevalence, (n,))
        s = jnp.where(y, d + scale * jax.random.normal(noise, (n,), DTYPE), jax.random.normal(noise, (n,), DTYPE))
        if step is not None:
            s = jnp.round(s / step) * step
        return monitor.average_precision(s, y).interval

    ends = jax.lax.map(one, jax.random.split(jax.random.key(13), REPLICATES), batch_size=50)
    low, high = np.asarray(jax.block_until_ready(ends), float).T
    value = truth(d, scale, prevalence)
    return float(np.mean((low <= value) & (value <= high))), float(np.mean(low > value)), float(np.mean(high < value))


def coverage() -> int:
    error = (0.05 * 0.95 / REPLICATES) ** 0.5
    print(f"\n{REPLICATES:,} samples, 95 % intervals, Monte Carlo standard error {error:.4f}")
    print(f"  {'law':<28} {'truth':>8} {'covered':>9} {'too high':>9} {'too low':>9}")
    found = {}
    for name, law in LAWS.items():
        found[name], high, low = covered(*law)
        print(f"  {name:<28} {truth(*law[:3]):>8.4f} {found[name]:>9.4f} {high:>9.4f} {low:>9.4f}", flush=True)
    checks = [
        (f"prevalence 1 %, n = 5,000, {name}: {found[name]:.4f}, from 0.93 to 0.97", 0.93 <= found[name] <= 0.97)
        for name in BAND
    ]
    return claims([*checks, ("every other law: at least 0.93", min(found.values()) >= 0.93)])


def speed() -> int:
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=ROWS) < 0.01).astype(np.int32)
    s = (rng.normal(size=ROWS) + 2.0 * y).astype(DTYPE)
    calls = {
        "sklearn precision_recall_curve": lambda: precision_recall_curve(y, s),
        "jprob pr_curve": lambda: monitor.pr_curve(s, y),
        "sklearn average_precision_score": lambda: average_precision_score(y, s),
        "jprob average_precision, with its interval": lambda: monitor.average_precision(s, y),
    }
    times = interleaved(calls, repeats=5)
    table(f"{ROWS:,} rows, {np.dtype(DTYPE).name}, {jax.default_backend()}", times)
    theirs, ours, their_mean, our_mean = times.values()
    return claims(
        [
            (f"the curve {theirs / ours:.1f} times as fast as scikit-learn's, at least 1", ours <= theirs),
            (
                f"the mean with its interval takes {our_mean / their_mean:.2f} of the time, at most 1.5",
                our_mean <= 1.5 * their_mean,
            ),
        ]
    )


def main() -> int:
    return speed() + coverage()
