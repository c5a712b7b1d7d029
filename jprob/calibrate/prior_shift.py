r"""Prior shift: the classes are as they were, only rarer or commoner than in training.

.. math:: p'_k \propto p_k \, \frac{\pi'_k}{\pi_k}, \qquad
    \hat\pi' = \arg\max_{\pi'} \sum_i \log \sum_k \pi'_k \frac{p_{ik}}{\pi_k}

A classifier trained on balanced classes and deployed where positives are rare says .95 and is right 60 % of the time.

References:
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori probabilities.
    Neural Computation 14.
    Lipton, Z., Wang, Y.-X. and Smola, A. (2018). Detecting and correcting for label shift with black box predictors. ICML.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, concrete, finfo, promote, safe
from jprob.calibrate._inputs import scored
from jprob.special import normal_quantile

__all__ = ["Shift", "adjust", "bbse", "em"]

_MOST_STEPS = 500


class Shift(NamedTuple):
    """The deployed prior.

    Attributes:
        prior: shape ``(k,)``, or of label 1, shape ``()``. interval: of each entry by itself, shape ``(..., 2)``.
        converged: the optimum was found; of :func:`bbse`, the predictions tell all classes apart.
        at_boundary: a class has vanished; its interval is not to be trusted.
    """

    prior: Array
    interval: Array
    converged: Array
    at_boundary: Array


def adjust(logits: ArrayLike, train_prior: ArrayLike, deploy_prior: ArrayLike) -> Array:
    """Probabilities under another prior.

    Args:
        logits: of classes, shape ``(n, k)``, or log odds of label 1, shape ``(n,)``; logs of probabilities serve as well.
        train_prior, deploy_prior: of the classes, shape ``(k,)``; or of label 1, numbers.

    Returns:
        Probabilities of the classes, or of label 1; shape of the logits.

    Raises:
        ValueError: priors that are no probabilities, or of another number of classes.

    Example:
        >>> [round(float(p), 4) for p in adjust([[0.0, 0.0]], [0.5, 0.5], [0.9, 0.1])[0]]
        [0.9, 0.1]
        >>> round(float(adjust([jnp.log(19.0)], 0.5, 0.05)[0]), 4)  # .95 of balanced classes: odds 19 / 19
        0.5
    """
    z, before, after = promote(logits, train_prior, deploy_prior)
    for name, prior in (("train_prior", before), ("deploy_prior", after)):
        _check_prior(name, prior, None if z.ndim == 1 else z.shape[-1])
    if z.ndim == 1:
        return jax.nn.sigmoid(z + (jnp.log(after) - jnp.log1p(-after)) - (jnp.log(before) - jnp.log1p(-before)))
    return jax.nn.softmax(z + jnp.log(after) - jnp.log(before), -1)


def em(probs: ArrayLike, train_prior: ArrayLike, *, level: float = 0.95, weights: ArrayLike | None = None) -> Shift:
    """The deployed prior of greatest likelihood, from predictions without labels.

    Caution: it takes the probabilities to be calibrated under the training prior. Calibrate first.

    Args:
        probs: of deployed rows under the training prior: of classes, shape ``(n, k)``, or of label 1, shape ``(n,)``.
        train_prior: shape ``(k,)``, or of label 1. level: of the intervals, from the curvature, on the scale of log odds.
        weights: non-negative, shape ``(n,)``.

    Returns:
        :class:`Shift`.

    Raises:
        ValueError: rows that are no probabilities, a prior that is none.

    Example:
        >>> found = em([1.0] * 9 + [0.0], 0.5)  # classes that are told apart for sure are counted
        >>> round(float(found.prior), 4)
        0.9
    """
    check_level(level)
    p, _, w = scored(probs, np.zeros(np.shape(probs)[:1], int), weights)
    (before,) = promote(train_prior)
    before = before.astype(p.dtype)
    _check_prior("train_prior", before, None if p.ndim == 1 else p.shape[1])
    return _em(p, before, w, jnp.asarray(level, p.dtype))


@jax.jit
def _em(p: Array, before: Array, w: Array, level: Array) -> Shift:
    binary = p.ndim == 1
    if binary:
        p, before = jnp.stack([1.0 - p, p], -1), jnp.stack([1.0 - before, before])
    ratio = p / before
    w = jnp.broadcast_to(w, ratio.shape[:1])
    total = jnp.sum(w)

    def responsibility(prior: Array) -> Array:
        joint = prior * ratio
        return joint / jnp.sum(joint, -1, keepdims=True)

    def going(state: tuple[Array, Array, Array]) -> Array:
        return (state[1] > 2.0 * finfo(p).eps) & (state[2] < _MOST_STEPS)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Two steps of EM and the leap that they point to (SQUAREM), where it stays a law and moves further."""
        prior, _, count = state
        once = _mean(responsibility(prior))
        twice = _mean(responsibility(once))
        r, v = once - prior, twice - 2.0 * once + prior
        size = jnp.sum(v**2)
        leap = -jnp.sqrt(jnp.sum(r**2) / safe(size > 0, size, 1.0))
        far = prior - 2.0 * leap * r + leap**2 * v
        fine = (size > 0) & jnp.all(far > 0) & (likelihood(far) >= likelihood(twice))
        new = jnp.where(fine, far / jnp.sum(far), twice)
        return new, jnp.max(jnp.abs(twice - prior)), count + 1

    def _mean(each: Array) -> Array:
        return w @ each / total

    def likelihood(prior: Array) -> Array:
        return w @ jnp.log(jnp.maximum(ratio @ prior, finfo(p).tiny)) / total

    start = (before, jnp.ones((), p.dtype), jnp.zeros((), jnp.int32))
    prior, gap, _ = lax.while_loop(going, advance, start)
    each = ratio / jnp.sum(prior * ratio, -1, keepdims=True)
    k = prior.shape[0]
    # information along the simplex: the sum of the prior is held by a Lagrange row
    information = (each * w[:, None]).T @ each
    border = jnp.concatenate(
        [
            jnp.concatenate([information / total, jnp.ones((k, 1), p.dtype)], 1),
            jnp.append(jnp.ones(k, p.dtype), 0.0)[None],
        ],
        0,
    )
    covariance = jnp.linalg.inv(border)[:k, :k] / total
    edge = jnp.minimum(prior, 1.0 - prior) < 10.0 * jnp.sqrt(finfo(p).eps) / jnp.sqrt(total)
    error = jnp.sqrt(jnp.maximum(jnp.diagonal(covariance), 0.0))
    ends = _log_odds_interval(prior, error, level)
    converged = (gap <= jnp.sqrt(finfo(p).eps)) & jnp.all(jnp.isfinite(error))
    found = Shift(prior, ends, converged, jnp.any(edge))
    return found._replace(prior=prior[1], interval=ends[1]) if binary else found


