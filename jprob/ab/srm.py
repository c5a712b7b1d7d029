"""Sample-ratio mismatch: did the visitors arrive in the proportions that were planned?"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaincc
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.ab.counts import check_positive

__all__ = ["srm_pvalue"]


def srm_pvalue(trials: ArrayLike, allocation: ArrayLike | None = None) -> Array:
    r"""p-value of Pearson's chi-square test of the trials against their planned shares.

    .. math:: \chi^2 = \sum_k (n_k - N w_k)^2 / (N w_k) \quad \text{on arms} - 1 \text{ degrees of freedom.}

    A tiny value, say below 10⁻³, means that assignment or logging is broken, and that no other number of the
    experiment can be trusted. Without any trials it is one.

    Args:
        trials: shape ``(..., arms)``.
        allocation: planned shares, positive, in any unit, shape broadcasting to ``(..., arms)``; equal if ``None``.

    Returns:
        Shape ``(...)``.

    Raises:
        ValueError: an allocation that is not positive and finite.

    Example:
        >>> round(float(srm_pvalue([50, 50])), 3)
        1.0
        >>> round(float(srm_pvalue([900, 1000])), 4)
        0.0218

    References:
        Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments. KDD.
    """
    if allocation is not None:
        check_positive(allocation, "allocation")
    trials, weight = jnp.broadcast_arrays(*promote(trials, 1.0 if allocation is None else allocation))
    total = trials.sum(-1, keepdims=True)
    expected = total * weight / weight.sum(-1, keepdims=True)
    empty = total == 0
    excess = jnp.square(trials - expected) / jnp.where(empty, 1.0, expected)
    return gammaincc(0.5 * (trials.shape[-1] - 1), 0.5 * excess.sum(-1))
