r"""Categorical: one of k labels.

.. math:: P(X = i) = p_i, \quad i = 0, \dots, k - 1

All functions take the label first, then ``probs`` with the labels along the last axis; labels broadcast against its other
axes, results keep the floating dtype. Probabilities are taken relative to their sum, which must be one up to rounding:
``nan`` if it is not. A value that is no label has probability 0. Labels have no order in themselves; ``cdf`` and ``ppf``
use that of their numbers.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import elementwise, finfo, promote, safe
from jprob.density._discrete import uniform_tails
from jprob.density._simplex import sums_to_one
from jprob.density.family import family_of

__all__ = [
    "cdf",
    "entropy",
    "family",
    "isf",
    "logcdf",
    "logits",
    "logpmf",
    "logpmf_of_logits",
    "logsf",
    "mean",
    "mle",
    "mode",
    "pmf",
    "ppf",
    "sample",
    "sf",
    "variance",
]


@elementwise
def logpmf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Log probability of the label ``x``.

    Args:
        x: labels, shape ``(...)``. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``, in nats; −inf for what is no label.

    Example:
        >>> round(float(logpmf(1, [0.5, 0.25, 0.25])), 6)  # log 1/4
        -1.386294
    """
    x, probs = promote(x, probs)
    p = _at(probs, x) / jnp.sum(probs, -1)
    value = jnp.where(p > 0, jnp.log(safe(p > 0, p, 1.0)), -jnp.inf)
    return jnp.where(sums_to_one(probs) & ~jnp.isnan(x), jnp.where(_label(x, probs), value, -jnp.inf), jnp.nan)


def _label(x: Array, probs: Array) -> Array:
    return (x >= 0) & (x < probs.shape[-1]) & (x == jnp.floor(x))


def _at(values: Array, x: Array) -> Array:
    """``values[..., x]``, with labels broadcast against the other axes; of no label, the first or last."""
    index = jnp.clip(jnp.nan_to_num(x), 0, values.shape[-1] - 1).astype(int)
    shape = jnp.broadcast_shapes(index.shape, values.shape[:-1])
    values = jnp.broadcast_to(values, (*shape, values.shape[-1]))
    return jnp.take_along_axis(values, jnp.broadcast_to(index, shape)[..., None], -1)[..., 0]


@elementwise
def logpmf_of_logits(x: ArrayLike, logits: ArrayLike) -> Array:
    """Log probability of the label ``x`` under the softmax of ``logits``, which need no sum: accurate however extreme.

    Args:
        x: labels, shape ``(...)``. logits: real or −inf, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, logits[..., 0])``, in nats.

    Example:
        >>> float(logpmf_of_logits(0, [-1000.0, 0.0]))
        -1000.0
    """
    x, logits = promote(x, logits)
    value = _at(jax.nn.log_softmax(logits, -1), x)
    return jnp.where(_label(x, logits) | jnp.isnan(value), value, jnp.where(jnp.isnan(x), jnp.nan, -jnp.inf))


@elementwise
def logits(probs: ArrayLike) -> Array:
    """Logits whose softmax is ``probs``, centred so that they sum to zero where all are finite.

    Args:
        probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape of ``probs``; −inf for an impossible label.

    Example:
        >>> logits([0.5, 0.5]).tolist()
        [0.0, 0.0]
    """
    (probs,) = promote(probs)
    log_probs = jnp.where(probs > 0, jnp.log(safe(probs > 0, probs, 1.0)), -jnp.inf)
    centre = jnp.mean(jnp.where(probs > 0, log_probs, 0.0), -1, keepdims=True)
    return jnp.where(jnp.expand_dims(sums_to_one(probs), -1), log_probs - centre, jnp.nan)


@elementwise
def pmf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Probability of the label ``x``.

    Args:
        x: labels. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``.

    Example:
        >>> float(pmf(1, [0.5, 0.25, 0.25]))
        0.25
    """
    return jnp.exp(logpmf(x, probs))


@elementwise
def cdf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Probability of a label numbered at most ``x``.

    Args:
        x: numbers. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``.

    Example:
        >>> float(cdf(1, [0.5, 0.25, 0.25]))
        0.75
    """
    x, probs = promote(x, probs)
    return _mass(probs, x, jnp.arange(probs.shape[-1]) <= x[..., None])


