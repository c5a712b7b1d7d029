"""Expected Fisher information of one observation, where it has a closed form.

References:
    Lehmann, E. L. and Casella, G. (1998). Theory of Point Estimation, 2nd ed., section 2.5.
    Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using the t distribution.
        JASA 84.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.density import FAMILIES, Family
from jprob.estimate._likelihood import the_family
from jprob.special import trigamma

__all__ = ["fisher_information"]

type Rows = list[list[Array | float]]


def fisher_information(family: Family | ModuleType, params: Mapping[str, ArrayLike]) -> Array | None:
    """Expected information of one observation about the parameters that can be estimated, names in alphabetical order.

    Args:
        family: the family or its module. params: its parameters, of one shape ``(...)`` after broadcasting.

    Returns:
        Shape ``(..., p, p)``; ``None`` for a family without a closed form here, or whose support hangs on a parameter.

    Example:
        >>> from jprob import density
        >>> fisher_information(density.normal, {"loc": 0.0, "scale": 0.5}).tolist()
        [[4.0, 0.0], [0.0, 8.0]]
    """
    family = the_family(family)
    rows = _INFORMATION.get(family.name)
    if rows is None or FAMILIES[family.name] != family:
        return None
    values = dict(zip(params, jnp.broadcast_arrays(*promote(*params.values())), strict=True))
    shape = next(iter(values.values()))
    matrix = [jnp.stack([jnp.broadcast_to(entry, shape.shape) for entry in row], -1) for row in rows(**values)]
    return jnp.stack(matrix, -2).astype(shape.dtype)


def _location_scale(by_loc: float, by_scale: float) -> Callable[..., Rows]:
    return lambda loc, scale: [[by_loc / scale**2, 0.0], [0.0, by_scale / scale**2]]


def _gamma(concentration: Array, rate: Array) -> Rows:
    return [[trigamma(concentration), -1.0 / rate], [-1.0 / rate, concentration / rate**2]]


def _beta(a: Array, b: Array) -> Rows:
    both = trigamma(a + b)
    return [[trigamma(a) - both, -both], [-both, trigamma(b) - both]]


def _weibull(concentration: Array, scale: Array) -> Rows:
    cross = (np.euler_gamma - 1.0) / scale
    own = (math.pi**2 / 6.0 + (1.0 - np.euler_gamma) ** 2) / concentration**2
    return [[own, cross], [cross, (concentration / scale) ** 2]]


def _student_t(df: Array, loc: Array, scale: Array) -> Rows:
    own = 0.25 * (trigamma(0.5 * df) - trigamma(0.5 * (df + 1.0)))
    own = own - 0.5 * (df + 5.0) / (df * (df + 1.0) * (df + 3.0))
    cross = -2.0 / (scale * (df + 1.0) * (df + 3.0))
    shared = 1.0 / ((df + 3.0) * scale**2)
    return [[own, 0.0, cross], [0.0, (df + 1.0) * shared, 0.0], [cross, 0.0, 2.0 * df * shared]]


_INFORMATION: dict[str, Callable[..., Rows]] = {
    "bernoulli": lambda p: [[1.0 / (p * (1.0 - p))]],
    "binomial": lambda n, p: [[n / (p * (1.0 - p))]],
    "geometric": lambda p: [[1.0 / (p * p * (1.0 - p))]],
    "poisson": lambda rate: [[1.0 / rate]],
    "normal": _location_scale(1.0, 2.0),
    "lognormal": _location_scale(1.0, 2.0),
    "laplace": _location_scale(1.0, 1.0),
    "cauchy": _location_scale(0.5, 0.5),
    "student_t": _student_t,
    "halfnormal": lambda scale: [[2.0 / scale**2]],
    "exponential": lambda rate: [[1.0 / rate**2]],
    "gamma": _gamma,
    "inverse_gamma": _gamma,
    "weibull": _weibull,
    "beta": _beta,
}
