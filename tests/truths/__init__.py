"""True values by family: ``tests/truths/<family>.py`` holds one :class:`Truth` for accuracy tests and benchmarks."""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Truth(NamedTuple):
    """Hard inputs of a family and what mpmath says of them.

    Attributes:
        points: ``points(seed, size) -> (x, *params)``, float arrays exact in the dtype under test: parameters
            10^-3 to 10^9, tails to forty standard deviations, inside the support, where ``tails`` can be afforded.
        logdensity: ``logdensity(x, *params)``: log density of Python floats as an ``mpf``.
        slopes: ``slopes(x, *params)``: its partial derivatives, ``None`` for whole numbers and counts.
        tails: ``tails(x, *params) -> (P(X <= x), P(X > x))``, both with 30 relative digits.
    """

    points: Callable[[int, int], tuple[np.ndarray, ...]]
    logdensity: Callable
    slopes: Callable
    tails: Callable


def truth_of(name: str) -> Truth:
    return importlib.import_module(f"tests.truths.{name}").TRUTH
