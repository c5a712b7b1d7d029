"""Columns of words over several files: the stated run length, a slow drift, and categories that are few or new."""

import argparse
import json
import re
from collections import Counter

import numpy as np
import pytest

from jprob.cli import main
from jprob.cli.check_drift_words import Shares, shares_over_time, tallied

DAYS = 10
WEIGHT = 0.2


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A city that grows by 0.8 % of the rows a day, and the same without; a second column stays as it is."""
    folder, rng = tmp_path_factory.mktemp("words"), np.random.default_rng(2)

    def write(name, num, more):
        city = rng.choice(["Wien", "Graz", "Linz", "Lech", "Zell"], num, p=[0.5 - more, 0.3 + more, 0.15, 0.04, 0.01])
        plan = rng.choice(["free", "paid", ""], num, p=[0.6, 0.3, 0.1])
        path = folder / name
        path.write_text("\n".join(["city,plan", *map(",".join, zip(city, plan, strict=True))]) + "\n")
        return str(path)

    reference = write("reference.csv", 20_000, 0.0)
    slow = [write(f"day{day}.csv", 400, 0.008 * day) for day in range(DAYS)]
    return reference, slow, [write(f"still{day}.csv", 400, 0.0) for day in range(DAYS)]


def test_a_slow_drift_is_found_with_the_category_that_moved(files, capsys, tmp_path):
    reference, slow, still = files
    picture = tmp_path / "chart.png"
    assert main(["check", "drift", reference, *slow, "--json", "--plot", str(picture)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {file["verdict"] for file in found["files"]} == {"passed"}
    assert found["chart"]["columns"] == []
    charts = {column["column"]: column for column in found["chart"]["words"]}
    city = charts["city"]
    assert city["most"] == "Graz"
    assert city["categories"] == 4  # Zell, of four rows a file, with Lech
    assert city["alarm"][-1]
    assert 3 <= city["first_alarm"] < DAYS
    assert city["reference_share"] < 0.31 < 0.33 < city["share"][-1]
    assert 0.1 < city["shift"][-1] < 0.2
    assert charts["plan"]["first_alarm"] is None
    assert picture.stat().st_size > 10_000
    assert main(["check", "drift", reference, *slow]) == 1
    text = capsys.readouterr().out
    assert "shares over time (EWMA, weight 0.2)" in text
    assert "means over time" not in text
    assert re.search(r"city +Graz (29|30)\S* % -> 3\d", text)
    assert "+\n" in text
    assert main(["check", "drift", reference, *still]) == 0


def charts(reference, files):
    args = argparse.Namespace(run_length=100.0, max_shift=0.0)
    columns = {
        str(at): Shares(list("abcd"), row.astype(float), sheet.T.astype(float))
        for at, (row, sheet) in enumerate(zip(reference, files, strict=True))
    }
    return shares_over_time(columns, WEIGHT, 1, args)


@pytest.mark.parametrize("reference_rows", [10**8, 4000])
def test_the_run_length_is_as_stated(reference_rows):
    """1,500 columns without drift over 50 files of 200 rows, the smallest share 5 %."""
    columns, time, rng = 1500, 50, np.random.default_rng(reference_rows)
    shares = [0.5, 0.3, 0.15, 0.05]
    found = charts(rng.multinomial(reference_rows, shares, columns), rng.multinomial(200, shares, (columns, time)))
    alarms = np.mean([any(np.array(chart["of_limit"]) > 1) for chart in found])
    expected = 1 - np.exp(-time / 100)  # memoryless, nearly
    error = 5 * (expected * (1 - expected) / columns) ** 0.5
    assert alarms < expected + error
    if reference_rows > 10**6:
        assert alarms > expected - error - 0.03
    # what chance adds is not called a shift
    assert np.median([chart["shift"][-1] for chart in found]) < 0.03


def test_two_categories_are_a_chart_of_one_share():
    """The shift of either in standard deviations, and the limit of a single EWMA."""
    from jprob.cli.check_drift_chart import Moments, over_time

    args = argparse.Namespace(run_length=370.0, max_shift=0.0)
    counts = [{"no": 700 - 30 * day, "yes": 300 + 30 * day} for day in range(6)]
    words = [{"a": {"no": 70_000, "yes": 30_000}}, *({"a": count} for count in counts)]
    start = {"b": Moments(100_000, 0.3, (0.3 * 0.7) ** 0.5)}
    means = [{"b": Moments(1000, count["yes"] / 1000, 0.5)} for count in counts]
    chart = over_time(start, means, args, words)
    assert chart is not None
    np.testing.assert_allclose(chart["words"][0]["of_limit"], chart["columns"][0]["of_limit"], rtol=1e-5)
    assert chart["words"][0]["shift"][-1] == pytest.approx(chart["columns"][0]["shift"][-1], rel=0.05)
    assert chart["words"][0]["share"][-1] == pytest.approx(0.3 + chart["columns"][0]["shift"][-1] * 0.21**0.5, rel=1e-5)


def test_small_and_new_categories_are_one():
    reference = Counter(a=600, b=300, c=80, d=15, e=5)
    files = [Counter(a=60, b=30, c=8, new=2), Counter(a=61, b=39)]
    found = tallied(reference, files)  # c, d and e: 8, 1.5 and .5 rows of a hundred
    assert found is not None
    assert found.kinds == ["a", "b", "(others)"]
    assert found.reference.tolist() == [600, 300, 100]
    assert found.files.tolist() == [[60, 61], [30, 39], [10, 0]]
    merged = tallied(Counter(a=600, b=400), [Counter(a=60, b=40), Counter(a=60, b=30, new=10)])
    assert merged is not None
    assert merged.kinds == ["a", "b (others)"]
    assert merged.files.tolist() == [[60, 60], [40, 40]]
    whole = tallied(Counter(a=600, b=400), [Counter(a=60, b=40)])
    assert whole is not None
    assert whole.kinds == ["a", "b"]
    for alone in (Counter(a=100), Counter(a=98, b=2), Counter()):
        assert tallied(alone, [Counter(a=90, b=10)]) is None


def test_a_column_of_one_word_has_no_chart(csv_file, capsys):
    reference, *later = (csv_file("a\n" + "x\n" * 60, f"{name}.csv") for name in "abc")
    assert main(["check", "drift", reference, *later, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chart"] is None
