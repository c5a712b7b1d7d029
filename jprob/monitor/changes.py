r"""What changed: the rows, how often the classes come, or what a prediction means.

.. math:: p(x, y) = p(x)\, p(y \mid x) = p(y)\, p(x \mid y)

Covariate shift moves p(x) and leaves :math:`p(y \mid x)`; label shift moves p(y) and leaves :math:`p(x \mid y)`; concept drift
leaves neither. With labels all factors are tested, as far as predictions z show x. Without, a change can be refuted as a label
shift — then it is no mix of the classes as they were — but never as a concept drift.

References:
    Moreno-Torres, J. G. et al. (2012). A unifying view on dataset shift in classification. Pattern Recognition 45.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.monitor._factors import factors
from jprob.monitor._lines import Judged, judged_rows
from jprob.monitor._mixture import mixture
from jprob.monitor._predictions import log_odds, same_classes
from jprob.monitor._sample import Rows, Sample, sampled
from jprob.monitor.calibration_drift import between
from jprob.monitor.columns import drift
from jprob.monitor.label_shift import label_shift
from jprob.monitor.smirnov import ks

__all__ = ["VERDICTS", "Changes", "Evidence", "Sample", "what_changed"]

VERDICTS = ("nothing", "covariate", "label", "concept", "unknown")
"""What a verdict may be. ``"unknown"``: predictions moved, and without labels of the reference nothing says why."""

_LEAST = 0.02  # of a change of chances or shares that counts
_STRONG = 0.1  # times alpha: the simplest explanation stays until the evidence against it is that strong


class Evidence(NamedTuple):
    """One thing that was tested: nan where it could not be.

    Attributes:
        statistic, p_value: of no change. size: of the change. interval: for the size, shape ``(2,)``.
    """

    statistic: float
    p_value: float
    size: float
    interval: tuple[float, float]


class Changes(NamedTuple):
    """Which change it was, and what speaks for it.

    Attributes:
        verdict: of :data:`VERDICTS`.
        covariate: of the predictions; the size is Kolmogorov and Smirnov's distance beyond noise.
        features: of the feature that moved most, the p-value adjusted for their number; the size is a stability index.
        label: of the shares of the classes; the size is their total variation, from labels, or from :func:`label_shift`.
        within: of the predictions within each class: label shift leaves them. Without labels, of predictions that no mix of
            the classes explains.
        concept: of what a prediction means, :func:`calibration_drift`.
        known: labels say whether the concept drifted; without them no verdict excludes it.
    """

    verdict: str
    covariate: Evidence
    features: Evidence
    label: Evidence
    within: Evidence
    concept: Evidence
    known: bool


_NAN = float("nan")
UNTESTED = Evidence(_NAN, _NAN, _NAN, (_NAN, _NAN))


def what_changed(
    reference: Sample | ArrayLike, current: Sample | ArrayLike, *, alpha: float = 0.01, level: float = 0.95
) -> Changes:
    """Tell covariate shift, label shift and concept drift apart, by evidence.

    Args:
        reference: :class:`Sample`, or its probabilities alone, shape ``(n,)`` or ``(n, k)``. current: likewise.
        alpha: significance of each test. level: of the intervals for sizes.

    Returns:
        :class:`Changes`.

    Raises:
        ValueError: rows that are no probabilities, labels that are no classes, other classes.

    Example:
        >>> def of(rows, labels):  # .8 and .2 are said of so many rows, and so many of each are 1 and 0
        ...     tens = jnp.repeat(jnp.array([0.8, 0.2]), jnp.array(rows))
        ...     return Sample(tens, jnp.repeat(jnp.array([1, 0, 1, 0]), jnp.array(labels)))
        >>> before, rarer = of([500, 500], [400, 100, 100, 400]), of([260, 740], [80, 180, 20, 720])
        >>> what_changed(before, rarer).verdict  # of each class a fifth is still on the wrong side
        'label'
    """
    check_level(alpha, "alpha")
    check_level(level)
    before, old = sampled("reference", reference)
    after, new = sampled("current", current)
    same_classes(old.probs, new.probs, ("reference", "current"))
    return changes(old, new, _features(before, after, level), alpha, level)


def changes(old: Rows, new: Rows, features: Evidence, alpha: float, level: float) -> Changes:
    """The tests that the rows allow, and the verdict."""
    p, q = old.probs, new.probs.astype(old.probs.dtype)
    covariate = _predictions(p, q, level)
    if old.labels is not None and new.labels is not None:
        label, within = factors(p, old.labels, q, new.labels, jnp.asarray(level, p.dtype))
        concept = _meaning(p, old.labels, q, new.labels, level)
        parts = covariate, features, _plain(*label), _plain(*within), concept
        return Changes(_verdict(*parts, alpha), *parts, True)
    if old.labels is None or len(set(old.labels.tolist())) < (2 if p.ndim == 1 else p.shape[1]):
        verdict = "unknown" if covariate.p_value < alpha else _of_features(features, alpha)
        return Changes(verdict, covariate, features, UNTESTED, UNTESTED, UNTESTED, False)
    label, within = _without_labels(old, q, level)
    verdict = _of_features(features, alpha)
    if min(covariate.p_value, label.p_value) < alpha:
        verdict = "label" if label.p_value < alpha and within.p_value > _STRONG * alpha else "covariate"
    return Changes(verdict, covariate, features, label, within, UNTESTED, False)


def _verdict(
    covariate: Evidence, features: Evidence, label: Evidence, within: Evidence, concept: Evidence, alpha: float
) -> str:
    """Which factors have moved; a change of chances is one only where it is more than a trifle."""
    meaning = concept.p_value < alpha and concept.size > _LEAST
    if meaning:
        return "label" if within.p_value > _STRONG * alpha and label.p_value < alpha else "concept"
    return "covariate" if min(within.p_value, covariate.p_value) < alpha else _of_features(features, alpha)


def _meaning(p: Array, y: Array, q: Array, c: Array, level: float) -> Evidence:
    """What a prediction means; of more than two classes that of the named one, or of the one whose share moved most."""
    found = between(judged_rows(p, y), judged_rows(q, c), 0.5, _LEAST, level)
    if p.ndim == 1:
        return _plain(*found[:4])
    k = p.shape[1]
    gap = jnp.bincount(c, length=k) / c.size - jnp.bincount(y, length=k) / y.size
    at = jnp.argmax(jnp.abs(gap))
    other = between(_against(p, y, at), _against(q, c, at), 0.5, _LEAST, level)
    least = found if float(found.p_value) <= float(other.p_value) else other
    return _plain(least.statistic, jnp.minimum((k + 1.0) * least.p_value, 1.0), least.size, least.interval)


def _against(p: Array, y: Array, at: Array) -> Judged:
    """One class against the rest."""
    return Judged(log_odds(p[:, at]), (y == at).astype(jnp.int32), jnp.ones_like(y))


def _of_features(features: Evidence, alpha: float) -> str:
    return "covariate" if features.p_value < alpha and features.size > 0.1 else "nothing"


def _predictions(p: Array, q: Array, level: float) -> Evidence:
    found = ks(p, q, level=level)
    if p.ndim == 1:
        return _plain(*found[:4])
    at = int(jnp.argmin(found.p_value))
    statistic, p_value, size, ends = (field[at] for field in found[:4])
    return _plain(statistic, jnp.minimum(p_value * p.shape[1], 1.0), size, ends)


def _features(before: Sample, after: Sample, level: float) -> Evidence:
    if before.features is None or after.features is None:
        return UNTESTED
    found = drift(before.features, after.features, level=level)
    at = int(jnp.argmin(found.q_value))
    return _plain(found.statistic[at], found.q_value[at], found.size[at], found.interval[at])


def _without_labels(old: Rows, q: Array, level: float) -> tuple[Evidence, Evidence]:
    assert old.labels is not None
    found = label_shift(old.probs, old.labels, q, level=level)
    away = jnp.abs(found.prevalence - found.reference)
    at = int(jnp.argmax(away))
    ends = jnp.sort(jnp.abs(found.interval[at] - found.reference[at]))
    across = (found.interval[at, 0] < found.reference[at]) & (found.reference[at] < found.interval[at, 1])
    mixed = _mixed(old.probs, old.labels, q)
    nan = jnp.full((2,), _NAN)
    label = _plain(
        jnp.asarray(_NAN), found.p_value, 0.5 * jnp.sum(away), jnp.stack([jnp.where(across, 0.0, ends[0]), ends[1]])
    )
    return label, _plain(mixed.statistic, mixed.p_value, jnp.asarray(_NAN), nan)


_mixed = jax.jit(mixture)


def _plain(statistic: Array, p_value: Array, size: Array, ends: Array) -> Evidence:
    numbers = jax.device_get((statistic, p_value, size, ends))
    low, high = (float(end) for end in numbers[3])
    return Evidence(float(numbers[0]), float(numbers[1]), float(numbers[2]), (low, high))
