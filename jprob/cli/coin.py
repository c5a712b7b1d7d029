"""``jprob coin``: what some successes in some trials say about the probability of success."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import coin_text, sampled_text
from jprob.cli.arguments import add_analysis, add_output, argument_count, number
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "the probability of success behind a number of successes in a number of trials"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob coin``."""
    parser.add_argument("successes", metavar="SUCCESSES", type=argument_count("SUCCESSES"))
    parser.add_argument("trials", metavar="TRIALS", type=argument_count("TRIALS"))
    options = add_analysis(parser)
    options.add_argument(
        "--hypotheses",
        type=_hypotheses,
        metavar="P:PRIOR,...",
        help="biases that the coin may have and how probable each is before, as .5:.8,.7:.2; without, all alike",
    )
    add_output(parser)


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob coin``."""
    if args.successes > args.trials:
        raise BadInput(f"`SUCCESSES` must be at most `TRIALS`; got {args.successes} > {args.trials}.")
    if args.hypotheses is not None and not any(_allows(args, bias, prior) for bias, prior in args.hypotheses):
        raise BadInput(
            f"`--hypotheses` must hold one that allows {args.successes} of {args.trials}; got none with prior probability."
        )
    prepare_jax()
    from jprob.cli.coin_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document = _question(args) | found
    return Answer(coin_text.render(document), document, [], _warnings(document), sampled_text.interrupted(document))


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


def _allows(args: argparse.Namespace, bias: float, prior: float) -> bool:
    """Whether a hypothesis with prior probability can have produced the counts."""
    never = (bias == 0.0 and args.successes > 0) or (bias == 1.0 and args.successes < args.trials)
    return prior > 0.0 and not never


def _hypotheses(text: str) -> list[tuple[float, float]]:
    """Biases and their prior probabilities, which sum to one."""
    parts = [part.split(":") for part in text.split(",")]
    if {len(part) for part in parts} not in ({1}, {2}):
        raise BadInput(f"`--hypotheses` must be biases and their priors, as in .5:.8,.7:.2; got {quoted(text)}.")
    values = [[number("--hypotheses", item) for item in part] for part in parts]
    found = [(value[0], value[1] if len(value) == 2 else 1.0 / len(values)) for value in values]
    if not all(0.0 <= item <= 1.0 for pair in found for item in pair):
        raise BadInput(f"`--hypotheses` must be probabilities from 0 to 1; got {quoted(text)}.")
    total = sum(prior for _, prior in found)
    if abs(total - 1.0) > 1e-6:
        raise BadInput(f"`--hypotheses` must have priors that sum to one; got {total:.7g}.")
    if len({bias for bias, _ in found}) < len(found):
        raise BadInput(f"`--hypotheses` must be different biases; got {quoted(text)}.")
    return found


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    empty = (
        [Caution("zero trials", "without trials, what is said is the prior's alone.")]
        if document["trials"] == 0
        else []
    )
    return empty + sampled_text.warnings(document)
