"""The computation behind ``jprob rate``."""

from __future__ import annotations

import argparse
import math
from typing import Any

import jax
import numpy as np

from jprob import bayes, report
from jprob.bayes.conjugate import gamma_poisson
from jprob.cli.machine import written
from jprob.density import gamma

__all__ = ["answer"]


def answer(args: argparse.Namespace) -> dict[str, Any]:
    """What the posterior of the rate says, as plain numbers."""
    # Jeffreys' prior is improper, its posterior is not
    proper = args.prior is not None
    posterior = gamma_poisson.update(args.prior, args.events, args.exposure) if proper else None
    a, b = posterior if posterior is not None else (args.events + 0.5, args.exposure)
    found = jax.tree.map(lambda value: np.asarray(value).tolist(), _exact(a, b, args.exposure, level=args.level))
    found["mode"] = max(float(a) - 1.0, 0.0) / float(b)
    found["observed_rate"] = args.events / args.exposure
    found["rule_of_three"] = 3.0 / args.exposure if args.events == 0 else None
    if proper:
        found["log_evidence"] = float(gamma_poisson.log_evidence(args.prior, args.events, args.exposure))
        conflict = bayes.conflict(gamma_poisson, args.prior, args.events, args.exposure)
        found["conflict_p_value"] = float(conflict.p_value)
    if args.plot is not None:
        with written(args.plot) as draft:
            figure = report.plot.prior_posterior(
                gamma_poisson, args.prior, args.events, args.exposure, ci_prob=args.level, xlabel="rate"
            )
            figure.savefig(draft, bbox_inches="tight")
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in found.items()}


@jax.jit
def _exact(a, b, exposure, *, level):
    """All of the answer in one compilation."""
    posterior = gamma_poisson.GammaParams(a, b)
    return {
        "posterior": posterior._asdict(),
        "mean": gamma.mean(*posterior),
        "median": gamma.ppf(0.5, *posterior),
        "interval": gamma_poisson.interval(posterior, level),
        "hdi": gamma_poisson.hdi(posterior, level),
        "upper_bound": gamma.ppf(level, *posterior),
        "prob_none_ahead": jax.numpy.exp(gamma_poisson.log_evidence(posterior, 0, exposure)),
    }
