r"""Variational inference: the law of a family that is nearest to the posterior, found by optax, judged by importance weights.

.. math:: \mathrm{ELBO}(\phi) = \mathbb E_{u \sim q_\phi}\left[\log p(y, u) - \log q_\phi(u)\right] \le \log p(y)

in unconstrained coordinates u. Its gradient leaves out the score of q, whose mean is zero, so that the noise vanishes where
q is the posterior. The step is halved each time that a block of steps no longer gains more than its standard error.

References:
    Kucukelbir, A. et al. (2017). Automatic differentiation variational inference. JMLR 18.
    Roeder, G., Wu, Y. and Duvenaud, D. (2017). Sticking the landing. NeurIPS.
    Yao, Y. et al. (2018). Yes, but did it work? Evaluating variational inference. ICML: the Pareto k.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jax.scipy.special import logsumexp
from numpyro import handlers
from numpyro.distributions import biject_to, constraints
from numpyro.distributions.transforms import IdentityTransform
from numpyro.infer import autoguide
from numpyro.infer.util import transform_fn

from jprob._array import check_positive_int
from jprob.bayes import kernel, replay
from jprob.bayes.draws import Draws
from jprob.bayes.inputs import Inputs, Structure, join, split
from jprob.bayes.pareto import believable, resampled, smoothed_weights
from jprob.bayes.peak import UNSEEN, beyond

__all__ = ["GUIDES", "VI", "vi"]

Model = Callable[..., Any]

GUIDES = {
    "diagonal": autoguide.AutoDiagonalNormal,
    "normal": autoguide.AutoMultivariateNormal,
    "lowrank": autoguide.AutoLowRankMultivariateNormal,
    "flow": autoguide.AutoIAFNormal,
}
"""NumPyro's guides, by name."""

_BLOCK = 100  # steps between two looks at the bound
_HALVINGS = 6  # after which the search is over


class VI(NamedTuple):
    """A posterior by variational inference.

    Attributes:
        draws: independent, in one chain without ``stats``: drawn by their importance weights, or from the guide.
        elbo: the lower bound on the log evidence at the end, in nats. elbo_error: its Monte Carlo standard error.
        trace: mean bound of each block of 100 steps, ``(max_steps // 100,)``; ``nan`` after the end.
        num_steps: taken. converged: the bound stopped rising before the steps ran out.
        log_evidence: of the data, from the importance weights.
        pareto_k: of the weights: how far the guide is from the posterior.
        effective_draws: what the weighted draws are worth.
        trusted: converged; ``pareto_k`` is small enough for this number of draws, or the weights are nearly level; and along
            no axis of a normal guide more than 0.5 % of the posterior lies beyond four standard deviations.
    """

    draws: Draws
    elbo: Array
    elbo_error: Array
    trace: Array
    num_steps: Array
    converged: Array
    log_evidence: Array
    pareto_k: Array
    effective_draws: Array
    trusted: Array


class Settings(NamedTuple):
    """What a compiled search is specialised to."""

    guide: str
    optimizer: optax.GradientTransformation
    max_steps: int
    num_particles: int
    num_samples: int
    corrected: bool
    predictive: bool


_ADAM = optax.adam(0.1)


