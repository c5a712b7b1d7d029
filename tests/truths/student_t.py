import numpy as np

from tests.grids import wide
from tests.oracles import exact, mp
from tests.truths import Truth
from tests.truths.normal import located


def points(seed, size):
    """Standard t, forty scales out, and from near zero to 10^15 scales or a density of e^-2000."""
    rng = np.random.default_rng(seed)
    df = wide(rng, size)
    df[:3] = 1.0, 2.0, 1e9
    farthest = np.sqrt(df * np.expm1(np.minimum(4e3 / df.astype(float), 700.0)))

    def deviates(rng, size):
        kind = rng.integers(0, 3, size)
        extreme = rng.choice([-1.0, 1.0], size) * 10 ** rng.uniform(-6, 15, size)
        extreme = np.clip(extreme, -farthest, farthest)
        return np.choose(kind, [rng.standard_t(np.maximum(df, 0.5)), rng.uniform(-40, 40, size), extreme])

    x, loc, scale = located(seed, size, deviates)
    return x, df, loc, scale


def standard(x, df, loc, scale):
    x, df, loc, scale = exact(x, df, loc, scale)
    return (x - loc) / scale, df, scale


def log_standard(t, df):
    constant = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(mp.pi * df) / 2
    return constant - (df + 1) / 2 * mp.log1p(t * t / df)


def logdensity(x, df, loc, scale):
    t, df, scale = standard(x, df, loc, scale)
    return log_standard(t, df) - mp.log(scale)


def slopes(x, df, loc, scale):
    t, df, scale = standard(x, df, loc, scale)
    share = t * t / (df + t * t)
    by_x = -(df + 1) * t / (df + t * t) / scale
    by_df = mp.digamma((df + 1) / 2) - mp.digamma(df / 2) - mp.log1p(t * t / df) + (share * (df + 1) - 1) / df
    return by_x, by_df / 2, -by_x, ((df + 1) * share - 1) / scale


def beyond(t, df):
    """P(T > t) for t >= 0, by one of two hypergeometric series with positive terms."""
    log_density, square = log_standard(t, df), t * t
    if square > df:
        return mp.exp(log_density) * t / df * series((df + 1) / 2, df / 2 + 1, df / (df + square))
    with mp.workdps(60 + int(max(0, -log_density) / 2.3)):  # for what one half less the rest loses
        square = t * t
        centre = mp.exp(log_standard(t, df)) * t * series((df + 1) / 2, mp.mpf(3) / 2, square / (df + square))
        return mp.mpf(1) / 2 - centre


def series(a, c, z):
    """Gauss's 2F1(a, 1; c; z)."""
    total = term = mp.mpf(1)
    k = 0
    while term > total * mp.eps:
        term *= (a + k) / (c + k) * z
        total += term
        k += 1
    return total


def tails(x, df, loc, scale):
    t, df, _ = standard(x, df, loc, scale)
    small = beyond(abs(t), df)
    return (1 - small, small) if t > 0 else (small, 1 - small)


TRUTH = Truth(points, logdensity, slopes, tails)
