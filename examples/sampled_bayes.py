"""Posteriors by the thousand, and whether to believe them: fleets, approximations that judge themselves, and checks.

Run ``python examples/sampled_bayes.py``.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from jprob import bayes
from jprob.bayes import models

KEY = jax.random.key(0)


def a_thousand_experiments() -> None:
    rng = np.random.default_rng(1)
    trials = rng.integers(50, 500, (1000, 2))
    successes = rng.binomial(trials, 0.1)
    successes[:10] = 0  # ten experiments without a single conversion
    for turn in ("with compilation", "again"):
        start = time.perf_counter()
        found = jax.block_until_ready(bayes.fleet(KEY, models.beta_bernoulli, (successes, trials), engine="hmc"))
        print(f"1,000 experiments, 1,000 draws each, {turn}: {time.perf_counter() - start:.1f} s", end="; ")
        print(f"{int(found.ok.sum())} can be trusted.")
    exact = (successes + 1) / (trials + 2)
    gap = np.abs(np.asarray(found.mean["p"]) - exact) / np.asarray(found.mcse_mean["p"])
    print(f"Largest distance of 2,000 means from the exact ones: {gap.max():.1f} Monte Carlo errors.")
    print(f"Smallest effective number of draws: {float(found.ess_bulk['logit_p'].min()):.0f}.\n")


def which_approximation() -> None:
    print("Beta(1.2, 40), near its edge, and Beta(80, 30), nearly normal:")
    for data, prior in (((0, 0), (1.2, 40.0)), ((78, 106), (2.0, 2.0))):
        for name, engine in (("laplace", bayes.laplace), ("vi", bayes.vi)):
            found = engine(KEY, models.coin_bias, *data, prior=prior)
            a, b = prior[0] + data[0], prior[1] + data[1] - data[0]
            mean = float(found.draws.samples["p"].mean())
            says = "trusted" if bool(found.trusted) else "NOT to be trusted"
            print(
                f"  {name:<8} mean {mean:.4f} (exact {a / (a + b):.4f}), Pareto k {float(found.pareto_k):.2f}: {says}"
            )


def which_model() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(60, 2))
    y = x @ [1.0, -0.5] + 0.3 * rng.standard_t(2.0, 60)
    y[:3] += 6.0
    fits = {}
    for name, model in (("Student-t errors", models.robust_regression), ("normal errors", _normal_errors)):
        fits[name] = bayes.hmc(KEY, model, x, y, num_samples=500, predictive=True)
        found = bayes.loo(fits[name])
        slopes = ", ".join(f"{b:.2f}" for b in fits[name].samples["coefficients"].mean((0, 1)))
        print(f"  {name:<17} slopes {slopes} (true 1.00, -0.50), elpd {float(found.elpd):.0f}", end=" ")
        print(f"± {float(found.standard_error):.0f}, observations that one fit cannot do without: {int(found.num_bad)}")
    better = bayes.loo_difference(*map(bayes.loo, fits.values()))
    print(f"  the first predicts better by {float(better.elpd):.0f} ± {float(better.standard_error):.0f} nats.")
    spread = bayes.predictive_check(fits["Student-t errors"], lambda y: jnp.quantile(jnp.abs(y), 0.9))
    print(f"  replicated data have as large a 90 % quantile as the real ones: p = {float(spread.p_value):.2f}.")


def _normal_errors(x, y=None) -> None:
    import numpyro
    from numpyro import distributions as dist

    coefficients = numpyro.sample("coefficients", dist.Normal(0.0, 2.5).expand([2]).to_event(1))
    noise = numpyro.sample("noise", dist.HalfNormal(1.0))
    numpyro.sample("y", dist.Normal(x @ coefficients, noise), obs=y)


def how_much_is_prior() -> None:
    print("\nNo success in 40 trials under Beta(40, 40), and 400 in 1,000 under Beta(1, 1):")
    for data, prior in (((0, 40), (40.0, 40.0)), ((400, 1000), (1.0, 1.0))):
        draws = bayes.nuts(KEY, models.coin_bias, *data, prior=prior, num_warmup=300)
        found = bayes.prior_sensitivity(draws)
        said = "prior and data are in conflict" if bool(found.conflict["p"]) else "the data speak"
        slope = bayes.prior_gradient(bayes.conjugate.beta_binomial, prior, *data)
        print(f"  {said}; one more imagined success moves the posterior mean by {float(slope[0]):.4f}.")


def is_the_engine_right() -> None:
    found = bayes.sbc(jax.random.key(1), models.normal_means, np.zeros(2), 1.0, engine="hmc")
    print("\nSimulation-based calibration of short trajectories, 1,000 posteriors of two means:", end=" ")
    print(f"{found.verdict}, p = {float(found.p_value['mean'].min()):.2f}.")


if __name__ == "__main__":
    a_thousand_experiments()
    which_approximation()
    print("\nSixty rows, three of them wild:")
    which_model()
    how_much_is_prior()
    is_the_engine_right()
