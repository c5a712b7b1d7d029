import numpy as np

from tests.grids import DTYPE, TINY, wide
from tests.oracles import exact, mp
from tests.truths import Truth


def points(seed, size):
    """Intervals that start at zero, hold it or lie far from it; points inside, some next to an end."""
    rng = np.random.default_rng(seed)
    width = np.where(rng.uniform(size=size) < 0.1, DTYPE(1e-12), wide(rng, size))
    middle = np.choose(rng.integers(0, 3, size), [0.5, rng.uniform(-1, 1, size), 10 * rng.normal(size=size)])
    low = ((middle - 0.5) * width).astype(DTYPE)
    high = (low.astype(float) + width).astype(DTYPE)
    share = np.where(rng.uniform(size=size) < 0.5, rng.uniform(size=size), 10 ** rng.uniform(-30, 0, size))
    share = np.where(rng.uniform(size=size) < 0.5, share, 1 - share)
    x = (low + share * (high.astype(float) - low)).astype(DTYPE)
    return np.where(np.abs(x) < TINY, low, np.clip(x, low, high)), low, high  # no subnormals


def logdensity(x, low, high):
    x, low, high = exact(x, low, high)
    return -mp.log(high - low)


def slopes(x, low, high):
    x, low, high = exact(x, low, high)
    return mp.mpf(0), 1 / (high - low), -1 / (high - low)


def tails(x, low, high):
    x, low, high = exact(x, low, high)
    return (x - low) / (high - low), (high - x) / (high - low)


TRUTH = Truth(points, logdensity, slopes, tails)
