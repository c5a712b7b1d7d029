"""The loop that minimises: where it ends, and that it says why."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jprob import estimate
from jprob.estimate import STATUS
from jprob.estimate.newton import eigen
from tests.grids import DTYPE, X64

TOLERANCE = 1e-9 if X64 else 1e-5


def rosenbrock(p):
    return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2


def status(found):
    return STATUS[int(found.status)]


@pytest.mark.parametrize("optimizer", [None, estimate.newton()], ids=["lbfgs", "newton"])
def test_a_valley_and_a_batch_of_them(optimizer):
    starts = {"x": np.array([-1.2, 0.0, 3.0], DTYPE), "y": np.array([1.0, 0.0, -2.0], DTYPE)}
    found = jax.jit(jax.vmap(lambda p: estimate.minimise(rosenbrock, p, optimizer=optimizer, max_steps=200)))(starts)
    assert found.converged.all()
    assert (np.asarray(found.grad_norm) <= TOLERANCE).all()
    np.testing.assert_allclose(found.params["x"], 1.0, rtol=1e-4 if not X64 else 1e-8)
    assert found.params["x"].dtype == DTYPE


def test_any_optax_optimiser_and_its_trace():
    found = estimate.minimise(
        lambda u: jnp.sum((u - 2.0) ** 2), np.zeros(2, DTYPE), optimizer=optax.sgd(0.25), max_steps=60, trace=True
    )
    assert status(found) == "converged"
    np.testing.assert_allclose(found.params, 2.0, rtol=1e-5)
    trace = np.asarray(found.trace)
    assert trace.shape == (61,)
    steps = int(found.num_steps)
    np.testing.assert_allclose(trace[: steps + 1], 8.0 * 0.25 ** np.arange(steps + 1), rtol=1e-3, atol=1e-10)
    assert np.isnan(trace[steps + 1 :]).all()


def test_newton_leaves_a_saddle_and_takes_back_a_step_uphill():
    saddle = lambda p: p[0] ** 2 - p[1] ** 2 + 0.25 * p[1] ** 4  # noqa: E731
    found = estimate.minimise(saddle, jnp.asarray([1.0, 0.1]), optimizer=estimate.newton())
    assert status(found) == "converged"
    np.testing.assert_allclose(np.abs(np.asarray(found.params)), [0.0, 2**0.5], atol=1e-4)
    # pure Newton leaves log cosh for ever from here
    far = estimate.minimise(lambda u: jnp.log(jnp.cosh(u)), 2.0, optimizer=estimate.newton())
    assert status(far) == "converged"
    assert abs(float(far.params)) < 1e-3


@pytest.mark.parametrize("optimizer", [None, estimate.newton()], ids=["lbfgs", "newton"])
def test_a_start_off_the_support_is_not_convergence(optimizer):
    """Its loss is infinite and its gradient exactly zero."""
    loss = lambda u: jnp.where(u > 0, u - jnp.log(jnp.where(u > 0, u, 1.0)), jnp.inf)  # noqa: E731
    found = estimate.minimise(loss, -1.0, optimizer=optimizer)
    assert float(found.grad_norm) == 0.0
    assert status(found) == "non_finite"
    assert not bool(found.converged)
    assert int(found.num_steps) == 0


def test_a_bad_lane_leaves_its_neighbours():
    loss = lambda u: jnp.where(u > 0, u - jnp.log(jnp.where(u > 0, u, 1.0)), jnp.nan)  # noqa: E731
    found = jax.vmap(lambda u: estimate.minimise(loss, u, optimizer=estimate.newton()))(jnp.asarray([0.5, -1.0, 3.0]))
    assert found.converged.tolist() == [True, False, True]
    np.testing.assert_allclose(found.params[np.array([0, 2])], 1.0, rtol=1e-4)


def test_the_other_endings():
    steep = estimate.minimise(lambda u: u**2, 3.0, optimizer=optax.sgd(0.01), max_steps=3)
    assert status(steep) == "max_steps"
    assert int(steep.num_steps) == 3
    none = estimate.minimise(lambda u: u**2, 3.0, max_steps=0)
    assert (status(none), int(none.num_steps), float(none.loss)) == ("max_steps", 0, 9.0)
    assert status(estimate.minimise(lambda u: u**2, 0.0, max_steps=0)) == "converged"
    climbing = estimate.minimise(lambda u: u**2, 1.0, optimizer=optax.sgd(-0.1), patience=5)
    assert status(climbing) == "no_decrease"
    assert float(climbing.params) == 1.0  # the best point seen
    falling = estimate.minimise(lambda u: -jnp.exp(u), 1.0, optimizer=optax.sgd(1.0), patience=5)
    assert status(falling) == "non_finite"
    assert np.isfinite(float(falling.loss))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": -1e-3}, "`tolerance` must not be negative; got -0.001"),
        ({"tolerance": np.nan}, "`tolerance` must not be negative; got nan"),
        ({"max_steps": -1}, "`max_steps` must be a whole number of at least 0; got -1"),
        ({"patience": 0}, "`patience` must be a whole number of at least 1; got 0"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        estimate.minimise(lambda u: u**2, 1.0, **options)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_eigenvalues_of_small_matrices(size):
    rng = np.random.default_rng(size)
    some = rng.normal(size=(50, size, size))
    some = np.concatenate([some + np.swapaxes(some, 1, 2), np.zeros((1, size, size)), np.eye(size)[None]]).astype(DTYPE)
    sizes, axes = jax.vmap(eigen)(some)
    np.testing.assert_allclose(sizes, np.linalg.eigvalsh(some), atol=50 * np.finfo(DTYPE).eps)
    back = np.einsum("bij,bj,bkj->bik", axes, sizes, axes)
    np.testing.assert_allclose(back, some, atol=50 * np.finfo(DTYPE).eps)
