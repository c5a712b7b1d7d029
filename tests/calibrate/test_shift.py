"""Priors that moved, and losses that move probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jprob import calibrate
from jprob.calibrate import prior_shift
from tests.calibrate.rows import sigmoid, softmax
from tests.grids import DTYPE, X64

CENTRES = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])
EVEN = np.full(3, 1 / 3)
SIZE = 2000


def deployed(seed, prior, size=SIZE):
    """Calibrated probabilities under even priors, of rows that come by another one."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, p=prior, size=size)
    x = rng.normal(size=(size, 2)) + CENTRES[y]
    return softmax(-0.5 * ((x[:, None] - CENTRES) ** 2).sum(-1)).astype(DTYPE), y


def test_adjusting_is_bayes():
    p, y = deployed(0, [0.8, 0.15, 0.05])
    q = np.asarray(prior_shift.adjust(np.log(p), EVEN.astype(DTYPE), np.array([0.8, 0.15, 0.05], DTYPE)))
    expected = p * np.array([0.8, 0.15, 0.05])
    np.testing.assert_allclose(q, expected / expected.sum(1, keepdims=True), atol=1e-6)
    assert calibrate.log_loss(q, y) < calibrate.log_loss(p, y)
    assert calibrate.ece(q, y) < calibrate.ece(p, y)
    z = np.array([-1.0, 0.0, 2.0], DTYPE)
    two = prior_shift.adjust(np.stack([0 * z, z], -1), np.array([0.5, 0.5], DTYPE), np.array([0.9, 0.1], DTYPE))[:, 1]
    np.testing.assert_allclose(prior_shift.adjust(z, 0.5, 0.1), two, atol=1e-6)
    np.testing.assert_allclose(prior_shift.adjust(z, 0.3, 0.3), sigmoid(z), atol=1e-6)


def test_em_is_the_fixed_point_and_finds_the_prior():
    prior = np.array([0.7, 0.2, 0.1])
    p, y = deployed(1, prior)
    found = prior_shift.em(p, EVEN.astype(DTYPE), level=0.9999)
    assert bool(found.converged)
    assert not bool(found.at_boundary)
    q = np.asarray(prior_shift.adjust(np.log(p), EVEN.astype(DTYPE), found.prior))
    np.testing.assert_allclose(q.mean(0), found.prior, atol=1e-8 if X64 else 1e-5)
    assert ((found.interval[:, 0] < prior) & (prior < found.interval[:, 1])).all()
    assert (abs(np.asarray(found.prior) - np.bincount(y) / SIZE) < 0.03).all()


def test_intervals_of_the_prior_hold_it(key):
    prior = np.array([0.7, 0.2, 0.1])
    labelled, labels = deployed(99, EVEN)
    num = 150

    @jax.jit
    def both(keys, batches):
        em = jax.vmap(lambda p: prior_shift.em(p, EVEN.astype(DTYPE)).interval)(batches)
        counted = jax.vmap(lambda k, p: prior_shift.bbse(k, labelled, labels, p, num_simulations=199).interval)
        return em, counted(keys, batches)

    batches = np.stack([deployed(seed, prior, 400)[0] for seed in range(num)])
    em, counted = (np.asarray(v) for v in both(jax.random.split(key, num), batches))
    for ends in (em, counted):
        held = ((ends[..., 0] <= prior) & (prior <= ends[..., 1])).mean(0)
        assert (abs(held - 0.95) < 5 * (0.05 * 0.95 / num) ** 0.5).all()


def test_binary_shift_and_boundary(key):
    assert float(prior_shift.em([1.0] * 9 + [0.0], 0.5).prior) == pytest.approx(0.9, abs=1e-5)
    rng = np.random.default_rng(3)
    z = rng.normal(size=SIZE) + 2.0 * (rng.uniform(size=SIZE) < 0.1) - 1.0
    found = prior_shift.em(sigmoid(2 * z).astype(DTYPE), 0.5, level=0.9999)
    assert found.interval[0] < 0.1 < found.interval[1]
    assert bool(prior_shift.em(np.full(50, 0.01, DTYPE), 0.5).at_boundary)  # none of label 1 explains them best
    with pytest.raises(ValueError, match="`labels` must hold each class"):
        prior_shift.bbse(key, [0.2, 0.8], [0, 0], [0.5])
    with pytest.raises(ValueError, match="`deployed` must have the classes"):
        prior_shift.bbse(key, [0.2, 0.8], [0, 1], [[0.5, 0.5]])


@pytest.mark.parametrize("prior", [[0.5, 0.6, 0.2], [1.0, 0.0, 0.0], [0.5, 0.5]])
def test_priors_that_are_none(prior):
    with pytest.raises(ValueError, match="`train_prior` must"):
        prior_shift.em(deployed(0, EVEN, 10)[0], prior)


def test_losses_train_with_optax_and_can_be_undone():
    """One set of logits, rows of three classes at .6, .3 and .1: each loss ends where it says."""
    truth = np.array([0.6, 0.3, 0.1])
    labels, weights = jnp.arange(3), jnp.asarray(truth, DTYPE)
    costs = jnp.asarray([1.0, 3.0, 2.0], DTYPE)

    def trained(loss):
        step = optax.adam(0.1)

        def advance(state, _):
            z, opt = state
            updates, opt = step.update(jax.grad(lambda z: jnp.sum(weights * loss(jnp.stack([z] * 3), labels)))(z), opt)
            return (optax.apply_updates(z, updates), opt), None

        start = jnp.zeros(3, DTYPE)
        return jax.nn.softmax(jax.lax.scan(advance, (start, step.init(start)), None, length=600)[0][0])

    focal = trained(calibrate.focal_loss)
    assert float(focal.max()) < 0.6  # underconfident
    np.testing.assert_allclose(calibrate.undo_focal(focal), truth, atol=1e-3)
    weighted = trained(lambda z, y: calibrate.class_weighted_loss(z, y, costs))
    np.testing.assert_allclose(calibrate.undo_class_weights(weighted, costs), truth, atol=1e-3)


def test_focal_loss_at_its_ends():
    z = np.array([[0.3, -1.0, 2.0]], DTYPE)
    plain = -np.log(softmax(z)[0, 2])
    np.testing.assert_allclose(calibrate.focal_loss(z, [2], gamma=0.0), [plain], rtol=1e-5)
    np.testing.assert_allclose(calibrate.focal_loss(z, [2]), [(1 - np.exp(-plain)) ** 2 * plain], rtol=1e-5)
    sure = np.array([[200.0, 0.0]], DTYPE)
    assert np.isfinite(jax.grad(lambda z: calibrate.focal_loss(z, jnp.array([0]))[0])(sure)).all()
    np.testing.assert_allclose(calibrate.undo_focal([1.0, 0.0]), [1.0, 0.0], atol=1e-6)
