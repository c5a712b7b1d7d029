"""Every exact posterior as the same tree, the same table, the same picture."""

import jax
import numpy as np
import pytest

from jprob import bayes, report
from jprob.bayes import conjugate as c

POSTERIORS = {
    "p": c.beta_binomial.update((2.0, 2.0), 8, 10),
    "rate": c.gamma_poisson.update((1.0, 1.0), 3, 2.0),
    "mean": c.normal_inverse_gamma.update((0.0, 1.0, 3.0, 2.0), 1.5, 20, 30.0),
    "probs": c.dirichlet_multinomial.update([1.0, 1.0, 1.0], [3, 5, 9]),
    "coefficients": c.linear_regression.prior([0.0, 1.0], 2.0, 3.0, 4.0),
}


@pytest.mark.parametrize("site", POSTERIORS)
def test_tree_and_summary(site):
    posterior = POSTERIORS[site]
    tree = report.to_datatree(posterior, num_draws=2000)
    assert set(tree.children) == {"posterior"}  # no invented chains, no statistics of one
    assert dict(tree["posterior"].sizes)["chain"] == 1
    table = report.summary(tree, var_names=site)
    assert list(table.columns) == ["mean", "sd", "eti95_lb", "eti95_ub"]
    pair = bayes.exact.SITES[type(posterior)][0]
    mean, variance = (np.ravel(v).astype(float) for v in (pair.mean(posterior), pair.variance(posterior)))
    assert (abs(table["mean"].to_numpy() - mean) < 5 * np.sqrt(variance / 2000)).all()


def test_prior_likelihood_and_data_come_along(key):
    draws = bayes.exact_draws(key, c.gamma_exponential, (1.0, 1.0), 3, 2.5, num_samples=500)
    tree = report.to_datatree(draws)
    assert set(tree.children) == {"posterior", "prior", "log_likelihood", "observed_data"}
    rate = np.asarray(tree["posterior"]["rate"], float)
    np.testing.assert_allclose(tree["log_likelihood"]["events"], 3 * np.log(rate) - 2.5 * rate, rtol=1e-4)
    verdict = report.verdict(
        draws, {"rate": c.gamma_exponential.marginal(c.gamma_exponential.update((1.0, 1.0), 3, 2.5))}
    )
    assert verdict.ok


def test_a_gamma_is_not_taken_for_a_beta():
    assert list(report.to_datatree(c.gamma_poisson.GammaParams(3.0, 2.0), num_draws=10)["posterior"]) == ["rate"]


@pytest.mark.parametrize(
    ("pair", "prior", "data", "panels"),
    [
        (c.beta_binomial, (2.0, 2.0), (8, 10), 1),
        (c.beta_binomial, (0.3, 0.3), (0, 0), 1),
        (c.gamma_poisson, (1.0, 100.0), ([0, 3, 30], 1000.0), 3),
        (c.normal_inverse_gamma, (0.0, 1.0, 2.0, 2.0), (1.5, 20, 30.0), 1),
        (c.dirichlet_multinomial, [1.0, 1.0, 1.0], ([3, 5, 9],), 3),
    ],
    ids=["coin", "u-shaped", "rates", "line", "labels"],
)
def test_prior_likelihood_posterior_in_one_picture(pair, prior, data, panels, tmp_path):
    figure = report.plot.prior_posterior(pair, prior, *data)
    assert len([ax for ax in figure.axes if ax.axison]) == panels
    names = [line.get_label() for line in figure.axes[0].lines]
    assert names[0] == "prior"
    assert names[-1] == "posterior"
    assert ("likelihood" in names) == (pair in (c.beta_binomial, c.gamma_poisson))
    for line in figure.axes[0].lines:
        x, y = line.get_xdata(), line.get_ydata()
        assert np.trapezoid(y, x) == pytest.approx(1.0, abs=0.35)  # densities, as far as they are in the picture
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_too_many_panels_are_refused():
    with pytest.raises(ValueError, match="`data` must make at most 12 posteriors; got 13"):
        report.plot.prior_posterior(c.beta_binomial, (1.0, 1.0), np.arange(13), 13)


def test_what_is_no_posterior_is_refused():
    with pytest.raises(ValueError, match="`posterior` must be one of BetaParams, GammaParams"):
        bayes.posterior_draws(jax.random.key(0), (1.0, 2.0))
