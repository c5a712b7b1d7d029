r"""Normal–inverse-gamma prior, linear regression: the exact posterior of coefficients and noise.

.. math:: \sigma^2 \sim \mathrm{InverseGamma}(a, b),\quad \beta \mid \sigma^2 \sim \mathcal N(m, \sigma^2 (R^\top R)^{-1}),
          \quad y \mid X \sim \mathcal N(X \beta, \sigma^2 I)

The prior's precision is carried as its root R and the data as the triangle of a QR factorisation: a prior is so many rows
of data, and an update is one factorisation of both. No normal equations are formed, so the digits that squaring the
condition number would cost are kept. Leading axes broadcast; everything jits, vmaps and differentiates.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., chapter 14.
    Golub, G. and Van Loan, C. (2013). Matrix Computations, 4th ed., section 5.3.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.bayes.conjugate._entry import check_data, unless
from jprob.bayes.conjugate._evidence import log_normal_evidence
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import inverse_gamma, student_t

__all__ = [
    "Draw",
    "Predictive",
    "RegressionParams",
    "Statistics",
    "covariance",
    "discount",
    "effective_sample_size",
    "hdi",
    "interval",
    "log_evidence",
    "log_likelihood",
    "marginal",
    "mean",
    "merge",
    "predictive",
    "prior",
    "sample",
    "statistics",
    "update",
    "variance",
]


class RegressionParams(NamedTuple):
    """A joint distribution of coefficients and noise variance: prior or posterior.

    Attributes:
        loc: where the coefficients are expected, ``(..., p)``.
        root: R, an invertible matrix whose RᵀR is their precision in units of the noise, ``(..., p, p)``.
        concentration: of the noise variance, ``(...)``. rate: of the noise variance, ``(...)``.
    """

    loc: Array
    root: Array
    concentration: Array
    rate: Array


Prior = RegressionParams | tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]


class Statistics(NamedTuple):
    """Sufficient statistics; a monoid under :func:`merge` with zeros as its zero.

    Attributes:
        triangle: of the QR factorisation of the columns of X and y, ``(..., p + 1, p + 1)``.
        num_rows: rows, ``(...)``.
    """

    triangle: Array
    num_rows: Array


class Predictive(NamedTuple):
    """What a posterior predicts of an observation: parameters of ``jprob.density.student_t``, in its order.

    Attributes:
        df: degrees of freedom. loc: centre. scale: unit of length.
    """

    df: Array
    loc: Array
    scale: Array


class Draw(NamedTuple):
    """Draws from the joint distribution.

    Attributes:
        coefficients: ``(..., p)``. variance: of the noise, ``(...)``.
    """

    coefficients: Array
    variance: Array


def prior(loc: ArrayLike, scale: ArrayLike, concentration: ArrayLike, rate: ArrayLike) -> RegressionParams:
    """Independent coefficients, each with a standard deviation of ``scale`` times that of the noise.

    Args:
        loc: shape ``(..., p)``. scale: positive, broadcasts against ``loc``.
        concentration: of the noise variance. rate: of the noise variance.

    Returns:
        :class:`RegressionParams`.

    Example:
        >>> prior([0.0, 0.0], 2.0, 1.0, 1.0).root.tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    check_data(loc=("real", loc), scale=("positive", scale))
    loc, scale, a, b = promote(loc, scale, concentration, rate)
    loc, scale = jnp.broadcast_arrays(loc, scale)
    return _params((loc, jnp.eye(loc.shape[-1], dtype=loc.dtype) / scale[..., None, :], a, b))


def _params(given: Any, name: str = "prior") -> RegressionParams:
    if not isinstance(given, tuple | list) or len(given) != 4:
        raise ValueError(f"`{name}` must be four values (loc, root, concentration, rate); got {type(given).__name__}.")
    loc, root, a, b = given
    p = np.shape(loc)[-1] if np.ndim(loc) else 0
    if p == 0 or np.shape(root)[-2:] != (p, p):
        raise ValueError(
            f"`{name}` must have a root of shape (..., p, p) for a loc of shape (..., p); "
            f"got {np.shape(root)} and {np.shape(loc)}."
        )
    check_data(loc=("real", loc))
    check_data(root=("real", root))
    check_data(concentration=("positive", a), rate=("positive", b))
    loc, root, a, b = promote(loc, root, a, b)
    bad = ~((a > 0) & (b > 0) & (a < jnp.inf) & (b < jnp.inf))
    return RegressionParams(loc, root, *unless(bad, a, b))


