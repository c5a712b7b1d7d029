"""What a NumPyro model says at given draws: values, pointwise log densities, replicated data; and before any data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from numpyro import handlers
from numpyro.infer import init_to_uniform
from numpyro.infer.util import constrain_fn

__all__ = ["Sites", "latent", "posterior", "predicted", "prior", "seen"]

Sites = dict[str, Array]
Model = Callable[..., Any]

_MAX_BYTES = 4 * 2**30


def posterior(
    key: Array, model: Model, unconstrained: Sites, *, predictive: bool
) -> tuple[Sites, Sites | None, Sites | None, Sites | None]:
    """Samples, log likelihood, log prior and posterior predictive at draws of shape ``(chains, draws, ...)``.

    ``model`` is bound to its data. Without ``predictive`` only the samples are not ``None``.
    """

    def one(key: Array, z: Sites):
        values = constrain_fn(handlers.seed(model, key), (), {}, z, return_deterministic=True)
        latent = {name: values[name] for name in z}
        sites = handlers.trace(handlers.substitute(handlers.seed(model, key), latent)).get_trace()
        samples = {name: value for name, value in values.items() if not _auxiliary(sites[name])}
        if not predictive:
            return samples, None, None, None
        observed = _observed(sites)
        again = handlers.trace(handlers.uncondition(handlers.substitute(handlers.seed(model, key), latent))).get_trace()
        log_prob = {name: sites[name]["fn"].log_prob(sites[name]["value"]) for name in (*observed, *latent)}
        return (
            samples,
            {name: log_prob[name] for name in observed},
            {name: log_prob[name] for name in latent},
            {name: again[name]["value"] for name in observed},
        )

    keys = _keys(key, jax.tree.leaves(unconstrained)[0].shape[:2])
    everything = jax.vmap(jax.vmap(one))
    _refuse_too_big(jax.eval_shape(everything, keys, unconstrained))
    return everything(keys, unconstrained)


def predicted(key: Array, model: Model, samples: Sites) -> Sites:
    """Observations drawn given sites of shape ``(chains, draws, ...)``."""

    def one(key: Array, values: Sites) -> Sites:
        seeded = handlers.seed(handlers.uncondition(model), key)
        sites = handlers.trace(handlers.substitute(seeded, values)).get_trace()
        outcomes = [k for k, v in sites.items() if v["type"] == "sample" and k not in values and not _auxiliary(v)]
        return {name: sites[name]["value"] for name in outcomes}

    everything = jax.vmap(jax.vmap(one))
    keys = _keys(key, jax.tree.leaves(samples)[0].shape[:2])
    _refuse_too_big(jax.eval_shape(everything, keys, samples))
    return everything(keys, samples)


def prior(key: Array, model: Model, num_samples: int) -> tuple[Sites | None, Sites | None]:
    """Draws ``(1, num_samples, ...)`` of the sites and of the data before any data; ``None`` for an improper prior."""

    def one(key: Array) -> tuple[Sites, Sites]:
        sites = handlers.trace(handlers.uncondition(handlers.seed(model, key))).get_trace()
        values = {
            k: v["value"] for k, v in sites.items() if v["type"] in ("sample", "deterministic") and not _auxiliary(v)
        }
        data = {name for name in values if sites[name].get("infer", {}).get("was_observed")}
        return {k: v for k, v in values.items() if k not in data}, {k: values[k] for k in sorted(data)}

    try:
        return jax.vmap(jax.vmap(one))(_keys(key, (1, num_samples)))
    except NotImplementedError:
        return None, None


def seen(model: Model) -> Sites:
    """The observations that the model is bound to."""
    sites = _started(model)
    return {name: jnp.asarray(sites[name]["value"]) for name in _observed(sites)}


def latent(model: Model) -> list[str]:
    """The sites that a sampler moves in."""
    return [
        k for k, v in _started(model).items() if v["type"] == "sample" and not v["is_observed"] and not _auxiliary(v)
    ]


def _started(model: Model) -> dict[str, Any]:
    # an improper prior has no draws
    return handlers.trace(
        handlers.substitute(handlers.seed(model, jax.random.key(0)), substitute_fn=init_to_uniform())
    ).get_trace()


def _keys(key: Array, shape: tuple[int, int]) -> Array:
    """One key per chain and draw, whatever their number."""
    fold = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    return jax.vmap(lambda chain_key: fold(chain_key, jnp.arange(shape[1])))(fold(key, jnp.arange(shape[0])))


def _observed(sites: dict[str, Any]) -> list[str]:
    return [k for k, site in sites.items() if site["type"] == "sample" and site["is_observed"] and not _auxiliary(site)]


def _auxiliary(site: dict[str, Any]) -> bool:
    """NumPyro's mark for a site that is a device of the sampler or a factor, not a quantity of the model."""
    return bool(site.get("infer", {}).get("is_auxiliary"))


def _refuse_too_big(result: Any) -> None:
    size = sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(result))
    if size > _MAX_BYTES:
        raise ValueError(
            f"`predictive` must be False where draws times observations exceed {_MAX_BYTES // 2**30} GiB; "
            f"got {size / 2**30:.0f} GiB."
        )
