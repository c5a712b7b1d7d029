"""Special functions that keep their digits in the dtype they are given."""

from jprob.special.beta import (
    Tails,
    beta_tails,
    betainc,
    betaincc,
    log_beta_density,
    log_betainc,
    log_betaincc,
    tails_of_pairs,
)
from jprob.special.beta_hdi import beta_hdi
from jprob.special.beta_inverse import betainccinv, betaincinv
from jprob.special.binomial import log_beta_binomial, log_binomial
from jprob.special.elementary import expm1mx, log1pmx
from jprob.special.pair import two_sum
from jprob.special.saddle import deviance
from jprob.special.stirling import digamma_less_log, lgamma1p, lgamma_difference, stirling_error

__all__ = [
    "Tails",
    "beta_hdi",
    "beta_tails",
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "deviance",
    "digamma_less_log",
    "expm1mx",
    "lgamma1p",
    "lgamma_difference",
    "log1pmx",
    "log_beta_binomial",
    "log_beta_density",
    "log_betainc",
    "log_betaincc",
    "log_binomial",
    "stirling_error",
    "tails_of_pairs",
    "two_sum",
]
