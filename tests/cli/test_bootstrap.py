"""``jprob simulate bootstrap``: what it says, and what it refuses."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from jprob.cli import main

RNG = np.random.default_rng(4)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    x = RNG.lognormal(size=60)
    rows = [f"{v:.6f},{2 * v + RNG.normal():.6f},{'new' if i % 2 else 'old'},7" for i, v in enumerate(x)]
    path.write_text("\n".join(["x,y,group,c", *rows]))
    return path


def ask(*argv):
    return main(["simulate", "bootstrap", *map(str, argv)])


def ask_json(capsys, *argv):
    assert ask(*argv, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_mean_in_words_and_drawn(data, capsys, tmp_path):
    plot = tmp_path / "b.svg"
    assert ask(data, "--column", "x", "--plot", plot) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "mean of x, 60 rows" in out
    assert "bca interval from 10,000 resamples, scheme iid, seed 0." in out
    assert ET.parse(plot).getroot().tag.endswith("svg")


def test_statistics_of_two_columns_and_of_two_groups(data, capsys):
    x, y = np.genfromtxt(data, delimiter=",", skip_header=1, usecols=(0, 1)).T
    found = ask_json(capsys, data, "--column", "x", "y", "--statistic", "corr", "--resamples", 2000)
    assert found["estimate"] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found["interval"][0] < found["estimate"] < found["interval"][1]
    lift = ask_json(capsys, data, "--column", "x", "--statistic", "lift", "--by", "group", "--resamples", 2000)
    assert lift["estimate"] == pytest.approx(x[1::2].mean() / x[::2].mean() - 1)
    assert lift["notes"] == ["lift: `new` against `old`."]


def test_theory_blocks_and_cautions(data, capsys):
    known = ask_json(capsys, data, "--column", "x", "--statistic", "median", "--shortcut")
    assert known["by_theory"]
    assert known["num_resamples"] == 0
    series = ask_json(capsys, data, "--column", "x", "--scheme", "stationary", "--resamples", 2000)
    assert series["method"] == "percentile"
    assert series["block_length"] >= 1
    constant = ask_json(capsys, data, "--column", "c", "--resamples", 200)
    assert constant["degenerate"]
    assert constant["warnings"] == ["all resamples have the same statistic: the interval is a point and says nothing."]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--column", "z"], "row 1: expected one column 'z'"),
        (["--column", "x", "--statistic", "corr"], "`--column` must name two columns for corr; got x."),
        (["--column", "x", "--statistic", "quantile"], "`--quantile Q` must come with `--statistic quantile`"),
        (["--column", "x", "--statistic", "lift"], "`--by` must come with difference, lift"),
        (["--column", "x", "--statistic", "lift", "--by", "c"], "expected two groups; got 1."),
        (["--column", "x", "--scheme", "stationary", "--method", "bca"], "`method` must be another than bca"),
        (["--column", "x", "--block-length", "3"], "`--block-length` must come with moving_block"),
        (["--column", "group"], "row 2, column 'group': expected a finite number; got 'old'."),
        (["--column", "x", "--level", "95"], "must lie strictly between 0 and 1"),
        (["--column", "x", "--resamples", "1"], "`--resamples` must be from 2 to 10000000; got '1'."),
        (["--column", "x", "--statistic", "variance", "--shortcut"], "`shortcut` is for statistics.mean"),
        (["--column", "c", "--scheme", "circular_block"], "`--block-length` must be given for a constant"),
    ],
)
def test_mistakes_are_one_sentence(data, capsys, argv, says):
    assert ask(data, *argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "Traceback" not in err
