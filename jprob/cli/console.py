"""What reaches a person: sentences on stderr, one answer on stdout, and never a raw control character."""

from __future__ import annotations

import json
import math
import os
import sys
from contextlib import suppress
from typing import Any, NamedTuple

__all__ = ["Answer", "BadInput", "Caution", "abandon", "finite", "printable", "quoted", "say", "show"]


class BadInput(Exception):
    """One sentence for the user: where, what was expected, and what came."""


class Caution(NamedTuple):
    """Something that makes a result unsound: its short name, and the sentence that says why."""

    title: str
    sentence: str


class Answer(NamedTuple):
    """What a verb found out.

    Attributes:
        text: for people.
        document: the same for programs; everything in it is JSON already.
        notes: what was assumed on the user's behalf.
        warnings: what makes the answer unsound.
        interrupted: by Ctrl-C; the answer is that of the part that was done.
        code: what the process exits with, where a gate says more than that it has answered.
    """

    text: str
    document: dict[str, Any]
    notes: list[str]
    warnings: list[Caution]
    interrupted: bool = False
    code: int = 0


def show(answer: Answer, *, as_json: bool) -> None:
    """Notes and warnings to stderr, then the answer to stdout in one piece."""
    for note in answer.notes:
        say(f"note: {note}")
    for warning in answer.warnings:
        say(f"warning: {warning.sentence}")
    sentences = {"notes": answer.notes, "warnings": [warning.sentence for warning in answer.warnings]}
    # ASCII on purpose: it survives every terminal, pipe and encoding
    text = json.dumps(finite(answer.document | sentences), indent=2, allow_nan=False) if as_json else answer.text
    if sys.stdout is not None:
        _encodable(sys.stdout)
        _deliver(text)


def say(sentence: str) -> None:
    """One line on stderr."""
    if sys.stderr is not None:
        _encodable(sys.stderr)
        print(printable(sentence), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    r"""``text`` with what could steer a terminal, escape sequences above all, written out.

    >>> printable("caf\u00e9 \x1b[31mred")
    'café \\x1b[31mred'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def quoted(text: str, limit: int = 40) -> str:
    """A value as it came, for a message: quoted, escaped and not too long."""
    return repr(text if len(text) <= limit else text[:limit] + "...")


def finite(value: Any) -> Any:
    """``value`` with nan and infinities, which JSON does not know, as ``None``; NamedTuples and tuples as lists."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def abandon(stream: Any) -> None:
    """Give up a stream whose reader has gone, so that the interpreter does not complain when it exits."""
    with suppress(OSError, ValueError):  # not backed by a file: nothing will be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _deliver(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:  # a full disk behind `>`
        abandon(sys.stdout)
        raise BadInput(f"standard output cannot be written: {error.strerror or error}.") from None


def _encodable(stream: Any) -> None:
    """A name that the stream's encoding lacks is escaped, not fatal."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
