"""Draws held against the exact posterior: the largest gap between the two distribution functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob._array import promote
from jprob.bayes import log_odds
from jprob.bayes.diagnostics import ess
from jprob.bayes.draws import Draws
from jprob.density import beta
from jprob.special import kolmogorov_sf

__all__ = ["Comparison", "compare_exact"]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Comparison(NamedTuple):
    """How far draws are from the exact posterior, by site.

    Attributes:
        max_gap: largest distance between the empirical and the exact distribution function, of the site's shape.
        p_value: probability of a gap at least as large from that many *effective* draws of the exact posterior. One for
            each element of a site: the smallest of m is good evidence only below a level divided by m.
        effective_draws: the number of independent draws that the chains are worth.
    """

    max_gap: dict[str, Array]
    p_value: dict[str, Array]
    effective_draws: dict[str, Array]


def compare_exact(draws: Draws, exact: Any) -> Comparison:
    r"""Kolmogorov's distance of draws from the posterior that is known exactly, and its p-value.

    .. math:: D = \sup_x |F_n(x) - F(x)|, \qquad \Pr(D > d) \approx 2 \sum_{k \geq 1} (-1)^{k-1} e^{-2 k^2 \lambda^2}

    with λ = (√n + .12 + .11/√n) d (Stephens 1970) and n the effective number of draws, the smallest over indicators of
    five quantiles and at most the number of draws. A draw stands for all reals that round to it, so a rate that
    float32 can only call 1 is no error; where a Beta rate comes with its log odds (``logit_p``), those are compared.

    Caution: a large p-value says that these draws cannot tell the difference, not that there is none.

    Args:
        draws: from a chain or exact; samples ``(chains, draws, ...)``.
        exact: by site, a cdf ``(x) -> probability``, or ``(family, params)`` with a ``cdf``, or the shapes ``(a, b)``
            of a Beta. The shapes alone stand for ``{"p": (a, b)}``.

    Returns:
        Gap, p-value and effective draws, each of the shape of the site.

    Raises:
        ValueError: if a site is not among the samples.

    References:
        M. Stephens, *Use of the Kolmogorov–Smirnov, Cramér–von Mises and related statistics without extensive tables*,
        Journal of the Royal Statistical Society B 32 (1970).
    """
    targets = exact if isinstance(exact, Mapping) else {"p": exact}
    found = {}
    for site, target in targets.items():
        if site not in draws.samples:
            raise ValueError(f"`exact` must name sites of the draws, {', '.join(draws.samples)}; got {site}.")
        found[site] = _against(target, draws.samples, site, independent=not draws.stats)
    return Comparison(*({site: parts[i] for site, parts in found.items()} for i in range(3)))


def _against(target: Any, samples: dict[str, Array], site: str, *, independent: bool) -> tuple[Array, Array, Array]:
    x = samples[site]
    if callable(target):
        return _kolmogorov(x, lambda x: jnp.asarray(target(x)), independent)
    family, params = target
    if hasattr(family, "cdf"):
        values = params.values() if isinstance(params, Mapping) else params
        return _kolmogorov(x, lambda x: family.cdf(x, *values), independent)
    logit = f"logit_{site}" in samples  # the scale that has the digits
    return _against_beta(samples[f"logit_{site}"] if logit else x, *promote(family, params), logit, independent)


@partial(jax.jit, static_argnums=(3, 4))
def _against_beta(x: Array, a: Array, b: Array, logit: bool, independent: bool) -> tuple[Array, Array, Array]:
    return _kolmogorov(x, lambda x: (log_odds.beta_cdf if logit else beta.cdf)(x, a, b), independent)


def _kolmogorov(x: Array, cdf: Callable[[Array], Array], independent: bool) -> tuple[Array, Array, Array]:
    n = x.shape[0] * x.shape[1]
    ordered = jnp.sort(x.reshape(n, *x.shape[2:]), axis=0)
    rank = jnp.arange(n, dtype=x.dtype).reshape(-1, *(1,) * (x.ndim - 2))
    above = (rank + 1) / n - cdf(jnp.nextafter(ordered, jnp.inf))
    below = cdf(jnp.nextafter(ordered, -jnp.inf)) - rank / n
    gap = jnp.maximum(jnp.maximum(above, below).max(0), 0.0)
    size = jnp.full_like(gap, n) if independent else _effective(cdf(x), n)
    root = jnp.sqrt(size)
    return gap, kolmogorov_sf((root + 0.12 + 0.11 / root) * gap), size


def _effective(u: Array, n: int) -> Array:
    """Independent draws that a chain is worth for its distribution function; ``u`` is the chain's cdf transform."""
    sizes = jnp.stack([ess((u <= q).astype(u.dtype)) for q in _QUANTILES])
    return jnp.minimum(sizes.min(0), n)
