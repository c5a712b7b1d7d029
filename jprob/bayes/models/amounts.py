"""What visitors spend: most of them nothing."""

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
from jprob.bayes.conjugate import beta_binomial, normal_inverse_gamma
from jprob.bayes.distributions import LogOddsBeta
from jprob.bayes.family_distribution import distribution
from jprob.bayes.inputs import Inputs, check_prior, refuse
from jprob.bayes.models._known import check_finite, check_positive, given, known
from jprob.density import mixed

__all__ = ["hurdle_lognormal"]

Prior = tuple[ArrayLike, ArrayLike]
AmountPrior = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]

_WEAK = (0.0, 0.01, 1.0, 1.0)


def _inputs(
    revenue: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
    amount_prior: AmountPrior = _WEAK,
) -> Inputs:
    check_prior(prior)
    if len(amount_prior) != 4:
        raise ValueError(
            f"`amount_prior` must be (loc, strength, concentration, rate); got {len(amount_prior)} values."
        )
    check_finite("amount_prior", amount_prior[0])
    for value in amount_prior[1:]:
        check_positive("amount_prior", value)
    (seen,) = given(revenue=revenue)
    if np.ndim(seen) < 1:
        raise ValueError("`revenue` must have shape (..., visitors); got ().")
    if concrete(seen):
        values = np.asarray(seen, float)
        refuse(~(np.isfinite(values) & (values >= 0)), values, "`revenue` must be finite and not negative")
    options = {"mask": mask, "prior": promote(*prior), "amount_prior": promote(*amount_prior)}
    return Inputs((), {"revenue": promote(seen)[0], **options}, {})


def _exact(
    key: Array,
    num: int,
    revenue: ArrayLike | None,
    *,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
    amount_prior: AmountPrior = _WEAK,
) -> dict[str, Array]:
    (x,) = promote(*given(revenue=revenue))
    real = jnp.ones(x.shape, bool) if mask is None else jnp.broadcast_to(jnp.asarray(mask, bool), x.shape)
    paid = real & (x > 0)
    visitors, buyers = (jnp.sum(part, -1).astype(x.dtype) for part in (real, paid))
    amounts = normal_inverse_gamma.statistics(jnp.log(jnp.where(paid, x, 1.0)), paid.astype(x.dtype))
    rate_key, amount_key = jax.random.split(key)
    z = LogOddsBeta(*beta_binomial.update(prior, buyers, visitors)).sample(rate_key, (num,))
    location, variance = normal_inverse_gamma.sample(
        amount_key, normal_inverse_gamma.update(amount_prior, *amounts), (num,)
    )
    mean = expit(z) * jnp.exp(location + 0.5 * variance)
    return {"logit_p": z, "p": expit(z), "location": location, "variance": variance, "mean": mean}


@known(_inputs, _exact)
def hurdle_lognormal(
    revenue: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    prior: Prior = (1.0, 1.0),
    amount_prior: AmountPrior = _WEAK,
) -> None:
    r"""Revenue of each visitor: whether they buy, and how much if they do.

    .. math::
        p \sim \mathrm{Beta}(a, b), \quad \sigma^2 \sim \mathrm{InverseGamma}(c, r), \quad
        \mu \mid \sigma^2 \sim \mathcal N(m, \sigma^2 / s), \quad
        x \sim (1 - p)\, \delta_0 + p\, \mathrm{LogNormal}(\mu, \sigma^2)

    Sites ``logit_p``, ``p``, ``location`` (μ), ``variance`` (σ²), ``mean`` = p exp(μ + σ²/2), the expected revenue of a
    visitor, and ``revenue``; one of each for every leading index of ``revenue``, as arms.

    Args:
        revenue: of each visitor, not negative, ``(..., visitors)``. mask: which of them are real, of the same shape.
        prior: shapes (a, b) of the Beta prior of the share that buys.
        amount_prior: (m, s, c, r) of the logarithm of what buyers pay: where it is expected, how many buyers that is
            worth, and shape and rate of its variance.
    """
    shape = (1,) if revenue is None else np.shape(revenue)
    arms = shape[:-1]
    a, b, loc, strength, concentration, rate = promote(*prior, *amount_prior)
    z = jnp.asarray(numpyro.sample("logit_p", LogOddsBeta(jnp.broadcast_to(a, arms), b)))
    p = numpyro.deterministic("p", expit(z))
    variance = jnp.asarray(
        numpyro.sample(
            "variance", dist.InverseGamma(jnp.broadcast_to(concentration, arms), jnp.broadcast_to(rate, arms))
        )
    )
    location = jnp.asarray(numpyro.sample("location", dist.Normal(loc, jnp.sqrt(variance / strength))))
    numpyro.deterministic("mean", p * jnp.exp(location + 0.5 * variance))
    law = distribution(mixed.hurdle_lognormal)
    with numpyro.handlers.mask(mask=True if mask is None else mask):
        each = [part[..., None] for part in (expit(-z), location, jnp.sqrt(variance))]
        numpyro.sample("revenue", law(*each).expand(shape), obs=revenue)
