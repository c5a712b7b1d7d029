"""Simulation: the central limit theorem at work and failing, what intervals really cover, and 10⁸ draws in one breath.

Run ``python examples/simulate.py``: every number is simulated, with its error, but for those that are said to be exact.
"""

import jax
import jax.numpy as jnp

from jprob import simulate
from jprob.density import cauchy, exponential, lognormal, pareto
from jprob.estimate import proportion_interval

SIZES = (10, 30, 100, 1000)


def coverage_of_t_intervals() -> None:
    print("Coverage of the nominal 95 % t interval")
    for family, params in ((exponential.family, {"rate": 0.5}), (lognormal.family, {"loc": 0.0, "scale": 1.0})):
        study = simulate.clt(jax.random.key(1), family, params, SIZES, num_replicates=65_536)
        shown = "  ".join(f"{c:.3f}" for c in study.coverage)
        without = "  ".join(f"{c:.3f}" for c in study.coverage_edgeworth)
        print(f"  {family.name:<12} {shown}  (n = 10, 30, 100, 1000; ± {study.coverage_error.max():.3f})")
        print(f"  {'':<12} {without}  with the skewness taken out (Hall)")
        n, within = simulate.smallest_size(study, 0.01)
        print(f"  {'':<12} within a point of 95 % from n = {n:.0f}{'' if within else ', extrapolated'}")


def where_it_fails() -> None:
    print("Where the theorem fails")
    for family, params in ((pareto.family, {"alpha": 1.5, "scale": 1.0}), (cauchy.family, {"loc": 0.0, "scale": 1.0})):
        paths = simulate.lln(jax.random.key(2), family, params, SIZES, num_trajectories=1000)
        width = paths.upper - paths.lower
        law = paths.population
        print(f"  {family.name}: variance {'finite' if law.has_variance else 'infinite'}, ", end="")
        print(f"mean {'exists' if law.has_mean else 'does not exist'}, stable index {law.stable_index:.2f}; ", end="")
        print(f"the middle 95 % of running means is {width[0]:.2f} wide at n = 10 and {width[-1]:.2f} at n = 1000")
    study = simulate.clt(jax.random.key(3), simulate.ar1(0.6), None, (100, 400), num_replicates=16_384)
    print(
        f"  AR(1), coefficient 0.6: variance of a mean {study.variance_inflation[1]:.2f} times the independent one ",
        end="",
    )
    print(f"(4 in the limit); the 95 % interval covers {study.coverage[1]:.3f}")


def coverage_of_proportions() -> None:
    from jprob.density import binomial

    truths = jnp.linspace(0.02, 0.98, 481)
    print("Intervals for a proportion, n = 50, exactly: lowest and mean coverage over p from 0.02 to 0.98, mean length")
    for method in ("wald", "wilson", "agresti_coull", "clopper_pearson", "jeffreys"):

        def interval(k, method=method):
            return proportion_interval(k, 50, method=method)

        found = simulate.coverage(None, interval, binomial.family, {"n": 50, "p": truths}, truth="p")
        print(f"  {method:<16} {found.coverage.min():.3f}  {found.coverage.mean():.3f}  {found.length.mean():.3f}")


def longest_wait(key):
    """Of a thousand exponential waiting times."""
    return jax.random.exponential(simulate.fast_key(key), (1000,)).max()


def many() -> None:
    reduce = {"moments": simulate.moments(), "quantiles": simulate.quantiles((0.5, 0.99))}
    done = simulate.replicate(jax.random.key(5), longest_wait, 100_000, reduce=reduce)
    found, quantiles = done.reduced["moments"], done.reduced["quantiles"]
    harmonic = (1.0 / jnp.arange(1.0, 1001.0)).sum()
    print(
        f"The longest of 1,000 waits, {done.num_replicates:,} times: mean {found.mean:.4f} ± {found.mean_error:.4f}",
        end=" ",
    )
    print(f"(exactly {harmonic:.4f}), skewness {found.skewness:.3f} ± {found.skewness_error:.3f} (Gumbel: 1.140),")
    exact = -jnp.log(-jnp.expm1(jnp.log(jnp.array([0.5, 0.99])) / 1000))
    print(f"  median {quantiles.value[0]:.3f} (exactly {exact[0]:.3f}), ", end="")
    print(f"99 % quantile {quantiles.value[1]:.3f} ± {quantiles.value_error[1]:.3f} (exactly {exact[1]:.3f})")
    halves = simulate.shares(100_000, 2)
    parts = [
        simulate.replicate(jax.random.key(5), longest_wait, 100_000, reduce=reduce, start=a, stop=b) for a, b in halves
    ]
    same = simulate.join(parts, reduce=reduce).reduced["moments"].variance == found.variance
    print(f"  in two jobs, joined: {'the same bits' if same else 'other bits'}")


def main() -> None:
    coverage_of_t_intervals()
    where_it_fails()
    coverage_of_proportions()
    many()


if __name__ == "__main__":
    main()
