r"""The divergence between two laws of any family: closed form where there is one, else a sum that knows its error.

.. math:: D(p \,\|\, q) = \int p(x) \log \frac{p(x)}{q(x)}\, dx
    = \int \log\frac{p}{q}\big(F^{-1}(u(t))\big)\, u (1 - u)\, dt, \qquad u(t) = \frac{1}{1 + e^{-t}}

In the log odds t of the truth's cdf the integrand falls off like e^{−\|t\|}, for which the trapezoidal rule is at its
best. Counts are summed one by one while there are few enough of them, else every so many, by the same rule.

References:
    Trefethen, L. N. and Weideman, J. A. C. (2014). The exponentially convergent trapezoidal rule. SIAM Review 56.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import finfo, promote, safe
from jprob.information.families import CLOSED_FORMS

__all__ = ["Divergence", "kl_families"]

_REACH = 42.0  # log odds: what lies beyond has a mass of 6e-19
_STEP = 0.125
_COUNTS = 4096

_METHODS = ("auto", "closed_form", "numerical")


class Divergence(NamedTuple):
    """A divergence and how far to trust it.

    Attributes:
        kl: in nats, shape ``(...)``.
        error: estimate of its absolute error: of the rule, from the same sum with half the points, and of rounding.
        closed_form: whether it was a formula.
    """

    kl: Array
    error: Array
    closed_form: Array


def kl_families(
    family: Any,
    p: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    q: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    *,
    method: str = "auto",
) -> Divergence:
    r"""Kullback–Leibler divergence between two laws of one family, :math:`D(p \,\|\, q)`.

    In closed form for bernoulli, binomial (of one size), geometric, poisson, negative_binomial (of one ``r``), uniform,
    normal, lognormal, halfnormal, laplace, cauchy, exponential, gamma, inverse_gamma, weibull, pareto and beta, to nearly
    all digits however close the laws are. Where sizes or ``r`` differ that is ``nan``; ask for ``"numerical"``. A sum over
    the truth's quantiles cannot tell laws apart that agree to its rounding: read ``error``.

    Args:
        family: a family of :mod:`jprob.density`, or its module.
        p: parameters of the truth by name, or in the family's order; arrays broadcast. q: of the belief.
        method: ``"auto"``, ``"closed_form"`` or ``"numerical"``.

    Returns:
        :class:`Divergence`, fields of the broadcast shape; inf where the belief excludes what the truth does not, ``nan``
        for invalid parameters.

    Raises:
        ValueError: parameters that the family does not have; no such method; no closed form where one is asked for.

    Example:
        >>> from jprob.density import exponential
        >>> result = kl_families(exponential, {"rate": 1.0}, {"rate": 2.0})
        >>> round(float(result.kl), 6), bool(result.closed_form)  # 1 - log 2
        (0.306853, True)
    """
    family = getattr(family, "family", family)
    if method not in _METHODS:
        raise ValueError(f"`method` must be one of {', '.join(_METHODS)}; got {method!r}.")
    form = CLOSED_FORMS.get(family.name)
    if method == "closed_form" and form is None:
        raise ValueError(f"`family` must have a closed form; got {family.name}.")
    names = family.parameters
    values = jnp.broadcast_arrays(*promote(*_in_order(family, "p", p), *_in_order(family, "q", q)))
    valid = jnp.all(jnp.stack([_allowed(family, x, y) for x, y in zip(names * 2, values, strict=True)]), 0)
    if family.name == "uniform":
        valid = valid & (values[0] < values[1]) & (values[2] < values[3])
    values = [safe(valid, v, family.example_params[name]) for name, v in zip(names * 2, values, strict=True)]
    truth, belief = (dict(zip(names, half, strict=True)) for half in (values[: len(names)], values[len(names) :]))
    if form is not None and method != "numerical":
        value = form(truth, belief)
        error = 16.0 * finfo(value).eps * jnp.abs(value)
    else:
        value, error = (_over_counts if family.discrete else _over_line)(family, truth, belief)
    exact = jnp.asarray(form is not None and method != "numerical")
    value, error = (jnp.where(valid, v, jnp.nan) for v in (value, error))
    return Divergence(value, error, jnp.broadcast_to(exact, value.shape))


def _in_order(family: Any, argument: str, params: Mapping[str, ArrayLike] | Sequence[ArrayLike]) -> list[ArrayLike]:
    if not isinstance(params, Mapping):
        if len(params) != len(family.parameters):
            raise ValueError(f"`{argument}` must give {', '.join(family.parameters)}; got {len(params)} values.")
        params = dict(zip(family.parameters, params, strict=True))
    if set(params) != set(family.parameters):
        raise ValueError(
            f"`{argument}` must give {', '.join(family.parameters)}; got {', '.join(params) or 'nothing'}."
        )
    return [params[name] for name in family.parameters]


def _allowed(family: Any, name: str, x: Array) -> Array:
    kind = family.constraints[name]
    if kind == "unit_interval":
        attained = family.name in ("bernoulli", "binomial")
        return (x <= 1) & ((x >= 0) if attained else (x > 0))
    if kind == "count":
        return (x >= 0) & (x == jnp.floor(x)) & jnp.isfinite(x)
    return jnp.isfinite(x) & ((x > 0) | (kind == "real"))


def _gain(family: Any, x: Array, truth: Mapping[str, Array], belief: Mapping[str, Array]) -> tuple[Array, Array]:
    """Log density of the truth, and by how much it exceeds the belief's; nothing where the truth has none."""
    own, other = family.logdensity(x, truth), family.logdensity(x, belief)
    there = own > -jnp.inf
    return own, jnp.where(there, safe(there, own, 0.0) - safe(there, other, 0.0), 0.0)


