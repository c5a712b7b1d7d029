"""Accuracy and cost of the densities beside numpyro, jax.scipy and scipy, on the same inputs in the same run.

``JAX_ENABLE_X64=1`` for the float64 figures. Errors: |got - true| / max(1, |true|) for log densities, relative for tails
and quantiles; truth by mpmath. A peer that has no such function shows a dash.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import scipy.stats

from jprob.density import bernoulli, beta, binomial
from tests import oracles
from tests.benchmarks._timing import claims, interleaved
from tests.grids import DENSITY, DTYPE, TAIL, TINY, X64, beta_points, binomial_points, probabilities

SEED = 101
NUM_TIMED = 10**6
CLAIMED_COST = 1.0  # times numpyro's log density, float32


def worst(got, true, error):
    if got is None:
        return None
    pairs = [(g, t) for g, t in zip(np.asarray(got, float), true, strict=True) if t is not None]
    return max(error(g, t) if np.isfinite(g) else np.inf for g, t in pairs)


def accuracy():
    """Rows (what, {who: worst error})."""
    x, a, b = beta_points(SEED, largest=8.0)
    k, n, p = binomial_points(SEED + 1, largest=7.0)
    k = np.minimum(k, n - 1)
    q = probabilities(SEED + 2)
    wide = [v.astype(float) for v in (x, a, b)]
    counts = [v.astype(float) for v in (k, n, p)]
    js = jax.scipy.stats

    true = [oracles.beta_logpdf(*row) for row in zip(x, a, b, strict=True)]
    yield (
        "beta logpdf",
        true,
        oracles.mixed_error,
        {
            "jprob": beta.logpdf(x, a, b),
            "numpyro": dist.Beta(a, b).log_prob(x),
            "jax.scipy": js.beta.logpdf(x, a, b),
            "scipy": scipy.stats.beta.logpdf(*wide),
        },
    )
    small = a < 1e6
    true = [oracles.beta_tails(*row)[0] if ok else None for ok, *row in zip(small, a, b, x, strict=True)]
    true = [t if t is not None and t > 4 * TINY else None for t in true]
    yield (
        "beta cdf",
        true,
        oracles.relative_error,
        {
            "jprob": beta.cdf(x, a, b),
            "numpyro": dist.Beta(a, b).cdf(x),
            "jax.scipy": js.beta.cdf(x, a, b),
            "scipy": scipy.stats.beta.cdf(*wide),
        },
    )
    true = [oracles.binomial_logpmf(*row) for row in zip(k, n, p, strict=True)]
    yield (
        "binomial logpmf",
        true,
        oracles.mixed_error,
        {
            "jprob": binomial.logpmf(k, n, p),
            "numpyro": dist.Binomial(n, p).log_prob(k),
            "jax.scipy": js.binom.logpmf(k, n, p),
            "scipy": scipy.stats.binom.logpmf(*counts),
        },
    )
    true = [oracles.binomial_tails(*row)[1] for row in zip(k, n, p, strict=True)]
    true = [t if t > 4 * TINY else None for t in true]
    yield (
        "binomial sf",
        true,
        oracles.relative_error,
        {
            "jprob": binomial.sf(k, n, p),
            "numpyro": None,
            "jax.scipy": None,
            "scipy": scipy.stats.binom.sf(*counts),
        },
    )
    yield "beta ppf (mass missed, relative)", *quantile_rows(q, a, b)


def quantile_rows(q, a, b):
    """How far the mass below each quantile is from q, where the quantile is no rounded end."""
    got = {"jprob": beta.ppf(q, a, b), "scipy": scipy.stats.beta.ppf(*(v.astype(float) for v in (q, a, b)))}
    ours = np.asarray(got["jprob"], float)
    inner = (ours > 100 * TINY) & (ours < 1 - 1e-6) & (a < 1e6) & (b < 1e6)
    true = [oracles.exact(v)[0] if ok else None for v, ok in zip(q, inner, strict=True)]

    def shift(points):
        """The quantile's relative error, as the missing mass over x times the density."""
        out = []
        for point, u, v, target in zip(np.asarray(points, float), a, b, true, strict=True):
            if target is None:
                out.append(0.0)
                continue
            point = min(max(point, 2 * TINY), 1 - 1e-16)
            missing = target - oracles.beta_tails(u, v, point)[0]
            out.append(float(abs(missing / oracles.mp.exp(oracles.beta_logpdf(point, u, v)) / point)))
        return np.asarray(out)

    errors = {who: None if points is None else shift(points) for who, points in got.items()}
    zero = [oracles.mp.mpf(0)] * len(true)
    return (
        zero,
        oracles.relative_error,
        {"jprob": errors["jprob"], "numpyro": None, "jax.scipy": None, "scipy": errors["scipy"]},
    )


def cost():
    """Rows (what, seconds of ours, seconds of numpyro's) for compiled log densities of a million elements."""
    rng = np.random.default_rng(SEED)
    a, b = (jnp.asarray(10 ** rng.uniform(-1, 3, NUM_TIMED), DTYPE) for _ in range(2))
    x, p = (jnp.asarray(rng.uniform(0.01, 0.99, NUM_TIMED), DTYPE) for _ in range(2))
    n = jnp.asarray(rng.integers(1, 1000, NUM_TIMED), DTYPE)
    k, coin = jnp.floor(x * n), jnp.asarray(rng.integers(0, 2, NUM_TIMED), DTYPE)
    pairs = {
        "bernoulli": (bernoulli.logpmf, lambda x, p: dist.Bernoulli(p).log_prob(x), (coin, p)),
        "binomial": (binomial.logpmf, lambda k, n, p: dist.Binomial(n, p).log_prob(k), (k, n, p)),
        "beta": (beta.logpdf, lambda x, a, b: dist.Beta(a, b).log_prob(x), (x, a, b)),
    }
    for name, (ours, theirs, args) in pairs.items():
        yield name, raced(ours, theirs, args)
        last = len(args) - 1
        slopes = (jax.grad(lambda *v, f=f: f(*v).sum(), last) for f in (ours, theirs))
        yield f"{name}, gradient", raced(*slopes, args)


def raced(ours, theirs, args):
    mine, peer = jax.jit(ours), jax.jit(theirs)
    return interleaved({"jprob": lambda: mine(*args), "numpyro": lambda: peer(*args)}, repeats=9)


def main() -> int:
    names = ("jprob", "numpyro", "jax.scipy", "scipy")
    checks = []
    print(f"Worst error, {np.dtype(DTYPE).name}{'' if X64 else ' (scipy computes in float64)'}")
    print(f"{'':<36}" + "".join(f"{name:>12}" for name in names))
    for what, true, error, got in accuracy():
        row = {name: worst(got[name], true, error) for name in names}
        print(f"{what:<36}" + "".join("           -" if row[name] is None else f"{row[name]:>12.1e}" for name in names))
        bound = DENSITY if "log" in what else TAIL
        checks.append((f"{what}: {row['jprob']:.1e} <= {bound:.0e}", row["jprob"] <= bound))
    print(f"\nCost of a million, compiled, {np.dtype(DTYPE).name}")
    for what, times in cost():
        ratio = times["jprob"] / times["numpyro"]
        print(f"{what:<36}{1e3 * times['jprob']:>9.1f} ms{1e3 * times['numpyro']:>9.1f} ms{ratio:>8.2f} x")
        limit = 2.0 if "gradient" in what else CLAIMED_COST
        if not X64:
            checks.append((f"{what} costs {ratio:.2f} of numpyro's, at most {limit:g}", ratio <= limit))
    return claims(checks)
