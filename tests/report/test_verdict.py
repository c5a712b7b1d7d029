"""Verdicts: clean chains pass, and each way of going wrong has its sentence."""

import sys

import jax
import jax.numpy as jnp
import pytest

from jprob import bayes, report
from jprob.bayes import Draws, models
from tests.bayes.cases import FULL

CHAINS, DRAWS = 4, 1000


def healthy(key, **changes):
    keys = jax.random.split(key)
    stats = {
        "diverging": jnp.zeros((CHAINS, DRAWS), bool),
        "energy": jax.random.normal(keys[0], (CHAINS, DRAWS)),
    }
    return Draws({"p": jax.random.uniform(keys[1], (CHAINS, DRAWS))}, {**stats, **changes})


def only_finding(draws, exact=None):
    verdict = report.verdict(draws, exact)
    assert not verdict.ok
    assert len(verdict.findings) == 1
    return verdict.findings[0]


def test_healthy_chains_pass(key):
    verdict = report.verdict(healthy(key), (1.0, 1.0))
    assert verdict.ok
    assert verdict.findings == ()
    assert set(verdict.worst) == {"r_hat", "ess_bulk", "ess_tail", "divergences", "e_bfmi", "max_gap", "p_value"}


def test_a_chain_apart_is_found(key):
    draws = healthy(key)
    apart = draws._replace(samples={"p": draws.samples["p"].at[0].add(0.3), "q": draws.samples["p"]})
    findings = report.verdict(apart).findings
    assert "R-hat of `p` is 1." in findings[0]


def test_r_hat_is_not_rounded(key, monkeypatch):
    monkeypatch.setattr(sys.modules["jprob.report.verdict"], "rhat", lambda x: jnp.asarray(1.0104))
    assert "R-hat of `p` is 1.0104" in only_finding(healthy(key))


def test_divergences_are_counted(key):
    diverging = jnp.zeros((CHAINS, DRAWS), bool).at[0, :3].set(True)
    assert "3 of 4000 transitions diverged" in only_finding(healthy(key, diverging=diverging))


def test_slow_energy_is_found(key):
    energy = jnp.cumsum(jax.random.normal(key, (CHAINS, DRAWS)), axis=1)
    assert "E-BFMI is 0.0" in only_finding(healthy(key, energy=energy))


def test_too_few_draws_are_found(key):
    draws = jax.tree.map(lambda x: x[:, :60], healthy(key))
    findings = report.verdict(draws).findings
    assert any("effective draws for the centre" in sentence for sentence in findings)
    assert any("effective draws for the tails" in sentence for sentence in findings)


def test_one_chain_is_found(key):
    findings = report.verdict(jax.tree.map(lambda x: x[:1], healthy(key))).findings
    assert findings[0] == "A single chain cannot show whether chains agree; run four."


def test_a_wrong_posterior_is_found(key):
    assert "are not from the exact posterior" in only_finding(healthy(key), (1.3, 1.0))


def test_nan_fails(key):
    draws = healthy(key)
    assert not report.verdict(draws._replace(samples={"p": draws.samples["p"].at[0, 0].set(jnp.nan)})).ok


@pytest.mark.parametrize("prior", [(0.1, 0.1), (1.0, 0.4)])
def test_a_small_prior_is_flagged_until_confirmed(prior, key):
    draws = bayes.nuts(key, models.coin_bias, 3, 10, prior=prior, **FULL)
    assert any("A Beta prior has the shape" in sentence for sentence in report.verdict(draws).findings)
    confirmed = report.verdict(draws, (prior[0] + 3, prior[1] + 7))
    assert not any("A Beta prior" in sentence for sentence in confirmed.findings)


def test_exact_draws_are_judged_by_the_exact_posterior_alone(key):
    draws = bayes.conjugate.beta_binomial.draws(key, (1.0, 1.0), 8, 10, num_samples=1000)
    assert report.verdict(draws, (9.0, 3.0)) == (True, (), report.verdict(draws, (9.0, 3.0)).worst)
    assert not report.verdict(draws, (13.0, 3.0)).ok
