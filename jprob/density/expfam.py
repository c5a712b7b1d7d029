r"""Exponential families in their natural form, and what follows from it for all of them at once.

.. math:: f(x) = h(x) \exp\{\eta \cdot T(x) - A(\eta)\}

The slopes of the log-normaliser A are the mean and the covariance of the statistics T, so that score, Fisher information and
divergence need nothing but A. ``of(family)`` gives the form of bernoulli, binomial (n known), poisson, geometric,
negative_binomial (r known), categorical, normal, lognormal, exponential, gamma, inverse_gamma, beta and dirichlet.

References:
    Wainwright, M. J. and Jordan, M. I. (2008). Graphical models, exponential families, and variational inference.
    Diaconis, P. and Ylvisaker, D. (1979). Conjugate priors for exponential families. Annals of Statistics 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote, safe
from jprob.density._exponential_forms import FORMS, Row, categorical_row
from jprob.density.family import Family

__all__ = ["ConjugatePrior", "ExponentialForm", "of"]

_NODES, _WEIGHTS = (0.5 * (v + shift) for v, shift in zip(np.polynomial.legendre.leggauss(16), (1.0, 0.0), strict=True))


class ConjugatePrior(NamedTuple):
    """A prior on the natural parameter that looks like data: log density η · statistics − num_values · A(η), up to a constant.

    Attributes:
        statistics: sums of the statistics of so many imagined values, shape ``(..., s)``.
        num_values: how many, shape ``(...)``.
    """

    statistics: Array
    num_values: Array


class ExponentialForm(NamedTuple):
    """One family in natural form. ``eta`` has its s numbers along the last axis; all else broadcasts.

    Attributes:
        name: of the family. parameters: what ``eta`` stands for, by name.
        natural: ``natural(**params) -> eta``.
        params: ``params(eta) -> {name: value}``.
        statistics: ``statistics(x) -> T(x)``, shape ``(..., s)``.
        log_base: ``log_base(x)``, log h(x), shape ``(...)``.
        log_normaliser: ``log_normaliser(eta)``, A(η), shape ``(...)``.
    """

    name: str
    parameters: tuple[str, ...]
    natural: Callable[..., Array]
    params: Callable[[ArrayLike], dict[str, Array]]
    statistics: Callable[[ArrayLike], Array]
    log_base: Callable[[ArrayLike], Array]
    log_normaliser: Callable[[ArrayLike], Array]

    def logdensity(self, x: ArrayLike, eta: ArrayLike) -> Array:
        """Log density by this form, for values of the support; the family's own keeps more digits."""
        eta = jnp.asarray(eta)
        return self.log_base(x) + jnp.sum(self.statistics(x) * eta, -1) - self.log_normaliser(eta)

    def mean(self, eta: ArrayLike) -> Array:
        """Mean parameters E T(X) = ∇A(η), shape ``(..., s)``."""
        return _each(jax.grad(self.log_normaliser), "(s)->(s)")(*promote(eta))

    def fisher_information(self, eta: ArrayLike) -> Array:
        """Information of one value about η, which is Var T(X) = ∇²A(η), shape ``(..., s, s)``."""
        return _each(jax.hessian(self.log_normaliser), "(s)->(s,s)")(*promote(eta))

    def score(self, x: ArrayLike, eta: ArrayLike) -> Array:
        """Slope of the log density in η, T(x) − E T(X), shape ``(..., s)``."""
        return self.statistics(x) - self.mean(eta)

    def kl(self, eta: ArrayLike, other: ArrayLike) -> Array:
        r"""Divergence of the law ``other`` from the law ``eta``, the Bregman divergence of A.

        .. math:: D(\eta \,\|\, \eta') = A(\eta') - A(\eta) - (\eta' - \eta) \cdot \nabla A(\eta)
            = \int_0^1 (1 - t)\, \delta^\top \nabla^2 A(\eta + t \delta)\, \delta\, dt

        The integral, whose terms are positive, where the difference would cancel.
        """
        eta, other = jnp.broadcast_arrays(*promote(eta, other))
        mean, step = self.mean(eta), other - eta
        first, second = self.log_normaliser(other), self.log_normaliser(eta)
        moved = jnp.sum(step * mean, -1)
        plain = (first - second) - moved
        nodes = jnp.asarray(_NODES, eta.dtype).reshape(-1, *(1,) * eta.ndim)
        curvature = self.fisher_information(eta + nodes * step)
        bent = jnp.einsum("...i,...ij,...j->...", jnp.broadcast_to(step, curvature.shape[:-1]), curvature, step)
        weights = jnp.asarray(_WEIGHTS * (1.0 - _NODES), eta.dtype).reshape(-1, *(1,) * (eta.ndim - 1))
        far = plain > 0.1 * (jnp.abs(first) + jnp.abs(second) + jnp.abs(moved))
        return jnp.where(far, plain, jnp.sum(weights * safe(~far | jnp.isnan(bent), bent, 0.0), 0))

    def conjugate_logdensity(self, eta: ArrayLike, prior: ConjugatePrior) -> Array:
        """Log density of the conjugate prior at η, up to its constant: per unit of η."""
        eta = jnp.asarray(eta)
        return jnp.sum(eta * prior.statistics, -1) - prior.num_values * self.log_normaliser(eta)

    def update(self, prior: ConjugatePrior, x: ArrayLike, weights: ArrayLike | None = None) -> ConjugatePrior:
        """The posterior of the conjugate prior: statistics and counts of the values along the last axis are added."""
        statistics = self.statistics(x)
        weights = jnp.broadcast_to(jnp.asarray(1.0 if weights is None else weights), statistics.shape[:-1])
        added = jnp.sum(statistics * weights[..., None].astype(statistics.dtype), -2)
        return ConjugatePrior(prior.statistics + added, prior.num_values + jnp.sum(weights, -1))


