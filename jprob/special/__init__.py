"""Special functions that keep their digits in the dtype they are given."""

from jprob.special._half_step import student_t_half_step
from jprob.special.beta import (
    beta_tails,
    betainc,
    betaincc,
    log_beta_density,
    log_betainc,
    log_betaincc,
    tails_of_pairs,
)
from jprob.special.beta_binomial import beta_binomial_entropy, beta_binomial_tails, log_beta_binomial
from jprob.special.beta_hdi import beta_hdi
from jprob.special.beta_inverse import betainccinv, betaincinv
from jprob.special.binomial import log_binomial
from jprob.special.elementary import expm1mx, log1pmx
from jprob.special.gamma import (
    gamma_excess,
    gamma_tails,
    gamma_tails_of_pairs,
    gammainc,
    gammaincc,
    log_gamma_density,
    log_gammainc,
    log_gammaincc,
    log_inverse_gamma_density,
)
from jprob.special.gamma_inverse import gammainccinv, gammaincinv, log_gamma_quantile_slope
from jprob.special.kolmogorov import kolmogorov_sf
from jprob.special.negative_binomial import log_negative_binomial
from jprob.special.normal import mills_ratio, normal_quantile, normal_tails, normal_tails_of_score, standard_score
from jprob.special.pair import Pair, two_difference, two_product, two_sum
from jprob.special.poisson import log_poisson
from jprob.special.polygamma import digamma, trigamma
from jprob.special.saddle import deviance
from jprob.special.stirling import digamma_less_log, lgamma1p, lgamma_difference, stirling_error
from jprob.special.student_t import log_student_t
from jprob.special.student_t_inverse import student_t_quantile
from jprob.special.student_t_tails import student_t_tails
from jprob.special.tails import Tails

__all__ = [
    "Pair",
    "Tails",
    "beta_binomial_entropy",
    "beta_binomial_tails",
    "beta_hdi",
    "beta_tails",
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "deviance",
    "digamma",
    "digamma_less_log",
    "expm1mx",
    "gamma_excess",
    "gamma_tails",
    "gamma_tails_of_pairs",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "kolmogorov_sf",
    "lgamma1p",
    "lgamma_difference",
    "log1pmx",
    "log_beta_binomial",
    "log_beta_density",
    "log_betainc",
    "log_betaincc",
    "log_binomial",
    "log_gamma_density",
    "log_gamma_quantile_slope",
    "log_gammainc",
    "log_gammaincc",
    "log_inverse_gamma_density",
    "log_negative_binomial",
    "log_poisson",
    "log_student_t",
    "mills_ratio",
    "normal_quantile",
    "normal_tails",
    "normal_tails_of_score",
    "standard_score",
    "stirling_error",
    "student_t_half_step",
    "student_t_quantile",
    "student_t_tails",
    "tails_of_pairs",
    "trigamma",
    "two_difference",
    "two_product",
    "two_sum",
]
