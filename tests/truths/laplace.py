from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.normal import located, scores


def logdensity(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    return -abs(x - loc) / scale - mp.log(2 * scale)


def slopes(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    away = mp.sign(x - loc)
    return -away / scale, away / scale, (abs(x - loc) / scale - 1) / scale


def tails(x, loc, scale):
    x, loc, scale = exact(x, loc, scale)
    near = mp.exp(-abs(x - loc) / scale) / 2
    return (1 - near, near) if x > loc else (near, 1 - near)


TRUTH = Truth(lambda seed, size: located(seed, size, scores), logdensity, slopes, tails)
