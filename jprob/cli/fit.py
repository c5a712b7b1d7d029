"""``jprob fit``: a family of distributions to a column of numbers, by maximum likelihood."""

from __future__ import annotations

import argparse
import math
from typing import Any

import jprob
from jprob.cli import fit_text
from jprob.cli.arguments import figure, level, number
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "the parameters of a family behind a column of numbers, by maximum likelihood"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob fit``."""
    parser.add_argument("data", metavar="DATA.csv", help="delimited text with a header ('-' for stdin)")
    parser.add_argument("--column", required=True, metavar="NAME", help="the column of numbers")
    options = parser.add_argument_group("analysis")
    options.add_argument(
        "--family", default="auto", metavar="NAME", help="as gamma or poisson; auto compares those that suit (default)"
    )
    options.add_argument(
        "--fixed", type=_fixed, action="append", default=[], metavar="NAME=VALUE", help="a parameter that is known"
    )
    options.add_argument("--level", type=level, default=0.95, help="of the confidence intervals (default 0.95)")
    options.add_argument(
        "--intervals",
        choices=("wald", "profile"),
        default="wald",
        help="from the curvature, or from the profile likelihood, which is slower and safer (default wald)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw a Q-Q plot (.png, .svg or .pdf)")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob fit``."""
    prepare_jax()
    from jprob.cli.fit_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document = _question(args) | found
    notes = [f"chose {document['family']} by AICc."] if args.family == "auto" else []
    return Answer(fit_text.render(document), document, notes, _warnings(document))


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "fit",
        "version": jprob.__version__,
        "file": args.data,
        "column": args.column,
        "fixed": dict(args.fixed),
        "level": args.level,
        "intervals": args.intervals,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    found = []
    if not document["converged"]:
        found.append(Caution("not converged", f"the search ended with {document['status']}: do not use the estimates."))
    if document["at_boundary"] and any(math.isnan(row["standard_error"]) for row in document["estimates"]):
        found.append(
            Caution(
                "at boundary", "the likelihood is highest at an edge of its range; standard errors mean nothing there."
            )
        )
    if document["not_identified"]:
        found.append(
            Caution("not identified", "the data do not tell some parameters apart; there are no standard errors.")
        )
    goodness = document["goodness_of_fit"]
    if goodness["p_value"] < 0.05:
        found.append(Caution("misfit", f"the rows do not look {document['family']}; the errors take it for granted."))
    if goodness["tied"] > 0.1:
        found.append(Caution("ties", f"{goodness['tied']:.0%} of the rows are tied, which a density does not allow."))
    if document["rows"] < 30:
        found.append(
            Caution(
                "few rows", f"{document['rows']} rows are few for standard errors; `--intervals profile` holds better."
            )
        )
    return found


def _fixed(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"`--fixed` must be a parameter and its value, as in n=10; got {quoted(text)}.")
    return name.strip(), number("--fixed", value)
