"""Which family to believe: a ranking by Akaike's criterion, and what each of its members fails.

References:
    Burnham, K. P. and Anderson, D. R. (2002). Model Selection and Multimodel Inference, 2nd ed. Springer.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, promote
from jprob.density import (
    Family,
    bernoulli,
    beta,
    cauchy,
    exponential,
    gamma,
    geometric,
    halfnormal,
    inverse_gamma,
    laplace,
    lognormal,
    mixed,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    weibull,
)
from jprob.estimate._likelihood import the_family
from jprob.estimate.dispersion import dispersion_test
from jprob.estimate.fit import Fit
from jprob.estimate.goodness import goodness_of_fit
from jprob.estimate.maximum import mle
from jprob.estimate.plots import tail_check

__all__ = ["Candidate", "Recommendation", "recommend"]

_WORTH_CHECKING = 1e-3  # AICc weight below which simulating a check would change nothing


class Candidate(NamedTuple):
    """One family held against the data.

    Attributes:
        name: of the family. fit: of it.
        aicc: Akaike's criterion corrected for small samples, in twice nats: small is good.
        weight: its share of the evidence among the candidates, e^{−aicc/2} over the sum of these.
        p_value: of Anderson and Darling's goodness of fit; nan where the weight is too small for it to matter.
        failed: checks that failed, a sentence each.
    """

    name: str
    fit: Fit
    aicc: float
    weight: float
    p_value: float
    failed: tuple[str, ...]


class Recommendation(NamedTuple):
    """A ranking and what to think of it.

    Attributes:
        best: name of the family in front; ``None`` where none can have given the data.
        sentence: what a person needs to know.
        candidates: all that could be fitted, the best first.
        excluded: for each of the others why, by name.
    """

    best: str | None
    sentence: str
    candidates: tuple[Candidate, ...]
    excluded: dict[str, str]


def recommend(
    data: ArrayLike,
    families: Sequence[Family | ModuleType] | None = None,
    *,
    key: Array | None = None,
    level: float = 0.05,
    num_simulations: int = 199,
) -> Recommendation:
    """The family that describes data best among several, how sure that is, and where it fails.

    The best of several bad families is still bad: read ``failed``. Ranking and checks see the same data, so a close race
    is no proof. Densities of counts and of amounts are not compared: what gives single values no mass is left out where
    values repeat at an atom.

    Args:
        data: shape ``(n,)``, at least three values.
        families: to choose from; by default those whose support the data suggest.
        key: for the simulated checks; ``jax.random.key(0)`` by default, so that the answer is the same each time.
        level: of the checks. num_simulations: for each goodness of fit.

    Returns:
        :class:`Recommendation`.

    Raises:
        ValueError: data of another shape, too few, missing or infinite.

    Example:
        >>> from jprob.density import exponential, normal
        >>> x = exponential.sample(jax.random.key(1), 1.0, shape=(60,))
        >>> recommend(x, [normal, exponential], num_simulations=19).best
        'exponential'
    """
    (array,) = promote(data)
    x = np.asarray(array)
    check_level(level)
    if x.ndim != 1 or x.size < 3:
        raise ValueError(f"`data` must be one axis of at least three values; got shape {x.shape}.")
    if not np.isfinite(x).all():
        row = int(np.argmin(np.isfinite(x)))
        raise ValueError(f"`data` must be finite; got {x[row]} at row {row}.")
    key = jax.random.key(0) if key is None else key
    chosen = [the_family(f) for f in (_suggested(x) if families is None else families)]
    excluded = {f.name: reason for f in chosen if (reason := _impossible(f, x))}
    fits = {f: mle(f, array) for f in chosen if f.name not in excluded}
    usable = {f: fit for f, fit in fits.items() if np.isfinite(float(fit.aicc))}
    excluded |= {f.name: "could not be fitted" for f in fits if f not in usable}
    if not usable:
        return Recommendation(None, "None of the families can have given these data.", (), excluded)
    ranked = sorted(usable, key=lambda f: float(usable[f].aicc))
    aicc = np.array([float(usable[f].aicc) for f in ranked])
    weights = np.exp(-0.5 * (aicc - aicc[0]))
    weights /= weights.sum()
    candidates = tuple(
        _checked(jax.random.fold_in(key, i), f, usable[f], array, float(weights[i]), level, num_simulations)
        for i, f in enumerate(ranked)
    )
    return Recommendation(candidates[0].name, _sentence(candidates, x.size), candidates, excluded)


def _suggested(x: np.ndarray) -> list[Family | ModuleType]:
    """By the values taken: labels, counts, proportions, amounts with and without zeros, differences."""
    zeros = (x == 0).any()
    if (x == np.floor(x)).all() and (x >= 0).all():
        if x.max() <= 1:
            return [bernoulli]
        counts = [poisson, negative_binomial, mixed.zero_inflated_poisson, mixed.hurdle_poisson]
        return [*counts, mixed.zero_inflated_negative_binomial] if zeros else [*counts[:2], geometric]
    if (x >= 0).all() and (x <= 1).all():
        edges = zeros or (x == 1).any()
        return [mixed.zero_one_inflated_beta] if edges else [beta, normal, gamma, lognormal]
    if (x > 0).all():
        return [exponential, gamma, lognormal, weibull, inverse_gamma, halfnormal, pareto]
    if (x >= 0).all():
        return [mixed.hurdle_lognormal, mixed.hurdle_gamma]
    if (x == 0).mean() > 1 / x.size:
        return [mixed.zero_inflated_normal]
    return [normal, student_t, laplace, cauchy]


def _impossible(family: Family, x: np.ndarray) -> str:
    """Why no parameters of the family can have given the data; empty where some can."""
    low, high = (float(np.max(np.asarray(end))) for end in family.support(**family.example_params))
    starts_at_zero = low in (0.0, 1.0)  # an end that does not hang on parameters
    if family.discrete and (x != np.floor(x)).any():
        row = int(np.argmax(x != np.floor(x)))
        return f"takes whole numbers only; got {x[row]} at row {row}"
    if starts_at_zero and family.name != "uniform" and (x < low).any():
        row = int(np.argmax(x < low))
        return f"takes no value below {low:g}; got {x[row]} at row {row}"
    if low == 0.0 and high == 1.0 and family.name != "uniform" and (x > high).any():
        row = int(np.argmax(x > high))
        return f"takes no value above {high:g}; got {x[row]} at row {row}"
    positive = not family.discrete and low == 0.0 and not family.atoms
    open_ends = {"exponential", "halfnormal"}  # which have a density at 0
    if positive and family.name not in open_ends and (x == 0).any():
        return f"takes no value of 0; got one at row {int(np.argmax(x == 0))}"
    if not family.discrete and not family.atoms and (x == 0).sum() > 1:
        return f"gives 0 no mass, and {int((x == 0).sum())} values are 0"
    return ""


def _checked(
    key: Array, family: Family, fit: Fit, x: Array, weight: float, level: float, num_simulations: int
) -> Candidate:
    failed = []
    if not bool(fit.converged):
        failed.append("the search for its parameters did not converge")
    if bool(fit.not_identified):
        failed.append("its parameters are not identified by these data")
    elif bool(fit.at_boundary) and family.name not in ("uniform", "pareto"):
        failed.append("a parameter lies at the edge of its range")
    if family.name == "poisson":
        test = dispersion_test(x)
        if float(test.p_value) < level:
            kind = "more" if float(test.ratio) > 1 else "less"
            failed.append(f"counts vary {kind} than a Poisson's: variance over mean {float(test.ratio):.2f}")
    tail = tail_check(family, x, fit.params)
    if float(tail.p_value) < level / 5:  # one value is judged: the whole has its own test
        failed.append(f"the value {float(tail.farthest):.4g} is too far out (p = {float(tail.p_value):.2g})")
    p_value = float("nan")
    if weight > _WORTH_CHECKING:
        result = goodness_of_fit(key, family, x, num_simulations=num_simulations)
        p_value = float(result.p_value)
        if p_value < level:
            failed.append(f"its distribution function does not fit (Anderson-Darling p = {p_value:.2g})")
        if float(result.tied) > 0.1:
            failed.append(f"{float(result.tied):.0%} of the values are tied, which a density does not allow")
    return Candidate(family.name, fit, float(fit.aicc), weight, p_value, tuple(failed))


def _sentence(candidates: tuple[Candidate, ...], n: int) -> str:
    best, *others = candidates
    name = best.name.replace("_", " ")
    race = f", next {others[0].name.replace('_', ' ')} with {others[0].weight:.2g}" if others else ""
    verdict = f"but {'; '.join(best.failed)}" if best.failed else "and no check failed"
    head = f"Of {len(candidates)} families" if others else "Alone in question,"
    return f"{head} {name} describes these {n} values best (AICc weight {best.weight:.2g}{race}), {verdict}."
