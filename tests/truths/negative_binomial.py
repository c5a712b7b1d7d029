import numpy as np

from tests.grids import DTYPE, X64, wide
from tests.oracles import beta_tails, exact, mp
from tests.truths import Truth


def points(seed, size):
    """Real ``r``, p within 10^-12 of 0 and as near 1 as the dtype allows; counts in the bulk and out in both tails."""
    rng = np.random.default_rng(seed)
    r = wide(rng, size)
    near_one = 1 - 10 ** rng.uniform(-12 if X64 else -7, 0, size)
    p = np.choose(rng.integers(0, 3, size), [rng.uniform(0, 1, size), 10 ** rng.uniform(-12, 0, size), near_one])
    p = np.where((p <= 0) | (p >= 1), 0.3, p).astype(DTYPE)
    mean = r.astype(float) * (1 - p.astype(float)) / p
    sd = np.sqrt(mean / p)
    k = np.choose(
        rng.integers(0, 4, size),
        [
            rng.gamma(r) * (1 - p) / p,
            mean + sd * rng.uniform(-40, 40, size),
            rng.integers(0, 5, size),
            10 ** rng.uniform(0, 9, size),
        ],
    )
    return np.maximum(np.floor(k), 0.0).astype(DTYPE), r, p


def logdensity(k, r, p):
    k, r, p = exact(k, r, p)
    return mp.loggamma(k + r) - mp.loggamma(r) - mp.loggamma(k + 1) + r * mp.log(p) + k * mp.log1p(-p)


def slopes(k, r, p):
    k, r, p = exact(k, r, p)
    return None, mp.digamma(k + r) - mp.digamma(r) + mp.log(p), r / p - k / (1 - p)


def tails(k, r, p):
    if k < 0:
        return mp.mpf(0), mp.mpf(1)
    k, r, p = exact(k, r, p)
    return beta_tails(r, k + 1, p)


TRUTH = Truth(points, logdensity, slopes, tails)