def _each(function: Callable[[Array], Array], signature: str) -> Callable[[Array], Array]:
    return jnp.vectorize(function, signature=signature)


def of(family: Family | ModuleType, **known: ArrayLike) -> ExponentialForm:
    """The natural form of a family.

    Args:
        family: a family of :mod:`jprob.density`, or its module.
        known: what the form takes as given: ``n`` of the binomial, ``r`` of the negative binomial, the whole number
            ``num_labels`` of the categorical.

    Returns:
        :class:`ExponentialForm`.

    Raises:
        ValueError: a family that has no such form, or what must be known is not given.

    Example:
        >>> from jprob.density import poisson
        >>> form = of(poisson)
        >>> eta = form.natural(rate=3.0)
        >>> round(float(form.mean(eta)[0]), 4), round(float(form.fisher_information(eta)[0, 0]), 4)  # mean and variance
        (3.0, 3.0)
    """
    name = getattr(family, "family", family).name
    if name == "categorical":
        _check_known(name, ("num_labels",), known)
        row = categorical_row(int(np.asarray(known.pop("num_labels"))))
    elif name in FORMS:
        row = FORMS[name]
        _check_known(name, row.known, known)
    else:
        raise ValueError(f"`family` must be one of {', '.join([*FORMS, 'categorical'])}; got {name}.")
    return _bound(name, row, known)


def _check_known(name: str, needed: tuple[str, ...], known: Mapping[str, ArrayLike]) -> None:
    if set(known) != set(needed):
        asked = ", ".join(needed) or "nothing"
        raise ValueError(f"`of({name})` takes {asked} as known; got {', '.join(known) or 'nothing'}.")


def _bound(name: str, row: Row, known: Mapping[str, ArrayLike]) -> ExponentialForm:
    def given(like: Array) -> dict[str, Array]:
        return {n: promote(like, value)[1] for n, value in known.items()}

    def natural(**params: ArrayLike) -> Array:
        if set(params) - set(known) != set(row.parameters):
            raise ValueError(f"`natural` of {name} takes {', '.join(row.parameters)}; got {', '.join(params)}.")
        return row.natural(dict(zip(params, promote(*params.values()), strict=True)))

    def of_value(function: Callable[..., Array], *, with_known: bool) -> Callable[[ArrayLike], Array]:
        def called(x: ArrayLike) -> Array:
            (x,) = promote(x)
            return function(x, given(x)) if with_known else function(x)

        return jax.jit(called)

    return ExponentialForm(
        name=name,
        parameters=row.parameters,
        natural=natural,
        params=lambda eta: row.params(*promote(eta)),
        statistics=of_value(row.statistics, with_known=False),
        log_base=of_value(row.log_base, with_known=True),
        log_normaliser=of_value(row.log_normaliser, with_known=True),
    )
