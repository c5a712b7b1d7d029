r"""Simulation-based calibration: whether an inference is right, checked on data whose parameters are known.

Parameters are drawn from the prior, data from the model, and the posterior is computed as for real data. If all of it is
right the rank of the true parameter among L independent posterior draws is uniform on 0..L, whatever the model:

.. math:: \theta \sim p(\theta), \quad y \sim p(y \mid \theta), \quad \theta_1..\theta_L \sim p(\theta \mid y)
    \;\Longrightarrow\; \#\{\theta_i < \theta\} \sim \mathrm{Uniform}\{0..L\}

Ranks that are too often in the middle come from posteriors that are too wide, at the ends from ones that are too
narrow, on one side from biased ones. A posterior that is the prior passes: this checks the computation, not the model.

References:
    Talts, S. et al. (2018). Validating Bayesian inference algorithms with simulation-based calibration. arXiv:1804.06788.
    Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity and its applications in
    goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32: the band.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpyro import handlers

from jprob._array import check_level, check_positive_int, in_pieces
from jprob.bayes import replay
from jprob.bayes.inputs import Inputs, Structure, join, split
from jprob.bayes.laplace_approximation import laplace
from jprob.bayes.no_u_turn import nuts
from jprob.bayes.short_trajectories import hmc
from jprob.density import binomial, gamma

__all__ = ["ENGINES", "SBC", "ecdf_band", "sbc"]

Model = Callable[..., Any]
Engine = Callable[[Array, dict[str, Array], int], dict[str, Array]]

ENGINES = ("exact", "hmc", "nuts", "laplace")
_AT_ONCE = 256
_BAND_DRAWS = 4000
_CELLS = 20


class SBC(NamedTuple):
    """Ranks of known parameters among posterior draws, and what they say; of each site and each of its elements.

    Attributes:
        ranks: from 0 to ``num_ranks``, shape ``(simulations, ...)``, by site.
        p_value: of the chi-squared test of their uniformity in twenty cells, shape ``(...)``.
        inside_band: their distribution function stays within the simultaneous band, shape ``(...)``.
        mean_rank: over ``num_ranks``; one half is right. rank_spread: their standard deviation over the uniform one.
        verdict: one word for all sites: ``"calibrated"``, ``"biased"``, ``"overconfident"``, ``"underconfident"`` or
            ``"miscalibrated"``, after the worst of them.
        worst_site: the name of that one.
        num_ranks: posterior draws that a rank is among. num_failed: simulations without a finite posterior, left out.
    """

    ranks: dict[str, Array]
    p_value: dict[str, Array]
    inside_band: dict[str, Array]
    mean_rank: dict[str, Array]
    rank_spread: dict[str, Array]
    verdict: str
    worst_site: str
    num_ranks: int
    num_failed: int


def sbc(
    key: Array,
    model: Model,
    *args: Any,
    engine: str | Engine = "nuts",
    num_simulations: int = 1000,
    num_ranks: int = 99,
    level: float = 0.99,
    sites: tuple[str, ...] | None = None,
    num_warmup: int = 300,
    thinning: int = 4,
    **kwargs: Any,
) -> SBC:
    """Check a model and an engine by simulation.

    All simulations run in one compiled program.

    Args:
        key: a JAX random key.
        model: a NumPyro model with a proper prior. args, kwargs: its arguments; of what it observes only the shape matters.
        engine: ``"exact"`` where the model is conjugate, ``"hmc"`` (short trajectories), ``"nuts"``, ``"laplace"`` (by
            importance weights), or ``engine(key, data, num_draws)`` that returns independent posterior draws by site, shape
            ``(num_draws, ...)``, given observations by site.
        num_simulations: of them. num_ranks: posterior draws a rank is among.
        level: of the simultaneous band.
        sites: to look at; all that both the prior and the posterior have by default.
        num_warmup, thinning: of a chain, one for each simulation.

    Returns:
        :class:`SBC`.

    Raises:
        ValueError: no such engine or site, numbers that are too small, an improper prior.

    Example:
        >>> import jax.numpy as jnp
        >>> from jprob.bayes import conjugate, models
        >>> def exact(key, data, num_draws):
        ...     posterior = conjugate.beta_binomial.update((2.0, 2.0), data["successes"], 10.0)
        ...     return {"p": conjugate.beta_binomial.sample(key, posterior, (num_draws,))}
        >>> found = sbc(jax.random.key(0), models.coin_bias, 0, 10, prior=(2.0, 2.0), engine=exact, num_simulations=500)
        >>> found.verdict
        'calibrated'
    """
    check_positive_int(num_simulations, "num_simulations", 100)
    check_positive_int(num_ranks, "num_ranks", 19)
    check_positive_int(num_warmup, "num_warmup")
    check_positive_int(thinning, "thinning")
    check_level(level)
    if not callable(engine) and engine not in ENGINES:
        raise ValueError(f"`engine` must be one of {', '.join(ENGINES)}, or a function; got {engine!r}.")
    if engine == "exact" and not hasattr(model, "exact"):
        raise ValueError("`engine` must not be 'exact' for a model that is not conjugate; got 'exact'.")
    inputs = getattr(model, "prepare", Inputs.unprepared)(*args, **kwargs)
    data, structure = split((inputs.args, inputs.kwargs))
    program = _compiled(model, engine, num_ranks, num_warmup, thinning, sites, num_simulations, structure)
    ranks, finite = program(key, data)
    kept = np.asarray(finite)
    if kept.sum() < 100:
        raise ValueError(f"`engine` must give finite posteriors; got {int(kept.sum())} of {num_simulations:,}.")
    return _judged({site: np.asarray(rank)[kept] for site, rank in ranks.items()}, num_ranks, level, int((~kept).sum()))


@functools.lru_cache(maxsize=16)
def ecdf_band(num: int, num_ranks: int, level: float = 0.99) -> tuple[np.ndarray, np.ndarray]:
    """How many of ``num`` uniform ranks may be at most 0, 1, …, ``num_ranks`` − 1, all counts together.

    Pointwise binomial intervals, their level such that all hold together as often as wanted: by simulation from a fixed
    seed.

    Args:
        num: ranks. num_ranks: the largest of them. level: of the band as a whole.

    Returns:
        The smallest and the largest counts, shape ``(num_ranks,)``.

    Example:
        >>> low, high = ecdf_band(1000, 99)
        >>> int(low[49]) < 500 < int(high[49])
        True
    """
    share = np.arange(1, num_ranks + 1) / (num_ranks + 1)
    counts = np.arange(num + 1.0)
    below = np.asarray(binomial.cdf(counts, float(num), share[:, None]))
    above = np.asarray(binomial.sf(counts - 1.0, float(num), share[:, None]))
    extreme = 2.0 * np.minimum(below, above)  # shape (num_ranks, num + 1)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(num, np.full(num_ranks + 1, 1.0 / (num_ranks + 1)), _BAND_DRAWS)[:, :-1].cumsum(1)
    smallest = extreme[np.arange(num_ranks), drawn].min(1)
    inside = extreme >= np.quantile(smallest, 1.0 - level)
    return inside.argmax(1), num - inside[:, ::-1].argmax(1)


@functools.lru_cache(maxsize=32)
def _compiled(
    model: Model,
    engine: str | Engine,
    num_ranks: int,
    num_warmup: int,
    thinning: int,
    sites: tuple[str, ...] | None,
    num: int,
    structure: Structure,
) -> Callable[[Array, list[Array]], tuple[dict[str, Array], Array]]:
    def one(key: Array, data: list[Array]) -> tuple[dict[str, Array], Array]:
        prior_key, fit_key, tie_key = jax.random.split(key, 3)
        args, kwargs = join(data, structure)
        drawn, predicted = replay.prior(prior_key, functools.partial(model, *args, **kwargs), 1)
        if drawn is None or predicted is None:
            raise ValueError("`model` must have a proper prior to draw from; got an improper one.")
        if not predicted:
            raise ValueError(
                "`args` must hold observations, of which the shape is taken; got a model that observes nothing."
            )
        truth, seen = (jax.tree.map(lambda a: a[0, 0], tree) for tree in (drawn, predicted))
        draws = _posterior(fit_key, model, engine, seen, args, kwargs, num_ranks, num_warmup, thinning)
        names = _common(sites, truth, draws)
        keys = jax.random.split(tie_key, len(names))
        ranks = {site: _rank(k, truth[site], draws[site]) for k, site in zip(keys, names, strict=True)}
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(draws[site])) for site in names]))
        return ranks, finite

    @jax.jit
    def program(key: Array, data: list[Array]) -> tuple[dict[str, Array], Array]:
        return in_pieces(lambda i: one(jax.random.fold_in(key, i), data), num, _AT_ONCE)

    return program


def _posterior(
    key: Array,
    model: Model,
    engine: str | Engine,
    seen: dict[str, Array],
    args: tuple,
    kwargs: dict,
    num_draws: int,
    num_warmup: int,
    thinning: int,
) -> dict[str, Array]:
    if callable(engine):
        return engine(key, seen, num_draws)
    if engine == "exact":
        bound = dict(inspect.signature(model).bind(*args, **kwargs).arguments)
        return model.exact(key, num_draws, **(bound | seen))  # pyright: ignore[reportFunctionMemberAccess]
    conditioned = _conditioned(model)
    if engine == "laplace":
        found = laplace(key, conditioned, seen, *args, num_samples=max(1000, num_draws), **kwargs)
        return {site: values[0, :num_draws] for site, values in found.draws.samples.items()}
    found = (hmc if engine == "hmc" else nuts)(
        key,
        conditioned,
        seen,
        *args,
        num_warmup=num_warmup,
        num_samples=num_draws * thinning,
        num_chains=1,
        predictive=False,
        **kwargs,
    )
    return {site: values[0, ::thinning] for site, values in found.samples.items()}


@functools.lru_cache(maxsize=32)
def _conditioned(model: Model) -> Model:
    """The model with other observations than those among its arguments."""

    def conditioned(seen: dict[str, Array], *args: Any, **kwargs: Any) -> Any:
        known = handlers.condition(handlers.uncondition(model), data=seen)  # pyright: ignore[reportArgumentType]
        return known(*args, **kwargs)

    return conditioned


def _common(sites: tuple[str, ...] | None, truth: dict[str, Array], draws: dict[str, Array]) -> list[str]:
    common = sorted(set(truth) & set(draws))
    missing = [site for site in sites or () if site not in common]
    if missing or not common:
        got = f"`{missing[0]}`" if missing else "none"
        raise ValueError(
            f"`sites` must be in the prior and in the posterior, as {', '.join(common) or 'none'}; got {got}."
        )
    return list(sites) if sites else common


def _rank(key: Array, truth: Array, draws: Array) -> Array:
    """How many draws lie below the truth; among equal ones its place is drawn."""
    below, equal = jnp.sum(draws < truth, 0), jnp.sum(draws == truth, 0)
    share = jax.random.uniform(key, truth.shape)
    return below + jnp.minimum(jnp.floor(share * (equal + 1)), equal).astype(below.dtype)


def _judged(ranks: dict[str, np.ndarray], num_ranks: int, level: float, num_failed: int) -> SBC:
    num = len(next(iter(ranks.values())))
    low, high = ecdf_band(num, num_ranks, level)
    p_value, inside, centre, spread = {}, {}, {}, {}
    for site, rank in ranks.items():
        flat = rank.reshape(num, -1)
        ecdf = (flat[:, None] <= np.arange(num_ranks)[:, None]).sum(0)
        cells = np.minimum(flat * _CELLS // (num_ranks + 1), _CELLS - 1)
        sizes = np.bincount(np.arange(num_ranks + 1) * _CELLS // (num_ranks + 1), minlength=_CELLS)
        expected = num * sizes[:, None] / (num_ranks + 1)
        counts = (cells[:, None] == np.arange(_CELLS)[:, None]).sum(0)
        chi_squared = ((counts - expected) ** 2 / expected).sum(0)
        shape = rank.shape[1:]
        p_value[site] = jnp.asarray(gamma.sf(chi_squared, 0.5 * (_CELLS - 1), 0.5)).reshape(shape)
        inside[site] = jnp.asarray(((ecdf >= low[:, None]) & (ecdf <= high[:, None])).all(0)).reshape(shape)
        centre[site] = jnp.asarray(flat.mean(0) / num_ranks).reshape(shape)
        uniform = np.sqrt(((num_ranks + 1.0) ** 2 - 1.0) / 12.0)
        spread[site] = jnp.asarray(flat.std(0) / uniform).reshape(shape)
    worst = min(ranks, key=lambda site: (bool(inside[site].all()), float(p_value[site].min())))
    verdict = _word(inside[worst], p_value[worst], centre[worst], spread[worst], num)
    return SBC(
        {site: jnp.asarray(rank) for site, rank in ranks.items()},
        p_value,
        inside,
        centre,
        spread,
        verdict,
        worst,
        num_ranks,
        num_failed,
    )


def _word(inside: Array, p_value: Array, centre: Array, spread: Array, num: int) -> str:
    """The larger of the faults that the worst element shows by five standard errors; none has a name without."""
    if bool(inside.all()):
        return "calibrated"
    worst = int(np.argmin(np.where(np.asarray(inside).ravel(), 2.0, np.asarray(p_value).ravel())))
    shift = (float(centre.ravel()[worst]) - 0.5) * np.sqrt(12.0 * num)
    # the spread of num uniform ranks has a standard error of .447 over its value and the root of num
    width = (float(spread.ravel()[worst]) - 1.0) * np.sqrt(num) / 0.447
    if max(abs(shift), abs(width)) < 5.0:
        return "miscalibrated"
    if abs(shift) > abs(width):
        return "biased"
    return "overconfident" if width > 0 else "underconfident"
