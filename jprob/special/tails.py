"""Both tails of a distribution as one result, and their hazards."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

__all__ = ["Hazards", "Tails"]


class Tails(NamedTuple):
    """Both tails of a distribution and their logarithms, each with its own relative accuracy.

    Attributes:
        lower: the probability of at most x. upper: of more than x.
        log_lower: the logarithm of ``lower``, also where that underflows. log_upper: of ``upper``.
    """

    lower: Array
    upper: Array
    log_lower: Array
    log_upper: Array


class Hazards(NamedTuple):
    """How fast the logarithm of each tail moves along the axis on which the law is log-concave, known also deep down.

    Attributes:
        lower: the density on that axis over the lower tail. upper: over the upper tail.
    """

    lower: Array
    upper: Array
