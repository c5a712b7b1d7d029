"""A map fitted, kept and applied: from one file to another."""

import csv
import json

import numpy as np
import pytest

from jprob import calibrate
from jprob.cli import main
from tests.cli.test_check import COOL, P, Z, rows  # noqa: F401 rows is a fixture


@pytest.fixture
def ask(capsys):
    def run(*argv, code=0):
        assert main(["calibrate", *map(str, argv)]) == code
        return capsys.readouterr()

    return run


def test_fitted_kept_and_applied(ask, rows, tmp_path):  # noqa: F811
    path, kept, out = rows(p=P, y=COOL), tmp_path / "map.json", tmp_path / "out.csv"
    text, err = ask("fit", path, "--prob", "p", "--label", "y", "--save", kept)
    assert err == ""
    assert "temperature from 1,000 rows" in text
    document = json.loads(kept.read_text())
    t = document["parameters"]["temperature"]
    assert t == pytest.approx(2.0, abs=0.5)
    said, _ = ask("apply", path, "--prob", "p", "--calibrator", kept, "--out", out)
    assert said.startswith("1,000 rows written to ")
    written = list(csv.DictReader(out.read_text().splitlines()))
    found = np.array([float(row["calibrated"]) for row in written])
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-np.log(P / (1 - P)) / t)), rtol=1e-5)
    assert [float(row["p"]) for row in written] == P.tolist()
    assert calibrate.ece(found, COOL) < calibrate.ece(P, COOL)
    again, _ = ask("apply", path, "--prob", "p", "--calibrator", kept)
    assert again == out.read_text()


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic", "histogram"])
def test_other_maps_go_through_a_file(ask, rows, tmp_path, method):  # noqa: F811
    path, kept = rows(p=P, y=COOL), tmp_path / "map.json"
    out, err = ask("fit", path, "--prob", "p", "--label", "y", "--method", method, "--save", kept, "--json")
    found = json.loads(out)
    assert found["after"]["brier"] < found["before"]["brier"]
    if method == "isotonic":  # its ends are 0 and 1, and one row is enough
        assert found["after"]["log_loss"] is None
        assert "says 0 or 1 of labels that came otherwise" in err
    else:
        assert found["after"]["log_loss"] < found["before"]["log_loss"]
    assert found["after"]["ece"] < found["before"]["ece"]
    out, _ = ask("apply", path, "--prob", "p", "--calibrator", kept, "--json")
    module = getattr(calibrate, method)
    scores = np.log(P) - np.log1p(-P) if method == "platt" else P
    np.testing.assert_allclose(json.loads(out)["probs"], module.apply(module.fit(scores, COOL), scores), atol=2e-4)


def test_logits_of_classes(ask, rows, tmp_path):  # noqa: F811
    z = np.round(np.stack([0 * Z, Z], -1), 6)
    path, kept = rows(a=z[:, 0], b=z[:, 1], y=COOL), tmp_path / "map.json"
    ask("fit", path, "--prob", "a", "b", "--label", "y", "--logits", "--save", kept)
    out, _ = ask("apply", path, "--prob", "a", "b", "--logits", "--calibrator", kept)
    first = next(csv.DictReader(out.splitlines()))
    assert float(first["calibrated_a"]) + float(first["calibrated_b"]) == pytest.approx(1.0)
    _, err = ask("apply", path, "--prob", "b", "--logits", "--calibrator", kept, code=2)
    assert "`--prob` must be 2 columns of logits" in err


def test_what_cannot_be_fitted_is_said(ask, rows):  # noqa: F811
    _, err = ask("fit", rows(p=P, y=(P > 0.5).astype(int)), "--prob", "p", "--label", "y")
    assert "the rows determine no temperature: separable" in err
    _, err = ask("fit", rows(p=P[:5], y=COOL[:5]), "--prob", "p", "--label", "y", code=2)
    assert "expected at least 10 rows; got 5" in err
    _, err = ask("fit", rows(p=P, y=COOL), "--prob", "p", "--label", "y", "--method", "matrix", code=2)
    assert "a column for each class; got one column" in err


@pytest.mark.parametrize(
    "content", ["{", "{}", '{"format": "jprob calibrator 1", "method": "platt", "parameters": {}}']
)
def test_a_file_that_is_no_map(ask, rows, tmp_path, content):  # noqa: F811
    kept = tmp_path / "map.json"
    kept.write_text(content)
    out, err = ask("apply", rows(p=P, y=COOL), "--prob", "p", "--calibrator", kept, code=2)
    assert out == ""
    assert err.count("\n") == 1
    assert "expected" in err
