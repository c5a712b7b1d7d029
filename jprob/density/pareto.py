r"""Pareto: a quantity above ``scale`` whose tail falls as a power.

.. math:: f(x) = \frac{\alpha\, s^\alpha}{x^{\alpha+1}}, \quad x \ge s

All functions take the value first, then ``alpha`` and ``scale`` s, positive, and broadcast; results keep the floating
dtype. ``nan`` for invalid parameters, missing values stay ``nan``.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (1994). Continuous Univariate Distributions, vol. 1, chapter 20.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, promote, safe
from jprob.density._hazard import (
    cdf_of,
    drawn_hazard,
    extended,
    finite,
    hazard_at_cdf,
    hazard_at_sf,
    logcdf_at,
    logsf_of,
    sf_of,
    with_rest,
)
from jprob.density._positive import positive
from jprob.density.family import family_of
from jprob.special import Pair
from jprob.special import pair as pairs
from jprob.special.power import log_quotient_parts, log_ratio_parts, product, scaled_exp, short_product

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logpdf",
    "logsf",
    "mean",
    "mle",
    "mode",
    "pdf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


def _valid(alpha: Array, scale: Array) -> Array:
    return positive(alpha) & positive(scale)


_log_ratio = with_rest(lambda x, scale: (1.0 / x, -1.0 / scale))(log_ratio_parts)


@closed_form(lambda x, alpha, scale: (-1.0 / x, -1.0 / alpha / alpha, 1.0 / scale))
def _by_alpha(x: Array, alpha: Array, scale: Array) -> Array:
    """``1 / alpha − log(x / scale)``, which cancels near the estimate."""
    hazard = product(alpha, log_ratio_parts(x, scale))
    return ((1.0 - hazard.hi) - hazard.lo) / alpha


def _slopes(x: Array, alpha: Array, scale: Array) -> tuple[Array, Array, Array]:
    inside = (x >= scale) & (x < jnp.inf)
    x = safe(inside, x, 1.0)
    return (
        jnp.where(inside, finite(-(alpha + 1.0) / x), 0.0),
        jnp.where(inside, _by_alpha(x, alpha, scale), 0.0),
        jnp.where(inside, finite(alpha / scale), 0.0),
    )


@closed_form(_slopes)
def _log_density(x: Array, alpha: Array, scale: Array) -> Array:
    log, hazard = log_quotient_parts(alpha, x), short_product(alpha, log_ratio_parts(x, scale))
    value = (log.hi - hazard.hi) + (log.lo - hazard.lo)  # both heads are exact
    outside = jnp.where(x == x, -jnp.inf, jnp.nan)
    return jnp.where(_valid(alpha, scale), jnp.where((x >= scale) & (x < jnp.inf), value, outside), jnp.nan)


@elementwise
def logpdf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    r"""Log density at ``x``.

    .. math:: \log\alpha - \log x - \alpha \log(x/s)

    −inf below ``scale``; at ``scale`` it is log(α/s). A density may exceed one: it is a relative likelihood, not a
    probability.

    Args:
        x: points, shape ``(...)``. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``, in nats.

    Example:
        >>> round(float(logpdf(2.0, 2.0, 1.0)), 6)  # log 1/4
        -1.386294
    """
    return _log_density(*promote(x, alpha, scale))


@elementwise
def pdf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Density at ``x``, per unit of ``x``.

    Args:
        x: points. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``.

    Example:
        >>> round(float(pdf(2.0, 2.0, 1.0)), 6)
        0.25
    """
    return jnp.exp(logpdf(x, alpha, scale))


@with_rest(lambda x, alpha, scale: (finite(alpha / x), pairs.total(_log_ratio(x, scale)), finite(-alpha / scale)))
def _inner_hazard(x: Array, alpha: Array, scale: Array) -> Pair:
    return product(alpha, log_ratio_parts(x, scale))


