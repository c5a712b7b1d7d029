"""Actions, losses and the worth of information: by hand, and as laws."""

import jax.numpy as jnp
import numpy as np
import pytest

from jprob.bayes import hypotheses as h
from jprob.density import binomial
from tests.grids import DTYPE

LOSS = np.array([[0.0, 1.0, 5.0], [8.0, 2.0, 0.0]], DTYPE)


def test_the_best_action_and_its_price():
    found = h.bayes_action([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]], LOSS)
    assert np.asarray(found.action).tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.expected_loss, [0.8, 1.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(found.expected_losses[1], [4.0, 1.5, 2.5], rtol=1e-6)


def test_information_is_worth_nothing_to_everything():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(4), 50).astype(DTYPE)
    loss = rng.normal(size=(4, 3)).astype(DTYPE)
    perfect = np.asarray(h.value_of_perfect_information(probs, loss), float)
    want = h.bayes_action(probs, loss).expected_loss - probs @ loss.min(-1)
    np.testing.assert_allclose(perfect, want, atol=2e-6)
    silent, telling = np.ones((4, 1), DTYPE), np.eye(4, dtype=DTYPE)
    some = rng.dirichlet(np.ones(6), 4).astype(DTYPE)
    worth = [np.asarray(h.value_of_sample_information(probs, tell, loss), float) for tell in (silent, some, telling)]
    np.testing.assert_allclose(worth[0], 0.0, atol=2e-6)
    np.testing.assert_allclose(worth[2], perfect, atol=2e-6)
    assert (worth[1] >= -1e-6).all()
    assert (worth[1] <= perfect + 2e-6).all()
    assert perfect.max() > 0.05


def test_more_flips_are_worth_more():
    """Which of two coins is it? One flip after the other is worth less and less, up to what certainty is."""
    biases, prior = jnp.asarray([0.5, 0.7]), [0.8, 0.2]
    loss = [[0.0, 1.0], [4.0, 0.0]]
    worth = [
        float(h.value_of_sample_information(prior, binomial.pmf(jnp.arange(n + 1.0), n, biases[:, None]), loss))
        for n in (0, 5, 20, 200)
    ]
    assert worth == sorted(worth)
    assert worth[-1] == pytest.approx(float(h.value_of_perfect_information(prior, loss)), rel=1e-2)


def test_what_cannot_happen_costs_nothing():
    found = h.bayes_action([1.0, 0.0], [[1.0, 2.0], [np.inf, 0.0]])
    assert float(found.expected_loss) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: h.bayes_action([0.5, 0.6], LOSS), "`probs` must sum to one over the hypotheses; got 1.1."),
        (lambda: h.bayes_action([0.5, -0.5], LOSS), "`probs` must be probabilities of at least 0; got -0.5."),
        (lambda: h.bayes_action([0.5, 0.25, 0.25], LOSS), "`loss` must have shape (..., 3, actions); got (2, 3)."),
        (lambda: h.bayes_action([0.5, 0.5], LOSS * np.nan), "`loss` must have no missing values; got nan"),
        (
            lambda: h.value_of_sample_information([0.5, 0.5], [[0.5, 0.6], [0.5, 0.5]], LOSS),
            "`likelihood` must sum to one over the outcomes; got 1.1.",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=r"^[^\n]*\.$") as refused:
        call()
    assert message in str(refused.value)
