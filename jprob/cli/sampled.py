"""Draws of rates -> the quantities that :func:`jprob.ab.analyze` knows exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["comparison"]


def comparison(rates: np.ndarray, *, control: int, level: float, rope: tuple[float, float] | None) -> dict[str, Any]:
    """Estimates by arm from draws of shape ``(draws, arms)``, under the names of ``ABResult``."""
    reference = rates[:, [control]]
    shortfall = rates.max(axis=1, keepdims=True) - rates
    lift = rates / reference - 1.0
    beats = (rates > reference).mean(axis=0)
    beats[control] = 0.5
    found = {
        "prob_best": (shortfall == 0.0).mean(axis=0),
        "expected_loss": shortfall.mean(axis=0),
        "prob_beats_control": beats,
        "rate": rates.mean(axis=0),
        "rate_interval": _interval(rates, level),
        "lift": np.median(lift, axis=0),
        "lift_interval": _interval(lift, level),
        "absolute_lift": (rates - reference).mean(axis=0),
        "absolute_lift_interval": _interval(rates - reference, level),
    }
    if rope is not None:
        found["rope_mass"] = ((lift >= rope[0]) & (lift <= rope[1])).mean(axis=0)
    return found


def _interval(draws: np.ndarray, level: float) -> np.ndarray:
    tail = (1.0 - level) / 2.0
    return np.quantile(draws, [tail, 1.0 - tail], axis=0).T
