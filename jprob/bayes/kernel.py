"""NumPyro's NUTS as pure functions of one chain: begin, step.

``numpyro.infer.MCMC`` traces and compiles on every run. Its kernel alone is a function from state to state, and stands
inside ``jit``, ``vmap`` and ``scan`` like any other; this file is all that touches it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from numpyro import handlers
from numpyro.infer import init_to_uniform
from numpyro.infer.hmc import HMCState, hmc
from numpyro.infer.util import initialize_model

__all__ = ["Chain", "HMCState", "Settings", "begin", "potential", "side_by_side", "stats", "visible"]

Model = Callable[..., Any]


class Settings(NamedTuple):
    """What a compiled sampler is specialised to, beside the model and the shapes of its data."""

    num_warmup: int
    num_samples: int
    num_chains: int
    target_accept: float
    max_tree_depth: int
    dense_mass: bool
    predictive: bool


class Chain(NamedTuple):
    """One chain at its start, and how it moves.

    Attributes:
        state: starting state, its parameters unconstrained.
        step: one transition, adapting itself while ``state.i`` is below the number of warm-up steps.
    """

    state: HMCState
    step: Callable[[HMCState], HMCState]


def begin(key: Array, model: Model, args: tuple, kwargs: dict, settings: Settings) -> Chain:
    """A chain at a random point of finite density; a hundred tries are made, after which its density is not finite."""
    init_key, chain_key = jax.random.split(key)
    start, potential_fn = potential(init_key, model, args, kwargs)
    init, step = hmc(potential_fn, algo="NUTS")
    state = init(
        start,
        settings.num_warmup,
        dense_mass=[tuple(sorted(start.z))] if settings.dense_mass else [],  # pyright: ignore[reportArgumentType]
        target_accept_prob=settings.target_accept,
        max_tree_depth=settings.max_tree_depth,
        rng_key=chain_key,
    )
    return Chain(state, step)


def potential(key: Array, model: Model, args: tuple, kwargs: dict) -> tuple[Any, Callable[[Any], Array]]:
    """A random point of finite density, its ``z`` unconstrained, and minus the log density there, Jacobian included."""
    _refuse_discrete(model, args, kwargs)
    start, potential_fn, _, _ = initialize_model(key, model, model_args=args, model_kwargs=kwargs)
    return start, potential_fn


def side_by_side(state: HMCState) -> HMCState:
    """For each leaf of a state whether chains differ in it, as axes for ``vmap``.

    All chains are at the same iteration. Where ``vmap`` is told so, a branch on the iteration stays a branch, and the
    adaptation costs nothing once it is over.
    """
    axes = jax.tree.map(lambda _: 0, state)
    return axes._replace(i=None, adapt_state=axes.adapt_state._replace(window_idx=None))


def visible(state: HMCState) -> HMCState:
    """What a draw keeps of a state; the step size stands in for the adaptation."""
    step_size = state.adapt_state.step_size
    return state._replace(
        i=None, z_grad=None, rng_key=None, trajectory_length=None, mean_accept_prob=None, adapt_state=step_size
    )


def stats(passed: HMCState) -> dict[str, Array]:
    """Sampler statistics of :func:`visible` states."""
    return {
        "diverging": passed.diverging,
        "num_steps": passed.num_steps,
        "tree_depth": jnp.floor(jnp.log2(passed.num_steps)).astype(passed.num_steps.dtype) + 1,
        "accept_prob": passed.accept_prob,
        "step_size": passed.adapt_state,
        "energy": passed.energy,
        "log_density": -passed.potential_energy,
    }


def _refuse_discrete(model: Model, args: tuple, kwargs: dict) -> None:
    started = handlers.substitute(
        handlers.seed(model, jax.random.key(0)), substitute_fn=init_to_uniform()
    )  # an improper prior has no draws
    for name, site in handlers.trace(started).get_trace(*args, **kwargs).items():
        if site["type"] == "sample" and not site["is_observed"] and site["fn"].support.is_discrete:
            raise ValueError(
                f"`model` must observe its discrete sites or sum them out; got the discrete site '{name}' unobserved."
            )
