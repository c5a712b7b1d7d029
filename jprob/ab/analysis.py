"""The whole answer of a conversion experiment, exact: quadrature, no draws."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_level, promote
from jprob.ab.best import best_and_loss
from jprob.ab.counts import check_control, check_positive, enter, posterior_arms, rope_ends
from jprob.ab.lift import gaps
from jprob.ab.lifts import Lifts, lifts, mass_between
from jprob.ab.log_odds import Arms
from jprob.ab.rate import central, highest_density, rate_at, tails
from jprob.ab.srm import srm_pvalue
from jprob.ab.tiles import over_experiments
from jprob.bayes.conjugate.beta_binomial import BetaParams

__all__ = ["ABResult", "analyze"]


class ABResult(NamedTuple):
    """What an experiment says, and how sure it is; the answer first.

    Attributes:
        prob_best: posterior probability that the arm has the highest rate, shape ``(..., arms)``.
        expected_loss: of choosing the arm, ``E[max p − p_arm]``, in units of the rate, shape ``(..., arms)``.
        rate: posterior mean, shape ``(..., arms)``.
        rate_interval, rate_hdi: equal-tailed and shortest interval, shape ``(..., arms, 2)``.
        lift: posterior median of ``p / p_control − 1``, whose mean need not exist, shape ``(..., arms)``.
        lift_interval, lift_hdi: shape ``(..., arms, 2)``.
        absolute_lift: posterior mean of ``p − p_control``, shape ``(..., arms)``.
        absolute_lift_interval, absolute_lift_hdi: shape ``(..., arms, 2)``.
        prob_beats_control: a half for the control itself, shape ``(..., arms)``.
        rope_mass: posterior mass of the relative lift in the region of practical equivalence, shape ``(..., arms)``.
        srm_pvalue: of the trials against the planned allocation; below 10⁻³ distrust everything else, shape ``(...)``.
        posterior, prior: Beta parameters, shape ``(..., arms)``.
        successes, trials: the data, shape ``(..., arms)``.
    """

    prob_best: Array
    expected_loss: Array
    rate: Array
    rate_interval: Array
    rate_hdi: Array
    lift: Array
    lift_interval: Array
    lift_hdi: Array
    absolute_lift: Array
    absolute_lift_interval: Array
    absolute_lift_hdi: Array
    prob_beats_control: Array
    rope_mass: Array
    srm_pvalue: Array
    posterior: BetaParams
    prior: BetaParams
    successes: Array
    trials: Array


def analyze(
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    prior: tuple[ArrayLike, ArrayLike] = (1.0, 1.0),
    control: int = 0,
    level: ArrayLike = 0.95,
    rope: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    allocation: ArrayLike | None = None,
) -> ABResult:
    r"""Posterior of a conversion experiment with any number of arms.

    Arm k has its own rate with a Beta prior, :math:`p_k \mid data \sim \mathrm{Beta}(a + s_k, b + n_k - s_k)`,
    independent of the others. Everything is an integral over these, by quadrature in log-odds:

    .. math:: P(k \text{ best}) = \int f_k \prod_{j \ne k} F_j \, dp, \qquad
              \mathrm{loss}_k = \int F_k \Bigl(1 - \prod_{j \ne k} F_j\Bigr) dp.

    A pure function of arrays: ``jit``, ``vmap`` and ``grad`` in data and prior; fields that are not used cost nothing
    under ``jit``. Large batches are computed in tiles, about 0.2 GB at a time in float64, whatever their number. A lane whose
    counts are no counts is ``nan`` when traced and does not touch its neighbours.

    These are statements about the rates given the data seen so far. They stay calibrated under optional stopping only
    as far as the prior is meant: a flat prior on many experiments overstates the winner.

    Args:
        successes: whole numbers, shape ``(..., arms)``.
        trials: whole numbers not below the successes, zero allowed, shape ``(..., arms)``.
        prior: Beta parameters, each broadcasting to ``(..., arms)``.
        control: index of the arm that lifts refer to.
        level: mass of the intervals.
        rope: region of practical equivalence for the relative lift, a half-width or ``(low, high)``.
        allocation: planned shares of the trials, shape broadcasting to ``(..., arms)``; equal if ``None``.

    Returns:
        An :class:`ABResult`.

    Raises:
        ValueError: fewer than two arms, values that are no counts, a prior or allocation that is not positive, a level
            outside (0, 1), no such control, a region with its ends out of order.

    Example:
        >>> result = analyze([1, 0], [10, 10])
        >>> print(round(float(result.prob_best[0]) * 21, 4))  # of 21
        16.0
    """
    check_level(level)
    successes, failures, trials, prior = enter(successes, trials, prior)
    control = check_control(control, successes.shape[-1])
    if allocation is not None:
        check_positive(allocation, "allocation")
        (allocation,) = promote(allocation)
    region = None if rope is None else rope_ends(rope)
    level, *region = promote(jnp.zeros((), successes.dtype), level, *(region or ()))[1:]
    return _analyze(successes, failures, trials, prior, level, tuple(region), allocation, control)


@partial(jax.jit, static_argnames="control")
def _analyze(
    successes: Array,
    failures: Array,
    trials: Array,
    prior: BetaParams,
    level: Array,
    region: tuple[Array, ...],
    allocation: Array | None,
    control: int,
) -> ABResult:
    arms = posterior_arms(prior, successes, failures)
    found = over_experiments(partial(_integrals, control=control, level=level, region=region), arms)
    a, b = arms.a.hi, arms.b.hi
    return ABResult(
        prob_best=found.best,
        expected_loss=found.loss,
        rate=a / (a + b),
        rate_interval=found.interval,
        rate_hdi=found.hdi,
        lift=found.lifts.median[..., 0],
        lift_interval=found.lifts.interval[..., 0, :],
        lift_hdi=found.lifts.hdi[..., 0, :],
        absolute_lift=_mean_difference(arms, control),
        absolute_lift_interval=found.lifts.interval[..., 1, :],
        absolute_lift_hdi=found.lifts.hdi[..., 1, :],
        prob_beats_control=found.beats,
        rope_mass=found.rope_mass,
        srm_pvalue=srm_pvalue(trials, allocation),
        posterior=BetaParams(a, b),
        prior=prior,
        successes=successes,
        trials=trials,
    )


class _Integrals(NamedTuple):
    """What is integrated, arms first and experiments last."""

    best: Array
    loss: Array
    beats: Array
    interval: Array
    hdi: Array
    lifts: Lifts
    rope_mass: Array


def _integrals(arms: Arms, control: int, level: Array, region: tuple[Array, ...]) -> _Integrals:
    best, loss = best_and_loss(arms)
    each = tails(arms)
    ends = central(each, level)
    rates, shortest = rate_at(arms, ends), rate_at(arms, highest_density(each, level, ends[:2]))
    return _Integrals(
        best=best,
        loss=loss,
        beats=(best if len(best) == 2 else _prob_beats(arms, control)).at[control].set(0.5),
        interval=rates[:2].swapaxes(0, 1),
        hdi=shortest.swapaxes(0, 1),
        lifts=lifts(each, rates, shortest, control, level),
        rope_mass=mass_between(each, control, *region) if region else jnp.zeros_like(loss),
    )


def _prob_beats(arms: Arms, control: int) -> Array:
    """Probability of a higher rate than the control's, of arms of shape ``(arms, lanes)``."""

    def one(_: None, arm: Arms) -> tuple[None, Array]:
        pair = jax.tree.map(lambda v, w: jnp.stack([v, w[control]]), arm, arms)
        return None, best_and_loss(pair)[0][0]

    return lax.scan(one, None, arms)[1]


def _mean_difference(arms: Arms, control: int) -> Array:
    """Posterior mean of the difference to the control: the value without cancellation, the plain derivative."""
    reference = jax.tree.map(lambda v: v[..., control, None], arms)
    plain = arms.a.hi / (arms.a.hi + arms.b.hi) - reference.a.hi / (reference.a.hi + reference.b.hi)
    value, _ = gaps(*lax.stop_gradient((arms, reference)))
    return value + (plain - lax.stop_gradient(plain))
