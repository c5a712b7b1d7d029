"""``ab.analyze`` over many experiments against the ``bayesian-testing`` package, one experiment after another.

Needs the dependency group ``bench``. ``JAX_ENABLE_X64=1`` for the float64 figures.
"""

import jax
import jax.numpy as jnp
import numpy as np
from bayesian_testing.experiments import BinaryDataTest

from jprob import ab
from tests.ab.test_known import CASES, TOLERANCE
from tests.ab.truth import prob_beats
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

NUM_EXPERIMENTS = 100_000
NUM_PEER = 50  # of the peer's, in each turn
LIKE_PEER = ("prob_best", "expected_loss", "rate", "rate_interval")


def peer(successes, trials):
    """Everything that the peer knows about one experiment, from its default 20,000 draws."""
    test = BinaryDataTest()
    for name, k, n in zip("AB", successes, trials, strict=True):
        test.add_variant_data_agg(name, totals=int(n), positives=int(k))
    return test.evaluate(seed=1)


def accuracy():
    counts = np.asarray(CASES, DTYPE)
    got = np.asarray(jax.jit(ab.analyze)(counts[..., 0], counts[..., 1]).prob_best[:, 1], float)
    true = [float(prob_beats(s + 1, n - s + 1, t + 1, m - t + 1)) for (s, n), (t, m) in CASES]
    return np.abs(got - true).max()


def main() -> int:
    rng = np.random.default_rng(0)
    trials = rng.integers(100, 20_000, (NUM_EXPERIMENTS, 2))
    successes = rng.binomial(trials, rng.uniform(0.01, 0.3, (NUM_EXPERIMENTS, 1)))
    data = jnp.asarray(successes, DTYPE), jnp.asarray(trials, DTYPE)

    def fields(*names):
        chosen = jax.jit(lambda s, n: [getattr(ab.analyze(s, n), name) for name in names])
        return lambda: chosen(*data)

    whole = jax.jit(ab.analyze)
    times = interleaved(
        {
            "bayesian-testing": lambda: [peer(successes[i], trials[i]) for i in range(NUM_PEER)],
            "jprob, P(best)": fields("prob_best"),
            "jprob, what the peer computes": fields(*LIKE_PEER),
            "jprob, all of ABResult": lambda: whole(*data),
        },
        repeats=3,
    )
    each = {
        name: 1e6 * seconds / (NUM_PEER if name == "bayesian-testing" else NUM_EXPERIMENTS)
        for name, seconds in times.items()
    }
    table(f"One experiment of two arms among {NUM_EXPERIMENTS:,}, {np.dtype(DTYPE).name}", each, "µs")
    theirs, best, same, everything = each.values()
    error = accuracy()
    return claims(
        [
            (f"error of P(best) {error:.1e}, at most {TOLERANCE:.0e}", error <= TOLERANCE),
            (f"P(best) {theirs / best:.0f} times as fast, at least 200", theirs >= 200 * best),
            (f"what the peer computes {theirs / same:.0f} times as fast, at least 200", theirs >= 200 * same),
            (f"all of ABResult {theirs / everything:.0f} times as fast, at least 200", theirs >= 200 * everything),
        ]
    )
