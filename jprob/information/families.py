r"""Closed forms of the divergence between two laws of one family.

Each is written in the pieces of :mod:`jprob.information.convex`, none of which is negative, so that nothing cancels: laws
with nearly equal parameters have their tiny divergence to nearly all digits.

References:
    Gil, M., Alajaji, F. and Linder, T. (2013). Rényi divergence measures for commonly used univariate continuous
    distributions. Information Sciences 249.
    Penny, W. D. (2001). KL-divergences of normal, gamma, Dirichlet and Wishart densities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, promote, safe
from jprob.information.convex import deviation, excess_ratio, gamma_excess, log_ratio
from jprob.information.vectors import kl
from jprob.special import expm1mx, lgamma_difference

__all__ = ["CLOSED_FORMS", "kl_dirichlet", "kl_multinomial"]


@elementwise
def kl_dirichlet(p: ArrayLike, q: ArrayLike) -> Array:
    r"""Divergence between two Dirichlet laws.

    .. math:: n_q D(\bar q \,\|\, \bar p) + \sum_i B(q_i, p_i) - B(n_q, n_p)

    with n the totals, bars the means and B as in :mod:`jprob.information.convex`.

    Args:
        p: concentrations of the truth, positive, shape ``(..., categories)``. q: of the belief, broadcasts.

    Returns:
        Shape ``(...)``, in nats; ``nan`` for concentrations that are not positive.

    Example:
        >>> round(float(kl_dirichlet([1.0, 1.0], [2.0, 1.0])), 6)  # 1 - log 2
        0.306853
    """
    p, q = jnp.broadcast_arrays(*promote(p, q))
    valid = jnp.all((p > 0) & (q > 0) & jnp.isfinite(p) & jnp.isfinite(q), -1)
    p, q = safe(valid[..., None], p, 1.0), safe(valid[..., None], q, 1.0)
    n, m, d = p.sum(-1), q.sum(-1), q - p
    change = d.sum(-1)
    share = p / n[..., None]
    mean_part = deviation(q, share * m[..., None], d - share * change[..., None]).sum(-1)
    return jnp.where(valid, mean_part + (gamma_excess(q, p, d).sum(-1) - gamma_excess(m, n, change)), jnp.nan)


def kl_multinomial(n: ArrayLike, p: ArrayLike, q: ArrayLike) -> Array:
    r"""Divergence between two multinomial laws of the same size, :math:`n D(p \,\|\, q)`; categorical for n = 1.

    Args:
        n: trials, shape ``(...)``. p: probabilities of the truth, shape ``(..., categories)``. q: of the belief.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(kl_multinomial(3, [1.0, 0.0], [0.5, 0.5])), 5)  # 3 log 2
        2.07944
    """
    n, p, q = promote(n, p, q)
    return n * kl(p, q)


type _Params = Mapping[str, Array]


def _bernoulli(p: Array, q: Array) -> Array:
    return deviation(p, q, p - q) + deviation(1.0 - p, 1.0 - q, q - p)


def _binomial(p: _Params, q: _Params) -> Array:
    return jnp.where(p["n"] == q["n"], p["n"] * _bernoulli(p["p"], q["p"]), jnp.nan)


def _geometric(p: _Params, q: _Params) -> Array:
    return _bernoulli(p["p"], q["p"]) / p["p"]


def _negative_binomial(p: _Params, q: _Params) -> Array:
    return jnp.where(p["r"] == q["r"], p["r"] * _geometric(p, q), jnp.nan)


def _poisson(p: _Params, q: _Params) -> Array:
    return deviation(p["rate"], q["rate"], p["rate"] - q["rate"])


def _exponential(p: _Params, q: _Params) -> Array:
    return excess_ratio(q["rate"], p["rate"])


def _halfnormal(p: _Params, q: _Params) -> Array:
    s, t = p["scale"], q["scale"]
    return 0.5 * ((s - t) / t) ** 2 + excess_ratio(s, t)


def _normal(p: _Params, q: _Params) -> Array:
    return 0.5 * ((p["loc"] - q["loc"]) / q["scale"]) ** 2 + _halfnormal(p, q)


def _laplace(p: _Params, q: _Params) -> Array:
    s, t = p["scale"], q["scale"]
    return excess_ratio(s, t) + s / t * expm1mx(-jnp.abs(p["loc"] - q["loc"]) / s)


def _cauchy(p: _Params, q: _Params) -> Array:
    s, t, d = p["scale"], q["scale"], p["loc"] - q["loc"]
    return jnp.log1p(0.25 * ((s - t) / s * ((s - t) / t) + d / s * (d / t)))


def _gamma(p: _Params, q: _Params) -> Array:
    (a, r), (b, s) = ((x["concentration"], x["rate"]) for x in (p, q))
    ratio = a / r
    return deviation(b, ratio * s, (b - a) - ratio * (s - r)) + gamma_excess(b, a, b - a)


def _beta(p: _Params, q: _Params) -> Array:
    return kl_dirichlet(jnp.stack([p["a"], p["b"]], -1), jnp.stack([q["a"], q["b"]], -1))


def _weibull(p: _Params, q: _Params) -> Array:
    k, m = p["concentration"], q["concentration"]
    step = (m - k) / k  # the ratio of the shapes less one
    ratio, up = m / k, step > 0
    # log of the belief's cumulative hazard, averaged over the truth: log Γ(1 + ratio) starts out at 0 for ratio 1
    rise = lgamma_difference(jnp.where(up, 2.0, 1.0 + ratio), jnp.abs(step))
    excess = m * log_ratio(p["scale"], q["scale"], p["scale"] - q["scale"]) + jnp.where(up, rise, -rise)
    one = jnp.ones_like(ratio)
    return expm1mx(excess) + deviation(ratio, one, step) + gamma_excess(ratio, one, step)


def _pareto(p: _Params, q: _Params) -> Array:
    inside = p["scale"] >= q["scale"]
    start = log_ratio(p["scale"], safe(inside, q["scale"], 1.0), safe(inside, p["scale"] - q["scale"], 0.0))
    return jnp.where(inside, excess_ratio(q["alpha"], p["alpha"]) + q["alpha"] * start, jnp.inf)


def _uniform(p: _Params, q: _Params) -> Array:
    below, above = p["low"] - q["low"], q["high"] - p["high"]
    inside = (below >= 0) & (above >= 0)
    room = safe(inside, below + above, 0.0)
    return jnp.where(inside, jnp.log1p(room / (p["high"] - p["low"])), jnp.inf)


# families by name, because this room may not import theirs: both are on one floor
CLOSED_FORMS: Mapping[str, Callable[[_Params, _Params], Array]] = {
    "bernoulli": lambda p, q: _bernoulli(p["p"], q["p"]),
    "binomial": _binomial,
    "geometric": _geometric,
    "negative_binomial": _negative_binomial,
    "poisson": _poisson,
    "exponential": _exponential,
    "gamma": _gamma,
    "inverse_gamma": _gamma,  # a divergence does not change when both laws are mapped by 1/x
    "normal": _normal,
    "lognormal": _normal,
    "halfnormal": _halfnormal,
    "laplace": _laplace,
    "cauchy": _cauchy,
    "weibull": _weibull,
    "pareto": _pareto,
    "beta": _beta,
    "uniform": _uniform,
}
