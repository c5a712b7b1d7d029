"""Convergence diagnostics against ArviZ."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arviz_stats.base import array_stats

from jprob.bayes import diagnostics

ORACLES = {
    "rhat": array_stats.rhat,
    "ess": lambda x: array_stats.ess(x, method="mean"),
    "ess_bulk": lambda x: array_stats.ess(x, method="bulk"),
    "ess_tail": lambda x: array_stats.ess(x, method="tail", prob=0.05),
    "mcse_mean": array_stats.mcse,
    "mcse_sd": lambda x: array_stats.mcse(x, method="sd"),
}


def chains(correlation, size, *, ties=False):
    x = np.random.default_rng(int(100 * correlation) + 1000 + size).normal(size=(4, size))
    for t in range(1, size):
        x[:, t] += correlation * x[:, t - 1]
    x[0] += 0.3
    return (np.round(x, 1) if ties else x).astype(np.float32)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("size", [8, 301])
def test_agrees_with_arviz(name, size, x64):
    tolerance = 1e-6 if x64 else 2e-4
    diagnostic = jax.jit(getattr(diagnostics, name))
    for correlation in (-0.6, 0.0, 0.5, 0.95):
        for ties in (False, True):
            x = chains(correlation, size, ties=ties)
            x = x.astype(float) if x64 else x
            ours, theirs = float(diagnostic(x)), float(ORACLES[name](x))
            assert ours == pytest.approx(theirs, rel=tolerance), (correlation, ties)


@pytest.mark.parametrize("size", [8, 301])
def test_all_at_once_are_the_same(size):
    x = jnp.asarray(chains(0.5, size, ties=True))[..., None]
    found = diagnostics.diagnose(x)
    for name, value in found._asdict().items():
        np.testing.assert_allclose(value, getattr(diagnostics, name)(x), rtol=1e-5, err_msg=name)


def test_energy_fraction_agrees_with_arviz():
    energy = chains(0.7, 301)
    np.testing.assert_allclose(diagnostics.ebfmi(energy), array_stats.bfmi(energy.astype(float)), rtol=1e-4)


@pytest.mark.parametrize("name", ORACLES)
def test_elements_and_lanes_are_judged_alone(name):
    diagnostic = jax.jit(getattr(diagnostics, name))
    x = jnp.stack([jnp.asarray(chains(c, 301)) for c in (0.0, 0.5, 0.9)], axis=-1)
    alone = jnp.stack([diagnostic(x[..., i]) for i in range(3)])
    np.testing.assert_allclose(diagnostic(x), alone, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(diagnostic, in_axes=-1)(x), alone, rtol=1e-5)


def test_what_cannot_be_judged_is_nan():
    assert jnp.isnan(diagnostics.rhat(jnp.ones((1, 100))))  # one chain
    assert jnp.isnan(diagnostics.ess(jnp.ones((4, 3))))  # too short to split
    assert all(jnp.isnan(value) for value in diagnostics.diagnose(jnp.ones((4, 3))))
    assert jnp.isnan(diagnostics.ess_bulk(jnp.asarray(chains(0.0, 301)).at[0, 0].set(jnp.nan)))
    with pytest.raises(ValueError, match=r"`draws` must have shape \(chains, draws, ...\); got \(5,\)"):
        diagnostics.rhat(jnp.ones(5))


def test_constant_draws_are_all_effective():
    found = diagnostics.diagnose(jnp.ones((4, 100)))
    assert float(diagnostics.ess(jnp.ones((4, 100)))) == 400 == float(found.ess_bulk)
    assert float(found.mcse_mean) == 0.0 == float(found.mcse_sd)
