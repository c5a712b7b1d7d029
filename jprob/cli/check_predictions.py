"""``jprob check predictions``: whether predictions can be right, are calibrated, and find what is rare, in one verdict."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import jprob
from jprob.cli import check_predictions_text
from jprob.cli.arguments import figure, number
from jprob.cli.check_calibration import CODES, add_judgement, add_rows, cautions_of
from jprob.cli.console import Answer, BadInput, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "whether predictions can be right at all, are calibrated, and find what is rare: one verdict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob check predictions``."""
    add_rows(parser)
    options = add_judgement(parser)
    options.add_argument(
        "--features",
        nargs="+",
        metavar="NAME",
        default=[],
        help="columns of the model's input, to be looked at as well",
    )
    options.add_argument(
        "--min-average-precision",
        type=_share("--min-average-precision"),
        metavar="AP",
        help="that is wanted of label 1 (default: more than the share of 1, what a blind guess has)",
    )
    options.add_argument(
        "--threshold",
        type=_share("--threshold"),
        default=0.5,
        metavar="P",
        help="from which a row counts as 1 in the accuracy (default 0.5)",
    )
    parser.set_defaults(group=None)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw the reliability diagram (.png, .svg or .pdf)")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob check predictions``."""
    prepare_jax()
    from jprob.cli.check_predictions_engine import answer  # brings jax

    with float64():
        document = _question(args) | answer(args)
    notes = document.pop("notes")
    found = [part["verdict"] for part in document["parts"].values()]
    document["verdict"] = next((v for v in ("failed", "inconclusive") if v in found), "passed")
    calibration = document["parts"]["calibration"]
    cautions = cautions_of(calibration) if "ece" in calibration else []
    return Answer(check_predictions_text.render(document), document, notes, cautions, code=CODES[document["verdict"]])


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "check predictions",
        "version": jprob.__version__,
        "file": args.data,
        "prob": args.prob,
        "label": args.label,
        "features": args.features,
        "level": args.level,
        "seed": args.seed,
    }


def _share(name: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = number(name, text)
        if not 0.0 <= value <= 1.0:
            raise BadInput(f"`{name}` must lie from 0 to 1; got {quoted(text)}.")
        return value

    return parse
