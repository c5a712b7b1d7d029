import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.normal import scores


def points(seed, size):
    rng = np.random.default_rng(seed)
    scale = np.where(rng.uniform(size=size) < 0.1, DTYPE(1e-12), wide(rng, size))
    z = np.where(rng.uniform(size=size) < 0.2, 10 ** rng.uniform(-15, 0, size), np.abs(scores(rng, size)))
    return (scale.astype(float) * z).astype(DTYPE), scale


def logdensity(x, scale):
    x, scale = exact(x, scale)
    return -((x / scale) ** 2) / 2 - mp.log(scale) - mp.log(mp.pi / 2) / 2


def slopes(x, scale):
    x, scale = exact(x, scale)
    return -x / scale**2, ((x / scale) ** 2 - 1) / scale


def tails(x, scale):
    x, scale = exact(x, scale)
    z = x / scale / mp.sqrt(2)
    return mp.erf(z), mp.erfc(z)


TRUTH = Truth(points, logdensity, slopes, tails)
