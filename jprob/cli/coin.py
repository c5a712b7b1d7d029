"""``jprob coin``: what some successes in some trials say about the probability of success."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import coin_text, sampled_text
from jprob.cli.arguments import add_analysis, add_output, argument_count
from jprob.cli.console import Answer, BadInput, Caution
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "the probability of success behind a number of successes in a number of trials"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob coin``."""
    parser.add_argument("successes", metavar="SUCCESSES", type=argument_count("SUCCESSES"))
    parser.add_argument("trials", metavar="TRIALS", type=argument_count("TRIALS"))
    add_analysis(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob coin``."""
    if args.successes > args.trials:
        raise BadInput(f"`SUCCESSES` must be at most `TRIALS`; got {args.successes} > {args.trials}.")
    prepare_jax()
    from jprob.cli.coin_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document = _question(args) | found
    return Answer(coin_text.render(document), document, [], _warnings(document))


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "coin",
        "version": jprob.__version__,
        "successes": args.successes,
        "trials": args.trials,
        "prior": {"a": args.prior[0], "b": args.prior[1]},
        "level": args.level,
        "engine": args.engine,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    empty = (
        [Caution("zero trials", "without trials, what is said is the prior's alone.")]
        if document["trials"] == 0
        else []
    )
    return empty + sampled_text.warnings(document)
