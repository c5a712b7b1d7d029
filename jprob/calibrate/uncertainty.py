r"""How sure a calibration map is: a posterior over its parameters, and probabilities with what that leaves open.

.. math:: \theta \sim N(\theta_\text{identity}, s^2), \qquad y_i \mid \theta \sim \text{Bernoulli or categorical}(q_\theta(x_i))

in coordinates without bounds: log T; slope and intercept; log a, log b and c. A prior about the identity keeps separable labels
finite. The posterior has one to three dimensions and a single peak: Laplace's normal is widened to a Student-t, drawn from, and
the draws are weighted by the true posterior and drawn again; ``ess`` says how much that left.

References:
    Rubin, D. B. (1988). Using the SIR algorithm to simulate posterior distributions. Bayesian Statistics 3.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob import estimate
from jprob._array import check_level, check_positive_int, promote
from jprob.bayes import Draws
from jprob.calibrate import beta, platt, temperature
from jprob.calibrate._inputs import Rows, scored

__all__ = ["Posterior", "Predicted", "posterior", "predict"]

_DF = 5.0
_WIDER = 1.2
_PROPOSED = 4  # for each draw that is kept


class Posterior(NamedTuple):
    """Draws of a map's parameters.

    Attributes:
        draws: by name, each of shape ``(1, draws)``; independent, so there is no chain to diagnose.
        mode: the parameters of highest density in coordinates without bounds. covariance: there, by Laplace.
        ess: of the proposals, as a share of them; near one where the posterior is all but normal.
        converged: the mode was found.
        method: name of the map.
    """

    draws: Draws
    mode: Array
    covariance: Array
    ess: Array
    converged: Array
    method: str


class Predicted(NamedTuple):
    """Probabilities under a posterior.

    Attributes:
        probs: their means, shape of the scores. interval: equal-tailed, shape ``(..., 2)``.
    """

    probs: Array
    interval: Array


class _Map(NamedTuple):
    """A map in coordinates without bounds: names, identity, and log probability of each class or of both labels."""

    names: tuple[str, ...]
    identity: tuple[float, ...]
    values: Any
    log_odds: Any


_MAPS = {
    "temperature": _Map(("temperature",), (0.0,), jnp.exp, lambda u, z: z * jnp.exp(-u[0])),
    "platt": _Map(("slope", "intercept"), (1.0, 0.0), lambda u: u, lambda u, z: u[0] * z + u[1]),
    "beta": _Map(
        ("a", "b", "c"),
        (0.0, 0.0, 0.0),
        lambda u: u.at[..., :2].set(jnp.exp(u[..., :2])),
        lambda u, p: jnp.exp(u[0]) * beta.sides(p)[0] + jnp.exp(u[1]) * beta.sides(p)[1] + u[2],
    ),
}
_NAMES = {temperature: "temperature", platt: "platt", beta: "beta"}


def posterior(
    key: Array,
    method: ModuleType,
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    prior_scale: float = 3.0,
    num_draws: int = 1000,
) -> Posterior:
    """Draws of the parameters of a temperature, of Platt's line or of a beta map, given labelled rows.

    Args:
        key: a JAX random key.
        method: ``calibrate.temperature``, ``calibrate.platt`` or ``calibrate.beta``.
        scores: logits, or for ``beta`` probabilities, of shape ``(n,)``; for ``temperature`` also ``(n, k)``.
        labels: 0 and 1, or classes 0..k−1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        prior_scale: standard deviation of each parameter about the identity, in coordinates without bounds.
        num_draws: of them.

    Returns:
        :class:`Posterior`.

    Raises:
        ValueError: another method, rows that it does not take, a scale that is not positive.

    Example:
        >>> z, y = jnp.array([2.0] * 100 + [-2.0] * 100), jnp.array([1, 1, 1, 0] * 25 + [0, 0, 0, 1] * 25)
        >>> found = posterior(jax.random.key(0), temperature, z, y)
        >>> round(float(jnp.exp(found.mode[0])), 1)  # 2 / log 3, hardly moved by the prior
        1.8
    """
    if method not in _NAMES:
        raise ValueError(
            f"`method` must be calibrate.temperature, platt or beta; got {getattr(method, '__name__', method)!r}."
        )
    check_positive_int(num_draws, "num_draws")
    if not prior_scale > 0:
        raise ValueError(f"`prior_scale` must be positive; got {prior_scale}.")
    name = _NAMES[method]
    rows = scored(scores, labels, weights, logits=name != "beta")
    if rows.scores.ndim == 2 and name != "temperature":
        raise ValueError(f"`scores` must have shape (n,) for {name}; got {rows.scores.shape}.")
    values, mode, covariance, ess, converged = _posterior(
        key, rows, jnp.asarray(prior_scale, rows.scores.dtype), name, num_draws
    )
    samples = {site: values[None, :, i] for i, site in enumerate(_MAPS[name].names)}
    return Posterior(Draws(samples, {}), mode, covariance, ess, converged, name)


def predict(found: Posterior, scores: ArrayLike, *, level: float = 0.95) -> Predicted:
    """Probabilities of new rows, averaged over the posterior, with intervals.

    Memory is draws × rows.

    Args:
        found: of :func:`posterior`. scores: as they were fitted, shape ``(n,)`` or ``(n, k)``. level: of the intervals.

    Returns:
        :class:`Predicted`.

    Example:
        >>> z, y = jnp.array([2.0] * 100 + [-2.0] * 100), jnp.array([1, 1, 1, 0] * 25 + [0, 0, 0, 1] * 25)
        >>> found = predict(posterior(jax.random.key(0), temperature, z, y), [0.0, 2.0])
        >>> bool(abs(found.probs[1] - 0.75) < 0.03), found.interval[0].tolist()
        (True, [0.5, 0.5])
    """
    check_level(level)
    (z,) = promote(scores)
    values = jnp.stack([site[0] for site in found.draws.samples.values()], -1)
    return _predict(values, z, jnp.asarray(level, z.dtype), found.method)


@partial(jax.jit, static_argnums=3)
def _predict(values: Array, z: Array, level: Array, name: str) -> Predicted:
    def one(theta: Array) -> Array:
        none = jnp.zeros(())
        if name == "temperature":
            return temperature.apply(theta[0], z)
        if name == "platt":
            return platt.apply(platt.Platt(theta[0], theta[1], none, none, none), z)
        return beta.apply(beta.Beta(theta[0], theta[1], theta[2], none, none, none), z)

    each = jax.vmap(one)(values)
    tail = 0.5 * (1.0 - level)
    ends = jnp.quantile(each, jnp.stack([tail, 1.0 - tail]), 0)
    return Predicted(jnp.mean(each, 0), jnp.moveaxis(ends, 0, -1))


@partial(jax.jit, static_argnums=(3, 4))
def _posterior(key: Array, rows: Rows, scale: Array, name: str, num: int) -> tuple[Array, ...]:
    found, x = _MAPS[name], rows.scores
    identity = jnp.asarray(found.identity, x.dtype)
    w = jnp.broadcast_to(rows.weights, rows.labels.shape)

    def log_density(u: Array) -> Array:
        z = found.log_odds(u, x)
        if z.ndim == 1:
            each = rows.labels * z - jax.nn.softplus(z)
        else:
            each = jnp.take_along_axis(jax.nn.log_softmax(z, -1), rows.labels[:, None], 1)[:, 0]
        return jnp.sum(w * each) - 0.5 * jnp.sum(((u - identity) / scale) ** 2)

    total = jnp.sum(w)
    peak = estimate.minimise(lambda u: -log_density(u) / total, identity, optimizer=estimate.newton(), max_steps=100)
    curvature = jax.hessian(lambda u: -log_density(u))(peak.params)
    root = jnp.linalg.cholesky(jnp.linalg.inv(curvature))
    normal, gamma, choose = jax.random.split(key, 3)
    steps = jax.random.normal(normal, (_PROPOSED * num, identity.size), x.dtype)
    parts = jax.random.normal(gamma, (_PROPOSED * num, int(_DF)), x.dtype)
    steps = _WIDER * steps / jnp.sqrt(jnp.mean(parts**2, -1))[:, None]  # Student-t: chi-squared of a whole df
    proposed = peak.params + steps @ root.T
    against = -0.5 * (_DF + identity.size) * jnp.log1p(jnp.sum((steps / _WIDER) ** 2, -1) / _DF)
    log_weight = (
        jax.lax.map(log_density, proposed, batch_size=max(1, min(_PROPOSED * num, 2**20 // x.size + 1))) - against
    )
    weight = jax.nn.softmax(jnp.where(jnp.isfinite(log_weight), log_weight, -jnp.inf))
    ess = 1.0 / jnp.sum(weight**2) / weight.size
    # systematic: one uniform for all draws; a proposal is drawn as often as its weight says, give or take one
    comb = (jnp.arange(num) + jax.random.uniform(choose, (), x.dtype)) / num
    index = jnp.searchsorted(jnp.cumsum(weight), comb)
    kept = jax.random.permutation(choose, proposed[jnp.minimum(index, weight.size - 1)])
    return found.values(kept), peak.params, jnp.linalg.inv(curvature), ess, peak.converged
