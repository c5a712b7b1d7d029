import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, gamma_tails, mp
from tests.truths import Truth


def scaled_points(rng, size, largest):
    """Shapes, and gamma variates of unit rate all over the place: in both tails and to forty standard deviations."""
    a = wide(rng, size, high=largest).astype(float)
    z = np.choose(
        rng.integers(0, 4, size),
        [
            a * 10 ** rng.uniform(-1, 1, size),
            a + 4 * np.sqrt(a) * rng.normal(size=size),
            10 ** rng.uniform(-30, 1, size),
            a + np.sqrt(a) * rng.uniform(-40, 40, size),
        ],
    )
    return a.astype(DTYPE), np.where(z <= 0, 0.5, z)


def points(seed, size):
    rng = np.random.default_rng(seed)
    a, z = scaled_points(rng, size, 7.0)
    rate = wide(rng, size)
    return np.maximum(z / rate, 1e-28).astype(DTYPE), a, rate


def logdensity(x, a, rate):
    x, a, rate = exact(x, a, rate)
    return a * mp.log(rate) + (a - 1) * mp.log(x) - rate * x - mp.loggamma(a)


def slopes(x, a, rate):
    x, a, rate = exact(x, a, rate)
    return (a - 1) / x - rate, mp.log(rate) + mp.log(x) - mp.digamma(a), a / rate - x


def tails(x, a, rate):
    x, a, rate = exact(x, a, rate)
    return gamma_tails(a, x * rate)


TRUTH = Truth(points, logdensity, slopes, tails)
