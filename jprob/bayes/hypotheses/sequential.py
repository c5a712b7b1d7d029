r"""Looking at the data as they come and stopping when they suffice: Wald's sequential probability ratio test.

.. math:: \Lambda_n = \sum_{i \le n} \log\frac{p(x_i \mid H_1)}{p(x_i \mid H_0)}, \quad
    \text{stop for } H_1 \text{ at } \Lambda_n \ge \log\frac{1 - \beta}{\alpha},
    \text{ for } H_0 \text{ at } \Lambda_n \le \log\frac{\beta}{1 - \alpha}

No test with these error rates needs fewer observations on average under either hypothesis. Stopping when a posterior
probability is high enough is the same test with its bounds moved by the prior odds.

References:
    Wald, A. (1947). Sequential Analysis.
    Wald, A. and Wolfowitz, J. (1948). Optimum character of the sequential probability ratio test.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_positive_int, concrete, finfo, promote, safe
from jprob.bayes.hypotheses.discrete import check_probs
from jprob.bayes.inputs import refuse

__all__ = [
    "Bounds",
    "Characteristics",
    "Stopped",
    "coin_characteristics",
    "coin_increments",
    "odds_bounds",
    "sprt",
    "wald_bounds",
    "wald_characteristics",
]


class Bounds(NamedTuple):
    """Where a log likelihood ratio stops.

    Attributes:
        lower: at or below it the null is accepted, negative. upper: at or above it the alternative is, positive.
    """

    lower: Array
    upper: Array


class Stopped(NamedTuple):
    """Where a sequence of observations stopped.

    Attributes:
        decision: 1 for the alternative, 0 for the null, −1 if the data ended first, ``(...)``.
        num_observations: that were needed, or all of them, ``(...)``.
        log_ratio: when it stopped, ``(...)``.
        path: the log likelihood ratio after each observation, ``(..., observations)``, beyond the stop as well.
    """

    decision: Array
    num_observations: Array
    log_ratio: Array
    path: Array


class Characteristics(NamedTuple):
    """What a sequential test does in the long run, each of shape ``(...)``.

    Attributes:
        prob_alternative: it accepts the alternative. prob_null: it accepts the null.
        prob_undecided: neither within the most observations allowed; 0 where there is no such limit.
        expected_observations: how many it takes.
    """

    prob_alternative: Array
    prob_null: Array
    prob_undecided: Array
    expected_observations: Array


def wald_bounds(false_alarm: ArrayLike, miss: ArrayLike) -> Bounds:
    """Bounds that keep both error rates: their sum is never above that of the rates asked for.

    Args:
        false_alarm: probability of accepting the alternative under the null. miss: of the reverse. Their sum below 1.

    Returns:
        :class:`Bounds` of the common shape.

    Raises:
        ValueError: rates outside (0, 1) or with a sum of 1 or more, as far as values are known.

    Example:
        >>> [round(float(b), 4) for b in wald_bounds(0.05, 0.20)]  # log 4/19, log 16
        [-1.5581, 2.7726]
    """
    if concrete(false_alarm, miss):
        for name, rate in (("false_alarm", false_alarm), ("miss", miss)):
            values = np.asarray(rate, float)
            refuse(~((values > 0) & (values < 1)), values, f"`{name}` must lie strictly between 0 and 1")
        total = np.asarray(false_alarm, float) + np.asarray(miss, float)
        refuse(~(total < 1), total, "`false_alarm` and `miss` must sum to less than 1")
    alpha, beta = promote(false_alarm, miss)
    return Bounds(jnp.log(beta) - jnp.log1p(-alpha), jnp.log1p(-beta) - jnp.log(alpha))


def odds_bounds(prob_alternative: ArrayLike, threshold: ArrayLike) -> Bounds:
    """Bounds that stop when one of the hypotheses has the posterior probability ``threshold``.

    Args:
        prob_alternative: prior probability of the alternative, strictly between 0 and 1.
        threshold: above ½ and above both prior probabilities, below 1.

    Returns:
        :class:`Bounds` of the common shape.

    Raises:
        ValueError: probabilities outside (0, 1), or a threshold that the prior has passed already, as far as values are
            known.

    Example:
        >>> [round(float(b), 4) for b in odds_bounds(0.5, 0.95)]  # log 19
        [-2.9444, 2.9444]
    """
    if concrete(prob_alternative, threshold):
        prior, wanted = (np.asarray(v, float) for v in (prob_alternative, threshold))
        refuse(~((prior > 0) & (prior < 1)), prior, "`prob_alternative` must lie strictly between 0 and 1")
        prior, wanted = np.broadcast_arrays(prior, wanted)
        enough = (wanted > np.maximum(prior, 1 - prior)) & (wanted < 1)
        refuse(~enough, wanted, "`threshold` must lie above both prior probabilities and below 1")
    prior, wanted = promote(prob_alternative, threshold)
    odds, enough = jnp.log(prior) - jnp.log1p(-prior), jnp.log(wanted) - jnp.log1p(-wanted)
    return Bounds(-enough - odds, enough - odds)


def sprt(log_ratios: ArrayLike, bounds: Bounds | tuple[ArrayLike, ArrayLike]) -> Stopped:
    """The first observation at which the sum of log likelihood ratios leaves the bounds.

    Args:
        log_ratios: of each observation, alternative over null, shape ``(..., observations)``.
        bounds: lower, negative, and upper, positive, of shape ``(...)``.

    Returns:
        :class:`Stopped`.

    Raises:
        ValueError: bounds that do not enclose 0, no observations, as far as values are known.

    Example:
        >>> found = sprt([1.0, 1.0, -3.0], (-2.0, 1.5))
        >>> int(found.decision), int(found.num_observations)
        (1, 2)
    """
    _check_bounds(bounds)
    if np.ndim(log_ratios) < 1 or np.shape(log_ratios)[-1] == 0:
        raise ValueError(f"`log_ratios` must have an axis of observations; got shape {np.shape(log_ratios)}.")
    log_ratios, lower, upper = promote(log_ratios, *bounds)
    path = jnp.cumsum(log_ratios, -1)
    up, down = path >= upper[..., None], path <= lower[..., None]
    crossed = up | down
    ended = jnp.any(crossed, -1)
    last = jnp.where(ended, jnp.argmax(crossed, -1), log_ratios.shape[-1] - 1)
    at = jnp.take_along_axis(path, last[..., None], -1)[..., 0]
    decision = jnp.where(ended, jnp.where(at >= upper, 1, 0), -1)
    return Stopped(decision, last + 1, at, path)


def coin_increments(null: ArrayLike, alternative: ArrayLike) -> tuple[Array, Array]:
    """Log likelihood ratio of a failure and of a success, for a chance of ``alternative`` over one of ``null``.

    Args:
        null: in (0, 1). alternative: in (0, 1).

    Returns:
        Both of the common shape.

    Example:
        >>> [round(float(z), 4) for z in coin_increments(0.5, 0.75)]  # log 1/2, log 3/2
        [-0.6931, 0.4055]
    """
    if concrete(null, alternative):
        for name, chance in (("null", null), ("alternative", alternative)):
            values = np.asarray(chance, float)
            refuse(~((values > 0) & (values < 1)), values, f"`{name}` must lie strictly between 0 and 1")
    p, q = promote(null, alternative)
    return jnp.log1p(-q) - jnp.log1p(-p), jnp.log(q) - jnp.log(p)


def wald_characteristics(
    increments: ArrayLike, probs: ArrayLike, bounds: Bounds | tuple[ArrayLike, ArrayLike]
) -> Characteristics:
    r"""Wald's approximation of what the test does when an observation adds one of a few values.

    .. math:: P(\text{upper}) \approx \frac{1 - e^{hL}}{e^{hU} - e^{hL}}, \quad \sum_j p_j e^{h z_j} = 1,\ h \neq 0,
        \qquad E[N] \approx \frac{P\,U + (1 - P)\,L}{E[z]}

    It takes the sum to stop *on* a bound. It stops beyond, by less than one increment: true error rates are smaller and
    tests longer than this says.

    Args:
        increments: values that one observation may add, shape ``(..., values)``, of both signs.
        probs: of each, as things truly are, shape ``(..., values)``. bounds: of shape ``(...)``.

    Returns:
        :class:`Characteristics`.

    Raises:
        ValueError: probabilities that do not sum to one, increments of one sign, as far as values are known.

    Example:
        >>> found = wald_characteristics(coin_increments(0.5, 0.75), [0.5, 0.5], wald_bounds(0.05, 0.20))
        >>> round(float(found.prob_alternative), 4)  # under the null: the rate asked for
        0.05
    """
    _check_bounds(bounds)
    check_probs(probs, "probs", "values")
    if isinstance(increments, tuple):
        increments = jnp.stack(jnp.broadcast_arrays(*promote(*increments)), -1)
    if concrete(increments):
        values = np.asarray(increments, float)
        if not ((values > 0).any(-1) & (values < 0).any(-1)).all():
            raise ValueError(f"`increments` must be of both signs, or the test never stops; got {values.tolist()}.")
    z, p, lower, upper = promote(increments, probs, *bounds)
    z, p = jnp.broadcast_arrays(z, p)
    drift, spread = jnp.sum(p * z, -1), jnp.sum(p * z * z, -1)
    h = _root(z, p, drift)
    still = jnp.abs(h) * (upper - lower) < finfo(z).eps ** 0.5
    h_ = jnp.where(still, 1.0, h)
    # both terms over the larger exponential, so that none overflows
    tilted = jnp.where(
        h_ > 0,
        -jnp.exp(-h_ * upper) * jnp.expm1(h_ * lower) / -jnp.expm1(h_ * (lower - upper)),
        jnp.expm1(-h_ * lower) / jnp.expm1(h_ * (upper - lower)),
    )
    up = jnp.where(still, -lower / (upper - lower), tilted)
    moving = safe(~still, drift, 1.0)
    length = jnp.where(still, -lower * upper / spread, (up * upper + (1.0 - up) * lower) / moving)
    return Characteristics(up, 1.0 - up, jnp.zeros_like(up), length)


def _root(z: Array, p: Array, drift: Array) -> Array:
    """The other zero of the convex function ``Σ p (exp(h z) − 1)``, of the sign of −drift: doubling, then bisection."""
    sign = jnp.where(drift > 0, -1.0, 1.0).astype(z.dtype)

    def above(h: Array) -> Array:
        return jnp.sum(p * jnp.expm1(jnp.minimum((sign * h)[..., None] * z, 80.0)), -1) > 0

    unit = 1.0 / jnp.max(jnp.abs(z), -1)
    high = lax.fori_loop(0, 60, lambda _, h: jnp.where(above(h), h, 2.0 * h), unit * 2.0**-40)

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        middle = 0.5 * (ends[0] + ends[1])
        over = above(middle)
        return jnp.where(over, ends[0], middle), jnp.where(over, middle, ends[1])

    low, high = lax.fori_loop(0, 60, halve, (0.5 * high, high))
    return sign * 0.5 * (low + high)


def coin_characteristics(
    p: ArrayLike,
    null: ArrayLike,
    alternative: ArrayLike,
    bounds: Bounds | tuple[ArrayLike, ArrayLike],
    *,
    max_observations: int,
) -> Characteristics:
    """What the test of two chances does, exactly: the law of the successes among those still undecided, step by step.

    Args:
        p: the true chance of success, in [0, 1], shape ``(...)``. null: in (0, 1). alternative: in (0, 1).
        bounds: lower and upper. max_observations: when to give up. Time and memory grow with its square and itself.

    Returns:
        :class:`Characteristics` of the common shape.

    Raises:
        ValueError: chances or bounds that cannot be, as far as values are known.

    Example:
        >>> found = coin_characteristics(0.5, 0.5, 0.75, wald_bounds(0.05, 0.20), max_observations=500)
        >>> bool(found.prob_alternative < 0.05)  # the test is better than it was asked to be
        True
    """
    check_positive_int(max_observations, "max_observations")
    _check_bounds(bounds)
    if concrete(p):
        values = np.asarray(p, float)
        refuse(~((values >= 0) & (values <= 1)), values, "`p` must lie in [0, 1]")
    arrays = jnp.broadcast_arrays(*promote(p, *coin_increments(null, alternative), *bounds))
    flat = (array.ravel() for array in arrays)
    found = _coin(*flat, max_observations)
    return jax.tree.map(lambda v: v.reshape(arrays[0].shape), found)


@partial(jax.jit, static_argnums=5)
@partial(jax.vmap, in_axes=(0, 0, 0, 0, 0, None))
def _coin(p: Array, down: Array, up: Array, lower: Array, upper: Array, most: int) -> Characteristics:
    successes = jnp.arange(most + 1, dtype=p.dtype)
    slack = (
        8.0 * finfo(p).eps * (jnp.abs(lower) + upper)
    )  # a sum that reaches the bound but for rounding has reached it

    def step(state: tuple[Array, Characteristics], n: Array) -> tuple[tuple[Array, Characteristics], None]:
        mass, so_far = state
        length = so_far.expected_observations + jnp.sum(mass)
        mass = (1.0 - p) * mass + p * jnp.concatenate([jnp.zeros_like(mass[:1]), mass[:-1]])
        ratio = successes * up + (n - successes) * down
        high, low = ratio >= upper - slack, ratio <= lower + slack
        so_far = Characteristics(
            so_far.prob_alternative + jnp.sum(jnp.where(high, mass, 0.0)),
            so_far.prob_null + jnp.sum(jnp.where(low, mass, 0.0)),
            so_far.prob_undecided,
            length,
        )
        return (jnp.where(high | low, 0.0, mass), so_far), None

    zero = jnp.zeros_like(p)
    start = jnp.where(successes == 0, 1.0, 0.0).astype(p.dtype), Characteristics(zero, zero, zero, zero)
    (mass, found), _ = lax.scan(step, start, 1.0 + successes[:-1])
    return found._replace(prob_undecided=jnp.sum(mass))


def _check_bounds(bounds: Bounds | tuple[ArrayLike, ArrayLike]) -> None:
    if len(bounds) != 2:
        raise ValueError(f"`bounds` must be a pair (lower, upper); got {len(bounds)} values.")
    if concrete(*bounds):
        lower, upper = (np.asarray(v, float) for v in bounds)
        refuse(~(lower < 0), lower, "`bounds` must have a negative lower one")
        refuse(~(upper > 0), upper, "`bounds` must have a positive upper one")
