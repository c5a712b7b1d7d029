"""Truth by mpmath at 60 digits and more, for inputs that are exact floats."""

import mpmath as mp

mp.mp.dps = 60


def exact(*values):
    return tuple(mp.mpf(float(v)) for v in values)


def beta_kernel(a, b, x, y):
    """log x^a y^b / B(a, b)."""
    return a * mp.log(x) + b * mp.log(y) - (mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))


def _beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function (NIST DLMF 8.17.22), by Lentz's method."""
    tiny, eps = mp.mpf(10) ** -300, mp.mpf(10) ** (-mp.mp.dps + 5)
    c, d = mp.mpf(1), 1 - (a + b) * x / (a + 1)
    d = 1 / (d if d else tiny)
    h = d
    for m in range(1, 10**6):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + numerator * d, 1 + numerator / c
            d = 1 / (d if d else tiny)
            h *= d * c
        if abs(d * c - 1) < eps:
            return h
    raise ArithmeticError(f"no convergence at a={a}, b={b}, x={x}")


def _beta_tails(a, b, x):
    y = 1 - x
    if x <= (a + 1) / (a + b + 2):
        lower = mp.exp(beta_kernel(a, b, x, y)) * _beta_fraction(a, b, x) / a
        return lower, 1 - lower
    upper = mp.exp(beta_kernel(a, b, x, y)) * _beta_fraction(b, a, y) / b
    return 1 - upper, upper


def beta_tails(a, b, x):
    """Lower and upper tail of Beta(a, b) at 0 < x < 1."""
    a, b, x = (v if isinstance(v, mp.mpf) else mp.mpf(float(v)) for v in (a, b, x))
    tails = _beta_tails(a, b, x)
    if min(tails) < mp.mpf(10) ** -35:
        with mp.workdps(200):
            tails = _beta_tails(a, b, x)
    return tails


def log_tails(tails):
    """Logarithms of a pair of complementary probabilities."""
    lower, upper = tails
    return (
        mp.log(lower) if lower < 0.5 else mp.log1p(-upper),
        mp.log(upper) if upper < 0.5 else mp.log1p(-lower),
    )


def relative_error(got, true):
    """|got - true| / |true|, with 0/0 = 0."""
    got = mp.mpf(float(got))
    return float(abs(got - true) / abs(true)) if true else float(abs(got))


def mixed_error(got, true):
    """|got - true| / max(1, |true|)."""
    return float(abs(mp.mpf(float(got)) - true) / max(1, abs(true)))


def beta_logpdf(x, a, b):
    x, a, b = exact(x, a, b)
    return beta_kernel(a, b, x, 1 - x) - mp.log(x) - mp.log(1 - x)


def log_choose(n, k):
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def binomial_logpmf(k, n, p):
    k, n, p = exact(k, n, p)
    return log_choose(n, k) + (k * mp.log(p) if k else 0) + ((n - k) * mp.log1p(-p) if n - k else 0)


def beta_binomial_logpmf(k, n, a, b):
    k, n, a, b = exact(k, n, a, b)
    return log_choose(n, k) + mp.log(mp.beta(a + k, b + n - k)) - mp.log(mp.beta(a, b))


def binomial_tails(k, n, p):
    """P(X <= k), P(X > k) for whole 0 <= k < n."""
    k, n, p = exact(k, n, p)
    upper, lower = beta_tails(k + 1, n - k, p)
    return lower, upper


def _gamma_fraction(a, x):
    """The continued fraction of Γ(a, x) (NIST DLMF 8.9.2), by Lentz's method."""
    tiny, eps = mp.mpf(10) ** -300, mp.mpf(10) ** (-mp.mp.dps + 5)
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for n in range(1, 10**6):
        numerator, b = -n * (n - a), b + 2
        d, c = numerator * d + b, b + numerator / c
        d = 1 / (d if d else tiny)
        h *= d * c
        if abs(d * c - 1) < eps:
            return h
    raise ArithmeticError(f"no convergence at a={a}, x={x}")


def gamma_tails(a, x):
    """Lower and upper tail of Gamma(a, 1) at 0 < x."""
    a, x = (v if isinstance(v, mp.mpf) else mp.mpf(float(v)) for v in (a, x))
    kernel = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if x >= a + 1:
        upper = kernel * _gamma_fraction(a, x)
        return 1 - upper, upper
    term, n = 1 / a, 0
    total, eps = term, mp.mpf(10) ** (-mp.mp.dps + 5)
    while term > total * eps:
        n += 1
        term *= x / (a + n)
        total += term
    return kernel * total, 1 - kernel * total
