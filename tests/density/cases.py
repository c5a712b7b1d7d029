"""The table of families that every law is held against: one row each."""

from typing import NamedTuple

import numpy as np

from jprob.density import bernoulli, beta, binomial
from jprob.density.family import Family

NAN, INF = float("nan"), float("inf")


class Case(NamedTuple):
    """A family and the inputs at which its laws are tried.

    Attributes:
        family: with its example parameters.
        points: at most 48 increasing points of the support; all of it, or all but 1e-8, if discrete.
        invalid: parameters that must give nan, by name; the others are the example's.
        outside: values of probability or density zero.
        edges: ``(changed parameters, x, log density)`` at the ends of the support and of the parameters' ranges;
            gradients there must not be nan.
        has_moments: mean and variance are finite at the example parameters.
    """

    family: Family
    points: np.ndarray
    invalid: list[dict[str, float]]
    outside: list[float]
    edges: list[tuple[dict[str, float], float, float]]
    has_moments: bool = True


CASES = [
    Case(
        bernoulli.family,
        np.arange(2.0),
        invalid=[{"p": -0.1}, {"p": 1.1}, {"p": NAN}],
        outside=[-1.0, 0.5, 2.0],
        edges=[({"p": 0.0}, 0.0, 0.0), ({"p": 0.0}, 1.0, -INF), ({"p": 1.0}, 1.0, 0.0), ({"p": 1.0}, 0.0, -INF)],
    ),
    Case(
        binomial.family,
        np.arange(21.0),
        invalid=[{"n": -1.0}, {"n": 2.5}, {"p": 2.0}, {"p": -0.1}, {"n": NAN}, {"p": NAN}],
        outside=[-1.0, 3.5, 21.0, INF],
        edges=[
            ({"n": 3.0, "p": 0.0}, 0.0, 0.0),
            ({"n": 3.0, "p": 1.0}, 3.0, 0.0),
            ({"n": 3.0, "p": 0.0}, 1.0, -INF),
            ({"n": 0.0, "p": 0.4}, 0.0, 0.0),
        ],
    ),
    Case(
        beta.family,
        np.linspace(0.0, 1.0, 43)[1:-1],
        invalid=[{"a": 0.0}, {"b": -2.0}, {"a": NAN}, {"b": NAN}, {"b": INF}],
        outside=[-0.5, 1.5, INF],
        edges=[
            ({"a": 1.0, "b": 3.0}, 0.0, np.log(3.0)),
            ({"a": 3.0, "b": 1.0}, 1.0, np.log(3.0)),
            ({"a": 2.0, "b": 2.0}, 0.0, -INF),
            ({"a": 0.5, "b": 0.5}, 1.0, INF),
        ],
    ),
]
