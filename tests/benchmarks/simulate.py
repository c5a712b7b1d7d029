"""The simulation engine: a central-limit study beside chunked NumPy, a billion draws in bounded memory, and random words.

All in float32 unless ``JAX_ENABLE_X64=1``; NumPy is given its fastest generator and the same chunks. numba where installed.
"""

import gc
import importlib.util
import os
import resource
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats

from jprob import simulate
from jprob.density import exponential
from tests.benchmarks._timing import claims, interleaved, seconds, table
from tests.grids import DTYPE, X64

SIZES = (10, 30, 100, 1000)
NUM, CHUNK = 131_072, 1024
KEY = jax.random.key(0)
KNOWN = {10: 0.901, 30: 0.926, 100: 0.942, 1000: 0.950}


def by_jprob():
    return simulate.clt(KEY, exponential.family, {"rate": 1.0}, SIZES, num_replicates=NUM)


def by_numpy(generator=np.random.SFC64):
    """The same study: z, t intervals, moments and Kolmogorov's distance, in chunks that stay in cache."""
    rng, critical, kept = np.random.Generator(generator(0)), stats.t.ppf(0.975, np.array(SIZES) - 1), []
    for _ in range(NUM // CHUNK):
        x = rng.standard_exponential((CHUNK, SIZES[-1]), dtype=DTYPE)
        x -= 1
        sums, start = np.zeros((3, CHUNK)), 0
        for n, c in zip(SIZES, critical, strict=True):
            piece = x[:, start:n]
            square = piece * piece
            sums += piece.sum(1), square.sum(1), np.einsum("ij,ij->i", square, piece)
            start, mean = n, sums[0] / n
            t = np.sqrt(n - 1) * mean / np.sqrt(sums[1] / n - mean**2)
            kept.append((np.sqrt(n) * mean, np.abs(t) <= c, np.abs(t) <= 1.96))
    z, inside, _ = (np.stack([row[i] for row in kept]).reshape(-1, 4, CHUNK).swapaxes(0, 1) for i in range(3))
    z = z.reshape(4, -1)
    steps = np.arange(1, NUM + 1) / NUM
    distance = [np.abs(special.ndtr(np.sort(row)) - steps).max() for row in z]
    return inside.mean((1, 2)), z.mean(1), stats.skew(z, axis=1), stats.kurtosis(z, axis=1), distance


def by_numba():
    """All draws of a replicate in one compiled loop, on all cores."""
    import numba

    @numba.njit(parallel=True, fastmath=True)
    def sums():
        out = np.empty((NUM, len(SIZES), 2))
        for i in numba.prange(NUM):
            total = square = 0.0
            at = 0
            for j in range(SIZES[-1]):
                y = np.random.standard_exponential() - 1.0  # noqa: NPY002 -- what numba compiles
                total += y
                square += y * y
                if j + 1 == SIZES[at]:
                    out[i, at, 0], out[i, at, 1] = total, square
                    at += 1
        return out

    return sums


def thousand(key):
    return jax.random.exponential(simulate.fast_key(key), (1000,), DTYPE).mean()


def billion(num=10**6, **options):
    return simulate.replicate(KEY, thousand, num, reduce=simulate.moments(), **options)


def resident_mib():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def clt():
    calls = {
        "jprob": by_jprob,
        "NumPy, chunked, SFC64": by_numpy,
        "NumPy, chunked, PCG64": lambda: by_numpy(np.random.PCG64),
    }
    if importlib.util.find_spec("numba"):
        calls["numba, all cores, sums only"] = by_numba()
    times = interleaved(calls, repeats=5)
    table(f"CLT, {NUM:,} replicates at n = {', '.join(map(str, SIZES))}, {np.dtype(DTYPE).name}", times)
    study, (inside, *_) = by_jprob(), by_numpy()
    mine, *peers = times.values()
    gap = np.abs(np.asarray(study.coverage) - list(KNOWN.values()))
    print("  coverage of the 95 % t interval:", np.asarray(study.coverage).round(4), "NumPy", inside.round(4))
    return [
        (f"{min(peers) / mine:.2f} times the fastest peer, at least 3.5", min(peers) >= 3.5 * mine),
        (
            "coverage as in the worked examples (.901 .926 .942 .950)",
            bool((gap < 5 * np.asarray(study.coverage_error) + 0.001).all()),
        ),
    ]


def draws():
    billion(10**4)
    before = resident_mib()
    took = seconds(lambda: billion().reduced.mean)
    grown, result = resident_mib() - before, billion().reduced
    print(f"\n10^9 exponential draws: {took:.2f} s, {1e9 / took:.3g} draws/s, {grown:.0f} MiB more than before", end="")
    print(f"; mean {float(result.mean):.6f} ± {float(result.mean_error):.6f}")
    z = (float(result.mean) - 1.0) / float(result.mean_error)
    return [
        (f"a billion draws take {grown:.0f} MiB, at most 64", grown < 64),
        (f"their mean is {z:+.2f} standard errors from 1, at most 5", abs(z) < 5),
    ]


def words():
    def stream(make):
        def body(i, total):
            return total + make(jax.random.fold_in(KEY, i)).sum(dtype=jnp.uint32)

        return jax.jit(lambda: jax.lax.fori_loop(0, 256, body, jnp.uint32(0)))

    shape, rng = (2**17,), np.random.Generator(np.random.SFC64(0))
    calls = {
        "jprob, fast_key": stream(lambda key: jax.random.bits(simulate.fast_key(key), shape, jnp.uint32)),
        "jax.random.bits": stream(lambda key: jax.random.bits(key, shape, jnp.uint32)),
        "jprob, random_indices": stream(lambda key: simulate.random_indices(key, shape, 10_000).astype(jnp.uint32)),
        "jax.random.randint": stream(lambda key: jax.random.randint(key, shape, 0, 10_000).astype(jnp.uint32)),
        "NumPy SFC64": lambda: [rng.integers(0, 2**32, shape, np.uint32).sum() for _ in range(256)],
    }
    times = interleaved(calls, repeats=5)
    table("2^25 random words in pieces of 2^17, and indices below 10,000", times)
    bits, plain, index, modulo, _ = times.values()
    return [
        (f"bits {plain / bits:.1f} times jax.random's, at least 1.5", plain >= 1.5 * bits),
        (f"indices {modulo / index:.1f} times jax.random's, at least 2", modulo >= 2 * index),
    ]


def main() -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {jax.default_backend()}, x64 {X64}")
    checks = [*words(), *clt(), *draws()]
    print(f"\nlargest resident size {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB; ", end="")
    print(f"load {os.getloadavg()[0]:.1f}")
    return claims(checks)