def _hazard(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Pair:
    x, alpha, scale = promote(x, alpha, scale)
    valid = _valid(alpha, scale) & (x == x)
    inside = valid & (x >= scale) & (x < jnp.inf)
    outside = jnp.where(valid, jnp.where(x > scale, jnp.inf, 0.0), jnp.nan)
    return extended(inside, _inner_hazard(*(safe(inside, v, 1.0) for v in (x, alpha, scale))), outside)


@elementwise
def cdf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of at most ``x``, 1 − (s/x)^α.

    Args:
        x: points. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(cdf(2.0, 2.0, 1.0)), 6)
        0.75
    """
    return cdf_of(_hazard(x, alpha, scale))


@elementwise
def sf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Probability of more than ``x``, (s/x)^α.

    Args:
        x: points. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``, with relative accuracy however small.

    Example:
        >>> round(float(sf(2.0, 2.0, 1.0)), 6)
        0.25
    """
    return sf_of(_hazard(x, alpha, scale))


@elementwise
def logcdf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        x: points. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``, in nats.

    Example:
        >>> round(float(logcdf(2.0, 1.0, 1.0)), 6)  # log 1/2
        -0.693147
    """
    return logcdf_at(_hazard(x, alpha, scale))


@elementwise
def logsf(x: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Log of :func:`sf`, −α log(x/s).

    Args:
        x: points. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(x, alpha, scale)``, in nats.

    Example:
        >>> round(float(logsf(2.0, 1000.0, 1.0)), 3)  # -1000 log 2
        -693.147
    """
    return logsf_of(_hazard(x, alpha, scale))


def _quantile_slopes(hi: Array, lo: Array, alpha: Array, scale: Array) -> tuple[Array, ...]:
    x = _inner_quantile(hi, lo, alpha, scale)
    return finite(x / alpha), jnp.zeros_like(lo), finite(-x * (hi / alpha / alpha)), x / scale


@closed_form(_quantile_slopes)
def _inner_quantile(hi: Array, lo: Array, alpha: Array, scale: Array) -> Array:
    return scaled_exp(scale, pairs.div(Pair(hi, lo), pairs.pair(alpha)))


def _quantile(hazard: Pair, alpha: ArrayLike, scale: ArrayLike) -> Array:
    alpha, scale = promote(alpha, scale)
    valid = _valid(alpha, scale)
    inside = valid & (hazard.hi < jnp.inf)
    x = _inner_quantile(safe(inside, hazard.hi, 1.0), hazard.lo, safe(inside, alpha, 1.0), safe(inside, scale, 1.0))
    return jnp.where(inside, x, jnp.where(valid, hazard.hi, jnp.nan))


