"""The beta-binomial pair: a monoid of counts, an exact posterior, and the numbers that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes.conjugate import beta_binomial as pair
from jprob.density import beta, beta_binomial
from tests import oracles
from tests.grids import X64

RELATIVE = 1e-10 if X64 else 1e-5


def test_stream_is_batch_is_merge_of_shards_in_any_order():
    flips = np.random.default_rng(0).integers(0, 2, 60)
    whole = pair.counts(flips)
    shards = [pair.counts(part) for part in np.split(flips, 6)]
    assert [float(c) for c in pair.merge(*shards)] == [float(c) for c in whole]
    assert [float(c) for c in pair.merge(*shards[::-1])] == [float(c) for c in whole]
    one_by_one = (2.0, 3.0)
    for flip in flips[:7]:
        one_by_one = pair.update(one_by_one, flip, 1)
    batch = pair.update((2.0, 3.0), *pair.counts(flips[:7]))
    assert [float(p) for p in one_by_one] == [float(p) for p in batch]
    assert [float(c) for c in pair.merge()] == [0.0, 0.0]


def test_masked_flips_do_not_count():
    assert [float(c) for c in pair.counts([1, 1, 0, 1], [True, False, True, True])] == [2.0, 3.0]
    assert [float(c) for c in pair.counts(np.ones((0,)))] == [0.0, 0.0]


def test_the_coin_of_the_chapter():
    posterior = pair.update((2.0, 2.0), 8, 10)
    assert [float(p) for p in posterior] == [10.0, 4.0]
    assert float(beta.mean(*posterior)) == pytest.approx(5 / 7, rel=1e-6)
    np.testing.assert_allclose(pair.interval(posterior), [0.46187, 0.90908], atol=5e-6)
    assert float(pair.log_evidence((2.0, 2.0), 8, 10)) == pytest.approx(-2.36015, abs=6e-6)
    # MAP of 14 of 20 under the same prior is 15/22, posterior mean 16/24
    more = pair.update((2.0, 2.0), 14, 20)
    assert float(beta.mode(*more)) == pytest.approx(15 / 22, rel=1e-6)
    assert float(beta.mean(*more)) == pytest.approx(2 / 3, rel=1e-6)


def test_the_vaccine_trial():
    """Polack et al. (2020): share of cases in the vaccine arm, and the efficacy that it implies."""
    posterior = pair.update((0.700102, 1.0), 8, 170)
    share = np.asarray(pair.interval(posterior), float)
    ratio = 2.214 / 2.222  # person-time, vaccine over placebo
    efficacy = 1 - share / (1 - share) / ratio
    np.testing.assert_allclose(efficacy[::-1], [0.90317, 0.97617], atol=1e-5)


def test_evidence_is_the_chain_of_predictions():
    flips, posterior, total = [1, 0, 1, 1, 0], (0.7, 1.9), 0.0
    for flip in flips:
        total += float(beta_binomial.logpmf(flip, *pair.predictive(posterior)))
        posterior = pair.update(posterior, flip, 1)
    sequences = float(oracles.mp.binomial(5, 3))
    assert float(pair.log_evidence((0.7, 1.9), 3, 5)) == pytest.approx(total + np.log(sequences), rel=10 * RELATIVE)


def test_predictions_sum_to_one_and_widen_the_binomial():
    posterior = pair.update((1.0, 1.0), 3, 10)
    ahead = pair.predictive(posterior, 20)
    k = np.arange(21.0)
    mass = np.asarray(beta_binomial.pmf(k, *ahead), float)
    assert mass.sum() == pytest.approx(1.0, abs=1e-5)
    assert mass @ k == pytest.approx(float(beta_binomial.mean(*ahead)), rel=1e-4)
    spread = mass @ (k - mass @ k) ** 2
    assert spread == pytest.approx(float(beta_binomial.variance(*ahead)), rel=1e-4)
    p = float(beta.mean(*posterior))
    assert spread > 20 * p * (1 - p)


def test_bayes_factor_against_a_point():
    assert float(pair.log_bayes_factor((1.0, 1.0), 10, 10)) == pytest.approx(np.log(2**10 / 11), rel=1e-5)
    # vaguer priors favour the point
    vague = [float(pair.log_bayes_factor((s, s), 55, 100)) for s in (10.0, 1.0, 0.1)]
    assert vague == sorted(vague, reverse=True)


def test_intervals_hold_their_mass_and_hdi_is_no_longer():
    posterior = pair.BetaParams(jnp.asarray([10.0, 1.0, 3.0, 0.5]), jnp.asarray([4.0, 11.0, 300.0, 0.5]))
    for level in (0.5, 0.95):
        for ends in (pair.interval(posterior, level), pair.hdi(posterior, level)):
            assert ends.shape == (4, 2)
            inside = beta.cdf(ends[:, 1], *posterior) - beta.cdf(ends[:, 0], *posterior)
            np.testing.assert_allclose(inside, level, rtol=1e-4)
        widths = [
            np.diff(np.asarray(ends, float)).ravel()
            for ends in (pair.hdi(posterior, level), pair.interval(posterior, level))
        ]
        assert (widths[0] <= widths[1] * (1 + 1e-6)).all()


def test_exact_draws_follow_the_posterior(key):
    drawn = pair.draws(key, (2.0, 2.0), 8, 10, num_samples=20_000)
    assert drawn.stats == {}
    assert drawn.samples["p"].shape == (1, 20_000)
    p = np.sort(np.asarray(drawn.samples["p"]).ravel())
    gap = np.abs(np.arange(1, 20_001) / 20_000 - np.asarray(beta.cdf(p, 10.0, 4.0))).max()
    assert gap < np.sqrt(np.log(2 / 2e-6) / (2 * 20_000))
    replicated = np.asarray(drawn.posterior_predictive["successes"]).ravel()
    expected = 10 * 5 / 7
    sd = float(beta_binomial.variance(10, 10.0, 4.0)) ** 0.5
    assert abs(replicated.mean() - expected) < 5 * sd / 20_000**0.5


def test_it_jits_vmaps_and_differentiates():
    k, n = jnp.asarray([3.0, 8.0]), jnp.asarray([10.0, 10.0])
    a, b = jax.jit(jax.vmap(lambda k, n: pair.update((1.0, 1.0), k, n)))(k, n)
    assert a.tolist() == [4.0, 9.0]
    assert b.tolist() == [8.0, 3.0]
    slope = jax.grad(lambda a: pair.log_evidence((a, 2.0), 8, 10))(2.0)
    steps = [float(pair.log_evidence((2.0 + h, 2.0), 8, 10)) for h in (-1e-2, 1e-2)]
    assert float(slope) == pytest.approx((steps[1] - steps[0]) / 2e-2, rel=1e-3)


def test_traced_lanes_that_cannot_be_are_nan_and_leave_the_others_alone():
    k, n = jnp.asarray([3.0, 11.0, -1.0]), jnp.asarray([10.0, 10.0, 10.0])
    a, _ = jax.jit(lambda k, n: pair.update((1.0, 1.0), k, n))(k, n)
    assert np.isnan(np.asarray(a)).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("prior", "successes", "trials", "match"),
    [
        ((1.0, 1.0), 11, 9, "`trials` must not be smaller than `successes`; got 9 < 11"),
        ((1.0, 1.0), -1, 9, "`successes` must be whole"),
        ((1.0, 1.0), 1.5, 9, "`successes` must be whole"),
        ((1.0, 1.0), 1, np.nan, "`trials` must be whole"),
        ((0.0, 1.0), 1, 2, "`prior` must be positive"),
        ((1.0, np.nan), 1, 2, "`prior` must be positive"),
        ((1.0,), 1, 2, "`prior` must be a pair"),
    ],
)
def test_bad_input_is_one_sentence(prior, successes, trials, match):
    with pytest.raises(ValueError, match=match):
        pair.update(prior, successes, trials)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, np.nan])
def test_levels_lie_between_zero_and_one(level):
    with pytest.raises(ValueError, match="`level` must lie strictly between 0 and 1"):
        pair.interval((1.0, 1.0), level)
    with pytest.raises(ValueError, match="`level` must lie strictly between 0 and 1"):
        pair.hdi((1.0, 1.0), level)


def test_counts_beyond_32_bits_are_exact():
    n = np.int64(3_000_000_000)
    a, b = pair.update((1.0, 1.0), n, n)
    assert float(a) == float(np.asarray(3_000_000_001, np.asarray(a).dtype))
    assert float(b) == 1.0
