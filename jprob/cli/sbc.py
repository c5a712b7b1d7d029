"""``jprob sbc``: whether a model's posteriors are right, checked on data whose parameters are known."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import sbc_text
from jprob.cli.arguments import argument_count, figure, level, seed
from jprob.cli.console import Answer, BadInput
from jprob.cli.machine import float64, prepare_jax

__all__ = ["MODELS", "SUMMARY", "add_arguments", "run"]

SUMMARY = "simulation-based calibration: whether an engine's posteriors of a model are right"
FEWEST, MOST = 100, 100_000
ENGINES = ("exact", "hmc", "nuts", "laplace")
MODELS = {
    "coin": "one coin, 10 flips",
    "coin-mixture": "a coin that is nearly fair or anything, 10 flips",
    "ab": "two arms of 20 trials",
    "ab-hierarchical": "six arms of 12 trials from one population",
    "rates": "three rates of events over different exposures",
    "rates-hierarchical": "six rates from one population",
    "means": "two means with known standard errors",
    "means-hierarchical": "eight means from one population",
    "revenue": "two arms of 30 visitors who buy or not",
    "logistic": "logistic regression, 40 rows and two covariates",
    "robust": "Student-t regression, 40 rows and two covariates",
}
NOT_CONJUGATE = ("ab-hierarchical", "rates-hierarchical", "means-hierarchical", "logistic", "robust")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob sbc``."""
    parser.add_argument("model", metavar="MODEL", choices=MODELS, help=", ".join(MODELS))
    options = parser.add_argument_group("check")
    options.add_argument("--engine", choices=ENGINES, default="nuts", help="that makes the posteriors (default nuts)")
    options.add_argument(
        "--simulations",
        type=argument_count("--simulations"),
        default=1000,
        metavar="N",
        help="data sets (default 1000)",
    )
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the simulation (default 0)")
    options.add_argument("--level", type=level, default=0.99, help="of the simultaneous band (default 0.99)")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw ranks against the band (.png, .svg or .pdf)")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob sbc``."""
    if not FEWEST <= args.simulations <= MOST:
        raise BadInput(f"`--simulations` must be from {FEWEST} to {MOST:,}; got {args.simulations}.")
    if args.engine == "exact" and args.model in NOT_CONJUGATE:
        raise BadInput(f"`--engine` must not be exact for {args.model}, which is not conjugate; got exact.")
    prepare_jax()
    from jprob.cli.sbc_engine import answer  # brings jax

    with float64():
        document = _question(args) | answer(args)
    return Answer(sbc_text.render(document), document, [], [])


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "sbc",
        "version": jprob.__version__,
        "model": args.model,
        "describes": MODELS[args.model],
        "engine": args.engine,
        "simulations": args.simulations,
        "seed": args.seed,
        "level": args.level,
    }
