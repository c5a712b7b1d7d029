"""Studies from the command line: what they say, and what they refuse."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from jprob.cli import main
from tests.simulate.test_engine import interrupting

SMALL = ("--replicates", "4096", "--sizes", "10,30")


@pytest.fixture
def ask_json(capsys):
    def run(*argv, code=0):
        assert main(["simulate", *map(str, argv), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_clt_of_a_family(ask_json, capsys, tmp_path):
    plot = tmp_path / "clt.svg"
    found = ask_json("clt", "exponential", "rate=0.5", *SMALL, "--plot", plot)
    first, second = found["rows"]
    assert (first["n"], second["n"], found["num_replicates"], found["warnings"]) == (10, 30, 4096, [])
    assert abs(first["mean"] - 2.0) < 5 * first["mean_error"]
    assert abs(first["coverage"] - 0.901) < 5 * first["coverage_error"]
    assert found["population"]["has_variance"] is True
    assert ET.parse(plot).getroot().tag.endswith("svg")
    assert main(["simulate", "clt", "exponential", "rate=0.5", *SMALL]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Means of n draws of exponential(rate = 0.5), 4,096 replicates" in out
    assert "n for a coverage within one point of 95 %: t " in out


def test_heavy_tails_are_said(ask_json, capsys):
    found = ask_json("clt", "pareto", "alpha=1.5", "scale=1", *SMALL)
    assert found["warnings"] == ["the law has infinite variance: means become stable of index 1.5, never normal."]
    assert found["rows"][0]["berry_esseen"] is None
    assert main(["simulate", "lln", "cauchy", "loc=0", "scale=1", "--replicates", "50", "--sizes", "10,100"]) == 0
    out, err = capsys.readouterr()
    assert "They go nowhere: there is no mean." in out
    assert "no mean" in err


def test_a_column_is_a_population(ask_json, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a,x\n1,0\n2,0\n3,0\n4,4\n")
    found = ask_json("clt", data, "--column", "x", *SMALL)
    assert found["population"]["centre"] == 1.0
    assert found["population"]["scale"] == pytest.approx(3**0.5)
    paths = ask_json("lln", data, "--column", "x", "--sizes", "10,1000", "--replicates", "64")
    assert paths["rows"][1]["lower"] == pytest.approx(1.0, abs=0.2)
    covered = ask_json("coverage", data, "--column", "x", "--size", "20", "--replicates", "2000")
    assert covered["rows"][0]["truth"] == 1.0
    assert 0.7 < covered["rows"][0]["coverage"] < 0.95


def test_coverage_of_a_proportion_is_exact(ask_json, capsys, tmp_path):
    found = ask_json("coverage", "binomial", "n=40", "p=0.3,0.5", "--interval", "wald", "--plot", tmp_path / "c.png")
    assert found["exact"] is True
    assert found["rows"][1]["coverage"] == pytest.approx(0.919, abs=5e-4)
    assert main(["simulate", "coverage", "binomial", "n=20", "p=0.01:0.99:99", "--interval", "clopper_pearson"]) == 0
    out, _ = capsys.readouterr()
    assert float(re.search(r"lowest (0\.\d+) at", out)[1]) >= 0.95
    assert "one row in 3 is shown" in out


def test_ctrl_c_answers_with_what_there_is_and_resumes(ask_json, capsys, monkeypatch, tmp_path):
    state = tmp_path / "state"
    argv = ["clt", "exponential", "rate=1", "--sizes", "10,30", "--replicates", "500000", "--checkpoint", str(state)]
    with monkeypatch.context() as patch:
        interrupting(patch, 2)
        part = ask_json(*argv, code=130)
    assert 0 < part["num_replicates"] < 500_000
    assert re.search("interrupted after [0-9,]+ of 500,000 replicates; `--resume` goes on from", part["warnings"][0])
    assert main(["simulate", *argv]) == 2
    assert "`checkpoint` must not exist yet, or `resume` be True" in capsys.readouterr().err
    whole = ask_json(*argv, "--resume")
    assert whole["num_replicates"] == 500_000
    assert whole["rows"] == ask_json(*argv[:-2])["rows"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["clt", "exponential", "scale=3"], "`exponential` must have the parameters rate; got scale."),
        (["clt", "exponential", "rate=-3"], "`exponential` must have valid parameters; got rate=-3."),
        (["clt", "exponential", "rate=1,2"], "`clt` must have one value of each parameter; got several."),
        (["clt", "exponential", "rate"], "`NAME=VALUE` must be a parameter and a number, as rate=0.5; got 'rate'."),
        (["clt", "exponential", "rate=x"], "`rate` must be made of finite numbers; got 'x'."),
        (["clt", "nonsense"], "`LAW` must be a CSV file with `--column`, or one of bernoulli"),
        (["clt", "nowhere.csv", "--column", "x"], "nowhere.csv: expected a readable file"),
        (["clt", "nowhere.csv"], "`--column` must name a column of nowhere.csv; got none."),
        (["clt", "normal", "loc=0", "scale=1", "--sizes", "30,10"], "`--sizes` must increase, from 2 to 10000000"),
        (["clt", "normal", "loc=0", "scale=1", "--sizes", "1"], "`--sizes` must increase"),
        (["clt", "normal", "loc=0", "scale=1", "--level", "95"], "`--level` must lie strictly between 0 and 1"),
        (["clt", "normal", "loc=0", "scale=1", "--replicates", "0"], "must be at least 1; got '0'."),
        (["clt", "normal", "loc=0", "scale=1", "--devices", "999"], "`--devices` must be at most the"),
        (["clt", "normal", "loc=0", "scale=1", "--resume"], "`--resume` must come with `--checkpoint FILE`"),
        (["coverage", "normal", "loc=0", "scale=1", "--interval", "wald"], "must come with `binomial n=... p=...`"),
        (["coverage", "binomial", "n=5", "p=0.1:0.2:x", "--interval", "wald"], "`p` must be made of finite numbers"),
        (["coverage", "binomial", "n=5", "p=0.1:0.2:1.5", "--interval", "wald"], "`p` must be LOW:HIGH:COUNT"),
    ],
)
def test_bad_input_is_one_sentence(capsys, argv, message):
    assert main(["simulate", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "x"], "row 3, column 'x': expected a finite number; got 'x'."),
        (["1", "nan"], "expected a finite number; got 'nan'."),
        (["1"], "expected at least two different numbers; got fewer."),
        (["1", "1"], "expected at least two different numbers; got fewer."),
    ],
)
def test_bad_columns_are_one_sentence(capsys, tmp_path, cells, message):
    data = tmp_path / "data.csv"
    data.write_text("x\n" + "\n".join(cells) + "\n")
    assert main(["simulate", "clt", str(data), "--column", "x"]) == 2
    assert message in capsys.readouterr().err
