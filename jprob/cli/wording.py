"""Numbers as people read them: enough digits to tell things apart, and never a certainty that is not one."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from jprob.cli.console import printable

__all__ = ["decimals", "interval", "listed", "loss", "percent", "percentage", "probability", "table"]


def decimals(values: Iterable[float], widths: Iterable[float]) -> int:
    """Decimal places that show both how wide intervals are and that ``values`` differ.

    One digit more than the narrowest of ``widths`` asks for; up to three more where two different values would
    still look alike.

    >>> decimals([0.4482, 0.4423], [0.0092, 0.0091])
    4
    """
    ordered = sorted(value for value in values if math.isfinite(value))
    gaps = [high - low for low, high in pairwise(ordered) if high > low]
    enough = _places(width for width in widths if 0.0 < width < math.inf)
    return max(2, min(max(enough, _places(gaps)), enough + 3, 15))


def _places(sizes: Iterable[float]) -> int:
    smallest = min(sizes, default=1.0)
    return math.ceil(-math.log10(smallest)) + 1


def interval(ends: Sequence[float], places: int) -> str:
    """Two ends in brackets."""
    return f"[{ends[0]:.{places}f}, {ends[1]:.{places}f}]"


def percent(value: float, places: int) -> str:
    """A signed share of something, as +1.2 %."""
    return f"{100.0 * value:+.{places}f} %" if math.isfinite(value) else "undefined"


def percentage(level: float) -> str:
    """A level, as 95 %."""
    return f"{round(100.0 * level, 10):.12g} %"


def probability(p: float) -> str:
    """Four decimals, but 0 and 1 only where nothing else is possible.

    >>> probability(0.99997), probability(0.5), probability(0.0)
    ('>0.9999', '0.5000', '<0.0001')
    """
    if p > 0.9999:
        return ">0.9999"
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def loss(value: float) -> str:
    """An expected loss: two digits that count, written out.

    >>> loss(0.006), loss(4.9e-5), loss(0.0)
    ('0.0060', '0.000049', '<1e-9')
    """
    if value < 1e-9:
        return "<1e-9"
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}" if math.isfinite(value) else "undefined"


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names in backticks, as a person would list them."""
    shown = [f"`{printable(name)}`" for name in names[:limit]]
    shown += [f"{len(names) - limit} more"] if len(names) > limit else []
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns under their titles, the first to the left and the rest to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [" " * (width - _width(cell)) + cell for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    """Columns that a text takes on a terminal: two for a wide character, none for a combining one."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
