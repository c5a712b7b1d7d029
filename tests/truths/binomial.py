from tests import oracles
from tests.grids import binomial_points
from tests.oracles import exact, mp
from tests.truths import Truth


def slopes(k, n, p):
    k, n, p = exact(k, n, p)
    return None, None, (k - n * p) / (p * (1 - p))


def tails(k, n, p):
    return oracles.binomial_tails(k, n, p) if k < n else (mp.mpf(1), mp.mpf(0))


TRUTH = Truth(lambda seed, size: binomial_points(seed, largest=7.0, size=size), oracles.binomial_logpmf, slopes, tails)
