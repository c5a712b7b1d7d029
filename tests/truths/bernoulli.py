import numpy as np

from tests.grids import binomial_points
from tests.oracles import exact, mp
from tests.truths import Truth


def points(seed, size):
    _, _, p = binomial_points(seed, size=size)
    return np.random.default_rng(seed).integers(0, 2, size).astype(p.dtype), p


def logdensity(x, p):
    (p,) = exact(p)
    return mp.log(p) if x == 1 else mp.log1p(-p)


def slopes(x, p):
    (p,) = exact(p)
    return None, 1 / p if x == 1 else -1 / (1 - p)


def tails(x, p):
    (p,) = exact(p)
    return (mp.mpf(1), mp.mpf(0)) if x == 1 else (1 - p, p)


TRUTH = Truth(points, logdensity, slopes, tails)