@elementwise
def ppf(q: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile: the point with cdf ``q``.

    Args:
        q: probabilities in [0, 1]. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(q, alpha, scale)``; differentiable in all three.

    Example:
        >>> round(float(ppf(0.75, 2.0, 1.0)), 6)
        2.0
    """
    q, alpha, scale = promote(q, alpha, scale)
    return _quantile(hazard_at_cdf(q), alpha, scale)


@elementwise
def isf(q: ArrayLike, alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Quantile from above: the point with sf ``q``, s q^(−1/α).

    Args:
        q: upper-tail probabilities in [0, 1]. alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(q, alpha, scale)``, inf where that overflows; differentiable in all three.

    Example:
        >>> round(float(isf(1e-30, 30.0, 1.0)), 5)
        10.0
    """
    q, alpha, scale = promote(q, alpha, scale)
    return _quantile(hazard_at_sf(q), alpha, scale)


@elementwise
def mean(alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Mean, α s / (α − 1); inf for α ≤ 1.

    Args:
        alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(alpha, scale)``.

    Example:
        >>> float(mean(3.0, 2.0)), float(mean(1.0, 2.0))
        (3.0, inf)
    """
    alpha, scale = promote(alpha, scale)
    value = scale + scale / safe(alpha > 1, alpha - 1.0, 1.0)
    return jnp.where(_valid(alpha, scale), jnp.where(alpha > 1, value, jnp.inf), jnp.nan)


@elementwise
def variance(alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Variance, (s / (α − 1))² α / (α − 2); inf for α ≤ 2.

    Args:
        alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(alpha, scale)``.

    Example:
        >>> float(variance(3.0, 2.0)), float(variance(2.0, 1.0))
        (3.0, inf)
    """
    alpha, scale = promote(alpha, scale)
    finite = alpha > 2
    alpha_ = safe(finite, alpha, 3.0)
    value = (scale / (alpha_ - 1.0)) ** 2 * (alpha_ / (alpha_ - 2.0))
    return jnp.where(_valid(alpha, scale), jnp.where(finite, value, jnp.inf), jnp.nan)


@elementwise
def mode(alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Point of highest density, the smallest value.

    Args:
        alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(alpha, scale)``.

    Example:
        >>> float(mode(3.0, 2.0))
        2.0
    """
    alpha, scale = promote(alpha, scale)
    return jnp.where(_valid(alpha, scale), scale, jnp.nan)


@elementwise
def entropy(alpha: ArrayLike, scale: ArrayLike) -> Array:
    """Differential entropy, log(s / α) + 1 / α + 1.

    Args:
        alpha: the tail index. scale: the smallest value.

    Returns:
        Shape ``broadcast(alpha, scale)``, in nats; negative for concentrated ones.

    Example:
        >>> float(entropy(1.0, 1.0))
        2.0
    """
    alpha, scale = promote(alpha, scale)
    valid = _valid(alpha, scale)
    a, s = safe(valid, alpha, 1.0), safe(valid, scale, 1.0)
    return jnp.where(valid, (jnp.log(s) - jnp.log(a)) + (1.0 / a + 1.0), jnp.nan)


def sample(key: Array, alpha: ArrayLike, scale: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws by inversion, differentiable in both parameters; ``alpha`` below .4 may leave the range of float32.

    Args:
        key: a JAX random key. alpha: the tail index. scale: the smallest value.
        shape: of the draws, in front of ``broadcast(alpha, scale)``.

    Returns:
        Shape ``shape + broadcast(alpha, scale)``; ``nan`` for invalid parameters.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), 3.0, [1.0, 5.0], shape=(4,)).shape
        (4, 2)
    """
    alpha, scale = jnp.broadcast_arrays(*promote(alpha, scale))
    return _quantile(drawn_hazard(key, shape + alpha.shape, alpha.dtype), alpha, scale)


def mle(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: the smallest value, and one over the mean log of the ratio to it.

    Args:
        x: positive, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.

    Returns:
        ``{"alpha": estimate, "scale": estimate}``, each of shape ``(...)``; ``alpha`` is inf if all values agree.

    Example:
        >>> {name: round(float(v), 4) for name, v in mle([1.0, 2.0, 4.0]).items()}  # 3 / log 8
        {'alpha': 1.4427, 'scale': 1.0}
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    counted = weights > 0
    scale = jnp.min(x, -1, initial=jnp.inf, where=counted)
    log_ratio = pairs.total(_log_ratio(safe(counted, x, 1.0), safe(counted, scale[..., None], 1.0)))
    return {"alpha": jnp.sum(weights, -1) / jnp.sum(weights * log_ratio, -1), "scale": scale}


def _support(alpha: ArrayLike, scale: ArrayLike) -> tuple[Array, Array]:
    shape = jnp.broadcast_shapes(jnp.shape(alpha), jnp.shape(scale))
    return jnp.broadcast_to(jnp.asarray(scale), shape), jnp.full(shape, jnp.inf)


family = family_of(
    globals(),
    "pareto",
    constraints={"alpha": "positive", "scale": "positive"},
    support=_support,
    example_params={"alpha": 4.5, "scale": 2.0},
)
