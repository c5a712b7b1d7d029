"""NumPyro models of rates: one coin, several arms, several arms that resemble each other.

Rates are sampled as log odds, where Beta priors are bounded and log-concave however small their shapes and where 0 and 1
are far away; the site ``p`` is the rate.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from jax.scipy.special import expit
from jax.typing import ArrayLike
from numpyro import distributions as dist

from jprob._array import concrete, promote
from jprob.bayes.conjugate import beta_binomial
from jprob.bayes.distributions import BetaBinomialCounts, BinomialCounts, LogOddsBeta
from jprob.bayes.inputs import Inputs, check_counts, check_flips, check_prior, padded
from jprob.bayes.models._known import given, known, noise_key

__all__ = ["beta_bernoulli", "beta_bernoulli_hierarchical", "coin_bias"]

Prior = tuple[ArrayLike, ArrayLike]


def _coin_inputs(
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    *,
    flips: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
) -> Inputs:
    check_prior(prior)
    if flips is None:
        return _counts(successes, trials, prior=prior)
    if successes is not None or trials is not None:
        raise ValueError("`flips` must not be given together with `successes` or `trials`; got both.")
    check_flips(flips)
    lengths = {}
    if mask is None and concrete(flips):
        lengths = {"flips": len(np.asarray(flips)), "mask": len(np.asarray(flips))}
        flips, mask = padded(flips)
    return Inputs((), {"flips": promote(flips)[0], "mask": mask, "prior": promote(*prior)}, lengths)


def _coin_exact(
    key: Array,
    num: int,
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    *,
    flips: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
) -> dict[str, Array]:
    if flips is not None:
        real = jnp.ones(np.shape(flips)) if mask is None else jnp.asarray(mask)
        successes, trials = jnp.sum(jnp.where(real, jnp.asarray(flips), 0)), jnp.sum(real)
    return _arms_exact(key, num, successes, trials, prior=prior)


@known(_coin_inputs, _coin_exact)
def coin_bias(
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    *,
    flips: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
) -> None:
    r"""One coin: its bias ``p``, from single flips or from their sufficient statistic; the posterior is the same.

    .. math:: p \sim \mathrm{Beta}(a, b), \qquad k \sim \mathrm{Binomial}(n, p)

    Sites ``logit_p``, ``p`` and either ``successes`` or ``flips``. Without any data: one flip, not observed.

    Args:
        successes: heads, a scalar from 0 to ``trials``. trials: flips, a scalar; zero is allowed.
        flips: instead of counts, zeros and ones of shape ``(n,)``.
        mask: which flips are real, ``(n,)``; all of them if left out.
        prior: shapes (a, b) of the Beta prior.
    """
    z, _ = _rate(prior)
    if trials is not None:
        numpyro.sample("successes", BinomialCounts(trials, z), obs=successes)
        return
    with numpyro.handlers.mask(mask=True if mask is None else mask):
        shape = np.shape(flips) if flips is not None else ()
        numpyro.sample("flips", dist.Bernoulli(logits=jnp.broadcast_to(z, shape)), obs=flips)


def _counts(successes: ArrayLike | None, trials: ArrayLike | None, **priors: Prior) -> Inputs:
    for name, prior in priors.items():
        check_prior(prior, name)
    if successes is None or trials is None:
        missing = "successes" if successes is None else "trials"
        raise ValueError(f"`{missing}` must be given to condition on counts; got None.")
    check_counts(successes, trials)
    pairs = {name: promote(*prior) for name, prior in priors.items()}
    return Inputs((), {"successes": promote(successes)[0], "trials": promote(trials)[0], **pairs}, {})


def _arms_inputs(
    successes: ArrayLike | None = None, trials: ArrayLike | None = None, *, prior: Prior = (1.0, 1.0)
) -> Inputs:
    return _counts(successes, trials, prior=prior)


def _arms_exact(
    key: Array, num: int, successes: ArrayLike | None, trials: ArrayLike | None, *, prior: Prior = (1.0, 1.0)
) -> dict[str, Array]:
    posterior = beta_binomial.update(prior, *given(successes=successes, trials=trials))
    z = LogOddsBeta(*posterior).sample(key, (num,))
    return {"logit_p": z, "p": expit(z)}


@known(_arms_inputs, _arms_exact)
def beta_bernoulli(
    successes: ArrayLike | None = None, trials: ArrayLike | None = None, *, prior: Prior = (1.0, 1.0)
) -> None:
    r"""K arms that know nothing of each other: rates ``p`` of shape ``(K,)``, each with its own Beta prior.

    .. math:: p_i \sim \mathrm{Beta}(a_i, b_i), \qquad k_i \sim \mathrm{Binomial}(n_i, p_i)

    Sites ``logit_p``, ``p`` and ``successes``. Without ``trials``: one trial for each prior.

    Args:
        successes: ``(K,)``, whole, from 0 to ``trials``. trials: ``(K,)``; zero is allowed.
        prior: shapes (a, b), scalars or ``(K,)``.
    """
    n = promote(1.0 if trials is None else trials)[0]
    z, _ = _rate(prior, jnp.broadcast_shapes(n.shape, np.shape(0.0 if successes is None else successes)))
    numpyro.sample("successes", BinomialCounts(n, z), obs=successes)


def _hierarchical_inputs(
    successes: ArrayLike | None = None, trials: ArrayLike | None = None, *, mean_prior: Prior = (1.0, 1.0)
) -> Inputs:
    return _counts(successes, trials, mean_prior=mean_prior)


@known(_hierarchical_inputs)
def beta_bernoulli_hierarchical(
    successes: ArrayLike | None = None, trials: ArrayLike | None = None, *, mean_prior: Prior = (1.0, 1.0)
) -> None:
    r"""K arms from one population, so that each borrows strength from the others (partial pooling).

    .. math::
        p_i \sim \mathrm{Beta}(\mu\kappa, (1 - \mu)\kappa), \quad k_i \sim \mathrm{Binomial}(n_i, p_i), \quad
        \mu \sim \mathrm{Beta}, \quad (1 + \kappa)^{-1/2} \sim \mathrm{Uniform}(0, 1)

    The spread (1 + κ)^(−1/2) is the standard deviation of the rates as a share of the largest possible, √(μ(1 − μ));
    flat, it is the proper form of the prior (α + β)^(−5/2) of Gelman et al. (2013, section 5.3). The rates are
    integrated out, which leaves no funnel, and then drawn exactly given μ and κ. Sites ``mean``, ``spread``,
    ``concentration`` (κ), ``p`` of shape ``(K,)`` and ``successes``, whose pointwise likelihood and predictive are
    those of a *new* arm of that size from the population.

    Args:
        successes: ``(K,)``, whole, from 0 to ``trials``. trials: ``(K,)``; zero is allowed.
        mean_prior: shapes of the Beta prior of the population's mean μ.

    References:
        Gelman, Carlin, Stern, Dunson, Vehtari & Rubin, *Bayesian Data Analysis*, third edition (2013), chapter 5.
    """
    n = promote(1.0 if trials is None else trials)[0]
    z, mean = _rate(mean_prior, name="mean")
    spread = numpyro.sample("spread", dist.Uniform(0.0, 1.0))
    concentration = numpyro.deterministic("concentration", (1.0 - spread) * (1.0 + spread) / jnp.square(spread))
    a, b = mean * concentration, expit(-z) * concentration
    shape = jnp.broadcast_shapes(n.shape, np.shape(0.0 if successes is None else successes))
    counts = BetaBinomialCounts(jnp.broadcast_to(n, shape), a, b)
    (k,) = promote(numpyro.sample("successes", counts, obs=successes))
    numpyro.deterministic("p", _drawn_rates(a + k, b + (n - k)))


def _drawn_rates(a: Array, b: Array) -> Array:
    """Rates drawn from Beta(a, b), exactly, in any sampler."""
    return expit(LogOddsBeta(*jax.lax.stop_gradient((a, b))).sample(noise_key()))


def _rate(prior: Prior, shape: tuple[int, ...] = (), name: str = "p") -> tuple[Array, Array]:
    """Log odds and value of rates with a Beta prior, at least of the given shape."""
    a, b = promote(*prior)
    z = jnp.asarray(
        numpyro.sample(f"logit_{name}", LogOddsBeta(jnp.broadcast_to(a, jnp.broadcast_shapes(a.shape, shape)), b))
    )
    rate = expit(z)
    numpyro.deterministic(name, rate)
    return z, rate
