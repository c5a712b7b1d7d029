r"""Scores of forecasts of numbers, all of them proper: least in the mean for who says what he believes.

.. math:: \text{CRPS}(F, y) = \int \big(F(x) - 1\{y \le x\}\big)^2 dx = \mathbb E|X - y| - \tfrac12 \mathbb E|X - X'|
    = 2 \int_0^1 \text{pinball}_u\big(F^{-1}(u), y\big)\, du

In the units of y; the absolute error of a forecast that is a single number.

References:
    Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. JASA 102.
    Jordan, A., Krüger, F. and Lerch, S. (2019). Evaluating probabilistic forecasts with scoringRules. JSS 90.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import betaln, i0e, i1e
from jax.typing import ArrayLike

from jprob._array import check_level, promote
from jprob.calibrate._forecast import as_family, check_levels, ensemble_of
from jprob.density import FAMILIES, Family

__all__ = ["CLOSED", "crps", "interval_score", "pinball"]

_NODES = 64


def crps(
    forecast: Family | ModuleType | ArrayLike | tuple,
    y: ArrayLike,
    params: Mapping[str, ArrayLike] | None = None,
    *,
    fair: bool = True,
) -> Array:
    """Continuous ranked probability score of each value, in its units; smaller is better.

    Closed forms for the families in ``CLOSED``; of other continuous ones the integral over quantiles by a rule of 128 nodes,
    good to some digits; of draws their own. A discrete family without a closed form is scored by its draws.

    Args:
        forecast: a family or its module, with ``params``; or draws, shape ``(draws, ...)``, or :class:`jprob.bayes.Draws`
            with a single site.
        y: what came, shape ``(...)``. params: by name, broadcasting against y.
        fair: of draws, the score whose mean is that of the law they come from; else that of the draws as a law.

    Returns:
        Shape of y and the parameters.

    Raises:
        ValueError: a family without parameters, parameters without a family; a discrete family without a closed form.

    Example:
        >>> from jprob.density import normal
        >>> round(float(crps(normal, 0.0, {"loc": 0.0, "scale": 1.0})), 4)  # (√2 − 1) / √π
        0.2337
        >>> float(crps(jnp.array([1.0, 3.0]), 2.0, fair=False))  # 1 - 1/2
        0.5
    """
    family = as_family(forecast, params)
    if family is None:
        draws, y = promote(ensemble_of(forecast), y)
        return _ensemble(draws, y, fair)
    names = tuple(params or {})
    y, *values = promote(y, *(params or {}).values())
    at = dict(zip(names, values, strict=True))
    if family in CLOSED:
        return CLOSED[family](y, *(at[name] for name in family.parameters))
    if family.discrete or family.atoms:
        raise ValueError(f"`forecast` must be draws for {family.name}, which has no closed form; got the family.")
    return _by_quantiles(family, y, at)


def pinball(quantiles: ArrayLike, y: ArrayLike, levels: ArrayLike) -> Array:
    r"""Pinball loss, :math:`(1\{y \le q\} - u)(q - y)`: least in the mean at the quantile of that level.

    Args:
        quantiles: forecast, shape ``(...)``. y: what came. levels: u; all broadcast.

    Returns:
        Shape of all.

    Raises:
        ValueError: levels outside (0, 1).

    Example:
        >>> [round(float(loss), 2) for loss in pinball([1.0, 1.0], [0.0, 3.0], 0.9)]
        [0.1, 1.8]
    """
    check_levels(levels)
    q, y, u = promote(quantiles, y, levels)
    return jnp.where(y <= q, (1.0 - u) * (q - y), u * (y - q))


def interval_score(lower: ArrayLike, upper: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Array:
    r"""Winkler's score of a central interval: its width, and 2/α times how far it was missed.

    Args:
        lower, upper: ends, shape ``(...)``. y: what came. level: 1 − α.

    Returns:
        Shape of all, in the units of y.

    Raises:
        ValueError: a level outside (0, 1).

    Example:
        >>> round(float(interval_score(0.0, 2.0, 3.0, level=0.8)), 4)  # 2 + 10 * 1
        12.0
    """
    check_level(level)
    low, high, y = promote(lower, upper, y)
    return high - low + 2.0 / (1.0 - level) * (jnp.maximum(low - y, 0.0) + jnp.maximum(y - high, 0.0))


def _ensemble(draws: Array, y: Array, fair: bool) -> Array:
    """Mean distance to y less half the mean distance between draws, by their order."""
    m = draws.shape[0]
    x = jnp.sort(draws, 0)
    rank = (2.0 * jnp.arange(m, dtype=x.dtype) - (m - 1.0)).reshape(-1, *[1] * (x.ndim - 1))
    apart = jnp.sum(rank * x, 0) / m / (max(m - 1.0, 1.0) if fair else float(m))
    return jnp.mean(jnp.abs(x - y), 0) - apart


def _by_quantiles(family: Family, y: Array, at: Mapping[str, Array]) -> Array:
    """The pinball loss over all levels, with the kink at F(y) between two smooth pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # u = s²(3 − 2s) crowds the nodes at both ends, where quantiles run away
    s, w = 0.5 * (nodes + 1.0), 0.5 * weights
    place, mass = (jnp.asarray(v, y.dtype) for v in (s * s * (3.0 - 2.0 * s), w * 6.0 * s * (1.0 - s)))
    shape = np.broadcast_shapes(y.shape, *(jnp.shape(v) for v in at.values()))
    level = jnp.broadcast_to(family.cdf(y, **at), shape)
    rest = jnp.broadcast_to(family.sf(y, **at), shape)
    spread = [1] * len(shape)
    place, mass = place.reshape(-1, *spread), mass.reshape(-1, *spread)
    below = family.ppf(level * place, **at)
    above = family.isf(rest * place, **at)
    under = level**2 * jnp.sum(mass * place * (y - below), 0)
    over = rest**2 * jnp.sum(mass * place * (above - y), 0)
    return 2.0 * (jnp.where(level > 0, under, 0.0) + jnp.where(rest > 0, over, 0.0))


