"""Which of the known failures it is: evidence, cause, repair, and the call that does it, in order.

Eight symptoms are looked for, as far as the data allow. One is found where its p-value, adjusted for all that was looked for,
is below ``alpha`` and its size above a limit: of deployments where nothing is wrong at most that share is called ill. What
lies upstream comes first: broken outputs and features, then a world that changed, then a model that is too sure, then how
it is used. A finding that explains others takes them with it: a change of the prior moves predictions, and is said once.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.monitor._broken import Cleaned, cleaned, dead_features, narrow_intervals, outputs
from jprob.monitor._moving import drifting
from jprob.monitor._predictions import same_classes
from jprob.monitor._sample import Rows, Sample, sampled
from jprob.monitor._suspects import (
    DRIFTING,
    NARROW,
    NOT_PROBABILITIES,
    PRIOR_SHIFT,
    RARE,
    SILENT,
    SYMPTOMS,
    Case,
    Suspect,
)
from jprob.monitor._symptoms import labelled, prior, rare, silent, sureness
from jprob.monitor.changes import UNTESTED, Changes, changes
from jprob.monitor.discoveries import benjamini_hochberg

__all__ = ["SYMPTOMS", "Diagnosis", "Finding", "diagnose"]

_SURENESS = "overconfident or underconfident"


class Finding(NamedTuple):
    """A symptom with its evidence, and what to do.

    Attributes:
        symptom: one of :data:`SYMPTOMS`. says: the evidence in words.
        statistic, p_value: of the test. q_value: adjusted for all symptoms that were looked for.
        size: of the failure. interval: for it.
        cause: the likely one. repair: what to do about it. call: the function of jprob that does.
    """

    symptom: str
    says: str
    statistic: float
    p_value: float
    q_value: float
    size: float
    interval: tuple[float, float]
    cause: str
    repair: str
    call: str


class Diagnosis(NamedTuple):
    """What was found, and what was not looked for.

    Attributes:
        findings: the first cause first; empty where nothing was found.
        looked_for: symptoms that could be tested. not_looked_for: what could not, each with why, as pairs; a silent failure may
            be in both, as features that died need no labels and concept drift does.
        changes: what changed between the samples, :func:`what_changed`; ``None`` without probabilities in both.
    """

    findings: tuple[Finding, ...]
    looked_for: tuple[str, ...]
    not_looked_for: tuple[tuple[str, str], ...]
    changes: Changes | None


def diagnose(
    reference: Sample | ArrayLike,
    current: Sample | ArrayLike,
    labels: ArrayLike | None = None,
    *,
    nominal: float = 0.9,
    alpha: float = 0.01,
    level: float = 0.95,
) -> Diagnosis:
    """Find out which known failures explain a deployment, in the order in which to mend them.

    The more is known, the more is looked for: labels of the current rows say most, labels of the reference what confidence once
    meant, features what died, intervals with outcomes whether they hold. Rows are taken to be in order of time.

    Args:
        reference: :class:`Sample` of a time when all was well, or its probabilities alone, shape ``(n,)`` or ``(n, k)``.
        current: likewise, of now. Outputs need not be probabilities: that is one of the symptoms.
        labels: of the current rows, shape ``(m,)``; as good as in its :class:`Sample`.
        nominal: what predicted intervals claim to hold.
        alpha: share of sound deployments that may be called ill. level: of the intervals for sizes.

    Returns:
        :class:`Diagnosis`.

    Raises:
        ValueError: no rows, labels that are no classes, other classes in the two samples, nothing to look at.

    Example:
        >>> boasting = np.tile([0.99, 0.01], 500)  # ninety-nine to one
        >>> right = np.tile([1, 0] * 9 + [0, 1], 50)  # nine in ten
        >>> found = diagnose(Sample(boasting, right), Sample(boasting, right))
        >>> [finding.symptom for finding in found.findings], round(found.findings[0].size, 2)  # log 99 / log 9
        (['overconfident'], 2.09)
    """
    for name, value in (("nominal", nominal), ("alpha", alpha), ("level", level)):
        check_level(value, name)
    before, after = (s if isinstance(s, Sample) else Sample(probs=s) for s in (reference, current))
    after = after if labels is None else after._replace(labels=labels)
    old, _ = _rows("reference", before)
    new, made = _rows("current", after)
    what = None
    if old is not None and new is not None:
        same_classes(old.probs, new.probs, ("reference", "current"))
        what = changes(old, new, UNTESTED, alpha, level)
    case = Case(before, after, old, new, what, nominal, alpha, level)
    looked = _looked(case, made)
    if all(isinstance(found, str) for _, found in looked):
        raise ValueError("`current` must have probabilities, features or intervals with outcomes; got none of them.")
    return _judged(looked, what, alpha)


def _rows(name: str, sample: Sample) -> tuple[Rows | None, Cleaned | None]:
    """Rows of probabilities with their labels, and what had to be done to have them."""
    if sample.probs is None:
        return None, None
    made = cleaned(name, sample.probs)
    labels = None if sample.labels is None else np.asarray(sample.labels)
    if labels is not None and labels.shape != made.kept.shape:
        raise ValueError(f"`{name}.labels` must have shape {made.kept.shape}, one for each row; got {labels.shape}.")
    _, rows = sampled(name, Sample(made.probs, None if labels is None else labels[made.kept]))
    return rows, made


def _looked(case: Case, made: Cleaned | None) -> list[tuple[str, Suspect | str]]:
    """Every symptom with its evidence, or with why it was not looked for."""
    seen = labelled(case)
    old, now = seen["reference"], seen["current"]
    died = dead_features(case)
    if made is not None and made.bad:
        moves = "the outputs are no probabilities: they are compared when they are"
    elif isinstance(died, Suspect) and died.evidence.size > died.limit:
        moves = "a feature died: that moves predictions"
    else:
        moves = drifting(case)
    return [
        (NOT_PROBABILITIES, "no probabilities" if made is None else outputs(made, case.level)),
        (SILENT, died),
        (SILENT, silent(case, old, now)),
        (PRIOR_SHIFT, prior(case, old, now)),
        (_SURENESS, sureness(case, old, now)),
        (NARROW, narrow_intervals(case)),
        (DRIFTING, moves),
        (RARE, rare(case, now)),
    ]


def _judged(looked: list[tuple[str, Suspect | str]], what: Changes | None, alpha: float) -> Diagnosis:
    suspects = [found for _, found in looked if isinstance(found, Suspect)]
    p_values = np.array([suspect.evidence.p_value for suspect in suspects])
    q_values = np.asarray(benjamini_hochberg(jnp.asarray(p_values)))
    findings, named = [], set()
    for suspect, q in zip(suspects, q_values, strict=True):
        evidence = suspect.evidence
        if q >= alpha or not evidence.size > suspect.limit or suspect.symptom in named:
            continue
        named.add(suspect.symptom)
        p_value, size, ends = evidence.p_value, evidence.size, evidence.interval
        findings.append(
            Finding(
                suspect.symptom,
                suspect.says,
                evidence.statistic,
                p_value,
                max(float(q), p_value),
                size,
                ends,
                suspect.cause,
                suspect.repair,
                suspect.call,
            )
        )
    looked_for = tuple(dict.fromkeys(name for name, found in looked if isinstance(found, Suspect)))
    left = tuple((name, found) for name, found in looked if isinstance(found, str))
    return Diagnosis(tuple(findings), looked_for, left, what)
