"""A million spaces of six outcomes: probability, conditional and Bayes in one compiled call, beside reading them once.

``JAX_ENABLE_X64=1`` for the float64 figures.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jprob import event
from tests.benchmarks._timing import claims, interleaved, table
from tests.grids import DTYPE

NUM_SPACES = 1_000_000
FACES = tuple(range(6))
LIKELIHOOD = (0.9, 0.1, 0.5, 0.3, 0.2, 0.7)


def events(probs):
    """P(A), P(A | B) and the posterior over the six outcomes."""
    space = event.Space(probs, None, FACES)
    high, even = event.where(space, lambda face: face > 2), event.where(space, lambda face: face % 2 == 0)
    return event.prob(space, high), event.conditional(space, high, even), event.bayes(probs, jnp.asarray(LIKELIHOOD))


def naive(probs):
    """The same by sums over the last axis and logarithms."""
    high, even = np.arange(6) > 2, np.arange(6) % 2 == 0
    log = jnp.log(probs) + jnp.log(jnp.asarray(LIKELIHOOD))
    given = (probs * even).sum(-1)
    return (probs * high).sum(-1), (probs * (high & even)).sum(-1) / given, jax.nn.softmax(log)


def main() -> int:
    probs = jnp.asarray(np.random.default_rng(0).dirichlet(np.ones(6), NUM_SPACES), DTYPE)
    calls = {
        "read all (jnp.sum)": jax.jit(jnp.sum),
        "read and write as much (p + 1)": jax.jit(lambda p: p + 1),
        "sum of each row (jnp.sum)": jax.jit(lambda p: p.sum(-1)),
        "jprob, probability and conditional": jax.jit(lambda p: events(p)[:2]),
        "jprob, and Bayes": jax.jit(events),
        "by sums and logarithms": jax.jit(naive),
    }
    times = interleaved({name: lambda call=call: call(probs) for name, call in calls.items()}, repeats=15)
    table(f"{NUM_SPACES:,} spaces of 6 outcomes, {np.dtype(DTYPE).name}, {jax.default_backend()}", times)
    read, copy, _, two, three, plain = times.values()
    gap = float(jnp.max(jnp.abs(events(probs)[2] - naive(probs)[2])))
    return claims(
        [
            (f"posterior within {gap:.0e} of the plain one", gap < 50 * np.finfo(DTYPE).eps),
            (f"probability and conditional {two / read:.1f} times reading, at most 2", two <= 2 * read),
            (
                f"all three {three / read:.1f} times reading ({three / copy:.1f} times a copy), at most 2",
                three <= 2 * read,
            ),
            (f"{plain / three:.1f} times as fast as the plain one, at least 1", three <= plain),
        ]
    )