@elementwise
def sf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Probability of a label numbered above ``x``: summed itself, so that a small one keeps its digits.

    Args:
        x: numbers. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``.

    Example:
        >>> float(sf(1, [0.5, 0.25, 0.25]))
        0.25
    """
    x, probs = promote(x, probs)
    return _mass(probs, x, jnp.arange(probs.shape[-1]) > x[..., None])


def _mass(probs: Array, x: Array, chosen: Array) -> Array:
    total = jnp.sum(jnp.where(chosen, probs, 0.0), -1) / jnp.sum(probs, -1)
    return jnp.where(sums_to_one(probs) & ~jnp.isnan(x), total, jnp.nan)


@elementwise
def logcdf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Log of :func:`cdf`.

    Args:
        x: numbers. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``, in nats.

    Example:
        >>> round(float(logcdf(0, [0.5, 0.25, 0.25])), 6)
        -0.693147
    """
    return _log_tail(cdf(x, probs), sf(x, probs))


@elementwise
def logsf(x: ArrayLike, probs: ArrayLike) -> Array:
    """Log of :func:`sf`.

    Args:
        x: numbers. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(x, probs[..., 0])``, in nats.

    Example:
        >>> float(logsf(2, [0.5, 0.25, 0.25]))
        -inf
    """
    return _log_tail(sf(x, probs), cdf(x, probs))


def _log_tail(p: Array, q: Array) -> Array:
    small = p < 0.5
    return jnp.where(
        small,
        jnp.where(p > 0, jnp.log(safe(small & (p > 0), p, 0.5)), jnp.where(jnp.isnan(p), p, -jnp.inf)),
        jnp.log1p(-safe(~small, q, 0.0)),
    )


@elementwise
def ppf(q: ArrayLike, probs: ArrayLike) -> Array:
    """Smallest label with cdf at least ``q``; −1 at ``q = 0``, as for other counts.

    Args:
        q: probabilities in [0, 1]. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(q, probs[..., 0])``.

    Example:
        >>> float(ppf(0.6, [0.5, 0.25, 0.25]))
        1.0
    """
    q, probs = promote(q, probs)
    return _quantile(q, 1.0 - q, 8.0 * q, 0.75, probs)


@elementwise
def isf(q: ArrayLike, probs: ArrayLike) -> Array:
    """Smallest label with sf at most ``q``; −1 at ``q = 1``.

    Args:
        q: upper-tail probabilities in [0, 1]. probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``broadcast(q, probs[..., 0])``.

    Example:
        >>> float(isf(0.25, [0.5, 0.25, 0.25]))
        1.0
    """
    q, probs = promote(q, probs)
    return _quantile(1.0 - q, q, 0.75, 8.0 * q, probs)


def _quantile(lower: Array, upper: Array, lower_ulp: ArrayLike, upper_ulp: ArrayLike, probs: Array) -> Array:
    """The label at which the smaller tail is reached, to within the given slack in units of eps."""
    total, eps = jnp.sum(probs, -1, keepdims=True), finfo(probs).eps
    above = jnp.flip(jnp.cumsum(jnp.flip(probs, -1), -1), -1) / total
    tail = jnp.concatenate([above[..., 1:], jnp.zeros_like(above[..., :1])], -1)
    head = jnp.cumsum(probs, -1) / total
    lower_, upper_ = lower[..., None], upper[..., None]
    short = jnp.where(
        lower_ <= upper_,
        head < lower_ - eps * jnp.asarray(lower_ulp)[..., None],
        tail > upper_ + eps * jnp.asarray(upper_ulp)[..., None],
    )
    k = jnp.sum(short, -1).astype(probs.dtype)
    last = jnp.max(jnp.where(probs > 0, jnp.arange(probs.shape[-1]), 0), -1).astype(probs.dtype)
    k = jnp.where(lower == 0, -1.0, jnp.minimum(k, last))
    return jnp.where(sums_to_one(probs) & (lower >= 0) & (upper >= 0), k, jnp.nan)


