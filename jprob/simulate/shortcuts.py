r"""Bootstrap laws that need no resample.

A share of n rows is Binomial(n, p̂) / n. An order statistic is one of the data, the k-th or one before it with

.. math:: \Pr^*(T^* \le x_{(k)}) = I_{k/n}(r, n - r + 1)

and a median of even n is taken as the middle of two such. A mean has the cumulants of the data, and its law follows from
them to about 1/n^{3/2}, relative, also in its tails:

.. math:: \Pr^*(T^* \le K'(s)) \approx \Phi(r^\ast), \quad r^\ast = r + \frac1r \log \frac ur, \quad
    r = \operatorname{sgn}(s) \sqrt{2n(sK'(s) - K(s))}, \quad u = s \sqrt{n K''(s)}

References:
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7: the median.
    Davison, A. C. and Hinkley, D. V. (1988). Saddlepoint approximations in resampling methods. Biometrika 75.
    Barndorff-Nielsen, O. E. (1986). Inference on full or partial parameters. Biometrika 73: r*.
"""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from jprob._array import safe
from jprob.density import binomial
from jprob.simulate.confidence import Law, flat
from jprob.special import betainc, normal_quantile, normal_tails

__all__ = ["order_statistic_law", "saddlepoint_law", "share_law"]

_REACH = 9.0  # standard deviations of the rank of a quantile
_DOUBLINGS, _HALVINGS = 14, 30


def share_law(x: Array) -> Law:
    """The mean of zeros and ones."""
    n = x.shape[0]
    p = jnp.mean(x)
    k = jnp.round(n * p)
    return Law(
        centre=p,
        spread=jnp.sqrt(p * (1.0 - p) / n),
        below=binomial.cdf(k - 1.0, n, p) + 0.5 * binomial.pmf(k, n, p),
        resolution=jnp.full_like(p, jnp.finfo(p.dtype).eps),
        quantile=lambda levels: binomial.ppf(levels, n, p) / n,
        flat=(p == 0) | (p == 1),
    )


def order_statistic_law(x: Array, level: float) -> Law:
    """The quantile at a level, as :func:`jprob.simulate.statistics.quantile` takes it."""
    n = x.shape[0]
    aim = level * n
    low = math.ceil(aim - 1e-9 * n)
    high = low + 1 if abs(aim - low) <= 1e-9 * n else low
    reach = math.ceil(_REACH * math.sqrt(n * level * (1.0 - level))) + 9
    first, last = max(1, low - reach), min(n, high + reach)
    ordered = jnp.sort(x)[first - 1 : last]
    ranks = jnp.asarray([low, min(high, n)], x.dtype)[:, None]
    cdf = betainc(ranks, n - ranks + 1.0, jnp.arange(first, last + 1, dtype=x.dtype) / n)
    cdf = cdf.at[:, -1].set(1.0)  # what lies beyond is rounding

    def quantile(levels: Array) -> Array:
        places = jax.vmap(partial(jnp.searchsorted, method="compare_all"), (0, None))(cdf, levels)
        return jnp.mean(ordered[jnp.minimum(places, ordered.size - 1)], 0)

    steps = jnp.sort(cdf.reshape(-1))
    mass, values = jnp.diff(steps, prepend=0.0), quantile(steps)
    centre, estimate = jnp.sum(mass * values), 0.5 * (ordered[low - first] + ordered[min(high, n) - first])
    return Law(
        centre=centre,
        spread=jnp.sqrt(jnp.sum(mass * (values - centre) ** 2)),
        below=jnp.sum(mass * ((values < estimate) + 0.5 * (values == estimate))),
        resolution=jnp.full_like(centre, jnp.finfo(x.dtype).eps),
        quantile=quantile,
        flat=flat(ordered[0], ordered[-1]),
    )


def saddlepoint_law(x: Array) -> Law:
    """The mean of numbers."""
    n = x.shape[0]
    mean = jnp.mean(x)
    gap = x - mean
    spread = jnp.sqrt(jnp.mean(gap**2))
    d = gap / safe(spread > 0, spread, 1.0)
    third = jnp.mean(d**3)
    skew = third / (6.0 * n**0.5)

    def cumulants(s: Array) -> tuple[Array, Array, Array]:
        """K and its first two derivatives, shifted so that nothing overflows."""
        top = jnp.max(s * d)
        e = jnp.exp(s * d - top)
        total = jnp.sum(e)
        k1 = jnp.sum(e * d) / total
        small = jnp.abs(top) < 0.5
        k0 = jnp.where(small, jnp.log1p(jnp.mean(jnp.expm1(safe(small, s, 0.0) * d))), top + jnp.log(total / n))
        return k0, k1, jnp.sum(e * (d - k1) ** 2) / total

    def score(s: Array) -> Array:
        k0, k1, k2 = cumulants(s)
        r = jnp.sign(s) * jnp.sqrt(jnp.maximum(2.0 * n * (s * k1 - k0), 0.0))
        u = s * jnp.sqrt(n * k2)
        far = (jnp.abs(r) > 0.05) & (u * r > 0)
        rr, uu = safe(far, r, 1.0), safe(far, u, 1.0)
        near = s * n**0.5 * (1.0 + third * s / 3.0) + skew
        return jnp.where(far, rr + jnp.log(uu / rr) / rr, near)

    def at(level: Array) -> Array:
        z = normal_quantile(level, 1.0 - level)
        right = jnp.sign(z - skew)
        first = right * (jnp.abs(z - skew) + 0.1) / n**0.5
        short = partial(_short_of, score, z, right)
        outer = lax.fori_loop(0, _DOUBLINGS, lambda _, s: jnp.where(short(s), 2.0 * s, s), first)

        def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            inner, outer = ends
            middle = 0.5 * (inner + outer)
            less = short(middle)
            return jnp.where(less, middle, inner), jnp.where(less, outer, middle)

        inner, outer = lax.fori_loop(0, _HALVINGS, halve, (jnp.zeros_like(outer), outer))
        return mean + spread * cumulants(0.5 * (inner + outer))[1]

    return Law(
        centre=mean,
        spread=spread / n**0.5,
        below=normal_tails(skew).lower,
        resolution=jnp.full_like(mean, jnp.finfo(x.dtype).eps),
        quantile=jax.vmap(at),
        flat=flat(jnp.min(x), jnp.max(x)),
    )


def _short_of(score, z: Array, right: Array, s: Array) -> Array:
    """Whether a point lies on the near side of the quantile that is looked for."""
    return right * (z - score(s)) > 0
