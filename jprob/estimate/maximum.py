r"""Maximum likelihood for a family of distributions: one data set or ten thousand in one compiled call.

.. math:: \hat\theta = \arg\max_\theta \sum_i w_i \log f(x_i \mid \theta)

In closed form where there is one; else by Newton's method on the family's unconstrained scale from a rough estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from jprob._array import is_float64
from jprob.density import Family
from jprob.estimate._likelihood import known, mean_log_density, quick_estimates, the_family
from jprob.estimate._sample import Coordinates, Params, Sample, coordinates, rough_estimates, sample
from jprob.estimate.fisher import fisher_information
from jprob.estimate.fit import Fit, fitted
from jprob.estimate.newton import newton
from jprob.estimate.optimise import STATUS, Minimum, check_search, minimise

__all__ = ["Penalty", "check_free", "mle", "search"]

type Penalty = Callable[[Params, Params], Array]
"""Log prior of the parameters, the second argument being their unconstrained coordinates."""

METHODS = ("auto", "closed_form", "newton", "lbfgs")

_HANGING = {"uniform": ("low", "high"), "pareto": ("scale",)}
"""Parameters that are an end of the support: their estimate is an extreme of the data, and no parabola's top."""


def mle(
    family: Family | ModuleType,
    data: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
    method: str = "auto",
    max_steps: int = 100,
    tolerance: float | None = None,
) -> Fit:
    """Maximum-likelihood estimates of a family's parameters, with standard errors and flags.

    Data sets lie along the front axes and are fitted in one program, compiled once for each family and shape; a data set
    that cannot be fitted is flagged and leaves the others alone. Real parameters are searched in units of the data's
    spread.

    Args:
        family: any family or its module, as ``jprob.density.gamma``.
        data: shape ``(..., n)``, of vectors ``(..., n, k)``.
        weights: of the observations, non-negative, broadcast against ``(..., n)``; one each by default.
        fixed: parameters that are known, by name; scalars, or broadcast against ``(..., n)``.
        method: ``"auto"``, ``"closed_form"``, ``"newton"`` or ``"lbfgs"``.
        max_steps: most steps of the optimiser.
        tolerance: largest gradient norm per observation; 1e-9 in float64, 1e-5 in float32 by default.

    Returns:
        :class:`Fit`, its estimates of shape ``(...)``.

    Raises:
        ValueError: no data, missing values, bad weights, an unknown parameter or method, a count that is not ``fixed``.

    Example:
        >>> from jprob import density
        >>> fit = mle(density.exponential, [1.0, 2.0, 3.0, 2.0])
        >>> float(fit.params["rate"]), float(fit.standard_error["rate"])  # one over the mean, over √n
        (0.5, 0.25)
    """
    family = the_family(family)
    closed = _method(family, fixed or {}, method)
    how = "closed_form" if closed else "lbfgs" if method == "lbfgs" else "newton"
    return search(family, data, weights, fixed, how, max_steps, tolerance)


def search(
    family: Family,
    data: ArrayLike,
    weights: ArrayLike | None,
    fixed: Mapping[str, ArrayLike] | None,
    how: str,
    max_steps: int,
    tolerance: float | None,
    penalty: Penalty | None = None,
) -> Fit:
    """All data sets in one program; shared with :func:`map_estimate`, whose prior is the ``penalty``."""
    check_search(max_steps, tolerance)
    known = dict(fixed or {})
    batch, these = sample(family, data, weights, known)
    if tolerance is None:
        tolerance = 1e-9 if is_float64(these.x) else 1e-5
    fit = _fits(family, how, jnp.asarray(max_steps), penalty, these, jnp.asarray(tolerance, these.x.dtype))
    if len(batch) != 1:
        fit = jax.tree.map(lambda a: a.reshape(batch + a.shape[1:]), fit)
    return fit._replace(params={name: fit.params.get(name, known.get(name)) for name in family.parameters})


def _method(family: Family, fixed: Mapping[str, ArrayLike], method: str) -> bool:
    """Whether the closed form is to be used; an error for what cannot be done."""
    check_free(family, fixed)
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    possible = family.mle is not None and all(name not in family.bijectors for name in fixed)
    if method == "closed_form" and not possible:
        raise ValueError(
            f"`method` must be an optimiser for {family.name} with {list(fixed)} fixed; got 'closed_form'."
        )
    return possible and method in ("auto", "closed_form")


def check_free(family: Family, fixed: Mapping[str, ArrayLike]) -> list[str]:
    """The parameters to estimate; ``ValueError`` where they cannot be."""
    family = the_family(family)
    strange = [name for name in fixed if name not in family.parameters]
    if strange:
        raise ValueError(f"`fixed` must name parameters of {family.name}; got {strange[0]!r}.")
    free = [name for name in family.parameters if name not in fixed]
    if not free:
        raise ValueError(f"`fixed` must leave a parameter of {family.name} to estimate; got all of them.")
    unknown = [name for name in free if name not in family.bijectors]
    if unknown:
        raise ValueError(f"`fixed` must give `{unknown[0]}` of {family.name}, which is not estimated; got none.")
    return free


