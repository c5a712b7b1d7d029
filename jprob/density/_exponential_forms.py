"""The exponential families in their natural form: one row each of plain functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln

from jprob.special import log_binomial, log_negative_binomial

__all__ = ["FORMS", "Row"]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)

type Params = Mapping[str, Array]


class Row(NamedTuple):
    """``log f(x) = log_base(x) + statistics(x) · eta − log_normaliser(eta)``, each also given what is known.

    Attributes:
        parameters: what eta stands for. known: parameters that are given.
        natural: parameters to eta, along the last axis. params: back.
    """

    parameters: tuple[str, ...]
    natural: Callable[[Params], Array]
    params: Callable[[Array], dict[str, Array]]
    statistics: Callable[[Array], Array]
    log_base: Callable[[Array, Params], Array]
    log_normaliser: Callable[[Array, Params], Array]
    known: tuple[str, ...] = ()


def _one(value: Array) -> Array:
    return value[..., None]


def _two(first: Array, second: Array) -> Array:
    return jnp.stack(jnp.broadcast_arrays(first, second), -1)


def _nothing(x: Array, known: Params) -> Array:
    return jnp.zeros_like(x)


def _log_odds(p: Array) -> Array:
    return jnp.log(p) - jnp.log1p(-p)


def _log_coefficient(k: Array, known: Params) -> Array:
    n = known["n"]
    return log_binomial(k, n, jnp.full_like(k, 0.5)) + n * math.log(2.0)


def _log_failures(k: Array, known: Params) -> Array:
    r = known["r"]
    return log_negative_binomial(k, r, jnp.full_like(k, 0.5)) + (k + r) * math.log(2.0)


def _gaussian_normaliser(eta: Array, known: Params) -> Array:
    first, second = eta[..., 0], eta[..., 1]
    return -first * first / (4.0 * second) - 0.5 * jnp.log(-2.0 * second)


def _gaussian_natural(params: Params) -> Array:
    precision = 1.0 / params["scale"] / params["scale"]
    return _two(params["loc"] * precision, -0.5 * precision)


def _gaussian_params(eta: Array) -> dict[str, Array]:
    variance = -0.5 / eta[..., 1]
    return {"loc": eta[..., 0] * variance, "scale": jnp.sqrt(variance)}


def _softmax_with_last(eta: Array) -> Array:
    return jax.nn.softmax(jnp.concatenate([eta, jnp.zeros_like(eta[..., :1])], -1), -1)


FORMS = {
    "bernoulli": Row(
        ("p",),
        lambda params: _one(_log_odds(params["p"])),
        lambda eta: {"p": jax.nn.sigmoid(eta[..., 0])},
        _one,
        _nothing,
        lambda eta, known: jax.nn.softplus(eta[..., 0]),
    ),
    "binomial": Row(
        ("p",),
        lambda params: _one(_log_odds(params["p"])),
        lambda eta: {"p": jax.nn.sigmoid(eta[..., 0])},
        _one,
        _log_coefficient,
        lambda eta, known: known["n"] * jax.nn.softplus(eta[..., 0]),
        known=("n",),
    ),
    "poisson": Row(
        ("rate",),
        lambda params: _one(jnp.log(params["rate"])),
        lambda eta: {"rate": jnp.exp(eta[..., 0])},
        _one,
        lambda x, known: -gammaln(x + 1.0),
        lambda eta, known: jnp.exp(eta[..., 0]),
    ),
    "geometric": Row(
        ("p",),
        lambda params: _one(jnp.log1p(-params["p"])),
        lambda eta: {"p": -jnp.expm1(eta[..., 0])},
        _one,
        _nothing,
        lambda eta, known: eta[..., 0] - jnp.log(-jnp.expm1(eta[..., 0])),
    ),
    "negative_binomial": Row(
        ("p",),
        lambda params: _one(jnp.log1p(-params["p"])),
        lambda eta: {"p": -jnp.expm1(eta[..., 0])},
        _one,
        _log_failures,
        lambda eta, known: -known["r"] * jnp.log(-jnp.expm1(eta[..., 0])),
        known=("r",),
    ),
    "normal": Row(
        ("loc", "scale"),
        _gaussian_natural,
        _gaussian_params,
        lambda x: _two(x, x * x),
        lambda x, known: jnp.full_like(x, -_LOG_SQRT_2PI),
        _gaussian_normaliser,
    ),
    "lognormal": Row(
        ("loc", "scale"),
        _gaussian_natural,
        _gaussian_params,
        lambda x: _two(jnp.log(x), jnp.log(x) ** 2),
        lambda x, known: -jnp.log(x) - _LOG_SQRT_2PI,
        _gaussian_normaliser,
    ),
    "exponential": Row(
        ("rate",),
        lambda params: _one(-params["rate"]),
        lambda eta: {"rate": -eta[..., 0]},
        _one,
        _nothing,
        lambda eta, known: -jnp.log(-eta[..., 0]),
    ),
    "gamma": Row(
        ("concentration", "rate"),
        lambda params: _two(params["concentration"], -params["rate"]),
        lambda eta: {"concentration": eta[..., 0], "rate": -eta[..., 1]},
        lambda x: _two(jnp.log(x), x),
        lambda x, known: -jnp.log(x),
        lambda eta, known: gammaln(eta[..., 0]) - eta[..., 0] * jnp.log(-eta[..., 1]),
    ),
    "inverse_gamma": Row(
        ("concentration", "rate"),
        lambda params: _two(-params["concentration"], -params["rate"]),
        lambda eta: {"concentration": -eta[..., 0], "rate": -eta[..., 1]},
        lambda x: _two(jnp.log(x), 1.0 / x),
        lambda x, known: -jnp.log(x),
        lambda eta, known: gammaln(-eta[..., 0]) + eta[..., 0] * jnp.log(-eta[..., 1]),
    ),
    "beta": Row(
        ("a", "b"),
        lambda params: _two(params["a"], params["b"]),
        lambda eta: {"a": eta[..., 0], "b": eta[..., 1]},
        lambda x: _two(jnp.log(x), jnp.log1p(-x)),
        lambda x, known: -jnp.log(x) - jnp.log1p(-x),
        lambda eta, known: jnp.sum(gammaln(eta), -1) - gammaln(jnp.sum(eta, -1)),
    ),
    "dirichlet": Row(
        ("concentration",),
        lambda params: params["concentration"],
        lambda eta: {"concentration": eta},
        jnp.log,
        lambda x, known: -jnp.sum(jnp.log(x), -1),
        lambda eta, known: jnp.sum(gammaln(eta), -1) - gammaln(jnp.sum(eta, -1)),
    ),
}
"""By the family's name; the categorical, whose statistics depend on the number of labels, is made in ``expfam``."""


def categorical_row(num_labels: int) -> Row:
    """Log odds against the last of so many labels."""
    return Row(
        ("probs",),
        lambda params: jnp.log(params["probs"][..., :-1]) - jnp.log(params["probs"][..., -1:]),
        lambda eta: {"probs": _softmax_with_last(eta)},
        lambda x: (x[..., None] == jnp.arange(num_labels - 1)).astype(x.dtype),
        _nothing,
        lambda eta, known: jax.nn.logsumexp(jnp.concatenate([eta, jnp.zeros_like(eta[..., :1])], -1), -1),
    )
