"""Every conjugate pair with a prior, observations, a point of its parameter space and the truth about both."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jprob.bayes import conjugate
from jprob.density import beta, dirichlet, gamma, inverse_gamma, normal
from tests.grids import DTYPE


class Case(NamedTuple):
    pair: ModuleType
    prior: tuple
    x: Any  # observations along the first axis, arguments of ``statistics``
    theta: tuple  # a point of the parameter space
    log_density: Callable  # of theta under the prior's law
    options: dict = {}  # noqa: RUF012 - further arguments of ``statistics``
    ahead: tuple = ()  # arguments of ``predictive``
    size: tuple = ()  # arguments of ``effective_sample_size``
    exact: bool = True  # statistics are counts, and add up without rounding
    bad: tuple = ()  # data that cannot be, in one sentence that names the first

    @property
    def name(self):
        return self.pair.__name__.rpartition(".")[2]

    def statistics(self, start=0, stop=None):
        x = self.x if isinstance(self.x, tuple) else (self.x,)
        return self.pair.statistics(*(part[start:stop] for part in x), **self.options)


def _regression_density(theta, params):
    coefficients, variance = theta
    loc, root, a, b = params
    z = root @ (coefficients - loc) / jnp.sqrt(variance)
    volume = jnp.linalg.slogdet(root)[1] - 0.5 * z.size * jnp.log(variance)
    return jnp.sum(normal.logpdf(z, 0.0, 1.0)) + volume + inverse_gamma.logpdf(variance, a, b)


rng = np.random.default_rng(20261123)
N = 24
COIN = rng.integers(0, 2, N).astype(DTYPE)
COUNTS = rng.poisson(3.0, N).astype(DTYPE)
WAITS = rng.geometric(0.3, N).astype(DTYPE)
TIMES = rng.exponential(2.0, N).astype(DTYPE)
LINE = rng.normal(5.0, 2.0, N).astype(DTYPE)
LABELS = rng.integers(0, 4, N).astype(DTYPE)
DESIGN = np.stack([np.ones(N), np.linspace(-1, 1, N)], -1).astype(DTYPE)


def _of(density):
    return lambda theta, params: density(*theta, *params)


CASES = [
    Case(
        conjugate.beta_binomial,
        (2.0, 3.5),
        COIN,
        (0.4,),
        _of(beta.logpdf),
        ahead=(3,),
        bad=((1.5, 3), "`successes` must be whole numbers of at least 0; got 1.5"),
    ),
    Case(
        conjugate.beta_negative_binomial,
        (4.0, 3.5),
        COUNTS,
        (0.4,),
        _of(beta.logpdf),
        {"successes": 2.0},
        ahead=(3,),
        bad=((2.5, 3), "`failures` must be whole numbers of at least 0; got 2.5"),
    ),
    Case(
        conjugate.beta_geometric,
        (4.0, 3.5),
        WAITS,
        (0.4,),
        _of(beta.logpdf),
        ahead=(3,),
        bad=((2, 3), "`trials` must not be fewer than `waits`; got 2"),
    ),
    Case(
        conjugate.gamma_poisson,
        (2.5, 0.75),
        COUNTS,
        (2.0,),
        _of(gamma.logpdf),
        ahead=(2.0,),
        bad=((3, -1.0), "`exposure` must be finite and at least 0; got -1"),
    ),
    Case(
        conjugate.gamma_exponential,
        (2.5, 0.75),
        TIMES,
        (0.6,),
        _of(gamma.logpdf),
        exact=False,
        bad=((3, -1.0), "`time` must be finite and at least 0; got -1"),
    ),
    Case(
        conjugate.normal_known_scale,
        (1.0, 3.0),
        LINE,
        (4.0,),
        _of(normal.logpdf),
        {"scale": 2.0},
        ahead=(2.0,),
        size=(2.0,),
        exact=False,
        bad=((1.0, 3, 0.0), "`scale` must be positive and finite; got 0"),
    ),
    Case(
        conjugate.inverse_gamma_known_mean,
        (3.0, 4.0),
        LINE,
        (4.5,),
        _of(inverse_gamma.logpdf),
        {"mean": 5.0},
        ahead=(5.0,),
        exact=False,
        bad=((-1.0, 3), "`sum_squares` must be finite and at least 0; got -1"),
    ),
    Case(
        conjugate.normal_inverse_gamma,
        (1.0, 0.5, 3.0, 4.0),
        LINE,
        (4.0, 4.5),
        lambda theta, p: (
            normal.logpdf(theta[0], p[0], jnp.sqrt(theta[1] / p[1])) + inverse_gamma.logpdf(theta[1], *p[2:])
        ),
        exact=False,
        bad=((1.0, 3, -2.0), "`sum_squares` must be finite and at least 0; got -2"),
    ),
    Case(
        conjugate.dirichlet_multinomial,
        (np.array([1.0, 2.0, 0.5, 1.5], DTYPE),),
        LABELS,
        (np.array([0.5, 0.25, 0.125, 0.125], DTYPE),),
        _of(dirichlet.logpdf),
        {"num_labels": 4},
        ahead=(4,),
        bad=((np.array([1.0, -1.0, 2.0, 0.0]),), "`counts` must be whole numbers of at least 0; got -1 at index 1"),
    ),
    Case(
        conjugate.linear_regression,
        (np.array([1.0, 0.0], DTYPE), np.eye(2, dtype=DTYPE) / 2, 3.0, 4.0),
        (DESIGN, LINE),
        (np.array([4.0, 0.5], DTYPE), 4.5),
        _regression_density,
        ahead=(np.array([1.0, 0.5], DTYPE),),
        exact=False,
        bad=((np.eye(2), 3), "`triangle` must have shape"),
    ),
]
