"""``jprob rate``: what some events over some exposure say about how often they happen."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import rate_text
from jprob.cli.arguments import SHAPES, argument_count, figure, level, number
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "how often something happens, from a number of events and the exposure in which they were counted"
MOST = 1e15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob rate``."""
    parser.add_argument("events", metavar="EVENTS", type=argument_count("EVENTS"))
    parser.add_argument("exposure", metavar="EXPOSURE", type=_exposure, help="hours, miles, patients: any unit")
    options = parser.add_argument_group("analysis")
    options.add_argument(
        "--prior",
        type=_prior,
        metavar="A,B",
        help="Gamma prior of the rate: A events in an exposure of B (default 0.5,0: Jeffreys' prior)",
    )
    options.add_argument("--level", type=level, default=0.95, help="probability inside the intervals (default 0.95)")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument(
        "--plot", type=figure, metavar="FILE", help="draw prior, likelihood and posterior (.png, .svg or .pdf)"
    )


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob rate``."""
    if args.plot is not None and args.prior is None:
        raise BadInput("`--plot` must come with `--prior`, as Jeffreys' prior has no density to draw; got none.")
    prepare_jax()
    from jprob.cli.rate_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document = _question(args) | found
    return Answer(rate_text.render(document), document, [], _warnings(document))


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    a, b = args.prior or (0.5, 0.0)
    return {
        "verb": "rate",
        "version": jprob.__version__,
        "events": args.events,
        "exposure": args.exposure,
        "prior": {"a": a, "b": b},
        "level": args.level,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    p = document.get("conflict_p_value")
    if p is None or p >= 0.01:
        return []
    shown = f"{p:.2g}" if p > 1e-12 else "less than 1e-12"
    return [Caution("conflict", f"prior and data contradict each other (p = {shown}): the posterior is a compromise.")]


def _exposure(text: str) -> float:
    value = number("EXPOSURE", text)
    if not 0.0 < value <= MOST:
        raise BadInput(f"`EXPOSURE` must be positive and at most {MOST:g}; got {quoted(text)}.")
    return value


def _prior(text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise BadInput(f"`--prior` must be two numbers and a comma, as in 2,100; got {quoted(text)}.")
    a, b = number("--prior", parts[0]), number("--prior", parts[1])
    if not SHAPES[0] <= a <= SHAPES[1] or not 0.0 < b <= MOST:
        raise BadInput(f"`--prior` must have a positive number of events and a positive exposure; got {quoted(text)}.")
    return a, b
