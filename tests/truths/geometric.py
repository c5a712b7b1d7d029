import numpy as np

from tests.grids import DTYPE, X64
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.exponential import hazards


def points(seed, size):
    rng = np.random.default_rng(seed)
    p = np.choose(
        rng.integers(0, 3, size),
        [
            rng.uniform(1e-3, 1, size),
            10 ** rng.uniform(-12, 0, size),
            1 - 10 ** rng.uniform(-12 if X64 else -7, 0, size),
        ],
    ).astype(DTYPE)
    p = np.where((p <= 0) | (p >= 1), DTYPE(0.3), p)
    hazard = hazards(rng, size)
    # a fifth of them near the mean, where the slope cancels
    near_mean = rng.uniform(size=size) < 0.2
    k = np.where(near_mean, (1 + 1e-3 * rng.normal(size=size)) / p, hazard / -np.log1p(-p.astype(float)))
    return np.maximum(np.round(k), 1).astype(DTYPE), p


def logdensity(k, p):
    k, p = exact(k, p)
    return mp.log(p) + (k - 1) * mp.log1p(-p)


def slopes(k, p):
    k, p = exact(k, p)
    return None, 1 / p - (k - 1) / (1 - p)


def tails(k, p):
    k, p = exact(k, p)
    hazard = -mp.floor(k) * mp.log1p(-p)
    return -mp.expm1(-hazard), mp.exp(-hazard)


TRUTH = Truth(points, logdensity, slopes, tails)
