"""``jprob diagnose``: which of the known failures explains what a deployment shows, and what to do about it."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import diagnose_text
from jprob.cli.arguments import level, number
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "which known failure it is: evidence, cause, repair and the call that does it, the first cause first"
ENOUGH = 200  # rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob diagnose``."""
    parser.add_argument("reference", metavar="REF.csv", help="rows of a time when all was well: CSV or Parquet")
    parser.add_argument("current", metavar="CUR.csv", help="rows of now, in order of time")
    rows = parser.add_argument_group("columns")
    rows.add_argument(
        "--prob",
        nargs="+",
        metavar="NAME",
        help="the positive label's probability, or one column for each class (default: a column named p, prob, ...)",
    )
    rows.add_argument("--label", metavar="NAME", help="0 and 1, or classes; it may be missing in either file")
    rows.add_argument("--positive", metavar="TEXT", help="the label that counts as 1, where labels are words")
    rows.add_argument("--features", nargs="+", metavar="NAME", help="columns that fed the model (default: all others)")
    rows.add_argument("--lower", metavar="NAME", help="lower end of a predicted interval")
    rows.add_argument("--upper", metavar="NAME", help="upper end")
    rows.add_argument("--outcome", metavar="NAME", help="the number that came")
    options = parser.add_argument_group("analysis")
    options.add_argument(
        "--nominal", type=_share("--nominal"), default=0.9, help="what the intervals claim to hold (default 0.9)"
    )
    options.add_argument(
        "--alpha", type=_share("--alpha"), default=0.01, help="share of sound deployments called ill (default 0.01)"
    )
    options.add_argument("--level", type=level, default=0.95, help="of the intervals (default 0.95)")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob diagnose``."""
    ends = [args.lower, args.upper, args.outcome]
    if any(name is None for name in ends) and any(name is not None for name in ends):
        raise BadInput("`--lower`, `--upper` and `--outcome` must be given together; got some of them.")
    prepare_jax()
    from jprob.cli.diagnose_engine import answer  # brings jax

    with float64():
        document = _question(args) | answer(args)
    notes = document.pop("notes")
    return Answer(diagnose_text.render(document), document, notes, _warnings(document))


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "diagnose",
        "version": jprob.__version__,
        "reference": args.reference,
        "current": args.current,
        "label": args.label,
        "nominal": args.nominal,
        "alpha": args.alpha,
        "level": args.level,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    sizes = {document["reference"]: document["reference_rows"], document["current"]: document["current_rows"]}
    return [
        Caution("few rows", f"{name} has {rows} rows, fewer than {ENOUGH}: only large failures are seen.")
        for name, rows in sizes.items()
        if rows < ENOUGH
    ]


def _share(name: str):
    def parse(text: str) -> float:
        value = number(name, text)
        if not 0.0 < value < 1.0:
            raise BadInput(f"`{name}` must lie strictly between 0 and 1; got {quoted(text)}.")
        return value

    return parse
