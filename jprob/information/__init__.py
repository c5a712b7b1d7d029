"""Information in nats: of probability vectors, and between the laws of a family, with nothing left to cancel."""

from jprob.information.families import kl_dirichlet, kl_multinomial
from jprob.information.numerical import Divergence, kl_families
from jprob.information.vectors import cross_entropy, entropy, js, kl, mutual_information, reverse_kl

__all__ = [
    "Divergence",
    "cross_entropy",
    "entropy",
    "js",
    "kl",
    "kl_dirichlet",
    "kl_families",
    "kl_multinomial",
    "mutual_information",
    "reverse_kl",
]
