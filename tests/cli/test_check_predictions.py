"""The gate on predictions: three parts, one verdict, and bad cells that are told by row instead of stopping it."""

import json

import numpy as np
import pytest

from jprob import monitor
from jprob.cli import check_predictions_rows, main

N = 1000
RNG = np.random.default_rng(0)
Z = RNG.normal(size=N) * 1.5 - 2.5
P = np.round(1 / (1 + np.exp(-Z)), 5)
RIGHT = (RNG.uniform(size=N) < P).astype(int)
RARE = (RNG.uniform(size=N) < 1 / (1 + np.exp(2 - Z))).astype(int)
BLIND = RNG.permutation(RIGHT)


@pytest.fixture
def rows(csv_file):
    def write(**columns):
        lines = [",".join(columns)]
        lines += [",".join(str(cell) for cell in row) for row in zip(*columns.values(), strict=True)]
        return csv_file("\n".join(lines) + "\n")

    return write


@pytest.fixture
def ask(capsys):
    def run(path, *argv, code):
        assert main(["check", "predictions", path, "--prob", "p", "--label", "y", *map(str, argv)]) == code
        return capsys.readouterr()

    return run


def test_sound_predictions_pass_in_all_three_parts(ask, rows):
    out, err = ask(rows(p=P, y=RIGHT), "--max-ece", "0.06", "--json", code=0)
    found = json.loads(out)
    assert err == ""
    assert {name: part["verdict"] for name, part in found["parts"].items()} == dict.fromkeys(
        ("validation", "calibration", "rare_events"), "passed"
    )
    rare = found["parts"]["rare_events"]
    assert rare["average_precision"] == pytest.approx(float(monitor.average_precision(P, RIGHT).value), rel=1e-5)
    assert rare["limit"] == rare["prevalence"] == pytest.approx(RIGHT.mean())
    assert rare["accuracy"] == pytest.approx(np.mean((P >= 0.5) == RIGHT))
    text, _ = ask(rows(p=P, y=RIGHT), "--max-ece", "0.06", code=0)
    assert "passed: nothing that cannot be right" in text
    assert text.splitlines()[-1] == "passed: validation passed; calibration passed; rare events passed"
    assert text.isascii()


def test_one_failed_part_fails_the_gate(ask, rows):
    text, _ = ask(rows(p=P, y=RARE), code=1)
    assert "prior shift: label 1 is rarer than forecast" in text
    assert "failed: validation passed; calibration failed; rare events" in text
    text, _ = ask(rows(p=P, y=RIGHT), "--max-ece", "0.06", "--min-average-precision", "0.9", code=1)
    assert "failed: the interval ends below the limit" in text
    assert "limit 0.9" in text
    text, _ = ask(rows(p=P, y=BLIND), "--max-ece", "0.5", code=3)
    assert "cannot tell: the interval holds the limit" in text


def test_bad_cells_are_told_by_their_rows_and_left_out(ask, rows):
    cells = P.astype(object)
    cells[[3, 5, 9, 11]] = "NA", "1.7", "oops", "inf"
    spent = np.where(np.arange(N) < 700, RNG.lognormal(size=N), 0.0)
    out, err = ask(rows(p=cells, y=RIGHT, spent=spent), "--features", "spent", "--max-ece", "0.06", "--json", code=1)
    found = json.loads(out)
    problems = {p["problem"]: p for p in found["parts"]["validation"]["problems"]}
    assert {name: p["first_rows"][0] for name, p in problems.items()} == {
        "missing": 5,
        "out of range": 7,
        "not numbers": 11,
        "infinite": 13,
        "turned to zeros": 702,
    }
    assert problems["turned to zeros"]["where"] == "spent"
    assert (found["rows"], found["left_out"], found["parts"]["calibration"]["rows"]) == (N, 4, N - 4)
    assert "4 rows that cannot be right are left out" in err
    text, _ = ask(rows(p=cells, y=RIGHT, spent=spent), "--features", "spent", "--max-ece", "0.06", code=1)
    assert "`spent`: 300 of 1,000 values (30 %) are 0 from row 702 on" in text
    assert "failed: 5 problems" in text


def test_nothing_usable_and_one_label_cannot_tell(ask, rows):
    text, _ = ask(rows(p=["x"] * 30, y=[0, 1] * 15), code=1)
    assert "cannot tell: no row has a prediction that can be right" in text
    text, err = ask(rows(p=P[:300], y=np.zeros(300, int)), "--max-ece", "0.5", code=3)
    assert "cannot tell: one label alone" in text
    assert "all labels are the same" in err


def plain(found):
    """Numbers of a document, by their path."""
    if isinstance(found, dict):
        return {f"{name}.{rest}": value for name, part in found.items() for rest, value in plain(part).items()}
    if isinstance(found, list):
        return {f"{at}.{rest}": value for at, part in enumerate(found) for rest, value in plain(part).items()}
    return {"": found} if isinstance(found, int | float) else {}


