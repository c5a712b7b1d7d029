import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, gamma_tails, mp
from tests.truths import Truth
from tests.truths.gamma import scaled_points


def points(seed, size):
    rng = np.random.default_rng(seed)
    a, z = scaled_points(rng, size, 7.0)
    rate = wide(rng, size)
    return np.minimum(rate / np.maximum(z, 1e-20), 1e30).astype(DTYPE), a, rate


def logdensity(x, a, rate):
    x, a, rate = exact(x, a, rate)
    return a * mp.log(rate) - (a + 1) * mp.log(x) - rate / x - mp.loggamma(a)


def slopes(x, a, rate):
    x, a, rate = exact(x, a, rate)
    return rate / x**2 - (a + 1) / x, mp.log(rate) - mp.log(x) - mp.digamma(a), a / rate - 1 / x


def tails(x, a, rate):
    x, a, rate = exact(x, a, rate)
    lower, upper = gamma_tails(a, rate / x)
    return upper, lower


TRUTH = Truth(points, logdensity, slopes, tails)
