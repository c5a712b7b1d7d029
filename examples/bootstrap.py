"""The bootstrap where it helps and where it misleads: a correlation, a median, a series, a slope, a lift. It reads nothing."""

import jax
import jax.numpy as jnp
import numpy as np

from jprob.simulate import bootstrap, permutation_test, statistics

key = jax.random.key(0)
rng = np.random.default_rng(11)


def ends(found):
    low, high = np.asarray(found.interval)
    return f"95 % [{low:.3f}, {high:.3f}]"


print("Law schools (Efron and Tibshirani 1993): correlation of scores and grades of 15 schools")
scores = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594])
grades = np.array([339, 330, 281, 303, 344, 307, 300, 343, 336, 313, 312, 274, 276, 288, 296]) / 100
for method in ("percentile", "bca"):
    found = bootstrap(key, (scores, grades), statistics.correlation, method=method)
    print(f"  {method:<11} {float(found.estimate):.3f} ± {float(found.standard_error):.3f}, {ends(found)}")
chance = permutation_test(key, scores, grades, kind="association")
print(f"  by chance alone, as far from 0: p = {float(chance.p_value):.4f} ± {float(chance.p_value_error):.4f}")

print("A median: ten thousand resamples, and the law they tend to")
waits = rng.gamma(1.5, 4.0, 101)
for shortcut in (False, True):
    found = bootstrap(key, waits, statistics.median, shortcut=shortcut)
    how = "by theory" if found.by_theory else "drawn"
    print(f"  {how:<11} {float(found.estimate):.2f} minutes ± {float(found.standard_error):.3f}, {ends(found)}")

print("A series that remembers: shuffled rows forget, blocks do not")
noise, series = rng.normal(size=600), np.zeros(600)
for i in range(1, 600):
    series[i] = 0.8 * series[i - 1] + noise[i]
for scheme in ("iid", "stationary"):
    found = bootstrap(key, series, statistics.mean, scheme=scheme, method="percentile", num_resamples=4000)
    print(f"  {scheme:<11} standard error of the mean {float(found.standard_error):.3f}")
print(f"  theory      {5 / 600**0.5:.3f}")

print("A slope whose noise grows with x: signs of residuals keep each at its place")
x = np.linspace(0, 1, 80)
y = 1 + 2 * x + 3 * x**2 * rng.normal(size=80)
fitted = np.polyval(np.polyfit(x, y, 1), x)
plain = np.sqrt(np.sum((y - fitted) ** 2) / 78 / np.sum((x - x.mean()) ** 2))
found = bootstrap(key, (x, y), statistics.slope, scheme="wild", fitted=fitted, method="percentile")
print(f"  wild        {float(found.estimate):.2f} ± {float(found.standard_error):.2f}, {ends(found)}")
print(f"  textbook    {float(found.estimate):.2f} ± {plain:.2f}, which takes the noise for constant")

print("The lift of an A/B test, visitors of each variant resampled among themselves")
old, new = ((rng.uniform(size=2000) < rate).astype(float) for rate in (0.10, 0.115))
found = bootstrap(key, (old, new), statistics.lift, scheme="samples")
low, high = np.asarray(found.interval)
print(f"  lift {float(found.estimate):+.1%}, 95 % [{low:+.1%}, {high:+.1%}]")

print("A hundred data sets at once")
many = jnp.asarray(rng.gamma(1.5, 4.0, (100, 50)))
intervals = jax.jit(jax.vmap(lambda data: bootstrap(key, data, statistics.mean, num_resamples=1000).interval))(many)
share = float(jnp.mean((intervals[:, 0] <= 6.0) & (intervals[:, 1] >= 6.0)))
print(f"  {share:.0%} of their 95 % intervals hold the true mean, 6")
