"""A rate from the command line: figures by hand, the rule of three, and its edges."""

import json
import math

import pytest

from jprob.cli import main


@pytest.fixture
def ask_json(capsys):
    def run(*argv):
        assert main(["rate", *map(str, argv), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_prior_and_events(ask_json):
    found = ask_json(3, 1200.5, "--prior", "2,100")
    assert found["posterior"] == {"a": 5.0, "b": 1300.5}
    assert found["mean"] == pytest.approx(5 / 1300.5)
    assert found["mode"] == pytest.approx(4 / 1300.5)
    assert found["prob_none_ahead"] == pytest.approx((1300.5 / 2501) ** 5)
    assert found["log_evidence"] == pytest.approx(
        math.log(4) + 2 * math.log(100 / 1300.5) + 3 * math.log(1200.5 / 1300.5)
    )
    assert found["hdi"][1] - found["hdi"][0] < found["interval"][1] - found["interval"][0]


def test_no_events_and_the_rule_of_three(ask_json, capsys):
    flat = ask_json(0, 1000, "--prior", "1,0.000001")
    assert flat["rule_of_three"] == pytest.approx(0.003)
    assert flat["upper_bound"] == pytest.approx(-math.log(0.05) / 1000)  # 2.996 / 1000
    assert flat["hdi"][0] == 0.0
    jeffreys = ask_json(0, 1000)
    assert jeffreys["posterior"] == {"a": 0.5, "b": 1000.0}
    assert jeffreys["upper_bound"] < flat["upper_bound"]
    assert "log_evidence" not in jeffreys
    assert main(["rate", "0", "1000"]) == 0
    assert "rule of three       0.003" in capsys.readouterr().out


def test_a_prior_that_the_data_contradict_is_warned_of(ask_json):
    (sentence,) = ask_json(50, 10, "--prior", "10,100")["warnings"]
    assert "prior and data contradict each other" in sentence
    assert ask_json(1, 10, "--prior", "10,100")["warnings"] == []


def test_large_counts(ask_json):
    found = ask_json(2**40, 2.0**41)
    assert found["mean"] == pytest.approx(0.5)
    assert found["interval"][0] < 0.5 < found["interval"][1]


def test_it_is_drawn(tmp_path, capsys):
    assert main(["rate", "3", "10", "--prior", "1,1", "--plot", str(tmp_path / "rate.svg")]) == 0
    assert "<svg" in (tmp_path / "rate.svg").read_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-1", "10"], "`EVENTS` must be a whole number of at least 0 in plain digits; got '-1'."),
        (["1.5", "10"], "`EVENTS` must be a whole number"),
        (["1", "0"], "`EXPOSURE` must be positive"),
        (["1", "-3"], "`EXPOSURE` must be positive"),
        (["1", "nan"], "`EXPOSURE` must be made of finite numbers; got 'nan'."),
        (["1", "10", "--prior", "0,1"], "`--prior` must have a positive number of events and a positive exposure"),
        (["1", "10", "--prior", "1"], "`--prior` must be two numbers and a comma"),
        (["1", "10", "--level", "1"], "`--level` must lie strictly between 0 and 1"),
        (["1", "10", "--plot", "a.png"], "`--plot` must come with `--prior`"),
        (["1", "10", "--prior", "1,1", "--plot", "a.txt"], "`--plot` must end in"),
    ],
)
def test_bad_input_is_one_sentence(capsys, argv, message):
    assert main(["rate", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
