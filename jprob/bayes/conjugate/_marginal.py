"""The law of one unknown number after the data: a family and its parameters, and what any such law has to say."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jprob._array import check_level
from jprob.density import Family

__all__ = ["Marginal", "equal_tails"]


class Marginal(NamedTuple):
    """A distribution: what :func:`jprob.bayes.compare_exact` takes, and ``family.mean(**params)`` and the like.

    Attributes:
        family: of :mod:`jprob.density`.
        params: its parameters by name, each of shape ``(...)``.
    """

    family: Family
    params: dict[str, Array]


def equal_tails(law: Marginal, level: float) -> Array:
    """The interval with as much mass below as above, shape ``(..., 2)``."""
    check_level(level)
    tail = 0.5 * (1.0 - level)
    return jnp.stack([law.family.ppf(tail, **law.params), law.family.isf(tail, **law.params)], -1)