def vi(
    key: Array,
    model: Model,
    *args: Any,
    guide: str = "normal",
    optimizer: optax.GradientTransformation | None = None,
    max_steps: int = 10_000,
    num_particles: int = 16,
    num_samples: int = 4000,
    corrected: bool = True,
    predictive: bool = False,
    **kwargs: Any,
) -> VI:
    """Posterior of a NumPyro model by variational inference.

    A pure function, compiled once for each model, optimiser and shape of data; it may stand inside ``jit`` and ``vmap``.

    Args:
        key: a JAX random key.
        model: a NumPyro model without unobserved discrete sites; args, kwargs: its arguments, as for
            :func:`jprob.bayes.nuts`.
        guide: ``"diagonal"``, ``"normal"`` with all correlations, ``"lowrank"``, or ``"flow"``, NumPyro's inverse
            autoregressive flow, for two dimensions or more.
        optimizer: any optax transformation; Adam with rate 0.1 by default. Its steps are halved as the bound flattens.
        max_steps: at least 100. num_particles: draws of the guide in a step.
        num_samples: draws, at least 25. corrected: draw them by their importance weights.
        predictive: also log likelihood, log prior and replicated data.

    Returns:
        :class:`VI`.

    Raises:
        ValueError: no such guide, numbers out of range, or data that the model's own check refuses.

    Example:
        >>> from jprob.bayes import models
        >>> found = vi(jax.random.key(0), models.coin_bias, 78, 106, prior=(2.0, 2.0))  # Beta(80, 30), mean 8/11
        >>> abs(float(found.draws.samples["p"].mean()) - 8 / 11) < 0.02, bool(found.trusted)
        (True, True)
    """
    if guide not in GUIDES:
        raise ValueError(f"`guide` must be one of {', '.join(GUIDES)}; got {guide!r}.")
    check_positive_int(max_steps, "max_steps", _BLOCK)
    check_positive_int(num_particles, "num_particles", 2)
    check_positive_int(num_samples, "num_samples", 25)
    inputs = getattr(model, "prepare", Inputs.unprepared)(*args, **kwargs)
    data, structure = split((inputs.args, inputs.kwargs))
    chosen = _ADAM if optimizer is None else optimizer
    settings = Settings(guide, chosen, max_steps, num_particles, num_samples, corrected, predictive)
    return _compiled(model, settings, structure)(key, data)


@lru_cache(maxsize=96)
def _compiled(model: Model, settings: Settings, structure: Structure) -> Callable[..., VI]:
    return jax.jit(partial(_vi, model, settings, structure))


def _vi(model: Model, settings: Settings, structure: Structure, key: Array, data: list[Array]) -> VI:
    args, kwargs = join(data, structure)
    start_key, guide_key, search_key, draw_key, choose_key, replay_key = jax.random.split(key, 6)
    bound = partial(model, *args, **kwargs)
    start, potential_fn = kernel.potential(start_key, model, args, kwargs)
    first, unravel = ravel_pytree(start.z)
    _refuse_flow_in_one_dimension(settings, first.size)
    law, params = _guide(guide_key, settings, bound)

    def gap(params: Any, key: Array, num: int) -> Array:
        """Log guide less log posterior at draws of the guide: minus the bound, draw by draw."""
        u = law(params).sample(key, (num,))
        score_free = law(lax.stop_gradient(params))
        return score_free.log_prob(u) + jax.vmap(lambda u: potential_fn(unravel(u)))(u)

    found = _search(gap, params, settings, search_key)
    q = law(found.params)
    u = q.sample(draw_key, (settings.num_samples,))
    ratios = -jax.vmap(lambda u: potential_fn(unravel(u)))(u) - q.log_prob(u)
    ratios = jnp.where(jnp.isnan(ratios), -jnp.inf, ratios)
    weights = smoothed_weights(ratios)
    chosen = resampled(choose_key, u, weights.log_weights) if settings.corrected else u
    sites = jax.tree.map(lambda leaf: leaf[None], jax.vmap(unravel)(chosen))
    samples, log_likelihood, log_prior, again = replay.posterior(
        replay_key, bound, sites, predictive=settings.predictive
    )
    unseen = 0.0 if settings.guide == "flow" else beyond(lambda u: potential_fn(unravel(u)), q.mean, _axes(q))
    observed = replay.seen(bound) if settings.predictive else None
    return VI(
        draws=Draws(samples, {}, log_likelihood, log_prior, again, observed_data=observed),
        elbo=jnp.mean(ratios),
        elbo_error=jnp.std(ratios) / math.sqrt(settings.num_samples),
        trace=found.trace,
        num_steps=found.block * _BLOCK,
        converged=found.halvings >= _HALVINGS,
        log_evidence=logsumexp(ratios) - math.log(settings.num_samples),
        pareto_k=weights.k,
        effective_draws=weights.effective_draws,
        trusted=(found.halvings >= _HALVINGS) & believable(weights) & (unseen < UNSEEN),
    )


