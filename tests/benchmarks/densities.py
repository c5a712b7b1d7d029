"""Every family beside numpyro, jax.scipy and scipy: worst errors on the same hard points, and cost of a million.

``JAX_ENABLE_X64=1`` for the float64 figures; names of families as further arguments restrict the run. Errors:
|got − true| / max(1, |true|) for log densities and gradients, relative for cdf, sf and quantiles; truth by mpmath. A
dash: the peer has no such function; ``nan``: it returned one, or infinity, where the truth is finite.
"""

import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from jprob import density
from tests import oracles
from tests.benchmarks._peers import PEERS
from tests.benchmarks._timing import claims, interleaved
from tests.density.test_accuracy import quantile_error, whole_quantile_error
from tests.grids import DENSITY, DTYPE, GRADIENT, TAIL, TINY, X64, probabilities
from tests.truths import truth_of

SEED, NUM_POINTS, NUM_QUANTILES, NUM_TIMED = 101, 320, 100, 10**6
TIMED_FOR = 1.0  # seconds of each pair
WHO = ("jprob", "numpyro", "jax.scipy", "scipy")


def worst(got, true, error):
    """The largest error over the points whose truth is known."""
    if got is None:
        return None
    pairs = [(float(g), t) for g, t in zip(np.asarray(got), true, strict=True) if t is not None]
    return float(np.max([error(g, t) if np.isfinite(g) else np.nan for g, t in pairs])) if pairs else None


def larger(error, other):
    """The larger of two errors, either of which may be missing; ``nan`` is the largest."""
    known = [e for e in (error, other) if e is not None]
    return float(np.max(known)) if known else None


