r"""A proper score as miscalibration, discrimination and uncertainty, by the best monotone recalibration. No bins.

.. math:: S = \underbrace{S(p) - S(\hat p)}_\text{miscalibration}
    - \underbrace{\big(S(\bar y) - S(\hat p)\big)}_\text{discrimination} + \underbrace{S(\bar y)}_\text{uncertainty}

with :math:`\hat p` the isotonic regression of the labels on the probabilities; all three are never negative.

References:
    Dimitriadis, T., Gneiting, T. and Jordan, A. (2021). Stable reliability diagrams for probabilistic classifiers. PNAS 118.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import xlog1py, xlogy
from jax.typing import ArrayLike

from jprob.calibrate._inputs import Rows, check_choice, scored, top_label
from jprob.calibrate._pool import monotone, sorted_by

__all__ = ["SCORES", "Corp", "corp"]

SCORES = ("brier", "log")


class Corp(NamedTuple):
    """The parts of a score, each of shape ``()``.

    Attributes:
        score: miscalibration − discrimination + uncertainty.
        miscalibration: what the best monotone map would save. discrimination: what that map saves on a constant.
        uncertainty: the score of the overall frequency.
    """

    score: Array
    miscalibration: Array
    discrimination: Array
    uncertainty: Array


def corp(probs: ArrayLike, labels: ArrayLike, *, weights: ArrayLike | None = None, score: str = "brier") -> Corp:
    """Miscalibration, discrimination and uncertainty of a binary forecast.

    Caution: the monotone map is fitted to the same rows, so noise alone shows some miscalibration.

    Args:
        probs: of label 1, shape ``(n,)``, or of classes, shape ``(n, k)``: then of the top label.
        labels: 0 and 1, or classes, shape ``(n,)``. weights: non-negative, shape ``(n,)``.
        score: ``"brier"`` or ``"log"``.

    Returns:
        :class:`Corp`.

    Raises:
        ValueError: rows that are no probabilities and labels; a score there is not.

    Example:
        >>> [float(part) for part in corp([0.25, 0.25, 0.75, 0.75], [0, 1, 1, 1])]  # .1875 = .0625 - .0625 + .1875
        [0.1875, 0.0625, 0.0625, 0.1875]
    """
    check_choice("score", score, SCORES)
    return _parts(top_label(scored(probs, labels, weights)), score)


@partial(jax.jit, static_argnums=1)
def _parts(rows: Rows, score: str) -> Corp:
    p, y, w = sorted_by(*rows)
    share = w / jnp.sum(w)

    def mean(q: Array) -> Array:
        each = (q - y) ** 2 if score == "brier" else -xlogy(y, q) - xlog1py(1.0 - y, -q)
        return jnp.sum(jnp.where(share > 0, share * each, 0.0))

    own, best = mean(p), mean(monotone(p, y, w))
    overall = mean(jnp.broadcast_to(jnp.sum(share * y), y.shape))
    return Corp(own, own - best, overall - best, overall)
