"""``jprob check drift``: whether current files still look like a reference, column by column and as a whole."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import check_drift_text
from jprob.cli.arguments import figure, number
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "whether current files still look like a reference: every column, and a verdict that holds its false alarms"
CODES = {"passed": 0, "failed": 1, "inconclusive": 3}
ENOUGH = 50  # rows: five in each bin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob check drift``."""
    parser.add_argument("reference", metavar="REF.csv", help="delimited text with a header, or Parquet")
    parser.add_argument("current", metavar="CUR.csv", nargs="+", help="one file or several in order of time")
    options = parser.add_argument_group("check")
    options.add_argument("--columns", nargs="+", metavar="NAME", help="to compare (default: all of the reference)")
    options.add_argument(
        "--alpha", type=_alpha, default=0.05, help="of data sets without drift, the share called drifted (default 0.05)"
    )
    options.add_argument(
        "--max-psi",
        type=_limit,
        default=0.1,
        metavar="PSI",
        help="the stability index, less what noise adds, that is allowed (default 0.1)",
    )
    options.add_argument(
        "--fdr",
        choices=("bh", "by"),
        default="bh",
        help="false discoveries over columns by Benjamini-Hochberg, or -Yekutieli for any dependence (default bh)",
    )
    time = parser.add_argument_group("several files in order: a chart of each column's mean or shares")
    time.add_argument(
        "--run-length",
        type=_run_length,
        default=370.0,
        metavar="FILES",
        help="between false alarms of the chart, all columns together (default 370)",
    )
    time.add_argument(
        "--max-shift",
        type=_shift,
        default=0.1,
        metavar="SD",
        help="of a mean, in the reference's standard deviations, or of shares as Cohen's w, that is allowed (default 0.1)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw the chart (.png, .svg or .pdf)")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob check drift``."""
    prepare_jax()
    from jprob.cli.check_drift_engine import answer  # brings jax

    with float64():
        document = _question(args) | answer(args)
    cautions = _warnings(document)
    notes = document.pop("notes")
    found = [part["verdict"] for part in (*document["files"], document["chart"]) if part is not None]
    document["verdict"] = next((v for v in ("failed", "inconclusive") if v in found), "passed")
    return Answer(check_drift_text.render(document), document, notes, cautions, code=CODES[document["verdict"]])


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "check drift",
        "version": jprob.__version__,
        "reference": args.reference,
        "alpha": args.alpha,
        "max_psi": args.max_psi,
        "fdr": args.fdr,
        "run_length": args.run_length,
        "max_shift": args.max_shift,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the answer unsound."""
    few = [file["file"] for file in document["files"] if file["rows"] < ENOUGH]
    if document["reference_rows"] < ENOUGH:
        few = [document["reference"], *few]
    return [Caution("few rows", f"{name} has fewer than {ENOUGH} rows: only large changes are seen.") for name in few]


def _alpha(text: str) -> float:
    value = number("--alpha", text)
    if not 0.0 < value < 1.0:
        raise BadInput(f"`--alpha` must lie strictly between 0 and 1; got {quoted(text)}.")
    return value


def _run_length(text: str) -> float:
    value = number("--run-length", text)
    if not 2.0 < value <= 1e7:
        raise BadInput(f"`--run-length` must be more than 2 and at most 1e7; got {quoted(text)}.")
    return value


def _shift(text: str) -> float:
    value = number("--max-shift", text)
    if value < 0.0:
        raise BadInput(f"`--max-shift` must not be negative; got {quoted(text)}.")
    return value


def _limit(text: str) -> float:
    value = number("--max-psi", text)
    if value < 0.0:
        raise BadInput(f"`--max-psi` must not be negative; got {quoted(text)}.")
    return value
