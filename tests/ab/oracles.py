"""Truth for Beta arms, by other means: exact fractions, and brute Gauss–Legendre quadrature on SciPy's incomplete beta."""

from fractions import Fraction
from math import comb, factorial

import numpy as np
from scipy import special

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(12)


def _beta(a, b):
    return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))


def prob_greater(one, other):
    """P(p > q) of two arms with whole parameters, exactly: P(p > x) is the tail of a binomial in x."""
    (a, b), (c, d) = one, other
    n = a + b - 1
    return sum(comb(n, i) * _beta(c + i, d + n - i) for i in range(a)) / _beta(c, d)


def expected_excess(one, other):
    """E max(p − q, 0), exactly: p times the density of Beta(a, b) is its mean times that of Beta(a + 1, b)."""
    (a, b), (c, d) = one, other
    mean, mean_other = Fraction(a, a + b), Fraction(c, c + d)
    return mean * prob_greater((a + 1, b), other) - mean_other * prob_greater(one, (c + 1, d))


def _landmarks(a, b):
    """Log-odds that cut a posterior into pieces on each of which it is tame."""
    centre, scale = np.log((a + 1) / (b + 1)), 2 * np.sqrt(1 / (a + 1) + 1 / (b + 1))
    left, right = np.log(a / b) - 45 / a - 10 * scale, np.log(a / b) + 45 / b + 10 * scale
    return centre + scale * np.sinh(
        np.linspace(np.arcsinh((left - centre) / scale), np.arcsinh((right - centre) / scale), 90)
    )


def _nodes(landmarks):
    cuts = np.unique(np.concatenate(landmarks))
    half = 0.5 * np.diff(cuts)[:, None]
    return (cuts[:-1, None] + half * (1 + POINTS)).ravel(), (half * WEIGHTS).ravel()


def _density(z, w, a, b):
    """Weights of the nodes under Beta(a, b), normalised by their own sum."""
    x, m = a / (a + b), np.log(a / b)
    log_f = -(a + b) * np.logaddexp(np.log1p(-x) - x * (z - m), np.log(x) + (1 - x) * (z - m))
    f = w * np.exp(log_f)
    return f / f.sum()


def best_and_loss(a, b):
    """Probability of being best and expected loss of arms with parameters ``a`` and ``b``."""
    z, w = _nodes([_landmarks(*arm) for arm in zip(a, b, strict=True)])
    p = special.expit(z)
    below = np.array([special.betainc(*arm, p) for arm in zip(a, b, strict=True)])
    above = np.array([special.betaincc(*arm, p) for arm in zip(a, b, strict=True)])
    best, loss = [], []
    for k, arm in enumerate(zip(a, b, strict=True)):
        others = np.arange(len(a)) != k
        best.append(np.sum(_density(z, w, *arm) * below[others].prod(0)))
        some_above = -np.expm1(np.log1p(-np.minimum(above[others], 1 - 1e-16)).sum(0))
        loss.append(np.sum(w * p * special.expit(-z) * below[k] * some_above))
    return np.array(best), np.array(loss)


def lift_below(arm, control, difference=0.0, ratio=1.0):
    """P(p ≤ ratio * p_control + difference)."""
    if ratio <= 0:
        return 0.0
    p_cuts = [(special.expit(_landmarks(*arm)) - difference) / ratio]
    kinks = np.array([-difference, 1 - difference]) / ratio
    near = np.concatenate([10.0 ** np.arange(-12, 0, 0.5), -(10.0 ** np.arange(-12, 0, 0.5)), [0]])
    p_cuts += [kink + near for kink in kinks]
    p_cuts = np.concatenate(p_cuts)
    z, w = _nodes([_landmarks(*control), special.logit(p_cuts[(p_cuts > 1e-300) & (p_cuts < 1 - 1e-16)])])
    p = np.clip(ratio * special.expit(z) + difference, 0, 1)
    return np.sum(_density(z, w, *control) * special.betainc(*arm, p))
