r"""Which arm is best, and what it costs to choose another.

With F the posterior distribution functions and f the densities of the arms' rates,

.. math:: P(k \text{ best}) = \int f_k \prod_{j \ne k} F_j \, dp, \qquad
          E\bigl[\max_j p_j - p_k\bigr] = \int F_k \Bigl(1 - \prod_{j \ne k} F_j\Bigr) dp.

Both integrands are products of positive factors: a loss of 10⁻⁹ is as accurate as one of 10⁻¹.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.ab.counts import check_positive
from jprob.ab.grid import common
from jprob.ab.log_odds import Arms, arms, density, mode
from jprob.ab.rule import from_above, from_below
from jprob.ab.tiles import over_experiments

__all__ = ["best_and_loss", "expected_loss", "prob_best"]


def prob_best(posterior: tuple[ArrayLike, ArrayLike]) -> Array:
    """Posterior probability that each arm has the highest rate.

    Args:
        posterior: Beta parameters ``(a, b)``, positive, shape ``(..., arms)``.

    Returns:
        Shape ``(..., arms)``; it sums to one over the arms.

    Example:
        >>> import numpy as np
        >>> print(round(float(prob_best((np.array([2.0, 1.0]), np.array([10.0, 11.0])))[0]) * 21, 4))  # of 21
        16.0

    References:
        Miller, E. (2015). Formulas for Bayesian A/B testing, for the sums that this agrees with.
    """
    return _of(posterior)[0]


def expected_loss(posterior: tuple[ArrayLike, ArrayLike]) -> Array:
    """How much lower than the best arm's each arm's rate is expected to be, ``E[max p − p_arm]``.

    Args:
        posterior: Beta parameters ``(a, b)``, positive, shape ``(..., arms)``.

    Returns:
        Shape ``(..., arms)``, in units of the rate, never negative.

    Example:
        >>> import numpy as np
        >>> loss = expected_loss((np.array([2.0, 1.0]), np.array([10.0, 11.0])))
        >>> print(round(float(loss[1] - loss[0]) * 12, 4))  # of 12: the difference of the means
        1.0
    """
    return _of(posterior)[1]


def _of(posterior: tuple[ArrayLike, ArrayLike]) -> tuple[Array, Array]:
    for name, value in zip("ab", posterior, strict=True):
        check_positive(value, f"posterior {name}")
    a, b = jnp.broadcast_arrays(*promote(*posterior))
    return over_experiments(best_and_loss, arms(a, b))


def best_and_loss(arms: Arms) -> tuple[Array, Array]:
    """Probability of being best and expected loss of arms of shape ``(arms, lanes)``, each of that shape."""
    delta, step = common(arms)
    g = density(delta, arms) * step[:, None]
    g = g / g.sum(0)
    below, above = from_below(g), from_above(g)
    others_below, some_above = _others(below, above)
    odds = jnp.exp(-jnp.abs(lax.stop_gradient(mode(arms)[0]) + delta[:, 0]))  # (1 − p) / p or its inverse
    p_step = step * odds / jnp.square(1.0 + odds)
    best, loss = (g * others_below).sum(0), (below * some_above * p_step[:, None]).sum(0)
    return jnp.clip(best, 0.0, 1.0), jnp.maximum(loss, 0.0)


def _others(below: Array, above: Array) -> tuple[Array, Array]:
    """``∏ F_j`` and ``1 − ∏ F_j`` over the other arms, the second accumulated without subtraction."""
    num_arms = below.shape[1]
    all_below, some_above = jnp.ones_like(below), jnp.zeros_like(below)
    for j in range(num_arms):
        other = (jnp.arange(num_arms) != j)[:, None]
        some_above += jnp.where(other, above[:, j, None] * (1.0 - some_above), 0.0)
        all_below *= jnp.where(other, below[:, j, None], 1.0)
    return all_below, some_above
