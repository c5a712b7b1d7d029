"""Draws of a posterior for the command line: taken by NUTS, held against the exact answer, saved and drawn."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax

from jprob import bayes, report
from jprob.bayes import Draws
from jprob.bayes.conjugate import beta_binomial
from jprob.cli.console import printable
from jprob.cli.machine import written

__all__ = ["by_nuts", "exact", "judged", "keep"]

_DRAWS = 1000  # of each chain


def by_nuts(model: Callable, successes: Any, trials: Any, args: argparse.Namespace) -> Draws:
    """Draws by NUTS, with a bar on stderr if somebody watches."""
    watched = sys.stderr is not None and sys.stderr.isatty()
    key = jax.random.key(args.seed)
    return bayes.nuts(key, model, successes, trials, prior=args.prior, num_samples=_DRAWS, progress=watched)


def exact(successes: Any, trials: Any, args: argparse.Namespace) -> Draws:
    """Independent draws of the exact posterior."""
    return beta_binomial.draws(jax.random.key(args.seed), args.prior, successes, trials)


def judged(
    draws: Draws, successes: Any, trials: Any, args: argparse.Namespace, names: Sequence[str] = ()
) -> dict[str, Any]:
    """A summary of draws of ``p`` and how far they can be trusted, as plain numbers."""
    verdict = report.verdict(draws, beta_binomial.update(args.prior, successes, trials))
    table = report.summary(draws, ci_prob=args.level, var_names="p", coords=_arms(names))
    chains, kept = draws.samples["p"].shape[:2]
    return {
        "complete": kept == _DRAWS,
        "num_chains": chains,
        "num_samples": kept,
        "seed": args.seed,
        **verdict._asdict(),
        "summary": {str(row): values for row, values in table.to_dict("index").items()},
    }


def keep(draws: Draws, args: argparse.Namespace, names: Sequence[str] = ()) -> None:
    """Save and draw a posterior where that was asked for."""
    if args.save is not None:
        with written(args.save) as draft:
            report.to_datatree(draws, coords=_arms(names)).to_netcdf(draft, engine="h5netcdf")
    if args.plot is not None:
        labels = [printable(name).replace("$", r"\$") for name in names]  # between two $ matplotlib reads mathematics
        draw = report.plot.forest if names else report.plot.density
        with written(args.plot) as draft, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a script that the font lacks shows as boxes
            figure = draw(draws, var_names=["p"], ci_prob=args.level, coords=_arms(labels))
            figure.savefig(draft, bbox_inches="tight")


def _arms(names: Sequence[str]) -> dict[str, Sequence[str]] | None:
    return {"arm": names} if names else None