# of simulated labels, of a kernel and of log odds told apart by 1e-4
CLOSE_TO = {"null": 0.1, "p_value": 0.05, "smooth": 0.02, "calibration.interval": 0.02, "rare_events": 1e-5}


@pytest.mark.parametrize("label", ["well", "rare"])
def test_many_rows_are_told_as_few(ask, rows, monkeypatch, label):
    """In pieces of 300 rows, of which every fourth is kept, the same file shows the same figures."""
    cells = P.astype(object)
    cells[[3, 500, 999]] = "oops", 1.7, -1.0
    spent = np.where(np.arange(N) < 300, RNG.lognormal(size=N), 0.0)
    path = rows(p=cells, y={"well": RIGHT, "rare": RARE}[label], spent=spent)
    whole = json.loads(ask(path, "--features", "spent", "--json", code=1)[0])
    monkeypatch.setattr(check_predictions_rows, "PIECE", 300)
    monkeypatch.setattr(check_predictions_rows, "_BLOCK", 100)
    out, err = ask(path, "--features", "spent", "--json", code=1)
    found = json.loads(out)
    assert "among one row in 8" in err
    assert [part["verdict"] for part in found["parts"].values()] == [
        part["verdict"] for part in whole["parts"].values()
    ]
    assert found["parts"]["calibration"]["advice"] == whole["parts"]["calibration"]["advice"]
    problems = found["parts"]["validation"]["problems"]
    assert problems[:2] == whole["parts"]["validation"]["problems"][:2]
    assert (problems[-1]["problem"], problems[-1]["where"]) == ("turned to zeros", "spent")
    ours, theirs = plain(found), plain(whole)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        if "validation" not in name and "simulations" not in name:
            slack = next((slack for part, slack in CLOSE_TO.items() if part in name), 1e-6)
            assert ours[name] == pytest.approx(value, rel=slack, abs=1e-3 if "null" in name else 2e-6, nan_ok=True), (
                name
            )


def test_rows_are_kept_evenly(monkeypatch):
    monkeypatch.setattr(check_predictions_rows, "PIECE", 100)
    kept = check_predictions_rows.Kept()
    for first, last in ((0, 90), (90, 181), (181, 250), (250, 333)):
        rows = np.arange(first, last)
        kept.add(check_predictions_rows.Cells([rows / 7], {"x": rows}, rows % 2, rows))
    found = kept.cells()
    assert kept.every == 8
    assert found.rows.tolist() == found.features["x"].tolist() == list(range(0, 333, 8))


def test_classes_and_logits(capsys, rows, ask, monkeypatch):
    q = RNG.dirichlet(np.ones(3), 600)
    y = np.array(list("abc"))[(q.cumsum(1) > RNG.uniform(size=(600, 1))).argmax(1)]
    columns = {name: np.round(q[:, at], 3) for at, name in enumerate("abc")}
    path = rows(**columns, y=y)
    assert main(["check", "predictions", path, "--prob", "a", "b", "c", "--label", "y", "--max-ece", "0.15"]) == 0
    out = capsys.readouterr().out
    assert "rare events" not in out
    monkeypatch.setattr(check_predictions_rows, "PIECE", 200)
    monkeypatch.setattr(check_predictions_rows, "_BLOCK", 100)
    assert main(["check", "predictions", path, "--prob", "a", "b", "c", "--label", "y", "--max-ece", "0.15"]) == 0
    pieces = capsys.readouterr()
    assert "one row in 8, of which the temperature is, too" in pieces.err
    assert pieces.out.splitlines()[-1] == out.splitlines()[-1]
    monkeypatch.undo()
    text, _ = ask(rows(p=np.round(Z, 5), y=np.where(RIGHT, "yes", "no")), "--logits", "--positive", "yes", code=0)
    assert "accuracy" in text


@pytest.mark.parametrize(
    ("content", "argv", "message"),
    [
        ("p,y\n0.5,2\n", "", "row 2, column 'y': expected 0 or 1, or `--positive`"),
        ("p,y\n0.5,\n", "", "row 2, column 'y': expected 0 or 1"),
        ("p,y\n", "", "expected rows under the header; got none"),
        ("p,z\n0.5,1\n", "", "expected one column 'y'; got 'p', 'z'"),
        ("p,y\n0.5,1\n", "--features x", "expected one column 'x'"),
        ("p,y,x\n0.5,1,1\n", "--features x x", "`--features` must name each column once; got 'x' twice"),
        ("p,y\n0.5,1\n", "--threshold 2", "`--threshold` must lie from 0 to 1"),
        ("p,y\n0.5,1\n", "--min-average-precision x", "`--min-average-precision` must be made of finite numbers"),
    ],
)
def test_bad_input_is_one_sentence(csv_file, capsys, content, argv, message):
    assert main(["check", "predictions", csv_file(content), "--prob", "p", "--label", "y", *argv.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
