r"""The bootstrap: how a statistic would vary from sample to sample, from the one sample there is.

A statistic is ``f(data)``, or better ``f(data, weights)``: the second has resamples as counts of rows, takes weights that
are no counts, and its slopes in the weights are the influence values of the rows,

.. math:: L_i = n \, \frac{\partial T}{\partial w_i} \Big|_{w = 1}, \qquad a = \frac{\sum L_i^3}{6 (\sum L_i^2)^{3/2}}, \qquad
    \mathrm{se}^2 = \frac{1}{n^2} \sum_i w_i L_i^2

in O(n) where a jackknife takes O(n²).

References:
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application. Cambridge.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, promote
from jprob.simulate.blocks import optimal_block_length
from jprob.simulate.confidence import METHODS, acceleration_of, interval
from jprob.simulate.engine import replicate
from jprob.simulate.resampling import BLOCKS, SCHEMES, Groups, grouped, indices, weights_of

__all__ = ["Bootstrap", "bootstrap"]

Statistic = Callable[..., Array]

_JACKKNIFE_AT_ONCE = 2**20  # numbers in memory
_MOST_LEFT_OUT = 20_000  # rows: their jackknife takes the square of this


class Bootstrap(NamedTuple):
    """The law of a statistic over resamples.

    Attributes:
        estimate: the statistic of the data, shape ``(...)``.
        standard_error: standard deviation of the draws. bias: their mean less the estimate.
        interval: confidence interval, shape ``(..., 2)``, each component by itself.
        draws: the statistic of every resample, shape ``(resamples, ...)``.
        acceleration: of BCa; nan for other methods.
        degenerate: all draws are one value: the interval is that point, and says nothing.
        interval_error: simulation error of the interval's ends, from tenths of the draws; nan below 200 draws.
        num_nan: resamples whose statistic was not finite; they are left out of all of the above.
        complete: all resamples were done; false after Ctrl-C.
    """

    estimate: Array
    standard_error: Array
    bias: Array
    interval: Array
    draws: Array
    acceleration: Array
    degenerate: Array
    interval_error: Array
    num_nan: Array
    complete: bool


def bootstrap(
    key: Array,
    data: Any,
    statistic: Statistic,
    *,
    num_resamples: int = 10_000,
    method: str = "bca",
    level: float = 0.95,
    scheme: str = "iid",
    groups: ArrayLike | None = None,
    block_length: float | None = None,
    size: int | None = None,
    jackknife: bool = False,
    mesh: Mesh | None = None,
    progress: bool = False,
    max_bytes: int | None = None,
) -> Bootstrap:
    """Standard error, bias and confidence interval of a statistic by resampling its data.

    Resample i uses ``fold_in(key, i)``: the draws have the same bits on any devices. Compiled once for each statistic and
    shape of data; pass the same function again.

    Args:
        key: a JAX random key.
        data: an array of shape ``(n, ...)``, or a tree of such arrays whose rows belong together.
        statistic: ``statistic(data)``, or ``statistic(data, weights)`` with weights of mean 1 and shape ``(n,)``, which must
            not depend on their scale; told apart by a parameter named ``weights``. Any shape, differentiable in the weights
            for ``"studentized"`` and for the fast acceleration of ``"bca"``.
        num_resamples: of them.
        method: ``"bca"``, ``"percentile"``, ``"basic"``, ``"normal"`` or ``"studentized"`` (weights needed).
        level: of the interval.
        scheme: ``"iid"`` rows; ``"stratified"`` and ``"cluster"``, by ``groups``; ``"moving_block"``, ``"circular_block"`` and
            ``"stationary"`` for series; ``"bayesian"`` and ``"poisson"`` weights.
        groups: label of each row's stratum or cluster, shape ``(n,)``.
        block_length: of blocks, the mean length for ``"stationary"``; :func:`optimal_block_length` of a series of
            numbers by default.
        size: rows of an i.i.d. resample; n by default.
        jackknife: take the acceleration of BCa from leaving out each row, O(n²), also where weights would give it in O(n).
        mesh: devices to share the resamples. progress: show a bar on stderr.
        max_bytes: refuse to begin where the run needs more memory; 4 GiB by default.

    Returns:
        :class:`Bootstrap`.

    Raises:
        ValueError: no rows, rows of different number, missing values; a method, scheme or sizes that do not go together.

    Example:
        >>> def mean(x, weights):
        ...     return jnp.sum(weights * x) / jnp.sum(weights)
        >>> result = bootstrap(jax.random.key(0), jnp.arange(20.0), mean, num_resamples=2000)
        >>> float(result.estimate), bool((result.interval[0] < 9.5) & (9.5 < result.interval[1]))
        (9.5, True)
    """
    check_positive_int(num_resamples, "num_resamples", 2)
    check_level(level)
    data, n = _rows(data)
    weighted = "weights" in inspect.signature(statistic).parameters
    plan = _planned(method, scheme, weighted, data, n, groups, block_length, size)
    experiment = _experiment(statistic, weighted, method == "studentized", plan.scheme, n, plan.size, plan.block)
    run = replicate(
        key,
        experiment,
        num_resamples,
        args=(data, plan.groups),
        mesh=mesh,
        progress=progress,
        max_bytes=max_bytes,
    )
    estimate, error, slope = _at_data(statistic, weighted, method, jackknife, data, n)
    draws, errors = run.draws if method == "studentized" else (run.draws, None)
    return _summary(method, estimate, error, slope, draws, errors, jnp.asarray(level, estimate.dtype), run.complete)


def _rows(data: Any) -> tuple[Any, int]:
    if isinstance(data, list | tuple) and all(np.ndim(leaf) == 0 for leaf in data):
        data = np.asarray(data, float)  # numbers, not a tree of them
    leaves, structure = jax.tree.flatten(data)
    if not leaves:
        raise ValueError("`data` must hold at least one array; got none.")
    arrays = [promote(leaf)[0] for leaf in leaves]
    sizes = {array.shape[0] if array.ndim else None for array in arrays}
    if len(sizes) > 1 or None in sizes:
        raise ValueError(f"`data` must have as many rows in every array; got shapes {[a.shape for a in arrays]}.")
    n = arrays[0].shape[0]
    if n == 0:
        raise ValueError(f"`data` must hold at least one row; got shape {arrays[0].shape}.")
    for array in arrays:
        missing = np.isnan(np.asarray(array)).reshape(n, -1).any(1)
        if missing.any():
            raise ValueError(f"`data` must not be missing; got nan at row {int(np.argmax(missing))}.")
    return jax.tree.unflatten(structure, arrays), n


class _Plan(NamedTuple):
    scheme: str
    groups: Groups | None
    block: float
    size: int


def _planned(
    method: str,
    scheme: str,
    weighted: bool,
    data: Any,
    n: int,
    groups: ArrayLike | None,
    block_length: float | None,
    size: int | None,
) -> _Plan:
    for name, value, known in (("method", method, METHODS), ("scheme", scheme, SCHEMES)):
        if value not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.")
    if method == "studentized" and not weighted:
        raise ValueError("`statistic` must take `weights` for method 'studentized'; got one that does not.")
    if method == "bca" and not weighted and n > _MOST_LEFT_OUT:
        raise ValueError(
            f"`statistic` must take `weights` for method 'bca' beyond {_MOST_LEFT_OUT:,} rows, each of which would be left "
            f"out once; got {n:,} rows and one that does not."
        )
    if method in ("bca", "studentized") and scheme in (*BLOCKS, "cluster"):
        raise ValueError(f"`method` must be percentile, basic or normal for scheme {scheme!r}; got {method!r}.")
    if scheme in ("bayesian", "poisson") and not weighted:
        raise ValueError(f"`statistic` must take `weights` for scheme {scheme!r}; got one that does not.")
    if (groups is not None) != (scheme in ("stratified", "cluster")):
        raise ValueError(f"`groups` go with the schemes stratified and cluster; got scheme {scheme!r}.")
    if size is not None:
        check_positive_int(size, "size")
        if scheme != "iid":
            raise ValueError(f"`size` goes with scheme 'iid'; got {scheme!r}.")
    block, found = 0.0, None
    if groups is not None:
        labels = np.asarray(groups)
        if labels.shape != (n,):
            raise ValueError(f"`groups` must have shape ({n},); got {labels.shape}.")
        found = grouped(labels)
    if found is not None and scheme == "cluster":
        sizes = np.unique(np.bincount(np.asarray(found.label)))
        if not weighted and sizes.size > 1:
            raise ValueError("`statistic` must take `weights` where clusters differ in size; got one that does not.")
        block = float(np.asarray(found.label).max() + 1 if weighted else sizes[0])
    if scheme in BLOCKS:
        block = _block(scheme, data, n, block_length)
    elif block_length is not None:
        raise ValueError(f"`block_length` goes with the schemes {', '.join(BLOCKS)}; got {scheme!r}.")
    return _Plan(scheme, found, block, n if size is None else size)


def _block(scheme: str, data: Any, n: int, length: float | None) -> float:
    if length is None:
        leaves = jax.tree.leaves(data)
        if len(leaves) > 1 or leaves[0].ndim > 1:
            raise ValueError("`block_length` must be given for data of several columns; got None.")
        best = optimal_block_length(leaves[0])
        found = float(best.stationary if scheme == "stationary" else best.circular)
        length = max(1.0, found if scheme == "stationary" else float(np.ceil(found)))
    if not 1 <= length <= n or (scheme != "stationary" and length != int(length)):
        raise ValueError(
            f"`block_length` must lie between 1 and the {n} rows, whole but for 'stationary'; got {length}."
        )
    return float(length)


@functools.lru_cache(maxsize=256)
def _experiment(
    statistic: Statistic, weighted: bool, studentized: bool, scheme: str, n: int, size: int, block: float
) -> Callable[..., Any]:
    """One resample, as the engine wants it; the same function for the same arguments, so that it compiles once."""

    def draw(key: Array, data: Any, groups: Groups | None) -> Any:
        if not weighted:
            index = indices(key, scheme, n, size, block, groups)
            return statistic(jax.tree.map(lambda leaf: leaf[index], data))
        leaf = jax.tree.leaves(data)[0]
        weights = weights_of(key, scheme, n, size, block, groups).astype(leaf.dtype)
        if not studentized:
            return statistic(data, weights=weights)
        return statistic(data, weights=weights), _standard_error(statistic, data, weights)

    return draw


def _influence(statistic: Statistic, data: Any, weights: Array) -> Array:
    """Slopes in the weights times n, centred: rows along the last axis."""
    slopes = weights.size * jax.jacrev(lambda w: statistic(data, weights=w))(weights)
    return slopes - jnp.sum(slopes * weights, -1, keepdims=True) / jnp.sum(weights)


def _standard_error(statistic: Statistic, data: Any, weights: Array) -> Array:
    """By the infinitesimal jackknife."""
    return jnp.sqrt(jnp.sum(weights * _influence(statistic, data, weights) ** 2, -1)) / weights.size


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3, 5))
def _at_data(
    statistic: Statistic, weighted: bool, method: str, jackknife: bool, data: Any, n: int
) -> tuple[Array, Array | None, Array]:
    """The estimate, its standard error for studentising, and the acceleration."""
    like = jax.tree.leaves(data)[0].dtype
    ones = jnp.ones(n, like)
    estimate = jnp.asarray(statistic(data, weights=ones) if weighted else statistic(data))
    error = _standard_error(statistic, data, ones) if method == "studentized" else None
    if method != "bca":
        return estimate, error, jnp.full_like(estimate, jnp.nan)
    if weighted and not jackknife:
        return estimate, error, acceleration_of(_influence(statistic, data, ones))

    def without(row: Array) -> Array:
        if weighted:
            return statistic(data, weights=ones.at[row].set(0.0))
        kept = jnp.arange(n - 1) + (jnp.arange(n - 1) >= row)
        return statistic(jax.tree.map(lambda leaf: leaf[kept], data))

    if n == 1:
        return estimate, error, jnp.zeros_like(estimate)
    left = lax.map(without, jnp.arange(n), batch_size=max(1, min(n, _JACKKNIFE_AT_ONCE // n)))
    return estimate, error, acceleration_of(-jnp.moveaxis(left, 0, -1))


@functools.partial(jax.jit, static_argnums=(0, 7))
def _summary(
    method: str,
    estimate: Array,
    error: Array | None,
    accelerate: Array,
    draws: Array,
    errors: Array | None,
    level: Array,
    complete: bool,
) -> Bootstrap:
    ends, ends_error = interval(method, estimate, draws, errors, error, jnp.nan_to_num(accelerate), level)
    known = jnp.isfinite(draws)
    some = jnp.where(known, draws, jnp.nan)
    centre = jnp.nanmean(some, 0)
    return Bootstrap(
        estimate=estimate,
        standard_error=jnp.nanstd(some, 0, ddof=1),
        bias=centre - estimate,
        interval=ends,
        draws=draws,
        acceleration=accelerate,
        degenerate=jnp.nanmax(some, 0) == jnp.nanmin(some, 0),
        interval_error=ends_error,
        num_nan=jnp.sum(jnp.any(~known.reshape(known.shape[0], -1), 1)),
        complete=complete,
    )
