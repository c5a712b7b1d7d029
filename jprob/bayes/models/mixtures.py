"""A coin of unknown bias, of which several stories are told."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from jax.scipy.special import expit
from jax.typing import ArrayLike

from jprob._array import promote
from jprob.bayes import log_odds
from jprob.bayes.distributions import BinomialCounts, LogOddsBeta, LogOddsBetaMixture
from jprob.bayes.inputs import Inputs, check_counts, check_prior
from jprob.bayes.models._known import check_positive, given, known

__all__ = ["coin_mixture"]

Prior = tuple[ArrayLike, ArrayLike]

_EVEN = np.array([0.5, 0.5])
_FAIR_OR_ANYTHING = np.array([50.0, 1.0]), np.array([50.0, 1.0])


def _inputs(
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    *,
    weights: ArrayLike = _EVEN,
    shapes: Prior = _FAIR_OR_ANYTHING,
) -> Inputs:
    seen = given(successes=successes, trials=trials)
    check_counts(*seen)
    check_prior(shapes, "shapes")
    check_positive("weights", weights)
    sizes = [np.shape(part) for part in (weights, *shapes)]
    if len(set(sizes)) != 1 or len(sizes[0]) != 1:
        raise ValueError(f"`weights` and both of `shapes` must have shape (hypotheses,); got {sizes}.")
    k, n = promote(*seen)
    return Inputs((), {"successes": k, "trials": n, "weights": promote(weights)[0], "shapes": promote(*shapes)}, {})


def _exact(
    key: Array,
    num: int,
    successes: ArrayLike | None,
    trials: ArrayLike | None,
    *,
    weights: ArrayLike = _EVEN,
    shapes: Prior = _FAIR_OR_ANYTHING,
) -> dict[str, Array]:
    k, n, w, a, b = promote(*given(successes=successes, trials=trials), weights, *shapes)
    log_evidence = jnp.log(w) + log_odds.beta_binomial_logpmf(k, n, a, b)
    which_key, draw_key = jax.random.split(key)
    which = jax.random.categorical(which_key, log_evidence, shape=(num,))
    z = LogOddsBeta((a + k)[which], (b + (n - k))[which]).sample(draw_key)
    prior = LogOddsBetaMixture(jnp.log(w) - jnp.log(jnp.sum(w)), a, b)
    return {"logit_p": z, "p": expit(z), "hypothesis": jax.nn.softmax(prior.components(z), -1)}


@known(_inputs, _exact)
def coin_mixture(
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    *,
    weights: ArrayLike = _EVEN,
    shapes: Prior = _FAIR_OR_ANYTHING,
) -> None:
    r"""A coin whose bias has one of several Beta laws; which one is summed out.

    .. math:: p \sim \sum_j w_j \mathrm{Beta}(a_j, b_j), \qquad k \sim \mathrm{Binomial}(n, p)

    Sites ``logit_p``, ``p``, ``successes`` and ``hypothesis``, the probability of each law given p: its posterior mean is
    the posterior probability of that law. Hypotheses that are points are :func:`jprob.bayes.hypotheses.coin`'s. Where two
    narrow laws are far apart a chain does not cross between them: R-hat shows it, and the posterior is exact anyway.

    Args:
        successes: heads, a scalar from 0 to ``trials``. trials: flips, a scalar.
        weights: positive, ``(hypotheses,)``; divided by their sum.
        shapes: pair (a, b) of arrays ``(hypotheses,)``; by default a nearly fair coin, and any coin.
    """
    n, w, a, b = promote(1.0 if trials is None else trials, weights, *shapes)
    prior = LogOddsBetaMixture(jnp.log(w) - jnp.log(jnp.sum(w)), a, b)
    z = jnp.asarray(numpyro.sample("logit_p", prior))
    numpyro.deterministic("p", expit(z))
    numpyro.deterministic("hypothesis", jax.nn.softmax(prior.components(z), -1))
    numpyro.sample("successes", BinomialCounts(n, z), obs=successes)
