"""``jprob check calibration``: whether probabilities are what they say, and what to do where they are not."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import check_calibration_text
from jprob.cli.arguments import argument_count, figure, level, number, seed
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["CODES", "SUMMARY", "add_arguments", "add_judgement", "add_rows", "cautions_of", "question", "run"]

SUMMARY = "whether probabilities are what they say: calibration error with its interval against a limit"
CODES = {"passed": 0, "failed": 1, "inconclusive": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob check calibration``."""
    add_rows(parser)
    add_judgement(parser).add_argument("--group", metavar="NAME", help="a column; every group must pass")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw the reliability diagram (.png, .svg or .pdf)")


def add_judgement(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The limit that calibration is held against, and how; their group, for a check's own."""
    options = parser.add_argument_group("check")
    options.add_argument(
        "--max-ece",
        type=_limit,
        default=0.05,
        metavar="ECE",
        help="the calibration error that is allowed (default 0.05)",
    )
    options.add_argument("--bins", type=_bins, default=15, metavar="N", help="of equal width (default 15)")
    options.add_argument("--level", type=level, default=0.95, help="of the intervals (default 0.95)")
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the simulated labels (default 0)")
    return options


def add_rows(parser: argparse.ArgumentParser, *, labelled: bool = True) -> None:
    """The arguments that say where predictions and labels are."""
    parser.add_argument("data", metavar="DATA.csv", help="delimited text with a header ('-' for stdin)")
    parser.add_argument(
        "--prob",
        nargs="+",
        required=True,
        metavar="NAME",
        help="the column of the positive label's probability, or one column for each class",
    )
    parser.add_argument("--logits", action="store_true", help="the columns are logits, or log odds, not probabilities")
    if labelled:
        parser.add_argument(
            "--label", required=True, metavar="NAME", help="0 and 1; of classes the column's name or its place from 0"
        )
        parser.add_argument("--positive", metavar="TEXT", help="the label that counts as 1, where labels are words")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob check calibration``."""
    prepare_jax()
    from jprob.cli.check_calibration_engine import answer  # brings jax

    with float64():
        document = question(args) | answer(args)
    notes = document.pop("notes")
    cautions = cautions_of(document)
    return Answer(check_calibration_text.render(document), document, notes, cautions, code=CODES[document["verdict"]])


def question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "check calibration",
        "version": jprob.__version__,
        "file": args.data,
        "prob": args.prob,
        "label": args.label,
        "group": args.group,
        "max_ece": args.max_ece,
        "bins": args.bins,
        "level": args.level,
        "seed": args.seed,
    }


def cautions_of(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    found = []
    if document["one_label"]:
        found.append(
            Caution("one label", "all labels are the same: nothing can be said of how well classes are told apart.")
        )
    if document["rows"] < 5 * document["bins"]:
        few = f"{document['rows']} rows are few for {document['bins']} bins; `--bins {max(1, document['rows'] // 10)}` sees more."
        found.append(Caution("few rows", few))
    return found


def _limit(text: str) -> float:
    value = number("--max-ece", text)
    if not 0.0 < value < 1.0:
        raise BadInput(f"`--max-ece` must lie strictly between 0 and 1; got {quoted(text)}.")
    return value


def _bins(text: str) -> int:
    value = argument_count("--bins")(text)
    if not 1 <= value <= 1000:
        raise BadInput(f"`--bins` must lie from 1 to 1000; got {quoted(text)}.")
    return value
