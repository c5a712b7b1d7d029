r"""How much a posterior depends on its prior: by scaling prior and likelihood a little, and exactly where there is a formula.

Posterior draws are weighted as if the prior, or the likelihood, had been raised to a power α near one. The sensitivity is
the speed of the cumulative Jensen–Shannon distance between the weighted and the unweighted draws, per doubling of α.

References:
    Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and diagnosing prior and likelihood
    sensitivity with power-scaling. Statistics and Computing 34: the distance, and 0.05 as the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import from_sort_keys, promote, sort_keys
from jprob.bayes.draws import Draws

__all__ = ["PriorSensitivity", "prior_gradient", "prior_sensitivity"]

_LOWER, _UPPER = 0.99, 1.01
_THRESHOLD = 0.05


class PriorSensitivity(NamedTuple):
    """Speeds at which marginal posteriors move, by site and element.

    Attributes:
        prior: when the prior is scaled, by site, of the site's shape. likelihood: when the likelihood is.
        conflict: both are sensitive: prior and data pull in different directions.
        dominated: the prior is sensitive and the likelihood is not: the data say little.
    """

    prior: dict[str, Array]
    likelihood: dict[str, Array]
    conflict: dict[str, Array]
    dominated: dict[str, Array]


def prior_sensitivity(draws: Draws) -> PriorSensitivity:
    """How the posterior of every site answers to a stronger or weaker prior and likelihood.

    Args:
        draws: with ``log_prior`` and ``log_likelihood``, as :func:`jprob.bayes.nuts` gives them.

    Returns:
        :class:`PriorSensitivity`; above 0.05 counts as sensitive.

    Raises:
        ValueError: draws without log prior or log likelihood.

    Example:
        >>> from jprob.bayes import models, nuts
        >>> draws = nuts(jax.random.key(0), models.coin_bias, 0, 10, prior=(40.0, 40.0), num_warmup=300)
        >>> bool(prior_sensitivity(draws).conflict["p"])
        True
    """
    if not draws.log_prior or not draws.log_likelihood:
        raise ValueError("`draws` must have log prior and log likelihood; sample with `predictive=True`.")
    prior, likelihood = _total(draws.log_prior), _total(draws.log_likelihood)
    by_prior, by_likelihood = (
        {site: _speed(x, component) for site, x in draws.samples.items()} for component in (prior, likelihood)
    )
    conflict = {site: (by_prior[site] > _THRESHOLD) & (by_likelihood[site] > _THRESHOLD) for site in draws.samples}
    dominated = {site: (by_prior[site] > _THRESHOLD) & (by_likelihood[site] <= _THRESHOLD) for site in draws.samples}
    return PriorSensitivity(by_prior, by_likelihood, conflict, dominated)


def prior_gradient(
    pair: ModuleType, prior: tuple[ArrayLike, ...], *data: ArrayLike, quantity: str | Callable[..., Array] = "mean"
) -> Any:
    """The exact derivative of a posterior quantity in each hyperparameter of a conjugate prior.

    Args:
        pair: a module of :mod:`jprob.bayes.conjugate`. prior: as it takes it, scalars.
        data: sufficient statistics, as it takes them.
        quantity: the name of a function of the pair such as ``"mean"`` or ``"variance"``, or a function of the posterior.

    Returns:
        The derivatives, in the place of the hyperparameters.

    Raises:
        ValueError: the pair has no such quantity.

    Example:
        >>> from jprob.bayes.conjugate import beta_binomial
        >>> found = prior_gradient(beta_binomial, (2.0, 2.0), 8, 10)  # mean a/(a + b) of Beta(10, 4): b/n², −a/n²
        >>> [round(float(d), 4) for d in found]
        [0.0204, -0.051]
    """
    function = quantity if callable(quantity) else getattr(pair, quantity, None)
    if function is None:
        raise ValueError(f"`quantity` must be a function of {pair.__name__.rsplit('.', 1)[-1]}; got {quantity!r}.")
    shapes = promote(*prior)
    return jax.grad(lambda hyper: jnp.asarray(function(pair.update(hyper, *data))))(shapes)


def _total(group: dict[str, Array]) -> Array:
    """Sum over everything but draws, flat."""
    return sum((jnp.sum(x.reshape(x.shape[0] * x.shape[1], -1), -1) for x in group.values()), jnp.zeros(()))


@jax.jit
def _speed(samples: Array, component: Array) -> Array:
    flat = samples.reshape(component.size, -1)
    lower, upper = (jax.nn.softmax((alpha - 1.0) * component) for alpha in (_LOWER, _UPPER))
    speed = 0.5 * (_distances(flat, upper) / math.log2(_UPPER) - _distances(flat, lower) / math.log2(_LOWER))
    return speed.reshape(samples.shape[2:])


def _distance(x: Array, weights: Array) -> Array:
    """The larger cumulative Jensen–Shannon distance of x and −x."""
    keys, weights = jax.lax.sort((sort_keys(x), weights), num_keys=1)
    x = from_sort_keys(keys, x.dtype)
    return jnp.maximum(_one_sided(x, weights), _one_sided(-x[::-1], weights[::-1]))


_distances = jax.vmap(_distance, in_axes=(1, None))


def _one_sided(x: Array, weights: Array) -> Array:
    width, n = jnp.diff(x), x.size
    p = jnp.linspace(1.0 / n, 1.0 - 1.0 / n, n - 1, dtype=x.dtype)
    q = jnp.cumsum(weights)[:-1]
    middle = 0.5 * (p + q)
    # Σ width (p log p/m + q log q/m), about the middle: the two halves of p − q cancel
    gap = 0.5 * (p - q) / middle
    nats = middle * ((1.0 + gap) * jnp.log1p(gap) + (1.0 - gap) * jnp.log1p(-gap))
    total = jnp.sum(width * (p + q))
    return jnp.sqrt(jnp.maximum(jnp.sum(width * nats), 0.0) / (total * math.log(2.0)))