@partial(jax.jit, static_argnames=("family", "how", "penalty"))
def _fits(family: Family, how: str, max_steps: Array, penalty: Penalty | None, these: Sample, tolerance: Array) -> Fit:
    along = {name: 0 if value.ndim else None for name, value in these.fixed.items()}
    one = partial(_fit, family, how, max_steps, penalty, tolerance)
    if these.weights.shape[1] != these.x.shape[1]:
        these = these._replace(weights=these.weights[:, 0])
    fit = jax.vmap(lambda *each: one(Sample(*each)), in_axes=(0, 0, along))(*these)
    if how == "closed_form":
        return fit
    # a density can rise without end above values that are all the same
    none = jnp.zeros_like(fit.converged)
    alike = lax.cond(jnp.all(fit.converged), lambda x: none, _alike, these.x)
    return fit._replace(at_boundary=fit.at_boundary | alike & ~fit.converged)


def _alike(x: Array) -> Array:
    return jnp.all(x == x[:, :1], tuple(range(1, x.ndim)))


def _fit(family: Family, how: str, max_steps: Array, penalty: Penalty | None, tolerance: Array, these: Sample) -> Fit:
    x, weights, fixed = these
    total = jnp.sum(weights) if weights.ndim else weights * x.shape[0]
    share = weights * (1.0 / total)  # a million divisions cost as much as the logarithms
    value = mean_log_density(family, x, share)
    rough = None if fixed else quick_estimates(family, x, share)
    rough = rough or rough_estimates(family, these)
    space = coordinates(family, rough, these, inside=how != "closed_form")
    expected = partial(_expected, family, fixed, share)

    def loss(u: Params) -> Array:
        params = space.forward(u)
        gained = value(fixed | params)
        return -gained if penalty is None else -gained - penalty(params, u) / total

    report = partial(fitted, loss, space.forward, total=total, tolerance=tolerance, bounded=space.bounded)
    if how == "closed_form":
        fit = _closed(family, rough, space, loss, total * value(fixed | rough), expected, report)
    else:
        optimizer = newton() if how == "newton" else None
        found = minimise(loss, space.start, optimizer=optimizer, max_steps=max_steps, tolerance=tolerance, patience=10)
        log_likelihood = -found.loss if penalty is None else value(fixed | space.forward(found.params))
        fit = report(found, log_likelihood=total * log_likelihood)
    information = expected(fit.params)
    return fit if information is None else fit._replace(fisher_information=total * information)


def _expected(family: Family, fixed: Params, share: Array, params: Params) -> Array | None:
    """Fisher's information of one observation about what is estimated, the mean over observations that differ."""
    each = fisher_information(family, fixed | params)
    if each is None:
        return None
    free = np.flatnonzero([name in params for name in sorted(family.bijectors)])
    each = each[..., free[:, None], free]
    return each if each.ndim == 2 else jnp.tensordot(jnp.broadcast_to(share, each.shape[:1]), each, 1)


def _closed(
    family: Family,
    estimate: Params,
    space: Coordinates,
    loss: Callable[[Params], Array],
    log_likelihood: Array,
    expected: Callable[[Params], Array | None],
    report: Callable[..., Fit],
) -> Fit:
    """The report on an estimate that needed no search; of an exponential family its information is the expected one."""
    hanging = _HANGING.get(known(family) or "", ())
    hangs = ravel_pytree({n: jnp.full_like(u, n in hanging) for n, u in space.start.items()})[0] > 0

    def information(u: Params) -> Array:
        if hanging:
            return jnp.eye(hangs.size, dtype=log_likelihood.dtype)  # pareto's alpha has information 1 in log alpha
        slope = jax.jacfwd(space.forward)(u)
        rows = jnp.stack([slope[name][name] for name in sorted(slope)])
        return rows[:, None] * jnp.asarray(expected(space.forward(u))) * rows

    curvature = information if hanging or expected(estimate) is not None else None
    slope = jnp.where(hangs, 0.0, ravel_pytree(jax.grad(loss)(space.start))[0])
    fine = jnp.all(jnp.stack([jnp.all(jnp.isfinite(v)) for v in (log_likelihood, *estimate.values())]))
    status = jnp.where(fine, 0, STATUS.index("non_finite")).astype(jnp.int32)
    found = Minimum(space.start, -log_likelihood, fine, status, jnp.zeros((), jnp.int32), jnp.linalg.norm(slope))
    fit = report(found, log_likelihood=log_likelihood, curvature=curvature)
    errors = {n: jnp.full_like(e, jnp.nan) if n in hanging else e for n, e in fit.standard_error.items()}
    return fit._replace(
        params=estimate,  # as computed, not by way of the coordinates
        standard_error=errors,
        covariance=jnp.where(hangs[:, None] | hangs, jnp.nan, fit.covariance),
        at_boundary=fit.at_boundary | jnp.any(hangs),
    )
