import numpy as np

from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.normal import located, scores


def far_out(rng, size):
    """Scores of the normal, and half of them out to 10^15."""
    far = rng.choice([-1.0, 1.0], size) * 10 ** rng.uniform(-3, 15, size)
    return np.where(rng.uniform(size=size) < 0.5, scores(rng, size), far)


def logdensity(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return -mp.log(mp.pi * scale * (1 + ((x - loc) / scale) ** 2))


def slopes(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    z = (x - loc) / scale
    by_x = -2 * z / (1 + z * z) / scale
    return by_x, -by_x, (z * z - 1) / (z * z + 1) / scale


def tails(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    near = mp.atan2(scale, abs(x - loc)) / mp.pi
    return (1 - near, near) if x > loc else (near, 1 - near)


TRUTH = Truth(lambda seed, size: located(seed, size, far_out), logdensity, slopes, tails)
