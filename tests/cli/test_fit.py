"""A family to a column: against scipy, and at its edges."""

import json

import numpy as np
import pytest
from scipy import stats

from jprob.cli import main


@pytest.fixture
def column(csv_file):
    def write(values):
        return csv_file("id,x\n" + "".join(f"{i},{v!r}\n" for i, v in enumerate(map(float, values))))

    return write


@pytest.fixture
def ask(capsys):
    def run(*argv, code=0):
        assert main(["fit", *map(str, argv)]) == code
        return capsys.readouterr()

    return run


GAMMA = np.random.default_rng(0).gamma(2.5, 1.25, 200)
COUNTS = np.random.default_rng(1).negative_binomial(3, 0.4, 200)


def test_gamma_as_scipy(ask, column):
    out, _ = ask(column(GAMMA), "--column", "x", "--family", "gamma", "--json")
    found = json.loads(out)
    a, _, scale = stats.gamma.fit(GAMMA, floc=0)
    by_name = {row["parameter"]: row for row in found["estimates"]}
    assert by_name["concentration"]["estimate"] == pytest.approx(a, rel=1e-6)
    assert by_name["rate"]["estimate"] == pytest.approx(1 / scale, rel=1e-6)
    log_likelihood = stats.gamma.logpdf(GAMMA, a, scale=scale).sum()
    assert found["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-9)
    assert found["aic"] == pytest.approx(4 - 2 * log_likelihood)
    assert found["rows"] == 200
    assert found["converged"]
    low, high = by_name["rate"]["interval"]
    assert low < 1 / scale < high
    text, err = ask(column(GAMMA), "--column", "x", "--family", "gamma")
    assert "gamma to 200 rows of x" in text
    assert err == ""


def test_auto_compares_counts_with_counts(ask, column):
    out, err = ask(column(COUNTS), "--column", "x", "--json")
    found = json.loads(out)
    assert found["family"] == "negative_binomial"
    compared = {row["family"]: row for row in found["candidates"]}
    assert {"negative_binomial", "poisson", "zero_inflated_poisson", "hurdle_poisson"} < set(compared)
    assert compared["poisson"]["delta"] > 10
    assert found["goodness_of_fit"]["p_value"] > 0.01
    assert "note: chose negative_binomial by AICc." in err


def test_the_fit_is_drawn(ask, column, tmp_path):
    plot = tmp_path / "qq.svg"
    ask(column(COUNTS), "--column", "x", "--family", "poisson", "--plot", plot)
    assert plot.read_text().lstrip().startswith("<?xml")


def test_ones_are_an_edge(ask, column):
    out, err = ask(column(np.ones(40)), "--column", "x", "--family", "bernoulli", "--json", "--intervals", "profile")
    (row,) = json.loads(out)["estimates"]
    assert (row["estimate"], row["standard_error"]) == (1.0, None)
    assert row["interval"] == pytest.approx([np.exp(-stats.chi2.ppf(0.95, 1) / 80), 1.0])
    assert "standard errors mean nothing" in err


def test_known_trials(ask, column):
    out, _ = ask(column([3, 5, 4]), "--column", "x", "--family", "binomial", "--fixed", "n=10", "--json")
    assert json.loads(out)["estimates"][0]["estimate"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column", "y"], "expected one column 'y'; got 'id', 'x'"),
        (["--column", "x", "--family", "gama"], "`--family` must be auto or one of bernoulli"),
        (["--column", "x", "--family", "binomial"], "`--fixed` must give `n` of binomial"),
        (["--column", "x", "--family", "gamma", "--fixed", "shape=1"], "`--fixed` must name parameters of gamma"),
        (["--column", "x", "--fixed", "n=1"], "`--fixed` must come with a family; got n and auto"),
        (["--column", "x", "--family", "gamma", "--fixed", "n"], "`--fixed` must be a parameter and its value"),
        (["--column", "x", "--family", "beta"], "expected values that beta can take"),
        (["--column", "x", "--level", "1"], "`--level` must lie strictly between 0 and 1"),
    ],
)
def test_nonsense_is_a_sentence(ask, column, options, message):
    out, err = ask(column(GAMMA), *options, code=2)
    assert out == ""
    assert message in err


@pytest.mark.parametrize(("cell", "got"), [("", "an empty cell"), ("nan", "'nan'"), ("1_000", "'1_000'"), ("x", "'x'")])
def test_a_cell_that_is_no_number(ask, csv_file, cell, got):
    out, err = ask(csv_file(f"id,x\n1,2.0\n2,{cell}\n"), "--column", "x", "--family", "normal", code=2)
    assert out == ""
    assert f"row 3, column 'x': expected a finite number; got {got}" in err


def test_no_rows(ask, csv_file):
    assert "expected rows under the header; got none" in ask(csv_file("id,x\n"), "--column", "x", code=2).err


def test_a_family_that_does_not_fit_is_called_so(ask, column):
    text, err = ask(column(GAMMA), "--column", "x", "--family", "normal")
    assert "the rows do not look normal" in text
    assert "warning: the rows do not look normal; the errors take it for granted." in err


def test_amounts_that_are_often_zero_get_a_mass_there(ask, column):
    amounts = np.where(np.arange(200) % 3 == 0, 0.0, np.exp(GAMMA))
    text, err = ask(column(amounts), "--column", "x")
    assert "chose hurdle_" in err
    assert "prob" in text
