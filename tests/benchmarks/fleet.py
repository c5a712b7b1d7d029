"""``bayes.fleet``: a thousand two-arm experiments against a loop of ``MCMC.run``; single hierarchical runs beside peers.

nutpie is shown where it is installed; it is no dependency of the tests.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from jprob import bayes
from jprob.bayes import models
from tests.benchmarks._timing import claims, seconds, table
from tests.benchmarks.nuts import two_arms

LANES = 1000
KEY = jax.random.key(0)


def data():
    rng = np.random.default_rng(0)
    trials = rng.integers(50, 500, (LANES, 2))
    successes = rng.binomial(trials, 0.1)
    successes[:20] = 0
    return successes.astype(np.float32), trials.astype(np.float32)


def with_mcmc(key, model, *args, warmup=500, samples=250):
    from numpyro.infer import MCMC, NUTS

    mcmc = MCMC(
        NUTS(model),
        num_warmup=warmup,
        num_samples=samples,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(key, *args)
    return mcmc.get_samples()


def worst_p_value(found, successes, trials):
    """Of the gap to the exact posterior, over all lanes and arms."""

    def one(z, k, n):
        draws = bayes.Draws({"logit_p": z, "p": jax.nn.sigmoid(z)}, {"chain": jnp.ones(())})
        exact = bayes.conjugate.beta_binomial.update((1.0, 1.0), k, n)
        return bayes.compare_exact(draws, exact).p_value["p"]

    return np.asarray(jax.jit(jax.vmap(one))(found.samples["logit_p"], successes, trials))


def experiments():
    successes, trials = data()
    sizes = iter(range(10**6))

    def loop():
        i = next(sizes)
        return with_mcmc(jax.random.key(i), two_arms, successes[i], trials[i])

    loop()
    one = float(np.median([seconds(loop) for _ in range(5)]))

    def run(engine):
        return bayes.fleet(KEY, models.beta_bernoulli, (successes, trials), engine=engine)

    times, cold, found = {}, {}, {}
    for engine, repeats in (("hmc", 5), ("exact", 5), ("nuts", 2)):
        cold[engine] = seconds(lambda engine=engine: run(engine))
        times[engine] = float(np.median([seconds(lambda engine=engine: run(engine)) for _ in range(repeats)]))
        found[engine] = run(engine)
    rows = {"MCMC.run, a loop (1,000 times the median of five)": LANES * one}
    rows |= {f"fleet, {engine}, warm": t for engine, t in times.items()}
    rows |= {f"fleet, {engine}, with compilation": t for engine, t in cold.items()}
    table(f"{LANES:,} two-arm experiments, 4 chains of 250 draws, diagnostics included", rows)
    effective = {e: float(f.ess_bulk["logit_p"].sum()) / times[e] for e, f in found.items() if e != "exact"}
    p = worst_p_value(found["hmc"], successes, trials)
    none = p[:20]
    print(f"  effective draws a second: {effective}")
    print(f"  lanes trusted: { ({e: int(f.ok.sum()) for e, f in found.items()}) }; fallbacks 0 unless engine='auto'")
    print(
        f"  against the exact posterior: smallest of {p.size} p-values {p.min():.2g}, below 5 %: {(p < 0.05).mean():.3f}"
    )
    print(f"  without a success: smallest of {none.size} {none.min():.2g}")
    ratio = LANES * one
    return [
        (f"vmapped NUTS at least 500 times the loop: {ratio / times['nuts']:.0f}", ratio >= 500 * times["nuts"]),
        (f"short trajectories at least 10,000 times: {ratio / times['hmc']:.0f}", ratio >= 10_000 * times["hmc"]),
        (
            f"at least 20 times the effective draws a second of NUTS: {effective['hmc'] / effective['nuts']:.1f}",
            effective["hmc"] >= 20 * effective["nuts"],
        ),
        (f"every p-value above 0.001 over their number: {p.min() * p.size:.2g}", p.min() * p.size > 1e-3),
    ]


def hierarchical(num_groups):
    rng = np.random.default_rng(num_groups)
    trials = rng.integers(20, 200, num_groups).astype(np.float32)
    successes = rng.binomial(trials.astype(int), rng.beta(4, 36, num_groups)).astype(np.float32)
    model = models.beta_bernoulli_hierarchical
    calls = {
        "numpyro MCMC": lambda key: with_mcmc(key, model, successes, trials, samples=500),
        "jprob nuts": lambda key: (
            bayes.nuts(key, model, successes, trials, num_warmup=500, num_samples=500, predictive=False).samples
        ),
        "jprob hmc": lambda key: bayes.hmc(key, model, successes, trials, num_samples=500, num_warmup=100).samples,
    }
    peer = _nutpie(successes, trials)
    if peer is not None:
        calls["nutpie"] = peer
    rows = {}
    for name, call in calls.items():
        rows[f"{name}, cold"] = seconds(lambda call=call: call(jax.random.key(1)))
        rows[f"{name}, warm"] = min(seconds(lambda call=call, i=i: call(jax.random.key(i))) for i in (2, 3))
    table(f"One hierarchical model, {num_groups} groups, 4 chains of 500 draws", rows)


def _nutpie(successes, trials):
    """The same density for nutpie's JAX backend, if it can be imported."""
    try:
        import nutpie
        from nutpie.compiled_pyfunc import from_pyfunc
    except ImportError:
        return None
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.util import initialize_model

    start, potential, _, _ = initialize_model(KEY, models.beta_bernoulli_hierarchical, model_args=(successes, trials))
    first, unravel = ravel_pytree(start.z)
    slope = jax.jit(jax.value_and_grad(lambda u: -potential(unravel(u))))

    def density():
        def value(x):
            height, gradient = slope(jnp.asarray(x, jnp.float32))
            return float(height), np.asarray(gradient, np.float64)

        return value

    def expand(*_):
        return lambda x: {"u": np.asarray(x)}

    compiled = from_pyfunc(first.size, density, expand, [np.dtype("float64")], [(first.size,)], ["u"])
    seeds = iter(range(10**6))
    return lambda _: nutpie.sample(compiled, draws=500, tune=500, chains=4, progress_bar=False, seed=next(seeds))


def main() -> int:
    started = time.perf_counter()
    found = experiments()
    for num_groups in (10, 100, 1000):
        hierarchical(num_groups)
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    return claims(found)