@elementwise
def mean(probs: ArrayLike) -> Array:
    """Mean of the label's number.

    Args:
        probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mean([0.5, 0.25, 0.25]))
        0.75
    """
    (probs,) = promote(probs)
    value = jnp.sum(probs * jnp.arange(probs.shape[-1]), -1) / jnp.sum(probs, -1)
    return jnp.where(sums_to_one(probs), value, jnp.nan)


@elementwise
def variance(probs: ArrayLike) -> Array:
    """Variance of the label's number.

    Args:
        probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(variance([0.5, 0.0, 0.5]))
        1.0
    """
    (probs,) = promote(probs)
    gap = jnp.arange(probs.shape[-1]) - mean(probs)[..., None]
    return jnp.sum(probs * gap * gap, -1) / jnp.sum(probs, -1)


@elementwise
def mode(probs: ArrayLike) -> Array:
    """Most probable label; the first of several.

    Args:
        probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(...)``.

    Example:
        >>> float(mode([0.2, 0.5, 0.3]))
        1.0
    """
    (probs,) = promote(probs)
    return jnp.where(sums_to_one(probs), jnp.argmax(probs, -1).astype(probs.dtype), jnp.nan)


@elementwise
def entropy(probs: ArrayLike) -> Array:
    r"""Entropy, :math:`-\sum_i p_i \log p_i`.

    Args:
        probs: probabilities, shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(entropy([0.5, 0.25, 0.25])), 6)  # 1.5 log 2
        1.039721
    """
    (probs,) = promote(probs)
    p = probs / jnp.sum(probs, -1, keepdims=True)
    value = -jnp.sum(jnp.where(p > 0, p * jnp.log(safe(p > 0, p, 1.0)), 0.0), -1)
    return jnp.where(sums_to_one(probs), value, jnp.nan)


def sample(key: Array, probs: ArrayLike, *, shape: tuple[int, ...] = ()) -> Array:
    """Draws, as floats: quantiles of uniforms, so that a label of probability 1e-12 is drawn as often as it should.

    Args:
        key: a JAX random key. probs: probabilities, shape ``(..., k)``.
        shape: of the draws, in front of ``probs.shape[:-1]``.

    Returns:
        Shape ``shape + probs.shape[:-1]``; ``nan`` for invalid probabilities.

    Example:
        >>> sample(jax.random.key(0), [0.0, 1.0], shape=(3,)).tolist()
        [1.0, 1.0, 1.0]
    """
    (probs,) = promote(probs)
    lower, upper = uniform_tails(key, shape + probs.shape[:-1], probs.dtype)
    return _quantile(lower, upper, 0.0, 0.0, probs)


def mle(x: ArrayLike, weights: ArrayLike | None = None, *, num_labels: int | None = None) -> dict[str, Array]:
    """Maximum-likelihood estimate over the last axis: the shares of the labels.

    Args:
        x: labels, shape ``(..., n)``. weights: non-negative, broadcast against ``x``; one each by default.
        num_labels: k; by default one more than the largest label, which must then be known before compiling.

    Returns:
        ``{"probs": estimate}`` of shape ``(..., k)``; ``nan`` without data.

    Raises:
        ValueError: neither labels nor their number.

    Example:
        >>> mle([0, 1, 1, 2])["probs"].tolist()
        [0.25, 0.5, 0.25]
    """
    x, weights = jnp.broadcast_arrays(*promote(x, 1.0 if weights is None else weights))
    if num_labels is None and x.size == 0:
        raise ValueError("`num_labels` must be given where there are no labels to count; got None.")
    num_labels = int(jnp.max(x)) + 1 if num_labels is None else num_labels
    counts = [jnp.sum(jnp.where(x == label, weights, 0.0), -1) for label in range(num_labels)]
    return {"probs": jnp.stack(counts, -1) / jnp.sum(weights, -1)[..., None]}


family = family_of(
    globals(),
    "categorical",
    constraints={"probs": "simplex"},
    support=lambda probs: (
        jnp.zeros(np.shape(probs)[:-1]),
        jnp.full(np.shape(probs)[:-1], np.shape(probs)[-1] - 1.0),
    ),
    example_params={"probs": (0.2, 0.5, 0.3)},
)
