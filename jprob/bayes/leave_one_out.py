r"""Leave-one-out prediction from one set of posterior draws, by Pareto-smoothed importance weights.

.. math:: \mathrm{elpd} = \sum_i \log p(y_i \mid y_{-i}), \qquad
    p(y_i \mid y_{-i}) = \frac{\sum_s w_{is}\, p(y_i \mid \theta_s)}{\sum_s w_{is}}, \quad w_{is} \propto 1 / p(y_i \mid \theta_s)

References:
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out cross-validation
    and WAIC. Statistics and Computing 27.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import logsumexp

from jprob.bayes.draws import Draws
from jprob.bayes.pareto import largest_k, smoothed_weights
from jprob.density import normal

__all__ = ["LOO", "LOODifference", "loo", "loo_difference"]


class LOO(NamedTuple):
    """How well a model predicts an observation that it has not seen.

    Attributes:
        elpd: expected log predictive density summed over observations, in nats. standard_error: of it.
        p_loo: effective number of parameters: what is lost by leaving out.
        pointwise: log predictive density of each observation, in its shape.
        pareto_k: of each: above :func:`jprob.bayes.largest_k` its prediction cannot be trusted.
        num_bad: how many of them are above. trusted: none.
    """

    elpd: Array
    standard_error: Array
    p_loo: Array
    pointwise: Array
    pareto_k: Array
    num_bad: Array
    trusted: Array


class LOODifference(NamedTuple):
    """One model's predictions less another's.

    Attributes:
        elpd: difference in nats; positive where the first predicts better. standard_error: of it, from the same observations.
        probability_better: that the first predicts better, by the normal law; of little worth below a hundred observations
            or differences of four nats.
    """

    elpd: Array
    standard_error: Array
    probability_better: Array


def loo(draws: Draws, *, site: str | None = None) -> LOO:
    """Leave-one-out predictive density of the observations of one site.

    Observations must be exchangeable single ones: of two aggregated counts there is nothing to leave out.

    Args:
        draws: with ``log_likelihood``, as :func:`jprob.bayes.nuts` gives them. site: which; may be left out if there is one.

    Returns:
        :class:`LOO`.

    Raises:
        ValueError: no pointwise log likelihood, or no such site.

    Example:
        >>> import jax
        >>> from jprob.bayes import models, nuts
        >>> draws = nuts(jax.random.key(0), models.coin_bias, flips=[1] * 7 + [0] * 3, num_warmup=300)
        >>> found = loo(draws)
        >>> [round(float(jnp.exp(found.pointwise[i])), 1) for i in (0, 9)]  # given the other nine: 7/11 and 3/11
        [0.6, 0.3]
        >>> bool(found.trusted)
        True
    """
    if not draws.log_likelihood:
        raise ValueError("`draws` must have pointwise log likelihoods; sample with `predictive=True`.")
    name = _site(draws.log_likelihood, site)
    log_likelihood = draws.log_likelihood[name]
    shape = log_likelihood.shape[2:]
    num = log_likelihood.shape[0] * log_likelihood.shape[1]
    each = log_likelihood.reshape(num, -1).T  # a row for each observation
    weights = smoothed_weights(-each)
    pointwise = logsumexp(weights.log_weights + each, -1)
    full = logsumexp(each, -1) - math.log(num)
    bad = ~(weights.k <= largest_k(num))
    return LOO(
        elpd=jnp.sum(pointwise),
        standard_error=jnp.sqrt(pointwise.size * jnp.var(pointwise)),
        p_loo=jnp.sum(full - pointwise),
        pointwise=pointwise.reshape(shape),
        pareto_k=weights.k.reshape(shape),
        num_bad=jnp.sum(bad),
        trusted=~jnp.any(bad),
    )


def loo_difference(first: LOO, second: LOO) -> LOODifference:
    """How much better one model predicts the same observations than another.

    Args:
        first, second: of the same observations.

    Returns:
        :class:`LOODifference`.

    Raises:
        ValueError: of different numbers of observations.
    """
    if first.pointwise.shape != second.pointwise.shape:
        raise ValueError(
            f"`first` and `second` must be of the same observations; got {first.pointwise.shape} and {second.pointwise.shape}."
        )
    gain = (first.pointwise - second.pointwise).ravel()
    total, error = jnp.sum(gain), jnp.sqrt(gain.size * jnp.var(gain))
    return LOODifference(total, error, normal.sf(0.0, total, jnp.maximum(error, jnp.finfo(error.dtype).tiny)))


def _site(group: dict[str, Array], site: str | None) -> str:
    if site is None and len(group) == 1:
        return next(iter(group))
    if site not in group:
        raise ValueError(f"`site` must be one of {', '.join(group)}; got {site!r}.")
    return site
