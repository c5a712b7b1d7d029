"""Deployments with a planted failure, or with none: two samples and what should be said of them, first things first.

One world: features are normal around ±μ, given the label, so that log odds are linear, known, and the right predictions.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jprob.monitor import Sample

ROWS = 3000
MEANS = np.array([0.9, 0.6, 0.4, 0.0])
HALF_WIDTH = 1.6449  # of an interval that holds 90 % of a standard normal error


class Situation(NamedTuple):
    reference: Sample
    current: Sample
    planted: tuple[str, ...]


class World(NamedTuple):
    """What nature and the model do: the share of label 1, how far classes are apart, how loud the model is."""

    share: float = 0.5
    apart: float = 1.0
    loud: float = 1.0
    half_width: float = HALF_WIDTH


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def log_odds(x, world, trained):
    return 2.0 * world.apart * x @ MEANS + np.log(trained / (1.0 - trained))


def drawn(rng, world, *, trained=None, labels=True, move=0.0, concept=None, died=None):
    """Rows in time: drifting by ``move`` up to the last, judged by another ``concept``, without a feature that ``died``."""
    y = rng.uniform(size=ROWS) < world.share
    x = rng.normal(size=(ROWS, 4)) + np.where(y[:, None], 1.0, -1.0) * world.apart * MEANS
    trained = world.share if trained is None else trained
    if move or concept is not None:
        x = x + move * np.linspace(0.0, 1.0, ROWS)[:, None] * np.array([1.0, 1.0, 0.0, 0.0])
        means = MEANS if concept is None else concept
        odds = 2.0 * world.apart * x @ means + np.log(world.share / (1.0 - world.share))
        y = rng.uniform(size=ROWS) < sigmoid(odds)
    outcomes, centre = 2.0 * x[:, 0] + rng.normal(size=ROWS), 2.0 * x[:, 0]
    seen = x.copy()
    if died is not None:
        seen[ROWS // 3 :, died] = 0.0
    p = sigmoid(world.loud * log_odds(seen, world, trained))
    features = {f"x{at}": column for at, column in enumerate(seen.T)}
    ends = centre - world.half_width, centre + world.half_width
    return Sample(p, y.astype(int) if labels else None, features, *ends, outcomes)


def of_three(rng, *, shares=(0.4, 0.35, 0.25), loud=1.0, output="softmax", labels=True, concept=1.0, trained=None):
    """Three classes, each seen in a feature of its own."""
    y = rng.choice(3, size=ROWS, p=shares)
    x = rng.normal(size=(ROWS, 3))
    lift = np.where(rng.uniform(size=ROWS) < concept, 1.8, 0.0)
    x[np.arange(ROWS), y] += lift
    if concept < 1.0:  # as many large features as before, for some rows in the wrong place
        x[np.arange(ROWS), rng.choice(3, size=ROWS, p=shares)] += 1.8 - lift
    z = loud * (1.8 * x + np.log(shares if trained is None else trained))
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True) if output == "softmax" else sigmoid(z) if output == "sigmoid" else z
    return Sample(p, y if labels else None, {f"x{at}": column for at, column in enumerate(x.T)})


def both(draw, rng, world, **now):
    return draw(rng, world), draw(rng, world, **now)


def not_probabilities(rng):
    return Situation(of_three(rng), of_three(rng, output="sigmoid"), ("outputs that do not sum to one",))


def overconfident(rng):
    return Situation(*both(drawn, rng, World(loud=1.6)), ("overconfident",))


def underconfident(rng):
    return Situation(of_three(rng, loud=0.5), of_three(rng, loud=0.5), ("underconfident",))


def rare_events(rng):
    return Situation(*both(drawn, rng, World(share=0.04, apart=0.6)), ("fails on rare events",))


def shifting(rng):
    return Situation(*both(drawn, rng, World(), move=1.0), ("predictions shifting over time",))


def narrow(rng):
    return Situation(*both(drawn, rng, World(half_width=1.3)), ("intervals too narrow",))


def silent(rng):
    return Situation(*both(drawn, rng, World(), concept=np.array([0.3, 0.9, 0.2, 0.4])), ("silent failure",))


def prior_shift(rng):
    return Situation(drawn(rng, World()), drawn(rng, World(share=0.1), trained=0.5), ("prior shift",))


def prior_and_loud(rng):
    before, now = World(loud=1.6), World(share=0.05, loud=1.6)
    return Situation(drawn(rng, before), drawn(rng, now, trained=0.5), ("prior shift", "overconfident"))


def died_and_narrow(rng):
    before, now = World(), World(half_width=1.2)
    return Situation(drawn(rng, before), drawn(rng, now, died=1), ("silent failure", "intervals too narrow"))


def healthy(rng):
    return Situation(*both(drawn, rng, World()), ())


def healthy_rare(rng):
    return Situation(*both(drawn, rng, World(share=0.06, apart=2.0)), ())


def prior_shift_unlabelled(rng):
    now = drawn(rng, World(share=0.1), trained=0.5, labels=False)
    return Situation(drawn(rng, World()), now, ("prior shift",))


def shifting_unlabelled(rng):
    return Situation(*both(drawn, rng, World(), move=1.0, labels=False), ("predictions shifting over time",))


def prior_shift_of_three(rng):
    shares = (0.4, 0.35, 0.25)
    now = of_three(rng, shares=(0.1, 0.3, 0.6), trained=shares)
    return Situation(of_three(rng), now, ("prior shift",))


def silent_of_three(rng):
    return Situation(of_three(rng), of_three(rng, concept=0.85), ("silent failure",))


def healthy_of_three(rng):
    return Situation(of_three(rng), of_three(rng), ())


def healthy_unlabelled(rng):
    return Situation(*both(drawn, rng, World(), labels=False), ())


TWELVE: dict[str, Callable[[np.random.Generator], Situation]] = {
    "outputs that do not sum to one": not_probabilities,
    "overconfident": overconfident,
    "underconfident": underconfident,
    "fails on rare events": rare_events,
    "predictions shifting over time": shifting,
    "intervals too narrow": narrow,
    "silent failure": silent,
    "prior shift": prior_shift,
    "prior shift, overconfident": prior_and_loud,
    "a feature died, intervals too narrow": died_and_narrow,
    "healthy": healthy,
    "healthy, rare": healthy_rare,
}
MORE: dict[str, Callable[[np.random.Generator], Situation]] = {
    "prior shift, no labels": prior_shift_unlabelled,
    "shifting over time, no labels": shifting_unlabelled,
    "prior shift of three classes": prior_shift_of_three,
    "silent failure of three classes": silent_of_three,
    "healthy, three classes": healthy_of_three,
    "healthy, no labels": healthy_unlabelled,
}


def told(situation, found):
    """Whether the planted cause comes first, of a pair both before all else; or whether nothing is said."""
    names = tuple(finding.symptom for finding in found.findings)
    planted = situation.planted
    return names == () if not planted else set(names[: len(planted)]) == set(planted)
