"""NumPyro models that come with their checks, and with their exact posterior where there is one.

Plain model functions: hand them to :func:`jprob.bayes.nuts`, :func:`jprob.bayes.fleet`, :func:`jprob.bayes.sbc` or to NumPyro
itself. Data that are left out are sampled: with NumPyro's ``Predictive`` a model is its own prior predictive.

A model's ``prepare`` checks its arguments before anything is compiled; ``exact(key, num, *args, **kwargs)``, where a model
has it, gives independent posterior draws by site, shape ``(num, ...)``.
"""

from jprob.bayes.models.amounts import hurdle_lognormal
from jprob.bayes.models.counts import gamma_poisson, gamma_poisson_hierarchical
from jprob.bayes.models.means import normal_means, normal_means_hierarchical
from jprob.bayes.models.mixtures import coin_mixture
from jprob.bayes.models.rates import beta_bernoulli, beta_bernoulli_hierarchical, coin_bias
from jprob.bayes.models.regressions import logistic_regression, robust_regression

__all__ = [
    "beta_bernoulli",
    "beta_bernoulli_hierarchical",
    "coin_bias",
    "coin_mixture",
    "gamma_poisson",
    "gamma_poisson_hierarchical",
    "hurdle_lognormal",
    "logistic_regression",
    "normal_means",
    "normal_means_hierarchical",
    "robust_regression",
]
