"""The computation behind ``jprob coin``."""

from __future__ import annotations

import argparse
import math
from typing import Any

import jax
import numpy as np

from jprob.bayes import hypotheses
from jprob.bayes.conjugate import beta_binomial
from jprob.density import beta, binomial

__all__ = ["answer"]


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """What the posterior of ``p`` says, as plain numbers, and ``sampled`` what NUTS says about it where asked."""
    counts = args.successes, args.trials
    found = jax.tree.map(lambda value: np.asarray(value).tolist(), _exact(*counts, prior=args.prior, level=args.level))
    a, b = found["posterior"].values()
    if a == b == 1.0 or max(a, b) < 1.0:
        found["mode"] = math.nan  # flat, or highest at both ends
    if max(a, b) < 1.0:
        found["hdi_pieces"] = np.asarray(beta_binomial.region((a, b), args.level).pieces).tolist()
    if args.hypotheses is not None:
        found["hypotheses"] = _weighed(*counts, args.hypotheses)
    if args.engine == "exact" and not (args.save or args.plot):
        return found

    from jprob.bayes import models
    from jprob.cli import posterior

    if args.engine == "exact":
        draws = posterior.exact(*counts, args)
    else:
        draws = posterior.by_nuts(models.coin_bias, *counts, args)
        found["sampled"] = posterior.judged(draws, *counts, args)
    posterior.keep(draws, args)
    return found


def _weighed(successes: int, trials: int, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    """Which of several biases, as plain numbers."""
    biases, priors = (np.array(column) for column in zip(*pairs, strict=True))
    found = hypotheses.coin(successes, trials, biases, priors / priors.sum())
    columns = biases, priors, np.asarray(found.probs), np.asarray(found.log_probs)
    names = "bias", "prior", "posterior", "log_posterior"
    rows = [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)]
    return {"rows": rows, "log_evidence": float(found.log_evidence)}


@jax.jit
def _exact(successes, trials, *, prior, level):
    """All of the answer in one compilation."""
    posterior = beta_binomial.update(prior, successes, trials)
    log_evidence = beta_binomial.log_evidence(prior, successes, trials)
    return {
        "posterior": posterior._asdict(),
        "mean": beta.mean(*posterior),
        "median": beta.ppf(0.5, *posterior),
        "mode": beta.mode(*posterior),
        "interval": beta_binomial.interval(posterior, level),
        "hdi": beta_binomial.hdi(posterior, level),
        "prob_above_half": beta.sf(0.5, *posterior),
        "prob_next_success": beta.mean(*posterior),
        "log_evidence": log_evidence,
        "log_bayes_factor": log_evidence - binomial.logpmf(successes, trials, 0.5),
    }
