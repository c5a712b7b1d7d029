import numpy as np

from tests.grids import DTYPE, wide
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.normal import scores, standard_tails


def points(seed, size):
    """Scales of the log from 10^-3; 10^-12 about one, where floats are dense enough for it to matter."""
    rng = np.random.default_rng(seed)
    scale, narrow = wide(rng, size, -3, 3), rng.uniform(size=size) < 0.1
    loc = np.where(rng.uniform(size=size) < 0.5, rng.uniform(-60, 60, size), rng.normal(size=size))
    loc = np.where(narrow | (rng.uniform(size=size) < 0.2), 0.0, loc).astype(DTYPE)
    scale = np.where(narrow, DTYPE(1e-12), scale)
    deviates = np.where(scale < 5e-3, rng.normal(size=size), scores(rng, size))
    log = np.clip(loc + scale.astype(float) * deviates, -80, 80)
    log = np.where(narrow, rng.integers(-40, 41, size) * float(np.finfo(DTYPE).eps), log)
    return np.exp(log).astype(DTYPE), loc, scale


def logdensity(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return -(((mp.log(x) - loc) / scale) ** 2) / 2 - mp.log(scale * x) - mp.log(2 * mp.pi) / 2


def slopes(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    z = (mp.log(x) - loc) / scale
    return -(1 + z / scale) / x, z / scale, (z * z - 1) / scale


def tails(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return standard_tails((mp.log(x) - loc) / scale)


TRUTH = Truth(points, logdensity, slopes, tails)
