"""Many checks in one step: the worst verdict, what cannot run, and one sentence for a file that is wrong."""

import json

import numpy as np
import pytest

from jprob.cli import main

RNG = np.random.default_rng(0)
P = np.round(RNG.uniform(size=1000), 5)
Y = (RNG.uniform(size=1000) < P).astype(int)


@pytest.fixture
def folder(tmp_path):
    def write(name, p, y):
        (tmp_path / name).write_text("p,y\n" + "".join(f"{a},{b}\n" for a, b in zip(p, y, strict=True)))

    write("good.csv", P, Y)
    write("wrong.csv", P, 1 - Y)
    write("few.csv", P[:40], Y[:40])
    (tmp_path / "empty.csv").write_text("p,y\n")
    return tmp_path


GOOD = 'kind = "calibration"\ndata = "good.csv"\nprob = "p"\nlabel = "y"\nmax-ece = 0.1\n'
WRONG = 'kind = "calibration"\nname = "wrong"\ndata = "wrong.csv"\nprob = ["p"]\nlabel = "y"\n'
FEW = 'kind = "drift"\nname = "few"\nreference = "good.csv"\ncurrent = "few.csv"\ncolumns = ["p"]\nmax_psi = 9\n'
EMPTY = 'kind = "predictions"\nname = "empty"\ndata = "empty.csv"\nprob = "p"\nlabel = "y"\nlogits = false\n'
ABSENT = 'kind = "drift"\nname = "absent"\nreference = "good.csv"\ncurrent = ["good.csv", "none.csv"]\n'


@pytest.fixture
def ask(folder, capsys):
    def run(*tables, code, argv=()):
        (folder / "checks.toml").write_text("".join(f"[[check]]\n{table}\n" for table in tables))
        assert main(["check", "--config", str(folder / "checks.toml"), *argv]) == code
        return capsys.readouterr()

    return run


def test_the_worst_verdict_decides(ask):
    out, _ = ask(GOOD, code=0)
    assert "passed: of 1 checks 1 passed" in out
    out, err = ask(GOOD, FEW, code=3)
    assert "cannot tell: of 2 checks 1 passed, 1 cannot tell" in out
    assert "few: " in err  # a warning, with the check that it belongs to
    out, _ = ask(EMPTY, WRONG, FEW, GOOD, ABSENT, code=1, argv=["--json"])
    found = json.loads(out)
    assert found["verdict"] == "failed"
    assert [(check["name"], check["verdict"]) for check in found["checks"]] == [
        ("empty", "cannot run"),
        ("wrong", "failed"),
        ("few", "inconclusive"),
        ("calibration", "passed"),
        ("absent", "cannot run"),
    ]
    assert "expected rows under the header; got none" in found["checks"][0]["why"]
    assert "none.csv: expected a readable file" in found["checks"][4]["why"]
    assert found["checks"][3]["document"]["max_ece"] == 0.1
    assert found["checks"][2]["document"]["max_psi"] == 9.0


def test_what_cannot_run_is_said_and_the_others_still_run(ask):
    out, _ = ask(ABSENT, GOOD, code=3)
    assert "== absent (drift)\n\ncannot run: " in out
    assert "cannot tell: of 2 checks 1 passed, 1 cannot run" in out


def test_a_config_says_the_same_as_the_command(ask, folder, capsys):
    out, _ = ask(WRONG, code=1, argv=["--json"])
    inside = json.loads(out)["checks"][0]["document"]
    assert main(["check", "calibration", str(folder / "wrong.csv"), "--prob", "p", "--label", "y", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == inside
    assert main(["check", "--json", "calibration", str(folder / "wrong.csv"), "--prob", "p", "--label", "y"]) == 1
    assert json.loads(capsys.readouterr().out) == inside


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected one table [[check]] or more; got none"),
        ("a = [", "expected TOML; got Invalid value"),
        ("check = 3", "expected one table [[check]] or more; got others"),
        ('title = "x"\n[[check]]\n' + GOOD, "expected tables [[check]] alone; got 'title'"),
        ("[[check]]\n" + GOOD.replace("calibration", "magic"), 'check 1: expected kind = "calibration" or "drift" or'),
        ('[[check]]\ndata = "x"', "got 'None'"),
        (
            "[[check]]\n" + GOOD.replace("max-ece", "max-eec"),
            "check 1 (calibration): expected keys among data, prob, logits, label, positive, max-ece, bins, level, seed, "
            "group, plot; got 'max-eec'; `max-ece` is meant, perhaps",
        ),
        ("[[check]]\n" + GOOD + "json = true", "got 'json'"),
        ("[[check]]\n" + GOOD.replace("0.1", "2"), "check 1 (calibration): `--max-ece` must lie strictly between"),
        ("[[check]]\n" + GOOD.replace("0.1", "true"), "key 'max-ece': expected text or a number; got 'True'"),
        ("[[check]]\n" + GOOD.replace("0.1", "[0.1]"), "key 'max-ece': expected one value; got 1 in brackets"),
        ("[[check]]\n" + GOOD + "logits = 1", "key 'logits': expected true or false; got '1'"),
        ("[[check]]\n" + GOOD + "name = 3", "key 'name': expected text; got '3'"),
        (
            "[[check]]\n" + GOOD.replace('prob = "p"\n', ""),
            "check 1 (calibration): the following arguments are required",
        ),
        ("[[check]]\n" + GOOD + "[[check]]\n" + GOOD, "expected checks of different names (`name = ...`)"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_nothing_runs(folder, capsys, text, sentence):
    (folder / "checks.toml").write_text(text)
    assert main(["check", "--config", str(folder / "checks.toml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "expected a check (calibration, drift, predictions) or `--config`; got neither"),
        (["--config", "none.toml"], "none.toml: expected a readable file"),
        (["--config", "a.toml", "drift", "a.csv", "b.csv"], "`--config` must stand alone"),
    ],
)
def test_one_or_the_other(capsys, argv, sentence):
    assert main(["check", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
