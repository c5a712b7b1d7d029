"""How often the 5 % goodness-of-fit tests call a right family wrong, with estimated parameters.

``python -m tests.benchmarks goodness``: 5,000 data sets of 50 and of 500 values, 199 simulations each.
"""

import time

import jax
import jax.numpy as jnp

from jprob.density import exponential, gamma, normal, poisson
from jprob.estimate import goodness_of_fit

NUM_SETS, LANES = 5000, 250


def main() -> None:
    print(f"{'family':<12}{'statistic':<22}{'n':>5}{'rate at 5 %':>13}{'seconds':>9}")
    for family, params, statistics in (
        (normal, (3.0, 2.0), ("anderson_darling", "kolmogorov_smirnov", "cramer_von_mises", "chi_square")),
        (exponential, (2.0,), ("anderson_darling",)),
        (poisson, (4.0,), ("anderson_darling", "chi_square")),
        (gamma, (2.5, 1.0), ("anderson_darling",)),
    ):
        for n in (50, 500):
            for statistic in statistics:
                start = time.perf_counter()
                alarms = 0
                for i in range(NUM_SETS // LANES):
                    data_key, null_key = jax.random.split(jax.random.fold_in(jax.random.key(n), i))
                    x = family.sample(data_key, *params, shape=(LANES, n))
                    result = goodness_of_fit(null_key, family, x, statistic=statistic, num_simulations=199)
                    alarms += int(jnp.sum(result.p_value <= 0.05))
                taken = time.perf_counter() - start
                print(
                    f"{family.family.name:<12}{statistic:<22}{n:>5}{alarms / NUM_SETS:>12.2%}{taken:>9.1f}", flush=True
                )
