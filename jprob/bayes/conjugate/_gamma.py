"""Gamma distributions of a rate: prior and posterior of every pair that learns how often something happens."""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.bayes.conjugate._entry import discounted, parameters
from jprob.bayes.conjugate._gamma_hdi import gamma_hdi
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import gamma

__all__ = ["GammaParams", "discount", "hdi", "interval", "marginal", "mean", "params", "sample", "variance"]


class GammaParams(NamedTuple):
    """A gamma distribution of a rate: prior or posterior.

    Attributes:
        a: prior events plus events seen, ``(...)``: the concentration.
        b: prior exposure plus exposure seen, ``(...)``: the rate of the gamma.
    """

    a: Array
    b: Array


def params(given: Any, name: str = "prior") -> GammaParams:
    """Shape and rate as arrays, ``nan`` in lanes where one is not positive."""
    return parameters(GammaParams, given, name)


def marginal(posterior: GammaParams | tuple[ArrayLike, ArrayLike]) -> Marginal:
    """The law of the rate.

    Args:
        posterior: concentration and rate ``(a, b)``.

    Returns:
        The family ``gamma`` and its parameters.

    Example:
        >>> family, params = marginal((3.0, 4.0))
        >>> float(family.mean(**params))
        0.75
    """
    a, b = params(posterior, "posterior")
    return Marginal(gamma.family, {"concentration": a, "rate": b})


def mean(posterior: GammaParams | tuple[ArrayLike, ArrayLike]) -> Array:
    """Mean of the rate.

    Args:
        posterior: ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean((3.0, 4.0)))
        0.75
    """
    law = marginal(posterior)
    return law.family.mean(**law.params)


def variance(posterior: GammaParams | tuple[ArrayLike, ArrayLike]) -> Array:
    """Variance of the rate.

    Args:
        posterior: ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(variance((3.0, 2.0)))
        0.75
    """
    law = marginal(posterior)
    return law.family.variance(**law.params)


def interval(posterior: GammaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Equal-tailed interval of the rate: as much mass below as above.

    Args:
        posterior: ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in interval((1.0, 1.0), 0.5)]  # log 4/3, log 4
        [0.2877, 1.3863]
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: GammaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Highest-density interval of the rate, exactly: the shortest one with this mass; from 0 for a shape of at most one.

    Args:
        posterior: ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 3) for x in hdi((1.0, 100.0))]  # no events in 100: the rule of three, 3 / 100
        [0.0, 0.03]
    """
    check_level(level)
    return gamma_hdi(*params(posterior, "posterior"), level)


def sample(key: Array, posterior: GammaParams | tuple[ArrayLike, ArrayLike], shape: tuple[int, ...] = ()) -> Array:
    """Independent draws of the rate.

    Args:
        key: a JAX random key. posterior: ``(a, b)``. shape: of the draws, in front.

    Returns:
        Shape ``shape + (...)``.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), (10.0, 4.0), (5,)).shape
        (5,)
    """
    return gamma.sample(key, *params(posterior, "posterior"), shape=shape)


def discount(
    prior: GammaParams | tuple[ArrayLike, ArrayLike],
    factor: ArrayLike,
    initial: GammaParams | tuple[ArrayLike, ArrayLike] | None = None,
) -> GammaParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    .. math:: p_\delta(\theta) \propto p(\theta)^\delta\, p_0(\theta)^{1-\delta}

    If ``prior`` is what ``initial`` became by past data, those count with weight δ: a power prior. Without ``initial``
    events and exposure are scaled, which keeps the mean. A factor of 1 changes nothing.

    Args:
        prior: ``(a, b)``. factor: δ in (0, 1], or 0 with an initial prior. initial: what was known before.

    Returns:
        :class:`GammaParams`.

    Example:
        >>> [float(p) for p in discount((10.0, 4.0), 0.5)]
        [5.0, 2.0]
    """
    return discounted(GammaParams, prior, factor, initial)
