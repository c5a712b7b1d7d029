"""The gate on calibration: its exit codes, what it says, and what it refuses."""

import json

import numpy as np
import pytest

from jprob import calibrate
from jprob.cli import main


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


RNG = np.random.default_rng(0)
Z = 3 * RNG.normal(size=1000)
U = RNG.uniform(size=1000)
P = np.round(sigmoid(Z), 6)
COOL, RIGHT, RARE = ((sigmoid(z) > U).astype(int) for z in (Z / 2, Z, Z - 2))


@pytest.fixture
def rows(csv_file):
    def write(**columns):
        lines = [",".join(columns)]
        lines += [",".join(str(cell) for cell in row) for row in zip(*columns.values(), strict=True)]
        return csv_file("\n".join(lines) + "\n")

    return write


@pytest.fixture
def ask(capsys):
    def run(*argv, code):
        assert main(["check", "calibration", *map(str, argv)]) == code
        return capsys.readouterr()

    return run


def test_overconfident_fails_with_a_temperature_and_a_picture(ask, rows, tmp_path):
    path, plot = rows(p=P, y=COOL), tmp_path / "diagram.svg"
    out, err = ask(path, "--prob", "p", "--label", "y", "--json", "--plot", plot, code=1)
    found = json.loads(out)
    assert err == ""
    assert found["verdict"] == "failed"
    assert found["ece"] == pytest.approx(float(calibrate.ece(P, COOL)), rel=1e-5)
    low, high = found["interval"]
    assert 0.05 < low < high
    assert found["p_value"] == pytest.approx(0.001)
    assert found["temperature"]["temperature"] == pytest.approx(2.0, abs=0.5)
    assert "overconfident: divide the log odds by" in found["advice"][0]
    assert sum(b["count"] for b in found["diagram"]) == 1000
    assert plot.read_text().lstrip().startswith("<?xml")
    text, _ = ask(path, "--prob", "p", "--label", "y", code=1)
    assert "failed: the interval begins above the limit" in text
    assert "noise alone shows" in text
    assert text.isascii()


def test_right_passes_and_a_rare_label_is_a_prior(ask, rows):
    text, _ = ask(rows(p=P, y=RIGHT), "--prob", "p", "--label", "y", "--max-ece", "0.06", code=0)
    assert "passed: the interval ends below the limit" in text
    assert "nothing: the error is no more than noise" in text
    text, _ = ask(rows(p=P, y=RARE), "--prob", "p", "--label", "y", code=1)
    assert "prior shift: label 1 is rarer than forecast" in text


def test_few_rows_cannot_tell(ask, rows):
    text, err = ask(rows(p=P[:60], y=RIGHT[:60]), "--prob", "p", "--label", "y", code=3)
    assert "cannot tell: the interval holds the limit" in text
    assert "60 rows are few for 15 bins" in err


def test_every_group_must_pass(ask, rows):
    y = np.where(np.arange(1000) < 500, RIGHT, COOL)
    group = np.where(np.arange(1000) < 500, "old", "new")
    out, _ = ask(
        rows(p=P, y=y, g=group), "--prob", "p", "--label", "y", "--group", "g", "--max-ece", "0.07", "--json", code=1
    )
    found = json.loads(out)
    assert [row["group"] for row in found["groups"]] == ["all", "new", "old"]
    assert {row["group"]: row["rows"] for row in found["groups"]} == {"all": 1000, "new": 500, "old": 500}
    assert found["groups"][1]["verdict"] == "failed"
    assert found["groups"][2]["verdict"] == "passed"


def test_classes_words_and_logits(ask, rows):
    e = np.exp(3 * RNG.normal(size=(600, 3)))
    q = e / e.sum(1, keepdims=True)
    names = np.array(["cat", "dog", "cow"])
    y = (q.cumsum(1) > RNG.uniform(size=(600, 1))).argmax(1)
    columns = {name: np.round(q[:, i], 3) for i, name in enumerate(names)}
    by_name = ask(rows(**columns, y=names[y]), "--prob", *names, "--label", "y", "--max-ece", "0.1", code=0)
    by_place = ask(rows(**columns, y=y), "--prob", *names, "--label", "y", "--max-ece", "0.1", code=0)
    assert by_name == by_place
    assert "top of 3 classes" in by_name[0]
    assert "note: rows were divided by their sums" in by_name[1]
    words = rows(z=np.round(Z, 6), y=np.where(COOL, "yes", "no"))
    text, _ = ask(words, "--prob", "z", "--label", "y", "--positive", "yes", "--logits", code=1)
    assert "overconfident" in text


def test_one_label_is_said(ask, rows):
    _, err = ask(rows(p=P, y=np.zeros(1000, int)), "--prob", "p", "--label", "y", code=1)
    assert "all labels are the same" in err


@pytest.mark.parametrize(
    ("content", "argv", "message"),
    [
        ("p,y\n0.5,1\n0.4,2\n", "--prob p --label y", "row 3, column 'y': expected 0 or 1, or `--positive`"),
        (
            "p,y\n0.5,yes\n",
            "--prob p --label y",
            "expected 0 or 1, or `--positive` to say which label counts; got 'yes'",
        ),
        ("p,y\n1.5,1\n", "--prob p --label y", "row 2, column 'p': expected a probability from 0 to 1"),
        ("p,y\nnan,1\n", "--prob p --label y", "expected a finite number; got 'nan'"),
        ("p,y\n,1\n", "--prob p --label y", "expected a finite number; got an empty cell"),
        ("p,y\n", "--prob p --label y", "expected rows under the header; got none"),
        ("p,y\n0.5,1\n", "--prob q --label y", "expected one column 'q'; got 'p', 'y'"),
        ("p,y\n0.5,1\n", "--prob p --label y --group g", "expected one column 'g'"),
        ("a,b,y\n0.5,0.4,0\n", "--prob a b --label y", "row 2: expected probabilities that sum to 1; got a sum of 0.9"),
        (
            "a,b,y\n0.5,0.5,c\n",
            "--prob a b --label y",
            "expected the name of a `--prob` column, or its place from 0 to 1",
        ),
        ("p,y\n0.5,1\n", "--prob p --label y --max-ece 2", "`--max-ece` must lie strictly between 0 and 1"),
        ("p,y\n0.5,1\n", "--prob p --label y --bins 0", "`--bins` must lie from 1 to 1000"),
        ("p,y\n0.5,1\n", "--prob p", "--label"),
    ],
)
def test_bad_input_is_one_sentence(csv_file, capsys, content, argv, message):
    assert main(["check", "calibration", csv_file(content), *argv.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
