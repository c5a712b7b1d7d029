"""The computation behind ``jprob ab``: the exact answer, and draws by NUTS in its place or beside it."""

from __future__ import annotations

import argparse
from typing import Any

import jax
import numpy as np

from jprob import ab
from jprob.cli.arms import Arms
from jprob.cli.sampled import comparison

__all__ = ["answer"]

FIELDS = (
    *("prob_best", "expected_loss", "prob_beats_control", "rate", "rate_interval"),
    *("lift", "lift_interval", "absolute_lift", "absolute_lift_interval", "rope_mass"),
)


def answer(arms: Arms, control: int, args: argparse.Namespace) -> dict[str, Any]:
    """What the data say, as plain numbers: ``arms`` and ``srm_pvalue``, and ``sampled`` about NUTS where asked."""
    counts = np.asarray(arms.successes), np.asarray(arms.trials)
    srm_pvalue, found = _against(control, *counts, prior=args.prior, level=args.level, rope=args.rope)
    document: dict[str, Any] = {"srm_pvalue": float(srm_pvalue), "arms": _by_arm(arms, found, args)}
    if args.engine == "exact" and not (args.save or args.plot):
        return document

    from jprob.bayes import models
    from jprob.cli import posterior

    if args.engine == "exact":
        draws = posterior.exact(*counts, args)
    else:
        draws = posterior.by_nuts(models.beta_bernoulli, *counts, args)
        rates = np.asarray(draws.samples["p"]).reshape(-1, len(arms.names))
        estimates = _by_arm(arms, comparison(rates, control=control, level=args.level, rope=args.rope), args)
        gap = max(abs(a["prob_best"] - b["prob_best"]) for a, b in zip(document["arms"], estimates, strict=True))
        document["sampled"] = posterior.judged(draws, *counts, args, arms.names) | {"prob_best_gap": gap}
        where = document if args.engine == "nuts" else document["sampled"]
        where["arms"] = estimates
    posterior.keep(draws, args, arms.names)
    return document


def _against(control: int, successes: np.ndarray, trials: np.ndarray, **question) -> tuple[Any, dict[str, np.ndarray]]:
    """The exact answer, with the control first on the way in: one compiled program serves every choice of it."""
    order = [control, *(arm for arm in range(len(trials)) if arm != control)]
    srm_pvalue, found = _exact(successes[order], trials[order], **question)
    return srm_pvalue, {field: np.asarray(values)[np.argsort(order)] for field, values in found.items()}


@jax.jit
def _exact(successes, trials, *, prior, level, rope):
    """Only what is shown: the highest-density intervals, half of the time to compile, fall away."""
    result = ab.analyze(successes, trials, prior=prior, level=level, rope=rope)
    return result.srm_pvalue, {field: getattr(result, field) for field in FIELDS}


def _by_arm(arms: Arms, found: dict[str, Any], args: argparse.Namespace) -> list[dict[str, Any]]:
    """One dictionary for each arm from arrays over the arms."""
    lists = {field: np.asarray(values).tolist() for field, values in found.items()}
    if args.rope is None:
        lists.pop("rope_mass", None)
    counts = zip(arms.names, arms.successes, arms.trials, strict=True)
    return [
        {"name": name, "successes": successes, "trials": trials, **{field: lists[field][i] for field in lists}}
        for i, (name, successes, trials) in enumerate(counts)
    ]
