"""The table of families that every law is held against: one row each."""

from typing import NamedTuple

import numpy as np

from jprob.density import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    cauchy,
    exponential,
    gamma,
    geometric,
    halfnormal,
    inverse_gamma,
    laplace,
    lognormal,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    uniform,
    weibull,
)
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
        beta_binomial.family,
        np.arange(21.0),
        invalid=[{"n": -1.0}, {"n": 2.5}, {"a": 0.0}, {"b": -2.0}, {"a": NAN}, {"n": NAN}, {"b": INF}],
        outside=[-1.0, 3.5, 21.0, INF],
        edges=[
            ({"n": 0.0}, 0.0, 0.0),
            ({"n": 9.0, "a": 1.0, "b": 1.0}, 9.0, np.log(0.1)),
            ({"n": 1.0, "a": 1.0, "b": 3.0}, 0.0, np.log(0.75)),
            ({"n": 1.0, "a": 1e-3, "b": 1e-3}, 1.0, np.log(0.5)),
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
    Case(
        normal.family,
        1.5 + 2.0 * np.linspace(-5.0, 5.0, 41),
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"scale": INF}, {"loc": INF}, {"loc": NAN}, {"scale": NAN}],
        outside=[INF, -INF],
        edges=[({"loc": 0.0, "scale": 1e-12}, 0.0, -np.log(np.sqrt(2 * np.pi) * 1e-12))],
    ),
    Case(
        exponential.family,
        np.linspace(0.0, 20.0, 41),
        invalid=[{"rate": 0.0}, {"rate": -1.0}, {"rate": NAN}, {"rate": INF}],
        outside=[-1.0, -INF, INF],
        edges=[({"rate": 3.0}, 0.0, np.log(3.0)), ({"rate": 1e9}, 0.0, np.log(1e9))],
    ),
    Case(
        weibull.family,
        np.linspace(0.0, 12.0, 41)[1:],
        invalid=[{"concentration": 0.0}, {"concentration": INF}, {"scale": -1.0}, {"scale": 0.0}, {"scale": NAN}],
        outside=[-1.0, -INF, INF],
        edges=[
            ({"concentration": 0.5}, 0.0, INF),
            ({"concentration": 1.0}, 0.0, -np.log(3.0)),
            ({"concentration": 2.0}, 0.0, -INF),
            ({"concentration": 1e9, "scale": 1.0}, 1.0, np.log(1e9) - 1.0),
            ({"concentration": 1e9, "scale": 1.0}, 2.0, -INF),
        ],
    ),
    Case(
        pareto.family,
        2.0 * np.linspace(1.0, 5.0, 41) ** 1.5,
        invalid=[{"alpha": 0.0}, {"alpha": INF}, {"alpha": NAN}, {"scale": -1.0}, {"scale": 0.0}, {"scale": INF}],
        outside=[-1.0, 0.0, 1.9, INF],
        edges=[
            ({"alpha": 3.0, "scale": 1.5}, 1.5, np.log(2.0)),
            ({"alpha": 1e9, "scale": 1.0}, 1.0, np.log(1e9)),
            ({"alpha": 1e9, "scale": 1.0}, 0.999, -INF),
        ],
    ),
    Case(
        geometric.family,
        np.arange(1.0, 45.0),
        invalid=[{"p": 0.0}, {"p": -0.1}, {"p": 1.1}, {"p": NAN}],
        outside=[-1.0, 0.0, 1.5, INF, -INF],
        edges=[({"p": 1.0}, 1.0, 0.0), ({"p": 1.0}, 2.0, -INF), ({"p": 1e-12}, 1.0, -27.6310211)],
    ),
    Case(
        student_t.family,
        1.5 + 2.0 * np.sinh(np.linspace(-3.0, 3.0, 41)),
        invalid=[{"df": 0.0}, {"df": -1.0}, {"df": INF}, {"scale": -1.0}, {"scale": 0.0}, {"loc": INF}, {"loc": NAN}],
        outside=[INF, -INF],
        edges=[
            ({"df": 1.0, "loc": 0.0, "scale": 1e-12}, 0.0, 27.6310211 - np.log(np.pi)),
            ({"df": 2.0, "loc": 0.0, "scale": 1.0}, 1e15, -3.0 * np.log(1e15)),
        ],
    ),
    Case(
        gamma.family,
        np.linspace(0.0, 16.0, 41)[1:],
        invalid=[
            {"concentration": 0.0},
            {"concentration": -1.0},
            {"concentration": INF},
            {"rate": 0.0},
            {"rate": -1.0},
            {"rate": NAN},
        ],
        outside=[-1.0, -INF, INF],
        edges=[
            ({"concentration": 1.0, "rate": 3.0}, 0.0, np.log(3.0)),
            ({"concentration": 0.5}, 0.0, INF),
            ({"concentration": 2.0}, 0.0, -INF),
        ],
    ),
    Case(
        inverse_gamma.family,
        0.8 / np.linspace(16.0, 0.05, 41),
        invalid=[
            {"concentration": 0.0},
            {"concentration": -1.0},
            {"concentration": INF},
            {"rate": 0.0},
            {"rate": -1.0},
            {"rate": NAN},
        ],
        outside=[0.0, -1.0, -INF, INF],
        edges=[({"concentration": 1.0, "rate": 2.0}, 1.0, np.log(2.0) - 2.0)],
        has_moments=False,
    ),
    Case(
        poisson.family,
        np.arange(25.0),
        invalid=[{"rate": -1.0}, {"rate": INF}, {"rate": NAN}],
        outside=[-1.0, 0.5, INF],
        edges=[({"rate": 0.0}, 0.0, 0.0), ({"rate": 0.0}, 1.0, -INF), ({"rate": 1e9}, 1e9, -11.280571)],
    ),
    Case(
        negative_binomial.family,
        np.arange(40.0),
        invalid=[{"r": 0.0}, {"r": -1.0}, {"r": INF}, {"p": 0.0}, {"p": 1.1}, {"p": -0.1}, {"p": NAN}, {"r": NAN}],
        outside=[-1.0, 0.5, INF, -INF],
        edges=[
            ({"p": 1.0}, 0.0, 0.0),
            ({"p": 1.0}, 1.0, -INF),
            ({"r": 0.5, "p": 1.0}, 0.0, 0.0),
            ({"r": 1e9, "p": 1.0}, 0.0, 0.0),
            ({"r": 2.0, "p": 1e-12}, 0.0, -55.2620422),
        ],
    ),
    Case(
        cauchy.family,
        1.5 + 2.0 * np.linspace(-5.0, 5.0, 41) ** 3,
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"scale": INF}, {"loc": INF}, {"loc": NAN}, {"scale": NAN}],
        outside=[INF, -INF],
        edges=[({"loc": 0.0, "scale": 1e-12}, 0.0, -np.log(np.pi * 1e-12))],
        has_moments=False,
    ),
    Case(
        halfnormal.family,
        np.linspace(0.0, 10.0, 42)[1:],
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"scale": INF}, {"scale": NAN}],
        outside=[-1.0, -INF, INF],
        edges=[({"scale": s}, 0.0, np.log(np.sqrt(2 / np.pi) / s)) for s in (1.0, 1e-12)],
    ),
    Case(
        laplace.family,
        1.5 + 2.0 * np.linspace(-10.0, 10.0, 41),
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"scale": INF}, {"loc": INF}, {"loc": NAN}, {"scale": NAN}],
        outside=[INF, -INF],
        edges=[({"loc": 0.0, "scale": 1e-12}, 0.0, -np.log(2e-12)), ({"loc": 1.5, "scale": 0.5}, 1.5, 0.0)],
    ),
    Case(
        lognormal.family,
        np.exp(0.5 + 0.75 * np.linspace(-5.0, 5.0, 41)),
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"scale": INF}, {"loc": INF}, {"loc": NAN}, {"scale": NAN}],
        outside=[0.0, -1.0, -INF, INF],
        edges=[({"loc": 0.0, "scale": 1e-12}, 1.0, -np.log(np.sqrt(2 * np.pi) * 1e-12))],
    ),
    Case(
        uniform.family,
        np.linspace(-1.0, 3.0, 41),
        invalid=[{"low": 3.0}, {"high": -2.0}, {"low": -INF}, {"high": INF}, {"low": NAN}, {"high": NAN}],
        outside=[-1.5, 3.5, -INF, INF],
        edges=[({"low": 2.0}, 2.0, 0.0), ({"low": 2.0}, 3.0, 0.0), ({"low": -3e38, "high": 3e38}, 0.0, -np.log(6e38))],
    ),
]
