import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, mp
from tests.truths import Truth


def located(seed, size, deviates):
    """``x, loc, scale``: a third about zero, some of scale 10^-12, points ``deviates(rng, size)`` scales from loc."""
    rng = np.random.default_rng(seed)
    scale = np.where(rng.uniform(size=size) < 0.1, DTYPE(1e-12), wide(rng, size))
    near = np.where(rng.uniform(size=size) < 0.5, scale, 1.0)  # with the scale, or far from it
    loc = (rng.choice([-1.0, 0.0, 1.0], size) * wide(rng, size, -3, 3) * near).astype(DTYPE)
    return (loc + scale.astype(float) * deviates(rng, size)).astype(DTYPE), loc, scale


def scores(rng, size):
    """Standard normal, forty sd out, and next to the mean or the inflections."""
    kind = rng.integers(0, 4, size)
    small = rng.choice([-1.0, 1.0], size) * 10 ** rng.uniform(-6, 0, size)
    near = rng.choice([-1.0, 1.0], size) + 1e-3 * rng.normal(size=size)
    return np.choose(kind, [rng.normal(size=size), rng.uniform(-40, 40, size), small, near])


def logdensity(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return -(((x - loc) / scale) ** 2) / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


def slopes(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    z = (x - loc) / scale
    return -z / scale, z / scale, (z * z - 1) / scale


def standard_tails(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2, mp.erfc(z / mp.sqrt(2)) / 2


def tails(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return standard_tails((x - loc) / scale)


TRUTH = Truth(lambda seed, size: located(seed, size, scores), logdensity, slopes, tails)
