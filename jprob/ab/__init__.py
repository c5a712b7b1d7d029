"""Experiments to decisions: exact Bayesian analysis of conversion experiments."""

from jprob.ab.analysis import ABResult, analyze
from jprob.ab.best import expected_loss, prob_best
from jprob.ab.srm import srm_pvalue

__all__ = ["ABResult", "analyze", "expected_loss", "prob_best", "srm_pvalue"]
