r"""Temperature: one number that makes all logits milder or bolder, and never changes which class is first.

.. math:: p = \text{softmax}(z / T), \qquad \hat T = \arg\max_T \sum_i w_i \log p_{i, y_i}

In β = 1/T the log loss is convex, and its slopes at 0 and ∞ tell beforehand whether there is an optimum between them: labels
that are always the largest logit want T = 0, logits no better than equal ones want T = ∞, and logits that are the same in
every row tell nothing.

References:
    Guo, C. et al. (2017). On calibration of modern neural networks. ICML.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jprob._array import finfo, promote, safe
from jprob.calibrate._inputs import Rows, scored

__all__ = ["STATUS", "Temperature", "apply", "fit"]

STATUS = ("converged", "separable", "uninformative", "constant", "max_steps")
"""What a status stands for: ``STATUS[int(fit.status)]``."""

_SEPARABLE, _UNINFORMATIVE, _CONSTANT, _MAX_STEPS = range(1, 5)
_MOST_STEPS = 60
_LONGEST = 4.0  # of a step in log T
_GLANCE = 2**13  # rows
_IN_CACHE = 2**13  # rows


class Temperature(NamedTuple):
    """A temperature and how far to trust it.

    Attributes:
        temperature: above 1 for overconfident logits; 1, which changes nothing, where there is no optimum.
        standard_error: from the curvature; nan where there is no optimum. log_standard_error: that of log T.
        converged: the optimum was found. degenerate: there is none; ``status`` says why, as an index into ``STATUS``.
        num_steps: of Newton.
    """

    temperature: Array
    standard_error: Array
    log_standard_error: Array
    converged: Array
    degenerate: Array
    status: Array
    num_steps: Array


def fit(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Temperature:
    """The temperature of least log loss, by safeguarded Newton steps in log T.

    A single logit z stands for the log odds of label 1. (scikit-learn takes it as the pair (−z, z), so that its temperature is
    twice this one.) A NaN or infinity among traced logits, where nothing can be raised, ends in ``converged`` false.

    Args:
        logits: of classes, shape ``(n, k)``, or log odds, shape ``(n,)``.
        labels: classes 0..k−1, or 0 and 1, shape ``(n,)``. weights: non-negative, shape ``(n,)``.

    Returns:
        :class:`Temperature`, each of shape ``()``.

    Raises:
        ValueError: logits that are not finite, labels that are no classes.

    Example:
        >>> found = fit([2.0] * 4 + [-2.0] * 4, [1, 1, 1, 0, 0, 0, 0, 1])  # right in 3 of 4: sigmoid(2/T) = 3/4
        >>> round(float(found.temperature), 4)  # 2 / log 3
        1.8205
        >>> STATUS[int(fit([-1.0, 1.0], [0, 1]).status)]
        'separable'
    """
    return _fit(scored(logits, labels, weights, logits=True))


def apply(params: Temperature | ArrayLike, logits: ArrayLike) -> Array:
    """Probabilities at that temperature.

    Args:
        params: a fit, or a temperature. logits: shape ``(n, k)`` or ``(n,)``, as they were fitted.

    Returns:
        Shape of the logits: of each class, or of label 1.

    Example:
        >>> apply(2.0, [0.0]).tolist()
        [0.5]
    """
    z, t = promote(logits, params.temperature if isinstance(params, Temperature) else params)
    return jax.nn.sigmoid(z / t) if z.ndim == 1 else jax.nn.softmax(z / t, -1)


class _Search(NamedTuple):
    u: Array
    low: Array
    high: Array
    step: Array
    bend: Array
    done: Array


class _Block(NamedTuple):
    """Rows side by side: how far each class is behind the first, ``(k, rows)``, and the one that came; their weights."""

    behind: Array
    came: Array
    weight: Array


class _Sums(NamedTuple):
    total: Array
    cold: Array
    hot: Array
    size: Array
    highest: Array
    lowest: Array


@jax.jit
def _fit(rows: Rows) -> Temperature:
    blocks, parts = _blocks(rows)
    sums = jax.tree.map(lambda part: jnp.sum(part, 0), parts)
    total, eps = sums.total, finfo(sums.total).eps
    cold, hot, size = sums.cold / total, sums.hot / total, sums.size / total  # slopes in β at ∞ and at 0
    constant = jnp.all(jnp.max(parts.highest, 0) == jnp.min(parts.lowest, 0))
    separable, useless = cold <= 0, hot >= -4.0 * eps * size
    sound = jnp.isfinite(size) & ~(constant | separable | useless)

    start = jnp.zeros((), total.dtype)
    if blocks.came.size >= 8 * _GLANCE:  # a look at some rows saves most of the passes over all of them
        first = _search(_some(blocks, blocks.came.size // _GLANCE), size, start, sound)
        start = jnp.where(jnp.isfinite(first.u) & (jnp.abs(first.u) < 20.0), first.u, start)
    end = _search(blocks, size, start, sound)
    bend = end.bend * total
    converged = sound & (jnp.abs(end.step) <= jnp.sqrt(eps)) & (bend > 0)
    status = jnp.where(converged, 0, _MAX_STEPS)
    status = jnp.where(useless, _UNINFORMATIVE, status)
    status = jnp.where(separable, _SEPARABLE, status)
    status = jnp.where(constant, _CONSTANT, status)
    error = jnp.where(converged, 1.0 / jnp.sqrt(safe(converged, bend, 1.0)), jnp.nan)
    t = jnp.where(converged, jnp.exp(-end.u), 1.0)
    return Temperature(t, t * error, error, converged, ~converged, status.astype(jnp.int32), end.done)


def _blocks(rows: Rows) -> tuple[_Block, _Sums]:
    """The rows in blocks that stay in cache, and their sums; the last block looks back, at rows that no longer count."""
    z, y, w = rows
    n = y.shape[0]
    length = min(n, _IN_CACHE)
    w = jnp.broadcast_to(w, (n,))

    def one(i: Array) -> tuple[_Block, _Sums]:
        at = jnp.minimum(i * length, n - length)
        fresh = at + jnp.arange(length) >= i * length
        z_, y_, w_ = (lax.dynamic_slice_in_dim(v, at, length) for v in (z, y, w))
        block = _Block(*_behind(z_, y_), jnp.where(fresh, w_, 0.0))
        return block, _sums(block)

    return lax.map(one, jnp.arange(-(-n // length)))


def _sums(block: _Block) -> _Sums:
    behind, came, w = block
    return _Sums(
        total=jnp.sum(w),
        cold=-jnp.sum(w * came),
        hot=jnp.sum(w * (jnp.mean(behind, 0) - came)),
        size=jnp.sum(w * jnp.max(-behind, 0)),
        highest=jnp.max(jnp.where(w > 0, behind, -jnp.inf), 1),
        lowest=jnp.min(jnp.where(w > 0, behind, jnp.inf), 1),
    )


def _some(blocks: _Block, every: int) -> _Block:
    """Rows of all blocks, as one."""
    k = blocks.behind.shape[1]
    behind = jnp.moveaxis(blocks.behind[:, :, ::every], 1, 0).reshape(1, k, -1)
    return _Block(behind, *(v[:, ::every].reshape(1, -1) for v in blocks[1:]))


def _behind(z: Array, y: Array) -> tuple[Array, Array]:
    if z.ndim == 1:
        behind = jnp.stack([jnp.minimum(-z, 0.0), jnp.minimum(z, 0.0)])
        return behind, jnp.where(y > 0, behind[1], behind[0])
    z = z.T
    behind = z - jnp.max(z, 0)
    return behind, jnp.sum(jnp.where(y == jnp.arange(z.shape[0])[:, None], behind, 0.0), 0)


def _search(blocks: _Block, size: Array, start: Array, sound: Array) -> _Search:
    """Newton's steps in u = log β, between points where the slope is known to fall and to rise."""
    total = jnp.sum(blocks.weight)
    eps = finfo(total).eps

    def slopes(u: Array) -> tuple[Array, Array]:
        """Of the log loss in β: the mean excess of what was expected over what came, and the variance."""

        def add(sums: tuple[Array, Array], block: _Block) -> tuple[tuple[Array, Array], None]:
            e = jnp.exp(jnp.exp(u) * block.behind)
            mass = jnp.sum(e, 0)
            mean = jnp.sum(e * block.behind, 0) / mass
            square = jnp.sum(e * block.behind**2, 0) / mass
            excess = jnp.sum(block.weight * (mean - block.came))
            return (sums[0] + excess, sums[1] + jnp.sum(block.weight * jnp.maximum(square - mean**2, 0.0))), None

        zero = jnp.zeros_like(total)
        slope, curvature = lax.scan(add, (zero, zero), blocks)[0]
        return slope / total, curvature / total

    def going(s: _Search) -> Array:
        # convergence is quadratic: what a step has left is about its square
        return (jnp.abs(s.step) > 0.5 * eps**0.5) & (s.done < _MOST_STEPS) & sound

    def advance(s: _Search) -> _Search:
        slope, curvature = slopes(s.u)
        low, high = jnp.where(slope < 0, s.u, s.low), jnp.where(slope < 0, s.high, s.u)
        bend = jnp.exp(s.u) * curvature
        newton = jnp.where(bend > 0, -slope / safe(bend > 0, bend, 1.0), -jnp.sign(slope) * _LONGEST)
        new = s.u + jnp.clip(newton, -_LONGEST, _LONGEST)
        # a step to the far end of the bracket would come back to this one, for ever
        inside = (new == s.u) | ((new > low) & (new < high))
        new = jnp.where(inside, new, 0.5 * (low + high))
        noise = jnp.abs(slope) <= 2.0 * eps * size
        new = jnp.where(noise | ~jnp.isfinite(new), s.u, new)
        return _Search(new, low, high, new - s.u, jnp.exp(s.u) * bend, s.done + 1)

    far, one = jnp.asarray(jnp.inf, total.dtype), jnp.ones((), total.dtype)
    return lax.while_loop(going, advance, _Search(start, -far, far, one, 0.0 * one, jnp.zeros((), jnp.int32)))