def _guide(key: Array, settings: Settings, bound: Model) -> tuple[Callable[[Any], Any], Any]:
    """The guide's law as a function of unconstrained parameters, and those it begins with."""
    guide = GUIDES[settings.guide](bound)
    trace = handlers.trace(handlers.seed(guide, key)).get_trace()
    sites = {name: site for name, site in trace.items() if site["type"] == "param"}
    transforms = {name: _unconstrained(site) for name, site in sites.items()}
    params = {name: _real(transforms[name], site["value"]) for name, site in sites.items()}

    def law(params: Any) -> Any:
        q = guide.get_posterior(transform_fn(transforms, params))
        return q if q.event_shape else q.to_event(1)

    return law, params


def _real(transform: Any, value: Any) -> Any:
    """Unconstrained, with a dtype of its own; the weights of a network are a tree of them."""
    value = value if isinstance(transform, IdentityTransform) else transform.inv(value)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), value)


def _unconstrained(site: dict[str, Any]) -> Any:
    return biject_to(site["kwargs"].get("constraint", constraints.real))


class _Search(NamedTuple):
    params: Any
    state: Any
    scale: Array
    best: Array
    halvings: Array
    block: Array
    trace: Array


def _search(gap: Callable[..., Array], params: Any, settings: Settings, key: Array) -> _Search:
    """Blocks of steps until the bound no longer rises at any of several step sizes."""
    most = settings.max_steps // _BLOCK

    def step(carry: tuple[Any, Any, Array], key: Array):
        params, state, scale = carry

        def loss(params: Any) -> Array:
            return jnp.mean(gap(params, key, settings.num_particles))

        value, slope = jax.value_and_grad(loss)(params)
        updates, state = settings.optimizer.update(slope, state, params)
        fine = jnp.isfinite(value)
        params = jax.tree.map(lambda p, u: jnp.where(fine & jnp.isfinite(u), p + scale * u, p), params, updates)
        return (params, state, scale), value

    def block(now: _Search) -> _Search:
        keys = jax.random.split(jax.random.fold_in(key, now.block), _BLOCK)
        (params, state, _), values = lax.scan(step, (now.params, now.state, now.scale), keys)
        bound, error = -jnp.mean(values), jnp.std(values) / math.sqrt(_BLOCK)
        rising = bound > now.best + error
        return _Search(
            params,
            state,
            jnp.where(rising, now.scale, 0.5 * now.scale),
            jnp.maximum(now.best, jnp.where(jnp.isnan(bound), -jnp.inf, bound)),
            now.halvings + ~rising,
            now.block + 1,
            now.trace.at[now.block].set(bound),
        )

    dtype = jnp.result_type(*jax.tree.leaves(params))
    first = _Search(
        params,
        settings.optimizer.init(params),
        jnp.ones((), dtype),
        jnp.full((), -jnp.inf, dtype),
        jnp.zeros((), int),
        jnp.zeros((), int),
        jnp.full(most, jnp.nan, dtype),
    )
    return lax.while_loop(lambda now: (now.block < most) & (now.halvings < _HALVINGS), block, first)


def _axes(q: Any) -> Array:
    """Of one standard deviation each, as rows."""
    covariance = getattr(q, "covariance_matrix", None)
    return jnp.diag(jnp.sqrt(q.variance)) if covariance is None else jnp.linalg.cholesky(covariance).T


def _refuse_flow_in_one_dimension(settings: Settings, dim: int) -> None:
    if settings.guide == "flow" and dim < 2:
        raise ValueError("`guide` must not be 'flow' for a posterior of one dimension; got 'flow'.")
