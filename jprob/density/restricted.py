r"""A family kept to an interval: what lies outside is not there (truncated), or is only known to lie there (censored).

.. math:: f(x \mid l \le X \le h) = \frac{f(x)}{F(h) - F(l)}, \qquad
    P(\text{at } l) = F(l), \quad P(\text{at } h) = 1 - F(h)

A truncated sample has lost the rows outside; a censored one has them, at the bound. Taking one for the other biases an
estimate.

References:
    Tobin, J. (1958). Estimation of relationships for limited dependent variables. Econometrica 26.
    Cohen, A. C. (1991). Truncated and Censored Samples. Dekker.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jprob._array import concrete, finfo, is_float64, safe
from jprob.density import _expectation
from jprob.density._derived import (
    Level,
    Params,
    derived,
    interior,
    plain_family,
    quantile_of_counts,
    rough_estimate,
    tails_of,
)
from jprob.density.family import Family
from jprob.special import Tails

__all__ = ["censored", "truncated"]

_NEWTON_STEPS = 24
_FEW = 12
_LOG_HALF = -0.6931

type LogTails = tuple[Array, Array]


def truncated(
    family: Family | ModuleType, low: ArrayLike | None = None, high: ArrayLike | None = None, *, name: str | None = None
) -> Family:
    """The law of ``family`` given that it lies in [low, high], both ends included.

    The interval's probability is the difference of the two smaller tails in logs, so that a tail of probability 1e-30 is as
    good as the middle; where even that cancels, the density is added up over the interval. Mean, variance and entropy are
    sums over quantiles. No closed-form ``mle``; ``start`` is the family's own.

    Args:
        family: a family of numbers, or its module.
        low: lower end, shape broadcasting against values; none by default. high: upper end.
        name: of the result; ``"truncated_<family>"`` by default.

    Returns:
        A :class:`~jprob.density.family.Family` with the parameters of ``family``.

    Raises:
        ValueError: no end; ends that are not in order or nan; a family of vectors or with atoms.

    Example:
        >>> from jprob.density import exponential
        >>> law = truncated(exponential, high=1.0)
        >>> round(float(law.cdf(0.5, rate=1.0)), 5)  # (1 - e^-.5) / (1 - e^-1)
        0.62246
    """
    family = _restrictable(family, low, high)
    low, high = (-jnp.inf if low is None else low), (jnp.inf if high is None else high)
    law = _Interval(family, low, high)

    def ends(params: Params) -> tuple[Array, Array]:
        least, most = (jnp.asarray(end) for end in family.support(**params))
        return jnp.maximum(least, law.low), jnp.minimum(most, law.high)

    return derived(
        name or f"truncated_{family.name}",
        discrete=family.discrete,
        constraints=family.constraints,
        example_params=family.example_params,
        support=ends,
        logdensity=law.logdensity,
        tails=law.tails,
        quantile=law.quantile,
        moments=dict(_expectation.moments(family.discrete, law.logdensity, law.quantile))
        | {"mode": lambda params: jnp.clip(family.mode(**params), *ends(params))},
        start=rough_estimate(family),
    )


def censored(
    family: Family | ModuleType, low: ArrayLike | None = None, high: ArrayLike | None = None, *, name: str | None = None
) -> Family:
    """The law of ``family`` with every value below ``low`` recorded as ``low``, every one above ``high`` as ``high``.

    At a bound the density is the mass of what lies there and beyond. A bound for each row, as a time at which following
    ended, is an array that broadcasts against the data: ``estimate.mle(censored(weibull, high=followed), times)``.

    Args:
        family: a family of numbers, or its module.
        low: lower bound, shape broadcasting against values; none by default. high: upper bound.
        name: of the result; ``"censored_<family>"`` by default.

    Returns:
        A :class:`~jprob.density.family.Family` with the parameters of ``family`` and the bounds as ``atoms``.

    Raises:
        ValueError: no bound; bounds that are not in order or nan; a family of vectors or with atoms.

    Example:
        >>> from jprob.density import exponential
        >>> law = censored(exponential, high=2.0)
        >>> float(law.logdensity(2.0, {"rate": 1.0}))  # all of the tail: e^-2
        -2.0
        >>> float(law.cdf(2.0, rate=1.0))
        1.0
    """
    family = _restrictable(family, low, high)
    low, high = (-jnp.inf if low is None else low), (jnp.inf if high is None else high)
    law = _Clipped(family, low, high)

    def ends(params: Params) -> tuple[Array, Array]:
        least, most = (jnp.clip(jnp.asarray(end), law.low, law.high) for end in family.support(**params))
        return least, most

    return derived(
        name or f"censored_{family.name}",
        discrete=family.discrete,
        constraints=family.constraints,
        example_params=family.example_params,
        support=ends,
        logdensity=law.logdensity,
        tails=law.tails,
        quantile=law.quantile,
        moments={"mean": law.mean, "variance": law.variance, "mode": law.mode, "entropy": law.entropy},
        start=rough_estimate(family),
        atoms=() if family.discrete else tuple(bound for bound in (low, high) if not np.all(np.isinf(bound))),
    )


def _restrictable(family: Family | ModuleType, low: ArrayLike | None, high: ArrayLike | None) -> Family:
    found = plain_family(family, "family")
    if low is None and high is None:
        raise ValueError("`low` or `high` must be given; got neither.")
    if low is not None and high is not None and concrete(low, high):
        ordered = np.asarray(low) <= np.asarray(high) if found.discrete else np.asarray(low) < np.asarray(high)
        if not np.all(ordered):
            raise ValueError(f"`low` must lie below `high`; got {low} and {high}.")
    return found


class _Interval:
    """The mathematics of one truncation, as functions of promoted arrays and parameters by name."""

    def __init__(self, family: Family, low: ArrayLike, high: ArrayLike):
        self.family = family
        self.low = np.ceil(low) if family.discrete and concrete(low) else low
        self.high = np.floor(high) if family.discrete and concrete(high) else high

    def log_mass(self, params: Params, like: Array) -> Array:
        """Log probability of the whole interval."""
        low, high = self.ends(like)
        return self.between(low, high, self.before(low, params), self.logs(high, params), params)

    def logs(self, x: Array, params: Params) -> LogTails:
        return self.family.logcdf(x, **params), self.family.logsf(x, **params)

    def before(self, x: Array, params: Params) -> LogTails:
        """Log tails at the last value before ``x``."""
        return self.logs(x - 1.0 if self.family.discrete else x, params)

    def between(self, low: Array, high: Array, a: LogTails, b: LogTails, params: Params) -> Array:
        """Log probability of [low, high], or of low..high for counts, from the log tails before and at its ends."""
        right = a[0] > _LOG_HALF  # both tails from the side on which they are small
        larger, smaller = jnp.where(right, a[1], b[0]), jnp.where(right, b[1], a[0])
        gap = smaller - larger
        none = gap == -jnp.inf
        less = jnp.log(-jnp.expm1(safe(~none & (gap < 0), gap, -1.0)))
        wide = jnp.where(none, larger, jnp.where(gap < 0, larger + less, jnp.where(jnp.isnan(gap), gap, -jnp.inf)))
        narrow = -gap < (1e-5 if is_float64(gap) else 5e-3)  # what their difference has lost
        narrow &= (high >= low) & (high - low < _FEW) if self.family.discrete else high > low
        return jnp.where(narrow, self._added_up(low, high, narrow, params), wide)

    def _added_up(self, low: Array, high: Array, narrow: Array, params: Params) -> Array:
        """The same for few counts, or for an interval in which the density hardly changes."""
        least, most = (jnp.asarray(end, low.dtype) for end in self.family.support(**params))
        low, high = safe(narrow, jnp.maximum(low, least), 0.0), safe(narrow, jnp.minimum(high, most), 1.0)
        axis = (-1, *(1,) * jnp.broadcast_arrays(low, high, *params.values())[0].ndim)
        if self.family.discrete:
            x = low + jnp.arange(_FEW, dtype=low.dtype).reshape(axis)
            log_weight = jnp.where(x <= high, 0.0, -jnp.inf)
        else:
            nodes, weights = (jnp.asarray(v, low.dtype).reshape(axis) for v in np.polynomial.legendre.leggauss(_FEW))
            x = 0.5 * (low + high) + 0.5 * (high - low) * nodes
            log_weight = jnp.log(0.5 * weights) + jnp.log(safe(high > low, high - low, 1.0))
        return logsumexp(self.family.logdensity(x, params) + log_weight, 0)

    def ends(self, x: Array) -> tuple[Array, Array]:
        return jnp.asarray(self.low, x.dtype), jnp.asarray(self.high, x.dtype)

    def logdensity(self, x: Array, params: Params) -> Array:
        low, high = self.ends(x)
        inside = (x >= low) & (x <= high)
        own = self.family.logdensity(safe(inside | jnp.isnan(x), x, interior(self.family)), params)
        value = own - self.log_mass(params, x)
        return jnp.where(inside | jnp.isnan(value), value, -jnp.inf)

    def tails(self, x: Array, params: Params) -> Tails:
        return self.tails_within(x, params)(x)

    def tails_within(self, like: Array, params: Params) -> Callable[[Array], Tails]:
        """The tails as a function that has what depends on the interval alone."""
        low, high = self.ends(like)
        a, b = self.before(low, params), self.logs(high, params)
        total = self.between(low, high, a, b, params)

        def tails(x: Array) -> Tails:
            k = jnp.floor(x) if self.family.discrete else x
            at = jnp.clip(k, low, high)
            here, after = self.logs(at, params), at + 1.0 if self.family.discrete else at
            log_lower = jnp.minimum(self.between(low, at, a, here, params) - total, 0.0)
            log_upper = jnp.minimum(self.between(after, high, here, b, params) - total, 0.0)
            log_lower = jnp.where(k < low, -jnp.inf, jnp.where(k >= high, 0.0, log_lower))
            log_upper = jnp.where(k < low, 0.0, jnp.where(k >= high, -jnp.inf, log_upper))
            known = ~jnp.isnan(x) & ~jnp.isnan(total)
            result = Tails(jnp.exp(log_lower), jnp.exp(log_upper), log_lower, log_upper)
            return Tails(*(jnp.where(known, t, jnp.nan) for t in result))

        return tails

    def quantile(self, level: Level, params: Params) -> Array:
        lower, upper, _ = level
        low, high = self.ends(lower)
        if self.family.discrete:
            least, most = (jnp.asarray(end, lower.dtype) for end in self.family.support(**params))
            low, high = jnp.maximum(low, least), jnp.minimum(high, most)
            return quantile_of_counts(level, self.tails_within(lower, params), self.family.mean(**params), low, high)
        a, b = tails_of(self.family, low, params), tails_of(self.family, high, params)
        mass = jnp.where(a.lower > 0.5, a.upper - b.upper, b.lower - a.lower)
        below, above = a.lower + lower * mass, b.upper + upper * mass  # the family's own tails at the quantile
        least = 1e6 * finfo(mass).tiny
        x = jnp.where(
            below <= above,
            self.family.ppf(jnp.maximum(below, least), **params),
            self.family.isf(jnp.maximum(above, least), **params),
        )
        x = jnp.clip(x, low, high)
        deep = jnp.minimum(below, above) < least
        x = jnp.where(deep, self._deep(x, below > above, level, params), x)
        first = jnp.maximum(low, self.family.ppf(jnp.zeros_like(lower), **params))
        last = jnp.minimum(high, self.family.isf(jnp.zeros_like(lower), **params))
        x = jnp.where(lower == 0, first, jnp.where(upper == 0, last, x))
        return jnp.where(level.possible & ~jnp.isnan(a.lower), x, jnp.nan)

    def _deep(self, start: Array, right: Array, level: Level, params: Params) -> Array:
        """The quantile where the family's tail there underflows, by Newton's method on the log of it."""
        low, high = self.ends(start)
        a, b = tails_of(self.family, low, params), tails_of(self.family, high, params)
        here = (a.log_upper, b.log_upper, b.log_lower, a.log_lower)
        near, far = (jnp.where(right, *pair) for pair in ((here[0], here[2]), (here[1], here[3])))
        p, q = (jnp.where(right, *pair) for pair in ((level.upper, level.lower), (level.lower, level.upper)))
        target = jnp.logaddexp(near + jnp.log(p), far + jnp.log(q))

        def step(x: Array, params: Params, target: Array) -> Array:
            log_tail = jnp.where(right, self.family.logsf(x, **params), self.family.logcdf(x, **params))
            hazard = lax.stop_gradient(jnp.exp(self.family.logdensity(x, params) - log_tail))
            moved = x + jnp.where(right, 1.0, -1.0) * (log_tail - target) / hazard
            return jnp.where(jnp.isfinite(moved), jnp.clip(moved, low, high), x)

        start, still, fixed = lax.stop_gradient((start + jnp.zeros_like(target), dict(params), target))
        root = lax.fori_loop(0, _NEWTON_STEPS, lambda _, x: step(x, still, fixed), start)
        return step(root, params, target)  # the last step carries the slopes


class _Clipped(_Interval):
    """The mathematics of one censoring."""

    def masses(self, params: Params, x: Array) -> tuple[Array, Array, Array, Array]:
        """Bounds, and the logs of what lies at or below the lower one and at or above the upper one."""
        low, high = self.ends(x)
        above = self.family.logsf(high - 1.0 if self.family.discrete else high, **params)
        return low, high, self.family.logcdf(low, **params), above

    def logdensity(self, x: Array, params: Params) -> Array:
        low, high, at_low, at_high = self.masses(params, x)
        inside = (x > low) & (x < high)
        own = self.family.logdensity(safe(inside | jnp.isnan(x), x, interior(self.family)), params)
        value = jnp.where(x == low, at_low, jnp.where(x == high, at_high, -jnp.inf))
        return jnp.where(inside | jnp.isnan(own), own, value)

    def tails(self, x: Array, params: Params) -> Tails:
        low, high = self.ends(x)
        own = tails_of(self.family, x, params)
        return Tails(
            *(
                jnp.where(jnp.isnan(t), t, jnp.where(x < low, below, jnp.where(x >= high, beyond, t)))
                for t, below, beyond in zip(own, (0.0, 1.0, -jnp.inf, 0.0), (1.0, 0.0, 0.0, -jnp.inf), strict=True)
            )
        )

    def quantile(self, level: Level, params: Params) -> Array:
        lower, upper, _ = level
        x = jnp.where(level.by_lower, self.family.ppf(lower, **params), self.family.isf(upper, **params))
        return jnp.clip(x, *self.ends(x))

    def _parts(self, params: Params):
        """The bounds with their masses, and the law between them with its mass."""
        step = 1.0 if self.family.discrete else 0.0
        between = _Interval(self.family, self.low + step, self.high - step)
        like = jnp.broadcast_arrays(*params.values())[0]
        low, high, at_low, at_high = self.masses(params, like)
        p, q = jnp.exp(at_low), jnp.exp(at_high)
        within = _expectation.moments(self.family.discrete, between.logdensity, between.quantile)
        ends = ((jnp.where(p > 0, low, 0.0), p), (jnp.where(q > 0, high, 0.0), q))
        return ends, within, jnp.exp(between.log_mass(params, like))

    def mean(self, params: Params) -> Array:
        ends, within, mass = self._parts(params)
        return sum((bound * p for bound, p in ends), mass * within["mean"](params))

    def variance(self, params: Params) -> Array:
        ends, within, mass = self._parts(params)
        centre = self.mean(params)
        inside = mass * (within["variance"](params) + (within["mean"](params) - centre) ** 2)
        return sum((p * (bound - centre) ** 2 for bound, p in ends), inside)

    def mode(self, params: Params) -> Array:
        best = jnp.clip(self.family.mode(**params), *self.ends(next(iter(params.values()))))
        height = self.logdensity(best, params)
        for bound in self.ends(height):
            other = self.logdensity(bound, params)
            better = jnp.isfinite(bound) & (other > height)
            best, height = jnp.where(better, bound, best), jnp.where(better, other, height)
        return jnp.where(jnp.isnan(height), jnp.nan, best)

    def entropy(self, params: Params) -> Array:
        ends, within, mass = self._parts(params)
        choice = sum((-p * jnp.log(safe(p > 0, p, 1.0)) for _, p in ends), -mass * jnp.log(safe(mass > 0, mass, 1.0)))
        return choice + mass * within["entropy"](params)
