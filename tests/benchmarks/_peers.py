"""The same distributions in the libraries beside us."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import numpyro.distributions as dist
import scipy.stats as st
from numpyro.distributions.distribution import enable_validation

js = jax.scipy.stats
enable_validation(False)  # what they compute, not what they refuse


class Peer(NamedTuple):
    """One family elsewhere.

    Attributes:
        numpyro: ``numpyro(*params)``, a distribution, parameters in jprob's order.
        scipy: ``scipy(*params)``, a frozen distribution.
        jax_scipy: ``jax_scipy(x, *params)``: log density, or ``None``.
    """

    numpyro: Callable
    scipy: Callable
    jax_scipy: Callable | None


PEERS = {
    "bernoulli": Peer(lambda p: dist.Bernoulli(p), st.bernoulli, js.bernoulli.logpmf),
    "binomial": Peer(lambda n, p: dist.Binomial(n, p), st.binom, js.binom.logpmf),
    "geometric": Peer(lambda p: dist.Geometric(p), st.geom, js.geom.logpmf),
    "poisson": Peer(lambda rate: dist.Poisson(rate), st.poisson, js.poisson.logpmf),
    "negative_binomial": Peer(lambda r, p: dist.NegativeBinomialProbs(r, 1.0 - p), st.nbinom, js.nbinom.logpmf),
    "beta_binomial": Peer(lambda n, a, b: dist.BetaBinomial(a, b, n), st.betabinom, js.betabinom.logpmf),
    "uniform": Peer(
        lambda low, high: dist.Uniform(low, high),
        lambda low, high: st.uniform(low, high - low),
        lambda x, low, high: js.uniform.logpdf(x, low, high - low),
    ),
    "normal": Peer(lambda loc, scale: dist.Normal(loc, scale), st.norm, js.norm.logpdf),
    "lognormal": Peer(
        lambda loc, scale: dist.LogNormal(loc, scale),
        lambda loc, scale: st.lognorm(scale, scale=np.exp(loc)),
        None,
    ),
    "halfnormal": Peer(lambda scale: dist.HalfNormal(scale), lambda scale: st.halfnorm(0.0, scale), None),
    "student_t": Peer(lambda df, loc, scale: dist.StudentT(df, loc, scale), st.t, js.t.logpdf),
    "cauchy": Peer(lambda loc, scale: dist.Cauchy(loc, scale), st.cauchy, js.cauchy.logpdf),
    "laplace": Peer(lambda loc, scale: dist.Laplace(loc, scale), st.laplace, js.laplace.logpdf),
    "exponential": Peer(
        lambda rate: dist.Exponential(rate),
        lambda rate: st.expon(0.0, 1.0 / rate),
        lambda x, rate: js.expon.logpdf(x, 0.0, 1.0 / rate),
    ),
    "gamma": Peer(
        lambda a, rate: dist.Gamma(a, rate),
        lambda a, rate: st.gamma(a, 0.0, 1.0 / rate),
        lambda x, a, rate: js.gamma.logpdf(x, a, 0.0, 1.0 / rate),
    ),
    "inverse_gamma": Peer(lambda a, rate: dist.InverseGamma(a, rate), lambda a, rate: st.invgamma(a, 0.0, rate), None),
    "weibull": Peer(lambda k, scale: dist.Weibull(scale, k), lambda k, scale: st.weibull_min(k, 0.0, scale), None),
    "pareto": Peer(
        lambda alpha, scale: dist.Pareto(scale, alpha),
        lambda alpha, scale: st.pareto(alpha, 0.0, scale),
        lambda x, alpha, scale: js.pareto.logpdf(x, alpha, 0.0, scale),
    ),
    "beta": Peer(lambda a, b: dist.Beta(a, b), st.beta, js.beta.logpdf),
}
