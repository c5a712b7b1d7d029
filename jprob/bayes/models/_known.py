"""What the models share: how checks are attached, what must be given, and noise that a sampler carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import concrete
from jprob.bayes.inputs import Inputs, refuse

__all__ = ["check_finite", "check_positive", "given", "known", "noise_key"]

Exact = Callable[..., dict[str, Array]]


def known(prepare: Callable[..., Inputs], exact: Exact | None = None) -> Callable[[Callable], Callable]:
    """Attach to a model the function that checks its arguments at the host edge, and that of its exact posterior."""

    def decorate(model: Callable) -> Callable:
        setattr(model, "prepare", prepare)  # noqa: B010 a function's attribute is invisible to type checkers
        if exact is not None:
            setattr(model, "exact", exact)  # noqa: B010
        return model

    return decorate


def given(**data: ArrayLike | None) -> tuple[Any, ...]:
    """The data.

    Raises:
        ValueError: some of it is missing.
    """
    for name, value in data.items():
        if value is None:
            raise ValueError(f"`{name}` must be given to condition on data; got None.")
    return tuple(data.values())


def check_finite(name: str, value: ArrayLike) -> None:
    """Raise ``ValueError`` unless all values are finite, as far as they are known."""
    if concrete(value):
        values = np.asarray(value, float)
        refuse(~np.isfinite(values), values, f"`{name}` must be finite")


def check_positive(name: str, value: ArrayLike) -> None:
    """Raise ``ValueError`` unless all values are positive and finite, as far as they are known."""
    if concrete(value):
        values = np.asarray(value, float)
        refuse(~(np.isfinite(values) & (values > 0)), values, f"`{name}` must be positive and finite")


def noise_key() -> Array:
    """A random key that is a function of an auxiliary noise, which the sampler carries: its bits are the key.

    So a model may draw what it has integrated out, exactly and in any sampler, with one more dimension and none of the
    energy depending on the draw.
    """
    noise = numpyro.sample("noise", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})
    bits = jax.lax.bitcast_convert_type(jnp.asarray(noise, jnp.float32), jnp.uint32)
    return jax.random.fold_in(jax.random.key(0), bits)
