r"""Whether counts vary as much as Poisson counts do.

.. math:: D = \sum_i \frac{(x_i - \bar x)^2}{\bar x} \approx \chi^2_{n-1}

References:
    Fisher, R. A. (1950). The significance of deviations from expectation in a Poisson series. Biometrics 6.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import concrete, promote, safe
from jprob.special import gamma_tails

__all__ = ["Dispersion", "dispersion_test"]


class Dispersion(NamedTuple):
    """The variance of counts over their mean, against one.

    Attributes:
        ratio: sample variance over mean, shape ``(...)``: 1 for Poisson counts, more if overdispersed.
        p_value: of a ratio as far from one on either side. p_over: as large. p_under: as small.
        statistic: D. degrees: of freedom, n − 1. The χ² law is good for means above about 1, or large n.
    """

    ratio: Array
    p_value: Array
    p_over: Array
    p_under: Array
    statistic: Array
    degrees: Array


def dispersion_test(counts: ArrayLike) -> Dispersion:
    """Test of Poisson counts against more and against less variance.

    Args:
        counts: shape ``(..., n)``, a data set a lane, n at least 2.

    Returns:
        :class:`Dispersion`; nan for counts that are all zero.

    Raises:
        ValueError: fewer than two counts; values that are no counts.

    Example:
        >>> result = dispersion_test([0, 0, 9, 1, 0, 8, 0, 0, 7, 0])
        >>> bool(result.p_over < 1e-6), round(float(result.ratio), 3)
        (True, 5.889)
    """
    (x,) = promote(counts)
    if x.ndim == 0 or x.shape[-1] < 2:
        raise ValueError(f"`counts` must hold at least two along the last axis; got shape {x.shape}.")
    if concrete(x):
        values = np.asarray(x)
        bad = ~((values >= 0) & (values == np.floor(values)) & np.isfinite(values))
        if bad.any():
            raise ValueError(
                f"`counts` must be whole and not negative; got {values[bad][0]} at {np.argwhere(bad)[0].tolist()}."
            )
    mean = jnp.mean(x, -1, keepdims=True)
    some = mean[..., 0] > 0
    square = jnp.sum((x - mean) ** 2, -1)
    statistic = jnp.where(some, square / safe(some, mean[..., 0], 1.0), jnp.nan)
    degrees = jnp.full_like(statistic, x.shape[-1] - 1.0)
    tails = gamma_tails(0.5 * degrees, 0.5 * safe(some, statistic, 1.0))
    under, over = (jnp.where(some, t, jnp.nan) for t in (tails.lower, tails.upper))
    both = jnp.minimum(1.0, 2.0 * jnp.minimum(under, over))
    return Dispersion(statistic / degrees, both, over, under, statistic, degrees)
