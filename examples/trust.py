"""Which family to believe: claims that are mostly zero, counts that vary too much, and a normal that is none.

Run with ``python examples/trust.py``; with ``--plot FILE`` it draws the quantile-quantile plot.
"""

import argparse

import jax
import numpy as np

from jprob.density import mixed, negative_binomial, normal, poisson
from jprob.estimate import dispersion_test, mle, qq_points, recommend

parser = argparse.ArgumentParser()
parser.add_argument("--plot", metavar="FILE", help="draw the quantile-quantile plot")
options = parser.parse_args()
rng = np.random.default_rng(7)

print("Insurance claims: most policies claim nothing, some claim much")
claims = np.where(rng.uniform(size=500) < 0.85, 0.0, rng.lognormal(7.0, 1.1, 500))
fit = mle(mixed.hurdle_lognormal, claims)
params = {name: float(value) for name, value in fit.params.items()}
print(f"  probability of no claim {params['prob']:.3f} ± {float(fit.standard_error['prob']):.3f}")
law = mixed.hurdle_lognormal
print(
    f"  mean claim of a policy {float(law.mean(**params)):.0f}, one in a hundred exceeds {float(law.isf(0.01, **params)):.0f}"
)
print(
    f"  log of the mass at 0: {float(law.logdensity(0.0, params)):.4f} = log {params['prob']:.3f}; no density is added to it"
)

print("Counts of faults: is a Poisson enough?")
faults = rng.negative_binomial(2.0, 0.4, 300)
test = dispersion_test(faults)
print(f"  variance over mean {float(test.ratio):.2f}, p = {float(test.p_over):.1e} that a Poisson varies so much")
answer = recommend(faults, [poisson, negative_binomial, mixed.zero_inflated_poisson], num_simulations=99)
print(f"  {answer.sentence}")
for candidate in answer.candidates[1:]:
    print(f"  {candidate.name}: {'; '.join(candidate.failed) or 'passes, but with less weight'}")

print("Daily returns: normal?")
returns = 0.01 * rng.standard_t(3.0, 400)
plot = qq_points(jax.random.key(0), normal, returns, num_simulations=199)
outside = np.asarray((plot.sample < plot.lower) | (plot.sample > plot.upper))
print(f"  {outside.sum()} of {outside.size} points leave a band that holds them all 95 % of the time")
print(f"  probability of that from a normal: {float(plot.p_value):.3f}")
lowest = float(plot.sample[0])
print(f"  the lowest return is {lowest:.3f}; the normal's band for it begins at {float(plot.lower[0]):.3f}")

if options.plot:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.fill_between(plot.theoretical, plot.lower, plot.upper, alpha=0.25, label="band for all points, 95 %")
    axes.plot(plot.theoretical, plot.theoretical, linewidth=1)
    axes.plot(plot.theoretical, plot.sample, ".", markersize=4, label="returns")
    axes.set(xlabel="quantile of the fitted normal", ylabel="return")
    axes.legend()
    figure.savefig(options.plot)
