"""Delimited text -> numbered rows, streamed: strict about what a table is, exact about where it fails to be one.

Bytes are read and decoded a block at a time and parsed by :mod:`csv`, so memory does not grow with the file (ten
million rows pass in seconds and in a few megabytes) and nothing is converted, guessed or dropped: ``NA`` and ``007``
stay what they are. Rows are numbered as a spreadsheet shows them: the header is row 1, blank lines count.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import BinaryIO, NamedTuple

from jprob.cli.console import BadInput, quoted

__all__ = ["Table", "open_table"]

BLOCK = 1 << 18
LONGEST_LINE = 1 << 20
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Table(NamedTuple):
    """A delimited file that is being read.

    Attributes:
        name: what to call it in messages.
        header: column names, stripped.
        separator: what stands between cells, in words.
        rows: row number and cells, once through; every row is as wide as the header.
    """

    name: str
    header: list[str]
    separator: str
    rows: Iterator[tuple[int, list[str]]]


@contextmanager
def open_table(path: str) -> Iterator[Table]:
    """The table at ``path``, or on standard input for ``-``.

    Raises:
        BadInput: it cannot be opened, read, decoded or parsed; also later, while its rows are being taken.
    """
    name = "standard input" if path == "-" else path
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as stream:
            yield _table(name, stream)
    except OSError as error:
        raise BadInput(f"{name}: expected a readable file; got {quoted(error.strerror or str(error))}.") from None


def _table(name: str, stream: BinaryIO) -> Table:
    lines = chain.from_iterable(_blocks(name, stream))
    number, first = next(((n, line) for n, line in enumerate(lines, 1) if line.strip()), (0, ""))
    if not first:
        raise BadInput(f"{name}: expected a header and rows; got a blank file.")
    delimiter = max(DELIMITERS, key=lambda d: _cells(first, d))
    rows = _rows(name, number, chain([first], lines), delimiter)
    header = [cell.strip() for cell in next(rows, (0, []))[1]]
    return Table(name, header, DELIMITERS[delimiter], rows)


def _cells(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter)))
    except csv.Error:
        return 0


def _rows(name: str, start: int, lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows, all as wide as the first; blank lines are counted and skipped."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = 0
    try:
        for number, row in enumerate(reader, start):
            width = width or len(row)
            if len(row) != width:
                if len(row) > 1 or "".join(row).strip():
                    raise BadInput(f"{name}, row {number}: expected {width} cells as in the header; got {len(row)}.")
                continue
            yield number, row
    except csv.Error as error:
        raise BadInput(f"{name}, line {start - 1 + reader.line_num}: expected delimited text; got {error}.") from None


def _blocks(name: str, stream: BinaryIO) -> Iterator[io.StringIO]:
    """Whole lines of text, about a block at a time."""
    rest, offset, line = b"", 0, 1
    while block := stream.read(BLOCK):
        block = rest + block
        # a \r that ends the block may be half of \r\n, so it waits for the next
        cut = 1 + max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1))
        block, rest = block[:cut], block[cut:]
        yield _text(name, block, offset, line)
        offset, line = offset + cut, line + block.count(b"\n")
        if len(rest) > LONGEST_LINE:
            raise BadInput(f"{name}, line {line}: expected lines of at most {LONGEST_LINE} bytes; got a longer one.")
    yield _text(name, rest, offset, line)


def _text(name: str, block: bytes, offset: int, line: int) -> io.StringIO:
    """A block as lines with their ends, without a byte-order mark at the start of the file."""
    bad = block.find(b"\0")
    if bad < 0:
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            bad = error.start
        else:
            return io.StringIO(text if offset else text.removeprefix("\ufeff"), newline="")
    line += block.count(b"\n", 0, bad)
    raise BadInput(f"{name}, line {line}: expected UTF-8 text; got byte 0x{block[bad]:02x} at offset {offset + bad}.")
