r"""Hamiltonian Monte Carlo with a few leapfrog steps in coordinates where the posterior's top is round.

.. math:: u = \hat u + L^{-\top} z, \qquad H = L L^\top

with the mode û and the curvature H there, in unconstrained coordinates. Where z is nearly standard normal a trajectory of
a quarter turn, π/2, makes an almost independent draw, and three steps make that turn. All trajectories have the same
length, so that a thousand posteriors side by side do not wait for the longest tree of one of them. It is a Markov chain
with the posterior as its law wherever it starts; a poor mode or curvature costs effective draws, not truth.

References:
    Neal, R. M. (2011). MCMC using Hamiltonian dynamics. Handbook of Markov Chain Monte Carlo, chapter 5.
    Robbins, H. and Monro, S. (1951). A stochastic approximation method: how the step size is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.flatten_util import ravel_pytree

from jprob._array import check_level, check_positive_int
from jprob.bayes import kernel, replay
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Inputs, Structure, join, split
from jprob.bayes.peak import Peak, find_peak

__all__ = ["hmc"]

Model = Callable[..., Any]
Density = Callable[[Array], tuple[Array, Array]]

_TURN = 1.65  # of a trajectory, in standard deviations; a little over a quarter of a period
_JITTER = 0.25  # share by which lengths vary, so that no direction is periodic
_LONGEST_STEP = 0.66  # in two dimensions
_WIDE = 2.0  # half the width in which modes are looked for, as NumPyro starts its chains
_OVERDISPERSED = 1.5  # standard deviations of the starting points about a mode
_DIVERGENT = 1000.0  # nats by which a trajectory's energy is off


class Settings(NamedTuple):
    """What a compiled sampler is specialised to."""

    num_warmup: int
    num_samples: int
    num_chains: int
    target_accept: float
    max_steps: int
    predictive: bool


class Point(NamedTuple):
    """Where a chain is: whitened coordinates ``(d,)``, energy and its gradient."""

    z: Array
    energy: Array
    slope: Array


class Moved(NamedTuple):
    """What a transition says of itself."""

    accept_prob: Array
    diverging: Array
    total_energy: Array


def hmc(
    key: Array,
    model: Model,
    *args: Any,
    num_warmup: int = 50,
    num_samples: int = 250,
    num_chains: int = 4,
    target_accept: float = 0.8,
    max_steps: int = 200,
    predictive: bool = False,
    **kwargs: Any,
) -> Draws:
    """Posterior draws of a NumPyro model by short trajectories, centre and curvature found by Newton's method.

    A pure function, compiled once for each model and shape of data; it may stand inside ``jit`` and ``vmap``: that is what
    it is for. For smooth posteriors with one mode and up to some fifty dimensions; not for funnels, for which
    :func:`jprob.bayes.nuts` adapts. The diagnostics tell: watch R-hat and the effective draws.

    Args:
        key: a JAX random key; chain c is a function of ``fold_in(key, c)``.
        model: a NumPyro model without unobserved discrete sites; args, kwargs: its arguments, as for
            :func:`jprob.bayes.nuts`.
        num_warmup: transitions that shorten the step where too few trajectories are accepted; not kept.
        num_samples: draws kept in each chain.
        num_chains: chains, each about the mode that it found from a place of its own, and wider than the posterior.
        target_accept: acceptance probability below which the step is shortened.
        max_steps: of Newton's method. predictive: also log likelihood, log prior and replicated data.

    Returns:
        :class:`Draws` with samples and statistics of shape ``(num_chains, num_samples, ...)``.

    Raises:
        ValueError: numbers out of range, or data that the model's own check refuses.

    Example:
        >>> from jprob.bayes import models
        >>> draws = hmc(jax.random.key(0), models.coin_bias, 8, 10, prior=(2.0, 2.0))  # Beta(10, 4), mean 5/7
        >>> abs(float(draws.samples["p"].mean()) - 5 / 7) < 0.02
        True
    """
    check_positive_int(num_warmup, "num_warmup")
    check_positive_int(num_samples, "num_samples")
    check_positive_int(num_chains, "num_chains")
    check_positive_int(max_steps, "max_steps")
    check_level(target_accept, "target_accept")
    inputs = getattr(model, "prepare", Inputs.unprepared)(*args, **kwargs)
    data, structure = split((inputs.args, inputs.kwargs))
    settings = Settings(num_warmup, num_samples, num_chains, target_accept, max_steps, predictive)
    return _compiled(model, settings, structure)(key, data)


@lru_cache(maxsize=96)
def _compiled(model: Model, settings: Settings, structure: Structure) -> Callable[..., Draws]:
    return jax.jit(partial(_hmc, model, settings, structure))


def _hmc(model: Model, settings: Settings, structure: Structure, key: Array, data: list[Array]) -> Draws:
    args, kwargs = join(data, structure)
    start_key, replay_key = jax.random.split(jax.random.fold_in(key, settings.num_chains))
    start, potential_fn = kernel.potential(start_key, model, args, kwargs)
    first, unravel = ravel_pytree(start.z)

    def energy(u: Array) -> Array:
        return potential_fn(unravel(u))

    keys = _keys(key, settings.num_chains)
    peak, starts = _peaks(energy, keys, first, settings.max_steps)
    density = jax.value_and_grad(lambda z: energy(peak.unwhiten(z)))
    chain = partial(_chain, density, first.size, first.dtype, settings)
    z, height, moved, step = jax.vmap(chain)(keys, starts)
    steps = num_leapfrog(first.size)
    u = peak.unwhiten(z)
    bound = partial(model, *args, **kwargs)
    told = replay.posterior(
        replay_key,
        bound,
        jax.vmap(jax.vmap(unravel))(u),
        predictive=settings.predictive,
    )
    samples, log_likelihood, log_prior, replicated = told
    shape = moved.accept_prob.shape
    stats = {
        "diverging": moved.diverging,
        "num_steps": jnp.full(shape, steps),
        "accept_prob": moved.accept_prob,
        "step_size": jnp.broadcast_to(step[:, None], shape),
        "energy": moved.total_energy,
        "log_density": -height,
    }
    observed = replay.seen(bound) if settings.predictive else None
    return Draws(samples, stats, log_likelihood, log_prior, replicated, observed_data=observed)


def num_leapfrog(dim: int) -> int:
    """Steps of a trajectory: their length falls with the fourth root of the dimension."""
    return math.ceil(_TURN / (_LONGEST_STEP * (2.0 / max(dim, 2)) ** 0.25))


def _peaks(energy: Callable[[Array], Array], keys: Array, first: Array, max_steps: int) -> tuple[Peak, Array]:
    """The highest peak that the chains find, each from its own place, and where each of them starts, whitened.

    A chain starts at the mode that it found: if there are several of them, R-hat will say so.
    """
    wide = jax.vmap(lambda key: jax.random.uniform(key, first.shape, first.dtype, -_WIDE, _WIDE))(keys)
    # in pairs on opposite sides, the first where the density is known to be finite
    starts = jnp.stack([jnp.stack([x, -x]) for x in (first, *wide[2::2])]).reshape(-1, first.size)[: keys.shape[0]]
    found = jax.vmap(lambda start: find_peak(energy, start, max_steps))(starts)
    height = jnp.where(found.converged, found.energy, jnp.inf)
    peak = jax.tree.map(lambda leaf: leaf[jnp.argmin(height)], found)
    away = (found.mode - peak.mode) @ peak.root
    return peak, jnp.where(found.converged[:, None] & jnp.isfinite(away), away, 0.0)


def _keys(key: Array, num: int) -> Array:
    return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(num))


def _chain(density: Density, dim: int, dtype: Any, settings: Settings, key: Array, start: Array):
    longest = jnp.asarray(math.log(_TURN / num_leapfrog(dim)), dtype)
    z = start + _OVERDISPERSED * jax.random.normal(key, (dim,), dtype)

    def warm(carry: tuple[Point, Array], i: Array):
        point, log_step = carry
        point, moved = transition(density, jax.random.fold_in(key, 2 * i), point, jnp.exp(log_step))
        gain = 2.0 / jnp.sqrt(1.0 + i.astype(dtype))
        log_step = jnp.minimum(log_step + gain * (moved.accept_prob - settings.target_accept), longest)
        return (point, log_step), None

    def draw(point: Point, i: Array):
        point, moved = transition(density, jax.random.fold_in(key, 2 * i + 1), point, step)
        return point, (point.z, point.energy, moved)

    (point, log_step), _ = lax.scan(warm, (Point(z, *density(z)), longest), jnp.arange(settings.num_warmup))
    step = jnp.exp(log_step)
    _, (draws, energy, moved) = lax.scan(draw, point, jnp.arange(settings.num_samples))
    return draws, energy, moved, step


def transition(density: Density, key: Array, point: Point, step: Array) -> tuple[Point, Moved]:
    """One trajectory of jittered length and its acceptance."""
    dim, dtype = point.z.size, point.z.dtype
    normal_key, uniform_key = jax.random.split(key)
    momentum = jax.random.normal(normal_key, (dim,), dtype)
    jitter, level = jax.random.uniform(uniform_key, (2,), dtype)
    size = step * (1.0 + _JITTER * (2.0 * jitter - 1.0))
    q, p = point, momentum - 0.5 * size * point.slope
    steps = num_leapfrog(dim)
    for i in range(steps):
        z = q.z + size * p
        q = Point(z, *density(z))
        p = p - (size if i < steps - 1 else 0.5 * size) * q.slope
    before = point.energy + 0.5 * jnp.sum(momentum**2)
    after = q.energy + 0.5 * jnp.sum(p**2)
    gain = jnp.where(jnp.isnan(after), -jnp.inf, before - after)
    accept_prob = jnp.exp(jnp.minimum(gain, 0.0))
    accepted = level < accept_prob
    moved = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), q, point)
    return moved, Moved(accept_prob, gain < -_DIVERGENT, before)
