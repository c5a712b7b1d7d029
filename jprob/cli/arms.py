"""A table -> arms: one row per arm with its counts, or one row per visitor, counted in bounded memory."""

from __future__ import annotations

from typing import NamedTuple

from jprob.cli import cells
from jprob.cli.cells import Place
from jprob.cli.columns import Columns, choose
from jprob.cli.console import BadInput, quoted
from jprob.cli.csvfile import Table, open_table

__all__ = ["Arms", "load"]

MOST_ARMS = 100


class Arms(NamedTuple):
    """An experiment as it was read.

    Attributes:
        source: the file's name.
        names: of the arms, stripped, in the order in which they first appear.
        successes: exact, one for each arm.
        trials: exact, one for each arm.
        columns: where all this was found.
        notes: what was assumed on the way.
    """

    source: str
    names: list[str]
    successes: list[int]
    trials: list[int]
    columns: Columns
    notes: list[str]


def load(
    path: str,
    *,
    variant: str | None = None,
    successes: str | None = None,
    trials: str | None = None,
    outcome: str | None = None,
) -> Arms:
    """Read an experiment of at least two arms; columns that are not named are guessed where they are obvious.

    Raises:
        BadInput: naming the file, row and column, what was expected and what came.
    """
    with open_table(path) as table:
        columns = choose(table, variant, successes, trials, outcome)
        counts = _visitors(table, columns) if columns.outcome else _aggregated(table, columns)
    if not counts:
        raise BadInput(f"{table.name}: expected rows below the header; got none.")
    if len(counts) == 1:
        raise BadInput(
            f"{table.name}: expected at least two variants to compare; got only {quoted(next(iter(counts)))}."
        )
    separated = [] if table.separator == "commas" else [f"cells are separated by {table.separator}."]
    successes_of, trials_of = zip(*counts.values(), strict=True)
    return Arms(table.name, list(counts), list(successes_of), list(trials_of), columns, separated + columns.notes)


def _aggregated(table: Table, columns: Columns) -> dict[str, tuple[int, int]]:
    """Successes and trials by arm, from one row for each."""
    variant, successes, trials = columns.variant, columns.successes or "", columns.trials or ""
    arm, won, tried = (table.header.index(column) for column in (variant, successes, trials))
    counts: dict[str, tuple[int, int]] = {}
    for number, row in table.rows:
        place = Place(table.name, number, variant)
        name = _new_arm(place, row[arm], len(counts))
        if name in counts:
            raise place.refuse("one row for each variant (or, with `--outcome`, one row per visitor)", name)
        pair = (
            cells.count(Place(table.name, number, successes), row[won]),
            cells.count(Place(table.name, number, trials), row[tried]),
        )
        if pair[0] > pair[1]:
            raise Place(table.name, number, successes).refuse(f"at most the {pair[1]} of {trials!r}", row[won])
        counts[name] = pair
    return counts


def _visitors(table: Table, columns: Columns) -> dict[str, tuple[int, int]]:
    """Successes and trials by arm, from one row per visitor: distinct pairs of cells are counted, then read."""
    variant, outcome = table.header.index(columns.variant), table.header.index(columns.outcome or "")
    tally: dict[tuple[str, str], int] = {}
    spelled: dict[str, str] = {}
    for number, row in table.rows:
        pair = row[variant], row[outcome]
        if pair in tally:
            tally[pair] += 1
        else:
            _check_visitor(table.name, columns, number, pair, spelled)
            tally[pair] = 1
    counts: dict[str, tuple[int, int]] = dict.fromkeys(spelled, (0, 0))
    for (arm, text), times in tally.items():
        successes, trials = counts[arm.strip()]
        counts[arm.strip()] = (successes + times * cells.OUTCOMES[text.strip().lower()], trials + times)
    return counts


def _check_visitor(file: str, columns: Columns, number: int, pair: tuple[str, str], spelled: dict[str, str]) -> None:
    """Admit a pair of cells not met before: ``spelled`` holds each arm's name with the spaces it came with."""
    place = Place(file, number, columns.variant)
    name = cells.name(place, pair[0]) if pair[0].strip() in spelled else _new_arm(place, pair[0], len(spelled))
    if spelled.setdefault(name, pair[0]) != pair[0]:
        raise place.refuse(f"variants that differ in more than spaces (one is {quoted(spelled[name])})", pair[0])
    cells.outcome(Place(file, number, columns.outcome or ""), pair[1])


def _new_arm(place: Place, text: str, known: int) -> str:
    if known >= MOST_ARMS:
        raise place.refuse(f"at most {MOST_ARMS} different variants", text)
    return cells.name(place, text)
