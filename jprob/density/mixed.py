r"""Laws with masses at single values: amounts that are often zero, counts with too many zeros, proportions with exact 0 and 1.

.. math:: P(X \le x) = \sum_{a_i \le x} w_i + \Big(1 - \sum_i w_i\Big) F(x)

The density is taken against counting measure at the atoms plus length elsewhere: at an atom it is the log of the atom's
mass, never mass plus density. Counts are different: a family of counts has a mass at zero already, to which inflation
adds, and which a hurdle replaces.

Each function makes a :class:`~jprob.density.family.Family` whose first parameter is ``prob``, the mass of the single atom,
or ``probs``, the masses along its last axis; the family's own parameters follow. Made once for each set of arguments.

References:
    Lambert, D. (1992). Zero-inflated Poisson regression. Technometrics 34.
    Mullahy, J. (1986). Specification and testing of some modified count data models. Journal of Econometrics 33.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Sequence
from types import ModuleType

import jax.numpy as jnp
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.density import (
    _em,
    _hurdle,
    _inflated,
    beta,
    gamma,
    lognormal,
    negative_binomial,
    normal,
    poisson,
)
from jprob.density._derived import derived, plain_family, rough_estimate
from jprob.density.family import Family

__all__ = [
    "hurdle",
    "hurdle_gamma",
    "hurdle_lognormal",
    "hurdle_poisson",
    "mixed",
    "zero_inflated",
    "zero_inflated_negative_binomial",
    "zero_inflated_normal",
    "zero_inflated_poisson",
    "zero_one_inflated_beta",
]

_MOMENTS = ("mean", "variance", "mode", "entropy")


def mixed(atoms: float | Sequence[float], continuous: Family | ModuleType, *, name: str | None = None) -> Family:
    r"""The law that takes each of the values ``atoms`` with a mass of its own, and else follows ``continuous``.

    Parameters: ``prob`` for one atom, ``probs`` of shape ``(..., atoms)`` for several; then those of ``continuous``. At an
    atom the density is the mass alone, whether or not the value lies in the support of ``continuous``. The quantile is the
    generalised inverse: the smallest x with cdf(x) ≥ q. Draws are quantiles of uniforms. The closed-form ``mle`` exists
    where that of ``continuous`` does.

    Args:
        atoms: one value or several, finite and different. continuous: a family with a density, or its module.
        name: of the result; ``"mixed_<family>"`` by default.

    Returns:
        A :class:`~jprob.density.family.Family`.

    Raises:
        ValueError: no atoms, atoms that repeat or are not finite, a family of counts or vectors.

    Example:
        >>> from jprob.density import normal
        >>> law = mixed(0.0, normal)
        >>> law.parameters
        ('prob', 'loc', 'scale')
        >>> round(float(law.logdensity(0.0, {"prob": 0.3, "loc": 0.0, "scale": 1.0})), 4)  # log 0.3
        -1.204
        >>> round(float(law.logdensity(1.5, {"prob": 0.3, "loc": 0.0, "scale": 1.0})), 4)  # log 0.7 + log phi(1.5)
        -2.4006
    """
    family = plain_family(continuous, "continuous")
    if family.discrete or family.atoms:
        raise ValueError(f"`continuous` must be a family with a density; got {family.name}.")
    return _with_atoms(_checked(atoms), family, name or f"mixed_{family.name}")


def zero_inflated(family: Family | ModuleType, *, name: str | None = None) -> Family:
    r"""The law that is 0 with probability ``prob`` and else follows ``family``, which may be 0 too.

    .. math:: P(0) = \pi + (1 - \pi)\, p(0), \qquad P(k) = (1 - \pi)\, p(k)

    For a family with a density this is ``mixed(0.0, family)``. ``prob`` and the family's parameters tell each other apart
    only by the counts above zero: a family on {0, 1} does not identify them.

    Args:
        family: a family of numbers, or its module. name: of the result; ``"zero_inflated_<family>"`` by default.

    Returns:
        A :class:`~jprob.density.family.Family` with the parameter ``prob`` before those of ``family``. Its ``mle`` is by
        EM where ``family.mle`` is in closed form.

    Raises:
        ValueError: a family of vectors, or one that has atoms already.

    Example:
        >>> from jprob.density import poisson
        >>> law = zero_inflated(poisson)
        >>> round(float(law.cdf(0, prob=0.3, rate=1.0)), 5)  # 0.3 + 0.7 / e
        0.55752
    """
    base = plain_family(family, "family")
    return _with_atoms((0.0,), base, name or f"zero_inflated_{base.name}")


def hurdle(family: Family | ModuleType, *, name: str | None = None) -> Family:
    r"""The law that is 0 with probability ``prob``, and else follows ``family`` given that it is not 0.

    .. math:: P(0) = \pi, \qquad P(k) = (1 - \pi)\, \frac{p(k)}{1 - p(0)}

    For a family with a density, which is 0 with probability 0, this is ``mixed(0.0, family)``.

    Args:
        family: a family of numbers not below 0 if of counts, or its module. name: of the result; ``"hurdle_<family>"``
            by default.

    Returns:
        A :class:`~jprob.density.family.Family` with the parameter ``prob`` before those of ``family``. Its ``mle`` is in
        closed form but for what zero-truncated counts need EM for, where ``family.mle`` exists.

    Raises:
        ValueError: a family of vectors, or one that has atoms already.

    Example:
        >>> from jprob.density import poisson
        >>> law = hurdle(poisson)
        >>> round(float(law.cdf(0, prob=0.3, rate=1.0)), 5)
        0.3
    """
    base = plain_family(family, "family")
    if not base.discrete:
        return _with_atoms((0.0,), base, name or f"hurdle_{base.name}")
    return _over_zero(base, name or f"hurdle_{base.name}")


def _checked(atoms: float | Sequence[float]) -> tuple[float, ...]:
    values = tuple(sorted(float(a) for a in (atoms if isinstance(atoms, Sequence) else [atoms])))
    if not values or len(set(values)) < len(values) or not all(map(math.isfinite, values)):
        raise ValueError(f"`atoms` must be finite values, each once and at least one; got {atoms!r}.")
    return values


def _closed_form(family: Family) -> bool:
    """Whether the family's estimate needs nothing but the data, such as the trials of a binomial."""
    if family.mle is None:
        return False
    required = [p for p in inspect.signature(family.mle).parameters.values() if p.default is p.empty]
    return len(required) == 1


