"""Estimation: fits that say whether to believe them, one data set or a thousand, and models of one's own."""

import jax
import jax.numpy as jnp
import numpy as np

from jprob import density, estimate
from jprob.density.expfam import ConjugatePrior


def one_fit() -> None:
    data = density.gamma.sample(jax.random.key(0), 2.5, 0.8, shape=(300,))
    fit = estimate.mle(density.gamma, data)
    wald = estimate.wald_interval(fit, family=density.gamma)
    print("Gamma(2.5, 0.8), 300 values")
    for name in fit.params:
        profile = estimate.profile_interval(density.gamma, data, name).interval
        print(
            f"  {name:14}{fit.params[name]:.3f} ± {fit.standard_error[name]:.3f}"
            f"   Wald [{wald[name][0]:.3f}, {wald[name][1]:.3f}]   profile [{profile[0]:.3f}, {profile[1]:.3f}]"
        )
    mean = estimate.delta_method(fit, lambda p: p["concentration"] / p["rate"])
    print(f"  mean          {mean.value:.3f} ± {mean.standard_error:.3f} by the delta method")


def a_thousand_fits() -> None:
    data = np.array(density.student_t.sample(jax.random.key(1), 5.0, 1.5, 2.0, shape=(1000, 200)))
    data[17] = 3.0  # a broken sensor
    fit = estimate.mle(density.student_t, data)
    good = np.asarray(fit.converged & ~fit.at_boundary)
    print("\n1,000 data sets of 200 Student's t values in one call, one of them constant")
    print(f"  set 17: converged {bool(fit.converged[17])}, at the boundary {bool(fit.at_boundary[17])}")
    print(
        f"  {good.sum()} with errors to be believed; {int(fit.at_boundary.sum())} where the data look normal or worse"
    )
    z = (np.asarray(fit.params["loc"]) - 1.5) / np.asarray(fit.standard_error["loc"])
    print(f"  |loc - truth| < 1.96 standard errors in {100 * np.mean(np.abs(z[good]) < 1.96):.1f} %")


def where_wald_fails() -> None:
    flips = np.random.default_rng(2).uniform(size=(2000, 20)) < 0.05
    fit = estimate.mle(density.bernoulli, flips)
    hits = flips.sum(-1)
    intervals = {
        "Wald": estimate.wald_interval(fit)["p"],
        "profile": estimate.profile_interval(density.bernoulli, flips, "p").interval,
        "Wilson": estimate.proportion_interval(hits, 20),
        "Clopper-Pearson": estimate.proportion_interval(hits, 20, method="clopper_pearson"),
    }
    print("\nNominal 95 % intervals for p = 0.05 from 20 trials, 2,000 times: share that holds it")
    for name, interval in intervals.items():
        print(f"  {name:16}{100 * np.mean((interval[:, 0] <= 0.05) & (interval[:, 1] >= 0.05)):.1f} %")


def logistic(beta, data):
    eta = data["x"] @ beta
    return data["y"] * eta - jnp.logaddexp(0.0, eta)


def poisson(beta, data):
    eta = data["x"] @ beta
    return data["y"] * eta - jnp.exp(eta)


def gaussian_prior(beta, scale):
    return jnp.sum(density.normal.logpdf(beta, 0.0, scale))


def regressions() -> None:
    rng = np.random.default_rng(3)
    x = np.c_[np.ones(200), rng.normal(size=(200, 2))]
    eta = x @ [0.3, -0.7, 0.4]
    y = rng.uniform(size=200) < 1 / (1 + np.exp(-eta))
    fit = estimate.fit_model(logistic, jnp.zeros(3), {"x": x, "y": y.astype(float)})
    print("\nLogistic regression, truth 0.3 -0.7 0.4")
    print("  " + "  ".join(f"{b:.3f} ± {e:.3f}" for b, e in zip(fit.params, fit.standard_error, strict=True)))
    ratio = estimate.wald_test(fit, lambda b: b[1:])
    print(
        f"  no slope at all: chi-squared {ratio.statistic:.1f} with {ratio.df} degrees of freedom, p {ratio.p_value:.1e}"
    )

    separable = {"x": x, "y": (x[:, 1] > 0).astype(float)}
    lost = estimate.fit_model(logistic, jnp.zeros(3), separable)
    kept = estimate.fit_model(logistic, jnp.zeros(3), separable, log_prior=lambda b: gaussian_prior(b, 2.0))
    print(f"  separable: not identified {bool(lost.not_identified)}; with a prior {bool(kept.not_identified)}")
    scales = np.array([0.01, 0.1, 1.0, 10.0])
    data = {"x": x, "y": y.astype(float)}
    found = estimate.prior_strength(jax.random.key(0), logistic, jnp.zeros(3), data, gaussian_prior, scales)
    print(f"  prior scale by validation {float(found.by_validation):g}, by evidence {float(found.by_evidence):g}")

    counts = rng.poisson(rng.gamma(2.0, np.exp(eta) / 2.0))  # more spread than Poisson
    rows = {"x": x, "y": counts.astype(float)}
    fit = estimate.fit_model(poisson, jnp.zeros(3), rows)
    robust = jnp.sqrt(jnp.diagonal(estimate.sandwich(poisson, rows, fit)))
    print("\nPoisson regression on overdispersed counts: standard errors of the model, and robust ones")
    print("  " + "  ".join(f"{e:.3f}" for e in fit.standard_error) + "   " + "  ".join(f"{e:.3f}" for e in robust))


def naive_bayes() -> None:
    """Counts of four words in two classes; a word never seen in a class must not rule the class out."""
    words = np.array([[30.0, 10.0, 5.0, 0.0], [4.0, 9.0, 20.0, 12.0]])
    seen = estimate.totals(density.categorical, np.tile(np.arange(4.0), (2, 1)), weights=words, num_labels=4)
    one_of_each = ConjugatePrior(jnp.ones(3), jnp.asarray(4.0))  # Laplace's smoothing is a posterior mode
    document = np.array([3.0, 1.0, 0.0, 1.0])
    print("\nNaive Bayes: log odds of the first class for a document with a word it never saw")
    for name, state in (("raw", seen), ("smoothed", estimate.merge(seen, one_of_each))):
        probs = np.asarray(estimate.from_totals(density.categorical, state, num_labels=4).params["probs"])
        log_probs = np.log(np.maximum(probs, 1e-30))
        scores = log_probs @ document
        print(f"  {name:9}{scores[0] - scores[1]:.2f}   P(word | first class) {np.round(probs[0], 3)}")


def pieces() -> None:
    data = density.gamma.sample(jax.random.key(4), 2.5, 0.8, shape=(3, 1000))
    state = estimate.merge(*(estimate.totals(density.gamma, piece) for piece in data))
    merged = estimate.from_totals(density.gamma, state).params
    whole = estimate.mle(density.gamma, data.ravel()).params
    print("\nGamma from merged totals of three machines, and from all data")
    print("  " + "  ".join(f"{name} {merged[name]:.4f} {whole[name]:.4f}" for name in whole))


if __name__ == "__main__":
    one_fit()
    a_thousand_fits()
    where_wald_fails()
    regressions()
    naive_bayes()
    pieces()
