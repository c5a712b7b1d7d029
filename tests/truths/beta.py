from tests import oracles
from tests.grids import beta_points
from tests.oracles import exact, mp
from tests.truths import Truth


def slopes(x, a, b):
    x, a, b = exact(x, a, b)
    common = mp.digamma(a + b)
    return (
        (a - 1) / x - (b - 1) / (1 - x),
        common - mp.digamma(a) + mp.log(x),
        common - mp.digamma(b) + mp.log1p(-x),
    )


TRUTH = Truth(
    lambda seed, size: beta_points(seed, largest=7.0, size=size),
    oracles.beta_logpdf,
    slopes,
    lambda x, a, b: oracles.beta_tails(a, b, x),
)
