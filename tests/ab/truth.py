"""P(p_B > p_A) to thirty digits, for whole Beta parameters: a finite sum, or a trapezoid rule on the log odds."""

import mpmath as mp

from tests.oracles import beta_kernel, beta_tails


def _sum(a, b, c, d):
    """P(Beta(c, d) > Beta(a, b)) as c terms (Miller 2015)."""
    norm = mp.log(mp.beta(a, b))
    return mp.fsum(
        mp.exp(mp.log(mp.beta(a + i, b + d)) - mp.log(d + i) - mp.log(mp.beta(1 + i, d)) - norm) for i in range(int(c))
    )


def _trapezoid(a, b, c, d):
    """Both concentrated: the density of B in log odds times the distribution function of A, on steps of sd / 5."""
    centre, sd = mp.log(c / d), mp.sqrt(1 / c + 1 / d)
    step, total = sd / 5, mp.mpf(0)
    for i in range(-55, 56):
        z = centre + i * step
        x = 1 / (1 + mp.exp(-z))
        total += step * mp.exp(beta_kernel(c, d, x, 1 - x)) * beta_tails(a, b, x)[0]
    return total


def prob_beats(a, b, c, d):
    """P(Beta(c, d) > Beta(a, b))."""
    a, b, c, d = map(mp.mpf, (a, b, c, d))
    few = min(a, b, c, d)
    if few > 400:
        return _trapezoid(a, b, c, d)
    if few == c:
        return _sum(a, b, c, d)
    if few == a:
        return 1 - _sum(c, d, a, b)
    if few == b:  # p_B > p_A is q_A > q_B
        return _sum(d, c, b, a)
    return 1 - _sum(b, a, d, c)
