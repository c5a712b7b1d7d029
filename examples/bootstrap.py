"""The bootstrap where it helps and where it misleads: a correlation, a median, a series, a lift. Run it; it reads nothing."""

import jax
import jax.numpy as jnp
import numpy as np

from jprob.simulate import bootstrap

key = jax.random.key(0)
rng = np.random.default_rng(11)


def mean(x, weights):
    return jnp.sum(weights * x) / jnp.sum(weights)


def correlation(pairs, weights):
    a, b = pairs
    share = weights / jnp.sum(weights)
    a, b = a - share @ a, b - share @ b
    return (share @ (a * b)) / jnp.sqrt((share @ a**2) * (share @ b**2))


def lift(visits, weights):
    converted, in_new = visits
    new = jnp.sum(weights * in_new * converted) / jnp.sum(weights * in_new)
    old = jnp.sum(weights * (1 - in_new) * converted) / jnp.sum(weights * (1 - in_new))
    return new / old - 1


print("Law schools (Efron and Tibshirani 1993): correlation of scores and grades of 15 schools")
scores = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594])
grades = np.array([339, 330, 281, 303, 344, 307, 300, 343, 336, 313, 312, 274, 276, 288, 296]) / 100
for method in ("percentile", "bca"):
    found = bootstrap(key, (scores, grades), correlation, method=method)
    low, high = np.asarray(found.interval)
    print(
        f"  {method:<11} {float(found.estimate):.3f} ± {float(found.standard_error):.3f}, 95 % [{low:.3f}, {high:.3f}]"
    )

print("A median has no slope in the weights: its acceleration comes from leaving rows out")
waits = rng.gamma(1.5, 4.0, 101)
found = bootstrap(key, waits, jnp.median, method="bca")
low, high = np.asarray(found.interval)
print(f"  median wait {float(found.estimate):.2f} minutes, 95 % [{low:.2f}, {high:.2f}]")

print("A series that remembers: shuffled rows forget, blocks do not")
noise, series = rng.normal(size=600), np.zeros(600)
for i in range(1, 600):
    series[i] = 0.8 * series[i - 1] + noise[i]
for scheme in ("iid", "stationary"):
    found = bootstrap(key, series, mean, scheme=scheme, method="percentile", num_resamples=4000)
    print(f"  {scheme:<11} standard error of the mean {float(found.standard_error):.3f}")
print(f"  theory      {5 / 600**0.5:.3f}")

print("The lift of an A/B test, visitors of each variant resampled among themselves")
in_new = np.repeat([0.0, 1.0], 2000)
converted = (rng.uniform(size=4000) < np.where(in_new > 0, 0.115, 0.10)).astype(float)
found = bootstrap(key, (converted, in_new), lift, scheme="stratified", groups=in_new)
low, high = np.asarray(found.interval)
print(f"  lift {float(found.estimate):+.1%}, 95 % [{low:+.1%}, {high:+.1%}]")