def _normal(y: Array, loc: Array, scale: Array) -> Array:
    z = (y - loc) / scale
    f = FAMILIES["normal"]
    return scale * (z * (1.0 - 2.0 * f.sf(z, loc=0.0, scale=1.0)) + 2.0 * _phi(z) - 1.0 / jnp.sqrt(jnp.pi))


def _phi(z: Array) -> Array:
    return jnp.exp(-0.5 * z * z) / jnp.sqrt(2.0 * jnp.pi)


def _laplace(y: Array, loc: Array, scale: Array) -> Array:
    z = jnp.abs(y - loc) / scale
    return scale * (z + jnp.exp(-z) - 0.75)


def _exponential(y: Array, rate: Array) -> Array:
    z = rate * y
    return (jnp.abs(z) - 2.0 * jnp.where(z > 0, -jnp.expm1(-jnp.maximum(z, 0.0)), 0.0) + 0.5) / rate


def _uniform(y: Array, low: Array, high: Array) -> Array:
    z = (y - low) / (high - low)
    inside = jnp.clip(z, 0.0, 1.0)
    return (high - low) * (jnp.abs(z - inside) + inside**2 - inside + 1.0 / 3.0)


def _student_t(y: Array, df: Array, loc: Array, scale: Array) -> Array:
    """Infinite without a mean, df at most one."""
    f, z = FAMILIES["student_t"], (y - loc) / scale
    density = jnp.exp(f.logdensity(z, {"df": df, "loc": 0.0, "scale": 1.0}))
    centred = z * (1.0 - 2.0 * f.sf(z, df=df, loc=0.0, scale=1.0))
    apart = 2.0 * jnp.sqrt(df) / (df - 1.0) * jnp.exp(betaln(0.5, df - 0.5) - 2.0 * betaln(0.5, 0.5 * df))
    value = scale * (centred + 2.0 * density * (df + z * z) / (df - 1.0) - apart)
    return jnp.where(df > 1, value, jnp.inf)


def _lognormal(y: Array, loc: Array, scale: Array) -> Array:
    n = FAMILIES["normal"]
    z = (jnp.log(jnp.maximum(y, jnp.finfo(y.dtype).tiny)) - loc) / scale
    below = jnp.where(y > 0, n.cdf(z, loc=0.0, scale=1.0), 0.0)
    shifted = jnp.where(y > 0, n.cdf(z - scale, loc=0.0, scale=1.0), 0.0)
    half = n.cdf(scale / jnp.sqrt(2.0), loc=0.0, scale=1.0)
    return y * (2.0 * below - 1.0) - 2.0 * jnp.exp(loc + 0.5 * scale**2) * (shifted + half - 1.0)


def _gamma(y: Array, concentration: Array, rate: Array) -> Array:
    a, f = concentration, FAMILIES["gamma"]
    here, next_ = (jnp.where(y > 0, f.cdf(y, concentration=c, rate=rate), 0.0) for c in (a, a + 1.0))
    return y * (2.0 * here - 1.0) - a / rate * (2.0 * next_ - 1.0) - jnp.exp(-betaln(0.5, a)) / rate


def _poisson(y: Array, rate: Array) -> Array:
    f = FAMILIES["poisson"]
    at = jnp.maximum(jnp.floor(y), 0.0)
    below = jnp.where(y >= 0, f.cdf(at, rate=rate), 0.0)
    mass = jnp.where(y >= 0, jnp.exp(f.logdensity(at, {"rate": rate})), 0.0)
    twice = 2.0 * rate
    return (y - rate) * (2.0 * below - 1.0) + rate * (2.0 * mass - i0e(twice) - i1e(twice))


def _bernoulli(y: Array, p: Array) -> Array:
    inside = jnp.clip(y, 0.0, 1.0)
    return jnp.abs(y - inside) + inside * (1.0 - p) ** 2 + (1.0 - inside) * p**2


CLOSED: dict[Family, Callable[..., Array]] = {
    FAMILIES[name]: form
    for name, form in {
        "normal": _normal,
        "laplace": _laplace,
        "exponential": _exponential,
        "uniform": _uniform,
        "student_t": _student_t,
        "lognormal": _lognormal,
        "gamma": _gamma,
        "poisson": _poisson,
        "bernoulli": _bernoulli,
    }.items()
}
"""Families whose score has a closed form."""
