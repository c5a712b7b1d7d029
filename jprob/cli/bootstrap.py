"""``jprob simulate bootstrap``: a statistic of a CSV column, and how far it would vary from sample to sample."""

from __future__ import annotations

import argparse
from typing import Any

import jprob
from jprob.cli import bootstrap_text
from jprob.cli.arguments import argument_count, figure, level, number, seed
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "standard error and confidence interval of a statistic of a CSV column, by resampling"
OF_ONE = ("mean", "median", "quantile", "variance", "sd")
OF_TWO = ("corr", "slope", "ratio")
OF_SAMPLES = ("difference", "lift")
METHODS = ("bca", "percentile", "basic", "normal", "studentized")
SERIES = ("moving_block", "circular_block", "stationary")
SCHEMES = ("iid", "stratified", "cluster", *SERIES, "bayesian", "poisson")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob simulate bootstrap``."""
    parser.add_argument("data", metavar="DATA.csv", help="a file with a header, one row an observation ('-' for stdin)")
    parser.add_argument(
        "--column",
        required=True,
        nargs="+",
        metavar="NAME",
        help="one column of numbers, or two for corr, slope, ratio",
    )
    parser.add_argument(
        "--statistic",
        choices=(*OF_ONE, *OF_TWO, *OF_SAMPLES),
        default="mean",
        help="default mean; difference and lift compare the means of the two groups in the column of `--by`",
    )
    parser.add_argument("--quantile", type=_share, metavar="Q", help="the level of `--statistic quantile`, such as 0.9")
    parser.add_argument("--by", metavar="NAME", help="column of strata, of clusters, or of the two groups")
    options = parser.add_argument_group("resampling")
    options.add_argument("--method", choices=METHODS, help="of the interval (default bca, percentile for blocks)")
    options.add_argument("--scheme", choices=SCHEMES, default="iid", help="default iid; blocks for a series")
    options.add_argument("--block-length", type=_length, metavar="L", help="chosen from the series by default")
    options.add_argument("--level", type=level, default=0.95, help="of the interval (default 0.95)")
    options.add_argument("--resamples", type=_resamples, default=10_000, metavar="N", help="default 10000")
    options.add_argument("--shortcut", action="store_true", help="by theory, for a mean, median or quantile of rows")
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the resamples (default 0)")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    output.add_argument("--plot", type=figure, metavar="FILE", help="draw the resamples (.png, .svg or .pdf)")


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob simulate bootstrap``."""
    _check(args)
    prepare_jax()
    from jprob.cli.bootstrap_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document: dict[str, Any] = (
        {"verb": "simulate", "study": "bootstrap", "version": jprob.__version__} | _question(args) | found
    )
    notes, interrupted = document.pop("notes"), not document.pop("complete")
    cautions = [Caution(title, sentence) for title, sentence in document.pop("cautions")]
    return Answer(bootstrap_text.render(document), document, notes, cautions, interrupted)


def _check(args: argparse.Namespace) -> None:
    """What does not go together, before anything is read."""
    columns = 2 if args.statistic in OF_TWO else 1
    if len(args.column) != columns or len(set(args.column)) != columns:
        wanted = "one column" if columns == 1 else "two columns"
        raise BadInput(f"`--column` must name {wanted} for {args.statistic}; got {' '.join(args.column)}.")
    if (args.quantile is not None) != (args.statistic == "quantile"):
        raise BadInput("`--quantile Q` must come with `--statistic quantile`, and it with that; got one of them.")
    grouped = args.statistic in OF_SAMPLES or args.scheme in ("stratified", "cluster")
    if (args.by is not None) != grouped:
        raise BadInput(
            "`--by` must come with difference, lift, stratified or cluster, and they with it; got one without the other."
        )
    if args.statistic in OF_SAMPLES and args.scheme != "iid":
        raise BadInput(f"`--scheme` must be iid for {args.statistic}, within each group; got {args.scheme}.")
    if args.block_length is not None and args.scheme not in SERIES:
        raise BadInput(f"`--block-length` must come with {', '.join(SERIES)}; got scheme {args.scheme}.")


def _question(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "file": args.data,
        "columns": args.column,
        "statistic": args.statistic,
        "quantile": args.quantile,
        "by": args.by,
        "scheme": args.scheme,
        "level": args.level,
        "seed": args.seed,
    }


def _share(text: str) -> float:
    value = number("--quantile", text)
    if not 0.0 < value < 1.0:
        raise BadInput(f"`--quantile` must lie strictly between 0 and 1; got {quoted(text)}.")
    return value


def _length(text: str) -> float:
    value = number("--block-length", text)
    if not value >= 1.0:
        raise BadInput(f"`--block-length` must be at least 1; got {quoted(text)}.")
    return value


def _resamples(text: str) -> int:
    value = argument_count("--resamples")(text)
    if not 2 <= value <= 10**7:
        raise BadInput(f"`--resamples` must be from 2 to 10000000; got {quoted(text)}.")
    return value
