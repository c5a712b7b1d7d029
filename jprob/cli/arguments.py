"""What a user may type: a parser that answers in sentences, and the options that verbs share."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from jprob.cli.cells import parse_count
from jprob.cli.console import BadInput, quoted

__all__ = [
    "Parser",
    "add_analysis",
    "add_output",
    "argument_count",
    "figure",
    "level",
    "number",
    "rope",
    "seed",
    "target",
]

SHAPES = (1e-3, 1e12)  # of a prior that leaves every number finite
FIGURES = (".pdf", ".png", ".svg")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are :class:`BadInput`, not an exit."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise BadInput(f"{message} (`{self.prog} --help` shows what may be written).")


def add_analysis(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Options of a Bayesian analysis of counts, and their group for a verb's own."""
    options = parser.add_argument_group("analysis")
    options.add_argument(
        "--prior", type=_prior, default=(1.0, 1.0), metavar="A,B", help="Beta prior of a rate (default 1,1)"
    )
    options.add_argument("--level", type=level, default=0.95, help="probability inside the intervals (default 0.95)")
    options.add_argument(
        "--engine",
        choices=("exact", "nuts", "both"),
        default="exact",
        help="exact posterior, samples by NUTS, or both and how well they agree (default exact)",
    )
    options.add_argument("--seed", type=seed, default=0, metavar="N", help="of the draws (default 0)")
    return options


def add_output(parser: argparse.ArgumentParser) -> None:
    """Options that say where an answer goes."""
    options = parser.add_argument_group("output")
    options.add_argument("--json", action="store_true", help="one JSON document on stdout instead of text")
    options.add_argument("--save", type=_saved, metavar="POST.nc", help="save the posterior for ArviZ, as netCDF")
    options.add_argument("--plot", type=figure, metavar="FILE", help="draw the posterior (.png, .svg or .pdf)")


def argument_count(name: str) -> Callable[[str], int]:
    """The type of a positional count."""

    def parse(text: str) -> int:
        try:
            return parse_count(text)
        except ValueError as expected:
            raise BadInput(f"`{name}` must be {expected}; got {quoted(text)}.") from None

    return parse


def number(name: str, text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"`{name}` must be made of finite numbers; got {quoted(text)}.")
    return value


def level(text: str) -> float:
    """The probability inside an interval."""
    value = number("--level", text)
    if not 0.0 < value < 1.0:
        raise BadInput(f"`--level` must lie strictly between 0 and 1; got {quoted(text)}.")
    return value


def _prior(text: str) -> tuple[float, float]:
    a, b = _pair("--prior", text)
    if not SHAPES[0] <= min(a, b) <= max(a, b) <= SHAPES[1]:
        raise BadInput(
            f"`--prior` must have positive a and b, from {SHAPES[0]:g} to {SHAPES[1]:g}; got {quoted(text)}."
        )
    return a, b


def _pair(name: str, text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise BadInput(f"`{name}` must be two numbers and a comma, as in 2,2; got {quoted(text)}.")
    return number(name, parts[0]), number(name, parts[1])


def rope(text: str) -> tuple[float, float]:
    """The two ends of a range, given by both or by the half-width of one around zero."""
    if "," not in text:
        half = number("--rope", text)
        if half <= 0.0:
            raise BadInput(f"`--rope` must be a positive half-width, or two ends LOW,HIGH; got {quoted(text)}.")
        return -half, half
    low, high = _pair("--rope", text)
    if low >= high:
        raise BadInput(f"`--rope` must have its low end first; got {quoted(text)}.")
    return low, high


def seed(text: str) -> int:
    """Where random numbers begin."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) >= 2**63:
        raise BadInput(f"`--seed` must be a whole number from 0 to 2**63 - 1; got {quoted(text)}.")
    return int(text)


def _saved(text: str) -> Path:
    return target("--save", text)


def figure(text: str) -> Path:
    """A file for a drawing, by an ending that matplotlib draws."""
    if Path(text).suffix.lower() not in FIGURES:
        raise BadInput(f"`--plot` must end in {', '.join(FIGURES)}; got {quoted(text)}.")
    return target("--plot", text)


def target(name: str, text: str) -> Path:
    """Where a file can be written, checked before anything is computed; links are followed."""
    path = Path(text).resolve()
    if path.exists() and not path.is_file():
        raise BadInput(f"`{name}` must name a file; got {quoted(text)}, which is something else.")
    if not path.parent.is_dir():
        raise BadInput(f"`{name}` must lie in an existing folder; got {quoted(text)}.")
    if not os.access(path.parent, os.W_OK):
        raise BadInput(f"`{name}` must lie in a folder that can be written; got {quoted(text)}.")
    return path
