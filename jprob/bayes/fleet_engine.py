"""Thousands of posteriors in one compiled program, each with a verdict."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec

from jprob._array import check_positive_int, concrete
from jprob.bayes import replay
from jprob.bayes.diagnostics import diagnose, mcse_mean
from jprob.bayes.draws import Draws
from jprob.bayes.fleet_lanes import Lanes, arguments, lane_keys, lanes, padded_tiles
from jprob.bayes.fleet_status import NOT_RUN, STATUS, status
from jprob.bayes.inputs import Structure
from jprob.bayes.laplace_approximation import laplace
from jprob.bayes.no_u_turn import nuts
from jprob.bayes.short_trajectories import hmc

__all__ = ["ENGINES", "STATUS", "Fleet", "fleet"]

Model = Callable[..., Any]
Sites = dict[str, Array]

ENGINES = ("auto", "exact", "hmc", "nuts", "laplace")
_WARMUP = {"hmc": 50, "nuts": 500}
_MAX_BYTES = 4 * 2**30


class Fleet(NamedTuple):
    """Posteriors of many data sets, by site; every array begins with the lanes.

    Attributes:
        mean, sd: posterior mean and standard deviation by site, ``(lanes, ...)``.
        status: 0 where the lane can be trusted, else the place in :data:`STATUS` of what is wrong, ``(lanes,)``.
        rhat, ess_bulk, ess_tail: of the sites that were sampled, in their own coordinates, ``(lanes, ...)``.
        mcse_mean: Monte Carlo standard error of the mean, of every site.
        num_divergent: divergent transitions, ``(lanes,)``. accept_prob: mean acceptance.
        fallback: lanes that NUTS sampled again because the fast engine could not be trusted there.
        samples: draws by site, ``(lanes, chains, draws, ...)``; ``None`` if they were not kept.
    """

    mean: Sites
    sd: Sites
    status: Array
    rhat: Sites
    ess_bulk: Sites
    ess_tail: Sites
    mcse_mean: Sites
    num_divergent: Array
    accept_prob: Array
    fallback: Array
    samples: Sites | None

    @property
    def ok(self) -> Array:
        """Lanes that can be trusted, ``(lanes,)``."""
        return self.status == 0

    @property
    def verdicts(self) -> list[str]:
        """The status of each lane in words; not inside ``jit``."""
        return [STATUS[i] for i in np.asarray(self.status).ravel()]


class Settings(NamedTuple):
    """What a compiled fleet is specialised to."""

    engine: str
    num_warmup: int | None
    num_samples: int
    num_chains: int
    keep_draws: bool


def fleet(
    keys: Array,
    model: Model,
    data: Any,
    *,
    engine: str = "auto",
    num_samples: int = 250,
    num_chains: int = 4,
    num_warmup: int | None = None,
    keep_draws: bool = True,
    tile: int = 256,
    mesh: Mesh | None = None,
    progress: bool = False,
    **shared: Any,
) -> Fleet:
    """Posteriors of thousands of data sets under one model.

    Tiles of lanes run through one compiled program, whatever the number of lanes and devices: the same keys give the same
    draws. Lane i has the key ``fold_in(keys, i)``, or ``keys[i]``.

    Args:
        keys: a JAX random key, or one for each lane, shape ``(lanes,)``.
        model: a NumPyro model, as for :func:`jprob.bayes.nuts`.
        data: what differs between lanes: a tuple of the model's arguments, a dictionary of them by name, or a single one;
            arrays whose first axis runs over lanes. shared: arguments by name that all lanes have.
        engine: ``"exact"`` independent draws, where the model is conjugate; ``"hmc"`` short trajectories about a mode
            (:func:`jprob.bayes.hmc`); ``"nuts"``; ``"laplace"`` with importance weights. ``"auto"``: exact where that
            is possible, else short trajectories, and NUTS for the lanes in which they cannot be trusted.
        num_samples: draws kept in each chain. num_chains: chains of a lane; with one R-hat is ``nan`` and not judged.
        num_warmup: transitions before them; 50 of short trajectories and 500 of NUTS if left out.
        keep_draws: return all draws, about ``lanes × num_chains × num_samples × (all sites)`` numbers.
        tile: lanes that run side by side.
        mesh: devices that share the tiles. progress: a bar on stderr; Ctrl-C then keeps the lanes that are done.

    Returns:
        :class:`Fleet`.

    Raises:
        ValueError: no such engine, lanes that do not fit together, data that the model refuses (the lane is named), draws
            beyond 4 GiB.

    Example:
        >>> from jprob.bayes import models
        >>> found = fleet(jax.random.key(0), models.coin_bias, ([0, 8], [20, 10]), engine="hmc", prior=(2.0, 2.0))
        >>> [round(float(p), 1) for p in found.mean["p"]], found.ok.tolist()  # 2/24 and 10/14
        ([0.1, 0.7], [True, True])
    """
    if engine not in ENGINES:
        raise ValueError(f"`engine` must be one of {', '.join(ENGINES)}; got {engine!r}.")
    if engine == "exact" and not hasattr(model, "exact"):
        raise ValueError("`engine` must not be 'exact' for a model that is not conjugate; got 'exact'.")
    check_positive_int(num_samples, "num_samples", 25 if engine == "laplace" else 4)
    check_positive_int(num_chains, "num_chains")
    check_positive_int(tile, "tile")
    found = lanes(model, data, shared)
    keys = lane_keys(keys, found.num)
    known = concrete(keys, *found.data, *found.shared)
    if progress and not known:
        raise ValueError("`progress` must be False inside `jit` and `vmap`; got True.")
    first = ("exact" if hasattr(model, "exact") else "hmc") if engine == "auto" else engine
    settings = Settings(first, num_warmup, num_samples, num_chains, keep_draws)
    result = _run(keys, model, found, settings, tile, mesh, progress)
    if engine == "auto" and first == "hmc" and known:
        warmup = max(num_warmup or 0, _WARMUP["nuts"])
        careful = settings._replace(engine="nuts", num_warmup=warmup)
        return _mended(result, keys, model, found, careful, tile, mesh)
    return result


def _run(
    keys: Array, model: Model, found: Lanes, settings: Settings, tile: int, mesh: Mesh | None, progress: bool
) -> Fleet:
    devices = 1 if mesh is None else mesh.size
    width = min(tile, 1 << (found.num - 1).bit_length())
    tiles = math.ceil(math.ceil(found.num / width) / devices) * devices
    program = _compiled(model, settings, found.structure, mesh)
    batch = jax.tree.map(lambda x: padded_tiles(x, found.num, tiles, width), (keys, found.data))
    _refuse_too_big(model, settings, found, keys)
    result = _with_progress(program, batch, found.shared, devices) if progress else program(*batch, found.shared)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[: found.num], result)


@lru_cache(maxsize=64)
def _compiled(
    model: Model, settings: Settings, structure: tuple[Structure, Structure], mesh: Mesh | None
) -> Callable[..., Fleet]:
    one = partial(_lane, model, settings, structure)

    def tiles(keys: Array, data: list[Array], shared: list[Array]) -> Fleet:
        return lax.map(lambda tile: jax.vmap(one, (0, 0, None))(tile[0], tile[1], shared), (keys, data))

    if mesh is None:
        return jax.jit(tiles)
    across = PartitionSpec(mesh.axis_names)
    spread = jax.shard_map(
        tiles, mesh=mesh, in_specs=(across, across, PartitionSpec()), out_specs=across, check_vma=False
    )
    return jax.jit(spread)


def _lane(
    model: Model,
    settings: Settings,
    structure: tuple[Structure, Structure],
    key: Array,
    data: list[Array],
    shared: list[Array],
) -> Fleet:
    """One data set."""
    args, kwargs = arguments(data, shared, structure)
    draws, latent, trusted, effective = _sampled(key, model, settings, args, kwargs)
    mean = {site: jnp.mean(x, (0, 1)) for site, x in draws.samples.items()}
    sd = {site: jnp.std(x, (0, 1), ddof=1) for site, x in draws.samples.items()}
    if draws.stats:
        judged = {site: diagnose(draws.samples[site]) for site in latent}
        rhat = {site: d.rhat for site, d in judged.items()}
        bulk, tail = {site: d.ess_bulk for site, d in judged.items()}, {site: d.ess_tail for site, d in judged.items()}
        error = {site: mcse_mean(x) for site, x in draws.samples.items()}
        divergent, accept = jnp.sum(draws.stats["diverging"]), jnp.mean(draws.stats["accept_prob"])
    else:  # independent draws
        rhat = {site: jnp.full_like(mean[site], jnp.nan) for site in latent}
        bulk = tail = {site: jnp.full_like(mean[site], effective) for site in latent}
        error = {site: x / jnp.sqrt(effective) for site, x in sd.items()}
        divergent, accept = jnp.zeros((), int), jnp.ones((), next(iter(mean.values())).dtype)
    verdict = status(mean, (bulk, tail), rhat, draws.stats, trusted, settings.num_chains, settings.num_samples)
    kept = draws.samples if settings.keep_draws else None
    return Fleet(mean, sd, verdict, rhat, bulk, tail, error, divergent, accept, jnp.zeros((), bool), kept)


def _sampled(
    key: Array, model: Model, settings: Settings, args: tuple, kwargs: dict
) -> tuple[Draws, list[str], Any, Any]:
    """Draws, the sites that were sampled, whether the engine itself trusts them, and what independent ones are worth."""
    num, chains, warmup = settings.num_samples, settings.num_chains, settings.num_warmup
    if settings.engine == "exact":
        samples = model.exact(key, num * chains, *args, **kwargs)  # pyright: ignore[reportFunctionMemberAccess]
        samples = {site: x.reshape(chains, num, *x.shape[1:]) for site, x in samples.items()}
        return Draws(samples, {}), list(samples), True, float(num * chains)
    if settings.engine == "laplace":
        found = laplace(key, model, *args, num_samples=num * chains, **kwargs)
        samples = {site: x.reshape(chains, num, *x.shape[2:]) for site, x in found.draws.samples.items()}
        return Draws(samples, {}), list(found.mode), found.trusted, found.effective_draws
    sample = hmc if settings.engine == "hmc" else nuts
    options = {"num_warmup": warmup or _WARMUP[settings.engine], "num_samples": num, "num_chains": chains}
    draws = sample(key, model, *args, predictive=False, **options, **kwargs)
    return draws, replay.latent(partial(model, *args, **kwargs)), True, math.nan


def _mended(
    result: Fleet, keys: Array, model: Model, found: Lanes, settings: Settings, tile: int, mesh: Mesh | None
) -> Fleet:
    """The result with the lanes that cannot be trusted sampled again by NUTS."""
    found_wanting = np.asarray(result.status)
    (failed,) = np.nonzero((found_wanting != 0) & (found_wanting != NOT_RUN))
    if not failed.size:
        return result
    some = found._replace(num=len(failed), data=[x[failed] for x in found.data])
    again = _run(keys[failed], model, some, settings, tile, mesh, progress=False)
    again = again._replace(fallback=jnp.ones(len(failed), bool))
    return jax.tree.map(lambda old, new: old.at[failed].set(new), result, again)


def _with_progress(program: Callable[..., Fleet], batch: Any, shared: list[Array], devices: int) -> Fleet:
    """A few tiles at a time by the same program; an interruption leaves the rest without a result."""
    from tqdm import tqdm

    keys, data = batch
    done: list[Fleet] = []
    try:
        for start in tqdm(range(0, keys.shape[0], devices), file=sys.stderr, unit="tile", leave=False):
            some = slice(start, start + devices)
            done.append(jax.block_until_ready(program(keys[some], [x[some] for x in data], shared)))
    except KeyboardInterrupt:
        if not done:
            raise
    missing = keys.shape[0] // devices - len(done)
    done += [_nothing(done[0])] * missing
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *done)


def _nothing(like: Fleet) -> Fleet:
    """Lanes that were not run."""
    empty = jax.tree.map(lambda x: jnp.full_like(x, jnp.nan if jnp.issubdtype(x.dtype, jnp.floating) else 0), like)
    return empty._replace(status=jnp.full_like(like.status, NOT_RUN))


def _refuse_too_big(model: Model, settings: Settings, found: Lanes, keys: Array) -> None:
    if not settings.keep_draws:
        return
    args, kwargs = arguments([x[0] for x in found.data], found.shared, found.structure)
    one = jax.eval_shape(lambda key: _sampled(key, model, settings, args, kwargs)[0].samples, keys[0])
    size = found.num * sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(one))
    if size > _MAX_BYTES:
        raise ValueError(
            f"`keep_draws` must be False for draws beyond {_MAX_BYTES // 2**30} GiB; got {size / 2**30:.0f} GiB."
        )
