"""Draws against the exact posterior: silent when they are from it, loud when not."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jprob import bayes
from jprob.bayes import Draws
from jprob.bayes.compare import kolmogorov_sf
from jprob.density import beta


def chains(key, a, b, *, correlation=0.0, size=500, event=()):
    """Four chains of a stationary normal autoregression, carried over to Beta(a, b)."""
    z = jax.random.normal(key, (size, 4, *event))
    step = lambda x, e: ((y := correlation * x + (1 - correlation**2) ** 0.5 * e), y)  # noqa: E731
    z = jax.lax.scan(step, z[0], z)[1].swapaxes(0, 1)
    x = scipy.stats.beta.ppf(scipy.stats.norm.cdf(np.asarray(z, float)), a, b)
    return Draws({"p": jnp.asarray(x, z.dtype)}, {"diverging": jnp.zeros(z.shape[:2], bool)})


def test_survival_function_agrees_with_scipy():
    x = jnp.asarray([0.01, 0.2, 0.5, 0.9, 0.999, 1.0, 1.5, 2.5, 4.0])
    np.testing.assert_allclose(kolmogorov_sf(x), scipy.stats.kstwobign.sf(np.asarray(x, float)), rtol=2e-5, atol=1e-7)


def test_gap_of_independent_draws_is_kolmogorovs(key):
    draws = Draws({"p": jax.random.uniform(key, (1, 500))}, {})
    ours = bayes.compare_exact(draws, (2.0, 2.0))
    theirs = scipy.stats.kstest(np.asarray(draws.samples["p"], float).ravel(), scipy.stats.beta(2, 2).cdf)
    assert float(ours.max_gap["p"]) == pytest.approx(theirs.statistic, abs=1e-5)
    assert float(ours.p_value["p"]) == pytest.approx(theirs.pvalue, rel=0.2)
    assert float(ours.effective_draws["p"]) == 500


@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.6])
def test_p_values_are_honest_about_correlation(correlation, key):
    """Under the null few p-values are small, where counting every draw would call most of them small."""
    draws = chains(key, 3.0, 2.0, correlation=correlation, event=(100,))
    comparison = bayes.compare_exact(draws, (3.0, 2.0))
    assert comparison.p_value["p"].shape == (100,)
    assert float((comparison.p_value["p"] < 0.05).mean()) < 0.13
    assert float(comparison.effective_draws["p"].max()) <= 2000


def test_a_wrong_posterior_is_seen(key):
    comparison = bayes.compare_exact(chains(key, 3.0, 2.0, correlation=0.5), (2.5, 2.0))
    assert float(comparison.p_value["p"]) < 1e-3


def test_rates_that_round_to_one_are_no_error(key):
    """Beta(.1, .1) in float32: one draw in twelve is exactly 1."""
    z = beta.sample_logit(key, 0.1, 0.1, shape=(1, 2000))
    p = jax.nn.sigmoid(z.astype(jnp.float32))
    assert float((p == 1).mean()) > 0.05
    assert float(bayes.compare_exact(Draws({"p": p}, {}), (0.1, 0.1)).p_value["p"]) > 1e-3
    assert float(bayes.compare_exact(Draws({"p": p, "logit_p": z}, {}), (0.1, 0.1)).p_value["p"]) > 1e-3


def test_all_forms_of_an_exact_posterior(key):
    draws = chains(key, 3.0, 2.0)
    plain = bayes.compare_exact(draws, (3.0, 2.0))
    forms = [
        bayes.conjugate.beta_binomial.BetaParams(jnp.asarray(3.0), jnp.asarray(2.0)),
        {"p": (3.0, 2.0)},
        {"p": (beta, (3.0, 2.0))},
        {"p": (beta.family, {"a": 3.0, "b": 2.0})},
        {"p": lambda x: beta.cdf(x, 3.0, 2.0)},
        {"p": (SimpleNamespace(cdf=beta.cdf), (3.0, 2.0))},
    ]
    for form in forms:
        assert float(bayes.compare_exact(draws, form).max_gap["p"]) == pytest.approx(
            float(plain.max_gap["p"]), abs=1e-6
        )


def test_an_unknown_site_is_refused(key):
    with pytest.raises(ValueError, match="`exact` must name sites of the draws, p; got rate"):
        bayes.compare_exact(chains(key, 3.0, 2.0), {"rate": (1.0, 1.0)})
