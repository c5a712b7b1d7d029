"""Calibration: false alarms and power of its tests, coverage of its interval, and its speed beside NumPy and scikit-learn.

``python -m tests.benchmarks calibrate``: 5,000 sets of 200, 1,000 and 10,000 rows with 199 simulations each, some minutes; then
a million rows of ten logits. ``CALIBRATE=speed`` or ``CALIBRATE=null`` for one half.
"""

import os
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.calibration import _TemperatureScaling, calibration_curve
from sklearn.isotonic import IsotonicRegression

from jprob import calibrate
from jprob.calibrate import isotonic, temperature
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

NUM_SETS = 5000
SIZES = (200, 1000, 10_000)
ROWS, CLASSES, BINS = 1_000_000, 10, 15


@partial(jax.jit, static_argnums=(1, 3))
def studied(key, n, t, lanes):
    """p-values of sets whose logits are ``t`` times too large, by simulation, Spiegelhalter, and Hosmer and Lemeshow."""

    def one(key):
        ours, theirs, test = jax.random.split(key, 3)
        z = 2.0 * jax.random.normal(ours, (n,), DTYPE)
        p, y = jax.nn.sigmoid(z), jax.random.uniform(theirs, (n,), DTYPE) < jax.nn.sigmoid(z / t)
        error = calibrate.calibration_test(test, p, y, num_simulations=199)
        return (
            jnp.stack([error.p_value, calibrate.spiegelhalter(p, y).p_value, calibrate.hosmer_lemeshow(p, y).p_value]),
            calibrate.ece_interval(test, p, y, num_simulations=500).interval,
        )

    return jax.lax.map(one, jax.random.split(key, lanes), batch_size=max(1, 20_000 // n))


def true_error(t):
    """Of the bins, by a fine grid of log odds."""
    z = np.linspace(-16, 16, 400_001)
    mass, p, q = np.exp(-0.125 * z**2), 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-z / t))
    place = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    return np.abs(np.bincount(place, mass * (p - q))).sum() / mass.sum()


def null() -> int:
    checks = []
    print(f"{'rows':>6}{'T':>6}{'sets':>6}{'ECE':>9}{'Spiegelhalter':>15}{'H-L':>8}{'interval holds':>16}{'s':>7}")
    for n in SIZES:
        for t in (1.0, 1.1, 1.25, 1.5, 2.0):
            sets = NUM_SETS if t == 1.0 else 500
            start = time.perf_counter()
            p, ends = (np.asarray(v) for v in studied(jax.random.key(n), n, t, sets))
            rates = (p <= 0.05 + 1e-6).mean(0)
            held = ((ends[:, 0] <= true_error(t)) & (true_error(t) <= ends[:, 1])).mean()
            taken = time.perf_counter() - start
            print(
                f"{n:>6}{t:>6}{sets:>6}{rates[0]:>9.2%}{rates[1]:>15.2%}{rates[2]:>8.2%}{held:>16.2%}{taken:>7.1f}",
                flush=True,
            )
            if t == 1.0:
                checks.append((f"false alarms {rates[0]:.2%} at {n} rows, within 4-6 %", 0.04 <= rates[0] <= 0.06))
    return claims(checks)


def by_bincount(p, y):
    """The plainest fast way in NumPy."""
    place = np.clip((p * BINS).astype(np.int32), 0, BINS - 1)
    return np.abs(np.bincount(place, p, BINS) - np.bincount(place, y, BINS)).sum() / p.size


def speed() -> int:
    rng = np.random.default_rng(0)
    z = (2 * rng.normal(size=(ROWS, CLASSES))).astype(np.float32)
    noise = rng.gumbel(size=z.shape).astype(np.float32)
    labels = np.argmax(z / 2 + noise, 1)
    top = np.asarray(jax.nn.softmax(z).max(1))
    hit = (z.argmax(1) == labels).astype(np.int32)
    ours = jnp.asarray(top), jnp.asarray(hit)
    compiled = jax.jit(calibrate.ece)
    times = interleaved(
        {
            "jprob.calibrate.ece": lambda: calibrate.ece(*ours),
            "the same inside jit": lambda: compiled(*ours),
            "numpy bincount": lambda: by_bincount(top, hit),
            "sklearn calibration_curve": lambda: calibration_curve(hit, top, n_bins=BINS),
        },
        repeats=9,
    )
    table(f"ECE of {ROWS:,} confidences in {BINS} bins, float32", times)
    own, _, plain, curve = times.values()
    on_device = jnp.asarray(z), jnp.asarray(labels.astype(np.int32))
    fits = interleaved(
        {
            "jprob.calibrate.temperature.fit": lambda: temperature.fit(*on_device),
            "scikit-learn's temperature": lambda: _TemperatureScaling().fit(z, labels),
        },
        repeats=3,
    )
    table(f"temperature of {ROWS:,} x {CLASSES} logits, float32", fits)
    fit, theirs = fits.values()
    steps = interleaved(
        {
            "jprob.calibrate.isotonic.fit": lambda: isotonic.fit(*ours),
            "scikit-learn's IsotonicRegression": lambda: IsotonicRegression().fit(top, hit),
        },
        repeats=3,
    )
    table(f"isotonic regression of {ROWS:,} rows", steps)
    groups = jnp.asarray(z[:200_000, :1].reshape(1000, 200)), jnp.asarray(hit[:200_000].reshape(1000, 200))
    many = jax.jit(jax.vmap(temperature.fit))
    lanes = interleaved({"1,000 temperatures of 200 rows by vmap": lambda: many(*groups)}, repeats=5)
    table("groups", lanes)
    return claims(
        [
            (f"ECE {curve / own:.1f} times as fast as calibration_curve, at least 10", curve >= 10 * own),
            (f"and {plain / own:.1f} times as fast as NumPy's bincount, at least 2.5", plain >= 2.5 * own),
            (f"temperature {theirs / fit:.1f} times as fast as scikit-learn's, at least 6", theirs >= 6 * fit),
        ]
    )


def main() -> int:
    print(f"load {os.getloadavg()[0]:.1f}, {jax.default_backend()}, {np.dtype(DTYPE).name}")
    asked = os.environ.get("CALIBRATE", "")
    return (speed() if asked != "null" else 0) + (null() if asked != "speed" else 0)
