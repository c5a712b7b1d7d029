"""What a forecast of a number may be: a family with parameters, or draws."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jprob._array import check_level, concrete
from jprob.density import Family

__all__ = ["as_family", "check_levels", "ensemble_of"]


def as_family(forecast: Any, params: Mapping[str, ArrayLike] | None) -> Family | None:
    """The family, or ``None`` for draws.

    Raises:
        ValueError: a family without its parameters, or parameters without a family.
    """
    if isinstance(forecast, ModuleType):
        forecast = getattr(forecast, "family", forecast)
    if not isinstance(forecast, Family):
        if params is not None:
            raise ValueError("`params` must come with a family; got them with draws.")
        return None
    given = set(params or {})
    if given != set(forecast.parameters):
        raise ValueError(f"`params` of {forecast.name} must be {', '.join(forecast.parameters)}; got {sorted(given)}.")
    return forecast


def ensemble_of(forecast: Any) -> Array | ArrayLike:
    """Draws along the first axis; those of a ``Draws`` with a single site, its chains in a row."""
    samples = getattr(forecast, "samples", None)
    if samples is None:
        return forecast
    if len(samples) != 1:
        raise ValueError(f"`forecast` must have a single site; got {', '.join(samples)}.")
    (site,) = samples.values()
    return site.reshape(-1, *site.shape[2:])


def check_levels(levels: ArrayLike) -> None:
    """Raise ``ValueError`` unless all levels lie strictly between 0 and 1."""
    if concrete(levels):
        for level in np.ravel(np.asarray(levels)):
            check_level(float(level), "levels")
