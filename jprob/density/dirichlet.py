r"""Dirichlet: k shares of a whole.

.. math:: f(x) = \frac{\Gamma(A)}{\prod_i \Gamma(a_i)} \prod_i x_i^{a_i - 1}, \quad A = \sum_i a_i, \
    x_i \ge 0, \ \sum_i x_i = 1

All functions take the shares first, along the last axis, then ``concentration``, positive; all other axes broadcast,
results keep the floating dtype. The density is per unit of the first k − 1 shares. Shares are taken relative to their sum,
which must be one up to rounding: off it the density is 0. Computed as gamma variables given their sum.

References:
    Johnson, N. L., Kotz, S. and Balakrishnan, N. (2000). Continuous Multivariate Distributions, chapter 49.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.density import _variates, gamma
from jprob.density._simplex import sums_to_one
from jprob.density.family import family_of
from jprob.special import digamma_less_log, stirling_error

__all__ = ["covariance", "entropy", "family", "logpdf", "mean", "mode", "pdf", "sample", "start", "variance"]


def _valid(concentration: Array) -> Array:
    return jnp.all((concentration > 0) & (concentration < jnp.inf), -1)


@elementwise
def logpdf(x: ArrayLike, concentration: ArrayLike) -> Array:
    r"""Log density at the shares ``x``.

    .. math:: \log\Gamma(A) - \sum_i \log\Gamma(a_i) + \sum_i (a_i - 1) \log x_i

    without its large terms.

    Args:
        x: shares, shape ``(..., k)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], concentration[..., 0])``, in nats; −inf off the simplex.

    Example:
        >>> round(float(logpdf([0.2, 0.3, 0.5], [1.0, 1.0, 1.0])), 6)  # uniform on a triangle of area 1/2
        0.693147
    """
    x, concentration = promote(x, concentration)
    on, valid = sums_to_one(x), _valid(concentration)
    a = safe(valid[..., None], concentration, 1.0)
    never = jnp.any((x == 0) & (a > 1), -1)
    x_ = safe((on & ~never)[..., None], x, 1.0 / x.shape[-1])
    total, whole = jnp.sum(a, -1), jnp.sum(x_, -1)
    rate = lax.stop_gradient(total)  # any will do: it cancels
    parts = gamma.logpdf(x_, a, rate[..., None])
    value = jnp.sum(parts, -1) - gamma.logpdf(whole, total, rate)
    value = jnp.where(on & ~never, value, -jnp.inf)
    return jnp.where(valid & ~jnp.any(jnp.isnan(x), -1), value, jnp.nan)


@elementwise
def pdf(x: ArrayLike, concentration: ArrayLike) -> Array:
    """Density at the shares ``x``, per unit of the first k − 1.

    Args:
        x: shares, shape ``(..., k)``. concentration: shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x[..., 0], concentration[..., 0])``.

    Example:
        >>> round(float(pdf([0.5, 0.5], [2.0, 2.0])), 5)
        1.5
    """
    return jnp.exp(logpdf(x, concentration))


def _shares(concentration: ArrayLike) -> tuple[Array, Array]:
    (a,) = promote(concentration)
    a = jnp.where(_valid(a)[..., None], a, jnp.nan)
    total = jnp.sum(a, -1, keepdims=True)
    return a / total, total


@elementwise
def mean(concentration: ArrayLike) -> Array:
    """Mean shares, a / A.

    Args:
        concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mean([1.0, 3.0]).tolist()
        [0.25, 0.75]
    """
    return _shares(concentration)[0]


@elementwise
def variance(concentration: ArrayLike) -> Array:
    """Variance of each share, m (1 − m) / (A + 1) with m the mean.

    Args:
        concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> round(float(variance([1.0, 1.0])[0]), 6)  # of a uniform share
        0.083333
    """
    m, total = _shares(concentration)
    return m * (1.0 - m) / (total + 1.0)


@elementwise
def covariance(concentration: ArrayLike) -> Array:
    r"""Covariance matrix of the shares, :math:`(\operatorname{diag} m - m m^\top) / (A + 1)`.

    Args:
        concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k, k)``; singular, as shares have a fixed sum.

    Example:
        >>> round(float(covariance([1.0, 1.0])[0, 1]), 6)
        -0.083333
    """
    m, total = _shares(concentration)
    off = -m[..., :, None] * m[..., None, :]
    return jnp.where(jnp.eye(m.shape[-1], dtype=bool), (m * (1.0 - m))[..., None], off) / (total[..., None] + 1.0)


@elementwise
def mode(concentration: ArrayLike) -> Array:
    """Shares of highest density, (a − 1) / (A − k) where every a > 1; ``nan`` where there is none inside.

    Args:
        concentration: shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mode([2.0, 4.0]).tolist()
        [0.25, 0.75]
    """
    (a,) = promote(concentration)
    inner = jnp.all(a > 1, -1, keepdims=True) & _valid(a)[..., None]
    excess = safe(inner, a, 2.0) - 1.0
    return jnp.where(inner, excess / jnp.sum(excess, -1, keepdims=True), jnp.nan)


@elementwise
def entropy(concentration: ArrayLike) -> Array:
    r"""Differential entropy, :math:`\log B(a) + (A - k)\,\psi(A) - \sum_i (a_i - 1)\,\psi(a_i)`, without its large terms.

    Args:
        concentration: shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats; negative for concentrated ones.

    Example:
        >>> round(float(entropy([1.0, 1.0, 1.0])), 6)  # log of the triangle's area, 1/2
        -0.693147
    """
    (a,) = promote(concentration)
    valid = _valid(a)
    a = safe(valid[..., None], a, 1.0)
    total = jnp.sum(a, -1, keepdims=True)
    # gamma variables given their sum: each part is log Γ(a) and a ψ(a) less what Stirling's formula has of them
    half_log = 0.5 * (jnp.log(a) - jnp.log(2.0 * jnp.pi))
    spread = (a - 1.0) * (digamma_less_log(a) - digamma_less_log(total))
    parts = jnp.log(total / a) + half_log - stirling_error(a) + spread
    whole = 0.5 * (jnp.log(total) - jnp.log(2.0 * jnp.pi)) - stirling_error(total)
    return jnp.where(valid, whole[..., 0] - jnp.sum(parts, -1), jnp.nan)


def sample(key: Array, concentration: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws: gamma variables over their sum, in logs, so that a concentration of .001 gives no 0 / 0.

    Args:
        key: a JAX random key. concentration: shape ``(..., k)``.
        shape: of the draws, in front of ``concentration.shape[:-1]``.

    Returns:
        Shape ``shape + concentration.shape``; ``nan`` for invalid parameters. Differentiable in ``concentration``.

    Example:
        >>> draw = sample(jax.random.key(0), [1e-3, 1e-3, 1e-3])
        >>> abs(float(draw.sum()) - 1.0) < 1e-6
        True
    """
    (a,) = promote(concentration)
    valid = _valid(a)[..., None]
    log_parts = _variates.log_gamma(key, jnp.broadcast_to(safe(valid, a, 1.0), shape + a.shape))
    return jnp.where(valid, jax.nn.softmax(log_parts, -1), jnp.nan)


