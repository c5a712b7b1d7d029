r"""Dirichlet prior, multinomial data: the exact posterior of the probabilities of k labels.

.. math:: p \sim \mathrm{Dirichlet}(\alpha),\; x \sim \mathrm{Multinomial}(n, p) \;\Longrightarrow\;
          p \mid x \sim \mathrm{Dirichlet}(\alpha + x)

Labels lie along the last axis; all other axes broadcast. Each probability alone has a beta law, of which intervals and
moments are. Everything jits, vmaps and differentiates. A prior is a :class:`DirichletParams` or the concentrations alone.
Values known on the host are checked; a traced lane with invalid counts or prior is ``nan``.

References:
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 3.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, check_positive_int, promote, safe, whole
from jprob.bayes.conjugate._beta_region import Region
from jprob.bayes.conjugate._beta_region import region as beta_region
from jprob.bayes.conjugate._entry import check_data, discounted, parameters, summed, weighted
from jprob.bayes.conjugate._marginal import Marginal, equal_tails
from jprob.density import beta, dirichlet, multinomial
from jprob.density import dirichlet_multinomial as dirichlet_multinomial_family
from jprob.special import beta_hdi

__all__ = [
    "DirichletParams",
    "Predictive",
    "Region",
    "Statistics",
    "discount",
    "effective_sample_size",
    "hdi",
    "interval",
    "log_evidence",
    "log_likelihood",
    "marginal",
    "mean",
    "merge",
    "predictive",
    "region",
    "sample",
    "statistics",
    "update",
    "variance",
]


class DirichletParams(NamedTuple):
    """A Dirichlet distribution of probabilities: prior or posterior.

    Attributes:
        concentration: prior counts plus counts seen, ``(..., k)``.
    """

    concentration: Array


Prior = DirichletParams | ArrayLike | tuple | list


class Statistics(NamedTuple):
    """Sufficient statistics of labels; a monoid under :func:`merge` with zeros as its zero.

    Attributes:
        counts: how often each label was seen, ``(..., k)``.
    """

    counts: Array


class Predictive(NamedTuple):
    """What a posterior predicts: parameters of ``jprob.density.dirichlet_multinomial``, in its order.

    Attributes:
        n: labels ahead, ``(...)``. concentration: the posterior's, ``(..., k)``.
    """

    n: Array
    concentration: Array


def _given(prior: Any, name: str = "prior") -> tuple[Any]:
    alone = isinstance(prior, DirichletParams) or (isinstance(prior, tuple) and len(prior) == 1)
    given = prior[0] if alone else prior
    if np.ndim(given) < 1 or np.shape(given)[-1] < 2:
        raise ValueError(f"`{name}` must hold a concentration for each of two labels or more; got {given!r}.")
    return (given,)


def _params(prior: Any, name: str = "prior") -> DirichletParams:
    """Concentrations, all of a distribution ``nan`` where one is not positive."""
    (a,) = parameters(DirichletParams, _given(prior, name), name)
    return DirichletParams(jnp.where(jnp.any(jnp.isnan(a), -1, keepdims=True), jnp.nan, a))


def statistics(x: ArrayLike, weights: ArrayLike | None = None, *, num_labels: int) -> Statistics:
    """Counts of labels over the last axis.

    Args:
        x: labels 0, …, num_labels − 1, shape ``(..., n)``.
        weights: how often each was seen, 0 for what is no data; once by default. num_labels: k.

    Returns:
        :class:`Statistics`, counts of shape ``(..., k)``.

    Raises:
        ValueError: labels that are not whole or too large, as far as values are known.

    Example:
        >>> statistics([0, 2, 2], num_labels=3).counts.tolist()
        [1.0, 0.0, 2.0]
    """
    check_positive_int(num_labels, "num_labels", 2)
    x, weights = weighted(x, weights)
    check_data(x=("whole", x))
    check_data(x_below_num_labels=("non-negative", num_labels - 1.0 - x))
    labels = jnp.arange(num_labels, dtype=x.dtype)
    # one label at a time: n × k indicators are never in memory
    counts = jax.lax.map(lambda label: jnp.sum(jnp.where(x == label, weights, 0.0), -1), labels)
    return Statistics(jnp.moveaxis(counts, 0, -1))


def merge(*parts: Statistics | tuple[ArrayLike]) -> Statistics:
    """The counts of all parts together: shards, batches of a stream, days.

    Args:
        parts: any number of :class:`Statistics` or ``(counts,)``.

    Returns:
        Their sum; a zero of nothing.

    Example:
        >>> import numpy as np
        >>> merge((np.array([1, 0, 2]),), (np.array([3, 1, 0]),)).counts.tolist()
        [4.0, 1.0, 2.0]
    """
    return summed(Statistics, parts)


def _labels(concentration: ArrayLike, counts: ArrayLike) -> None:
    check_data(counts=("whole", counts))
    if np.ndim(counts) < 1 or np.shape(counts)[-1] != np.shape(concentration)[-1]:
        raise ValueError(
            f"`counts` must have one for each of the prior's {np.shape(concentration)[-1]} labels along the last axis; "
            f"got shape {np.shape(counts)}."
        )


def _possible(counts: Array) -> Array:
    return jnp.all((counts >= 0) & whole(counts), -1)


def update(prior: Prior, counts: ArrayLike) -> DirichletParams:
    """Posterior after seeing each label so often.

    Updating twice is updating once with the merged counts.

    Args:
        prior: concentrations, positive, shape ``(..., k)``. counts: whole numbers, shape ``(..., k)``.

    Returns:
        :class:`DirichletParams` of the common shape.

    Raises:
        ValueError: for a prior or counts that cannot be, as far as values are known.

    Example:
        >>> update([1.0, 1.0, 1.0], [3, 0, 2]).concentration.tolist()
        [4.0, 1.0, 3.0]
    """
    (a,) = _params(prior)
    _labels(a, counts)
    a, counts = promote(a, counts)
    return DirichletParams(jnp.where(_possible(counts)[..., None], a + counts, jnp.nan))


def predictive(posterior: Prior, num_labels_ahead: ArrayLike = 1) -> Predictive:
    """Law of the counts among labels ahead.

    Args:
        posterior: concentrations. num_labels_ahead: how many labels will be drawn, whole.

    Returns:
        Parameters for ``jprob.density.dirichlet_multinomial``: ``logpmf(x, *predictive(posterior, 10))``.

    Example:
        >>> from jprob.density import dirichlet_multinomial
        >>> round(float(dirichlet_multinomial.pmf([1, 0, 0], *predictive([2.0, 1.0, 1.0]))), 4)
        0.5
    """
    check_data(num_labels_ahead=("whole", num_labels_ahead))
    (a,) = _params(posterior, "posterior")
    return Predictive(promote(num_labels_ahead, a)[0], a)


def log_evidence(prior: Prior, counts: ArrayLike) -> Array:
    """Log probability of the counts under the prior: what hypotheses are compared by.

    Of counts, not of a sequence: the multinomial coefficient is included.

    Args:
        prior: concentrations, positive, shape ``(..., k)``. counts: whole numbers, shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(log_evidence([1.0, 1.0, 1.0], [3, 0, 2])), 4)  # one of 21 ways to share 5: -log 21
        -3.0445
    """
    (a,) = _params(prior)
    _labels(a, counts)
    a, counts = promote(a, counts)
    possible = _possible(counts)
    counts = safe(possible[..., None], counts, 0.0)
    value = dirichlet_multinomial_family.logpmf(counts, jnp.sum(counts, -1), a)
    return jnp.where(possible, value, jnp.nan)


def log_likelihood(probs: ArrayLike, counts: ArrayLike) -> Array:
    """Log probability of the counts if these were the labels' probabilities.

    Args:
        probs: shape ``(..., k)``. counts: whole numbers, shape ``(..., k)``.

    Returns:
        Shape ``(...)``, in nats.

    Example:
        >>> round(float(log_likelihood([0.5, 0.5], [1, 1])), 4)  # log 1/2
        -0.6931
    """
    probs, counts = promote(probs, counts)
    return multinomial.logpmf(counts, jnp.sum(counts, -1), probs)


def marginal(posterior: Prior) -> Marginal:
    """The law of each label's probability.

    Args:
        posterior: concentrations, shape ``(..., k)``.

    Returns:
        The family ``beta`` and its parameters, of shape ``(..., k)``.

    Example:
        >>> marginal([2.0, 1.0, 1.0]).params["b"].tolist()
        [2.0, 3.0, 3.0]
    """
    (a,) = _params(posterior, "posterior")
    others = jnp.sum(jnp.where(jnp.eye(a.shape[-1], dtype=bool), 0.0, a[..., None, :]), -1)  # without cancellation
    return Marginal(beta.family, {"a": a, "b": others})


def mean(posterior: Prior) -> Array:
    """Mean of each label's probability.

    Args:
        posterior: concentrations, shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> mean([2.0, 1.0, 1.0]).tolist()
        [0.5, 0.25, 0.25]
    """
    return dirichlet.mean(*_params(posterior, "posterior"))


def variance(posterior: Prior) -> Array:
    """Variance of each label's probability.

    Args:
        posterior: concentrations, shape ``(..., k)``.

    Returns:
        Shape ``(..., k)``.

    Example:
        >>> [round(float(v), 4) for v in variance([2.0, 1.0, 1.0])]
        [0.05, 0.0375, 0.0375]
    """
    return dirichlet.variance(*_params(posterior, "posterior"))


def interval(posterior: Prior, level: float = 0.95) -> Array:
    """Equal-tailed interval of each label's probability, one at a time.

    Args:
        posterior: concentrations, shape ``(..., k)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., k, 2)``.

    Example:
        >>> interval([2.0, 1.0, 1.0]).shape
        (3, 2)
    """
    return equal_tails(marginal(posterior), level)


def hdi(posterior: Prior, level: float = 0.95) -> Array:
    """Highest-density interval of each label's probability, one at a time; see :func:`region` for U-shaped ones.

    Args:
        posterior: concentrations, shape ``(..., k)``. level: mass inside, strictly between 0 and 1.

    Returns:
        Shape ``(..., k, 2)``.

    Example:
        >>> [round(float(x), 4) for x in hdi([1.0, 1.0, 1.0], 0.75)[0]]  # 1 - (1 - x)^2
        [0.0, 0.5]
    """
    check_level(level)
    law = marginal(posterior).params
    return beta_hdi(law["a"], law["b"], level)


def region(posterior: Prior, level: float = 0.95) -> Region:
    """The set of highest density of each label's probability: two pieces where its density is U-shaped.

    Args:
        posterior: concentrations, shape ``(..., k)``. level: mass inside, strictly between 0 and 1.

    Returns:
        :class:`Region`, pieces of shape ``(..., k, 2, 2)``.

    Example:
        >>> region([0.2, 0.2, 0.2]).num_pieces.tolist()
        [2, 2, 2]
    """
    return beta_region(tuple(marginal(posterior).params.values()), level)


def sample(key: Array, posterior: Prior, shape: tuple[int, ...] = ()) -> Array:
    """Independent draws of the probabilities.

    Args:
        key: a JAX random key. posterior: concentrations, shape ``(..., k)``. shape: of the draws, in front.

    Returns:
        Shape ``shape + (..., k)``.

    Example:
        >>> sample(jax.random.key(0), [2.0, 1.0, 1.0], (5,)).shape
        (5, 3)
    """
    return dirichlet.sample(key, *_params(posterior, "posterior"), shape=shape)


def effective_sample_size(prior: Prior) -> Array:
    """How many labels seen the prior is worth.

    Args:
        prior: concentrations, shape ``(..., k)``.

    Returns:
        Shape ``(...)``: their sum.

    Example:
        >>> float(effective_sample_size([2.0, 3.0, 1.0]))
        6.0
    """
    return jnp.sum(_params(prior).concentration, -1)


def discount(prior: Prior, factor: ArrayLike, initial: Prior | None = None) -> DirichletParams:
    r"""Old knowledge at a share of its weight, as a prior for new data.

    .. math:: p_\delta(\theta) \propto p(\theta)^\delta\, p_0(\theta)^{1-\delta}

    If ``prior`` is what ``initial`` became by past data, those count with weight δ: a power prior. Without ``initial`` all
    counts are scaled, which keeps the mean. A factor of 1 changes nothing.

    Args:
        prior: concentrations, shape ``(..., k)``. factor: δ in (0, 1], or 0 with an initial prior, shape ``(...)``.
        initial: what was known before.

    Returns:
        :class:`DirichletParams`.

    Example:
        >>> discount([9.0, 1.0, 5.0], 0.5, [1.0, 1.0, 1.0]).concentration.tolist()
        [5.0, 1.0, 3.0]
    """
    check_data(factor=("share", factor))
    each = promote(factor, *_params(prior))[0][..., None]
    return discounted(DirichletParams, _given(prior), each, None if initial is None else _given(initial, "initial"))
