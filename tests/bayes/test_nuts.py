"""The sampler as a function: compiled once, batched, reproducible, and strict at the door."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from jprob import bayes
from jprob.bayes import models
from tests.bayes.cases import FULL, LEAN


def line(x, y=None):
    """A user's model: regression with improper intercept, a plate, a factor and a deterministic site."""
    slope = numpyro.sample("slope", dist.Normal(0.0, 10.0))
    intercept = numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
    scale = numpyro.sample("scale", dist.HalfNormal(5.0))
    numpyro.factor("penalty", -0.0 * scale)
    mean = numpyro.deterministic("mean", intercept + slope * x)
    with numpyro.plate("points", x.shape[0]):
        numpyro.sample("y", dist.Normal(mean, scale), obs=y)


def compilations(call):
    """How many programs XLA compiles while ``call`` runs."""
    seen = []

    def listen(event, *_, **__):
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        jax.block_until_ready(call())
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return len(seen)


def same_bits(a, b):
    return all(bool((x == y).all()) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def test_new_data_of_the_same_shape_compile_nothing(key):
    assert compilations(lambda: jax.jit(lambda x: x + 1)(1)) > 0  # the counter counts
    jax.block_until_ready(bayes.nuts(key, models.coin_bias, 8, 10, **FULL))
    again = functools.partial(bayes.nuts, jax.random.key(7), models.coin_bias, np.int64(3), 11, prior=(2, 0.7), **FULL)
    assert compilations(again) == 0


def test_flips_of_other_lengths_compile_no_sampler(key):
    def run(n):
        return bayes.nuts(key, models.coin_bias, flips=np.ones(n), **LEAN)

    run(9)
    assert compilations(lambda: run(14)) == 0


def test_everything_is_returned_in_its_shape(key):
    draws = bayes.nuts(key, models.beta_bernoulli, [8, 3, 40, 0], [10, 12, 100, 7], prior=(1, 2), **FULL)
    names = "diverging num_steps tree_depth accept_prob step_size energy log_density"
    assert set(draws.stats) == set(names.split())
    assert all(value.shape == (4, 1000) for value in draws.stats.values())
    assert draws.samples["p"].shape == draws.samples["logit_p"].shape == (4, 1000, 4)
    assert draws.log_likelihood["successes"].shape == draws.posterior_predictive["successes"].shape == (4, 1000, 4)
    assert draws.log_prior["logit_p"].shape == (4, 1000, 4)
    assert draws.prior["p"].shape == draws.prior_predictive["successes"].shape == (1, 1000, 4)
    assert draws.observed_data["successes"].tolist() == [8, 3, 40, 0]
    assert draws.constant_data["trials"].tolist() == [10, 12, 100, 7]
    assert draws.constant_data["prior"].tolist() == [1, 2]
    total = draws.log_likelihood["successes"].sum(-1) + draws.log_prior["logit_p"].sum(-1)
    np.testing.assert_allclose(draws.stats["log_density"], total, atol=1e-3)
    depth, steps = np.asarray(draws.stats["tree_depth"]), np.asarray(draws.stats["num_steps"])
    assert ((2 ** (depth - 1) <= steps) & (steps < 2**depth)).all()
    assert len({float(size) for size in draws.stats["step_size"].ravel()}) == 4  # adapted once, in each chain


def test_chains_do_not_depend_on_their_number(key):
    two, four = (bayes.nuts(key, models.coin_bias, 8, 10, num_chains=n, **LEAN).samples["p"] for n in (2, 4))
    np.testing.assert_allclose(two, four[:2], rtol=1e-5)


def test_progress_changes_no_bit_and_shows_on_stderr(key, capfd):
    plain = bayes.nuts(key, models.coin_bias, 8, 10, **FULL)
    assert capfd.readouterr() == ("", "")
    shown = bayes.nuts(key, models.coin_bias, 8, 10, progress=True, **FULL)
    out, err = capfd.readouterr()
    assert same_bits(plain, shown)
    assert out == ""
    assert "step" in err


def test_an_interruption_keeps_what_was_drawn(key, monkeypatch):
    from jprob.bayes import sampler

    pieces = []
    wait = jax.block_until_ready

    def interrupted(run):
        pieces.append(1)
        if len(pieces) == stop:
            raise KeyboardInterrupt
        return wait(run)

    monkeypatch.setattr(sampler.jax, "block_until_ready", interrupted)
    stop = 21  # of forty pieces, of which the first fourteen warm up
    draws = bayes.nuts(key, models.coin_bias, 8, 10, progress=True, **FULL)
    kept = 20 * 38 - 500
    assert draws.samples["p"].shape == (4, kept) == draws.stats["energy"].shape
    monkeypatch.undo()
    whole = bayes.nuts(key, models.coin_bias, 8, 10, **FULL)
    np.testing.assert_array_equal(draws.samples["p"], whole.samples["p"][:, :kept])
    monkeypatch.setattr(sampler.jax, "block_until_ready", interrupted)
    pieces, stop = [], 5
    with pytest.raises(KeyboardInterrupt):
        bayes.nuts(key, models.coin_bias, 8, 10, progress=True, **FULL)


def test_batches_and_single_calls_are_exact(key):
    successes, trials = jnp.asarray([0.0, 3.0, 9.0]), jnp.asarray([4.0, 9.0, 9.0])
    keys = jax.random.split(key, 3)

    def posterior(key, successes, trials):
        return bayes.nuts(key, models.coin_bias, successes, trials, **LEAN)

    batch = jax.jit(jax.vmap(posterior))(keys, successes, trials)
    assert batch.samples["p"].shape == (3, 4, 1000)
    for i in range(3):
        one = posterior(keys[i], successes[i], trials[i])
        lane = jax.tree.map(lambda x: x[i], batch)  # noqa: B023 used at once
        for draws in (one, lane):
            assert (
                float(bayes.compare_exact(draws, (1 + successes[i], 1 + trials[i] - successes[i])).p_value["p"]) > 1e-3
            )


def test_a_users_model(key):
    x = jnp.linspace(-1, 1, 30)
    y = 2 * x + 1 + 0.1 * jax.random.normal(jax.random.key(1), (30,))
    draws = bayes.nuts(key, line, x, y=y, **FULL)
    assert float(draws.samples["slope"].mean()) == pytest.approx(2, abs=0.15)
    assert float(draws.samples["intercept"].mean()) == pytest.approx(1, abs=0.1)
    assert draws.samples["mean"].shape == (4, 1000, 30) == draws.log_likelihood["y"].shape
    assert set(draws.log_likelihood) == {"y"}  # a factor is no observation
    assert draws.prior is None  # the intercept has no proper prior
    assert set(draws.constant_data) == {"x"}


def test_structure_is_bound_and_options_are_static(key):
    def model(y, *, size, kind="normal", extra=None):
        assert extra is None
        with numpyro.plate("groups", size):
            mean = numpyro.sample("mean", (dist.Normal if kind == "normal" else dist.Cauchy)(0.0, 1.0))
        numpyro.sample("y", dist.Normal(mean, 1.0), obs=y)

    draws = bayes.nuts(key, functools.partial(model, size=2), np.zeros(2), kind="cauchy", **LEAN)
    assert draws.samples["mean"].shape == (4, 1000, 2)


def test_dense_mass_and_raw_keys():
    draws = bayes.nuts(jax.random.PRNGKey(3), models.beta_bernoulli, [8, 3], [10, 12], dense_mass=True, **LEAN)
    assert not draws.stats["diverging"].any()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_chains": 0}, "`num_chains` must be an integer of at least 1; got 0."),
        ({"num_samples": 0}, "`num_samples` must be an integer of at least 1; got 0."),
        ({"num_samples": 2.5}, "`num_samples` must be an integer of at least 1; got 2.5."),
        ({"num_warmup": 0}, "`num_warmup` must be an integer of at least 1; got 0."),
        ({"max_tree_depth": -1}, "`max_tree_depth` must be an integer of at least 1; got -1."),
        ({"target_accept": 1.0}, "`target_accept` must lie strictly between 0 and 1; got 1.0."),
    ],
)
def test_settings_out_of_range_are_refused(options, sentence, key):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        bayes.nuts(key, models.coin_bias, 8, 10, **options)


