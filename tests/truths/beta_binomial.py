"""Tails are sums: of every term by its ratio to the last, so wide ones are left to ``test_counts.py``."""

import numpy as np

from tests import oracles
from tests.grids import DTYPE, wide
from tests.oracles import exact, mp
from tests.truths import Truth

LARGEST = 3000


def points(seed, size):
    rng = np.random.default_rng(seed)
    n = np.floor(10 ** rng.uniform(0, np.log10(LARGEST), size))
    a, b = wide(rng, size), wide(rng, size)
    x = a.astype(float) / (a.astype(float) + b)
    sd = np.sqrt(n * x * (1 - x) * ((a + b + n) / (a + b + 1.0)))
    k = np.choose(
        rng.integers(0, 3, size),
        [np.floor(n * rng.uniform(size=size)), np.round(n * x + sd * rng.uniform(-6, 6, size)), np.floor(n * x)],
    )
    return np.clip(k, 0, n).astype(DTYPE), n.astype(DTYPE), a, b


def slopes(k, n, a, b):
    k, n, a, b = exact(k, n, a, b)
    common = mp.digamma(a + b) - mp.digamma(a + b + n)
    return None, None, mp.digamma(a + k) - mp.digamma(a) + common, mp.digamma(b + n - k) - mp.digamma(b) + common


def upper(k, n, a, b):
    """P(X > k)."""
    total, term = mp.mpf(0), mp.exp(oracles.beta_binomial_logpmf(k + 1, n, a, b)) if k < n else mp.mpf(0)
    for j in range(int(k) + 1, int(n) + 1):
        total += term
        term *= (n - j) * (a + j) / ((j + 1) * (b + (n - j - 1)))
    return total


def tails(k, n, a, b):
    k, n, a, b = exact(k, n, a, b)
    return upper(n - k - 1, n, b, a), upper(k, n, a, b)


TRUTH = Truth(points, oracles.beta_binomial_logpmf, slopes, tails)
