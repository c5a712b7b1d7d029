"""Counts, priors and options at the door: exact where they are host integers, checked where their values are known."""

from __future__ import annotations

import operator

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote, whole
from jprob.ab.log_odds import Arms
from jprob.bayes.conjugate.beta_binomial import BetaParams
from jprob.bayes.inputs import check_counts, check_prior
from jprob.special.pair import two_sum

__all__ = ["check_control", "check_positive", "enter", "posterior_arms", "rope_ends"]

_HostPair = tuple[ArrayLike, ArrayLike]


def enter(successes: ArrayLike, trials: ArrayLike, prior: _HostPair) -> tuple[Array, Array, Array, BetaParams]:
    """Successes, failures, trials and prior as arrays of one dtype and of shape ``(..., arms)``.

    Lanes that are no counts become ``nan``; only tracing lets them pass.

    Raises:
        ValueError: fewer than two arms; counts that are negative, fractional, not finite or above the trials; a prior
            that is not positive and finite.
    """
    check_counts(successes, trials)
    check_prior(tuple(prior))
    a, b = prior
    s, f, n, a, b = jnp.broadcast_arrays(*promote(successes, _failures(successes, trials), trials, a, b))
    if s.ndim == 0 or s.shape[-1] < 2:
        raise ValueError(f"`successes` must have two arms or more along the last axis; got shape {s.shape}.")
    valid = whole(s) & whole(n) & (s >= 0) & (f >= 0) & (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b)
    s, f, n = (jnp.where(valid, v, jnp.nan) for v in (s, f, n))
    return s, f, n, BetaParams(a, b)


def posterior_arms(prior: BetaParams, successes: Array, failures: Array) -> Arms:
    """Prior plus data, with what the sum loses in rounding."""
    return Arms(two_sum(prior.a, successes), two_sum(prior.b, failures))


def _failures(successes: ArrayLike, trials: ArrayLike) -> ArrayLike:
    """Trials less successes, before any rounding where both are host integers."""
    if concrete(successes, trials):
        k, n = np.asarray(successes), np.asarray(trials)
        if k.dtype.kind in "iuO" and n.dtype.kind in "iuO":
            return np.asarray(n.astype(object) - k.astype(object))
    k, n = promote(successes, trials)
    return n - k


def check_positive(value: ArrayLike, name: str) -> None:
    """Raise ``ValueError`` unless all values are positive and finite, as far as they are known."""
    if concrete(value):
        values = np.asarray(value, float)
        bad = ~((values > 0) & np.isfinite(values))
        if bad.any():
            raise ValueError(f"`{name}` must be positive and finite; got {values[bad].flat[0]:g}.")


def check_control(control: int, num_arms: int) -> int:
    """The index of the control arm; ``ValueError`` if there is no such arm."""
    try:
        index = -1 if isinstance(control, bool) else operator.index(control)
    except TypeError:
        index = -1
    if not 0 <= index < num_arms:
        raise ValueError(f"`control` must be the index of an arm, 0 to {num_arms - 1}; got {control!r}.")
    return index


def rope_ends(rope: ArrayLike | _HostPair) -> _HostPair:
    """Ends of a region of practical equivalence, given by both or by its half-width; ``ValueError`` if out of order."""
    low, high = rope if isinstance(rope, tuple | list) else (-rope, rope)  # type: ignore[operator]
    if concrete(low, high) and not np.asarray(low, float) <= np.asarray(high, float):
        raise ValueError(f"`rope` must be a half-width, not negative, or a pair (low, high) in order; got {rope}.")
    return low, high
