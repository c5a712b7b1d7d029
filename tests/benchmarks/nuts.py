"""``bayes.nuts`` against ``numpyro.infer.MCMC.run``: one data set after another, and a thousand under ``vmap``."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS

from jprob import bayes
from jprob.bayes import models
from tests.benchmarks._timing import claims, interleaved, seconds, table

CHAINS, WARMUP, SAMPLES = 4, 500, 500
RUN = {"num_warmup": WARMUP, "num_samples": SAMPLES, "num_chains": CHAINS, "predictive": False}


def two_arms(successes, trials):
    """The model as NumPyro's own tutorials write it."""
    with numpyro.plate("arm", 2):
        p = numpyro.sample("p", dist.Beta(1.0, 1.0))
        numpyro.sample("successes", dist.Binomial(trials, p), obs=successes)


def with_mcmc(key, successes, trials):
    mcmc = MCMC(
        NUTS(two_arms),
        num_warmup=WARMUP,
        num_samples=SAMPLES,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(key, successes, trials)
    return mcmc.get_samples()["p"]


def with_nuts(key, successes, trials, model=models.beta_bernoulli):
    return bayes.nuts(key, model, successes, trials, **RUN).samples["p"]


def main() -> int:
    rng = np.random.default_rng(0)
    trials = rng.integers(50, 500, (1000, 2)).astype(np.float32)
    successes = rng.binomial(trials.astype(int), 0.1).astype(np.float32)
    keys = jax.random.split(jax.random.key(0), 1000)
    turn = iter(range(10**6))

    def on_new_data(run, **options):
        i = next(turn) % 1000
        return run(keys[i], successes[i], trials[i], **options)

    one = interleaved(
        {
            "numpyro MCMC.run": lambda: on_new_data(with_mcmc),
            "jprob nuts, jprob's model": lambda: on_new_data(with_nuts),
            "jprob nuts, the same model": lambda: on_new_data(with_nuts, model=two_arms),
        },
        repeats=5,
    )
    table(f"One data set, {CHAINS} chains of {WARMUP} + {SAMPLES}", one)
    loop, *ours = one.values()

    fleet = jax.jit(jax.vmap(with_nuts))
    data = jnp.asarray(successes), jnp.asarray(trials)
    seconds(lambda: fleet(keys, *data))
    vmapped = min(seconds(lambda: fleet(keys, *data)) for _ in range(2))
    table("A thousand data sets", {"numpyro, a loop (1,000 times the above)": 1000 * loop, "jprob nuts, vmap": vmapped})
    return claims(
        [
            (f"a repeated call is at least 100 times as fast: {loop / max(ours):.0f}", loop >= 100 * max(ours)),
            (f"a thousand under vmap at least 300 times: {1000 * loop / vmapped:.0f}", 1000 * loop >= 300 * vmapped),
        ]
    )
