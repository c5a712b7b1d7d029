"""What a model expects to see: replicated data held against the real, and predictions for rows that are new."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jprob.bayes import replay
from jprob.bayes.diagnostics import ess
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Structure, join, split

__all__ = ["PredictiveCheck", "predict", "predictive_check"]

Model = Callable[..., Any]
Statistic = Callable[[Array], Any]

STATISTICS: dict[str, Statistic] = {
    "mean": jnp.mean,
    "sd": jnp.std,
    "min": jnp.min,
    "max": jnp.max,
    "zeros": lambda y: jnp.mean(y == 0),
}


class PredictiveCheck(NamedTuple):
    """A statistic of the data among those of data that the model makes.

    Attributes:
        p_value: twice the smaller of the probabilities that a replicate's statistic is at most, or at least, the real one.
        observed: statistic of the data. replicated: of each replicate, ``(chains, draws, ...)``.
        upper: probability that a replicate's is at least the real one. error: Monte Carlo standard error of that.
    """

    p_value: Array
    observed: Array
    replicated: Array
    upper: Array
    error: Array


def predictive_check(
    draws: Draws, statistic: str | Statistic, *, site: str | None = None, group: str = "posterior"
) -> PredictiveCheck:
    """Whether the data look like what the model makes.

    A p-value of a posterior check is not uniform under a true model but closer to one half: the data were used twice. A small
    one is the stronger for it.

    Args:
        draws: with replicated data, as :func:`jprob.bayes.nuts` gives them.
        statistic: ``"mean"``, ``"sd"``, ``"min"``, ``"max"``, ``"zeros"`` (their share), or a function of one data set.
        site: which observations; may be left out if there is one. group: ``"posterior"`` or ``"prior"``.

    Returns:
        :class:`PredictiveCheck`.

    Raises:
        ValueError: no such statistic, group or site, or draws without replicated data.

    Example:
        >>> from jprob.bayes import models, nuts
        >>> draws = nuts(jax.random.key(0), models.gamma_poisson, [3, 5, 4, 6], prior=(2.0, 0.5), num_warmup=300)
        >>> bool(predictive_check(draws, "mean").p_value > 0.05)
        True
    """
    if not callable(statistic) and statistic not in STATISTICS:
        raise ValueError(f"`statistic` must be one of {', '.join(STATISTICS)}, or a function; got {statistic!r}.")
    if group not in ("prior", "posterior"):
        raise ValueError(f"`group` must be 'posterior' or 'prior'; got {group!r}.")
    replicated = draws.posterior_predictive if group == "posterior" else draws.prior_predictive
    if not replicated or not draws.observed_data:
        raise ValueError("`draws` must have replicated data; sample with `predictive=True`.")
    name = site or next(iter(draws.observed_data))
    if name not in draws.observed_data or (site is None and len(draws.observed_data) > 1):
        raise ValueError(f"`site` must be one of {', '.join(draws.observed_data)}; got {site!r}.")
    function = statistic if callable(statistic) else STATISTICS[statistic]
    observed = jnp.asarray(function(draws.observed_data[name]))
    made = jax.vmap(jax.vmap(lambda y: jnp.asarray(function(y))))(replicated[name])
    at_least, at_most = made >= observed, made <= observed
    upper, lower = jnp.mean(at_least, (0, 1)), jnp.mean(at_most, (0, 1))
    size = ess(at_least.astype(upper.dtype))
    size = jnp.where(jnp.isnan(size), at_least.shape[0] * at_least.shape[1], size)
    error = jnp.sqrt(upper * (1.0 - upper) / size)
    return PredictiveCheck(jnp.minimum(2.0 * jnp.minimum(upper, lower), 1.0), observed, made, upper, error)


def predict(key: Array, model: Model, samples: dict[str, Array], *args: Any, **kwargs: Any) -> dict[str, Array]:
    """Outcomes that a model predicts for new arguments, one for each posterior draw.

    With :func:`jprob.calibrate.central_coverage` they tell, on rows that were held out, whether posterior intervals hold.

    Args:
        key: a JAX random key. model: that was sampled.
        samples: of its sites, ``(chains, draws, ...)``, as in ``draws.samples``.
        args, kwargs: the model's arguments for the new rows; outcomes left out, or given for their shape only.

    Returns:
        By observed site, shape ``(chains, draws, ...)``.

    Example:
        >>> from jprob.bayes import models, nuts
        >>> x = jnp.asarray([[-1.0], [0.0], [1.0]])
        >>> draws = nuts(jax.random.key(0), models.logistic_regression, x, jnp.asarray([0, 1, 1]), num_warmup=300)
        >>> predict(jax.random.key(1), models.logistic_regression, draws.samples, x[:2])["y"].shape
        (4, 1000, 2)
    """
    data, structure = split((args, kwargs))
    return _compiled(model, structure)(key, samples, data)


@lru_cache(maxsize=32)
def _compiled(model: Model, structure: Structure) -> Callable[..., dict[str, Array]]:
    def run(key: Array, samples: dict[str, Array], data: list[Array]) -> dict[str, Array]:
        args, kwargs = join(data, structure)
        return replay.predicted(key, partial(model, *args, **kwargs), samples)

    return jax.jit(run)
