r"""The mean log density of a sample as a function of the parameters, from as few numbers as determine it.

Of an exponential family with sufficient statistics T the mean log density is that of one value, linear in the rest:

.. math:: \frac1n \sum_i \log f(x_i) = \log f(m) + \eta \cdot \big(\bar T - T(m)\big)

which keeps its digits where the usual sum of large terms loses them. Student's t needs all values, but not their
densities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

import jax.numpy as jnp
from jax import Array

from jprob import density
from jprob._array import closed_form, finfo, safe
from jprob.density import Family
from jprob.special import digamma_less_log, trigamma

__all__ = ["known", "mean_log_density", "quick_estimates", "the_family"]

type Params = Mapping[str, Array]
type MeanLogDensity = Callable[[Params], Array]


def mean_log_density(family: Family, x: Array, share: Array) -> MeanLogDensity:
    """``params -> sum(share * logdensity(x, params))`` of one sample of shape ``(n, ...)``, shares summing to one."""

    def value(params: Params) -> Array:
        each = family.logdensity(x, params)
        return jnp.sum(jnp.where(share > 0, share * safe(share > 0, each, 0.0), 0.0))

    name = known(family)
    if name not in _SHORT:
        return value
    short = _SHORT[name](family, x, share)

    def shorter(params: Params) -> Array:
        shared = all(jnp.ndim(p) <= family.event_ndim for p in params.values())
        return short(params) if shared else value(params)

    return shorter


def the_family(family: Family | ModuleType) -> Family:
    """The family itself, where its module may stand for it."""
    found = getattr(family, "family", family)
    if not isinstance(found, Family):
        raise ValueError(f"`family` must be a family of jprob.density, as density.gamma; got {family!r}.")
    return found


def known(family: Family) -> str | None:
    """The name of one of the house's own families; ``None`` for another that may share its name."""
    module = getattr(density, family.name, None)
    return family.name if getattr(module, "family", None) == family else None


def quick_estimates(family: Family, x: Array, share: Array) -> dict[str, Array] | None:
    """What the same few numbers say of the parameters, where that is nearly all; else ``None``.

    References:
        Minka, T. (2002). Estimating a gamma distribution: the start, and a step that converges faster than Newton's.
    """
    if known(family) != "gamma":
        return None
    mean = _mean(x, share)
    bend = jnp.maximum(_bend(x, share, mean), finfo(x).eps)
    k = (3.0 - bend + jnp.sqrt((bend - 3.0) ** 2 + 24.0 * bend)) / (12.0 * bend)
    for _ in range(2):
        k = 1.0 / (1.0 / k - (bend + digamma_less_log(k)) / (k - k * k * trigamma(k)))
    return {"concentration": k, "rate": k / mean}


def _mean(x: Array, share: Array) -> Array:
    if share.ndim == 0:
        return share * jnp.sum(x, 0)  # a table of equal shares would be read as often as the data
    return jnp.sum(share.reshape(share.shape + (1,) * (x.ndim - 1)) * x, 0)


def _bend(x: Array, share: Array, mean: Array) -> Array:
    """``log(mean) - mean(log x)``, never negative; where all values are alike the subtraction of one is exact."""
    ratio = x * (1.0 / mean)  # its rounding is common to all, and its effect of second order
    return _mean((ratio - 1.0) - jnp.log(ratio), share)


def _gamma(family: Family, x: Array, share: Array) -> MeanLogDensity:
    mean = _mean(x, share)
    bend = _bend(x, share, mean)
    return lambda params: family.logdensity(mean, params) - (params["concentration"] - 1.0) * bend


def _inverse_gamma(family: Family, x: Array, share: Array) -> MeanLogDensity:
    inverse = _mean(1.0 / x, share)
    bend = _bend(1.0 / x, share, inverse)
    return lambda params: family.logdensity(1.0 / inverse, params) - (params["concentration"] + 1.0) * bend


def _beta(family: Family, x: Array, share: Array) -> MeanLogDensity:
    mean = _mean(x, share)
    low, high = _bend(x, share, mean), _bend(1.0 - x, share, 1.0 - mean)
    return lambda params: family.logdensity(mean, params) - (params["a"] - 1.0) * low - (params["b"] - 1.0) * high


def _dirichlet(family: Family, x: Array, share: Array) -> MeanLogDensity:
    mean = _mean(x, share)
    bend = _bend(x, share, mean)
    return lambda params: family.logdensity(mean, params) - jnp.sum((params["concentration"] - 1.0) * bend, -1)


def _student_t(family: Family, x: Array, share: Array) -> MeanLogDensity:
    lost = _mean_log_growth(x, share)

    def value(params: Params) -> Array:
        df, loc, scale = (jnp.asarray(p, x.dtype) for p in (params.get("df", 1.0), params["loc"], params["scale"]))
        return family.logdensity(loc, params) - 0.5 * (df + 1.0) * lost(df, loc, scale)

    return value


def _mean_log_growth(x: Array, share: Array) -> Callable[[Array, Array, Array], Array]:
    """The mean of ``log(1 + z²/df)`` and its first two derivatives, from five sums over the values."""

    def parts(df: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
        z = (x - loc) / scale
        growth = z * z / df
        return z, growth, 1.0 / (1.0 + growth)

    def total(each: Array) -> Array:
        return jnp.sum(share * each)

    def far_slopes(df: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
        z, growth, y = parts(df, loc, scale)
        bent = total(growth * y * y)
        return -bent / df, -2.0 * total(z * y * y) / (df * scale), -2.0 * bent / scale

    @closed_form(far_slopes)
    def far(df: Array, loc: Array, scale: Array) -> Array:
        _, growth, y = parts(df, loc, scale)
        return total(growth * y)

    def pull_slopes(df: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
        z, growth, y = parts(df, loc, scale)
        once, twice = total(z * y), total(z * y * y)
        by_loc = 2.0 * total(growth * y * y) - 1.0 + total(growth * y)
        return (once - twice) / df, by_loc / scale, (once - 2.0 * twice) / scale

    @closed_form(pull_slopes)
    def pull(df: Array, loc: Array, scale: Array) -> Array:
        z, _, y = parts(df, loc, scale)
        return total(z * y)

    def slopes(df: Array, loc: Array, scale: Array) -> tuple[Array, Array, Array]:
        away = far(df, loc, scale)
        return -away / df, -2.0 * pull(df, loc, scale) / (df * scale), -2.0 * away / scale

    @closed_form(slopes)
    def value(df: Array, loc: Array, scale: Array) -> Array:
        return total(jnp.log1p(parts(df, loc, scale)[1]))

    return value


_SHORT = {
    "gamma": _gamma,
    "inverse_gamma": _inverse_gamma,
    "beta": _beta,
    "dirichlet": _dirichlet,
    "student_t": _student_t,
    "cauchy": _student_t,
}
