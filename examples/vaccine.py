"""The BNT162b2 trial, re-analysed exactly: 8 cases among the vaccinated, 162 among the others.

Polack et al. (2020, NEJM 383, table 2) report an efficacy of 95.0 % with a 95 % credible interval of 90.3 to 97.6 %, from
a Beta(0.700102, 1) prior on the share of cases that fall in the vaccine arm. Run ``python examples/vaccine.py``.
"""

import csv
from pathlib import Path

import jax

from jprob.bayes.conjugate import beta_binomial
from jprob.density import beta

PRIOR = (0.700102, 1.0)


def main() -> None:
    with (Path(__file__).parent / "data" / "vaccine.csv").open() as file:
        arms = {row["group"]: row for row in csv.DictReader(file)}
    cases = {name: int(row["cases"]) for name, row in arms.items()}
    years = {name: float(row["person_years"]) for name, row in arms.items()}

    # Given a case, it is a vaccinated one with probability p = r (1 - VE) / (1 + r (1 - VE)), r the ratio of person-time
    ratio = years["vaccine"] / years["placebo"]
    posterior = beta_binomial.update(PRIOR, cases["vaccine"], sum(cases.values()))

    def efficacy(share):
        return 1.0 - share / (1.0 - share) / ratio

    observed = 1.0 - (cases["vaccine"] / years["vaccine"]) / (cases["placebo"] / years["placebo"])
    high, low = efficacy(beta_binomial.interval(posterior))
    print(f"Cases {cases['vaccine']} and {cases['placebo']}: efficacy {observed:.1%} (published 95.0 %)")
    print(f"95 % credible interval {low:.1%} to {high:.1%} (published 90.3 to 97.6 %)")

    share_at_30 = ratio * 0.7 / (1.0 + ratio * 0.7)  # the success criterion was an efficacy above 30 %
    print(f"log10 P(efficacy <= 30 %) = {beta.logsf(share_at_30, *posterior) / 2.302585093:.1f}")

    slope = jax.grad(lambda a: efficacy(beta_binomial.interval((a + 8.0, 163.0)))[1])(PRIOR[0])
    print(f"One more prior case in the vaccine arm would move the lower end by {float(slope):+.2%}")


if __name__ == "__main__":
    main()
