"""Planted failures told apart, 200 seeds each; coverage of label shift and of accuracy without labels, 2,000 studies each.

``python -m tests.benchmarks diagnosis``; ``JAX_ENABLE_X64=1`` for the float64 figures.
"""

import time
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np

from jprob import monitor
from tests.benchmarks._timing import claims
from tests.grids import DTYPE
from tests.monitor.situations import MORE, ROWS, TWELVE, told

SEEDS, STUDIES = 200, 2000
SHARES = (0.01, 0.02, 0.05, 0.2, 0.5)


def situations(seeds: int = SEEDS) -> int:
    checks = []
    print(f"\nthe planted cause named first, of {seeds} seeds, {ROWS:,} rows in each sample")
    for at, (name, make) in enumerate((TWELVE | MORE).items()):
        first, wrong, start = 0, Counter(), time.perf_counter()
        for seed in range(seeds):
            situation = make(np.random.default_rng([seed, at]))
            found = monitor.diagnose(situation.reference, situation.current)
            right = told(situation, found)
            first += right
            wrong.update([] if right else [", ".join(f.symptom for f in found.findings) or "nothing"])
        took = (time.perf_counter() - start) / seeds
        others = "; ".join(f"{count} times {said}" for said, count in wrong.most_common(2))
        required = "of the twelve" if name in TWELVE else "beside them"
        checks.append(
            (f"{name} ({required}): {first / seeds:.1%}, {1000 * took:.0f} ms each. {others}", first >= 0.95 * seeds)
        )
    return claims(checks)


def rows(key, num, share, apart=2.0):
    """Predictions of label 1 with a line in log odds to be undone, and labels."""
    of_y, of_x = jax.random.split(key)
    y = jax.random.uniform(of_y, (num,), DTYPE) < share
    x = jax.random.normal(of_x, (num,), DTYPE) + 0.5 * apart * jnp.where(y, 1.0, -1.0).astype(DTYPE)
    return jax.nn.sigmoid(1.3 * apart * x + 0.4), y.astype(jnp.int32)


def shifted(key, num, move):
    """Rows that moved, with labels by the same chances; a line in log odds to be undone."""
    of_z, of_y = jax.random.split(key)
    z = move + 1.5 * jax.random.normal(of_z, (num,), DTYPE)
    return jax.nn.sigmoid(1.5 * z + 0.3), (jax.random.uniform(of_y, (num,), DTYPE) < jax.nn.sigmoid(z)).astype(
        jnp.int32
    )


def mapped(one, *constants):
    """A study of one key, many times, one program for all constants."""
    keys = jax.random.split(jax.random.key(1), STUDIES)
    run = jax.jit(lambda *constants: jax.lax.map(lambda key: one(key, *constants), keys, batch_size=50))
    return [jax.device_get(run(*(jnp.asarray(c, DTYPE) for c in row))) for row in constants]


def label_shift(num: int = 2000) -> int:
    checks = []
    for method in ("em", "bbse"):

        def one(key, share, method=method):
            ours, theirs = jax.random.split(key)
            found = monitor.label_shift(*rows(ours, num, 0.5), rows(theirs, num, share)[0], method=method)
            return found.prevalence[1], *found.interval[1]

        for share, (found, low, high) in zip(SHARES, mapped(one, *((s,) for s in SHARES)), strict=True):
            covered = float(np.mean((low <= share) & (share <= high)))
            sentence = (
                f"{method} at {share:.0%}: {found.mean():.4f}, covered {covered:.1%}, width {np.mean(high - low):.4f}"
            )
            checks.append((sentence, 0.93 <= covered <= 0.97))
    print(f"\nprevalence, reference and current of {num:,} rows, {STUDIES:,} studies: intervals of 95 %")
    return claims(checks)


def accuracy(num: int = 3000) -> int:
    def one(key, move):
        ours, theirs = jax.random.split(key)
        q, c = shifted(theirs, num, move)
        found = monitor.estimated_accuracy(q, *shifted(ours, num, 0.0))
        return found.accuracy, *found.interval, *found.rows_interval, jnp.mean((q > 0.5) == c)

    checks, moves = [], (0.0, 0.5, 1.0, 2.0)
    for move, (found, low, high, least, most, hits) in zip(moves, mapped(one, *((m,) for m in moves)), strict=True):
        true = hits.mean()
        covered, held = np.mean((low <= true) & (true <= high)), np.mean((least <= hits) & (hits <= most))
        sentence = f"moved by {move}: {found.mean():.4f} of {true:.4f}, covered {covered:.1%}, these rows {held:.1%}"
        checks.append((sentence, bool(0.93 <= covered <= 0.97 and 0.93 <= held <= 0.97)))
    print(f"\naccuracy without labels under covariate shift, {num:,} rows, {STUDIES:,} studies: intervals of 95 %")
    return claims(checks)


def main() -> int:
    return situations() + label_shift() + accuracy()
