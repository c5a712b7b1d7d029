"""The bootstrap: how a statistic would vary from sample to sample, from the one sample there is.

A statistic is ``f(data)``, or better ``f(data, weights)``: the second has resamples as counts of rows, takes weights that
are no counts, and its slopes in the weights are the influence of the rows, in O(n) (:mod:`jprob.simulate.influence`).

References:
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    Davison, A. C. and Hinkley, D. V. (1997). Bootstrap Methods and their Application. Cambridge.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, concrete, in_pieces
from jprob.simulate import influence, resampling, shortcuts, statistics
from jprob.simulate._plan import Asked, Plan, Statistic, data_rows, ones, planned, takes_weights, whole
from jprob.simulate.confidence import flat, interval, of_draws
from jprob.simulate.engine import replicate
from jprob.simulate.resampling import Groups

__all__ = ["Bootstrap", "bootstrap"]

_AT_ONCE = 2**20  # numbers in memory where no engine looks after it


class Bootstrap(NamedTuple):
    """The law of a statistic over resamples.

    Attributes:
        estimate: the statistic of the data, shape ``(...)``.
        standard_error: standard deviation of the draws. bias: their mean less the estimate.
        interval: confidence interval, shape ``(..., 2)``, each component by itself.
        draws: the statistic of every resample, shape ``(resamples, ...)``; none by theory.
        acceleration: of BCa; nan for other methods.
        degenerate: all draws are one value: the interval is that point, and says nothing.
        interval_error: simulation error of the interval's ends, from tenths of the draws; nan below 200 draws.
        num_nan: resamples whose statistic was not finite; they are left out of all of the above.
        complete: all resamples were done; false after Ctrl-C.
        by_theory: nothing was drawn: the law is known (see ``shortcut``).
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
    complete: Array
    by_theory: Array


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
    sampler: Callable[[Array], Any] | None = None,
    fitted: ArrayLike | None = None,
    jackknife: bool = False,
    shortcut: bool = False,
    mesh: Mesh | None = None,
    progress: bool = False,
    max_bytes: int | None = None,
) -> Bootstrap:
    """Standard error, bias and confidence interval of a statistic by resampling its data.

    Resample i uses ``fold_in(key, i)``: the draws have the same bits on any devices. Compiled once for each statistic and
    shape of data; pass the same function again. Under ``jit`` and ``vmap``, over data sets say, the same draws are made
    in one program (up to rounding), and ``block_length`` must be given.

    Args:
        key: a JAX random key.
        data: an array of shape ``(n, ...)``, or a tree of such arrays whose rows belong together.
        statistic: ``statistic(data)``, or ``statistic(data, weights)`` with weights of mean 1 and shape ``(n,)``, which must
            not depend on their scale; told apart by a parameter named ``weights``. Any shape, differentiable in the weights
            for ``"studentized"`` and for the fast acceleration of ``"bca"``. :mod:`jprob.simulate.statistics` has some.
        num_resamples: of them.
        method: ``"bca"``, ``"percentile"``, ``"basic"``, ``"normal"`` or ``"studentized"`` (weights needed).
        level: of the interval.
        scheme: ``"iid"`` rows; ``"stratified"`` and ``"cluster"``, by ``groups``; ``"samples"``, every array a sample of its own,
            with weights likewise; ``"moving_block"``, ``"circular_block"`` and ``"stationary"`` for series; ``"bayesian"`` and
            ``"poisson"`` weights; ``"wild"`` for a regression whose response is the last array: its residuals from ``fitted``
            keep their size and change their sign, together in ``groups``; ``"parametric"``, from ``sampler``.
        groups: label of each row's stratum or cluster, shape ``(n,)``.
        block_length: of blocks, the mean length for ``"stationary"``; :func:`optimal_block_length` of a series of
            numbers by default.
        size: rows of an i.i.d. resample; n by default.
        sampler: ``sampler(key)`` draws data like the data from a model fitted to them.
        fitted: what a model fitted to the data predicts for the response.
        jackknife: take the acceleration of BCa from leaving out each row, O(n²), also where weights would give it in O(n).
        shortcut: use what theory knows of ``statistics.mean`` and ``statistics.quantile`` of one i.i.d. column, and draw nothing:
            exact for zeros and ones and for a quantile (nearly so where two rows share it, a median of even n), to a
            saddlepoint's relative 1/n^{3/2} for another mean.
        mesh: devices to share the resamples. progress: show a bar on stderr.
        max_bytes: refuse to begin where the run needs more memory; 4 GiB by default.

    Returns:
        :class:`Bootstrap`.

    Raises:
        ValueError: no rows, rows of different number, missing values; a method, scheme or sizes that do not go together; a
            statistic whose shape depends on values.

    Example:
        >>> from jprob.simulate import statistics
        >>> result = bootstrap(jax.random.key(0), jnp.arange(20.0), statistics.mean, num_resamples=2000)
        >>> float(result.estimate), bool((result.interval[0] < 9.5) & (9.5 < result.interval[1]))
        (9.5, True)
    """
    check_positive_int(num_resamples, "num_resamples", 2)
    check_level(level)
    data, sizes = data_rows(data, scheme)
    plan, found = planned(statistic, data, sizes, Asked(method, scheme, groups, block_length, size, sampler, fitted))
    level_ = jnp.asarray(level, plan.dtype)
    strata = None if found is None or scheme != "stratified" else found.label
    if shortcut:
        return _short(statistic, method, _one_column(statistic, method, data, plan), level_)
    extra = found, None if fitted is None else jnp.asarray(fitted, plan.dtype)
    experiment = _experiment(statistic, method == "studentized", plan)
    if concrete(key, data):
        run = replicate(
            key, experiment, num_resamples, args=(data, *extra), mesh=mesh, progress=progress, max_bytes=max_bytes
        )
        drawn, complete = run.draws, run.complete
    else:
        one = functools.partial(jax.random.fold_in, key)
        drawn = in_pieces(lambda i: experiment(one(i), data, *extra), num_resamples, _AT_ONCE // sum(sizes))
        complete = True
    estimate, error, slope = _at_data(statistic, method, jackknife, scheme == "samples", data, strata)
    draws, errors = drawn if method == "studentized" else (drawn, None)
    return _summary(method, estimate, error, slope, draws, errors, level_, complete)


@functools.lru_cache(maxsize=256)
def _experiment(statistic: Statistic, studentized: bool, plan: Plan) -> Callable[..., Any]:
    """One resample, as the engine wants it; the same function for the same arguments, so that it compiles once."""
    samples = plan.scheme == "samples"

    def draw(key: Array, data: Any, groups: Groups | None, fitted: Array | None) -> Any:
        if plan.form == "weights":
            weights = _weights(key, data, plan, groups)
        else:
            data, weights = _resampled(key, data, plan, groups, fitted), None
            if plan.form == "rows":
                return statistic(data)
            data = lax.optimization_barrier(data)  # or XLA gathers the rows again for every sum over them
            weights = ones(data, samples)
        value = statistic(data, weights=weights)
        if not studentized:
            return value
        strata = None
        if groups is not None and plan.scheme == "stratified":
            strata = groups.label if plan.form == "weights" else groups.label[groups.order]  # as drawn
        return value, influence.standard_error(influence.influence(statistic, data, weights, strata), weights)

    return draw


def _resampled(key: Array, data: Any, plan: Plan, groups: Groups | None, fitted: Array | None) -> Any:
    """The rows of one resample."""
    if plan.sampler is not None:
        return plan.sampler(key)
    leaves, structure = jax.tree.flatten(data)
    if plan.scheme == "samples":
        index = [
            resampling.indices(jax.random.fold_in(key, i), "iid", n, n, 0.0, None) for i, n in enumerate(plan.sizes)
        ]
        return jax.tree.unflatten(structure, [leaf[i] for leaf, i in zip(leaves, index, strict=True)])
    n = plan.sizes[0]
    if fitted is not None:
        sign = resampling.signs(key, n, groups, plan.num_groups).astype(fitted.dtype)
        sign = sign.reshape(-1, *(1,) * (fitted.ndim - 1))
        return jax.tree.unflatten(structure, [*leaves[:-1], fitted + sign * (leaves[-1] - fitted)])
    rows = resampling.indices(key, plan.scheme, n, plan.size, plan.block, groups)
    return jax.tree.map(lambda leaf: leaf[rows], data)


def _weights(key: Array, data: Any, plan: Plan, groups: Groups | None) -> Any:
    """The weights of one resample, in the dtype of the data."""
    leaves, structure = jax.tree.flatten(data)
    if plan.scheme == "samples":
        keys = (jax.random.fold_in(key, i) for i in range(len(leaves)))
        drawn = [resampling.weights_of(k, "iid", n, n, 0.0, None, 0) for k, n in zip(keys, plan.sizes, strict=True)]
        return jax.tree.unflatten(structure, [w.astype(leaf.dtype) for w, leaf in zip(drawn, leaves, strict=True)])
    n = plan.sizes[0]
    weights = resampling.weights_of(key, plan.scheme, n, plan.size, plan.block, groups, plan.num_groups)
    return weights.astype(leaves[0].dtype)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _at_data(
    statistic: Statistic, method: str, jackknife: bool, samples: bool, data: Any, strata: Array | None
) -> tuple[Array, Array | None, Array]:
    """The estimate, its standard error for studentising, and the acceleration."""
    weights = ones(data, samples) if takes_weights(statistic) else None
    estimate = jnp.asarray(whole(statistic, data, samples))
    error = None
    if method == "studentized":
        error = influence.standard_error(influence.influence(statistic, data, weights, strata), weights)
    if method != "bca":
        return estimate, error, jnp.full_like(estimate, jnp.nan)
    if weights is not None and not jackknife:
        return estimate, error, influence.acceleration(influence.influence(statistic, data, weights, strata))
    values = influence.left_out(statistic, data, weights, not samples, strata)
    return estimate, error, influence.acceleration(values)


@functools.partial(jax.jit, static_argnums=0)
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
    ends, ends_error = of_draws(method, estimate, draws, errors, error, jnp.nan_to_num(accelerate), level)
    known = jnp.isfinite(draws)
    some = jnp.where(known, draws, jnp.nan)
    return Bootstrap(
        estimate=estimate,
        standard_error=jnp.nanstd(some, 0, ddof=1),
        bias=jnp.nanmean(some, 0) - estimate,
        interval=ends,
        draws=draws,
        acceleration=accelerate,
        degenerate=flat(jnp.nanmin(some, 0), jnp.nanmax(some, 0)),
        interval_error=ends_error,
        num_nan=jnp.sum(jnp.any(~known.reshape(known.shape[0], -1), 1)),
        complete=jnp.asarray(complete),
        by_theory=jnp.asarray(False),
    )


def _one_column(statistic: Statistic, method: str, data: Any, plan: Plan) -> Array:
    """The column that a short cut is for."""
    known = statistic is statistics.mean or statistics.quantile_level(statistic) is not None
    if not known or plan.scheme != "iid" or plan.size != plan.sizes[0] or method == "studentized":
        raise ValueError(
            "`shortcut` is for statistics.mean and statistics.quantile, scheme 'iid', whole resamples, and a method that "
            "needs no standard errors; got another."
        )
    leaves = jax.tree.leaves(data)
    if len(leaves) != 1 or leaves[0].ndim != 1:
        raise ValueError(f"`shortcut` is for one column; got shapes {[leaf.shape for leaf in leaves]}.")
    return leaves[0]


def _short(statistic: Statistic, method: str, x: Array, level: Array) -> Bootstrap:
    binary = statistic is statistics.mean and concrete(x) and bool(((np.asarray(x) == 0) | (np.asarray(x) == 1)).all())
    return _by_theory(statistic, method, binary, x, level)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _by_theory(statistic: Statistic, method: str, binary: bool, x: Array, level: Array) -> Bootstrap:
    of_quantile = statistics.quantile_level(statistic)
    if of_quantile is not None:
        law = shortcuts.order_statistic_law(x, of_quantile)
    else:
        law = shortcuts.share_law(x) if binary else shortcuts.saddlepoint_law(x)
    estimate, _, slope = _at_data(statistic, method, False, False, x, None)
    return Bootstrap(
        estimate=estimate,
        standard_error=law.spread,
        bias=law.centre - estimate,
        interval=interval(method, estimate, law, jnp.nan_to_num(slope), level),
        draws=jnp.zeros(0, x.dtype),
        acceleration=slope,
        degenerate=law.flat,
        interval_error=jnp.zeros(2, x.dtype),
        num_nan=jnp.asarray(0),
        complete=jnp.asarray(True),
        by_theory=jnp.asarray(True),
    )
