"""``jprob simulate``: what samples of a law, or of a column, have in store for means and intervals."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import jprob
from jprob.cli import bootstrap, simulate_text
from jprob.cli.arguments import Parser, argument_count, figure, level, number, seed, target
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "bootstrap, central limit theorem, coverage of intervals and law of large numbers, for a law or a CSV column"
STUDIES = {
    "clt": "how fast means become normal, and what intervals for the mean really cover",
    "coverage": "what an interval really covers: of a proportion exactly, of a mean by simulation",
    "lln": "running means, and whether they settle",
}
PROPORTION_INTERVALS = ("wald", "wilson", "agresti_coull", "clopper_pearson", "jeffreys")
MEAN_INTERVALS = ("t", "normal")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob simulate``."""
    studies = parser.add_subparsers(title="studies", metavar="STUDY", required=True, dest="study", parser_class=Parser)
    for name, summary in STUDIES.items():
        sub = studies.add_parser(name, help=summary, description=summary)
        _add_law(sub)
        _add_study(sub, name)
        _add_machine(sub)
    bootstrap.add_arguments(studies.add_parser("bootstrap", help=bootstrap.SUMMARY, description=bootstrap.SUMMARY))


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob simulate``."""
    if args.study == "bootstrap":
        return bootstrap.run(args)
    if args.resume and args.checkpoint is None:
        raise BadInput("`--resume` must come with `--checkpoint FILE`; got no file.")
    prepare_jax()
    from jprob.cli.simulate_engine import answer  # brings jax

    with float64():
        found = answer(args)
    document = _question(args) | found
    done, asked = document["num_replicates"], args.replicates
    interrupted = not document.pop("complete")
    cautions = [Caution(title, sentence) for title, sentence in document.pop("cautions")]
    if interrupted:
        kept = f"; `--resume` goes on from {args.checkpoint}" if args.checkpoint else ""
        cautions.append(Caution("interrupted", f"interrupted after {done:,} of {asked:,} replicates{kept}."))
    return Answer(simulate_text.render(document), document, [], cautions, interrupted)


def _add_law(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("law", metavar="LAW", help="a family, such as exponential, or a CSV file ('-' for stdin)")
    parser.add_argument(
        "params", metavar="NAME=VALUE", nargs="*", type=_parameter, help="parameters of the family, such as rate=0.5"
    )
    parser.add_argument("--column", metavar="NAME", help="of the CSV file; samples are drawn from it with replacement")


def _add_study(parser: argparse.ArgumentParser, study: str) -> None:
    options = parser.add_argument_group("study")
    if study == "coverage":
        options.add_argument(
            "--interval",
            choices=(*PROPORTION_INTERVALS, *MEAN_INTERVALS),
            default="t",
            help="of the mean: t or normal; of the p of a binomial: the others (default t)",
        )
        options.add_argument("--size", type=_size, default=30, metavar="N", help="draws in a sample (default 30)")
    else:
        options.add_argument(
            "--sizes",
            type=_sizes,
            default=(10, 30, 100, 1000),
            metavar="N,N,...",
            help="increasing sample sizes (default 10,30,100,1000)",
        )
    if study != "lln":
        options.add_argument("--level", type=level, default=0.95, help="of the intervals (default 0.95)")
    default = 200 if study == "lln" else 100_000
    options.add_argument(
        "--replicates", type=_replicates, default=default, metavar="N", help=f"samples (default {default})"
    )
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the draws (default 0)")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group("machine and output")
    options.add_argument("--devices", type=_replicates, default=1, metavar="N", help="share the work (default 1)")
    options.add_argument("--checkpoint", type=_kept, metavar="FILE", help="keep the state of the run there")
    options.add_argument("--resume", action="store_true", help="go on from the checkpoint, where there is one")
    options.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    options.add_argument("--plot", type=figure, metavar="FILE", help="draw the answer (.png, .svg or .pdf)")


def _question(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    return {
        "verb": "simulate",
        "study": args.study,
        "version": jprob.__version__,
        "law": args.law,
        "params": {name: values[0] if len(values) == 1 else values for name, values in args.params},
        "column": args.column,
        "level": getattr(args, "level", None),
        "seed": args.seed,
    }


def _parameter(text: str) -> tuple[str, list[float]]:
    """``name=1`` or ``name=1,2,3`` or ``name=low:high:count``."""
    name, given, value = text.partition("=")
    if not (given and name.isidentifier()):
        raise BadInput(f"`NAME=VALUE` must be a parameter and a number, as rate=0.5; got {quoted(text)}.")
    if value.count(":") != 2:
        return name, [number(name, part) for part in value.split(",")]
    low, high, steps = (number(name, part) for part in value.split(":"))
    if not (steps == int(steps) and 2 <= steps <= 100_000):
        raise BadInput(f"`{name}` must be LOW:HIGH:COUNT with a count from 2 to 100000; got {quoted(text)}.")
    return name, [low + (high - low) * i / (steps - 1) for i in range(int(steps))]


def _replicates(text: str) -> int:
    value = argument_count("--replicates")(text)
    if value < 1:
        raise BadInput(f"`--replicates` and `--devices` must be at least 1; got {quoted(text)}.")
    return value


def _size(text: str) -> int:
    value = argument_count("--size")(text)
    if not 2 <= value <= 10**7:
        raise BadInput(f"`--size` must be from 2 to 10000000; got {quoted(text)}.")
    return value


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(argument_count("--sizes")(part) for part in text.split(","))
    if sizes[0] < 2 or sizes[-1] > 10**7 or not all(a < b for a, b in zip(sizes, (*sizes[1:], math.inf), strict=True)):
        raise BadInput(f"`--sizes` must increase, from 2 to 10000000; got {quoted(text)}.")
    return sizes


def _kept(text: str) -> Path:
    return target("--checkpoint", text)
