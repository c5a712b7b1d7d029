"""Maximum likelihood with something unobserved, by expectation and maximisation, for families with a closed form.

References:
    Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM algorithm.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import finfo
from jprob.density._derived import closed_estimate, tails_of
from jprob.density.family import Family

__all__ = ["fixed_point", "inflated", "seen_beyond_zero"]

_MOST_STEPS = 10_000


def fixed_point(step: Callable[[dict[str, Array]], dict[str, Array]], start: dict[str, Array]) -> dict[str, Array]:
    """Where ``step`` no longer moves any estimate, by more than a few ulp of it; lanes that end in nan stop."""
    tolerance = 4.0 * finfo(next(iter(start.values()))).eps

    def moving(new: dict[str, Array], old: dict[str, Array]) -> Array:
        moved = [jnp.any(jnp.abs(new[n] - old[n]) > tolerance * (jnp.abs(new[n]) + 1e-3)) for n in new]
        return jnp.any(jnp.stack(moved))

    def advance(carry: tuple[dict[str, Array], Array, Array]) -> tuple[dict[str, Array], Array, Array]:
        old, _, count = carry
        new = step(old)
        return new, moving(new, old), count + 1

    first = jax.tree.map(lambda a, b: jnp.asarray(a, b.dtype), start, jax.eval_shape(step, start))
    return lax.while_loop(lambda c: c[1] & (c[2] < _MOST_STEPS), advance, (first, jnp.asarray(True), jnp.asarray(0)))[0]


@functools.partial(jax.jit, static_argnums=(0, 1))
def inflated(atoms: tuple[float, ...], family: Family, x: Array, weights: Array) -> dict[str, Array]:
    """Masses at values which the family takes too, and its parameters: what lies there is shared out as expected."""
    mle, total = closed_estimate(family), jnp.sum(weights, -1)
    name = "prob" if len(atoms) == 1 else "probs"

    def step(params: dict[str, Array]) -> dict[str, Array]:
        masses = params[name][..., None] if len(atoms) == 1 else params[name]
        base = {n: p for n, p in params.items() if n != name}
        rest = 1.0 - jnp.sum(masses, -1)
        left, shares = weights, []
        for i, atom in enumerate(atoms):
            own = rest * jnp.exp(family.logdensity(jnp.asarray(atom, x.dtype), base))
            extra = jnp.where(x == atom, weights * (masses[..., i] / (masses[..., i] + own))[..., None], 0.0)
            left, shares = left - extra, [*shares, jnp.sum(extra, -1) / total]
        return {name: shares[0] if len(atoms) == 1 else jnp.stack(shares, -1)} | mle(x, left)

    half = jnp.stack([0.5 * jnp.sum(jnp.where(x == atom, weights, 0.0), -1) / total for atom in atoms], -1)
    return fixed_point(step, {name: half[..., 0] if len(atoms) == 1 else half} | mle(x, weights))


@functools.partial(jax.jit, static_argnums=0)
def seen_beyond_zero(family: Family, k: Array, weights: Array) -> dict[str, Array]:
    """The family's parameters from counts of which the zeros were not seen: they are filled in as expected."""
    mle = closed_estimate(family)
    num_seen = jnp.sum(weights, -1, keepdims=True)
    filled = jnp.concatenate([k, jnp.zeros_like(num_seen)], -1)

    def step(base: dict[str, Array]) -> dict[str, Array]:
        at_zero = tails_of(family, jnp.zeros((), k.dtype), base)
        unseen = num_seen * (at_zero.lower / at_zero.upper)[..., None]
        return mle(filled, jnp.concatenate([weights, unseen], -1))

    return fixed_point(step, mle(k, weights))
