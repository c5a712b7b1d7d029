"""The document of ``jprob ab`` as text: a table of the arms, then the verdict in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jprob.cli import sampled_text
from jprob.cli.console import Caution, printable
from jprob.cli.wording import decimals, interval, listed, loss, percent, percentage, probability, table

__all__ = ["render"]

Document = dict[str, Any]


def render(document: Document, warnings: Sequence[Caution]) -> str:
    """What was compared, the arms, what follows from it, and what speaks against it."""
    parts = [_heading(document), _table(document), "\n".join(_verdict(document, warnings))]
    if "sampled" in document:
        gap = f"Largest difference to the exact P(best): {document['sampled']['prob_best_gap']:.4f}."
        parts.append(f"{sampled_text.render(document['sampled'])}\n{gap}")
    return "\n\n".join(parts)


def _heading(document: Document) -> str:
    arms, prior = document["arms"], document["prior"]
    trials = sum(arm["trials"] for arm in arms)
    engine = "posterior sampled by NUTS" if document["engine"] == "nuts" else "exact posterior"
    shapes = f"Beta({prior['a']:g}, {prior['b']:g})"
    return f"{printable(document['source'])}: {len(arms)} arms, {trials:,} trials, prior {shapes}, {engine}"


def _table(document: Document) -> str:
    arms, level = document["arms"], percentage(document["level"])
    others = _others(document)
    places = decimals([arm["rate"] for arm in arms], [_width(arm["rate_interval"]) for arm in arms])
    lifted = decimals([arm["lift"] for arm in others], [_width(arm["lift_interval"]) for arm in others]) - 2
    rows = [["arm", "successes / trials", "rate", f"{level} interval", "lift", f"{level} interval", "P(best)", "loss"]]
    for arm in arms:
        lift = ["control", ""]
        if arm["name"] != document["control"]:
            lift = [percent(arm["lift"], lifted), _percents(arm["lift_interval"], lifted)]
        rows.append(
            [
                printable(arm["name"]),
                f"{arm['successes']:,} / {arm['trials']:,}",
                f"{arm['rate']:.{places}f}",
                interval(arm["rate_interval"], places),
                *lift,
                probability(arm["prob_best"]),
                loss(arm["expected_loss"]),
            ]
        )
    legend = (
        f"lift: relative to {listed([document['control']])}; loss: rate that choosing the arm is expected to give away"
    )
    return f"{table(rows)}\n{legend}"


def _verdict(document: Document, warnings: Sequence[Caution]) -> list[str]:
    """Which arm, how sure, what being wrong costs, and how far to trust all this."""
    leader, *rest = sorted(document["arms"], key=lambda arm: arm["expected_loss"])
    if rest[0]["expected_loss"] - leader["expected_loss"] <= 1e-9 * leader["expected_loss"]:
        sentences = [f"Nothing tells {listed([leader['name'], rest[0]['name']])} apart."]
    else:
        sentences = _choice(leader, rest, document["level"])
    subject = leader if leader["name"] != document["control"] else rest[0]
    sentences.append(_effect(subject, document))
    if warnings:
        sentences.append(f"Read this with care: {', '.join(warning.title for warning in warnings)}.")
    return sentences


def _choice(leader: Document, rest: list[Document], level: float) -> list[str]:
    name, p = listed([leader["name"]]), leader["prob_best"]
    sure = "" if p >= level else f", which does not settle it at {percentage(level)}"
    sentences = [f"{name} is best with probability {probability(p)}{sure}."]
    likelier = max(rest, key=lambda arm: arm["prob_best"])
    if likelier["prob_best"] > p:
        other = listed([likelier["name"]])
        sentences.append(
            f"{other} is best more often ({probability(likelier['prob_best'])}) but costs more when it is not."
        )
    return [
        *sentences,
        f"The expected loss of choosing {name} is {loss(leader['expected_loss'])} in rate; of choosing "
        f"{listed([rest[0]['name']])}, {loss(rest[0]['expected_loss'])}.",
    ]


def _effect(arm: Document, document: Document) -> str:
    places = decimals([arm["lift"]], [_width(arm["lift_interval"])]) - 2
    low, high = arm["lift_interval"]
    sign = ", which includes no change" if low <= 0.0 <= high else ""
    sentence = (
        f"Against {listed([document['control']])}, {listed([arm['name']])} changes the rate by "
        f"{percent(arm['lift'], places)} ({percentage(document['level'])} interval "
        f"{_percents((low, high), places)}{sign})."
    )
    if document["rope"] is None:
        return sentence
    low, high = (f"{100.0 * end:+.6g} %" for end in document["rope"])
    inside = f"That change lies in [{low}, {high}], where it makes no difference, with probability"
    return f"{sentence}\n{inside} {probability(arm['rope_mass'])}."


def _others(document: Document) -> list[Document]:
    return [arm for arm in document["arms"] if arm["name"] != document["control"]]


def _percents(ends: Sequence[float], places: int) -> str:
    return f"[{percent(ends[0], places)}, {percent(ends[1], places)}]"


def _width(ends: Sequence[float]) -> float:
    return ends[1] - ends[0]
