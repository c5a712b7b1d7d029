r"""Intervals for a probability from successes and failures: roots of one quadratic, and quantiles of the beta law.

.. math:: (\hat p - p)^2 = z^2 p (1 - p) / n \quad \text{(Wilson)}, \qquad
    I_p(k, n - k + 1) = \alpha / 2 \quad \text{(Clopper-Pearson, from below)}

References:
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, safe
from jprob.special.beta_inverse import betainccinv, betaincinv
from jprob.special.normal import normal_quantile

__all__ = ["clopper_pearson_ends", "wilson_ends"]


@elementwise
def wilson_ends(successes: ArrayLike, failures: ArrayLike, level: ArrayLike, correction: ArrayLike = 0.0) -> Array:
    """Where the score test of ``p`` just rejects.

    Args:
        successes, failures: counts, not both zero. level: of the interval.
        correction: taken from the count on the way to each end: 0, or ½ for continuity.

    Returns:
        Shape ``(..., 2)``.

    Example:
        >>> [round(float(end), 4) for end in wilson_ends(1.0, 9.0, 0.95)]
        [0.0179, 0.4042]
    """
    k, m, level, correction = jnp.broadcast_arrays(successes, failures, level, correction)
    tail = 0.5 * (1.0 - level)
    squared = normal_quantile(tail, 1.0 - tail) ** 2

    def lower(k: Array, m: Array) -> Array:
        """The smaller root from the product k² / (n (n + z²)): the larger one has no cancellation."""
        n, held = k + m, jnp.maximum(k - correction, 0.0)
        spread = jnp.sqrt(squared * (held * ((n - held) / n) + squared / 4.0))
        return held * (held / n) / (held + squared / 2.0 + spread)

    return jnp.stack([lower(k, m), 1.0 - lower(m, k)], -1)


@elementwise
def clopper_pearson_ends(successes: ArrayLike, failures: ArrayLike, level: ArrayLike) -> Array:
    """Where the exact tail of the binomial is half of what the level leaves.

    Args:
        successes, failures: counts. level: of the interval.

    Returns:
        Shape ``(..., 2)``; 0 without successes, 1 without failures.

    Example:
        >>> [round(float(end), 4) for end in clopper_pearson_ends(0.0, 3.0, 0.95)]  # 1 - 0.025^(1/3)
        [0.0, 0.7076]
    """
    k, m, level = jnp.broadcast_arrays(successes, failures, level)
    tail = 0.5 * (1.0 - level)
    low = jnp.where(k > 0, betaincinv(safe(k > 0, k, 1.0), m + 1.0, tail), 0.0)
    high = jnp.where(m > 0, betainccinv(k + 1.0, safe(m > 0, m, 1.0), tail), 1.0)
    return jnp.stack([low, high], -1)
