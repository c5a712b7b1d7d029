r"""Masses at given values beside a family: the mathematics behind ``mixed`` and ``zero_inflated``.

.. math:: P(X \le x) = \sum_{a_i \le x} w_i + \Big(1 - \sum_i w_i\Big) F(x)

Each function takes the atoms, in increasing order, and the family beside them.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from jprob._array import finfo, promote, safe
from jprob.density._derived import Level, Params, interior, quantile_of_counts, tails_of
from jprob.density.family import Family
from jprob.special import Tails

__all__ = ["begun", "entropy", "estimated", "logdensity", "mean", "mode", "quantile", "tails", "variance"]

type Atoms = tuple[float, ...]


def split(atoms: Atoms, params: Params) -> tuple[list[Array], Array, Array, dict[str, Array]]:
    """The masses, what they leave to the family, whether they are masses, and the family's parameters."""
    params = dict(params)
    if "prob" in params:
        prob = params.pop("prob")
        return [prob], 1.0 - prob, (prob >= 0) & (prob <= 1), params
    probs = params.pop("probs")
    rest = 1.0 - jnp.sum(probs, -1)
    slack = 4.0 * len(atoms) * finfo(rest).eps  # masses that sum to one but for rounding
    masses = [probs[..., i] for i in range(len(atoms))]
    return masses, jnp.maximum(rest, 0.0), jnp.all(probs >= 0, -1) & (rest >= -slack), params


def logdensity(atoms: Atoms, family: Family, x: Array, params: Params) -> Array:
    """At an atom the log of its mass, to which a discrete family adds its own; elsewhere the family's share."""
    masses, rest, valid, base = split(atoms, params)
    on = jnp.isin(x, jnp.asarray(atoms, x.dtype))
    own = family.logdensity(x if family.discrete else safe(~on, x, interior(family)), base)
    beside = jnp.log(safe(~on, rest, 0.5)) + own
    for atom, mass in zip(atoms, masses, strict=True):
        here = x == atom
        if family.discrete:
            mass = safe(here, mass, 0.5)
            total = mass + (1.0 - mass if len(atoms) == 1 else rest) * jnp.exp(safe(here, own, 0.0))
            # where nothing is added the family's own digits stay, however small they are
            at = jnp.where(
                mass > 0, jnp.log(safe(mass > 0, total, 0.5)), jnp.log(safe(here & (mass <= 0), rest, 0.5)) + own
            )
        else:
            at = jnp.log(safe(here, mass, 0.5))
        beside = jnp.where(here, at, beside)
    return jnp.where(valid & ~jnp.isnan(own), beside, jnp.nan)


def tails(atoms: Atoms, family: Family, x: Array, params: Params) -> Tails:
    """Jumps at the atoms, and the family's tails between them."""
    masses, rest, valid, base = split(atoms, params)
    own = tails_of(family, x, base)
    zero = jnp.zeros_like(own.lower)
    below = sum((jnp.where(x >= atom, mass, 0.0) for atom, mass in zip(atoms, masses, strict=True)), zero)
    above = sum((jnp.where(x < atom, mass, 0.0) for atom, mass in zip(atoms, masses, strict=True)), zero)
    lower, upper = below + rest * own.lower, above + rest * own.upper
    log_rest = jnp.log(rest)
    result = Tails(
        lower,
        upper,
        jnp.where(below > 0, _log(lower, upper), log_rest + own.log_lower),
        jnp.where(above > 0, _log(upper, lower), log_rest + own.log_upper),
    )
    return Tails(*(jnp.where(valid & ~jnp.isnan(own.lower), t, jnp.nan) for t in result))


def _log(p: Array, q: Array) -> Array:
    """Log of ``p`` where ``p + q = 1``, from the smaller."""
    small = p < 0.5
    return jnp.where(small, jnp.log(safe(small & (p > 0), p, 0.5)), jnp.log1p(-safe(~small, q, 0.5)))


def quantile(atoms: Atoms, family: Family, level: Level, params: Params) -> Array:
    """The generalised inverse: an atom for every probability inside its jump, else the family's quantile."""
    masses, rest, valid, base = split(atoms, params)
    if family.discrete:
        return _counts_quantile(atoms, family, level, params)
    lower, upper, slack = level
    below, above = jnp.zeros_like(lower), jnp.zeros_like(lower)
    hit, hit_at, known = jnp.zeros(lower.shape, bool), jnp.zeros_like(lower), valid
    for i, (atom, mass) in enumerate(zip(atoms, masses, strict=True)):
        at = tails_of(family, jnp.asarray(atom, lower.dtype), base)
        under, over = sum(masses[:i], jnp.zeros_like(mass)), sum(masses[i + 1 :], jnp.zeros_like(mass))
        low, high = under + rest * at.lower, over + rest * at.upper
        passed = jnp.where(level.by_lower, lower - slack > low + mass, upper + slack < high)
        ahead = jnp.where(level.by_lower, lower <= low, upper >= high + mass)
        below, above = below + jnp.where(passed, mass, 0.0), above + jnp.where(ahead, mass, 0.0)
        here = ~passed & ~ahead
        hit, hit_at = hit | here, jnp.where(here, atom, hit_at)
        known = known & ~jnp.isnan(at.lower)
    free = rest > 0
    low, up = (jnp.clip((q - w) / safe(free, rest, 1.0), 0.0, 1.0) for q, w in ((lower, below), (upper, above)))
    x = jnp.where(low <= up, family.ppf(low, **base), family.isf(up, **base))
    x = jnp.where(known & level.possible, jnp.where(hit, hit_at, x), jnp.nan)
    return _with_ends(atoms, masses, free, x, lower, upper)


