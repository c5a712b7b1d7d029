"""``jprob check --config checks.toml``: many checks in one step of a pipeline, and one exit code for all of them.

.. code-block:: toml

    [[check]]
    kind = "calibration"   # or "drift", "predictions"
    name = "churn"         # what to call it, by default its kind
    data = "scored.csv"    # files as seen from the folder of this one
    prob = "p"
    label = "y"
    max-ece = 0.03         # options by their long names
"""

from __future__ import annotations

import argparse
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jprob
from jprob.cli.arguments import Parser
from jprob.cli.console import Answer, BadInput, Caution, printable, quoted
from jprob.cli.wording import table

__all__ = ["run"]

FILES = ("data", "reference", "current", "plot")
_WHY = "cannot run"


class _Check(NamedTuple):
    """One table of the file, understood."""

    name: str
    kind: str
    module: ModuleType
    args: argparse.Namespace


def run(path: str, checks: Mapping[str, ModuleType]) -> Answer:
    """The answers to all checks of a file: 1 if any failed, else 3 if any cannot tell or cannot run.

    Raises:
        BadInput: the file, a key or a value is not what it should be; then nothing is run.
    """
    wanted = [_understood(path, number, entry, checks) for number, entry in enumerate(_tables(path), 1)]
    twice = [check.name for i, check in enumerate(wanted) if check.name in {other.name for other in wanted[:i]}]
    if twice:
        raise BadInput(f"{path}: expected checks of different names (`name = ...`); got {quoted(twice[0])} twice.")
    found, notes, cautions = [], [], []
    for check in wanted:
        entry, answer = _answered(check)
        found.append(entry)
        if answer is not None:
            notes += [f"{check.name}: {note}" for note in answer.notes]
            cautions += [Caution(c.title, f"{check.name}: {c.sentence}") for c in answer.warnings]
            if answer.interrupted:
                raise KeyboardInterrupt
    verdicts = [entry["verdict"] for entry in found]
    verdict = "failed" if "failed" in verdicts else "passed" if set(verdicts) == {"passed"} else "inconclusive"
    texts = [entry.pop("text") for entry in found]
    document = {"verb": "check", "version": jprob.__version__, "config": path, "verdict": verdict, "checks": found}
    code = {"passed": 0, "failed": 1, "inconclusive": 3}[verdict]
    return Answer(_text(document, texts), document, notes, cautions, code=code)


def _tables(path: str) -> list[Any]:
    try:
        config = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: expected a readable file; got {quoted(error.strerror or str(error))}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: expected TOML; got {str(error).rstrip('.')}.") from None
    strange = [key for key in config if key != "check"]
    if strange:
        raise BadInput(f"{path}: expected tables [[check]] alone; got {quoted(strange[0])}.")
    entries = config.get("check", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput(f"{path}: expected one table [[check]] or more; got {'none' if not entries else 'others'}.")
    return entries


def _understood(path: str, number: int, entry: dict[str, Any], checks: Mapping[str, ModuleType]) -> _Check:
    """A table as the arguments of its check."""
    kind = entry.get("kind")
    place = f"{path}, check {number}"
    if not isinstance(kind, str) or kind not in checks:
        raise BadInput(
            f'{place}: expected kind = "{'", "'.join(checks)}"; got {quoted(str(kind))}.'.replace('", "', '" or "')
        )
    name = entry.get("name", kind)
    if not isinstance(name, str) or not name.strip():
        raise BadInput(f"{place}, key 'name': expected text; got {quoted(str(name))}.")
    place += f" ({name})"
    parser = Parser(prog=f"jprob check {kind}")
    checks[kind].add_arguments(parser)
    actions = {_key(action): action for action in parser._actions if action.dest not in ("help", "json")}
    given = {key.replace("_", "-"): value for key, value in entry.items() if key not in ("kind", "name")}
    for key in given:
        if key not in actions:
            close = difflib.get_close_matches(key, actions, 1)
            hint = f"; `{close[0]}` is meant, perhaps" if close else ""
            raise BadInput(f"{place}: expected keys among {', '.join(actions)}; got {quoted(key)}{hint}.")
    folder = Path(path).parent
    words, options = [], []
    for key, action in actions.items():
        if key not in given:
            continue
        texts = _texts(place, key, given[key], action)
        if key in FILES:
            texts = [text if text == "-" else str(folder / text) for text in texts]
        if not action.option_strings:
            words += texts
        elif action.nargs == 0:
            options += [action.option_strings[-1]] if given[key] else []
        elif action.nargs is None:
            options.append(f"{action.option_strings[-1]}={texts[0]}")
        else:
            options += [action.option_strings[-1], *texts]
    try:
        return _Check(name, kind, checks[kind], parser.parse_args([*words, *options]))
    except BadInput as problem:
        raise BadInput(f"{place}: {problem}") from None


def _key(action: argparse.Action) -> str:
    return action.option_strings[-1].removeprefix("--") if action.option_strings else action.dest


def _texts(place: str, key: str, value: Any, action: argparse.Action) -> list[str]:
    """A value as it would be typed."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise BadInput(f"{place}, key {key!r}: expected true or false; got {quoted(str(value))}.")
        return []
    values = value if isinstance(value, list) else [value]
    several = action.nargs not in (None, 0)
    if not several and isinstance(value, list):
        raise BadInput(f"{place}, key {key!r}: expected one value; got {len(value)} in brackets.")
    for item in values:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise BadInput(f"{place}, key {key!r}: expected text or a number; got {quoted(str(item))}.")
    return [str(item) for item in values]


def _answered(check: _Check) -> tuple[dict[str, Any], Answer | None]:
    entry: dict[str, Any] = {"name": check.name, "kind": check.kind}
    try:
        answer = check.module.run(check.args)
    except (BadInput, ValueError) as problem:
        return entry | {"verdict": _WHY, "why": str(problem), "text": f"cannot run: {printable(str(problem))}"}, None
    document = answer.document | {"notes": answer.notes, "warnings": [c.sentence for c in answer.warnings]}
    return entry | {"verdict": document["verdict"], "document": document, "text": answer.text}, answer


def _text(document: dict[str, Any], texts: list[str]) -> str:
    """Every answer under its name, then all verdicts."""
    parts = [
        f"== {printable(entry['name'])} ({entry['kind']})\n\n{text}"
        for entry, text in zip(document["checks"], texts, strict=True)
    ]
    said = {"inconclusive": "cannot tell"}
    rows = [["check", "kind", "verdict"]]
    rows += [
        [printable(entry["name"]), entry["kind"], said.get(entry["verdict"], entry["verdict"])]
        for entry in document["checks"]
    ]
    worst = said.get(document["verdict"], document["verdict"])
    return "\n\n".join([*parts, f"== {printable(document['config'])}\n\n{table(rows)}", f"{worst}: {_sum(document)}"])


def _sum(document: dict[str, Any]) -> str:
    verdicts = [entry["verdict"] for entry in document["checks"]]
    names = {"passed": "passed", "failed": "failed", "inconclusive": "cannot tell", _WHY: "cannot run"}
    parts = [f"{verdicts.count(verdict)} {words}" for verdict, words in names.items() if verdict in verdicts]
    return f"of {len(verdicts)} checks {', '.join(parts)}"
