"""Wald's test: its bounds, its exact operating characteristics, his approximations and simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes import hypotheses as h

NULL, ALTERNATIVE = 0.5, 0.7
BOUNDS = h.wald_bounds(0.05, 0.1)
MOST = 400


@pytest.fixture(scope="module")
def exact():
    return h.coin_characteristics([0.5, 0.6, 0.7], NULL, ALTERNATIVE, BOUNDS, max_observations=MOST)


def test_probabilities_sum_to_one(exact):
    total = exact.prob_alternative + exact.prob_null + exact.prob_undecided
    np.testing.assert_allclose(total, 1.0, atol=1e-5)
    assert (np.asarray(exact.prob_undecided) < 1e-4).all()


def test_error_rates_are_kept(exact):
    """Their sum is below the sum that was asked for, and neither is far above its own."""
    false_alarm, miss = float(exact.prob_alternative[0]), float(exact.prob_null[2])
    assert false_alarm + miss <= 0.15
    assert false_alarm <= 0.05 / 0.9
    assert miss <= 0.1 / 0.95


def test_walds_approximation_errs_by_less_than_an_increment(exact):
    increments = h.coin_increments(NULL, ALTERNATIVE)
    p = np.array([0.5, 0.6, 0.7])
    about = h.wald_characteristics(increments, np.stack([1 - p, p], -1), BOUNDS)
    np.testing.assert_allclose(about.prob_alternative[0], 0.05, rtol=1e-3)
    np.testing.assert_allclose(about.prob_null[2], 0.1, rtol=1e-3)
    # true rates are smaller by the overshoot, at most exp(largest increment); tests are longer by it over the drift
    z = np.asarray(jnp.stack(increments), float)
    assert float(exact.prob_alternative[0]) <= 0.05
    assert float(exact.prob_alternative[0]) >= 0.05 * np.exp(-z[1])
    drift = (1 - p) * z[0] + p * z[1]
    gap = np.asarray(exact.expected_observations - about.expected_observations, float)
    assert (gap[[0, 2]] > 0).all()
    assert (gap[[0, 2]] * np.abs(drift[[0, 2]]) < np.abs(z).max()).all()


def test_where_nothing_drifts_the_walk_is_fair():
    found = h.wald_characteristics([-1.0, 1.0], [0.5, 0.5], (-3.0, 6.0))
    assert float(found.prob_alternative) == pytest.approx(1 / 3, rel=1e-5)
    assert float(found.expected_observations) == pytest.approx(18.0, rel=1e-5)


def test_the_gambler_is_ruined_exactly():
    """Bounds on the lattice of the walk: no overshoot, and Wald is exact."""
    up = np.log(0.6 / 0.4)
    bounds = (-3 * up, 5 * up)
    found = h.coin_characteristics(0.55, 0.4, 0.6, bounds, max_observations=2000)
    r = 0.45 / 0.55
    ruin = (1 - r**3) / (1 - r**8)
    assert float(found.prob_alternative) == pytest.approx(ruin, rel=1e-4)
    assert float(found.expected_observations) == pytest.approx((8 * ruin - 3) / 0.1, rel=1e-3)
    about = h.wald_characteristics([-up, up], [0.45, 0.55], bounds)
    assert float(about.prob_alternative) == pytest.approx(ruin, rel=1e-4)


def test_simulation_agrees_with_the_exact_law(exact, key):
    down, up = h.coin_increments(NULL, ALTERNATIVE)
    heads = jax.random.uniform(key, (4000, MOST)) < 0.6
    found = h.sprt(jnp.where(heads, up, down), BOUNDS)
    share = float(np.mean(np.asarray(found.decision) == 1))
    p = float(exact.prob_alternative[1])
    assert abs(share - p) < 5 * (p * (1 - p) / 4000) ** 0.5
    n = np.asarray(found.num_observations, float)
    assert abs(n.mean() - float(exact.expected_observations[1])) < 5 * n.std() / 4000**0.5


def test_a_run_stops_where_it_should():
    found = h.sprt([[1.0, 1.0, -9.0], [-1.0, -1.0, 9.0], [0.5, -0.5, 0.5]], (-2.0, 1.5))
    assert np.asarray(found.decision).tolist() == [1, 0, -1]
    assert np.asarray(found.num_observations).tolist() == [2, 2, 3]
    assert np.asarray(found.log_ratio).tolist() == [2.0, -2.0, 0.5]


def test_posterior_odds_stop_when_a_hypothesis_is_probable_enough():
    down, up = (float(z) for z in h.coin_increments(NULL, ALTERNATIVE))
    rng = np.random.default_rng(3)
    heads = rng.uniform(size=200) < 0.7
    found = h.sprt(np.where(heads, up, down), h.odds_bounds(0.2, 0.95))
    each = np.log(np.where(heads[:, None], [NULL, ALTERNATIVE], [1 - NULL, 1 - ALTERNATIVE]))
    probs = np.asarray(h.path(np.log([0.8, 0.2]), each).probs, float)
    first = int(np.argmax(probs.max(-1) >= 0.95 - 1e-6))
    assert int(found.num_observations) == first + 1
    assert int(found.decision) == int(probs[first].argmax())


def test_it_batches_and_jits():
    found = jax.jit(h.sprt)(jnp.ones((2, 5)), h.Bounds(jnp.asarray([-1.0, -1.0]), jnp.asarray([1.5, 50.0])))
    assert np.asarray(found.decision).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: h.wald_bounds(0.0, 0.1), "`false_alarm` must lie strictly between 0 and 1; got 0."),
        (lambda: h.wald_bounds(0.6, 0.5), "`false_alarm` and `miss` must sum to less than 1; got 1.1."),
        (lambda: h.odds_bounds(0.9, 0.8), "`threshold` must lie above both prior probabilities and below 1; got 0.8."),
        (lambda: h.sprt([1.0], (1.0, 2.0)), "`bounds` must have a negative lower one; got 1."),
        (lambda: h.sprt(np.ones((3, 0)), BOUNDS), "`log_ratios` must have an axis of observations; got shape (3, 0)."),
        (lambda: h.wald_characteristics([1.0, 2.0], [0.5, 0.5], BOUNDS), "`increments` must be of both signs"),
        (lambda: h.coin_increments(0.5, 1.0), "`alternative` must lie strictly between 0 and 1; got 1."),
        (
            lambda: h.coin_characteristics(1.5, 0.5, 0.7, BOUNDS, max_observations=10),
            "`p` must lie in [0, 1]; got 1.5.",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
        call()
    assert message in str(refused.value)