def start(x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
    """A rough estimate: mean shares times the precision that the variances of all shares together have.

    Args:
        x: shares, shape ``(..., n, k)``. weights: non-negative, shape ``(..., n)``; one each by default.

    Returns:
        ``{"concentration": estimate}`` of shape ``(..., k)``.

    Example:
        >>> start([[0.25, 0.75], [0.75, 0.25]])["concentration"].tolist()  # variances 1/16: precision 3
        [1.5, 1.5]
    """
    x, weights = promote(x, 1.0 if weights is None else weights)
    w = jnp.broadcast_to(weights, x.shape[:-1])[..., None]
    centre = jnp.sum(w * x, -2) / jnp.sum(w, -2)
    spread = jnp.sum(w * (x - centre[..., None, :]) ** 2, (-2, -1)) / jnp.sum(w[..., 0], -1)
    precision = jnp.sum(centre * (1.0 - centre), -1) / spread - 1.0
    return {"concentration": centre * jnp.clip(precision, 1e-3, 1e6)[..., None]}


family = family_of(
    globals(),
    "dirichlet",
    constraints={"concentration": "positive_vector"},
    support=lambda concentration: (jnp.zeros(np.shape(concentration)), jnp.ones(np.shape(concentration))),
    example_params={"concentration": (1.5, 3.0, 2.0)},
    event_ndim=1,
)
