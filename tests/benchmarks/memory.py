"""What a thousand posteriors of one shape leave behind."""

import gc
from pathlib import Path

import jax
import numpy as np

from jprob import bayes
from jprob.bayes import models
from tests.benchmarks._timing import claims, table


def resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> int:
    rng = np.random.default_rng(0)

    def posterior(i):
        n = int(rng.integers(1, 1000))
        k = int(rng.integers(0, n + 1))
        draws = bayes.nuts(jax.random.key(i), models.coin_bias, k, n, num_warmup=200, num_samples=200)
        return float(draws.samples["p"].mean())

    for i in range(20):
        posterior(i)
    before = resident_mib()
    for i in range(1000):
        posterior(i)
    after = resident_mib()
    table("Resident memory", {"before": before, "after 1,000 posteriors": after}, "MiB")
    return claims([(f"1,000 posteriors leave less than 50 MiB: {after - before:.1f}", after - before < 50)])
