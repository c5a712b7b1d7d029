"""Parquet says what the same table says as CSV, and one sentence where it cannot be read."""

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from jprob.cli import frames, main

ROWS = 120


def days(shift, seed):
    """Numbers, words, whole numbers, truth values and dates, some of each missing; texts of numbers are numbers."""
    rng = np.random.default_rng(seed)
    table = {
        "spend": rng.lognormal(shift, 1.0, ROWS),
        "city": rng.choice(["Graz", "Linz", " Wien "], ROWS),
        "visits": rng.poisson(3.0, ROWS),
        "member": rng.random(ROWS) < 0.3 + 0.4 * shift,
        "since": [dt.date(2024, 1 + int(k), 1) for k in rng.integers(0, 3, ROWS)],
        "code": rng.choice(["007", "12", "40"], ROWS),
        "never": [None] * ROWS,
    }
    known = rng.random((len(table), ROWS)) < 0.9
    columns = {
        name: [value if some else None for value, some in zip(values, row, strict=True)]
        for (name, values), row in zip(table.items(), known, strict=True)
    }
    return pl.DataFrame(columns | {"whole": rng.integers(0, 9, ROWS), "paid": rng.random(ROWS) < 0.5})


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """The paths of a reference and a moved sample, by the ending of their names."""
    folder = tmp_path_factory.mktemp("parquet")
    tables = {"reference": days(0.0, 1), "moved": days(1.0, 2)}
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
        table.write_csv(folder / f"{name}.csv")
    return {kind: [str(folder / f"{name}.{kind}") for name in tables] for kind in ("csv", "parquet")}


def test_parquet_and_csv_give_the_same_figures(pairs, capsys):
    found = {}
    for kind, paths in pairs.items():
        assert main(["check", "drift", *paths, "--json"]) == 1
        found[kind] = json.loads(capsys.readouterr().out)["files"][0]["columns"]
    assert found["parquet"] == found["csv"]
    columns = {column["column"]: column for column in found["parquet"]}
    words = {name for name, column in columns.items() if column["test"] == "chi2"}
    assert words == {"city", "member", "since", "paid"}
    assert {name for name, column in columns.items() if column["alarm"]} == {"spend", "member"}
    assert columns["city"]["missing"][0] == pytest.approx(0.1, abs=0.08)
    assert columns["never"]["missing"] == [1.0, 1.0]


def test_a_table_of_pandas_has_no_column_of_its_index(tmp_path):
    path = tmp_path / "indexed.parquet"
    pl.DataFrame({"a": [1.0, 2.0], "__index_level_0__": [7, 8]}).write_parquet(path)
    with path.open("rb") as stream:
        assert list(frames._by_polars(stream)) == ["a"]


@pytest.mark.parametrize(
    ("current", "sentence"),
    [
        (b"PAR1 and then nothing of the kind", "expected Parquet; got"),
        (pl.DataFrame({"spend": [1.0]}), "expected a column 'city'"),
        (days(0.0, 1).clear(), "expected rows; got none"),
        (pl.DataFrame(), "expected rows; got none"),
        (
            days(0.0, 1).with_columns(spend=pl.lit("much")),
            "column 'spend': expected numbers as in the reference; got words",
        ),
    ],
    ids=["broken", "lacking", "empty", "no columns", "words"],
)
def test_what_cannot_be_compared_is_one_sentence(pairs, capsys, tmp_path, current, sentence):
    path = tmp_path / "current.parquet"
    if isinstance(current, bytes):
        path.write_bytes(current)
    else:
        current.write_parquet(path)
    assert main(["check", "drift", pairs["parquet"][0], str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert str(path) in err
    assert err.count("\n") == 1


def test_without_a_reader_the_sentence_names_both(pairs, capsys, monkeypatch):
    monkeypatch.setattr(frames, "find_spec", lambda name: None)
    assert main(["check", "drift", *pairs["parquet"]]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "expected CSV, or pyarrow or polars to read Parquet with; got neither" in err
