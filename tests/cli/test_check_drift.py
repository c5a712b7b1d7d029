"""``jprob check drift``: the verdict, the exit code, and one sentence for files that do not fit."""

import json

import numpy as np
import pytest

from jprob.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("drift"), np.random.default_rng(1)

    def write(name, shift, num, header=("age", "city")):
        columns = {
            "age": [f"{v:.3f}" for v in rng.normal(shift, 1.0, num)],
            "city": rng.choice(["a", "b"], num).tolist(),
            "new": ["1"] * num,
        }
        rows = zip(*(columns[key] for key in header), strict=True)
        path = folder / name
        path.write_text("\n".join([",".join(header), *map(",".join, rows)]) + "\n")
        return str(path)

    words = folder / "words.csv"
    words.write_text("age,city\nold,a\n")
    return {
        "reference": write("reference.csv", 0.0, 400),
        "same": write("same.csv", 0.0, 400, ("new", "city", "age")),
        "moved": write("moved.csv", 1.0, 400),
        "few": write("few.csv", 0.0, 20),
        "lacking": write("lacking.csv", 0.0, 20, ("city",)),
        "words": str(words),
    }


@pytest.mark.parametrize(
    ("current", "code", "verdict"),
    [(["same"], 0, "passed"), (["moved"], 1, "failed"), (["few"], 3, "inconclusive"), (["same", "moved"], 1, "failed")],
)
def test_verdicts_and_exit_codes(files, capsys, current, code, verdict):
    assert main(["check", "drift", files["reference"], *(files[name] for name in current), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == verdict
    assert len(document["files"]) == len(current)
    moved = [column["column"] for column in document["files"][-1]["columns"] if column["alarm"]]
    assert moved == (["age"] if code == 1 else [])


def test_text_names_what_has_moved_and_the_largest_over_time(files, capsys):
    assert main(["check", "drift", files["reference"], files["same"], files["moved"], "--fdr", "by"]) == 1
    shown = capsys.readouterr()
    assert "1 of 2 columns have moved" in shown.out
    assert "MOVED" in shown.out
    assert "###" in shown.out
    assert "`new`" in shown.err


def test_columns_and_limit(files, capsys):
    assert main(["check", "drift", files["reference"], files["moved"], "--columns", "city"]) == 0
    assert main(["check", "drift", files["reference"], files["moved"], "--max-psi", "5"]) == 0
    assert "failed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lacking"], "expected a column 'age'"),
        (["words"], "column 'age': expected numbers as in the reference; got words"),
        (["same", "--alpha", "2"], "`--alpha` must lie strictly between 0 and 1"),
        (["same", "--max-psi", "-1"], "`--max-psi` must not be negative"),
        (["nothing.parquet"], "nothing.parquet: expected"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_stdout_empty(files, capsys, arguments, sentence):
    assert main(["check", "drift", files["reference"], *(files.get(text, text) for text in arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err
