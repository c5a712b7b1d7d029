"""An A/B test from a file to a decision: 90,189 players of Cookie Cats and where the first gate stands.

The z test of the same counts has z = -1.784. Run ``python examples/cookie_cats.py``.
"""

import csv
from pathlib import Path

import jax
import numpy as np

from jprob import ab


def main() -> None:
    with (Path(__file__).parent / "data" / "cookie_cats.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = [row["variant"] for row in rows]
    retained = np.array([int(row["retained"]) for row in rows])
    players = np.array([int(row["players"]) for row in rows])

    result = ab.analyze(retained, players)
    for i, name in enumerate(names):
        low, high = result.rate_interval[i]
        print(f"{name}: {retained[i]} of {players[i]}, rate {result.rate[i]:.4f} [{low:.4f}, {high:.4f}]", end=", ")
        print(f"P(best) {result.prob_best[i]:.4f}, expected loss of choosing it {result.expected_loss[i]:.6f}")
    low, high = result.lift_interval[1]
    print(f"lift of {names[1]} on {names[0]}: {result.lift[1]:+.2%} [{low:+.2%}, {high:+.2%}]")

    shares = retained / players
    pooled = retained.sum() / players.sum()
    z = (shares[1] - shares[0]) / np.sqrt(pooled * (1 - pooled) * (1 / players).sum())
    print(f"z = {z:.3f} by the usual test")
    print(f"sample-ratio mismatch: p = {result.srm_pvalue:.4f} for an even split")

    # the same answer as a function: how much one more returning player on either side would change it
    slope = jax.grad(lambda k: ab.analyze(k, players.astype(float)).prob_best[0])(retained.astype(float))
    print("one more returning player moves P(gate_30 best) by", ", ".join(f"{s:+.5f}" for s in slope))


if __name__ == "__main__":
    main()
