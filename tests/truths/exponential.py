import numpy as np

from tests.grids import DTYPE, TINY, wide
from tests.oracles import exact, mp
from tests.truths import Truth


def hazards(rng, size):
    """Cumulative hazards: typical ones, and both tails."""
    kind = rng.integers(0, 4, size)
    return np.choose(
        kind,
        [
            rng.exponential(size=size),
            10 ** rng.uniform(-30, 0, size),
            rng.uniform(0, 80, size),
            10 ** rng.uniform(0, 3, size),
        ],
    )


def points(seed, size):
    rng = np.random.default_rng(seed)
    rate, hazard = wide(rng, size).astype(float), hazards(rng, size)
    rate = np.where(rng.uniform(size=size) < 0.1, 1e-12, rate).astype(DTYPE).astype(float)
    # a fifth of them where the log density is near zero
    cancels = (rng.uniform(size=size) < 0.2) & (rate > 1)
    hazard = np.where(cancels, np.log(rate) * (1 + 0.1 * rng.normal(size=size)), hazard)
    return np.maximum(hazard / rate, 4 * TINY).astype(DTYPE), rate.astype(DTYPE)


def logdensity(x, rate):
    x, rate = exact(x, rate)
    return mp.log(rate) - rate * x


def slopes(x, rate):
    x, rate = exact(x, rate)
    return -rate, 1 / rate - x


def tails(x, rate):
    x, rate = exact(x, rate)
    return -mp.expm1(-rate * x), mp.exp(-rate * x)


TRUTH = Truth(points, logdensity, slopes, tails)
