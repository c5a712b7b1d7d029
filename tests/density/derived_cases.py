"""Families made from others that have numbers for parameters: they obey the laws of the families they are made from."""

import numpy as np

from jprob.density import geometric, hurdle, mixed, normal, poisson, truncated
from tests.density.cases import INF, NAN, Case

_NORMAL = {"loc": 1.5, "scale": 2.0}

DERIVED = [
    Case(
        mixed.zero_inflated_poisson,
        np.arange(21.0),
        invalid=[{"prob": -0.1}, {"prob": 1.1}, {"rate": -1.0}, {"prob": NAN}, {"rate": NAN}],
        outside=[-1.0, 0.5, INF],
        edges=[
            ({"prob": 1.0}, 0.0, 0.0),
            ({"prob": 0.0}, 0.0, -4.2),
            ({"prob": 0.0, "rate": 200.0}, 0.0, -200.0),
            ({"prob": 1.0}, 1.0, -INF),
            ({"prob": 0.5, "rate": 0.0}, 0.0, 0.0),
        ],
    ),
    Case(
        mixed.hurdle_poisson,
        np.arange(21.0),
        invalid=[{"prob": -0.1}, {"prob": 1.1}, {"rate": -1.0}, {"prob": NAN}, {"rate": NAN}],
        outside=[-1.0, 0.5, INF],
        edges=[
            ({"prob": 1.0}, 0.0, 0.0),
            ({"prob": 0.0}, 0.0, -INF),
            ({"prob": 0.25, "rate": 1e-6}, 1.0, np.log(0.75)),
            ({"prob": 0.25, "rate": 300.0}, 0.0, np.log(0.25)),
        ],
    ),
    Case(
        hurdle(geometric),
        np.arange(48.0),
        invalid=[{"prob": -0.1}, {"p": 0.0}, {"p": 1.1}, {"prob": NAN}],
        outside=[-1.0, 0.5, INF],
        edges=[({"prob": 0.5, "p": 1.0}, 1.0, np.log(0.5))],
    ),
    Case(
        truncated(normal, -1.0, 2.5),
        np.linspace(-1.0, 2.5, 43)[1:-1],
        invalid=[{"scale": 0.0}, {"scale": -1.0}, {"loc": NAN}, {"scale": INF}],
        outside=[-1.1, 2.6, INF, -INF],
        edges=[(_NORMAL | {"scale": 1e6}, 0.0, -np.log(3.5))],
    ),
    Case(
        truncated(poisson, 2, 12),
        np.arange(2.0, 13.0),
        invalid=[{"rate": -1.0}, {"rate": NAN}, {"rate": INF}],
        outside=[1.0, 13.0, 2.5, INF],
        edges=[({"rate": 1e-6}, 2.0, 0.0)],
    ),
]
