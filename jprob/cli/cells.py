"""What a cell may say: a name, a count, an outcome. Nothing is interpreted beyond that."""

from __future__ import annotations

import re
from typing import NamedTuple

from jprob.cli.console import BadInput, quoted

__all__ = ["OUTCOMES", "Place", "count", "name", "outcome", "parse_count"]

LONGEST_NAME = 200
LARGEST = 2**53  # the last count that float64 tells from its neighbours
OUTCOMES = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


class Place(NamedTuple):
    """Where a cell stands."""

    file: str
    row: int
    column: str

    def refuse(self, expected: str, got: str) -> BadInput:
        """The sentence about a cell that is not what it should be."""
        came = quoted(got) if got.strip() else "an empty cell"
        return BadInput(f"{self.file}, row {self.row}, column {self.column!r}: expected {expected}; got {came}.")


def name(place: Place, text: str) -> str:
    """A variant's name: any text of reasonable length, verbatim but for surrounding spaces."""
    stripped = text.strip()
    if not stripped:
        raise place.refuse("the name of a variant", text)
    if len(stripped) > LONGEST_NAME:
        raise place.refuse(f"a name of at most {LONGEST_NAME} characters", text)
    return stripped


def count(place: Place, text: str) -> int:
    """A count, exactly."""
    try:
        return parse_count(text)
    except ValueError as expected:
        raise place.refuse(str(expected), text) from None


def outcome(place: Place, text: str) -> int:
    """Zero or one."""
    try:
        return OUTCOMES[text.strip().lower()]
    except KeyError:
        raise place.refuse("0 or 1 (or true or false)", text) from None


def parse_count(text: str) -> int:
    """A count in plain ASCII digits; ``.0`` may follow, because data frames write it.

    ``1e5``, ``1,000``, ``+5`` and the digits of other scripts are refused rather than interpreted.

    Raises:
        ValueError: the part of a sentence that says what was expected.
    """
    text = text.strip()
    if not re.fullmatch(r"[0-9]+(\.0)?", text):
        raise ValueError("a whole number of at least 0 in plain digits")
    digits = text.removesuffix(".0").lstrip("0") or "0"
    if len(digits) > len(str(LARGEST)) or int(digits) > LARGEST:
        raise ValueError("a count of at most 2**53, beyond which counts are not exact")
    return int(digits)
