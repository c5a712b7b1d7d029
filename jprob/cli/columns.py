"""Which column plays which role: named by the user, or guessed where only one can be meant."""

from __future__ import annotations

from typing import NamedTuple

from jprob.cli.console import BadInput
from jprob.cli.csvfile import Table

__all__ = ["Columns", "choose"]

SYNONYMS = {
    "variant": "variant variation group arm version test_group experiment_group treatment bucket cell",
    "successes": "successes success conversions converted clicks retained cases orders purchases signups hits events",
    "trials": "trials visitors users players participants patients n total impressions views sessions exposures",
    "outcome": "outcome converted conversion retained retention_1 retention_7 clicked purchased success y",
}


class Columns(NamedTuple):
    """Column names by role; either ``successes`` and ``trials`` or ``outcome`` are given.

    Attributes:
        variant: names the arm of a row.
        successes: number of successes of an arm, where a row is an arm.
        trials: number of trials of an arm, where a row is an arm.
        outcome: 0 or 1, where a row is one visitor.
        notes: what was guessed.
    """

    variant: str
    successes: str | None
    trials: str | None
    outcome: str | None
    notes: list[str]


def choose(
    table: Table, variant: str | None, successes: str | None, trials: str | None, outcome: str | None
) -> Columns:
    """Columns as named, and the rest as guessed.

    Raises:
        BadInput: a column is missing, stands twice in the header, plays two roles, or is not obvious.
    """
    if outcome is not None and (successes is not None or trials is not None):
        raise BadInput("`--outcome` (one row per visitor) must not come with `--successes` or `--trials`; got both.")
    named = {"variant": variant, "successes": successes, "trials": trials, "outcome": outcome}
    named = {role: _present(table, role, name.strip()) for role, name in named.items() if name is not None}
    chosen = {"variant": named.get("variant") or _guess(table, "variant")}
    for role in _layout(table, named):
        chosen[role] = named.get(role) or _guess(table, role)
    _check_distinct(table, chosen)
    guessed = [f"column {name!r} as {role}" for role, name in chosen.items() if role not in named]
    notes = [f"read {_sentence(guessed)}."] if guessed else []
    return Columns(chosen["variant"], chosen.get("successes"), chosen.get("trials"), chosen.get("outcome"), notes)


def _layout(table: Table, named: dict[str, str]) -> tuple[str, ...]:
    """The roles besides the variant: counts where the file has a column of trials, else outcomes."""
    if "outcome" in named:
        return ("outcome",)
    if "successes" in named or "trials" in named or _candidates(table, "trials"):
        return ("successes", "trials")
    if _candidates(table, "outcome"):
        return ("outcome",)
    raise BadInput(
        f"{table.name}, row 1: expected columns for successes and trials, or for an outcome (name them with "
        f"`--successes` and `--trials`, or `--outcome`); got {_listed(table.header)}."
    )


def _guess(table: Table, role: str) -> str:
    found = _candidates(table, role)
    if len(found) != 1:
        got = f"{_listed(found)}, which could all be meant" if found else _listed(table.header)
        raise BadInput(f"{table.name}, row 1: expected one obvious column of {role} (or `--{role}`); got {got}.")
    return _present(table, role, found[0])


def _candidates(table: Table, role: str) -> list[str]:
    """Distinct header names that are synonyms of a role, however they are spelled."""
    synonyms = SYNONYMS[role].split()
    plain = {name: name.lower().replace(" ", "_").replace("-", "_") for name in table.header}
    return [name for name, spelled in plain.items() if spelled in synonyms]


def _present(table: Table, role: str, name: str) -> str:
    times = table.header.count(name)
    if times == 0:
        raise BadInput(f"{table.name}, row 1: expected a column {name!r} of {role}; got {_listed(table.header)}.")
    if times > 1:
        raise BadInput(f"{table.name}, row 1: expected one column {name!r}; got {times} of that name.")
    return name


def _check_distinct(table: Table, chosen: dict[str, str]) -> None:
    for role, name in chosen.items():
        for other in chosen:
            if other != role and chosen[other] == name:
                raise BadInput(f"{table.name}, row 1: expected two columns for {role} and {other}; got {name!r} twice.")


def _listed(names: list[str], limit: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def _sentence(items: list[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
