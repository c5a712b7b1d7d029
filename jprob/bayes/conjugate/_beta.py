"""Beta distributions of a probability: prior and posterior of every pair that learns a chance."""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level
from jprob.bayes.conjugate._entry import discounted, parameters
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import beta
from jprob.special import beta_hdi

__all__ = ["BetaParams", "discount", "hdi", "interval", "marginal", "mean", "params", "sample", "variance"]


class BetaParams(NamedTuple):
    """A beta distribution of a probability: prior or posterior.

    Attributes:
        a: prior successes plus successes seen, ``(...)``.
        b: prior failures plus failures seen, ``(...)``.
    """

    a: Array
    b: Array


def params(given: Any, name: str = "prior") -> BetaParams:
    """Shapes as arrays, ``nan`` in lanes where one is not positive."""
    return parameters(BetaParams, given, name)


def marginal(posterior: BetaParams | tuple[ArrayLike, ArrayLike]) -> Marginal:
    """The law of the probability.

    Args:
        posterior: shapes ``(a, b)``.

    Returns:
        The family ``beta`` and its parameters.

    Example:
        >>> family, params = marginal((10.0, 4.0))
        >>> round(float(family.mean(**params)), 4)  # 10 / 14
        0.7143
    """
    return Marginal(beta.family, params(posterior, "posterior")._asdict())


def mean(posterior: BetaParams | tuple[ArrayLike, ArrayLike]) -> Array:
    """Mean of the probability.

    Args:
        posterior: shapes ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean((3.0, 1.0)))
        0.75
    """
    law = marginal(posterior)
    return law.family.mean(**law.params)


def variance(posterior: BetaParams | tuple[ArrayLike, ArrayLike]) -> Array:
    """Variance of the probability.

    Args:
        posterior: shapes ``(a, b)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> round(float(variance((1.0, 1.0))) * 12, 5)  # uniform
        1.0
    """
    law = marginal(posterior)
    return law.family.variance(**law.params)


def interval(posterior: BetaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Equal-tailed interval: as much mass below as above.

    Args:
        posterior: shapes ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 4) for x in interval((10.0, 4.0))]
        [0.4619, 0.9091]
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: BetaParams | tuple[ArrayLike, ArrayLike], level: float = 0.95) -> Array:
    """Highest-density interval, exactly: the shortest one with this mass.

    With a shape of at most one the density is highest at 0 or 1, and the interval starts there. With both below one it
    is highest at both: the set of highest density then has two pieces, which :func:`region` gives, and this is the
    shortest single interval. A flat density has no shortest one; the middle is given.

    Args:
        posterior: shapes ``(a, b)`` of shape ``(...)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(x), 3) for x in hdi((1.0, 10.0))]  # 0 of 9: from 0
        [0.0, 0.259]
    """
    check_level(level)
    return beta_hdi(*params(posterior, "posterior"), level)


def sample(key: Array, posterior: BetaParams | tuple[ArrayLike, ArrayLike], shape: tuple[int, ...] = ()) -> Array:
    """Independent draws of the probability.

    Args:
        key: a JAX random key. posterior: shapes ``(a, b)``. shape: of the draws, in front.

    Returns:
        Shape ``shape + (...)``.

    Example:
        >>> import jax
        >>> sample(jax.random.key(0), (10.0, 4.0), (5,)).shape
        (5,)
    """
    return beta.sample(key, *params(posterior, "posterior"), shape=shape)


def discount(
    prior: BetaParams | tuple[ArrayLike, ArrayLike],
    factor: ArrayLike,
    initial: BetaParams | tuple[ArrayLike, ArrayLike] | None = None,
) -> BetaParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    .. math:: p_\delta(\theta) \propto p(\theta)^\delta\, p_0(\theta)^{1-\delta}

    If ``prior`` is what ``initial`` became by past data, those count with weight δ: a power prior. Without ``initial`` all
    counts are scaled, which keeps the mean. A factor of 1 changes nothing.

    Args:
        prior: shapes ``(a, b)``. factor: δ in (0, 1], or 0 with an initial prior. initial: what was known before.

    Returns:
        :class:`BetaParams`.

    Example:
        >>> [float(p) for p in discount((81.0, 21.0), 0.5, (1.0, 1.0))]  # half of 80 of 100
        [41.0, 11.0]
    """
    return discounted(BetaParams, prior, factor, initial)
