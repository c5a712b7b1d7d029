"""Hard inputs that are exact in the dtype under test: fixed corners, and random ones from a seed of their own."""

import jax
import numpy as np

X64 = bool(jax.config.jax_enable_x64)
DTYPE = np.float64 if X64 else np.float32
TINY = float(np.finfo(DTYPE).tiny)

# The accuracy jprob promises: |got - true| / max(1, |true|) for logs and gradients, relative for tails and quantiles
DENSITY = 2e-14 if X64 else 1e-6
GRADIENT = 1e-11 if X64 else 2e-5
TAIL = 1e-11 if X64 else 2e-5

SIZE = 320


def beta_points(seed, largest=9.0, size=SIZE):
    """``x, a, b``: shapes 10^-3 to 10^9, points over all of (0, 1), in both tails, and within forty sd of the mean."""
    rng = np.random.default_rng(seed)
    a, b = 10 ** rng.uniform(-3, largest, (2, size))
    a[: size // 3], b[: size // 3] = 10 ** rng.uniform(-3, 1, (2, size // 3))
    mean = a / (a + b)
    sd = np.sqrt(mean * (1 - mean) / (a + b + 1))
    kind = rng.integers(0, 4, size)
    x = np.choose(
        kind,
        [
            rng.uniform(0, 1, size),
            10 ** rng.uniform(-30, 0, size),
            mean + sd * 4 * rng.normal(size=size),
            mean + sd * rng.uniform(-40, 40, size),
        ],
    ).astype(DTYPE)
    x = np.where((x <= 0) | (x >= 1), DTYPE(0.5), x)
    return x, a.astype(DTYPE), b.astype(DTYPE)


def wide(rng, size, low=-3.0, high=9.0):
    """Positive parameters over many orders of magnitude, a third of them ordinary."""
    exponent = np.where(rng.uniform(size=size) < 0.33, rng.uniform(-1, 1, size), rng.uniform(low, high, size))
    return (10**exponent).astype(DTYPE)


def probabilities(seed, size=SIZE):
    """Central and down to 10^-30."""
    rng = np.random.default_rng(seed)
    p = np.where(rng.uniform(size=size) < 0.5, rng.uniform(0, 1, size), 10 ** rng.uniform(-30, -0.3, size))
    return p.astype(DTYPE)


def binomial_points(seed, largest=9.0, size=SIZE):
    """``k, n, p``: counts to 10^9, p within 10^-12 of 0 and as near 1 as the dtype allows."""
    rng = np.random.default_rng(seed)
    n = np.floor(10 ** rng.uniform(0, largest, size)).astype(DTYPE)
    kind = rng.integers(0, 4, size)
    p = np.choose(
        kind,
        [
            rng.uniform(0, 1, size),
            10 ** rng.uniform(-12, 0, size),
            1 - 10 ** rng.uniform(-12 if X64 else -7, 0, size),
            rng.uniform(0.3, 0.7, size),
        ],
    ).astype(DTYPE)
    p = np.where((p <= 0) | (p >= 1), DTYPE(0.3), p)
    wide, sd = n.astype(float), np.sqrt(n * p.astype(float) * (1 - p.astype(float)))
    near = np.round(wide * p + sd * rng.uniform(-6, 6, size))
    k = np.where(rng.uniform(size=size) < 0.3, np.floor(wide * 10 ** rng.uniform(-9, 0, size)), near)
    return np.clip(k, 0, wide).astype(DTYPE), n, p
