import numpy as np

from tests.grids import DTYPE, TINY, wide
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.exponential import hazards


def points(seed, size):
    rng = np.random.default_rng(seed)
    # beyond 10^6 the density changes within an ulp of x: see test_lifetimes
    k, scale = wide(rng, size, high=6.0).astype(float), wide(rng, size).astype(float)
    scale = np.where(rng.uniform(size=size) < 0.1, 1e-12, scale)
    # where the log density cancels, or its slopes do
    hazard = np.where(rng.uniform(size=size) < 0.2, np.clip(np.log(k / scale), 1e-3, 80), hazards(rng, size))
    log_x = np.clip(np.log(scale) + np.log(hazard) / k, np.log(1e4 * TINY), -np.log(1e4 * TINY))
    return np.exp(log_x).astype(DTYPE), k.astype(DTYPE), scale.astype(DTYPE)


def log_hazard(x, k, scale):
    return k * mp.log(x / scale)


def logdensity(x, k, scale):
    x, k, scale = exact(x, k, scale)
    u = log_hazard(x, k, scale)
    return mp.log(k / x) + u - mp.exp(u)


def slopes(x, k, scale):
    x, k, scale = exact(x, k, scale)
    excess = mp.expm1(log_hazard(x, k, scale))
    return -(1 + k * excess) / x, 1 / k - mp.log(x / scale) * excess, k / scale * excess


def tails(x, k, scale):
    hazard = mp.exp(log_hazard(*exact(x, k, scale)))
    return -mp.expm1(-hazard), mp.exp(-hazard)


TRUTH = Truth(points, logdensity, slopes, tails)
