"""Exact posteriors at work: which coin, when to stop flipping, how rare is rare, and an A/B test that remembers.

Nothing here is sampled. Run ``python examples/exact_bayes.py``.
"""

import jax.numpy as jnp
import numpy as np

from jprob import ab, bayes
from jprob.bayes import empirical, hypotheses
from jprob.bayes.conjugate import beta_binomial, gamma_poisson
from jprob.density import binomial


def which_coin() -> None:
    found = hypotheses.coin(8, 10, biases=np.array([0.5, 0.7]), prior=np.array([0.8, 0.2]))
    print(f"8 heads in 10: P(bias .7) goes from .2 to {found.probs[1]:.4f}.")

    loss = np.array([[0.0, 1.0], [4.0, 0.0]])  # rows: fair, biased; columns: play with it, throw it away
    choice = hypotheses.bayes_action(found.probs, loss)
    print(f"Playing costs 4 if it is biased, throwing a fair one away 1: {('play', 'throw away')[int(choice.action)]},")
    print(f"expected loss {choice.expected_loss:.3f}; to be told the truth would be worth", end=" ")
    print(f"{hypotheses.value_of_perfect_information(found.probs, loss):.3f},", end=" ")
    flips = binomial.pmf(jnp.arange(21.0), 20, jnp.asarray([[0.5], [0.7]]))
    print(f"20 more flips {hypotheses.value_of_sample_information(found.probs, flips, loss):.3f}.")

    spike = hypotheses.spike_and_slab(8, 10, prob_null=0.5)
    print(f"Exactly fair against any bias at all: P(fair) = {spike.prob_null:.3f}.")


def when_to_stop() -> None:
    bounds = hypotheses.wald_bounds(false_alarm=0.05, miss=0.10)
    found = hypotheses.coin_characteristics(np.array([0.5, 0.7]), 0.5, 0.7, bounds, max_observations=1000)
    fixed = next(n for n in range(1, 200) if _fixed_size_does(n))
    print("\nFlipping until it is clear whether the bias is .5 or .7, errors of at most .05 and .10:")
    print(f"  a fair coin takes {found.expected_observations[0]:.1f} flips on average, the other", end=" ")
    print(f"{found.expected_observations[1]:.1f}; a test of fixed size needs {fixed}.")
    print(f"  true error rates: {found.prob_alternative[0]:.4f} and {found.prob_null[1]:.4f}.")


def _fixed_size_does(n: int) -> bool:
    critical = binomial.isf(0.05, n, 0.5)
    return bool(binomial.sf(critical, n, 0.7) >= 0.90)


def how_rare() -> None:
    print("\nNo failures in 1,000 hours. Upper end for the rate, 95 %:")
    print(f"  rule of three    {3 / 1000:.6f}")
    for name, prior in (("flat prior", (1.0, 1e-9)), ("Jeffreys", (0.5, 1e-9)), ("one in 100 hours", (1.0, 100.0))):
        posterior = gamma_poisson.update(prior, 0, 1000.0)
        print(f"  {name:<16} {gamma_poisson.hdi(posterior)[1]:.6f}")


def a_test_that_remembers() -> None:
    rng = np.random.default_rng(1)  # forty past tests of this shop, their rates alike but not equal
    visitors = rng.integers(2_000, 20_000, 40)
    conversions = rng.binomial(visitors, rng.beta(60.0, 1140.0, 40))
    past = empirical.fit_beta(conversions, visitors)
    a, b = past.prior
    print(f"\nForty past tests: rates like Beta({a:.0f}, {b:.0f}), around {a / (a + b):.3f}.")

    successes, trials = np.array([18, 31]), np.array([400, 410])
    half = beta_binomial.discount(past.prior, 0.5, (1.0, 1.0))
    for name, prior in (("flat", (1.0, 1.0)), ("half of the past", half), ("the past", past.prior)):
        result = ab.analyze(successes, trials, prior=prior)
        low, high = result.lift_interval[1]
        print(f"  {name:<17} P(B best) = {result.prob_best[1]:.3f}, lift {low:+.0%} to {high:+.0%}")
    check = bayes.conflict(beta_binomial, past.prior, successes[1], trials[1])
    print(f"  Does B contradict the past? p = {check.p_value:.3f}.")


def main() -> None:
    which_coin()
    when_to_stop()
    how_rare()
    a_test_that_remembers()


if __name__ == "__main__":
    main()