def statistics(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> Statistics:
    """The triangle that is left of rows of data.

    Args:
        x: rows of regressors, an intercept included if there is to be one, shape ``(..., n, p)``.
        y: observations, shape ``(..., n)``. weights: how often each row was seen, 0 for what is no data.

    Returns:
        :class:`Statistics`.

    Raises:
        ValueError: missing values or shapes that do not fit, as far as values are known.

    Example:
        >>> found = statistics([[1.0], [1.0]], [3.0, 5.0])
        >>> [round(abs(float(v)), 4) for v in (found.triangle[0, 1], found.triangle[1, 1])]  # 8 / root 2, root 2
        [5.6569, 1.4142]
    """
    if np.ndim(x) < 2 or np.ndim(y) < 1 or np.shape(x)[-2] != np.shape(y)[-1]:
        raise ValueError(f"`x` must have shape (n, p) for `y` of shape (n,); got {np.shape(x)} and {np.shape(y)}.")
    counts = 1.0 if weights is None else weights
    check_data(weights=("non-negative", counts))
    x, y, weights = promote(x, y, counts)
    weights = jnp.broadcast_to(weights, y.shape)
    data = jnp.where((weights > 0)[..., None], _beside(x, y), 0.0)
    check_data(x_and_y=("real", data))
    rows = jnp.sqrt(weights)[..., None] * data
    missing = rows.shape[-1] - rows.shape[-2]
    if missing > 0:
        rows = jnp.concatenate([rows, jnp.zeros((*rows.shape[:-2], missing, rows.shape[-1]), rows.dtype)], -2)
    return Statistics(jnp.linalg.qr(rows, mode="r"), jnp.sum(weights, -1))


def _beside(x: Array, y: Array) -> Array:
    batch = jnp.broadcast_shapes(x.shape[:-2], y.shape[:-1])
    return jnp.concatenate(
        [jnp.broadcast_to(x, batch + x.shape[-2:]), jnp.broadcast_to(y, batch + y.shape[-1:])[..., None]], -1
    )


def merge(*parts: Statistics | tuple[ArrayLike, ArrayLike]) -> Statistics:
    """The statistics of all rows together: shards, batches of a stream, days.

    Args:
        parts: one or more :class:`Statistics` of the same regressors.

    Returns:
        Those of all rows, up to rounding and the sign of rows of the triangle.

    Raises:
        ValueError: nothing to merge, as that has no number of regressors.

    Example:
        >>> float(merge(statistics([[1.0]], [3.0]), statistics([[1.0]], [5.0])).num_rows)
        2.0
    """
    if not parts:
        raise ValueError("`parts` must not be empty; got none.")
    flat = promote(*(value for part in parts for value in part))
    stacked = jnp.concatenate(flat[::2], -2)
    return Statistics(jnp.linalg.qr(stacked, mode="r"), jnp.asarray(sum(flat[1::2])))


class _Solution(NamedTuple):
    loc: Array
    root: Array
    squares: Array  # what is left unexplained, of data and prior together


def _solved(prior: RegressionParams, triangle: Array) -> _Solution:
    """Least squares of the prior's rows and the data's together."""
    p = prior.loc.shape[-1]
    batch = jnp.broadcast_shapes(prior.root.shape[:-2], prior.loc.shape[:-1], triangle.shape[:-2])
    ours = jnp.broadcast_to(prior.root, (*batch, p, p)), jnp.einsum("...ij,...j->...i", prior.root, prior.loc)
    rows = jnp.concatenate([ours[0], jnp.broadcast_to(triangle, (*batch, p + 1, p + 1))[..., :p]], -2)
    target = jnp.concatenate(
        [jnp.broadcast_to(ours[1], (*batch, p)), jnp.broadcast_to(triangle[..., p], (*batch, p + 1))], -1
    )
    q, root = jnp.linalg.qr(rows)
    loc = jax.scipy.linalg.solve_triangular(root, jnp.einsum("...ij,...i->...j", q, target)[..., None])[..., 0]
    rest = target - jnp.einsum("...ij,...j->...i", rows, loc)
    return _Solution(loc, root, jnp.sum(jnp.square(rest), -1))


def _arrays(prior: Prior, triangle: ArrayLike, num_rows: ArrayLike) -> tuple[RegressionParams, Array, Array]:
    check_data(triangle=("real", triangle))
    check_data(num_rows=("non-negative", num_rows))
    params = _params(prior)
    size = params.loc.shape[-1] + 1
    if np.shape(triangle)[-2:] != (size, size):
        raise ValueError(
            f"`triangle` must have shape (..., {size}, {size}), regressors and observation; got {np.shape(triangle)}."
        )
    *prior_arrays, triangle, num_rows = promote(*params, triangle, num_rows)
    return RegressionParams(*prior_arrays), triangle, unless(~((num_rows >= 0) & jnp.isfinite(num_rows)), num_rows)[0]


def update(prior: Prior, triangle: ArrayLike, num_rows: ArrayLike) -> RegressionParams:
    """Posterior after rows of data, given by their :func:`statistics`.

    Updating twice is updating once with the merged statistics.

    Args:
        prior: ``(loc, root, concentration, rate)``; see :func:`prior`. triangle: shape ``(..., p + 1, p + 1)``.
        num_rows: rows.

    Returns:
        :class:`RegressionParams`, its root a triangle.

    Raises:
        ValueError: for a prior or data that cannot be, as far as values are known.

    Example:
        >>> found = update(prior([0.0], 1.0, 1.0, 1.0), *statistics([[1.0], [1.0]], [3.0, 6.0]))
        >>> round(float(found.loc[0]), 4), float(found.concentration)  # 9 / (2 + 1)
        (3.0, 2.0)
    """
    before, triangle, num_rows = _arrays(prior, triangle, num_rows)
    after = _solved(before, triangle)
    bad = jnp.isnan(num_rows) | jnp.isnan(before.concentration)
    return RegressionParams(
        jnp.where(bad[..., None], jnp.nan, after.loc),
        jnp.where(bad[..., None, None], jnp.nan, after.root),
        *unless(bad, before.concentration + 0.5 * num_rows, before.rate + 0.5 * after.squares),
    )


def predictive(posterior: Prior, x: ArrayLike) -> Predictive:
    """Law of an observation at regressors ``x``.

    Args:
        posterior: ``(loc, root, concentration, rate)``. x: shape ``(..., p)``.

    Returns:
        Parameters for ``jprob.density.student_t``: ``logpdf(y, *predictive(posterior, x))``.

    Example:
        >>> [float(v) for v in predictive(prior([2.0], 1.0, 2.0, 4.0), [1.0])]
        [4.0, 2.0, 2.0]
    """
    check_data(x=("real", x))
    params = _params(posterior, "posterior")
    loc, root, a, b, x = promote(*params, x)
    batch = jnp.broadcast_shapes(root.shape[:-2], x.shape[:-1])
    rows = jnp.broadcast_to(jnp.swapaxes(root, -1, -2), batch + root.shape[-2:])
    reach = jnp.linalg.solve(rows, jnp.broadcast_to(x, batch + x.shape[-1:])[..., None])[..., 0]
    df, centre, spread = jnp.broadcast_arrays(2.0 * a, jnp.sum(x * loc, -1), b / a * (1.0 + jnp.sum(reach * reach, -1)))
    return Predictive(df, centre, jnp.sqrt(spread))


def log_evidence(prior: Prior, triangle: ArrayLike, num_rows: ArrayLike) -> Array:
    """Log density of the observations under the prior: what models, sets of regressors among them, are compared by.

    Args:
        prior: ``(loc, root, concentration, rate)``. triangle: shape ``(..., p + 1, p + 1)``. num_rows: rows.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(log_evidence(prior([0.0], 1.0, 0.5, 0.25), *statistics([[1.0]], [1.0]))), 6)  # Cauchy at 1
        -1.837877
    """
    before, triangle, num_rows = _arrays(prior, triangle, num_rows)
    after = _solved(before, triangle)
    good = (before.concentration > 0) & (num_rows >= 0)
    gammas = jnp.broadcast_arrays(before.concentration, before.rate, 0.5 * num_rows, 0.5 * after.squares)
    gammas = (safe(jnp.broadcast_to(good, g.shape), g, 1.0) for g in gammas)
    volume = jnp.linalg.slogdet(before.root)[1] - jnp.sum(
        jnp.log(jnp.abs(jnp.diagonal(after.root, axis1=-2, axis2=-1))), -1
    )
    value = log_normal_evidence(*gammas) + volume
    return jnp.where(good, value, jnp.nan)


def log_likelihood(coefficients: ArrayLike, variance: ArrayLike, triangle: ArrayLike, num_rows: ArrayLike) -> Array:
    """Log density of the observations if these were the coefficients and the variance of the noise.

    Args:
        coefficients: shape ``(..., p)``. variance: positive. triangle: shape ``(..., p + 1, p + 1)``. num_rows: rows.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(log_likelihood([1.0], 1.0, *statistics([[1.0], [1.0]], [1.0, 1.0]))), 4)  # -log 2 pi
        -1.8379
    """
    beta, v, triangle, n = promote(coefficients, variance, triangle, num_rows)
    rest = triangle[..., -1] - jnp.einsum("...ij,...j->...i", triangle[..., :-1], beta)
    return -0.5 * (n * (jnp.log(v) + math.log(2.0 * math.pi)) + jnp.sum(jnp.square(rest), -1) / v)


def covariance(posterior: Prior) -> Array:
    """Covariance of the coefficients; infinite for a concentration of at most 1.

    Args:
        posterior: ``(loc, root, concentration, rate)``.

    Returns:
        Shape ``(..., p, p)``.

    Example:
        >>> covariance(prior([0.0, 0.0], 1.0, 3.0, 4.0)).tolist()  # b / (a - 1)
        [[2.0, 0.0], [0.0, 2.0]]
    """
    _, root, a, b = _params(posterior, "posterior")
    inverse = jnp.linalg.inv(root)
    return inverse_gamma.mean(a, b)[..., None, None] * (inverse @ jnp.swapaxes(inverse, -1, -2))


def marginal(posterior: Prior) -> Marginal:
    """The law of each coefficient alone.

    Args:
        posterior: ``(loc, root, concentration, rate)``.

    Returns:
        The family ``student_t`` and its parameters, of shape ``(..., p)``.

    Example:
        >>> marginal(prior([0.0, 0.0], 2.0, 3.0, 3.0)).params["scale"].tolist()
        [2.0, 2.0]
    """
    loc, root, a, b = _params(posterior, "posterior")
    lengths = jnp.sqrt(jnp.sum(jnp.square(jnp.linalg.inv(root)), -1))
    df, loc, scale = jnp.broadcast_arrays(2.0 * a[..., None], loc, jnp.sqrt(b / a)[..., None] * lengths)
    return Marginal(student_t.family, {"df": df, "loc": loc, "scale": scale})


def mean(posterior: Prior) -> Array:
    """Mean of each coefficient.

    Args:
        posterior: ``(loc, root, concentration, rate)``.

    Returns:
        Shape ``(..., p)``.

    Example:
        >>> mean(prior([1.0, 2.0], 1.0, 2.0, 2.0)).tolist()
        [1.0, 2.0]
    """
    law = marginal(posterior)
    return law.family.mean(**law.params)


def variance(posterior: Prior) -> Array:
    """Variance of each coefficient.

    Args:
        posterior: ``(loc, root, concentration, rate)``.

    Returns:
        Shape ``(..., p)``.

    Example:
        >>> [round(float(v), 4) for v in variance(prior([0.0, 0.0], 1.0, 3.0, 4.0))]
        [2.0, 2.0]
    """
    law = marginal(posterior)
    return law.family.variance(**law.params)


def interval(posterior: Prior, level: float = 0.95) -> Array:
    """Equal-tailed interval of each coefficient, one at a time.

    Args:
        posterior: ``(loc, root, concentration, rate)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., p, 2)``.

    Example:
        >>> interval(prior([0.0, 0.0], 1.0, 3.0, 4.0)).shape
        (2, 2)
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: Prior, level: float = 0.95) -> Array:
    """Highest-density interval of each coefficient: a symmetric law's is its equal-tailed one.

    Args:
        posterior: ``(loc, root, concentration, rate)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., p, 2)``.

    Example:
        >>> hdi(prior([0.0, 0.0], 1.0, 3.0, 4.0)).shape
        (2, 2)
    """
    return interval(posterior, level)


def sample(key: Array, posterior: Prior, shape: tuple[int, ...] = ()) -> Draw:
    """Independent draws of coefficients and variance together.

    Args:
        key: a JAX random key. posterior: ``(loc, root, concentration, rate)``. shape: of the draws, in front.

    Returns:
        :class:`Draw`.

    Example:
        >>> sample(jax.random.key(0), prior([0.0, 0.0], 1.0, 3.0, 4.0), (5,)).coefficients.shape
        (5, 2)
    """
    loc, root, a, b = _params(posterior, "posterior")
    batch = jnp.broadcast_shapes(loc.shape[:-1], root.shape[:-2], a.shape, b.shape)
    variance_key, noise_key = jax.random.split(key)
    spread = inverse_gamma.sample(variance_key, jnp.broadcast_to(a, batch), b, shape=shape)
    noise = jnp.sqrt(spread)[..., None] * jax.random.normal(noise_key, (*spread.shape, loc.shape[-1]), loc.dtype)
    return Draw(loc + jnp.einsum("...ij,...j->...i", jnp.linalg.inv(root), noise), spread)


def effective_sample_size(prior: Prior) -> Array:
    """How many rows the prior's knowledge of the noise is worth; for coefficients that depends on the regressors.

    Args:
        prior: ``(loc, root, concentration, rate)``.

    Returns:
        Shape ``(...)``: 2 × concentration.

    Example:
        >>> float(effective_sample_size(prior([0.0, 0.0], 1.0, 3.0, 4.0)))
        6.0
    """
    return 2.0 * _params(prior).concentration


def discount(prior: Prior, factor: ArrayLike, initial: Prior | None = None) -> RegressionParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    With ``initial`` its natural parameters and those of ``prior`` are averaged, the latter with weight δ: if ``prior`` is
    what ``initial`` became by past data, those count with weight δ, a power prior. Without, precision, concentration and
    rate are scaled. A factor of 1 changes nothing but the signs of rows of the root.

    Args:
        prior: ``(loc, root, concentration, rate)``. factor: δ in (0, 1], or 0 with an initial prior.
        initial: what was known before.

    Returns:
        :class:`RegressionParams`.

    Example:
        >>> found = discount((jnp.ones(1), 2.0 * jnp.eye(1), 4.0, 6.0), 0.25)
        >>> float(found.root[0, 0]), float(found.concentration), float(found.rate)
        (1.0, 1.0, 1.5)
    """
    check_data(factor=("share", factor))
    old = _params(prior)
    share = promote(factor, *old)[0]
    root = jnp.sqrt(share)[..., None, None]
    if initial is None:
        return _params((old.loc, root * old.root, share * old.concentration, share * old.rate), "discounted prior")
    first, rest = _params(initial, "initial"), 1.0 - share
    kept = jnp.concatenate([old.root, jnp.einsum("...ij,...j->...i", old.root, old.loc)[..., None]], -1)
    rows = jnp.concatenate([root * kept, jnp.zeros((*kept.shape[:-2], 1, kept.shape[-1]), kept.dtype)], -2)
    both = _solved(first._replace(root=jnp.sqrt(rest)[..., None, None] * first.root), rows)
    rate = share * old.rate + rest * first.rate + 0.5 * both.squares
    return RegressionParams(both.loc, both.root, share * old.concentration + rest * first.concentration, rate)
