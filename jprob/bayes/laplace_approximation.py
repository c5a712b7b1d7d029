r"""Laplace's approximation: the normal law at the mode, corrected by importance weights that say whether to believe it.

.. math:: q(u) = \mathcal N(\hat u, H^{-1}), \qquad \log p(y) \approx \log p(y, \hat u) + \tfrac d2 \log 2\pi
    - \tfrac12 \log |H|

in the unconstrained coordinates u, Jacobian included, where posteriors are nearer to normal; draws are mapped back.

References:
    Tierney, L. and Kadane, J. B. (1986). Accurate approximations for posterior moments and marginal densities. JASA 81.
    Vehtari, A. et al. (2024). Pareto smoothed importance sampling. JMLR 25.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.scipy.special import logsumexp

from jprob._array import check_positive_int
from jprob.bayes import kernel, replay
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Inputs, Structure, join, split
from jprob.bayes.pareto import believable, resampled, smoothed_weights
from jprob.bayes.peak import UNSEEN, Peak, beyond, find_peak

__all__ = ["Laplace", "laplace"]

Model = Callable[..., Any]


class Laplace(NamedTuple):
    """A posterior by Laplace's approximation.

    Attributes:
        draws: independent, in one chain without ``stats``: drawn by their importance weights, or from the normal law.
        mode: of the unconstrained coordinates by site; the mode of the density there, not of the constrained one.
        covariance: of all unconstrained coordinates, shape ``(d, d)``, sites in alphabetical order.
        log_evidence: of the data, from the importance weights. log_evidence_normal: from mode and curvature alone.
        pareto_k: of the weights: how far the normal law is from the posterior.
        effective_draws: what the weighted draws are worth.
        converged: the mode was found, and the density falls off in all directions.
        trusted: converged; ``pareto_k`` is small enough for this number of draws, or the weights are nearly level; and along
            no axis more than 0.5 % of the posterior lies beyond four standard deviations, where no draw goes.
    """

    draws: Draws
    mode: dict[str, Array]
    covariance: Array
    log_evidence: Array
    log_evidence_normal: Array
    pareto_k: Array
    effective_draws: Array
    converged: Array
    trusted: Array


def laplace(
    key: Array,
    model: Model,
    *args: Any,
    num_samples: int = 4000,
    corrected: bool = True,
    max_steps: int = 200,
    predictive: bool = False,
    **kwargs: Any,
) -> Laplace:
    """Posterior of a NumPyro model by Laplace's approximation.

    A pure function, compiled once for each model and shape of data; it may stand inside ``jit`` and ``vmap``.

    Args:
        key: a JAX random key.
        model: a NumPyro model without unobserved discrete sites; args, kwargs: its arguments, as for
            :func:`jprob.bayes.nuts`.
        num_samples: draws, at least 25. corrected: draw them by their importance weights.
        max_steps: of Newton's method. predictive: also log likelihood, log prior and replicated data.

    Returns:
        :class:`Laplace`.

    Raises:
        ValueError: too few draws, or data that the model's own check refuses.

    Example:
        >>> from jprob.bayes import models
        >>> found = laplace(jax.random.key(0), models.coin_bias, 8, 10, prior=(2.0, 2.0))  # Beta(10, 4)
        >>> abs(float(found.draws.samples["p"].mean()) - 5 / 7) < 0.02, bool(found.trusted)
        (True, True)
        >>> round(float(found.log_evidence), 1)
        -2.4
    """
    check_positive_int(num_samples, "num_samples", 25)
    check_positive_int(max_steps, "max_steps")
    inputs = getattr(model, "prepare", Inputs.unprepared)(*args, **kwargs)
    data, structure = split((inputs.args, inputs.kwargs))
    return _compiled(model, num_samples, corrected, max_steps, predictive, structure)(key, data)


@lru_cache(maxsize=96)
def _compiled(
    model: Model, num: int, corrected: bool, max_steps: int, predictive: bool, structure: Structure
) -> Callable[..., Laplace]:
    return jax.jit(partial(_laplace, model, num, corrected, max_steps, predictive, structure))


def _laplace(
    model: Model,
    num: int,
    corrected: bool,
    max_steps: int,
    predictive: bool,
    structure: Structure,
    key: Array,
    data: list[Array],
) -> Laplace:
    args, kwargs = join(data, structure)
    start_key, draw_key, choose_key, replay_key = jax.random.split(key, 4)
    start, potential_fn = kernel.potential(start_key, model, args, kwargs)
    first, unravel = ravel_pytree(start.z)

    def energy(u: Array) -> Array:
        return potential_fn(unravel(u))

    peak = find_peak(energy, first, max_steps)
    u, ratios = _proposed(draw_key, energy, peak, num)
    weights = smoothed_weights(ratios)
    chosen = resampled(choose_key, u, weights.log_weights) if corrected else u
    bound = partial(model, *args, **kwargs)
    told = replay.posterior(replay_key, bound, _sites(unravel, chosen), predictive=predictive)
    samples, log_likelihood, log_prior, replicated = told
    observed = replay.seen(bound) if predictive else None
    return Laplace(
        draws=Draws(samples, {}, log_likelihood, log_prior, replicated, observed_data=observed),
        mode=unravel(peak.mode),
        covariance=peak.covariance,
        log_evidence=logsumexp(ratios) - math.log(num),
        log_evidence_normal=-peak.energy + 0.5 * first.size * math.log(2.0 * math.pi) - peak.log_det,
        pareto_k=weights.k,
        effective_draws=weights.effective_draws,
        converged=peak.converged,
        trusted=peak.converged & believable(weights) & (beyond(energy, peak.mode, peak.spread) < UNSEEN),
    )


def _proposed(key: Array, energy: Callable[[Array], Array], peak: Peak, num: int) -> tuple[Array, Array]:
    """Draws of the normal law at the mode, shape ``(num, d)``, and the log ratios of the posterior's density to its."""
    noise = jax.random.normal(key, (num, peak.mode.size), peak.mode.dtype)
    u = peak.unwhiten(noise)
    log_normal = peak.log_det - 0.5 * peak.mode.size * math.log(2.0 * math.pi) - 0.5 * jnp.sum(noise**2, -1)
    density = -jax.vmap(energy)(u)
    return u, jnp.where(jnp.isnan(density), -jnp.inf, density) - log_normal


def _sites(unravel: Callable[[Array], Any], draws: Array) -> Any:
    """Draws by site, in one chain."""
    return jax.tree.map(lambda leaf: leaf[None], jax.vmap(unravel)(draws))
