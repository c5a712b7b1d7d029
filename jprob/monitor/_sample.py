"""What diagnosis looks at: predictions, and whatever is known beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jprob.monitor._predictions import checked_labels, checked_probs

__all__ = ["Rows", "Sample", "sampled", "shares"]


class Sample(NamedTuple):
    """Rows of one period in order of time; what is not known is left out.

    Attributes:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``. labels: 0 and 1, or classes, shape ``(n,)``.
        features: columns by name, a data frame, or shape ``(n, columns)``.
        lower, upper: ends of predicted intervals, shape ``(n,)``. outcomes: what came, shape ``(n,)``.
    """

    probs: ArrayLike | None = None
    labels: ArrayLike | None = None
    features: Any = None
    lower: ArrayLike | None = None
    upper: ArrayLike | None = None
    outcomes: ArrayLike | None = None


class Rows(NamedTuple):
    """Checked predictions and their labels, if there are any."""

    probs: Array
    labels: Array | None


def sampled(name: str, sample: Sample | ArrayLike) -> tuple[Sample, Rows]:
    """A sample and its checked rows; bare probabilities are a sample, too.

    Raises:
        ValueError: no probabilities, or labels that do not go with them.
    """
    whole = sample if isinstance(sample, Sample) else Sample(probs=sample)
    if whole.probs is None:
        raise ValueError(f"`{name}` must have probabilities; got none.")
    p = checked_probs(name, whole.probs)
    labels = None if whole.labels is None else checked_labels(f"{name}.labels", whole.labels, p)
    return whole, Rows(p, labels)


def shares(labels: Array, num_classes: int, dtype: Any) -> Array:
    """Labels as rows of 0 and one 1."""
    return (labels[:, None] == jnp.arange(num_classes)).astype(dtype)
