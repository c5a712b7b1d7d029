r"""Confidence intervals for one parameter at a time: Wald's from the curvature, and that of the profile likelihood.

.. math:: \hat\theta \pm z\, \widehat{\mathrm{se}}, \qquad
    \Big\{\psi : 2\big(\hat\ell - \max_{\lambda} \ell(\psi, \lambda)\big) \le z^2\Big\}

The profile does not depend on how the parameter is written, stays within its range and follows a skewed likelihood; where
few data or a near edge make Wald's interval cover too little, it is the one to take.

References:
    Venzon, D. J. and Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence intervals.
        Applied Statistics 37.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import check_level, finfo, is_float64
from jprob.density import Family
from jprob.density.bijector import BIJECTORS
from jprob.estimate._likelihood import mean_log_density, the_family
from jprob.estimate._sample import Params, Sample, coordinates, rough_estimates, sample
from jprob.estimate.fit import Fit
from jprob.estimate.maximum import check_free
from jprob.estimate.newton import hessian, newton
from jprob.estimate.optimise import minimise
from jprob.estimate.robust import estimated
from jprob.special import normal_quantile

__all__ = ["Profile", "profile_interval", "wald_interval"]

_ALONE = {"positive_vector": "positive", "simplex": "unit_interval", "masses": "unit_interval"}
_MOST_STEPS = 60
_MOST_DOUBLINGS = 25


def wald_interval(fit: Fit, *, level: float = 0.95, family: Family | ModuleType | None = None) -> Any:
    """Estimate plus and minus a multiple of its standard error.

    Args:
        fit: the fit. level: of the intervals.
        family: if given, the interval is taken on the log of positive parameters and the log odds of probabilities, and
            mapped back: it stays within the range and covers better for skewed likelihoods.

    Returns:
        In the structure of ``fit.standard_error``, each of shape ``(..., 2)``; nan without a standard error.

    Raises:
        ValueError: a level outside (0, 1).

    Example:
        >>> from jprob import density, estimate
        >>> fit = estimate.mle(density.exponential, [1.0, 2.0, 3.0, 2.0])
        >>> [round(float(end), 3) for end in wald_interval(fit)["rate"]]  # 0.5 ± 1.96 · 0.25
        [0.01, 0.99]
    """
    check_level(level)
    z = normal_quantile(0.5 + 0.5 * level, 0.5 - 0.5 * level)

    def plain(value: Array, error: Array) -> Array:
        return jnp.stack([value - z * error, value + z * error], -1).astype(error.dtype)

    if family is None:
        return jax.tree.map(plain, estimated(fit), fit.standard_error)

    def within(kind: str, value: Array, error: Array) -> Array:
        there = BIJECTORS[_ALONE.get(kind, kind)]
        u = there.inverse(value)
        return there.forward(plain(u, error / jnp.exp(there.log_slope(u))))

    kinds = the_family(family).constraints
    return {name: within(kinds[name], fit.params[name], error) for name, error in fit.standard_error.items()}


class Profile(NamedTuple):
    """An interval from the profile likelihood.

    Attributes:
        interval: shape ``(..., 2)``. converged: each end was found, shape ``(..., 2)``.
        unbounded: the likelihood never falls far enough on that side: the end is that of the parameter's range.
        num_steps: points at which the other parameters were fitted anew, the more of both sides.
    """

    interval: Array
    converged: Array
    unbounded: Array
    num_steps: Array


def profile_interval(
    family: Family | ModuleType,
    data: ArrayLike,
    parameter: str,
    *,
    level: float = 0.95,
    weights: ArrayLike | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
) -> Profile:
    """Values of a parameter that the likelihood ratio test does not reject, all other parameters being fitted anew.

    Both ends of all data sets are bracketed and found in one compiled program.

    Args:
        family: any family with a smooth likelihood, or its module. data: shape ``(..., n)``, of vectors ``(..., n, k)``.
        parameter: the name of a parameter that is a number.
        level: of the interval.
        weights, fixed: as in :func:`jprob.estimate.mle`.

    Returns:
        :class:`Profile`.

    Raises:
        ValueError: as :func:`jprob.estimate.mle`; a parameter that is fixed, unknown or a vector.

    Example:
        >>> from jprob import density
        >>> found = profile_interval(density.bernoulli, [1.0] * 10, "p")
        >>> [round(float(end), 3) for end in found.interval]  # exp(-z²/20), where Wald's interval is no interval
        [0.825, 1.0]
    """
    check_level(level)
    family, known = the_family(family), dict(fixed or {})
    free = check_free(family, known)
    if parameter not in free or family.constraints[parameter] in _ALONE:
        raise ValueError(f"`parameter` must be a single number among {', '.join(free)}; got {parameter!r}.")
    batch, these = sample(family, data, weights, known)
    z = normal_quantile(0.5 + 0.5 * level, 0.5 - 0.5 * level).astype(these.x.dtype)
    found = _profiles(family, parameter, z, these)
    return jax.tree.map(lambda a: a.reshape(batch + a.shape[1:]), found)


@partial(jax.jit, static_argnames=("family", "name"))
def _profiles(family: Family, name: str, z: Array, these: Sample) -> Profile:
    along = {n: 0 if value.ndim else None for n, value in these.fixed.items()}
    return jax.vmap(
        lambda x, w, fixed: _profile(family, name, z, Sample(x, jnp.broadcast_to(w, x.shape[:1]), fixed)),
        in_axes=(0, 0, along),
    )(*these)


def _profile(family: Family, name: str, z: Array, these: Sample) -> Profile:
    x, weights, fixed = these
    total = jnp.sum(weights)
    value = mean_log_density(family, x, weights / total)
    space = coordinates(family, rough_estimates(family, these), these, inside=True)
    tolerance = 1e-9 if is_float64(x) else 1e-5

    def loss(u: Params) -> Array:
        return -value(fixed | space.forward(u))

    search = partial(minimise, optimizer=newton(), tolerance=tolerance, patience=10)
    top = search(loss, space.start, max_steps=100)
    flat, unravel = ravel_pytree(top.params)
    place = jnp.argmax(ravel_pytree({n: jnp.full_like(u, n == name) for n, u in top.params.items()})[0])
    spread = jnp.linalg.inv(hessian(lambda v: loss(unravel(v)))(flat))[place, place] / total
    error = jnp.where((spread > 0) & (spread < 4.0), jnp.sqrt(jnp.maximum(spread, 0.0)), 2.0)
    others = {n: u for n, u in top.params.items() if n != name}

    # so far from where it began a log or log odds is the edge: the likelihood's digits end there
    reach = jnp.where(family.constraints[name] == "real", jnp.inf, -0.6 * jnp.log(finfo(x).eps)).astype(x.dtype)
    centre = space.start[name]

    def root(at: Array, others: Params) -> tuple[Array, Params]:
        """The root of the likelihood ratio statistic, nearly linear in the parameter; and the others' estimates."""
        if others:
            found = search(lambda v: loss(v | {name: at}), others, max_steps=50)
            lost, others = found.loss, found.params
        else:
            lost = loss({name: at})
        statistic = 2.0 * total * (lost - top.loss)
        return jnp.where(jnp.isnan(statistic), jnp.inf, jnp.sqrt(jnp.maximum(statistic, 0.0))), others

    ends = jax.vmap(lambda side: _end(root, top.params[name], others, side * error, centre + side * reach, z))(
        jnp.asarray([-1.0, 1.0], x.dtype)
    )
    limits = space.forward(top.params | {name: jnp.asarray(jnp.inf, x.dtype)})[name]
    low = space.forward(top.params | {name: jnp.asarray(-jnp.inf, x.dtype)})[name]
    inside = jax.vmap(lambda at: space.forward(top.params | {name: at})[name])(ends.inside)
    interval = jnp.where(ends.unbounded, jnp.stack([low, limits]), inside)
    fine = (ends.found | ends.unbounded) & jnp.isfinite(top.loss)
    return Profile(jnp.where(fine, interval, jnp.nan), fine, ends.unbounded, jnp.max(ends.steps))