def bbse(
    key: Array,
    probs: ArrayLike,
    labels: ArrayLike,
    deployed: ArrayLike,
    *,
    level: float = 0.95,
    num_simulations: int = 999,
) -> Shift:
    r"""The deployed prior from how often each class is predicted, and how often such predictions were right.

    .. math:: \mu'_j = \sum_k \Pr(\hat y = j \mid k)\, \pi'_k

    It needs no calibrated probabilities, only the same confusion of classes. Intervals by redrawing all counts.

    Args:
        key: a JAX random key.
        probs: of labelled rows, shape ``(n, k)``, or of label 1, shape ``(n,)``. labels: shape ``(n,)``.
        deployed: probabilities of deployed rows, shape ``(m, k)`` or ``(m,)``.
        level: of the intervals. num_simulations: sets of counts.

    Returns:
        :class:`Shift`.

    Raises:
        ValueError: rows that are no probabilities and labels; a class without labelled rows.

    Example:
        >>> p, y = jnp.array([0.9, 0.9, 0.1, 0.1] * 25), jnp.array([1, 0, 0, 0] * 25)  # found: all of 1, a third of 0
        >>> round(float(bbse(jax.random.key(0), p, y, jnp.array([0.9, 0.9, 0.1])).prior), 4)  # (2/3 - 1/3) / (1 - 1/3)
        0.5
    """
    check_level(level)
    check_positive_int(num_simulations, "num_simulations")
    p, y, _ = scored(probs, labels)
    q = scored(deployed, np.zeros(np.shape(deployed)[:1], int)).scores
    k = 2 if p.ndim == 1 else p.shape[1]
    if q.ndim != p.ndim or (q.ndim == 2 and q.shape[1] != k):
        raise ValueError(f"`deployed` must have the classes of `probs`, shape {p.shape}; got {q.shape}.")
    if concrete(y):
        absent = np.setdiff1d(np.arange(k), np.asarray(y).astype(int))
        if absent.size:
            raise ValueError(f"`labels` must hold each class at least once; got none of {absent[0]}.")
    return _bbse(key, p, y.astype(jnp.int32), q, jnp.asarray(level, p.dtype), k, num_simulations)


