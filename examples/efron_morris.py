"""Efron and Morris's eighteen batters: rates that borrow strength predict the season better than each rate alone.

Each player's first 45 at-bats of 1970 are known; the rest of the season is the truth to predict. Run
``python examples/efron_morris.py``.
"""

import csv
from pathlib import Path

import jax
import numpy as np

from jprob import bayes, report

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

    print("player         first 45   shrunken   rest of the season")
    for player, first, shrunken, truth in zip(players, alone, partly, rest, strict=True):
        print(f"{player:<14}   {first:.3f}      {shrunken:.3f}      {truth:.3f}")

    print("\nRoot mean square error against the rest of the season")
    for name, estimate in (("each player alone", alone), ("all players alike", pooled), ("partial pooling", partly)):
        print(f"  {name:<18} {np.sqrt(np.mean((estimate - rest) ** 2)):.4f}")
    print("\nVerdict on the draws: sound." if verdict.ok else "\nVerdict: " + " ".join(verdict.findings))


if __name__ == "__main__":
    main()
