"""The No-U-Turn sampler, compiled once for each model and shape of data, then called like a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jprob._array import check_level, check_positive_int, concrete
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Inputs, split
from jprob.bayes.kernel import Settings
from jprob.bayes.sampler import sample, sample_with_progress

__all__ = ["nuts"]


def nuts(
    key: Array,
    model: Callable[..., Any],
    *args: Any,
    num_warmup: int = 1000,
    num_samples: int = 1000,
    num_chains: int = 4,
    target_accept: float = 0.8,
    max_tree_depth: int = 10,
    dense_mass: bool = False,
    predictive: bool = True,
    progress: bool = False,
    **kwargs: Any,
) -> Draws:
    r"""Posterior draws of a NumPyro ``model`` given its data, by the No-U-Turn sampler.

    A pure function of its arguments. It compiles once for each model, setting and shape of data; a later call with new
    data of the same shape runs at once, and it may stand inside ``jit``, ``vmap`` over keys and data, and sharding.
    Numbers and arrays among the arguments are data; strings, booleans and ``None`` are structure. A number that the
    model needs as structure, a plate's size say, is bound first: ``functools.partial(model, num_groups=8)``.
    Chain ``c`` is a function of ``fold_in(key, c)`` and does not depend on how many chains there are.

    Memory: about ``num_chains × num_samples`` times the number of parameters, and with ``predictive`` times twice the
    number of observations more.

    Caution: clean diagnostics are necessary, not sufficient. Where an exact posterior is known, hold the draws against
    it with :func:`jprob.bayes.compare_exact`.

    Args:
        key: a JAX random key.
        model: a NumPyro model function; its discrete latent sites must be summed out.
        args: the model's arguments; ``kwargs`` likewise, by name.
        num_warmup: transitions that adapt step size and mass matrix, in each chain; not kept.
        num_samples: draws kept in each chain. num_chains: chains, run side by side.
        target_accept: acceptance probability that the step size is adapted to; larger is slower and more careful.
        max_tree_depth: at most 2 ** this many leapfrog steps in a transition.
        dense_mass: adapt a full covariance instead of variances.
        predictive: also return pointwise log likelihood, log prior, replicated data and draws from the prior.
        progress: run in pieces and show a bar on stderr; the draws are the same, and Ctrl-C after the warm-up returns
            those that are finished. Not inside ``jit`` or ``vmap``.

    Returns:
        Draws with samples and statistics of shape ``(num_chains, num_samples, ...)``.

    Raises:
        ValueError: for settings out of range, for data that the model's own check refuses, and if no starting point of
            finite density is found (inside ``jit`` or ``vmap``: a ``log_density`` that is not finite).

    Example:
        >>> from jprob.bayes import models
        >>> draws = nuts(jax.random.key(0), models.coin_bias, 8, 10, prior=(2.0, 2.0))  # Beta(10, 4), mean 5/7
        >>> abs(float(draws.samples["p"].mean()) - 5 / 7) < 0.02
        True

    References:
        Hoffman & Gelman, *The No-U-Turn sampler*, Journal of Machine Learning Research 15 (2014); Phan, Pradhan &
        Jankowiak, *Composable effects for flexible and accelerated probabilistic programming in NumPyro* (2019).
    """
    check_positive_int(num_warmup, "num_warmup")
    check_positive_int(num_samples, "num_samples")
    check_positive_int(num_chains, "num_chains")
    check_positive_int(max_tree_depth, "max_tree_depth")
    check_level(target_accept, "target_accept")
    _check_key(key)
    settings = Settings(num_warmup, num_samples, num_chains, target_accept, max_tree_depth, dense_mass, predictive)
    prepare = getattr(model, "prepare", Inputs.unprepared)
    inputs = prepare(*args, **kwargs)
    data, structure = split((inputs.args, inputs.kwargs))
    if progress and not concrete(key, *data):
        raise ValueError("`progress` must be False inside `jit` and `vmap`; got True.")
    draws = (sample_with_progress if progress else sample)(key, model, settings, structure, data)
    _check_started(draws)
    return _trimmed(draws, inputs.lengths)


def _check_key(key: Array) -> None:
    dtype = getattr(key, "dtype", None)
    typed = dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)
    if not (typed and key.ndim == 0) and not (dtype == jnp.uint32 and key.ndim == 1):
        raise ValueError(f"`key` must be one JAX random key, as `jax.random.key(0)`; got {key!r}.")


def _check_started(draws: Draws) -> None:
    """Raise ``ValueError`` if a chain never left a point without density, where the values are known."""
    log_density = draws.stats["log_density"]
    if concrete(log_density) and not np.isfinite(np.asarray(log_density)).all():
        raise ValueError(
            "`model` must have a finite log density at its data and near the origin; got none in 100 tries."
        )


def _trimmed(draws: Draws, lengths: dict[str, int]) -> Draws:
    """The draws without the padding of the data."""
    if not lengths:
        return draws

    def trim(group: dict[str, Array] | None) -> dict[str, Array] | None:
        return group and {k: v[..., : lengths[k]] if k in lengths else v for k, v in group.items()}

    groups = ("log_likelihood", "posterior_predictive", "prior_predictive", "observed_data", "constant_data")
    return draws._replace(**{name: trim(getattr(draws, name)) for name in groups})
