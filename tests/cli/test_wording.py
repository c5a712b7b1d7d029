"""Numbers as people read them."""

import math

import pytest

from jprob.cli import wording


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.0001"),
        (1e-300, "<0.0001"),
        (0.0001, "0.0001"),
        (0.5, "0.5000"),
        (0.9999, "0.9999"),
        (0.99997, ">0.9999"),
        (1 - 1e-16, ">0.9999"),
        (1.0, ">0.9999"),
    ],
)
def test_probability_is_never_certainty(p, text):
    assert wording.probability(p) == text


@pytest.mark.parametrize(("low", "high"), [(0.4482, 0.4423), (0.1, 0.2), (0.999991, 0.999992), (1e-7, 2e-7)])
def test_decimals_tell_values_apart(low, high):
    places = wording.decimals([low, high], [abs(high - low)])
    assert f"{low:.{places}f}" != f"{high:.{places}f}"


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.5], [math.nan, 0.5], [0.5, 0.5 + 1e-16]])
@pytest.mark.parametrize("widths", [[], [0.0], [math.inf], [1e-30], [math.nan]])
def test_decimals_stay_reasonable(values, widths):
    assert 2 <= wording.decimals(values, widths) <= 15


def test_levels_keep_their_digits():
    assert [wording.percentage(p) for p in (0.95, 0.5, 0.999999, 0.1 + 0.2)] == ["95 %", "50 %", "99.9999 %", "30 %"]


def test_undefined_lifts_are_said():
    assert wording.percent(0.0132, 1) == "+1.3 %"
    assert wording.percent(math.inf, 1) == wording.percent(math.nan, 1) == "undefined"


def test_lists_read_as_a_sentence():
    assert wording.listed(["A"]) == "`A`"
    assert wording.listed(["A", "B", "C"]) == "`A`, `B` and `C`"
    assert wording.listed([str(i) for i in range(10)], 2) == "`0`, `1` and 8 more"
    assert wording.listed(["\x1b[31m"]) == "`\\x1b[31m`"


def test_tables_align_wide_and_combining_characters():
    lines = wording.table([["arm", "n"], ["变体", "1"], ["e\u0301", "22"]]).splitlines()
    assert lines == ["arm    n", "变体   1", "e\u0301     22"]