def _over_line(family: Any, truth: Mapping[str, Array], belief: Mapping[str, Array]) -> tuple[Array, Array]:
    like = next(iter(truth.values()))
    num = round(_REACH / _STEP)
    t = (_STEP * jnp.arange(-num, num + 1)).astype(like.dtype).reshape(-1, *(1,) * like.ndim)
    tail = jax.nn.sigmoid(-jnp.abs(t))
    x = jnp.where(t < 0, family.ppf(tail, **truth), family.isf(tail, **truth))
    own, gain = _gain(family, lax.stop_gradient(x), truth, belief)
    # dx = u (1 - u) dt / p(x); the points stand still, so the slope in the truth is that of its density there
    weight = _STEP * tail * (1.0 - tail) * jnp.exp(own - lax.stop_gradient(own))
    return _summed(gain, weight)


def _over_counts(family: Any, truth: Mapping[str, Array], belief: Mapping[str, Array]) -> tuple[Array, Array]:
    like = next(iter(truth.values()))
    tail = jnp.asarray(jax.nn.sigmoid(-_REACH), like.dtype)
    low, high = (lax.stop_gradient(jnp.asarray(f(tail, **truth), like.dtype)) for f in (family.ppf, family.isf))
    stride = jnp.maximum(jnp.ceil((high - low + 1.0) / _COUNTS), 1.0)
    index = jnp.arange(_COUNTS, dtype=like.dtype).reshape(-1, *(1,) * like.ndim)
    k = low + stride * index
    own, gain = _gain(family, jnp.minimum(k, high), truth, belief)
    weight = jnp.where(k <= high, stride * jnp.exp(own), 0.0)
    # one by one there is no rule, and half of the points say nothing
    return _summed(gain, weight, stride > 1)


def _summed(gain: Array, weight: Array, by_rule: Array | bool = True) -> tuple[Array, Array]:
    """The sum, and its distance from that of every other point, with what rounding may have done."""
    terms = jnp.where(weight > 0, weight * gain, 0.0)
    value, coarse = jnp.sum(terms, 0), 2.0 * jnp.sum(terms[::2], 0)
    rounding = finfo(value).eps * jnp.sum(weight * (1.0 + jnp.abs(gain)), 0)
    known = jnp.isfinite(value)
    error = rounding + jnp.where(by_rule, jnp.abs(value - safe(known, coarse, 0.0)), 0.0)
    return value, jnp.where(known, error, jnp.where(jnp.isnan(value), jnp.nan, 0.0))
