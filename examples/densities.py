"""What float32 can hold: densities, tails and quantiles where the usual formulas lose everything.

The column of true values was computed once by mpmath with sixty digits (``tests/oracles.py``).
Run ``python examples/densities.py``.
"""

import jax
import jax.numpy as jnp

from jprob.bayes.conjugate import beta_binomial
from jprob.density import beta, binomial


def main() -> None:
    print("In float32:")
    rows = [
        (
            "log P(X = 5e7), X ~ Binomial(1e8, 1/2)",
            binomial.logpmf,
            jax.scipy.stats.binom.logpmf,
            (5e7, 1e8, 0.5),
            -9.4361,
        ),
        ("log density of Beta(1e8, 1e8) at 1/2", beta.logpdf, jax.scipy.stats.beta.logpdf, (0.5, 1e8, 1e8), 9.3311),
        ("P(X <= .501), X ~ Beta(1e5, 1e5)", beta.cdf, jax.scipy.stats.beta.cdf, (0.501, 1e5, 1e5), 0.8145),
    ]
    print(f"{'':<42}{'jprob':>10}{'jax.scipy':>12}{'true':>10}")
    for title, ours, theirs, args, true in rows:
        args = [jnp.float32(v) for v in args]
        print(f"{title:<42}{float(ours(*args)):>10.4f}{float(theirs(*args)):>12.4f}{true:>10.4f}")

    tail = beta.logsf(0.9, 2.0, 500.0)
    print(f"\nA tail far below the smallest float: log P(X > .9) = {float(tail):.2f} for Beta(2, 500)")
    print(f"An upper quantile of a rare event: {float(beta.isf(1e-12, 0.5, 1e4)):.6f}")

    low, high = beta_binomial.hdi((11.0, 4.0))
    slope = jax.jacobian(lambda a: beta_binomial.hdi((a, 4.0)))(11.0)
    print(
        f"\nShortest 95 % interval of Beta(11, 4): {low:.4f} to {high:.4f}; one more success would move its ends",
        end="",
    )
    print(f" by about {float(slope[0]):+.4f} and {float(slope[1]):+.4f}")


if __name__ == "__main__":
    main()
