import numpy as np

from tests.grids import DTYPE, TINY, wide
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.exponential import hazards


def points(seed, size):
    rng = np.random.default_rng(seed)
    alpha, scale = wide(rng, size), wide(rng, size)
    scale = np.where(rng.uniform(size=size) < 0.1, DTYPE(1e-12), scale)
    height = np.log(alpha.astype(float) / scale)
    # where the log density cancels
    hazard = np.where(rng.uniform(size=size) < 0.2, np.clip(height, 1e-3, 80), hazards(rng, size))
    log_x = np.minimum(np.log(scale.astype(float)) + hazard / alpha, -np.log(1e4 * TINY))
    x = np.maximum(np.exp(log_x).astype(DTYPE), scale)
    # a tenth of them within a few ulps of the end
    near = scale * (1 + rng.integers(0, 4, size) * np.finfo(DTYPE).eps).astype(DTYPE)
    return np.where(rng.uniform(size=size) < 0.1, near, x), alpha, scale


def logdensity(x, alpha, scale):
    x, alpha, scale = exact(x, alpha, scale)
    return mp.log(alpha / x) - alpha * mp.log(x / scale)


def slopes(x, alpha, scale):
    x, alpha, scale = exact(x, alpha, scale)
    return -(alpha + 1) / x, 1 / alpha - mp.log(x / scale), alpha / scale


def tails(x, alpha, scale):
    x, alpha, scale = exact(x, alpha, scale)
    hazard = alpha * mp.log(x / scale)
    return -mp.expm1(-hazard), mp.exp(-hazard)


TRUTH = Truth(points, logdensity, slopes, tails)