@partial(jax.jit, static_argnums=(5, 6))
def _bbse(key: Array, p: Array, y: Array, q: Array, level: Array, k: int, num: int) -> Shift:
    def predicted(p: Array) -> Array:
        return (p > 0.5).astype(jnp.int32) if p.ndim == 1 else jnp.argmax(p, -1)

    ones = jnp.ones((), p.dtype)
    confusion = jnp.zeros((k, k), p.dtype).at[predicted(p), y].add(ones)
    counts = jnp.zeros(k, p.dtype).at[predicted(q)].add(ones)

    def solve(confusion: Array, counts: Array) -> Array:
        given = confusion / jnp.sum(confusion, 0)
        return jnp.linalg.solve(given, counts / jnp.sum(counts))

    def redrawn(i: Array) -> Array:
        ours, theirs = jax.random.split(jax.random.fold_in(key, i))
        return solve(_gamma(ours, confusion + 0.5), _gamma(theirs, counts + 0.5))

    prior = solve(confusion, counts)
    draws = lax.map(redrawn, jnp.arange(num), batch_size=min(num, 256))
    tail = 0.5 * (1.0 - level)
    ends = jnp.clip(jnp.quantile(draws, jnp.stack([tail, 1.0 - tail]), 0).T, 0.0, 1.0)
    edge = jnp.any((prior < 0) | (prior > 1))
    held = jnp.maximum(prior, 0.0)
    held = held / jnp.sum(held)
    sound = jnp.all(jnp.isfinite(prior))
    found = Shift(held, ends, sound, edge)
    return found._replace(prior=held[1], interval=ends[1]) if p.ndim == 1 else found


def _gamma(key: Array, a: Array) -> Array:
    """Gamma variates by the cube of Wilson and Hilferty: shares of them are as Dirichlet as an interval needs."""
    z = jax.random.normal(key, a.shape, a.dtype)
    return a * jnp.maximum(1.0 - 1.0 / (9.0 * a) + z / (3.0 * jnp.sqrt(a)), 1e-3) ** 3


def _log_odds_interval(p: Array, error: Array, level: Array) -> Array:
    """Back from log odds, where ends stay inside (0, 1)."""
    tail = 0.5 * (1.0 - level)
    z = normal_quantile(1.0 - tail, tail)
    inside = (p > 0) & (p < 1)
    held = safe(inside, p, 0.5)
    odds, half = jnp.log(held) - jnp.log1p(-held), z * error / (held * (1.0 - held))
    ends = jnp.stack([jax.nn.sigmoid(odds - half), jax.nn.sigmoid(odds + half)], -1)
    return jnp.where(inside[..., None], ends, p[..., None])


def _check_prior(name: str, prior: Array, num_classes: int | None) -> None:
    shape = () if num_classes is None else (num_classes,)
    if prior.shape != shape:
        raise ValueError(f"`{name}` must have shape {shape}; got {prior.shape}.")
    if not concrete(prior):
        return
    values = np.asarray(prior)
    if not ((values > 0) & (values < 1)).all() or (num_classes and abs(values.sum() - 1.0) > 1e-4):
        raise ValueError(f"`{name}` must be probabilities strictly between 0 and 1 that sum to 1; got {values}.")
