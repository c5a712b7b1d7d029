import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, gamma_tails, mp
from tests.truths import Truth


def points(seed, size):
    rng = np.random.default_rng(seed)
    rate = wide(rng, size, high=7.0)
    mean = rate.astype(float)
    k = np.choose(
        rng.integers(0, 3, size),
        [
            mean + 6 * np.sqrt(mean) * rng.uniform(-1, 1, size),
            mean + np.sqrt(mean) * rng.uniform(-40, 40, size),
            mean * 10 ** rng.uniform(-1, 1, size) + rng.integers(0, 6, size),
        ],
    )
    return np.maximum(np.floor(k), 0.0).astype(DTYPE), rate


def logdensity(k, rate):
    k, rate = exact(k, rate)
    return k * mp.log(rate) - rate - mp.loggamma(k + 1)


def slopes(k, rate):
    k, rate = exact(k, rate)
    return None, k / rate - 1


def tails(k, rate):
    if k < 0:
        return mp.mpf(0), mp.mpf(1)
    k, rate = exact(k, rate)
    upper, lower = gamma_tails(k + 1, rate)
    return lower, upper


TRUTH = Truth(points, logdensity, slopes, tails)
