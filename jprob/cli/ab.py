"""``jprob ab``: which variant, how sure, what it costs to be wrong, and whether the data are sound."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import jprob
from jprob.cli import ab_text, sampled_text
from jprob.cli.arguments import add_analysis, add_output, rope
from jprob.cli.arms import Arms, load
from jprob.cli.console import Answer, BadInput, Caution, quoted
from jprob.cli.machine import float64, prepare_jax
from jprob.cli.wording import listed

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "compare the variants of an experiment: which is best, how sure that is, and what being wrong would cost"
CONTROLS = ("control", "ctrl", "baseline", "base", "placebo", "original", "default", "a")
MISMATCH = 0.001
FEW = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``jprob ab``."""
    parser.add_argument("data", metavar="DATA.csv", help="one row per variant, or one row per visitor; - reads stdin")
    columns = parser.add_argument_group("columns", "guessed where only one can be meant")
    columns.add_argument("--variant", metavar="COL", help="names the variant")
    columns.add_argument("--successes", metavar="COL", help="successes of a variant")
    columns.add_argument("--trials", metavar="COL", help="trials of a variant")
    columns.add_argument("--outcome", metavar="COL", help="0 or 1, where each row is one visitor")
    analysis = add_analysis(parser)
    analysis.add_argument(
        "--control", metavar="NAME", help="variant to compare with (default: control, A, or the first)"
    )
    analysis.add_argument(
        "--rope",
        type=rope,
        metavar="X",
        help="relative lifts that make no difference in practice: 0.01 for -1 %% to 1 %%, or --rope=-0.02,0.01",
    )
    add_output(parser)


def run(args: argparse.Namespace) -> Answer:
    """Answer ``jprob ab``."""
    _check_targets(args)
    arms = load(args.data, variant=args.variant, successes=args.successes, trials=args.trials, outcome=args.outcome)
    control, notes = _control(arms, args.control)
    prepare_jax()
    from jprob.cli.ab_engine import answer  # brings jax

    with float64():
        found = answer(arms, control, args)
    document = _question(arms, control, args) | found
    warnings = _warnings(document)
    interrupted = sampled_text.interrupted(document)
    return Answer(ab_text.render(document, warnings), document, arms.notes + notes, warnings, interrupted)


def _check_targets(args: argparse.Namespace) -> None:
    """The data must survive the command."""
    for name, target in (("--save", args.save), ("--plot", args.plot)):
        if target is not None and target == Path(args.data).resolve():
            raise BadInput(f"`{name}` must not name the data; got {quoted(args.data)}.")


def _control(arms: Arms, wanted: str | None) -> tuple[int, list[str]]:
    """Index of the control: as named, else the arm that is called so, else the first."""
    if wanted is not None:
        if wanted.strip() not in arms.names:
            raise BadInput(f"`--control` must be one of {listed(arms.names, 20)}; got {quoted(wanted)}.")
        return arms.names.index(wanted.strip()), []
    plain = [name.lower() for name in arms.names]
    called = next((plain.index(name) for name in CONTROLS if plain.count(name) == 1), None)
    control = called or 0
    why = "by its name" if called is not None else "the first in the file"
    return control, [f"control is {listed([arms.names[control]])}, {why} (`--control` chooses another)."]


def _question(arms: Arms, control: int, args: argparse.Namespace) -> dict[str, Any]:
    """What was asked."""
    columns = arms.columns._asdict()
    del columns["notes"]
    return {
        "verb": "ab",
        "version": jprob.__version__,
        "source": arms.source,
        "columns": {role: name for role, name in columns.items() if name is not None},
        "control": arms.names[control],
        "prior": {"a": args.prior[0], "b": args.prior[1]},
        "level": args.level,
        "rope": args.rope,
        "engine": args.engine,
    }


def _warnings(document: dict[str, Any]) -> list[Caution]:
    """What makes the comparison unsound."""
    arms, warnings = document["arms"], []
    if document["srm_pvalue"] < MISMATCH:
        warnings.append(Caution("sample-ratio mismatch", _mismatch(arms, document["srm_pvalue"])))
    if empty := [arm["name"] for arm in arms if arm["trials"] == 0]:
        warnings.append(
            Caution("zero trials", f"{listed(empty)} without trials: what is said there is the prior's alone.")
        )
    if tiny := [arm["name"] for arm in arms if arm["trials"] and _fewest(arm) < FEW]:
        sentence = f"{listed(tiny)} with fewer than {FEW} successes or failures: the choice of prior still matters."
        warnings.append(Caution("tiny counts", sentence))
    return warnings + sampled_text.warnings(document)


def _mismatch(arms: list[dict[str, Any]], p_value: float) -> str:
    split = " : ".join([str(arm["trials"]) for arm in arms[:8]] + ["..."] * (len(arms) > 8))
    chance = f"p = {p_value:.2g}" if p_value > 0.0 else "p < 1e-300"
    return (
        f"trials split {split}, which an even split makes all but impossible ({chance}); unless it was meant to be "
        "uneven, assignment or logging is broken and no number here can be trusted."
    )


def _fewest(arm: dict[str, Any]) -> int:
    return min(arm["successes"], arm["trials"] - arm["successes"])
