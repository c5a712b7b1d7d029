"""The computation behind ``jprob sbc``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jprob import bayes, report
from jprob.bayes import models
from jprob.cli.machine import written

__all__ = ["answer"]

COVARIATES = np.random.default_rng(1).normal(size=(40, 2))
ARMS, MANY = np.full(2, 20.0), np.full(6, 12.0)

# each with data of the right shape, and priors that make data an analyst might meet
DESIGNS: dict[str, tuple[Callable[..., Any], tuple, dict[str, Any]]] = {
    "coin": (models.coin_bias, (0, 10), {}),
    "coin-mixture": (models.coin_mixture, (0, 10), {}),
    "ab": (models.beta_bernoulli, (0 * ARMS, ARMS), {}),
    "ab-hierarchical": (models.beta_bernoulli_hierarchical, (0 * MANY, MANY), {"mean_prior": (2.0, 2.0)}),
    "rates": (models.gamma_poisson, (np.zeros(3), np.array([2.0, 1.0, 3.0])), {"prior": (2.0, 1.0)}),
    "rates-hierarchical": (models.gamma_poisson_hierarchical, (0 * MANY, 1.0), {"mean_prior": (2.0, 0.5)}),
    "means": (models.normal_means, (np.zeros(2), 1.0), {"prior": (0.0, 2.0)}),
    "means-hierarchical": (models.normal_means_hierarchical, (np.zeros(8), np.linspace(0.9, 1.8, 8)), {}),
    "revenue": (
        models.hurdle_lognormal,
        (np.zeros((2, 30)),),
        {"prior": (2.0, 2.0), "amount_prior": (0.0, 1.0, 3.0, 3.0)},
    ),
    "logistic": (models.logistic_regression, (COVARIATES, np.zeros(40)), {}),
    "robust": (models.robust_regression, (COVARIATES, np.zeros(40)), {}),
}


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """Ranks and what they say, as plain numbers."""
    model, data, options = DESIGNS[args.model]
    found = bayes.sbc(
        jax.random.key(args.seed),
        model,
        *data,
        engine=args.engine,
        num_simulations=args.simulations,
        level=args.level,
        **options,
    )
    if args.plot is not None:
        with written(args.plot) as draft:
            report.plot.ranks(found, level=args.level).savefig(draft, bbox_inches="tight")
    return {
        "verdict": found.verdict,
        "worst_site": found.worst_site,
        "failed": found.num_failed,
        "ranks": found.num_ranks,
        "sites": {site: _site(found, site) for site in found.ranks},
    }


def _site(found: Any, site: str) -> dict[str, Any]:
    """The worst element of a site."""
    p, centre, spread = (np.asarray(part[site]).ravel() for part in (found.p_value, found.mean_rank, found.rank_spread))
    worst = int(p.argmin())
    return {
        "elements": int(p.size),
        "p_value": float(p[worst]),
        "inside_band": bool(np.asarray(found.inside_band[site]).all()),
        "mean_rank": float(centre[worst]),
        "rank_spread": float(spread[worst]),
    }
