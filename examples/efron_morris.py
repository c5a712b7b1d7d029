"""Efron and Morris's eighteen batters: rates that borrow strength predict the season better than each rate alone.

Each player's first 45 at-bats of 1970 are known; the rest of the season is the truth to predict. Run
``python examples/efron_morris.py``.
"""

import csv
from pathlib import Path

import jax
import numpy as np

from jprob import bayes, report
from jprob.bayes import empirical
from jprob.bayes.conjugate import beta_binomial

DATA = Path(__file__).parent / "data" / "efron_morris.csv"


def main() -> None:
    with DATA.open() as file:
        rows = list(csv.DictReader(file))
    players = [row["player"] for row in rows]
    hits, at_bats, rest = (np.array([float(row[name]) for row in rows]) for name in ("hits", "at_bats", "rest_average"))

    draws = bayes.nuts(
        jax.random.key(0), bayes.models.beta_bernoulli_hierarchical, hits, at_bats, num_warmup=500, target_accept=0.9
    )
    verdict = report.verdict(draws)
    alone, pooled = hits / at_bats, np.full(len(rows), hits.sum() / at_bats.sum())
    partly = np.asarray(draws.samples["p"].mean((0, 1)))
    learned = empirical.fit_beta(hits, at_bats)  # the same prior, its shapes found by the evidence: no sampling
    exact = np.asarray(beta_binomial.mean(learned.posterior))

    print("player         first 45   shrunken   rest of the season")
    for player, first, shrunken, truth in zip(players, alone, partly, rest, strict=True):
        print(f"{player:<14}   {first:.3f}      {shrunken:.3f}      {truth:.3f}")

    print("\nRoot mean square error against the rest of the season, and how much smaller than each alone")
    estimates = {
        "each player alone": alone,
        "all players alike": pooled,
        "partial pooling": partly,
        "empirical Bayes": exact,
    }
    errors = {name: np.sqrt(np.mean((estimate - rest) ** 2)) for name, estimate in estimates.items()}
    for name, error in errors.items():
        print(f"  {name:<18} {error:.4f}   {1 - error / errors['each player alone']:4.0%}")
    a, b = learned.prior
    print(
        f"\nEmpirical Bayes: Beta({a:.0f}, {b:.0f}), as if {a + b:.0f} at-bats of the league were added to each player's;"
    )
    print("its total squared error is", end=" ")
    print(
        f"{(errors['each player alone'] / errors['empirical Bayes']) ** 2:.1f} times smaller than that of the raw rates."
    )
    print("\nVerdict on the draws: sound." if verdict.ok else "\nVerdict: " + " ".join(verdict.findings))


if __name__ == "__main__":
    main()
