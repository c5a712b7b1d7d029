"""Any posterior as one ArviZ ``DataTree``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import Array

from jprob.bayes.conjugate import beta_binomial
from jprob.bayes.draws import Draws
from jprob.bayes.exact import SITES, posterior_draws
from jprob.density import beta

if TYPE_CHECKING:
    import xarray

__all__ = ["to_datatree"]

_ARVIZ_NAMES = {"accept_prob": "acceptance_rate", "num_steps": "n_steps", "log_density": "lp"}


def to_datatree(
    result: Any,
    *,
    coords: Mapping[str, Sequence] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    key: Array | None = None,
    num_draws: int = 4000,
) -> xarray.DataTree:
    """A sampled or exact posterior as an ArviZ tree, ready for its plots, statistics and ``to_netcdf``.

    Groups, as far as the result has them: posterior, sample_stats (under ArviZ's names: ``lp`` is the log density),
    log_likelihood, log_prior, posterior_predictive, prior, prior_predictive, observed_data, constant_data. An exact
    posterior is given as independent draws in one chain and has no sample_stats.

    Args:
        result: draws from :mod:`jprob.bayes`, an :class:`jprob.ab.ABResult`, what an ``update`` of
            :mod:`jprob.bayes.conjugate` gave, a plain ``(a, b)`` of Beta posteriors, or a tree, which is returned as it
            is.
        coords: labels by dimension, as ``{"arm": ["control", "treatment"]}``.
        dims: names of the trailing dimensions by variable. Left out, a single entry of ``coords`` names the last
            dimension of every variable of its length.
        key: for draws from an exact posterior; ``jax.random.key(0)`` if left out. num_draws: how many.

    Returns:
        A tree with dimensions ``chain`` and ``draw`` before those of each variable.

    Example:
        >>> tree = to_datatree((10.0, 4.0), num_draws=100)
        >>> dict(tree["posterior"].sizes)
        {'chain': 1, 'draw': 100}
    """
    import arviz as az
    import xarray

    if isinstance(result, xarray.DataTree):
        return result
    groups = _groups(_as_draws(result, jax.random.key(0) if key is None else key, num_draws))
    if dims is None and coords is not None and len(coords) == 1:
        dims = _trailing(groups, *next(iter(coords.items())))
    labels = None if coords is None else {name: list(values) for name, values in coords.items()}
    names = None if dims is None else {name: list(values) for name, values in dims.items()}
    return az.from_dict(groups, coords=labels, dims=names, attrs={"posterior": {"inference_library": "jprob"}})


def _as_draws(result: Any, key: Array, num_draws: int) -> Draws:
    if isinstance(result, Draws):
        return result
    if hasattr(result, "posterior") and hasattr(result, "successes"):
        return beta_binomial.draws(key, result.prior, result.successes, result.trials, num_samples=num_draws)
    if type(result) in SITES:
        return posterior_draws(key, result, num_samples=num_draws)
    if type(result) is tuple and len(result) == 2:
        return Draws({"p": beta.sample(key, *result, shape=(1, num_draws))}, {})
    raise ValueError(
        f"`result` must be draws, an ABResult, Beta shapes (a, b), an exact posterior or a tree; got {type(result).__name__}."
    )


def _groups(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """Groups under ArviZ's names, those that hold something."""
    named: dict[str, dict[str, Array]] = {"posterior": draws.samples, "sample_stats": draws.stats, **draws._asdict()}
    del named["samples"], named["stats"]
    return {
        group: {_ARVIZ_NAMES.get(name, name): np.asarray(value) for name, value in arrays.items()}
        for group, arrays in named.items()
        if arrays
    }


def _trailing(groups: dict[str, dict[str, np.ndarray]], dim: str, labels: Sequence) -> dict[str, list[str]]:
    """The named dimension as the last of every variable of its length; those before it keep default names."""
    found = {}
    for group, arrays in groups.items():
        before = 0 if group in ("observed_data", "constant_data") else 2
        for name, value in arrays.items():
            event = value.shape[before:]
            if event and event[-1] == len(labels):
                found[name] = [f"{name}_dim_{i}" for i in range(len(event) - 1)] + [dim]
    return found
