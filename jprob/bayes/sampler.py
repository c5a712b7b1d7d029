"""Chains to a posterior: three compiled programs, the middle one in pieces where a progress bar is wanted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, partial
from inspect import signature
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import concrete
from jprob.bayes import kernel, replay
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Structure, join
from jprob.bayes.kernel import Chain, HMCState, Model, Settings
from jprob.bayes.lanes import tiled

__all__ = ["sample", "sample_with_progress"]

_PROGRAMS = 96  # three for each model and setting; the oldest are forgotten, so that memory does not grow with models
_PIECES = 40  # steps of the progress bar

Data = list[Array]


class Run(NamedTuple):
    """A run under way: the state of each chain, and the draws so far in buffers of shape ``(draws, chains, ...)``."""

    states: HMCState
    kept: HMCState


def sample(key: Array, model: Model, settings: Settings, structure: Structure, data: Data) -> Draws:
    """Posterior draws by three compiled programs: begin, advance through all transitions, finish."""
    begin, advance, finish = _programs(model, settings, structure)

    def whole(key: Array, data: Data) -> Draws:
        return finish(key, data, advance(key, data, begin(key, data), 0, _length(settings)).kept)

    return (whole if concrete(key, *data) else tiled(whole))(key, data)


def sample_with_progress(key: Array, model: Model, settings: Settings, structure: Structure, data: Data) -> Draws:
    """The draws of :func:`sample`, bit for bit: the same programs, the second called in pieces, a bar on stderr.

    An interruption after the warm-up keeps the draws that were finished.
    """
    from tqdm import tqdm

    begin, advance, finish = _programs(model, settings, structure)
    run, total, done = begin(key, data), _length(settings), 0
    size = -(-total // _PIECES)
    try:
        with tqdm(total=total, file=sys.stderr, unit="step", leave=False) as bar:
            for start in range(0, total, size):
                stop = min(start + size, total)
                run = jax.block_until_ready(advance(key, data, run, start, stop))
                done = stop
                bar.update(stop - start)
    except KeyboardInterrupt:
        if done <= settings.num_warmup:
            raise
    kept = run.kept if done == total else jax.tree.map(lambda x: x[: done - settings.num_warmup], run.kept)
    return finish(key, data, kept)


def _length(settings: Settings) -> int:
    return settings.num_warmup + settings.num_samples


def _programs(model: Model, settings: Settings, structure: Structure) -> list[Callable[..., Any]]:
    return [partial(_compiled(function, model, settings), structure) for function in (_begin, _advance, _finish)]


@lru_cache(maxsize=_PROGRAMS)
def _compiled(function: Callable[..., Any], model: Model, settings: Settings) -> Callable[..., Any]:
    return jax.jit(partial(function, model, settings), static_argnums=0)


def _begin(model: Model, settings: Settings, structure: Structure, key: Array, data: Data) -> Run:
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(settings.num_chains))
    one = jax.eval_shape(lambda key: _chain(model, settings, structure, key, data).state, key)
    start = jax.vmap(lambda key: _chain(model, settings, structure, key, data).state, out_axes=kernel.side_by_side(one))
    states = start(keys)
    empty = jax.tree.map(lambda x: jnp.zeros((settings.num_samples, *x.shape), x.dtype), kernel.visible(states))
    return Run(states, empty)


def _advance(
    model: Model, settings: Settings, structure: Structure, key: Array, data: Data, run: Run, start: Array, stop: Array
) -> Run:
    """Transitions ``start`` to ``stop``; the warm-up writes to the first slot, which the first draw overwrites."""
    axes = kernel.side_by_side(run.states)
    step = jax.vmap(_chain(model, settings, structure, key, data).step, in_axes=(axes,), out_axes=axes)

    def transition(i: Array, run: Run) -> Run:
        states = step(run.states)
        slot = jnp.maximum(i - settings.num_warmup, 0)
        kept = jax.tree.map(lambda buffer, x: buffer.at[slot].set(x), run.kept, kernel.visible(states))
        return Run(states, kept)

    return lax.fori_loop(start, stop, transition, run)


def _finish(model: Model, settings: Settings, structure: Structure, key: Array, data: Data, kept: HMCState) -> Draws:
    """Draws from the states that the chains passed: constrained, diagnosed, replayed."""
    passed = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), kept)
    args, kwargs = join(data, structure)
    bound = partial(model, *args, **kwargs)
    posterior_key, prior_key = jax.random.split(jax.random.fold_in(key, settings.num_chains))
    told = replay.posterior(posterior_key, bound, passed.z, predictive=settings.predictive)
    samples, log_likelihood, log_prior, posterior_predictive = told
    result = Draws(samples, kernel.stats(passed), log_likelihood, log_prior, posterior_predictive)
    if not settings.predictive:
        return result
    before, predicted = replay.prior(prior_key, bound, settings.num_samples)
    seen = replay.seen(bound)
    constant = _numbers({k: v for k, v in _named(model, args, kwargs).items() if k not in seen})
    return result._replace(prior=before, prior_predictive=predicted, observed_data=seen, constant_data=constant)


def _chain(model: Model, settings: Settings, structure: Structure, key: Array, data: Data) -> Chain:
    args, kwargs = join(data, structure)
    return kernel.begin(key, model, args, kwargs, settings)


def _named(model: Model, args: tuple, kwargs: dict) -> dict[str, Any]:
    return dict(signature(model).bind(*args, **kwargs).arguments)


def _numbers(arguments: dict[str, Any]) -> dict[str, Array]:
    """The numeric arguments; a tuple of numbers, as a prior's shapes, as one array."""
    arrays = {}
    for name, value in arguments.items():
        parts: tuple[Any, ...] = value if isinstance(value, tuple) and value else (value,)
        if all(isinstance(part, Array) for part in parts):
            stacked = jnp.stack(jnp.broadcast_arrays(*parts))
            arrays[name] = stacked if isinstance(value, tuple) else stacked[0]
    return arrays
