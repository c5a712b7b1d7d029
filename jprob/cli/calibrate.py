"""``jprob calibrate``: fit a map from stated to honest probabilities on labelled rows, keep it, apply it to others."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import jprob
from jprob.cli import calibrate_text
from jprob.cli.arguments import Parser, seed, target
from jprob.cli.check_calibration import add_rows
from jprob.cli.console import Answer, Caution
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "make probabilities honest: fit a temperature or another map, save it, apply it"
METHODS = ("temperature", "platt", "beta", "isotonic", "histogram", "vector", "matrix")
STEPS = {
    "fit": "a map from labelled rows, with what it does to rows that it has not seen",
    "apply": "a saved map to the rows of a file",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob calibrate``."""
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True, dest="step", parser_class=Parser)
    fit = steps.add_parser("fit", help=STEPS["fit"], description=STEPS["fit"])
    add_rows(fit)
    options = fit.add_argument_group("map")
    options.add_argument("--method", choices=METHODS, default="temperature", help="default temperature")
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the folds (default 0)")
    options.add_argument("--save", type=_saved, metavar="FILE.json", help="keep the map there")
    fit.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    apply = steps.add_parser("apply", help=STEPS["apply"], description=STEPS["apply"])
    add_rows(apply, labelled=False)
    apply.add_argument(
        "--calibrator", required=True, metavar="FILE.json", help="what `jprob calibrate fit --save` kept"
    )
    apply.add_argument("--out", type=_out, metavar="FILE.csv", help="write the rows there instead of to stdout")
    apply.add_argument("--json", action="store_true", help="one JSON document on stdout instead of rows")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob calibrate``."""
    prepare_jax()
    from jprob.cli import calibrate_engine  # brings jax

    with float64():
        if args.step == "apply":
            text, found, notes = calibrate_engine.applied(args)
            return Answer(text, _question(args) | found, notes, [])
        found = calibrate_engine.fitted(args)
    document = _question(args) | found
    notes = document.pop("notes")
    return Answer(calibrate_text.render(document), document, notes, _warnings(document))


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {"verb": f"calibrate {args.step}", "version": jprob.__version__, "file": args.data, "prob": args.prob}


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the map unsound."""
    found = []
    if document["degenerate"]:
        found.append(Caution("degenerate", f"the rows determine no {document['method']}: {document['why']}."))
    after, before = document["after"], document["before"]
    if after["log_loss"] == math.inf > before["log_loss"]:
        found.append(
            Caution("too sure", "on rows that it has not seen the map says 0 or 1 of labels that came otherwise.")
        )
    elif after["log_loss"] > before["log_loss"]:
        found.append(Caution("no gain", "on rows that it has not seen the map makes the log loss worse."))
    return found


def _saved(text: str) -> Path:
    return target("--save", text)


def _out(text: str) -> Path:
    return target("--out", text)
