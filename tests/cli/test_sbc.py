"""Simulation-based calibration from the command line."""

import json

import numpy as np
import pytest

from jprob.cli import main, sbc


def test_a_right_engine_passes(capsys, tmp_path):
    file = tmp_path / "ranks.png"
    assert main(["sbc", "means", "--engine", "exact", "--simulations", "500", "--plot", str(file)]) == 0
    text = capsys.readouterr().out
    assert "CALIBRATED: true parameters lie among posterior draws as they should" in text
    assert "mean" in text
    assert "inside" in text
    assert file.read_bytes().startswith(b"\x89PNG")


def test_json_says_what_was_asked_and_found(capsys):
    assert main(["sbc", "means", "--engine", "exact", "--simulations", "500", "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "calibrated"
    assert found["engine"] == "exact"
    site = found["sites"]["mean"]
    assert site["elements"] == 2
    assert site["inside_band"]
    assert abs(site["mean_rank"] - 0.5) < 5 / np.sqrt(12 * 500)


def test_every_model_has_a_design():
    from jprob.bayes import models
    from jprob.cli.sbc_engine import DESIGNS

    assert set(DESIGNS) == set(sbc.MODELS)
    assert {model.__name__ for model, *_ in DESIGNS.values()} == set(models.__all__)
    without = {name for name, (model, *_) in DESIGNS.items() if not hasattr(model, "exact")}
    assert without == set(sbc.NOT_CONJUGATE)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["dice"], "MODEL"),
        (["coin", "--engine", "gibbs"], "--engine"),
        (["coin", "--simulations", "10"], "`--simulations`"),
        (["logistic", "--engine", "exact"], "`--engine` must not be exact for logistic, which is not conjugate"),
    ],
)
def test_mistakes_are_one_sentence(argv, says, capsys):
    try:
        code = main(["sbc", *argv])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert len(told.err.strip().splitlines()) == 1
