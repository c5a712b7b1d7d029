r"""Exact tests for rates of rare events: one against a limit, and two against each other.

Given that k events came in all, those of the first of two Poisson processes are binomial,

.. math:: K_1 \mid K_1 + K_2 = k \;\sim\; \text{Binomial}\Big(k, \frac{\rho t_1}{\rho t_1 + t_2}\Big)

whatever the common rate, so that the ratio ρ of the rates has an exact test and interval. Exact means: never more false alarms
than stated, and mostly fewer, because counts are whole numbers.

References:
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series. Biometrika 31.
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote, safe
from jprob.density import binomial, poisson
from jprob.special import gammainccinv, gammaincinv
from jprob.special.proportion import clopper_pearson_ends

__all__ = ["RateTest", "rate_ratio_test", "rate_test"]

LAWS = ("binomial", "poisson")
SIDES = ("greater", "less", "two-sided")


class RateTest(NamedTuple):
    """An exact test.

    Attributes:
        p_value: shape ``(...)``. rate: or ratio of rates, as observed. interval: exact and two-sided, shape ``(..., 2)``.
    """

    p_value: Array
    rate: Array
    interval: Array


def rate_test(
    events: ArrayLike,
    exposure: ArrayLike,
    limit: ArrayLike,
    *,
    law: str = "binomial",
    alternative: str = "greater",
    level: float = 0.95,
) -> RateTest:
    """Whether a rate is above its limit.

    Args:
        events: counted, whole numbers. exposure: trials, or for ``"poisson"`` any amount of time. limit: the rate that is
            allowed; they broadcast.
        law: ``"binomial"`` or ``"poisson"``. alternative: ``"greater"``, ``"less"`` or ``"two-sided"``.
        level: of the interval.

    Returns:
        :class:`RateTest`.

    Raises:
        ValueError: events that are no counts, no exposure, a limit out of range, a law or an alternative there is not.

    Example:
        >>> round(float(rate_test(1, 2, 0.5).p_value), 4)  # of two coins at least one shows heads
        0.75
        >>> round(float(rate_test(0, 3.0, 1.0, law="poisson", alternative="less").p_value), 4)  # exp(-3)
        0.0498
    """
    check_level(level)
    _choice("law", law, LAWS)
    _choice("alternative", alternative, SIDES)
    _counts("events", events)
    if concrete(events, exposure, limit):
        k, n, at = (np.asarray(value, float) for value in (events, exposure, limit))
        if not (n > 0).all() or (law == "binomial" and not ((n == np.floor(n)) & (k <= n)).all()):
            expected = "whole numbers, positive and at least `events`" if law == "binomial" else "positive"
            raise ValueError(f"`exposure` must be {expected}; got {n.tolist()}.")
        if not ((at > 0) & (np.isfinite(at))).all() or (law == "binomial" and not (at < 1).all()):
            expected = "strictly between 0 and 1" if law == "binomial" else "positive and finite"
            raise ValueError(f"`limit` must be {expected}; got {at.tolist()}.")
    above, below, ends = _one(law, *jnp.broadcast_arrays(*promote(events, exposure, limit)), level)
    k, n = promote(events, exposure)
    return RateTest(_sided(alternative, above, below), jnp.broadcast_to(k / n, above.shape), ends)


@partial(jax.jit, static_argnums=0)
def _one(law: str, k: Array, n: Array, limit: Array, level: Array) -> tuple[Array, Array, Array]:
    """Both tails and the interval."""
    if law == "binomial":
        above, below = binomial.sf(k - 1.0, n, limit), binomial.cdf(k, n, limit)
        ends = clopper_pearson_ends(k, n - k, level)
    else:
        above, below = poisson.sf(k - 1.0, n * limit), poisson.cdf(k, n * limit)
        ends = _garwood(k, level) / n[..., None]
    return above, below, ends


def rate_ratio_test(
    events: tuple[ArrayLike, ArrayLike],
    exposures: tuple[ArrayLike, ArrayLike],
    *,
    ratio: ArrayLike = 1.0,
    alternative: str = "two-sided",
    level: float = 0.95,
) -> RateTest:
    """Whether the first of two rates is another multiple of the second than ``ratio``, given how many events came in all.

    For counts out of trials it holds its level where events are rare; where they are not it is conservative.

    Args:
        events: of both, whole numbers. exposures: of both: trials, rows or time.
        ratio: of the first rate to the second under the null. alternative: as for :func:`rate_test`.
        level: of the interval.

    Returns:
        :class:`RateTest`, whose rate is the ratio; nan without any events, infinite where the second had none.

    Raises:
        ValueError: events that are no counts, exposures or a ratio that are not positive, an alternative there is not.

    Example:
        >>> round(float(rate_ratio_test((5, 0), (100, 100)).p_value), 4)  # five heads or five tails: 2 / 2⁵
        0.0625
    """
    check_level(level)
    _choice("alternative", alternative, SIDES)
    for count in events:
        _counts("events", count)
    for name, value in (("exposures", exposures[0]), ("exposures", exposures[1]), ("ratio", ratio)):
        if concrete(value) and not ((np.asarray(value) > 0) & np.isfinite(np.asarray(value))).all():
            raise ValueError(f"`{name}` must be positive and finite; got {np.asarray(value).tolist()}.")
    above, below, observed, ends = _two(*jnp.broadcast_arrays(*promote(*events, *exposures, ratio)), level)
    return RateTest(_sided(alternative, above, below), observed, ends)


@jax.jit
def _two(k: Array, m: Array, t: Array, u: Array, ratio: Array, level: Array) -> tuple[Array, Array, Array, Array]:
    """Both tails, the ratio and its interval."""
    total, share = k + m, ratio * t / (ratio * t + u)
    some = total > 0
    n = jnp.where(some, total, 1.0)
    above, below = (jnp.where(some, p, 1.0) for p in (binomial.sf(k - 1.0, n, share), binomial.cdf(k, n, share)))
    ends = clopper_pearson_ends(jnp.where(some, k, 0.0), jnp.where(some, m, 1.0), level)
    ends = jnp.where(some[..., None], ends, jnp.asarray([0.0, 1.0], ends.dtype))
    odds = ends / safe(ends < 1, 1.0 - ends, 1.0) * (u / t)[..., None]
    observed = jnp.where(m > 0, k / safe(m > 0, m, 1.0) * u / t, jnp.where(some, jnp.inf, jnp.nan))
    return above, below, observed, jnp.where(ends < 1, odds, jnp.inf)


def _sided(alternative: str, above: Array, below: Array) -> Array:
    if alternative == "two-sided":
        return jnp.minimum(2.0 * jnp.minimum(above, below), 1.0)
    return above if alternative == "greater" else below


def _garwood(k: Array, level: Array) -> Array:
    tail = 0.5 * (1.0 - level)
    low = jnp.where(k > 0, gammaincinv(safe(k > 0, k, 1.0), tail), 0.0)
    return jnp.stack([low, gammainccinv(k + 1.0, tail)], -1)


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")


def _counts(name: str, value: ArrayLike) -> None:
    if concrete(value):
        counts = np.asarray(value, float)
        if not (np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))).all():
            raise ValueError(f"`{name}` must be whole numbers of at least 0; got {counts.tolist()}.")
