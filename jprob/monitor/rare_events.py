r"""Rare events: what an alarm is worth where few are due, how rare the unseen may be, and how accuracy deceives.

Of rows called positive, the share that is positive depends on how many are so; in odds,

.. math:: \frac{\text{precision}}{1 - \text{precision}} = \frac{\text{recall}}{1 - \text{specificity}} \cdot
    \frac{\pi}{1 - \pi}

Intervals for ratios, sums and differences of two shares are made from Wilson's intervals of each ("MOVER").

References:
    Hanley, J. A. and Lippman-Hand, A. (1983). If nothing goes wrong, is everything all right? JAMA 249: the rule of three.
    Donner, A. and Zou, G. Y. (2012). Closed-form confidence intervals for functions of the normal mean and standard
    deviation. Statistical Methods in Medical Research 21: such intervals for ratios.
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Statistics in Medicine 17.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete, promote, safe
from jprob.monitor._ranking import binary_rows, row_counts
from jprob.special.proportion import wilson_ends

__all__ = [
    "AccuracyParadox",
    "Precision",
    "RuleOfThree",
    "accuracy_paradox",
    "precision_at_prevalence",
    "rule_of_three",
]


class Precision(NamedTuple):
    """Precision at a prevalence.

    Attributes:
        value: shape ``(...)``; nan where nothing is called positive.
        interval: shape ``(..., 2)``; [0, 1] where no counts were given.
    """

    value: Array
    interval: Array


class RuleOfThree(NamedTuple):
    """How large a rate may be of which no event was seen.

    Attributes:
        upper: the exact limit, ``1 − α^(1/n)``. approximate: ``−log(α) / n``, 3 / n at 95 %.
    """

    upper: Array
    approximate: Array


class AccuracyParadox(NamedTuple):
    """Accuracy beside that of the answer that is always the commoner one.

    Attributes:
        skill: of the errors that this answer makes, the share that is avoided, from −∞ to 1; 0 or less: no better. nan where
            one class is missing. skill_interval: shape ``(2,)``.
        accuracy: share of right answers. accuracy_interval: shape ``(2,)``.
        baseline: accuracy of the commoner answer.
        balanced: mean of recall and specificity, ½ for the commoner answer. balanced_interval: shape ``(2,)``.
        beaten: the interval of the skill lies above 0.
    """

    skill: Array
    skill_interval: Array
    accuracy: Array
    accuracy_interval: Array
    baseline: Array
    balanced: Array
    balanced_interval: Array
    beaten: Array


def precision_at_prevalence(
    recall: ArrayLike,
    specificity: ArrayLike,
    prevalence: ArrayLike,
    *,
    positives: ArrayLike | None = None,
    negatives: ArrayLike | None = None,
    level: float = 0.95,
) -> Precision:
    """Of rows called positive, the share that is, at another prevalence than where recall and specificity were found.

    Args:
        recall: share of the positives called so. specificity: share of the negatives called so. prevalence: of positives;
            all in [0, 1], they broadcast.
        positives, negatives: rows that recall and specificity were found on, for the interval.
        level: of the interval.

    Returns:
        :class:`Precision`.

    Raises:
        ValueError: shares outside [0, 1], no rows, one of ``positives`` and ``negatives`` without the other.

    Example:
        >>> round(float(precision_at_prevalence(0.99, 0.95, 0.02).value), 4)  # 198 true of 688 alarms in 10,000
        0.2878
    """
    check_level(level)
    for name, share in (("recall", recall), ("specificity", specificity), ("prevalence", prevalence)):
        if concrete(share) and not ((np.asarray(share) >= 0) & (np.asarray(share) <= 1)).all():
            raise ValueError(f"`{name}` must lie in [0, 1]; got {np.asarray(share).tolist()}.")
    if (positives is None) != (negatives is None):
        given, lacking = ("positives", "negatives") if negatives is None else ("negatives", "positives")
        raise ValueError(f"`{lacking}` must come with `{given}`; got none.")
    if positives is None or negatives is None:
        r, s, prior = promote(recall, specificity, prevalence)
        value = _bayes(r, 1.0 - s, prior)
        return Precision(value, jnp.broadcast_to(jnp.asarray([0.0, 1.0], value.dtype), (*value.shape, 2)))
    for name, rows in (("positives", positives), ("negatives", negatives)):
        if concrete(rows) and not (np.asarray(rows) > 0).all():
            raise ValueError(f"`{name}` must be at least 1; got {np.asarray(rows).tolist()}.")
    return _precision(*promote(recall, specificity, prevalence, positives, negatives), level)


@jax.jit
def _precision(r: Array, s: Array, prior: Array, positives: Array, negatives: Array, level: Array) -> Precision:
    f = 1.0 - s
    hits, false = r * positives, f * negatives
    low, high = _ratio(r, _wilson(hits, positives, level), f, _wilson(false, negatives, level))
    odds = prior / jnp.where(prior < 1, 1.0 - prior, 1.0)
    ends = jnp.stack([_share(low * odds), _share(high * odds)], -1)
    ends = jnp.where(prior[..., None] < 1, ends, 1.0)
    return Precision(_bayes(r, f, prior), ends)


def _bayes(recall: Array, false: Array, prior: Array) -> Array:
    called = recall * prior + false * (1.0 - prior)
    return jnp.where(called > 0, recall * prior / safe(called > 0, called, 1.0), jnp.nan)


def _share(odds: Array) -> Array:
    return jnp.where(jnp.isinf(odds), 1.0, odds / (1.0 + jnp.where(jnp.isinf(odds), 0.0, odds)))


def _wilson(successes: Array, trials: Array, level: Array) -> tuple[Array, Array]:
    ends = wilson_ends(successes, trials - successes, level)
    return ends[..., 0], ends[..., 1]


def _ratio(a: Array, ends_a: tuple[Array, Array], b: Array, ends_b: tuple[Array, Array]) -> tuple[Array, Array]:
    """Interval for a / b (Donner and Zou), infinite above where b may be 0."""
    (la, ua), (lb, ub) = ends_a, ends_b

    def end(inner: Array, outer: Array, sign: float) -> Array:
        square, below = inner * (2.0 * a - inner), outer * (2.0 * b - outer)
        root = jnp.sqrt(jnp.maximum((a * b) ** 2 - square * below, 0.0))
        fine = below != 0
        return jnp.where(fine, (a * b + sign * root) / safe(fine, below, 1.0), jnp.where(sign > 0, jnp.inf, 0.0))

    low, high = end(la, ub, -1.0), end(ua, lb, 1.0)
    return jnp.maximum(low, 0.0), jnp.where(lb > 0, high, jnp.inf)


def rule_of_three(trials: ArrayLike, *, level: float = 0.95) -> RuleOfThree:
    """The largest rate at which no event in so many trials is no surprise.

    Args:
        trials: without an event, positive, shape ``(...)``. level: of the one-sided limit.

    Returns:
        :class:`RuleOfThree`, each of shape ``(...)``.

    Raises:
        ValueError: trials that are not positive; a level outside (0, 1).

    Example:
        >>> found = rule_of_three(300)
        >>> round(float(found.upper), 5), round(float(found.approximate), 5)
        (0.00994, 0.00999)
    """
    check_level(level)
    if concrete(trials) and not (np.asarray(trials) > 0).all():
        raise ValueError(f"`trials` must be positive; got {np.asarray(trials).tolist()}.")
    n, rest = promote(trials, 1.0 - level)
    return RuleOfThree(-jnp.expm1(jnp.log(rest) / n), -jnp.log(rest) / n)


def accuracy_paradox(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    threshold: float = 0.5,
    counts: ArrayLike | None = None,
    level: float = 0.95,
) -> AccuracyParadox:
    """How misleading accuracy is: of the errors that no model at all would make, the share that this one avoids.

    Where 2 % are positive, who never alarms is right in 98 % and has no skill; a model of 97 % may have some, or less than none.

    Args:
        scores: shape ``(n,)``; a row that scores at least the threshold is called positive. labels: 0 and 1, shape ``(n,)``.
        threshold: of that. counts: how often each row came, whole numbers of shape ``(n,)``; once by default.
        level: of the intervals.

    Returns:
        :class:`AccuracyParadox`.

    Raises:
        ValueError: other shapes, scores that are missing, labels other than 0 and 1, a level outside (0, 1).

    Example:
        >>> found = accuracy_paradox([0.9, 0.6, 0.1, 0.2, 0.3, 0.1, 0.1, 0.2, 0.1, 0.4], [1, 0, 1] + [0] * 7)
        >>> [round(float(share), 4) for share in (found.accuracy, found.baseline, found.balanced)]
        [0.8, 0.8, 0.6875]
        >>> float(found.skill)  # one error saved, one made
        0.0
    """
    check_level(level)
    s, y = binary_rows(scores, labels)
    return _paradox(s, y, row_counts(scores, counts), threshold, level)


@jax.jit
def _paradox(s: Array, y: Array, times: Array, threshold: Array, level: Array) -> AccuracyParadox:
    dtype, called = s.dtype, s >= threshold

    def rows(mask: Array) -> Array:
        return jnp.sum(mask * times).astype(dtype)

    positive = y == 1
    of_one, of_none = rows(positive), rows(~positive)
    n = of_one + of_none
    hits, calm = rows(called & positive), rows(~called & ~positive)
    accuracy, baseline = (hits + calm) / n, jnp.maximum(of_one, of_none) / n
    both = (of_one > 0) & (of_none > 0)
    p, q = jnp.maximum(of_one, 1.0), jnp.maximum(of_none, 1.0)
    recall, specificity = hits / p, calm / q
    (lr, ur), (ls, us) = _wilson(hits, p, level), _wilson(calm, q, level)
    # of the rarer class what is found, of the commoner one what is spoilt
    rare = of_one <= of_none
    found, lf, uf = (jnp.where(rare, a, b) for a, b in ((recall, specificity), (lr, ls), (ur, us)))
    kept, lk, uk = (jnp.where(rare, b, a) for a, b in ((recall, specificity), (lr, ls), (ur, us)))
    odds = jnp.where(rare, q / p, p / q)
    skill = found - odds * (1.0 - kept)
    down = jnp.hypot(found - lf, odds * (kept - lk))
    up = jnp.hypot(uf - found, odds * (uk - kept))
    known = jnp.where(both & ~jnp.any(jnp.isnan(s)), 1.0, jnp.nan).astype(dtype)
    balanced = 0.5 * (recall + specificity)
    below, above = 0.5 * jnp.hypot(recall - lr, specificity - ls), 0.5 * jnp.hypot(ur - recall, us - specificity)
    return AccuracyParadox(
        skill * known,
        jnp.stack([skill - down, jnp.minimum(skill + up, 1.0)]) * known,
        accuracy,
        jnp.stack(_wilson(hits + calm, n, level)),
        baseline,
        balanced * known,
        jnp.stack([balanced - below, jnp.minimum(balanced + above, 1.0)]) * known,
        (skill - down > 0) & (known == 1),
    )