@pytest.mark.parametrize(
    "bad", [0, jnp.zeros(3), jax.random.split(jax.random.key(0), 2)], ids=["int", "floats", "keys"]
)
def test_what_is_no_key_is_refused(bad):
    with pytest.raises(ValueError, match="`key` must be one JAX random key"):
        bayes.nuts(bad, models.coin_bias, 8, 10)


def test_a_model_without_density_is_refused(key):
    def impossible(y):
        scale = numpyro.sample("scale", dist.HalfNormal(1.0))
        numpyro.sample("y", dist.Exponential(1.0 / scale), obs=y)

    with pytest.raises(ValueError, match="`model` must have a finite log density"):
        bayes.nuts(key, impossible, jnp.nan, **LEAN)


def test_a_discrete_latent_site_is_refused(key):
    with pytest.raises(ValueError, match="the discrete site 'flips'"):
        bayes.nuts(key, coin, **LEAN)


def coin():
    models.coin_bias()


def test_predictions_beyond_memory_are_refused(key):
    flips = np.ones(200_000)
    with pytest.raises(ValueError, match=r"`predictive` must be False where .* exceed 4 GiB; got \d+ GiB"):
        bayes.nuts(key, models.coin_bias, flips=flips, num_warmup=1, num_samples=10_000)


def test_arguments_that_are_neither_data_nor_hashable_are_refused(key):
    with pytest.raises(ValueError, match="`args` must be numbers, arrays or hashable; got bytearray"):
        bayes.nuts(key, line, bytearray(b"ab"))


def test_progress_inside_jit_is_refused(key):
    with pytest.raises(ValueError, match="`progress` must be False inside `jit` and `vmap`"):
        jax.jit(lambda k: bayes.nuts(k, models.coin_bias, 8, 10, progress=True, **LEAN))(key)
