r"""Information of probability vectors: entropy and the distances between laws, in nats.

.. math:: H(p) = -\sum_i p_i \log p_i, \qquad D(p \,\|\, q) = \sum_i p_i \log \frac{p_i}{q_i}

Vectors lie on the last axis and batch over the others; 0 log 0 = 0. They are taken to sum to one: what rounding has left
of their totals is not information, so a divergence is a sum of non-negative terms and never negative. ``nan`` for
negative entries; missing values stay ``nan``.

References:
    Cover, T. M. and Thomas, J. A. (2006). Elements of Information Theory, 2nd ed., chapter 2.
    Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob._array import closed_form, elementwise, finfo, promote, safe
from jprob.information.convex import deviation, log_ratio

__all__ = ["cross_entropy", "entropy", "js", "kl", "mutual_information", "reverse_kl"]


@elementwise
def entropy(probs: ArrayLike) -> Array:
    r"""Shannon entropy, :math:`-\sum_i p_i \log p_i`.

    Args:
        probs: shape ``(..., outcomes)``.

    Returns:
        Shape ``(...)``, in nats: from 0 to log(outcomes).

    Example:
        >>> round(float(entropy([0.5, 0.5, 0.0])), 6)  # log 2
        0.693147
    """
    (p,) = promote(probs)
    return jnp.sum(_surprise(p), -1)


@elementwise
def cross_entropy(p: ArrayLike, q: ArrayLike) -> Array:
    r"""Cross-entropy, :math:`-\sum_i p_i \log q_i`: the mean surprise of who believes q where p is true.

    Args:
        p: the truth, shape ``(..., outcomes)``. q: the belief, broadcasts.

    Returns:
        Shape ``(...)``, in nats; inf where q excludes what p does not.

    Example:
        >>> round(float(cross_entropy([1.0, 0.0], [0.5, 0.5])), 6)
        0.693147
    """
    p, q = jnp.broadcast_arrays(*promote(p, q))
    return jnp.sum(_mean_surprise(p, q), -1)


@elementwise
def kl(p: ArrayLike, q: ArrayLike) -> Array:
    r"""Kullback–Leibler divergence.

    .. math:: D(p \,\|\, q) = \sum_i p_i \log \frac{p_i}{q_i} = \sum_i \Big( p_i \log \frac{p_i}{q_i} + q_i - p_i \Big)

    The second form: every term is non-negative, so nearby laws keep their digits. Its slopes are log(p/q) and 1 − p/q;
    along the simplex, where they matter, those of the first.

    Args:
        p: the truth, shape ``(..., outcomes)``. q: the belief, broadcasts.

    Returns:
        Shape ``(...)``, in nats, non-negative; inf where q excludes what p does not.

    Example:
        >>> round(float(kl([0.5, 0.5, 0.0], [0.25, 0.25, 0.5])), 6)  # log 2
        0.693147
        >>> float(kl([0.5, 0.5], [1.0, 0.0]))
        inf
    """
    p, q = jnp.broadcast_arrays(*promote(p, q))
    return jnp.sum(deviation(p, q, p - q), -1)


def reverse_kl(p: ArrayLike, q: ArrayLike) -> Array:
    r"""Divergence the other way round, :math:`D(q \,\|\, p)`: small only if q stays where p is.

    Args:
        p: shape ``(..., outcomes)``. q: broadcasts.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(reverse_kl([0.5, 0.5], [1.0, 0.0])), 6)
        0.693147
    """
    return kl(q, p)


@elementwise
def js(p: ArrayLike, q: ArrayLike) -> Array:
    r"""Jensen–Shannon divergence.

    .. math:: \tfrac12 D(p \,\|\, m) + \tfrac12 D(q \,\|\, m), \qquad m = \tfrac12 (p + q)

    Symmetric, finite for any two laws, and the square of a metric.

    Args:
        p: shape ``(..., outcomes)``. q: broadcasts.

    Returns:
        Shape ``(...)``, in nats: from 0 to log 2, which laws without a common outcome reach.

    Example:
        >>> round(float(js([1.0, 0.0], [0.0, 1.0])), 6)
        0.693147
    """
    p, q = jnp.broadcast_arrays(*promote(p, q))
    return jnp.sum(_js_term(p, q), -1)


@elementwise
def mutual_information(joint: ArrayLike) -> Array:
    r"""Mutual information of the two coordinates of a joint law.

    .. math:: I(X; Y) = D\big(p(x, y) \,\|\, p(x) p(y)\big)

    Args:
        joint: shape ``(..., xs, ys)``, each matrix summing to one.

    Returns:
        Shape ``(...)``, in nats, non-negative; zero if and only if X and Y are independent.

    Example:
        >>> round(float(mutual_information([[0.5, 0.0], [0.0, 0.5]])), 6)
        0.693147
    """
    (joint,) = promote(joint)
    independent = jnp.sum(joint, -1, keepdims=True) * jnp.sum(joint, -2, keepdims=True)
    return jnp.sum(deviation(joint, independent, joint - independent), (-2, -1))


@closed_form(lambda p: (-jnp.log(jnp.maximum(p, finfo(p).tiny)) - 1.0,))
def _surprise(p: Array) -> Array:
    value = -p * jnp.log(safe(p > 0, p, 1.0))
    return jnp.where(p < 0, jnp.nan, value)


def _mean_surprise_slopes(p: Array, q: Array) -> tuple[Array, Array]:
    absent = p == 0
    return -jnp.log(jnp.maximum(q, finfo(q).tiny)), jnp.where(absent, 0.0, -p / safe(~absent, q, 1.0))


@closed_form(_mean_surprise_slopes)
def _mean_surprise(p: Array, q: Array) -> Array:
    believed = q > 0
    surprise = jnp.where(believed, -jnp.log(safe(believed, q, 1.0)), jnp.where(q == 0, jnp.inf, jnp.nan))
    value = jnp.where((p == 0) & (q == 0), 0.0, p * safe((p != 0) | (q != 0), surprise, 0.0))
    return jnp.where(p < 0, jnp.nan, value)


def _js_slopes(p: Array, q: Array) -> tuple[Array, Array]:
    middle = 0.5 * p + 0.5 * q
    half = 0.5 * p - 0.5 * q
    return 0.5 * log_ratio(p, middle, half), 0.5 * log_ratio(q, middle, -half)


@closed_form(_js_slopes)
def _js_term(p: Array, q: Array) -> Array:
    """``(s/4) [(1 + v) log(1 + v) + (1 − v) log(1 − v)]`` with s the sum and v the difference over it."""
    total = p + q
    present = total > 0
    scale = safe(present, total, 1.0)
    v = jnp.abs(safe(present, p - q, 0.0)) / scale
    rest = 2.0 * safe(present, jnp.minimum(p, q), 1.0) / scale  # 1 − v with its own digits
    close = v < 0.5
    w = safe(close, v, 0.0)
    near = jnp.log1p(-w * w) + w * jnp.log1p(2.0 * w / (1.0 - w))
    far = (1.0 + v) * jnp.log1p(v) + rest * jnp.log(jnp.maximum(rest, finfo(p).tiny))
    value = 0.25 * scale * jnp.where(close, near, far)
    return jnp.where((p >= 0) & (q >= 0), jnp.where(present, value, 0.0), jnp.nan)
