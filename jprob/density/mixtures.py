r"""Mixtures: one of several families, chosen by chance and not seen.

.. math:: f(x) = \sum_j \pi_j f_j(x), \qquad F(x) = \sum_j \pi_j F_j(x)

References:
    McLachlan, G. J. and Peel, D. (2000). Finite Mixture Models. Wiley.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import ModuleType

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike

from jprob._array import finfo, promote, safe
from jprob.density import _expectation
from jprob.density._derived import Level, Params, closed_estimate, derived, quantile_of_counts, rough_estimate
from jprob.density._em import fixed_point
from jprob.density.family import Family
from jprob.special import Tails

__all__ = ["mixture"]

_BISECTIONS = {32: 40, 64: 72}
_GRID = 257


def mixture(families: Sequence[Family | ModuleType], *, name: str | None = None) -> Family:
    """The law of a value from ``families[j]`` with probability ``probs[j]``.

    Parameters: ``probs`` of shape ``(..., components)``, summing to one; then those of each component with its number,
    ``loc_0``, ``scale_0``, ``loc_1``, …. Components of one family may be exchanged: their order means nothing, and ``mle``,
    EM from a split of the data by size, finds a local maximum. A likelihood without bound (a normal shrinking onto one
    value) ends in a scale of nearly 0.

    Args:
        families: two or more, all with densities or all of counts; or their modules.
        name: of the result; ``"mixture_<family>_<family>"`` by default.

    Returns:
        A :class:`~jprob.density.family.Family`; quantiles by bisection between those of the components; ``mle`` where all
        components have one in closed form.

    Raises:
        ValueError: fewer than two families, of different kinds, of vectors or with atoms.

    Example:
        >>> from jprob.density import normal
        >>> law = mixture([normal, normal])
        >>> law.parameters
        ('probs', 'loc_0', 'scale_0', 'loc_1', 'scale_1')
        >>> params = {"probs": [0.5, 0.5], "loc_0": -1.0, "scale_0": 1.0, "loc_1": 1.0, "scale_1": 1.0}
        >>> float(law.mean(**params)), float(law.variance(**params))
        (0.0, 2.0)
    """
    found = tuple(getattr(family, "family", family) for family in families)
    if len(found) < 2 or any(not isinstance(f, Family) or f.event_ndim or f.atoms for f in found):
        raise ValueError(f"`families` must be two or more families of numbers without atoms; got {families!r}.")
    if len({f.discrete for f in found}) > 1:
        raise ValueError("`families` must all have densities or all be of counts; got both (see `mixed`).")
    return _mixture(found, name or "_".join(["mixture", *(f.name for f in found)]))


@functools.lru_cache(maxsize=256)
def _mixture(families: tuple[Family, ...], name: str) -> Family:
    law = _Mixture(families)
    constraints = {f"{p}_{j}": kind for j, f in enumerate(families) for p, kind in f.constraints.items()}
    # apart from each other, so that no example is a family with itself
    example = {f"{p}_{j}": value for j, f in enumerate(families) for p, value in f.example_params.items()}
    closed = all(rough_estimate(f) is not None and f.mle is not None for f in families)
    return derived(
        name,
        discrete=families[0].discrete,
        constraints={"probs": "simplex"} | constraints,
        example_params={"probs": [1.0 / len(families)] * len(families)} | example,
        support=law.support,
        logdensity=law.logdensity,
        tails=law.tails,
        quantile=law.quantile,
        moments={"mean": law.mean, "variance": law.variance, "mode": law.mode, "entropy": law.entropy},
        mle=law.mle if closed else None,
        start=law.start if all(rough_estimate(f) for f in families) else None,
    )


def _own_quantile(family: Family, level: Level, params: Params) -> Array:
    return jnp.where(level.by_lower, family.ppf(level.lower, **params), family.isf(level.upper, **params))


class _Mixture:
    """The mathematics of one mixture, as functions of promoted arrays and parameters by name."""

    def __init__(self, families: tuple[Family, ...]):
        self.families = families
        self.discrete = families[0].discrete

    def split(self, params: Params) -> tuple[Array, list[dict[str, Array]]]:
        """Weights, components first and nan where they are none, and the parameters of each component."""
        probs = params["probs"]
        slack = 4.0 * len(self.families) * finfo(probs).eps
        valid = jnp.all(probs >= 0, -1, keepdims=True) & (jnp.abs(jnp.sum(probs, -1, keepdims=True) - 1.0) <= slack)
        weights = jnp.moveaxis(jnp.where(valid, probs / jnp.sum(probs, -1, keepdims=True), jnp.nan), -1, 0)
        return weights, [{p: params[f"{p}_{j}"] for p in f.parameters} for j, f in enumerate(self.families)]

    def parts(self, params: Params, verb) -> tuple[Array, Array]:
        """Weights and ``verb(family, parameters)`` of every component, both with components first."""
        weights, own = self.split(params)
        values = jnp.stack(jnp.broadcast_arrays(*(verb(f, p) for f, p in zip(self.families, own, strict=True))))
        return weights.reshape(weights.shape[:1] + (1,) * (values.ndim - weights.ndim) + weights.shape[1:]), values

    def support(self, params: Params) -> tuple[Array, Array]:
        _, low = self.parts(params, lambda f, p: jnp.asarray(f.support(**p)[0]))
        _, high = self.parts(params, lambda f, p: jnp.asarray(f.support(**p)[1]))
        return jnp.min(low, 0), jnp.max(high, 0)

    def logdensity(self, x: Array, params: Params) -> Array:
        weights, logs = self.parts(params, lambda f, p: f.logdensity(x, p))
        return _log_mean(weights, logs)

    def tails(self, x: Array, params: Params) -> Tails:
        def averaged(verb: str) -> Array:
            weights, values = self.parts(params, lambda f, p: getattr(f, verb)(x, **p))
            return _log_mean(weights, values) if verb.startswith("log") else jnp.sum(weights * values, 0)

        return Tails(*(averaged(verb) for verb in ("cdf", "sf", "logcdf", "logsf")))

    def quantile(self, level: Level, params: Params) -> Array:
        if self.discrete:
            least, most = self.support(params)
            low, high = (jnp.asarray(end, level.lower.dtype) for end in (least, most))
            return quantile_of_counts(level, lambda k: self.tails(k, params), self.mean(params), low, high)
        still, fixed = lax.stop_gradient((level, dict(params)))
        weights, own = self.parts(fixed, lambda f, p: _own_quantile(f, still, p))
        heavy = weights > 0
        low, high = jnp.min(jnp.where(heavy, own, jnp.inf), 0), jnp.max(jnp.where(heavy, own, -jnp.inf), 0)
        finite = jnp.isfinite(low) & jnp.isfinite(high)

        def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            middle = 0.5 * (ends[0] + ends[1])
            there = still.reached(self.tails(middle, fixed))
            return jnp.where(there, ends[0], middle), jnp.where(there, middle, ends[1])

        bounds = safe(finite, low, 0.0), safe(finite, high, 0.0)
        x = lax.fori_loop(0, _BISECTIONS[finfo(low).bits], halve, bounds)[1]
        # one step of Newton's method has the slopes of the implicit function
        t = self.tails(x, params)
        density = lax.stop_gradient(jnp.exp(self.logdensity(x, params)))
        gap = jnp.where(level.by_lower, level.lower - t.lower, t.upper - level.upper)
        x = x + jnp.where(density > 0, gap / safe(density > 0, density, 1.0), 0.0)
        x = jnp.where(level.lower == 0, low, jnp.where(level.upper == 0, high, x))
        known = level.possible & ~jnp.isnan(jnp.sum(weights, 0)) & ~jnp.any(jnp.isnan(own), 0)
        return jnp.where(known, x, jnp.nan)

    def mean(self, params: Params) -> Array:
        weights, means = self.parts(params, lambda f, p: f.mean(**p))
        return jnp.sum(weights * means, 0)

    def variance(self, params: Params) -> Array:
        weights, means = self.parts(params, lambda f, p: f.mean(**p))
        _, variances = self.parts(params, lambda f, p: f.variance(**p))
        return jnp.sum(weights * (variances + (means - jnp.sum(weights * means, 0)) ** 2), 0)

    def mode(self, params: Params) -> Array:
        """The highest of a grid between the components' modes, where it must lie, then golden sections about it."""
        _, modes = self.parts(params, lambda f, p: f.mode(**p))
        low, high = jnp.min(modes, 0), jnp.max(modes, 0)
        share = jnp.linspace(0.0, 1.0, _GRID, dtype=modes.dtype).reshape(-1, *(1,) * low.ndim)
        grid = jnp.concatenate([low + share * (high - low), modes])
        grid = jnp.round(grid) if self.discrete else grid
        heights = self.logdensity(grid, params)
        best = jnp.take_along_axis(grid, jnp.argmax(heights, 0)[None], 0)[0]
        if self.discrete:
            return best
        width = (high - low) / (_GRID - 1)

        def narrow(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            left, right = ends
            a, b = right - 0.618034 * (right - left), left + 0.618034 * (right - left)
            to_left = self.logdensity(a, params) >= self.logdensity(b, params)
            return jnp.where(to_left, left, a), jnp.where(to_left, b, right)

        left, right = lax.fori_loop(0, 40, narrow, (best - width, best + width))
        return jnp.where(jnp.isposinf(jnp.max(heights, 0)), best, 0.5 * (left + right))

    def entropy(self, params: Params) -> Array:
        """The mean surprise within each component, by its own quantiles."""
        _, values = self.parts(
            params,
            lambda f, p: _expectation.expectation(
                lambda x: -self.logdensity(x, params),
                f.discrete,
                f.logdensity,
                functools.partial(_own_quantile, f),
                p,
            ),
        )
        weights, _ = self.split(params)
        return jnp.sum(jnp.where(weights > 0, weights * values, weights), 0)

    def start(self, x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
        return self._begun([rough_estimate(f) for f in self.families], x, weights)

    def mle(self, x: ArrayLike, weights: ArrayLike | None = None) -> dict[str, Array]:
        x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
        return self._likeliest(x, weights)

    @functools.partial(jax.jit, static_argnums=0)
    def _likeliest(self, x: Array, weights: Array) -> dict[str, Array]:
        def step(params: dict[str, Array]) -> dict[str, Array]:
            shares, logs = self.parts(
                {n: p[..., None, :] if n == "probs" else p[..., None] for n, p in params.items()},
                lambda f, p: f.logdensity(x, p),
            )
            own = weights * jax.nn.softmax(jnp.log(shares) + logs, 0)
            return self._joined([closed_estimate(f)(x, w) for f, w in zip(self.families, own, strict=True)], own)

        return fixed_point(step, self._begun([closed_estimate(f) for f in self.families], x, weights))

    def _begun(self, estimates, x: ArrayLike, weights: ArrayLike | None) -> dict[str, Array]:
        """Each component's estimate from its share of the values in order, with a little of all of them."""
        x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
        order = jnp.argsort(x, -1)
        sorted_weights = jnp.take_along_axis(weights, order, -1)
        place = jnp.cumsum(sorted_weights, -1) - 0.5 * sorted_weights
        place = jnp.take_along_axis(place, jnp.argsort(order, -1), -1) / jnp.sum(weights, -1, keepdims=True)
        group = jnp.clip(jnp.floor(place * len(self.families)), 0, len(self.families) - 1)
        own = jnp.stack([weights * jnp.where(group == j, 0.95, 0.05) for j in range(len(self.families))])
        return self._joined([estimate(x, w) for estimate, w in zip(estimates, own, strict=True)], own)

    def _joined(self, estimates: list[dict[str, Array]], own: Array) -> dict[str, Array]:
        mass = jnp.sum(own, -1)
        probs = {"probs": jnp.moveaxis(mass / jnp.sum(mass, 0), 0, -1)}
        return probs | {f"{p}_{j}": v for j, estimate in enumerate(estimates) for p, v in estimate.items()}


def _log_mean(weights: Array, logs: Array) -> Array:
    """Log of a weighted mean of what ``logs`` are logs of; a component without weight has no part, nor a slope."""
    heavy = (weights > 0) & (logs > -jnp.inf)
    terms = jnp.where(heavy, jnp.log(safe(heavy, weights, 1.0)) + safe(heavy, logs, 0.0), -jnp.inf)
    some = jnp.any(heavy, 0)
    value = logsumexp(jnp.where(some, terms, 0.0), 0)
    unknown = jnp.isnan(jnp.sum(weights + jnp.where(jnp.isnan(logs), logs, 0.0), 0))
    return jnp.where(unknown, jnp.nan, jnp.where(some, value, -jnp.inf))