@functools.lru_cache(maxsize=256)
def _with_atoms(atoms: tuple[float, ...], family: Family, name: str) -> Family:
    single = len(atoms) == 1
    weights = {"prob": "unit_interval"} if single else {"probs": "masses"}
    example = {"prob": 0.3} if single else {"probs": (0.4 / len(atoms),) * len(atoms)}

    def support(params):
        base = {n: p for n, p in params.items() if n not in weights}
        low, high = (jnp.asarray(end) for end in family.support(**base))
        return jnp.minimum(low, atoms[0]), jnp.maximum(high, atoms[-1])

    def mle(x: ArrayLike, weights: ArrayLike | None = None):
        if family.discrete:
            return _em.inflated(atoms, family, *jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights)))
        return _inflated.estimated(atoms, family, family.mle, x, weights)

    def start(x: ArrayLike, weights: ArrayLike | None = None):
        return _inflated.begun(atoms, family, rough_estimate(family), x, weights)

    rough = rough_estimate(family)
    known = family.mle is None or _closed_form(family)
    return derived(
        name,
        discrete=family.discrete,
        constraints=weights | dict(family.constraints),
        example_params=example | dict(family.example_params),
        support=support,
        logdensity=functools.partial(_inflated.logdensity, atoms, family),
        tails=functools.partial(_inflated.tails, atoms, family),
        quantile=functools.partial(_inflated.quantile, atoms, family),
        moments={verb: functools.partial(getattr(_inflated, verb), atoms, family) for verb in _MOMENTS},
        mle=mle if _closed_form(family) else None,
        start=start if rough and known else None,
        atoms=() if family.discrete else atoms,
    )


@functools.lru_cache(maxsize=256)
def _over_zero(family: Family, name: str) -> Family:
    def support(params):
        high = family.support(**{n: p for n, p in params.items() if n != "prob"})[1]
        return jnp.zeros_like(params["prob"]), high

    def mle(k: ArrayLike, weights: ArrayLike | None = None):
        return _hurdle.estimated(family, functools.partial(_em.seen_beyond_zero, family), k, weights)

    def start(k: ArrayLike, weights: ArrayLike | None = None):
        return _hurdle.estimated(family, rough_estimate(family), k, weights, pseudo=0.5)

    known = family.mle is None or _closed_form(family)
    return derived(
        name,
        discrete=True,
        constraints={"prob": "unit_interval"} | dict(family.constraints),
        example_params={"prob": 0.3} | dict(family.example_params),
        support=support,
        logdensity=functools.partial(_hurdle.logdensity, family),
        tails=functools.partial(_hurdle.tails, family),
        quantile=functools.partial(_hurdle.quantile, family),
        moments={verb: functools.partial(getattr(_hurdle, verb), family) for verb in _MOMENTS},
        mle=mle if _closed_form(family) else None,
        start=start if rough_estimate(family) and known else None,
    )


zero_inflated_poisson = zero_inflated(poisson)
"""Counts with more zeros than a Poisson: parameters ``prob``, ``rate``."""
zero_inflated_negative_binomial = zero_inflated(negative_binomial)
"""Overdispersed counts with more zeros still: parameters ``prob``, ``r``, ``p``."""
zero_inflated_normal = zero_inflated(normal)
"""Differences that are often exactly zero: parameters ``prob``, ``loc``, ``scale``."""
hurdle_poisson = hurdle(poisson)
"""Zero or not, and how many if not: parameters ``prob``, ``rate``."""
hurdle_lognormal = hurdle(lognormal)
"""Amounts that may be zero: parameters ``prob``, ``loc``, ``scale``."""
hurdle_gamma = hurdle(gamma)
"""Amounts that may be zero: parameters ``prob``, ``concentration``, ``rate``."""
zero_one_inflated_beta = mixed((0.0, 1.0), beta, name="zero_one_inflated_beta")
"""Proportions that may be exactly 0 or 1: parameters ``probs`` (their two masses), ``a``, ``b``."""
