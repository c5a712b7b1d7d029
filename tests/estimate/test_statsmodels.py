"""Estimates and standard errors of statsmodels: regressions, their robust errors, and a negative binomial."""

import numpy as np
import pytest
import statsmodels.api as sm

from jprob import density, estimate
from tests.estimate.test_models import LINKS, fit_of, regression
from tests.grids import DTYPE, X64

CLOSE = 1e-6 if X64 else 2e-3
FAMILIES = {"logistic": sm.families.Binomial, "poisson": sm.families.Poisson}


@pytest.mark.parametrize("kind", FAMILIES)
def test_regressions_and_their_robust_errors(kind):
    data = regression(kind)
    fit = fit_of(kind, data)
    model = sm.GLM(data["y"].astype(float), data["x"].astype(float), family=FAMILIES[kind]())
    theirs = model.fit(tol=1e-13)
    np.testing.assert_allclose(fit.params, theirs.params, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(fit.standard_error, theirs.bse, rtol=CLOSE)
    assert float(fit.log_likelihood) == pytest.approx(theirs.llf, rel=CLOSE)
    likelihood = LINKS[kind][0]
    robust = estimate.sandwich(likelihood, data, fit)
    np.testing.assert_allclose(np.sqrt(np.diag(robust)), model.fit(tol=1e-13, cov_type="HC0").bse, rtol=CLOSE)
    groups = np.arange(len(data["y"])) // 5
    clustered = estimate.sandwich(likelihood, data, fit, clusters=groups)
    options = {"groups": groups, "use_correction": False}
    plain = model.fit(tol=1e-13, cov_type="cluster", cov_kwds=options).bse  # without the factor G / (G - 1)
    np.testing.assert_allclose(np.sqrt(np.diag(clustered) * (groups.max() / (groups.max() + 1))), plain, rtol=CLOSE)


def test_a_negative_binomial():
    x = np.random.default_rng(5).negative_binomial(3, 0.4, 400).astype(DTYPE)
    fit = estimate.mle(density.negative_binomial, x)
    theirs = sm.NegativeBinomial(x.astype(float), np.ones((400, 1)), loglike_method="nb2").fit(disp=0, gtol=1e-10)
    log_mean, dispersion = theirs.params
    assert float(fit.params["r"]) == pytest.approx(1 / dispersion, rel=1e-4)
    mean = float(fit.params["r"]) * (1 / float(fit.params["p"]) - 1)
    assert mean == pytest.approx(np.exp(log_mean), rel=1e-5)
    assert float(fit.log_likelihood) == pytest.approx(theirs.llf, rel=CLOSE)
    inverse = estimate.delta_method(fit, lambda params: 1.0 / params["r"])
    assert float(inverse.standard_error) == pytest.approx(theirs.bse[1], rel=1e-3)
