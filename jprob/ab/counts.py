"""Counts and priors at the door: exact where they are host integers, checked where their values are known."""

from __future__ import annotations

import operator

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote, whole
from jprob.ab.log_odds import Arms
from jprob.bayes.conjugate.beta_binomial import BetaParams
from jprob.special import pair as pairs

__all__ = ["check_control", "check_positive", "enter", "posterior_arms", "rope_ends"]


def enter(
    successes: ArrayLike, trials: ArrayLike, prior: tuple[ArrayLike, ArrayLike]
) -> tuple[Array, Array, Array, BetaParams]:
    """Successes, failures, trials and prior as arrays of one dtype and of shape ``(..., arms)``.

    Lanes that are no counts become ``nan``, which only tracing lets pass.

    Raises:
        ValueError: fewer than two arms; counts that are negative, fractional, not finite or above the trials; a prior
            that is not positive and finite. Values are checked where they are known.
    """
    if concrete(successes, trials):
        _check_counts(np.asarray(successes), np.asarray(trials))
    for name, value in zip("ab", prior, strict=True):
        check_positive(value, f"prior {name}")
    failures = _difference(trials, successes)
    arrays = jnp.broadcast_arrays(*promote(successes, failures, trials, *prior))
    if arrays[0].ndim == 0 or arrays[0].shape[-1] < 2:
        raise ValueError(f"`successes` must have two arms or more along the last axis; got shape {arrays[0].shape}.")
    s, f, n, a, b = arrays
    valid = whole(s) & whole(n) & (s >= 0) & (f >= 0) & (a > 0) & (b > 0) & jnp.isfinite(a) & jnp.isfinite(b)
    s, f, n = (jnp.where(valid, v, jnp.nan) for v in (s, f, n))
    return s, f, n, BetaParams(a, b)


def posterior_arms(prior: BetaParams, successes: Array, failures: Array) -> Arms:
    """Prior plus data, with what the sum loses in rounding."""
    return Arms(pairs.two_sum(prior.a, successes), pairs.two_sum(prior.b, failures))


def _difference(trials: ArrayLike, successes: ArrayLike) -> ArrayLike:
    """Failures, subtracted before any rounding where both counts are host integers."""
    if concrete(successes, trials):
        host = np.asarray(trials), np.asarray(successes)
        if all(v.dtype.kind in "iu" for v in host):
            return host[0].astype(np.int64) - host[1].astype(np.int64)
        if all(v.dtype.kind in "iuO" for v in host):
            return host[0].astype(object) - host[1].astype(object)
    trials, successes = promote(trials, successes)
    return trials - successes


def _check_counts(successes: np.ndarray, trials: np.ndarray) -> None:
    for name, counts in (("successes", successes), ("trials", trials)):
        if counts.dtype.kind not in "biufO":
            raise ValueError(f"`{name}` must be numbers; got dtype {counts.dtype}.")
        values = counts.astype(np.float64)
        _refuse(~np.isfinite(values), counts, f"`{name}` must be finite")
        _refuse(values < 0, counts, f"`{name}` must not be negative")
        _refuse(values != np.floor(values), counts, f"`{name}` must be whole numbers")
    try:
        few, many = np.broadcast_arrays(successes, trials)
    except ValueError:
        shapes = f"{successes.shape} and {trials.shape}"
        raise ValueError(f"`successes` and `trials` must have shapes that broadcast; got {shapes}.") from None
    above = np.asarray(few > many)
    if above.any():
        where = tuple(int(i) for i in np.argwhere(above)[0])
        raise ValueError(
            f"`trials` must not be smaller than `successes`; got {many[where]} < {few[where]} at index {where}."
        )


def _refuse(bad: np.ndarray, counts: np.ndarray, message: str) -> None:
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{message}; got {counts[where]} at index {where}.")


def check_positive(value: ArrayLike, name: str) -> None:
    """Raise ``ValueError`` unless a parameter is positive and finite, where its value is known."""
    if concrete(value):
        values = np.asarray(value, np.float64)
        _refuse(~((values > 0) & np.isfinite(values)), values, f"`{name}` must be positive and finite")


def check_control(control: int, num_arms: int) -> int:
    """The index of the control arm, or ``ValueError``."""
    try:
        index = operator.index(control)
    except TypeError:
        index = -1
    if isinstance(control, bool) or not 0 <= index < num_arms:
        raise ValueError(f"`control` must be the index of an arm, 0 to {num_arms - 1}; got {control!r}.")
    return index


def rope_ends(rope: ArrayLike | tuple[ArrayLike, ArrayLike]) -> tuple[ArrayLike, ArrayLike]:
    """Lower and upper end of a region of practical equivalence, given whole or by its half-width."""
    low, high = rope if isinstance(rope, tuple | list) else (None, rope)
    low = -high if low is None else low  # type: ignore[operator]
    if concrete(low, high) and not np.all(np.asarray(low, np.float64) <= np.asarray(high, np.float64)):
        raise ValueError(f"`rope` must be a half-width, not negative, or a pair (low, high) in order; got {rope}.")
    return low, high