class _Bracket(NamedTuple):
    inside: Array
    low: Array
    outside: Array
    high: Array
    others: Params
    steps: Array
    found: Array
    unbounded: Array


def _end(root: Callable, top: Array, others: Params, step: Array, last: Array, z: Array) -> _Bracket:
    """Where the root is z: outwards until it is passed, then by interpolation, every third time by halving."""
    close = 1e-9 if is_float64(z) else 1e-4

    def going(b: _Bracket) -> Array:
        return ~b.found & ~b.unbounded & (b.steps < _MOST_STEPS)

    def advance(b: _Bracket) -> _Bracket:
        passed = jnp.isfinite(b.outside)
        stretch = jnp.clip(1.05 * z / jnp.maximum(b.low, 1e-3), 1.05, 3.0)
        further = jnp.where(b.steps == 0, top + z * step, top + stretch * (b.inside - top) + 0.1 * step)
        beyond = (further - last) * jnp.sign(step) >= 0
        further = jnp.where(beyond, last, further)
        share = jnp.where(b.steps % 3 == 2, 0.5, jnp.clip((z - b.low) / (b.high - b.low), 1e-3, 1.0 - 1e-3))
        share = jnp.where(jnp.isfinite(b.high), share, 0.5)
        at = jnp.where(passed, b.inside + share * (jnp.where(passed, b.outside, 0.0) - b.inside), further)
        here, fitted = root(at, b.others)
        within = here < z
        fitted = jax.tree.map(lambda new, old: jnp.where(jnp.isfinite(new), new, old), fitted, b.others)
        width = jnp.abs(jnp.where(within, jnp.where(passed, b.outside, jnp.inf), b.inside) - at)
        hit = jnp.abs(here - z) <= close * z
        narrow = width <= 4.0 * finfo(z).eps * (jnp.abs(at) + jnp.abs(step))
        return _Bracket(
            inside=jnp.where(within | hit, at, b.inside),
            low=jnp.where(within, here, b.low),
            outside=jnp.where(within, b.outside, at),
            high=jnp.where(within, b.high, here),
            others=fitted,
            steps=b.steps + 1,
            found=hit | narrow,
            unbounded=within & ~passed & (beyond | (b.steps >= _MOST_DOUBLINGS)),
        )

    no = jnp.zeros((), bool)
    first = _Bracket(
        top,
        jnp.zeros_like(z),
        jnp.full_like(z, jnp.inf),
        jnp.full_like(z, jnp.inf),
        others,
        jnp.zeros((), jnp.int32),
        no,
        no,
    )
    return lax.while_loop(going, advance, first)