def _counts_quantile(atoms: Atoms, family: Family, level: Level, params: Params) -> Array:
    masses, rest, _, base = split(atoms, params)
    first, last = (jnp.asarray(end, level.lower.dtype) for end in family.support(**base))
    first, last = jnp.where(rest > 0, first, jnp.inf), jnp.where(rest > 0, last, -jnp.inf)
    for atom, mass in zip(atoms, masses, strict=True):
        first = jnp.where(mass > 0, jnp.minimum(first, atom), first)
        last = jnp.where(mass > 0, jnp.maximum(last, atom), last)
    return quantile_of_counts(level, lambda k: tails(atoms, family, k, params), family.mean(**base), first, last)


def _with_ends(atoms: Atoms, masses: list[Array], free: Array, x: Array, lower: Array, upper: Array) -> Array:
    """At probability 0 and 1 the first and last value with any mass."""
    first, last = (jnp.where(free, x, end) for end in (jnp.inf, -jnp.inf))
    for atom, mass in zip(atoms, masses, strict=True):
        first = jnp.where(mass > 0, jnp.minimum(first, atom), first)
        last = jnp.where(mass > 0, jnp.maximum(last, atom), last)
    known = ~jnp.isnan(x)
    return jnp.where(known & (lower == 0), first, jnp.where(known & (upper == 0), last, x))


def mean(atoms: Atoms, family: Family, params: Params) -> Array:
    """Weighted mean of the atoms and the family's mean."""
    masses, rest, valid, base = split(atoms, params)
    total = sum((mass * atom for atom, mass in zip(atoms, masses, strict=True)), jnp.zeros_like(rest))
    return jnp.where(valid, total + _share(rest, family.mean(**base)), jnp.nan)


def variance(atoms: Atoms, family: Family, params: Params) -> Array:
    """Variance within the parts and between them."""
    masses, rest, _, base = split(atoms, params)
    centre = mean(atoms, family, params)
    between = sum((mass * (atom - centre) ** 2 for atom, mass in zip(atoms, masses, strict=True)), jnp.zeros_like(rest))
    return between + _share(rest, family.variance(**base) + (family.mean(**base) - centre) ** 2)


def mode(atoms: Atoms, family: Family, params: Params) -> Array:
    """Where the density is largest, masses and density per unit compared as they stand."""
    base = split(atoms, params)[3]
    best = family.mode(**base)
    height = logdensity(atoms, family, best, params)
    for atom in atoms:
        other = logdensity(atoms, family, jnp.asarray(atom, height.dtype), params)
        best, height = jnp.where(other >= height, atom, best), jnp.maximum(other, height)
    return jnp.where(jnp.isnan(height), jnp.nan, best)


def entropy(atoms: Atoms, family: Family, params: Params) -> Array:
    """Of the choice between the parts, and the family's within its own; shared values counted once."""
    masses, rest, valid, base = split(atoms, params)
    if not family.discrete:
        choice = sum((_surprise(mass) for mass in masses), _surprise(rest))
        return jnp.where(valid, choice + _share(rest, family.entropy(**base)), jnp.nan)
    total = _surprise(rest) + _share(rest, family.entropy(**base))
    for atom, mass in zip(atoms, masses, strict=True):
        own = rest * jnp.exp(family.logdensity(jnp.asarray(atom, mass.dtype), base))
        total += _surprise(mass + own) - _surprise(own)
    return jnp.where(valid, total, jnp.nan)


def _share(weight: Array, value: Array) -> Array:
    """``weight · value``, nothing of nothing, whatever the value."""
    return jnp.where(weight == 0, 0.0, weight * jnp.where((weight == 0) & jnp.isinf(value), 0.0, value))


def _surprise(p: Array) -> Array:
    return jnp.where(p > 0, -p * jnp.log(safe(p > 0, p, 1.0)), 0.0)


def estimated(atoms: Atoms, family: Family, estimate, x, weights) -> dict[str, Array]:
    """Shares of the atoms, and the family's estimate from all else."""
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    total = jnp.sum(weights, -1)
    free = ~jnp.isin(x, jnp.asarray(atoms, x.dtype))
    shares = jnp.stack([jnp.sum(jnp.where(x == atom, weights, 0.0), -1) / total for atom in atoms], -1)
    return _named(shares) | estimate(safe(free, x, interior(family)), jnp.where(free, weights, 0.0))


def begun(atoms: Atoms, family: Family, estimate, x, weights) -> dict[str, Array]:
    """A rough estimate off the edges: of what a family of counts may share with an atom it is given half."""
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    own = 0.5 if family.discrete else 0.0
    on = jnp.isin(x, jnp.asarray(atoms, x.dtype))
    total = jnp.sum(weights, -1) + 0.5 * (len(atoms) + 1)
    counts = [(1.0 - own) * jnp.sum(jnp.where(x == atom, weights, 0.0), -1) for atom in atoms]
    shares = jnp.stack([(count + 0.5) / total for count in counts], -1)
    inside = x if family.discrete else safe(~on, x, interior(family))
    return _named(shares) | estimate(inside, jnp.where(on, own * weights, weights))


def _named(shares: Array) -> dict[str, Array]:
    return {"prob": shares[..., 0]} if shares.shape[-1] == 1 else {"probs": shares}
