"""Independent draws of any exact posterior, in the container that NUTS fills: one chain, nothing to diagnose."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_positive_int, promote
from jprob.bayes.conjugate import (
    beta_binomial,
    dirichlet_multinomial,
    gamma_poisson,
    inverse_gamma_known_mean,
    linear_regression,
    normal_inverse_gamma,
    normal_known_scale,
)
from jprob.bayes.draws import Draws

__all__ = ["SITES", "exact_draws", "posterior_draws"]

SITES: dict[type, tuple[ModuleType, tuple[str, ...]]] = {
    beta_binomial.BetaParams: (beta_binomial, ("p",)),
    gamma_poisson.GammaParams: (gamma_poisson, ("rate",)),
    normal_known_scale.NormalParams: (normal_known_scale, ("mean",)),
    inverse_gamma_known_mean.InverseGammaParams: (inverse_gamma_known_mean, ("variance",)),
    normal_inverse_gamma.NormalInverseGammaParams: (normal_inverse_gamma, ("mean", "variance")),
    dirichlet_multinomial.DirichletParams: (dirichlet_multinomial, ("probs",)),
    linear_regression.RegressionParams: (linear_regression, ("coefficients", "variance")),
}
"""By the type of an exact posterior: a pair that samples it, and the names of what is unknown."""


def posterior_draws(key: Array, posterior: Any, *, num_samples: int = 4000) -> Draws:
    """Independent draws from the hyperparameters of an exact posterior.

    Args:
        key: a JAX random key. posterior: what an ``update`` of :mod:`jprob.bayes.conjugate` gave.
        num_samples: number of draws.

    Returns:
        :class:`jprob.bayes.Draws` with samples ``(1, num_samples, ...)`` of each site of :data:`SITES`.

    Raises:
        ValueError: hyperparameters of no pair.

    Example:
        >>> found = posterior_draws(jax.random.key(0), gamma_poisson.update((1.0, 1.0), 3, 2.0), num_samples=5)
        >>> found.samples["rate"].shape
        (1, 5)
    """
    check_positive_int(num_samples, "num_samples")
    if type(posterior) not in SITES:
        known = ", ".join(kind.__name__ for kind in SITES)
        raise ValueError(f"`posterior` must be one of {known}; got {type(posterior).__name__}.")
    return Draws(_samples(key, posterior, num_samples), {})


def exact_draws(key: Array, pair: ModuleType, prior: Any, *data: ArrayLike, num_samples: int = 4000) -> Draws:
    """Independent draws from an exact posterior, and beside them the prior, the likelihood and the data.

    Args:
        key: a JAX random key. pair: a module of :mod:`jprob.bayes.conjugate`. prior: as it takes it.
        data: sufficient statistics, as it takes them. num_samples: number of draws.

    Returns:
        :class:`jprob.bayes.Draws` with groups ``samples``, ``prior``, ``log_likelihood`` and ``observed_data``.

    Example:
        >>> from jprob.bayes.conjugate import gamma_exponential
        >>> found = exact_draws(jax.random.key(0), gamma_exponential, (1.0, 1.0), 3, 2.5, num_samples=5)
        >>> found.prior["rate"].shape, sorted(found.observed_data)
        ((1, 5), ['events', 'time'])
    """
    check_positive_int(num_samples, "num_samples")
    posterior = pair.update(prior, *data)
    posterior_key, prior_key = jax.random.split(key)
    before = type(posterior)(*promote(*prior)) if type(posterior) is not type(prior) else prior
    samples = _samples(posterior_key, posterior, num_samples)
    names = getattr(pair, "Counts", None) or pair.Statistics
    observed = dict(zip(names._fields, promote(*data), strict=True))
    return Draws(
        samples=samples,
        stats={},
        log_likelihood={next(iter(observed)): pair.log_likelihood(*samples.values(), *data)},
        prior=_samples(prior_key, before, num_samples),
        observed_data=observed,
    )


def _samples(key: Array, posterior: Any, num_samples: int) -> dict[str, Array]:
    pair, names = SITES[type(posterior)]
    drawn = pair.sample(key, posterior, (1, num_samples))
    return dict(zip(names, drawn if isinstance(drawn, tuple) else (drawn,), strict=True))
