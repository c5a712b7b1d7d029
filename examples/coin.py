"""A coin, 8 heads in 10 flips: the exact posterior, the same by sampling, and how far they agree.

Run ``python examples/coin.py``.
"""

import jax

from jprob import bayes, report
from jprob.bayes.conjugate import beta_binomial


def main() -> None:
    prior, heads, flips = (2.0, 2.0), 8, 10

    exact = beta_binomial.update(prior, heads, flips)
    lower, upper = beta_binomial.interval(exact)
    print(f"Exact posterior Beta({exact.a:g}, {exact.b:g}): mean {exact.a / (exact.a + exact.b):.5f}, ", end="")
    print(f"95 % interval {lower:.5f} to {upper:.5f}; maximum likelihood {heads / flips:g}.")

    draws = bayes.nuts(jax.random.key(0), bayes.models.coin_bias, heads, flips, prior=prior)
    print("\nThe same by the No-U-Turn sampler:")
    print(report.format_table(report.summary(draws, var_names="p")))

    comparison = bayes.compare_exact(draws, exact)
    verdict = report.verdict(draws, exact)
    print(f"\nLargest gap between the two distribution functions: {comparison.max_gap['p']:.4f}", end="")
    print(f" (p-value {comparison.p_value['p']:.2f} at {comparison.effective_draws['p']:.0f} effective draws).")
    print("Verdict: sound." if verdict.ok else "Verdict: " + " ".join(verdict.findings))


if __name__ == "__main__":
    main()