def attempt(function, *args):
    """What a peer computes, or ``None`` where it does not offer it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(function(*args), float)
        except (NotImplementedError, AttributeError, TypeError):
            return None


def log_densities(family, peer, truth):
    x, *params = truth.points(SEED, NUM_POINTS)
    wide = [np.asarray(v, float) for v in (x, *params)]
    true = [truth.logdensity(*row) for row in zip(x, *params, strict=True)]
    name = "logpmf" if family.discrete else "logpdf"
    got = {
        "jprob": family.logdensity(x, dict(zip(family.parameters, params, strict=True))),
        "numpyro": attempt(lambda: peer.numpyro(*params).log_prob(x)),
        "jax.scipy": attempt(peer.jax_scipy, x, *params) if peer.jax_scipy else None,
        "scipy": attempt(lambda: getattr(peer.scipy(*wide[1:]), name)(wide[0])),
    }
    return {who: worst(got[who], true, oracles.mixed_error) for who in WHO}, DENSITY


def gradients(family, peer, truth):
    x, *params = truth.points(SEED + 1, NUM_POINTS)
    true = list(zip(*(truth.slopes(*row) for row in zip(x, *params, strict=True)), strict=True))
    named = dict(zip(family.parameters, params, strict=True))
    by_x, by_params = jax.jit(jax.vmap(jax.grad(family.logdensity, (0, 1))))(x, named)
    ours = [by_x, *(by_params[name] for name in family.parameters)]
    smooth = [i for i, values in enumerate(true) if values[0] is not None]

    def theirs():
        one = jax.grad(lambda *v: peer.numpyro(*v[1:]).log_prob(v[0]), smooth)
        return jax.jit(jax.vmap(one))(*(jnp.asarray(v, DTYPE) for v in (x, *params)))

    got = {"jprob": [ours[i] for i in smooth], "numpyro": theirs()}
    rows = {who: [worst(g, true[i], oracles.mixed_error) for g, i in zip(got[who], smooth, strict=True)] for who in got}
    return {who: float(np.max(errors)) for who, errors in rows.items()}, GRADIENT


def tails(family, peer, truth):
    x, *params = truth.points(SEED + 2, NUM_POINTS)
    wide = [np.asarray(v, float) for v in (x, *params)]
    rows = [truth.tails(*row) for row in zip(x, *params, strict=True)]
    named = dict(zip(family.parameters, params, strict=True))
    result = {}
    for side, verb in enumerate(("cdf", "sf")):
        true = [row[side] if row[side] > 4 * TINY else None for row in rows]
        got = {
            "jprob": getattr(family, verb)(x, **named),
            "numpyro": attempt(lambda: peer.numpyro(*params).cdf(x)) if verb == "cdf" else None,
            "scipy": attempt(lambda verb=verb: getattr(peer.scipy(*wide[1:]), verb)(wide[0])),
        }
        for who, values in got.items():
            result[who] = larger(result.get(who), worst(values, true, oracles.relative_error))
    return result, TAIL


def quantiles(family, peer, truth):
    _, *params = truth.points(SEED + 3, NUM_QUANTILES)
    q = probabilities(SEED + 4, NUM_QUANTILES)
    wide = [np.asarray(v, float) for v in params]
    named = dict(zip(family.parameters, params, strict=True))
    check = whole_quantile_error if family.discrete else quantile_error
    result = {}
    for verb in ("ppf", "isf"):
        got = {"jprob": getattr(family, verb)(q, **named)}
        if not family.discrete:  # where scipy's counts are far off, their truth takes mpmath hours
            got["scipy"] = attempt(lambda verb=verb: getattr(peer.scipy(*wide), verb)(np.asarray(q, float)))
        for who, points in got.items():
            errors = []
            for i, (point, *row) in enumerate(zip(np.asarray(points, float), *params, strict=True)):
                low, high = (float(end) for end in family.support(*row))
                bad = np.isnan(point) or not low - 1 <= point <= high
                errors.append(np.nan if bad else check(truth, verb, float(point), q[i], row, low, high))
            result[who] = larger(result.get(who), np.nan if np.isnan(errors).any() else max(errors))
    return result, TAIL


def cost(family, peer):
    """Compiled log density and its gradient in the last parameter, of a million elements at ordinary values."""
    rng = np.random.default_rng(SEED)
    ranges = {"count": lambda: np.floor(10 ** rng.uniform(1, 3, NUM_TIMED)), "real": lambda: rng.normal(size=NUM_TIMED)}
    ranges["positive"] = lambda: 10 ** rng.uniform(-1, 3, NUM_TIMED)
    ranges["unit_interval"] = lambda: rng.uniform(0.01, 0.99, NUM_TIMED)
    params = [jnp.asarray(ranges[kind](), DTYPE) for kind in family.constraints.values()]
    if family.name == "uniform":
        params[1] = params[0] + jnp.abs(params[1]) + 0.1
    x = family.sample(jax.random.key(SEED), *params)
    args = (x, *params)

    def ours(x, *params):
        return family.logdensity(x, dict(zip(family.parameters, params, strict=True)))

    def theirs(x, *params):
        return peer.numpyro(*params).log_prob(x)

    yield "log density", 1.0, raced(ours, theirs, args)
    last = len(args) - 1
    yield "gradient", 2.0, raced(*(jax.grad(lambda *v, f=f: f(*v).sum(), last) for f in (ours, theirs)), args)


def raced(ours, theirs, args):
    mine, peer = jax.jit(ours), jax.jit(theirs)
    calls = {"jprob": lambda: mine(*args), "numpyro": lambda: peer(*args)}
    once = sum(interleaved(calls, repeats=5).values())
    times = interleaved(calls, repeats=int(np.clip(TIMED_FOR / once, 25, 500)))  # the median of a fast one to a percent
    return times["jprob"], times["numpyro"]


def main() -> int:
    names = sys.argv[2:] or list(PEERS)
    checks, lines = [], []
    print(f"Worst error, {np.dtype(DTYPE).name}{'' if X64 else ' (scipy computes in float64)'}")
    print(f"{'':<32}" + "".join(f"{who:>12}" for who in WHO))
    for name in names:
        family, peer, truth = getattr(density, name).family, PEERS[name], truth_of(name)
        for what, measure in (
            ("log density", log_densities),
            ("gradient", gradients),
            ("cdf, sf", tails),
            ("ppf, isf", quantiles),
        ):
            row, bound = measure(family, peer, truth)
            shown = ("-" if row.get(who) is None else f"{row[who]:.1e}" for who in WHO)
            print(f"{name + ' ' + what:<32}" + "".join(f"{value:>12}" for value in shown), flush=True)
            checks.append((f"{name} {what}: {row['jprob']:.1e} <= {bound:.0e}", row["jprob"] <= bound))
        for what, limit, (mine, theirs) in cost(family, peer) if not X64 else ():
            ratio = mine / theirs
            lines.append(f"{name + ' ' + what:<32}{1e3 * mine:>9.2f} ms{1e3 * theirs:>9.2f} ms{ratio:>8.2f} x")
            checks.append((f"{name} {what} costs {ratio:.2f} of numpyro's, at most {limit:g}", ratio <= limit))
    print("\nCost of a million, compiled, jprob and numpyro\n" + "\n".join(lines) if lines else "")
    return claims(checks)
