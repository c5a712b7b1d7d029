"""``jprob diagnose``: findings in order, as text and JSON, and one sentence for files that do not fit."""

import json

import numpy as np
import pytest

from jprob.cli import main
from tests.monitor.situations import died_and_narrow, healthy, not_probabilities, prior_and_loud


def written(folder, name, sample, **columns):
    probs = np.asarray(sample.probs)
    table = {"p": probs} if probs.ndim == 1 else {f"c{k}": probs[:, k] for k in range(probs.shape[1])}
    table |= {"y": sample.labels} if sample.labels is not None else {}
    table |= sample.features
    if sample.lower is not None:
        table |= {"low": sample.lower, "high": sample.upper, "came": sample.outcomes}
    table |= columns
    path = folder / f"{name}.csv"
    rows = zip(*table.values(), strict=True)
    path.write_text("\n".join([",".join(table), *(",".join(f"{v:.7g}" for v in row) for row in rows)]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("diagnose"), {}
    makers = {"pair": prior_and_loud, "died": died_and_narrow, "sums": not_probabilities, "healthy": healthy}
    for name, make in makers.items():
        situation = make(np.random.default_rng(3))
        found[name] = [
            written(folder, f"{name}_{when}", s) for when, s in zip(("ref", "cur"), situation[:2], strict=True)
        ]
    words = folder / "words.csv"
    words.write_text("p,y\n0.5,yes\nhalf,no\n")
    empty = folder / "empty.csv"
    empty.write_text("p,y\n")
    few = folder / "few.csv"
    few.write_text("p,y\n" + "0.2,0\n0.7,1\n" * 20)
    bare = folder / "bare.csv"
    bare.write_text("p\n" + "0.2\n0.7\n" * 20)
    return found | {"bare": str(bare), "words": str(words), "empty": str(empty), "few": str(few)}


def test_the_incident_in_order_and_exit_0(files, capsys):
    assert main(["diagnose", *files["pair"], "--label", "y"]) == 0
    shown = capsys.readouterr()
    assert shown.out.index("1. PRIOR SHIFT") < shown.out.index("2. OVERCONFIDENT")
    assert "calibrate.prior_shift.adjust" in shown.out
    assert "what changed: how often the classes come (label shift)" in shown.out
    assert "`p` is taken for the probability of label 1" in shown.err


def test_a_column_of_labels_is_not_taken_for_a_feature(files, capsys):
    assert main(["diagnose", *files["pair"], "--json"]) == 0
    shown = capsys.readouterr()
    assert "`--label y` makes use of it" in shown.err
    document = json.loads(shown.out)
    assert "y" not in document["features"]
    assert [finding["symptom"] for finding in document["findings"]] == ["predictions shifting over time"]


def test_json_has_the_evidence(files, capsys):
    columns = ["--label", "y", "--lower", "low", "--upper", "high", "--outcome", "came", "--prob", "p"]
    assert main(["diagnose", *files["died"], *columns, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [finding["symptom"] for finding in document["findings"]][:2] == ["silent failure", "intervals too narrow"]
    assert "`x1`" in document["findings"][0]["cause"]
    assert document["current_rows"] == 3000
    assert set(document["features"]) == {"x0", "x1", "x2", "x3"}
    assert document["changes"]["known"] is True


def test_classes_that_do_not_sum_to_one_are_a_finding_not_an_error(files, capsys):
    assert main(["diagnose", *files["sums"], "--prob", "c0", "c1", "c2"]) == 0
    assert "1. OUTPUTS THAT DO NOT SUM TO ONE" in capsys.readouterr().out


def test_nothing_is_said_of_a_sound_deployment(files, capsys):
    features = ["--features", "x0", "x1", "x2", "x3"]
    assert main(["diagnose", *files["healthy"], "--prob", "p", "--label", "y", *features]) == 0
    shown = capsys.readouterr().out
    assert "nothing found" in shown
    assert "not looked for: intervals too narrow" in shown


def test_a_file_without_the_label_column_is_taken_without(files, capsys):
    assert main(["diagnose", files["bare"], files["few"], "--label", "y"]) == 0
    shown = capsys.readouterr()
    assert "bare.csv has no column `y`: it is taken without labels" in shown.err
    assert "has 40 rows, fewer than 200" in shown.err
    assert "prior shift (no labels of the reference)" in shown.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["few", "empty"], "empty.csv: expected rows under the header; got none"),
        (["few", "words", "--prob", "p"], "words.csv, row 3, column 'p': expected a number; got 'half'"),
        (["few", "few", "--prob", "q"], "few.csv, row 1: expected a column 'q'; got `p` and `y`"),
        (["few", "few", "--label", "z"], "expected a column 'z' in either file"),
        (["few", "few", "--label", "p"], "column 'p': expected 0 or 1"),
        (["few", "few", "--lower", "p"], "`--lower`, `--upper` and `--outcome` must be given together"),
        (["few", "few", "--alpha", "2"], "`--alpha` must lie strictly between 0 and 1; got '2'"),
        (["few", "none.csv"], "none.csv: expected a readable file"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_stdout_empty(files, capsys, arguments, sentence):
    assert main(["diagnose", *(files.get(text, text) for text in arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err


def test_no_column_of_probabilities_is_asked_for(files, capsys):
    assert main(["diagnose", *files["sums"]]) == 2
    assert "`--prob` must name the column of probabilities" in capsys.readouterr().err
