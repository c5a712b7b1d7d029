"""Several files in order: a slow drift that no file shows by itself, limits for all columns together, and a picture."""

import argparse
import json

import numpy as np
import pytest

from jprob.cli import check_drift_stream, main
from jprob.cli.check_drift_chart import Moments, moments, over_time
from jprob.report import plot

DAYS = 8


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("days"), np.random.default_rng(1)

    def write(name, num, shift):
        columns = rng.normal(10 + 3 * shift, 3, num), rng.lognormal(size=num), rng.choice(["a", "b"], num)
        lines = [f"{a:.3f},{b:.3f},{c}" for a, b, c in zip(*columns, strict=True)]
        path = folder / name
        path.write_text("\n".join(["age,spend,city", *lines]) + "\n")
        return str(path)

    reference = write("reference.csv", 3000, 0.0)
    slow = [write(f"day{day}.csv", 300, 0.03 * day) for day in range(DAYS)]
    still = [write(f"still{day}.csv", 300, 0.0) for day in range(DAYS)]
    return reference, slow, still


def test_a_slow_drift_is_found_that_no_file_shows(files, capsys, tmp_path):
    reference, slow, _ = files
    picture = tmp_path / "chart.svg"
    assert main(["check", "drift", reference, *slow, "--json", "--plot", str(picture)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {file["verdict"] for file in found["files"]} == {"passed"}
    chart = {column["column"]: column for column in found["chart"]["columns"]}
    assert set(chart) == {"age", "spend"}  # words have no mean
    assert chart["age"]["first_alarm"] is not None
    assert chart["age"]["alarm"][-1]
    assert chart["age"]["shift"][-1] > 0.1
    assert chart["spend"]["first_alarm"] is None
    assert picture.read_text().lstrip().startswith("<?xml")
    assert main(["check", "drift", reference, *slow]) == 1
    text = capsys.readouterr().out
    assert "means over time (EWMA, weight 0.2)" in text
    assert "+\n" in text
    assert text.isascii()
    assert main(["check", "drift", reference, *slow, "--max-shift", "1"]) == 0  # more than chance, less than is allowed


def test_files_without_drift_pass_and_a_single_one_has_no_chart(files, capsys):
    reference, _, still = files
    assert main(["check", "drift", reference, *still, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chart"]["verdict"] == "passed"
    assert main(["check", "drift", reference, still[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chart"] is None


@pytest.mark.parametrize(("together", "reference_rows"), [(1, 10**7), (20, 10**7), (20, 2000)])
def test_the_run_length_is_that_of_all_columns_together(together, reference_rows):
    """4,000 columns without drift over 50 files, as sets of so many: each set should run for 100 files."""
    columns, time, rows = 4000, 50, 200
    rng, names = np.random.default_rng(together), [str(at) for at in range(columns)]
    start = {name: Moments(reference_rows, rng.normal() / reference_rows**0.5, 1.0) for name in names}
    means = rng.normal(size=(time, columns)) / rows**0.5
    points = [{name: Moments(rows, mean, 1.0) for name, mean in zip(names, row, strict=True)} for row in means]
    args = argparse.Namespace(run_length=100.0 * together / columns, max_shift=0.0)
    chart = over_time(start, points, args)
    assert chart is not None
    alarms = np.array([any(column["alarm"]) for column in chart["columns"]]).reshape(-1, together).any(1)
    expected = 1 - np.exp(-time / 100)  # memoryless, nearly
    error = 5 * (expected * (1 - expected) / len(alarms)) ** 0.5
    assert alarms.mean() < expected + error
    if reference_rows > 10**6:  # a short reference is allowed for, and then alarms are rarer
        assert alarms.mean() > expected - error - 0.05


def test_moments_are_of_what_is_finite():
    assert moments(np.array([1.0, 3.0, np.nan, np.inf])) == Moments(2, 2.0, 1.0)
    assert moments(np.array([np.nan])).count == 0
    args = argparse.Namespace(run_length=370.0, max_shift=0.1)
    gone = over_time(
        {"a": Moments(100, 0.0, 1.0)}, [{"a": moments(np.array([np.nan]))}, {"a": Moments(10, 9.0, 1.0)}], args
    )
    assert gone is not None
    assert gone["columns"][0]["alarm"] == [False, True]  # a file without values is passed over
    assert over_time({"a": Moments(100, 0.0, 0.0)}, [{}, {}], args) is None


def test_the_worst_series_are_drawn_first():
    rng = np.random.default_rng(0)
    data = {f"c{at}": at * rng.normal(size=5) for at in range(20)}
    figure = plot.control_charts(data, {name: np.abs(y) > 1 for name, y in data.items()}, times=list("abcde"))
    drawn = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(drawn) == 12
    assert drawn[0] == max(data, key=lambda name: np.abs(data[name]).max())
    with pytest.raises(ValueError, match="`series` must have at least one series"):
        plot.control_charts({}, {})


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--run-length", "1"], "`--run-length` must be more than 2"),
        (["--max-shift", "-1"], "`--max-shift` must not be negative"),
        (["--plot", "x.gif"], "`--plot` must end in"),
        (["--plot", "{folder}/x.png"], "`--plot` must come with several current files"),
    ],
)
def test_bad_input_is_one_sentence(files, capsys, tmp_path, argv, sentence):
    reference, _, still = files
    assert main(["check", "drift", reference, still[0], *(text.format(folder=tmp_path) for text in argv)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


@pytest.mark.parametrize("columns", [[], ["--columns", "city", "age"]])
def test_large_files_are_read_in_pieces_with_the_same_answer(files, capsys, monkeypatch, columns):
    reference, slow, still = files
    argv = ["check", "drift", reference, still[0], slow[-1], *columns, "--json"]
    whole = main(argv), json.loads(capsys.readouterr().out)
    monkeypatch.setattr(check_drift_stream, "LARGE", 1)
    monkeypatch.setattr(check_drift_stream, "PIECE", 700)  # rows, which leaves a rest
    pieces = main(argv), json.loads(capsys.readouterr().out)
    assert pieces[0] == whole[0]
    same(pieces[1], whole[1])
    monkeypatch.setattr(check_drift_stream, "KEPT", 400)  # bins of some rows only
    assert main(argv) == whole[0]
    some = json.loads(capsys.readouterr().out)
    for a, b in zip(some["files"][1]["columns"], whole[1]["files"][1]["columns"], strict=True):
        assert abs(a["size"] - b["size"]) < 0.05


def same(a, b):
    """Two documents, but for the rounding of sums in another order."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == pytest.approx(b, rel=1e-9) if isinstance(a, float) else a == b


@pytest.mark.parametrize(
    ("reference", "current", "sentence"),
    [
        ("a\n1\n2\n", "a\n1\nx\n", "column 'a': expected numbers as in the reference; got words"),
        ("a\n1\n2\n", "b\n1\n", "expected a column 'a'; got `b`"),
        ("a\n1\n2\n", "a\n", "expected rows under the header; got none"),
        ("a,a\n1,2\n", "a\n1\n", "expected columns of different names; got 'a' twice"),
    ],
)
def test_pieces_refuse_what_the_whole_refuses(csv_file, capsys, monkeypatch, reference, current, sentence):
    paths = csv_file(reference, "reference.csv"), csv_file(current, "current.csv")
    for large in (2**26, 0):
        monkeypatch.setattr(check_drift_stream, "LARGE", large)
        assert main(["check", "drift", *paths]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert sentence in err


def test_pieces_know_missing_cells_and_words_that_come_late(csv_file, capsys, monkeypatch):
    cells = ["1"] * 60 + ["na"] * 20 + ["x"] * 20
    lines = "".join(f"{cell},{'' if at % 2 else at},\n" for at, cell in enumerate(cells))
    path = csv_file("mixed,half,none\n" + lines)
    monkeypatch.setattr(check_drift_stream, "LARGE", 1)
    monkeypatch.setattr(check_drift_stream, "PIECE", 30)
    assert main(["check", "drift", path, path, "--json"]) == 0
    found = {column["column"]: column for column in json.loads(capsys.readouterr().out)["files"][0]["columns"]}
    assert [found[name]["test"] for name in ("mixed", "half", "none")] == ["chi2", "psi", "chi2"]
    assert [found[name]["missing"][0] for name in ("mixed", "half", "none")] == [0.2, 0.5, 1.0]
